"""What a printed leaderboard holds: blocks of cells, marks and notes, before any Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from leaderboards.aggregate import FULL_COVERAGE, SPLITS
from leaderboards.aspects import base_name, is_control

SPLIT_TITLES = {"all": "All", "all-clips": "All (clips)", "hard": "Hard", "medium": "Medium", "easy": "Easy"}
ABSENT = "–"
INCOMPLETE = "*"
READING = (
    "All is the unweighted mean of the levels, All (clips) the mean over clips; n counts clips with a value, "
    f"coverage is the share of samples with one. {ABSENT} is no value, never zero."
)


@dataclass(frozen=True)
class MetricBlock:
    """The columns of one metric under one set of settings.

    Attributes:
        metric: the full id, parameters included.
        label: a short name, unique among the protocol's metrics.
        direction: `higher` or `lower`, whichever is better.
        unit: what one is, for example `cosine x100`; empty for a plain number.
        mark: number of the mark that says "other settings than the protocol's"; None for reference settings.
        cells: per method the printed value of each of `SPLITS`, then n, then coverage.
    """

    metric: str
    label: str
    direction: str
    unit: str
    mark: int | None
    cells: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class ProtocolTable:
    """Everything printed of one protocol; `blocks` is empty when no metric has a value.

    Attributes:
        marks: per mark its number and the settings that it stands for.
        incomplete: per metric label a sentence on the samples that have no value.
        without_value: per metric id that has no value at all the reason.
    """

    protocol: str
    methods: tuple[str, ...]
    controls: tuple[str, ...]
    blocks: tuple[MetricBlock, ...]
    marks: tuple[tuple[int, str], ...]
    incomplete: tuple[tuple[str, str], ...]
    without_value: tuple[tuple[str, str], ...]


def protocol_tables(summary: pd.DataFrame, *, percent: bool) -> list[ProtocolTable]:
    """Lay out one table per protocol.

    Args:
        summary: as `leaderboards.aggregate.aggregate` returns it.
        percent: print plain numbers (unit `1`) times 100.
    """
    return [_protocol_table(rows, percent) for _, rows in summary.groupby("protocol", sort=True)]


def settings_of(comparable_with: str) -> str:
    """Return the settings in which a score departs from its protocol: `tracker=dis` of `mtbench@1[tracker=dis]`."""
    return comparable_with.partition("[")[2].removesuffix("]") or comparable_with


def printed_unit(unit: str, percent: bool) -> str:
    """Return the unit as a header shows it; empty for a plain number."""
    return ("x100" if percent else "") if unit == "1" else unit


def printed_scale(unit: str, percent: bool) -> float:
    """Return the factor between a stored and a printed value: 100 for plain numbers in percent, else 1."""
    return 100.0 if unit == "1" and percent else 1.0


def _protocol_table(summary: pd.DataFrame, percent: bool) -> ProtocolTable:
    protocol = summary["protocol"].iloc[0]
    settings = sorted(set(summary.loc[~summary["reference"], "comparable_with"]))
    marks = {comparable_with: number for number, comparable_with in enumerate(settings, start=1)}
    labels = _labels(summary["metric"].unique())
    blocks, incomplete, without_value = [], [], []
    for _, rows in summary.groupby(["comparable_with", "metric"], sort=False):
        metric, mark = rows["metric"].iloc[0], marks.get(rows["comparable_with"].iloc[0])
        if rows["value"].isna().all():
            without_value.append((metric, rows.loc[rows["split"] == "all-clips", "reason"].mode().iloc[0]))
            continue
        blocks.append(_block(rows, labels[metric], mark, percent))
        incomplete += [(labels[metric] + mark_text(mark), sentence) for sentence in _missing_samples(rows)]
    methods = summary["method"].unique()
    used = {block.mark for block in blocks}
    return ProtocolTable(
        protocol=protocol,
        methods=tuple(method for method in methods if not is_control(method)),
        controls=tuple(method for method in methods if is_control(method)),
        blocks=tuple(blocks),
        marks=tuple((marks[name], settings_of(name)) for name in settings if marks[name] in used),
        incomplete=tuple(incomplete),
        without_value=tuple(without_value),
    )


def mark_text(mark: int | None) -> str:
    """Return `†1` for mark 1; nothing for reference settings."""
    return "" if mark is None else f"†{mark}"


def in_panels(blocks: Sequence[MetricBlock], size: int) -> Iterator[Sequence[MetricBlock]]:
    """Yield the blocks in runs of at most `size`, as many as stand side by side."""
    return (blocks[start : start + size] for start in range(0, len(blocks), size))


def _labels(metrics: Sequence[str]) -> dict[str, str]:
    """Shorten each id to the name before its parameters, unless another metric has the same name."""
    names = [base_name(metric) for metric in metrics]
    return {metric: name if names.count(name) == 1 else metric for metric, name in zip(metrics, names, strict=True)}


def _block(rows: pd.DataFrame, label: str, mark: int | None, percent: bool) -> MetricBlock:
    first = rows.iloc[0]
    factor, digits = printed_scale(first["unit"], percent), (1 if "x100" in printed_unit(first["unit"], percent) else 3)
    return MetricBlock(
        metric=first["metric"],
        label=label,
        direction=first["direction"],
        unit=printed_unit(first["unit"], percent),
        mark=mark,
        cells={str(method): _cells(own, factor, digits) for method, own in rows.groupby("method", sort=False)},
    )


def _cells(rows: pd.DataFrame, factor: float, digits: int) -> tuple[str, ...]:
    by_split = rows.set_index("split").to_dict("index")
    values = [_value(by_split[split], factor, digits) if split in by_split else ABSENT for split in SPLITS]
    everything = by_split["all-clips"]
    return *values, str(everything["n"]), f"{everything['coverage']:.3f}"


def _value(cell: dict, factor: float, digits: int) -> str:
    if cell["status"] == "absent":
        return ABSENT
    text = f"{cell['value'] * factor:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text + (INCOMPLETE if cell["status"] == "incomplete" else "")


def _missing_samples(rows: pd.DataFrame) -> list[str]:
    """Write one sentence for each reason that keeps the coverage of some methods below `FULL_COVERAGE`."""
    below = rows[(rows["split"] == "all-clips") & (rows["coverage"] < FULL_COVERAGE)]
    shares = below.assign(total=below["n_samples"] + below["n_undefined"])
    return [
        f"{', '.join(same['method'])}: {missing} of {total} samples have no value; {reason}"
        for (missing, total, reason), same in shares.groupby(["n_undefined", "total", "reason"], sort=False)
    ]
