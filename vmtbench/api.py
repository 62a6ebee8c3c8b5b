"""The verbs of the command line as Python functions; each imports what it needs when it is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from annotate.build import Built
    from annotate.settings import BuildSettings
    from benchmark.engine import Report, WorkOptions
    from benchmark.inspection import Inspection
    from leaderboards.correlation import Level
    from metrics.explain import Explained
    from metrics.scoring import Scored
    from metrics.settings import JudgeSettings

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
    from benchmark.generated import SCORES_FOLDER
    from benchmark.store import read_benchmark
    from metrics.protocol import read_protocol
    from metrics.scoring import score

    folder = Path(scores) if scores is not None else Path(out) / SCORES_FOLDER
    benchmark = read_benchmark(Path(bench))
    chosen = [read_protocol(name) for name in protocols]
    return score(Path(out), benchmark, folder, chosen, methods=methods, settings=settings, options=options)


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


def compare(
    first: str, second: str, scores: PathLike | Sequence[PathLike], *, protocols: Sequence[str] = (), seed: int = 0
) -> pd.DataFrame:
    """Compare two methods clip by clip under every metric; see `leaderboards.comparison.compare`.

    `protocols` are names, with or without version; all that the scores hold unless given.
    """
    from leaderboards.comparison import compare

    return compare(_read_scores(scores, protocols), first, second, seed=seed)


def correlate(
    scores: PathLike | Sequence[PathLike], *, level: Level = "clip", protocols: Sequence[str] = ()
) -> pd.DataFrame:
    """Correlate every two metrics of a protocol; see `leaderboards.correlation.metric_correlations`."""
    from leaderboards.correlation import metric_correlations

    return metric_correlations(_read_scores(scores, protocols), level=level)


def correlate_with_ranks(
    scores: PathLike | Sequence[PathLike], ranks: PathLike, *, protocols: Sequence[str] = ()
) -> pd.DataFrame:
    """Correlate every metric with a user study; see `leaderboards.correlation.rank_correlations`.

    `ranks` is a CSV with the columns aspect, method and average_rank, lower being better.
    """
    from leaderboards.correlation import rank_correlations, read_ranks

    return rank_correlations(_read_scores(scores, protocols), read_ranks(Path(ranks)))


def explain(
    metric: str | None = None,
    *,
    tracks: tuple[PathLike, PathLike] | None = None,
    size: tuple[int, int] | None = None,
    seed: int = 0,
) -> list[Explained]:
    """Explain a metric, and after it those that it is confused with; all motion metrics unless one is named.

    How they behave is computed on exact tracks of two rendered scenes, or on two tracks files of a benchmark, a
    reference and something unrelated, of videos of `size` (width, height); see `metrics.explain.explain`.

    Raises:
        InputError: there is no metric of that name, or tracks come without size.
    """
    from benchmark.errors import InputError
    from metrics.explain import explain, to_explain
    from metrics.perturbations import read_sets, rendered_sets

    names = to_explain(metric)
    if tracks is None:
        return explain(names, *rendered_sets(), seed=seed)
    if size is None:
        raise InputError("tracks were given without the size of their videos, which norm coordinates need; give both")
    return explain(names, *read_sets((Path(tracks[0]), Path(tracks[1])), size), seed=seed)


def _read_scores(scores: PathLike | Sequence[PathLike], protocols: Sequence[str]) -> pd.DataFrame:
    """Read scores, and keep those of `protocols` if any are named."""
    from benchmark.registry import unknown
    from leaderboards.scores import read_scores

    several = [scores] if isinstance(scores, str | Path) else scores
    table = read_scores([Path(path) for path in several])
    if not protocols:
        return table
    names = table["protocol"].str.partition("@")[0]
    for protocol in protocols:
        if protocol not in {*table["protocol"], *names}:
            raise unknown("protocol in these scores", protocol, table["protocol"].unique())
    return table[table["protocol"].isin(protocols) | names.isin(protocols)]
