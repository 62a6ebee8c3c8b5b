from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import InputError
from metrics.records import COLUMNS, MetricValue, Sample, rows
from metrics.table import write_table


def row(method: str = "copy", clip: str = "a", **changes: Any) -> dict[str, Any]:
    value = MetricValue(
        metric="hybrid_mf", value=0.5, unit="1", direction="higher", status="ok", comparable_with="mtbench@1", n_used=3
    )
    sample = Sample(method=method, clip=clip, prompt="p0", seed=0, level="easy", category="camera", kind="caption")
    (found,) = rows(sample, "mtbench@1", (value,))
    return found | changes


def tables(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "scores.csv").read_bytes(), (folder / "scores.parquet").read_bytes()


def test_a_row_has_the_columns_of_the_design_in_order(tmp_path: Path) -> None:
    write_table(tmp_path, [row()])
    with (tmp_path / "scores.csv").open(newline="") as file:
        header, first = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert dict(zip(header, first, strict=True))["value"] == "0.5"


def test_flags_stand_in_one_cell(tmp_path: Path) -> None:
    value = MetricValue(
        metric="m", value=None, unit="1", direction="higher", status="undefined", reason="a: b", comparable_with="p",
        flags=("resampled", "duration_mismatch"),
    )  # fmt: skip
    sample = Sample(method="m", clip="c", prompt="p", seed=1, level=None, category="camera", kind="scene")
    (found,) = rows(sample, "p@1", (value,))
    assert found["flags"] == "resampled duration_mismatch"


def test_csv_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    csv_file, parquet = write_table(tmp_path, [row(), row(clip="b", value=None, level=None, status="missing")])
    first = pd.read_csv(csv_file, keep_default_na=False, na_values={"value": [""]}, dtype={"unit": str})
    pd.testing.assert_frame_equal(first, pd.read_parquet(parquet), check_dtype=False)
    assert pd.read_parquet(parquet)["value"].isna().tolist() == [False, True]


def test_the_order_of_rows_does_not_hang_on_the_order_of_work(tmp_path: Path) -> None:
    made = [row(method, clip) for method in ("copy", "static") for clip in ("b", "a", "c")]
    write_table(tmp_path / "one", made)
    write_table(tmp_path / "other", made[::-1])
    assert tables(tmp_path / "one") == tables(tmp_path / "other")


@pytest.mark.parametrize("names", [("copy", "static"), ("007", "1e5"), ("NA", "nan"), ("-1", "True")], ids=str)
def test_two_passes_give_the_bytes_of_one(tmp_path: Path, names: tuple[str, str]) -> None:
    made = {name: [row(name, clip=names[1], prompt="1", level=None), row(name, clip=names[0])] for name in names}
    write_table(tmp_path / "one", [*made[names[0]], *made[names[1]]])
    for name in (*names, names[0]):
        write_table(tmp_path / "two", made[name])
    assert tables(tmp_path / "two") == tables(tmp_path / "one")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_number_that_another_pass_keeps_stays_the_same_to_its_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("scores")
    write_table(folder, [row(clip=f"c{index:02}", value=value) for index, value in enumerate(values)])
    write_table(folder, [row("other")])
    kept = pd.read_parquet(folder / "scores.parquet").query("method == 'copy'")["value"].tolist()
    assert kept == values
    assert [math.copysign(1, value) for value in kept] == [math.copysign(1, value) for value in values]
    with (folder / "scores.csv").open(newline="") as file:
        assert [float(line["value"]) for line in csv.DictReader(file) if line["method"] == "copy"] == values


def test_a_pass_replaces_the_rows_of_its_own_methods_and_protocol_alone(tmp_path: Path) -> None:
    write_table(tmp_path, [row(), row(clip="gone"), row("static"), row(protocol="dmt@1")])
    write_table(tmp_path, [row(value=0.7)])
    left = pd.read_parquet(tmp_path / "scores.parquet")
    assert left[["protocol", "method", "clip", "value"]].values.tolist() == [
        ["dmt@1", "copy", "a", 0.5],
        ["mtbench@1", "copy", "a", 0.7],
        ["mtbench@1", "static", "a", 0.5],
    ]


def test_the_metrics_of_a_sample_keep_the_order_of_their_protocol(tmp_path: Path) -> None:
    order = ["z", "b", "a", "y"]
    for method in ("copy", "static"):
        write_table(tmp_path, [row(method, metric=metric) for metric in order])
    assert pd.read_parquet(tmp_path / "scores.parquet")["metric"].tolist() == order * 2


@pytest.mark.parametrize("reason", ['a, "b"; c', "ümläut", "NA", " two  spaces "])
def test_any_reason_survives_another_pass(tmp_path: Path, reason: str) -> None:
    write_table(tmp_path, [row(value=None, status="failed", reason=reason)])
    write_table(tmp_path, [row("other")])
    assert pd.read_parquet(tmp_path / "scores.parquet")["reason"].tolist() == [reason, ""]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\x01", ",".join(COLUMNS) + "\n" + "x," * 17 + "x\n"])
def test_a_file_that_is_no_table_of_scores_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(InputError, match="is no table of scores"):
        write_table(tmp_path, [row()])
    assert (tmp_path / "scores.csv").read_text() == text
