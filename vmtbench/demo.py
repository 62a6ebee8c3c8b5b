"""The demo: the whole chain once, on sample clips, with the control methods."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.engine import Report, WorkOptions
from vmtbench import api
from vmtbench.footage import make_clips


@dataclass(frozen=True)
class Demo:
    """What the demo made: files by what they are, and the outcome of every item."""

    files: dict[str, list[Path]]
    report: Report

    @property
    def board(self) -> Path:
        """The leaderboard as Markdown."""
        return next(path for path in self.files["leaderboard"] if path.suffix == ".md")


def make_demo(out: Path, *, options: WorkOptions | None = None) -> Demo:
    """Render clips, build a benchmark of them, run all controls, score and compare them, all inside `out`.

    Raises:
        InputError: `out` holds something else, or is in use.
        OutputError: the disk filled up on the way; run it again to go on.
    """
    from annotate.settings import BuildSettings

    options = options or WorkOptions()
    clips, bench, videos, board = out / "clips", out / "bench", out / "videos", out / "leaderboard"
    report = make_clips(clips, options)
    report.add(api.build(clips, bench, settings=BuildSettings(name="demo"), options=options).report)
    api.inspect(bench, sheets=out / "sheets")
    report.add(api.run(["controls"], bench, videos, options=options))
    scored = api.score(videos, bench, options=options)
    report.add(scored.report)
    files = {
        "benchmark": [bench / "benchmark.json", bench / "metadata.jsonl"],
        "contact sheets": sorted((out / "sheets").glob("*.png")),
        "videos": sorted(path for path in videos.iterdir() if (path / "method.json").exists()),
        "scores": list(scored.tables),
        "leaderboard": api.leaderboard(videos / "scores", board, bench=bench),
    }
    return Demo(files, report)
