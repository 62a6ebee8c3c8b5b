"""`vmtbench run`: videos of a method for every clip and prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.engine import Existing
from vmtbench.options import Config, Debug, ExistingOption, Jobs, Json, Offline, Quiet, Seed, output_for
from vmtbench.output import counts, report_json


def command(
    bench: Annotated[Path, typer.Option("--bench", "-b", help="Benchmark folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the videos: OUT/METHOD/CLIP/PROMPT.mp4.")],
    methods: Annotated[
        list[str] | None, typer.Argument(help="Methods of `vmtbench list methods`; `controls` stands for all controls.")
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--command",
            help="Any program as a method; {source}, {prompt}, {output}, {seed} and others are filled in.",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that --command may take per video.")] = 3600,
    seeds: Annotated[int, typer.Option(min=1, help="Videos per prompt, with seeds --seed, --seed + 1, …")] = 1,
    seed: Seed = 0,
    jobs: Jobs = 1,
    existing: ExistingOption = Existing.KEEP,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
    config: Config = None,
) -> None:
    """Generate videos for every clip and prompt of a benchmark.

    Run it again after an interruption, and it goes on where it stopped; a video that vmtbench did not make is never
    overwritten.

    For example:

        vmtbench run controls --bench bench --out out
        vmtbench run mine -b bench -o out --command "python gen.py {source} --prompt {prompt} --out {output}"
    """
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=offline)
    options = output.work_options(jobs=jobs, existing=existing)
    wanted = tuple(range(seed, seed + seeds))
    report = api.run(methods or [], bench, out, command=program, timeout=timeout, seeds=wanted, options=options)
    output.result({"out": str(out), **report_json(report)})
    output.say(f"{out}: {counts(report)}")
    output.failures(report, debug=debug)
    raise typer.Exit(1 if report.failed else 0)
