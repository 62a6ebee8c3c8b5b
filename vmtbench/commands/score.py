"""`vmtbench score`: every generated video under a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.engine import Existing
from vmtbench.options import (
    Config,
    Debug,
    Device,
    ExistingOption,
    Jobs,
    Json,
    Offline,
    Quiet,
    WeightsFolder,
    output_for,
)
from vmtbench.output import counts, paths, report_json


def command(
    out: Annotated[Path, typer.Argument(help="Folder of generated videos: OUT/METHOD/CLIP/PROMPT.mp4.")],
    bench: Annotated[Path, typer.Option("--bench", "-b", help="Benchmark folder.")],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="A name of `vmtbench list protocols`, or all.")
    ] = "mtbench",
    scores: Annotated[Path | None, typer.Option("--scores", help="Folder for the scores; else OUT/scores.")] = None,
    method: Annotated[list[str] | None, typer.Option("--method", "-m", help="Only these methods; else all.")] = None,
    tracker: Annotated[
        str | None, typer.Option(help="Track source and generation by this; else the benchmark's own tracker.")
    ] = None,
    weights: WeightsFolder = None,
    device: Device = "cpu",
    jobs: Jobs = 1,
    existing: ExistingOption = Existing.KEEP,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
    config: Config = None,
) -> None:
    """Score generated videos against their benchmark, whoever made them.

    Metrics whose models are not on this machine are reported as unavailable, with the command that fetches them.
    Scores made with other settings than the protocol's reference are marked and never mixed with those.

    For example:

        vmtbench score out --bench bench --protocol mtbench
        vmtbench score out --bench bench --method mine --weights weights --device cuda
    """
    from metrics.protocol import protocol_names
    from metrics.settings import JudgeSettings
    from vmtbench import api
    from vmtbench.checks import check_device

    output = output_for(json=json, quiet=quiet, offline=offline)
    scored = api.score(
        out,
        bench,
        scores=scores,
        protocols=protocol_names() if protocol == "all" else [protocol],
        methods=method or [],
        settings=JudgeSettings(tracker=tracker, weights=weights, device=check_device(device)),
        options=output.work_options(jobs=jobs, existing=existing),
    )
    report = scored.report
    output.result({"tables": paths(scored.tables), "unavailable": scored.unavailable, **report_json(report)})
    output.say(f"{scored.tables[0]}: {counts(report)}")
    for metric, reason in scored.unavailable.items():
        output.say(f"{metric}: {reason}")
    output.failures(report, debug=debug)
    raise typer.Exit(1 if report.failed else 0)
