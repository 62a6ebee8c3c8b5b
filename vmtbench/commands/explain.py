"""`vmtbench explain`: what a metric measures, and what it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmtbench.options import Config, Json, Quiet, Seed, output_for
from vmtbench.output import Output

if TYPE_CHECKING:
    from metrics.behaviour import Row
    from metrics.explain import Explained

LABEL, WIDTH = 14, 100
"""Characters before and up to the end of a line of text."""

ABSENT = "–"


def command(
    metric: Annotated[
        str | None, typer.Argument(help="A name of `vmtbench list metrics`; else the whole table.")
    ] = None,
    tracks: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two tracks files of a benchmark, a reference and one unrelated; else two rendered clips."),
    ] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT of the videos of --tracks.")] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Explain a metric: what it measures, its formula, source and range, its defects, when to prefer another.

    How motion metrics behave is computed on the spot, on generations made of a reference's tracks. Without METRIC,
    the table of all motion metrics.

    For example:

        vmtbench explain dmt_mf
        vmtbench explain --tracks bench/tracks/bear.npz bench/tracks/swan.npz --size 854x480
    """
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=False)
    explained = api.explain(metric, tracks=tracks, size=_width_and_height(size), seed=seed)
    asked = explained[0] if metric is not None else None
    rows = [row for one in explained for row in one.rows]
    reference = "exact tracks of two rendered clips" if tracks is None else f"{tracks[0]}; unrelated: {tracks[1]}"
    output.result({**(_facts(asked) if asked else {}), "seed": seed, "reference": reference, "table": _records(rows)})
    if asked:
        _describe(asked, output)
    if asked is None or asked.rows:
        _tabulate(rows, reference, output)


def _width_and_height(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    if not (match := re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size.lower())):
        from benchmark.errors import InputError

        raise InputError(f"--size is {size!r}, expected WIDTHxHEIGHT in pixels, such as 720x480")
    return int(match[1]), int(match[2])


def _facts(asked: Explained) -> dict[str, Any]:
    info, text = asked.info, asked.text
    return {
        "metric": info.name,
        "summary": info.summary,
        "measures": text.measures,
        "formula": text.formula,
        "source": info.source,
        "range": [None if abs(end) == float("inf") else end for end in (info.lowest, info.highest)],
        "unit": info.unit,
        "direction": info.direction,
        "protocols": asked.protocols,
        "defects": asked.defects,
        "prefer": text.prefer,
        "confused_with": text.confused_with,
    }


def _describe(asked: Explained, output: Output) -> None:
    info, text = asked.info, asked.text
    output.say(f"{info.name}: {info.summary}\n")
    lines = {
        "measures": [text.measures],
        "formula": text.formula.splitlines(),
        "source": [info.source],
        "range": [f"{info.lowest:g} … {info.highest:g}, {info.direction} is better; unit {info.unit}"],
        "protocols": [", ".join(asked.protocols) or "none reports it"],
        "defects": [f"- {defect}" for defect in asked.defects],
        "prefer": [text.prefer],
    }
    for label, paragraphs in lines.items():
        output.say(_paragraphs(label, paragraphs))


def _paragraphs(label: str, paragraphs: Iterable[str]) -> str:
    from textwrap import fill

    indented = [
        fill(text, WIDTH, initial_indent=" " * LABEL, subsequent_indent=" " * (LABEL + 2 * text.startswith("- ")))
        for text in paragraphs
    ]
    return f"{label:{LABEL}}" + "\n".join(indented)[LABEL:]


def _records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "metric": row.metric,
            "protocols": row.rules.protocols,
            "coordinates": row.rules.coordinates,
            **row.rules.rules,
            "values": {name: score.value for name, score in row.scores.items()},
            "reasons": {name: score.reason for name, score in row.scores.items() if score.reason},
        }
        for row in rows
    ]


def _tabulate(rows: Sequence[Row], reference: str, output: Output) -> None:
    from metrics.behaviour import number
    from metrics.perturbations import PERTURBATIONS

    cells = [
        (
            row.metric,
            ",\n".join(row.rules.protocols),
            *(ABSENT if score.value is None else number(score.value) for score in row.scores.values()),
        )
        for row in rows
    ]
    output.table(("metric", "rules of", *PERTURBATIONS), cells)
    output.say(f"Reference: {reference}. The tracks are taken as they are, at the length and size of their video.")
    for name, what in PERTURBATIONS.items():
        output.say(f"{name:{LABEL}}{what}")
    for line in _reasons(rows):
        output.say(f"{ABSENT:{LABEL}}{line}")


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line per generation and reason for which values are absent."""
    absent = [(name, score, row) for row in rows for name, score in row.scores.items() if score.value is None]
    for name, code in dict.fromkeys((name, score.code) for name, score, _ in absent):
        same = [(score, row) for other, score, row in absent if (other, score.code) == (name, code)]
        metrics = ", ".join(f"{row.metric} ({', '.join(row.rules.protocols)})" for _, row in same)
        yield f"{name}, {metrics}: {same[0][0].reason}"
