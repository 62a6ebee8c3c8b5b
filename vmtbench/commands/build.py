"""`vmtbench build`: a benchmark from a data set."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmark.engine import Existing
from vmtbench.options import (
    Config,
    Debug,
    ExistingOption,
    Jobs,
    Json,
    Offline,
    Quiet,
    Seed,
    output_for,
)
from vmtbench.output import counts, report_json


class Fit(StrEnum):
    """What happens when a clip's shape is not that of --size."""

    CROP = "crop"
    PAD = "pad"


class Sampler(StrEnum):
    """How query points are drawn on the object."""

    V1 = "v1"
    DET_OFFICIAL = "det-official"


def command(
    source: Annotated[Path, typer.Argument(help="Folder of DAVIS, YouTube-VOS, MTBench, or of clips.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Benchmark folder to make.")],
    format: Annotated[str | None, typer.Option(help="davis, youtube-vos, mtbench or folder; else by shape.")] = None,
    name: Annotated[str | None, typer.Option(help="The benchmark's name; else its source folder's.")] = None,
    split: Annotated[str | None, typer.Option(help="Split of the data set, such as val.")] = None,
    year: Annotated[str | None, typer.Option(help="Year of the data set, such as 2017.")] = None,
    resolution: Annotated[str | None, typer.Option(help="DAVIS: 480p or Full-Resolution.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames per second of frame folders that do not say.")] = None,
    select: Annotated[
        str | None,
        typer.Option(help="Criteria such as 'min_frames=24,min_area=0.01'; those not named have their defaults."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many clips.")] = None,
    frames: Annotated[int | None, typer.Option(min=2, help="Frames per clip, picked evenly; else all.")] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT of the clips; else as they are.")] = None,
    fit: Annotated[Fit, typer.Option(help="How another shape is brought to --size.")] = Fit.CROP,
    points: Annotated[int, typer.Option(min=1, help="Query points per clip.")] = 100,
    sampler: Annotated[Sampler, typer.Option(help="How query points are drawn.")] = Sampler.V1,
    tracker: Annotated[
        str, typer.Option(help="dis (embedded), or dataset to take the tracks that came with the data set.")
    ] = "dis",
    seed: Seed = 0,
    jobs: Jobs = 1,
    existing: ExistingOption = Existing.KEEP,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
    config: Config = None,
) -> None:
    """Make a benchmark: read a data set, choose and cut clips, track them, write captions and prompts.

    Run it again after an interruption, and it goes on where it stopped.

    For example:

        vmtbench build DAVIS --split val --out bench
        vmtbench build clips --out bench --frames 49 --size 720x480 --fit crop
        vmtbench build YouTube-VOS/valid --out bench --select min_frames=20,min_area=0.02 --limit 50
    """
    from annotate.settings import BuildSettings
    from benchmark.selection import parse_criteria
    from benchmark.store import parse_record
    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=offline)
    settings = {
        "source": {
            "format": format,
            "split": split,
            "year": year,
            "resolution": resolution,
            "fps": fps,
            "select": None if select is None else parse_criteria(select),
            "limit": limit,
        },
        "cut": {"frames": frames, "size": _height_and_width(size), "fit": fit.value},
        "follow": {"tracker": tracker, "points": points, "sampler": sampler.value},
        "name": name,
        "seed": seed,
    }
    options = output.work_options(jobs=jobs, existing=existing)
    built = api.build(source, out, settings=parse_record(BuildSettings, settings, "build settings"), options=options)
    bench, report = built.benchmark, built.report
    rejected = [entry.model_dump() for entry in bench.info.rejected]
    output.result({"benchmark": str(out), "clips": len(bench.clips), "rejected": rejected, **report_json(report)})
    output.say(f"{out}: {len(bench.clips)} clips ({counts(report)}), tracker {tracker}")
    for entry in rejected:
        output.say(f"left out {entry['sequence']}: {entry['reason']}")
    output.failures(report, debug=debug)
    raise typer.Exit(1 if report.failed else 0)


def _height_and_width(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    width, times, height = size.lower().partition("x")
    if not (times and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        from benchmark.errors import InputError

        raise InputError(f"--size is {size!r}, expected WIDTHxHEIGHT in pixels, such as 720x480")
    return int(height), int(width)
