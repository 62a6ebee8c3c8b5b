from __future__ import annotations

import io
import shutil
import subprocess

import pandas as pd
import pytest

from leaderboards.aggregate import aggregate
from leaderboards.tables import to_csv, to_latex, to_markdown, to_wide


@pytest.fixture
def summary(frame, leaderboard_rows):
    return aggregate(frame(*leaderboard_rows))


def markdown_row(page: str, method: str) -> list[str]:
    """Cells of the method's first row in a Markdown page."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {method} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_wide_table_has_one_row_per_method_with_controls_last(summary):
    wide = to_wide(summary)
    assert wide["method"].tolist() == ["A&method", "B_method", "copy", "noise"]
    assert wide["control"].tolist() == [False, False, True, True]


def test_the_wide_table_names_settings_metric_and_split_in_each_column(summary):
    wide = to_wide(summary).set_index("method")
    name = "mtbench@1[tracker=dis] hybrid_mf(alpha=0.5)"
    assert wide.loc["B_method", f"{name} easy"] == pytest.approx(0.895)
    assert wide.loc["B_method", f"{name} all"] == pytest.approx((0.895 + 0.88 + 0.87) / 3)
    assert wide.loc["B_method", f"{name} n"] == 4
    assert wide.loc["B_method", f"{name} coverage"] == 1.0


def test_a_csv_reads_back_with_empty_cells_where_there_is_no_value(summary):
    text = to_csv(summary)
    assert "\r" not in text
    back = pd.read_csv(io.StringIO(text))
    unavailable = back[back["metric"].str.startswith("edit_fidelity")]
    assert unavailable["value"].isna().all(), "an unavailable metric must not turn into a number"
    valued = back["value"].notna()
    assert back.loc[valued, "value"].to_numpy() == pytest.approx(summary.loc[valued, "value"].to_numpy(), abs=1e-6)


def test_markdown_prints_the_means_and_counts(summary):
    cells = markdown_row(to_markdown(summary), "B_method")
    assert cells[1:8] == ["0.882", "0.885", "0.870", "0.880", "0.895", "4", "1.000"]


def test_percent_changes_the_print_of_plain_numbers_only(row, frame):
    other = {"metric": "edit_fidelity", "unit": "cosine x100", "value": 31.25}
    page = to_markdown(aggregate(frame(row(value=0.876), row(**other))), percent=True)
    cells = markdown_row(page, "MethodA")
    assert cells[1] == "87.6"
    assert cells[8] == "31.2"
    assert "hybrid_mf (x100) ↑" in page
    assert "edit_fidelity (cosine x100) ↑" in page


def test_other_settings_are_marked_with_their_reason(summary, row, frame):
    page = to_markdown(summary)
    assert "hybrid_mf†1 ↑" in page
    assert "- †1 other settings than the reference of `mtbench@1`: `tracker=dis`" in page
    assert "†" not in to_markdown(aggregate(frame(row()))), "reference settings carry no mark"


def test_reference_and_other_settings_stand_in_columns_of_their_own(row, frame):
    page = to_markdown(aggregate(frame(row(value=0.25), row(value=0.75, comparable_with="mtbench@1[tracker=dis]"))))
    cells = markdown_row(page, "MethodA")
    assert (cells[1], cells[8]) == ("0.250", "0.750")
    assert "| hybrid_mf ↑ All " in page
    assert "| hybrid_mf†1 ↑ All " in page


def test_metrics_without_any_value_are_listed_with_the_cure_and_get_no_column(summary):
    page = to_markdown(summary)
    assert (
        "- `edit_fidelity(backbone=ViT-B-32)` has no value: unavailable (4): "
        "CLIP weights are not here; run: vmtbench fetch clip-vit-b32" in page
    )
    assert "edit_fidelity ↑" not in page


def test_incomplete_means_carry_a_star_and_a_note(row, frame):
    page = to_markdown(aggregate(frame(row(), row(prompt="p1", status="missing", reason="no video"))))
    assert markdown_row(page, "MethodA")[1] == "0.500\\*"
    assert "- hybrid_mf, MethodA: 1 of 2 samples have no value; missing (1): no video" in page


def test_an_absent_mean_is_a_dash_and_never_zero(row, frame):
    page = to_markdown(aggregate(frame(row(), row(method="MethodB", status="failed", reason="crashed"))))
    assert markdown_row(page, "MethodB")[1:] == ["–"] * 5 + ["0", "0.000"]


def test_a_small_negative_mean_is_not_printed_as_minus_zero(row, frame):
    assert markdown_row(to_markdown(aggregate(frame(row(value=-0.0001)))), "MethodA")[1] == "0.000"


def test_metrics_that_differ_in_parameters_alone_keep_their_full_ids(row, frame):
    page = to_markdown(aggregate(frame(row(), row(metric="hybrid_mf(alpha=0.9)"))))
    assert "hybrid_mf(alpha=0.5) ↑ All" in page
    assert "hybrid_mf(alpha=0.9) ↑ All" in page


def test_every_protocol_has_a_section(row, frame):
    page = to_markdown(aggregate(frame(row(), row(protocol="dmt@1", comparable_with="dmt@1"))))
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## `dmt@1`", "## `mtbench@1`"]


def test_a_pipe_in_a_method_name_does_not_break_the_markdown_table(row, frame):
    page = to_markdown(aggregate(frame(row(method="a|b"))))
    assert "| a\\|b " in page


def test_latex_escapes_what_users_wrote(row, frame):
    text = to_latex(aggregate(frame(row(method=r"50%_A&B{$x^2}~#\end")))).replace("\n", " ")
    assert r"50\%\_A\&B\{\$x\textasciicircum{}2\}\textasciitilde{}\#\textbackslash{}end &" in text, (
        "every special character of LaTeX must be escaped"
    )


def test_latex_sets_controls_apart(summary):
    text = to_latex(summary)
    methods, controls = text.index("B\\_method"), text.index("copy &")
    assert "\\midrule" in text[methods:controls]


@pytest.mark.parametrize("percent", [False, True])
def test_latex_compiles(tmp_path, leaderboard_rows, row, frame, percent):
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        pytest.skip("pdflatex is not installed")
    hostile = [
        row(method="a\\b{c}$d&e#f%g_h~i^j<k>|l\"m'n`o--p–q日本é", value=-0.1),
        row(method="noise", status="failed", reason="a\\nasty reason: 100% {of} $x_1$ 映像\nover two lines & more"),
        row(metric="only_reason", status="unavailable", reason="run: vmtbench fetch --all_of_it #1"),
        row(protocol="empty@1", comparable_with="empty@1", status="undefined", reason="empty_mask"),
    ]
    table = to_latex(aggregate(frame(*leaderboard_rows, *hostile)), percent=percent)
    page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n" + table + "\\end{document}\n"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 0
