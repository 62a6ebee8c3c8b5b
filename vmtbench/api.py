"""The verbs of the command line as Python functions; each imports what it needs when it is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotate.build import Built
    from annotate.settings import BuildSettings
    from benchmark.engine import Report, WorkOptions
    from benchmark.inspection import Inspection
    from metrics.judge import JudgeSettings
    from metrics.scoring import Scored

PathLike = str | Path


def build(
    source: PathLike, out: PathLike, *, settings: BuildSettings | None = None, options: WorkOptions | None = None
) -> Built:
    """Make a benchmark folder `out` of the data set at `source`; see `annotate.build.build`."""
    from annotate.build import build

    return build(Path(source), Path(out), settings, options=options)


def inspect(bench: PathLike, *, sheets: PathLike | None = None) -> Inspection:
    """Check a benchmark and every file in it; with `sheets`, write a contact sheet per clip into that folder.

    Raises:
        InputError: the manifest cannot be read; broken clip files are among the result's `problems`.
    """
    from benchmark.contact_sheet import write_contact_sheet
    from benchmark.files import make_output_folder
    from benchmark.inspection import inspect_benchmark
    from benchmark.store import read_benchmark

    benchmark = read_benchmark(Path(bench))
    inspection = inspect_benchmark(benchmark)
    if sheets is not None:
        make_output_folder(Path(sheets))
        broken = {problem.clip for problem in inspection.problems}
        for clip in benchmark.clips:
            if clip.id not in broken:
                write_contact_sheet(Path(sheets) / f"{clip.id}.png", benchmark.source(clip))
    return inspection


def run(
    methods: Sequence[str],
    bench: PathLike,
    out: PathLike,
    *,
    command: str | None = None,
    timeout: float = 3600,
    seeds: Sequence[int] = (0,),
    options: WorkOptions | None = None,
) -> Report:
    """Generate videos by each of `methods` for every clip and prompt of a benchmark; see `methods.run.run_method`.

    `controls` stands for all control methods. With `command`, an outside program makes the videos and the one name
    in `methods` is what it is to be called.
    """
    from benchmark.engine import Report
    from benchmark.store import read_benchmark
    from methods.run import run_method, specs_for

    benchmark, report = read_benchmark(Path(bench)), Report()
    specs = specs_for(methods, command=command, timeout=timeout)
    for spec in specs:
        spec.load()  # a misspelt name is refused before the first video is made
    for spec in specs:
        report.add(run_method(spec, benchmark, Path(out), seeds=seeds, options=options))
    return report


def score(
    out: PathLike,
    bench: PathLike,
    *,
    scores: PathLike | None = None,
    protocols: Sequence[str] = ("mtbench",),
    methods: Sequence[str] = (),
    settings: JudgeSettings | None = None,
    options: WorkOptions | None = None,
) -> Scored:
    """Score the videos in `out` against a benchmark; see `metrics.scoring.score`.

    `scores` is `<out>/scores` unless given; `methods` are all those in `out` unless given.
    """
    from benchmark.engine import Report
    from benchmark.generated import SCORES_FOLDER
    from benchmark.store import read_benchmark
    from metrics.protocol import read_protocol
    from metrics.scoring import Scored, score

    folder = Path(scores) if scores is not None else Path(out) / SCORES_FOLDER
    benchmark = read_benchmark(Path(bench))
    chosen = [read_protocol(name) for name in protocols]
    whole = Scored(Report(), (), {})
    for protocol in chosen:
        one = score(Path(out), benchmark, folder, protocol, methods=methods, settings=settings, options=options)
        whole.report.add(one.report)
        whole = Scored(whole.report, one.tables, whole.unavailable | one.unavailable)
    return whole


def leaderboard(
    scores: PathLike | Sequence[PathLike], out: PathLike, *, bench: PathLike | None = None, percent: bool = False
) -> list[Path]:
    """Write tables and figures of one or more scores folders into `out`; see `leaderboards.build.build_leaderboard`.

    With `bench`, the figure of difficulty shows its clips' clusters too.
    """
    from benchmark.store import read_benchmark
    from leaderboards.build import build_leaderboard

    several = [scores] if isinstance(scores, str | Path) else scores
    clips = None
    if bench is not None:
        known = [(clip.id, clip.difficulty) for clip in read_benchmark(Path(bench)).clips]
        clips = [(clip, facts.level, facts.clusters) for clip, facts in known if facts]
    return build_leaderboard([Path(path) for path in several], Path(out), percent=percent, clips=clips)
