"""`vmtbench demo`: the whole chain once, small, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmtbench.options import Config, Debug, Jobs, Json, Quiet, output_for
from vmtbench.output import report_json


def command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything the demo makes.")] = Path("demo"),
    jobs: Jobs = 2,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
    config: Config = None,
) -> None:
    """Build a benchmark of sample clips, run the controls, score them, and make the leaderboard: no GPU, no network.

    For example:

        vmtbench demo --out demo
    """
    from vmtbench.demo import make_demo

    output = output_for(json=json, quiet=quiet, offline=True)
    made = make_demo(out, options=output.work_options(jobs=jobs))
    files = {name: [str(path) for path in paths] for name, paths in made.files.items()}
    output.result({"files": files, **report_json(made.report)})
    output.say(made.board.read_text(encoding="utf-8"))
    for name, paths in files.items():
        output.say(f"{name}:")
        for path in paths:
            output.say(f"  {path}")
    output.failures(made.report, debug=debug)
    raise typer.Exit(1 if made.report.failed else 0)
