"""Leaderboards as text: CSV for programs, Markdown for reading, LaTeX for papers; same scores, same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from leaderboards.aggregate import SPLITS
from leaderboards.aspects import method_order
from leaderboards.layout import (
    ABSENT,
    INCOMPLETE,
    READING,
    SPLIT_TITLES,
    MetricBlock,
    ProtocolTable,
    in_panels,
    mark_text,
    protocol_tables,
)

METRICS_PER_PANEL = 2
_BLOCK_GAP = "@{\\hspace{12pt}}"
_TITLES = (*(SPLIT_TITLES[split] for split in SPLITS), "n", "coverage")


def to_csv(frame: pd.DataFrame) -> str:
    """Write the frame as CSV: six decimals, LF line ends, empty where there is no value."""
    return frame.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def to_wide(summary: pd.DataFrame) -> pd.DataFrame:
    """Turn the long leaderboard into one row per method, controls last; unscaled.

    Args:
        summary: as `leaderboards.aggregate.aggregate` returns it.

    Returns:
        Columns method, control, then `<comparable_with> <metric> <split>` for each split and the same with `n` and
        `coverage` (of all clips): settings are part of the name, so different ones never share a column.
    """
    rows: dict[str, dict[str, object]] = {}
    for cell in summary.to_dict("records"):
        name = f"{cell['comparable_with']} {cell['metric']}"
        row = rows.setdefault(cell["method"], {"method": cell["method"], "control": cell["control"]})
        row[f"{name} {cell['split']}"] = cell["value"]
        if cell["split"] == "all-clips":
            row |= {f"{name} n": cell["n"], f"{name} coverage": cell["coverage"]}
    names = (summary["comparable_with"] + " " + summary["metric"]).unique()
    columns = [f"{name} {what}" for name in names for what in (*SPLITS, "n", "coverage")]
    wide = pd.DataFrame([rows[method] for method in sorted(rows, key=method_order)])
    return wide.reindex(columns=["method", "control", *columns]).astype({f"{name} n": "Int64" for name in names})


def to_markdown(summary: pd.DataFrame, *, percent: bool = False) -> str:
    """Write a Markdown page with one section per protocol.

    Args:
        summary: as `leaderboards.aggregate.aggregate` returns it.
        percent: print plain numbers times 100.
    """
    lines = ["# Leaderboard", "", READING, ""]
    for table in protocol_tables(summary, percent=percent):
        lines += [f"## {_code(table.protocol)}", ""]
        for panel in in_panels(table.blocks, METRICS_PER_PANEL):
            lines += [*_markdown_panel(table, panel), ""]
        notes = [f"- {note}" for note in _notes(table, _markdown, _code)]
        lines += [*notes, ""] if notes else []
    return "\n".join(lines[:-1]) + "\n"


def to_latex(summary: pd.DataFrame, *, percent: bool = False) -> str:
    """Write LaTeX `table*` floats for a paper that loads booktabs; arguments as for `to_markdown`.

    Characters outside Latin-1 are printed as their code points, so that pdflatex compiles whatever a reason says.
    """
    lines = ["% needs \\usepackage{booktabs}"]
    for table in protocol_tables(summary, percent=percent):
        panels = list(in_panels(table.blocks, METRICS_PER_PANEL)) or [()]
        for number, panel in enumerate(panels, start=1):
            last = number == len(panels)
            lines += _latex_float(table, panel, f"{number} of {len(panels)}", with_notes=last)
    return "\n".join(lines) + "\n"


def _notes(table: ProtocolTable, escape: Callable[[str], str], code: Callable[[str], str]) -> Iterator[str]:
    """Yield everything that a reader must know beside the numbers."""
    for block in table.blocks:
        if block.label != block.metric:
            yield f"{escape(block.label + mark_text(block.mark))} is {code(block.metric)}"
    yield from _mark_notes(table, table.blocks, escape, code)
    if table.incomplete:
        yield f"{escape(INCOMPLETE)} incomplete: less than 95 % of the samples have a value"
    for label, sentence in table.incomplete:
        yield f"{escape(label)}, {escape(sentence)}"
    for metric, reason in table.without_value:
        yield f"{code(metric)} has no value: {escape(reason)}"


def _mark_notes(
    table: ProtocolTable, blocks: Sequence[MetricBlock], escape: Callable[[str], str], code: Callable[[str], str]
) -> Iterator[str]:
    """Yield what each mark on these blocks stands for."""
    used = {block.mark for block in blocks}
    for mark, settings in table.marks:
        if mark in used:
            yield (
                f"{escape(mark_text(mark))} other settings than the reference of {code(table.protocol)}: "
                f"{code(settings)}; comparable only with scores of the same settings"
            )


def _markdown_panel(table: ProtocolTable, panel: Sequence[MetricBlock]) -> list[str]:
    header = ["method"]
    for block in panel:
        title = _markdown(" ".join(_title_parts(block, {"higher": "↑", "lower": "↓"})))
        header += [f"{title} {_TITLES[0]}", *_TITLES[1:]]
    body = [_cells(_markdown(method), method, panel, _markdown) for method in table.methods]
    if table.controls:
        body.append(["*controls*", *[""] * (len(header) - 1)])
        body += [_cells(_markdown(method), method, panel, _markdown) for method in table.controls]
    return _markdown_grid([header, *body])


def _markdown_grid(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows as a padded pipe table: names to the left, numbers to the right."""
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    rule = "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return [f"{line} |" for line in (lines[0], rule, *lines[1:])]


def _title_parts(block: MetricBlock, arrows: dict[str, str]) -> list[str]:
    unit = [f"({block.unit})"] if block.unit else []
    return [block.label + mark_text(block.mark), *unit, arrows[block.direction]]


def _cells(name: str, method: str, panel: Sequence[MetricBlock], escape: Callable[[str], str]) -> list[str]:
    nothing = (ABSENT,) * len(_TITLES)
    return [name, *(escape(cell) for block in panel for cell in block.cells.get(method, nothing))]


def _markdown(text: str) -> str:
    """Escape plain text for a Markdown page or table cell."""
    return re.sub(r"([\\`*|<\[\]])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _latex_float(table: ProtocolTable, panel: Sequence[MetricBlock], part: str, *, with_notes: bool) -> list[str]:
    notes = [READING, *_notes(table, str, str)] if with_notes else list(_mark_notes(table, panel, str, str))
    return [
        "\\begin{table*}[t]",
        "\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}",
        f"\\caption{{Leaderboard under {_latex(table.protocol)} ({part}).}}",
        *(_latex_tabular(table, panel) if panel else []),
        *(["\\par\\medskip\\raggedright"] if notes else []),
        *(f"{_latex(note)}\\par" for note in notes),
        "\\end{table*}",
    ]


def _latex_tabular(table: ProtocolTable, panel: Sequence[MetricBlock]) -> list[str]:
    width = len(_TITLES)
    starts = [2 + width * index for index in range(len(panel))]
    titles = [" ".join(_title_parts(block, {"higher": "↑", "lower": "↓"})) for block in panel]
    heads = [f"\\multicolumn{{{width}}}{{c}}{{{_latex(title)}}}" for title in titles]
    rules = [f"\\cmidrule(lr){{{start}-{start + width - 1}}}" for start in starts]
    rows = [_cells(method, method, panel, str) for method in table.methods]
    controls = [_cells(method, method, panel, str) for method in table.controls]
    return [
        f"\\begin{{tabular}}{{l{_BLOCK_GAP.join(['r' * width] * len(panel))}}}",
        "\\toprule",
        f" & {' & '.join(heads)} \\\\",
        " ".join(rules),
        _latex_row(["method", *_TITLES * len(panel)]),
        *(["\\midrule", *map(_latex_row, rows)] if rows else []),
        *(["\\midrule", *map(_latex_row, controls)] if controls else []),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(_latex, cells)) + " \\\\"


_LATEX_CHARACTERS = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%", "_": "\\_",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
    "|": "\\textbar{}", "-": "-{}", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "†": "$\\dagger$", "–": "--",
    "*": "$^{*}$",
}  # fmt: skip


def _latex(text: str) -> str:
    """Escape plain text for LaTeX; a hyphen keeps its own braces so that `--offline` stays two hyphens."""
    return "".join(_latex_character(character) for character in " ".join(text.split()))


def _latex_character(character: str) -> str:
    if character in _LATEX_CHARACTERS:
        return _LATEX_CHARACTERS[character]
    if " " <= character <= "~" or "\xa1" <= character <= "\xff":
        return character
    return f"[U+{ord(character):04X}]"
