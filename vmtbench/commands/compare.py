"""`vmtbench compare`: two methods, clip by clip."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmtbench.options import Config, Json, Quiet, Seed, output_for
from vmtbench.output import Output

if TYPE_CHECKING:
    import pandas as pd


def command(
    first: Annotated[str, typer.Argument(help="A method in the scores.")],
    second: Annotated[str, typer.Argument(help="The method that it is compared with.")],
    scores: Annotated[list[Path], typer.Argument(help="Scores folders, or their scores.csv.")],
    protocol: Annotated[list[str] | None, typer.Option("--protocol", "-p", help="Only these; else all.")] = None,
    percent: Annotated[bool, typer.Option("--percent", help="Print plain numbers times 100.")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="File to write the whole table to, unscaled.")] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Compare two methods under every metric: the difference with its interval, and whether it could be chance.

    Differences are the first method's values minus the second's, paired by source clip.

    For example:

        vmtbench compare mine theirs out/scores
        vmtbench compare mine theirs mine/scores theirs/scores --protocol mtbench --csv mine-theirs.csv
    """
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=False)
    table = api.compare(first, second, scores, protocols=protocol or [], seed=seed)
    if csv is not None:
        from benchmark.files import write_text_atomic

        write_text_atomic(csv, table.to_csv(index=False, lineterminator="\n"))
    output.result(
        {
            "first": first,
            "second": second,
            "seed": seed,
            "comparison": loads(table.to_json(orient="records", double_precision=15)),
        }
    )
    _show(table, output, percent=percent)


def _show(table: pd.DataFrame, output: Output, *, percent: bool) -> None:
    from leaderboards.comparison import readable

    known = table[table["n_pairs"] > 0]
    for settings, rows in known.groupby("comparable_with"):
        columns, cells = readable(rows, percent=percent)
        output.table(columns[1:], [row[1:] for row in cells], title=str(settings))
    for (settings, reason), rows in table[table["reason"] != ""].groupby(["comparable_with", "reason"]):
        output.say(f"{settings}, {', '.join(rows['metric'])}: {reason}")
    output.say(
        "Difference: first minus second; interval: bootstrap over clips; clips +/−/=: on how many the first is better, "
        "worse, the same; p-values: two-sided, in brackets corrected by Holm over the metrics of one protocol."
    )
