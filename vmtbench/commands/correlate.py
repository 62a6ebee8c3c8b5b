"""`vmtbench correlate`: do metrics agree, with each other and with people."""

from __future__ import annotations

from enum import StrEnum
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmtbench.options import Config, Json, Quiet, output_for
from vmtbench.output import Output

if TYPE_CHECKING:
    import pandas as pd

READING = (
    "Values are taken so that higher is better: positive is agreement. p-values take observations as independent, "
    "which those of one clip or method are not."
)


class Observation(StrEnum):
    """What one observation is."""

    SAMPLE = "sample"
    CLIP = "clip"
    METHOD = "method"


def command(
    scores: Annotated[list[Path], typer.Argument(help="Scores folders, or their scores.csv.")],
    level: Annotated[
        Observation, typer.Option(help="An observation: one video, a method's mean on a clip, or its mean over clips.")
    ] = Observation.CLIP,
    ranks: Annotated[
        Path | None,
        typer.Option(help="CSV of a user study: aspect, method, average_rank. Metrics are correlated with it too."),
    ] = None,
    protocol: Annotated[list[str] | None, typer.Option("--protocol", "-p", help="Only these; else all.")] = None,
    quiet: Quiet = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Correlate every two metrics of a protocol, and metrics with the ranks of a user study.

    For example:

        vmtbench correlate out/scores --level sample
        vmtbench correlate out/scores --ranks study.csv
    """
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=False)
    tables = {"metrics": api.correlate(scores, level=level.value, protocols=protocol or [])}
    if ranks is not None:
        tables["ranks"] = api.correlate_with_ranks(scores, ranks, protocols=protocol or [])
    output.result({name: loads(table.to_json(orient="records", double_precision=15)) for name, table in tables.items()})
    _show(tables["metrics"], ("first", "second"), f"an observation is a {level.value}", output)
    if "ranks" in tables:
        _show(tables["ranks"], ("metric", "aspect"), "with average ranks, an observation is a method", output)
    output.say(READING)


def _show(table: pd.DataFrame, names: tuple[str, str], what: str, output: Output) -> None:
    for settings, rows in table[table["reason"] == ""].groupby("comparable_with"):
        cells = [
            (*(row[name] for name in names), f"{row['spearman']:+.3f}", _p(row["spearman_p"]),
             f"{row['kendall']:+.3f}", _p(row["kendall_p"]), int(row["n"]))
            for row in rows.to_dict("records")
        ]  # fmt: skip
        output.table((*names, "Spearman", "p", "Kendall", "p", "n"), cells, title=f"{settings}, {what}")
    for (settings, reason), rows in table[table["reason"] != ""].groupby(["comparable_with", "reason"]):
        output.say(f"{settings}, pairs without a correlation: {len(rows)}, because {reason}")


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
