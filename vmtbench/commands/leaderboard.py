"""`vmtbench leaderboard`: tables and figures from scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmtbench.options import Config, Json, Offline, Quiet, output_for
from vmtbench.output import paths


def command(
    scores: Annotated[list[Path], typer.Argument(help="Scores folders, or their scores.csv.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and figures.")],
    bench: Annotated[Path | None, typer.Option("--bench", "-b", help="Benchmark, for its clips' clusters.")] = None,
    percent: Annotated[bool, typer.Option("--percent", help="Print plain numbers times 100.")] = False,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Make the leaderboard: CSV, Markdown, LaTeX and figures; the same scores give the same bytes.

    For example:

        vmtbench leaderboard out/scores --out board
        vmtbench leaderboard mine/scores theirs/scores --out board --percent
    """
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=offline)
    files = api.leaderboard(scores, out, bench=bench, percent=percent)
    output.result({"files": paths(files)})
    output.say((out / "leaderboard.md").read_text(encoding="utf-8"))
    for file in files:
        output.say(str(file))
