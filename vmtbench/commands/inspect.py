"""`vmtbench inspect`: is a benchmark whole, and what does it hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmtbench.options import Config, Debug, Json, Offline, Quiet, output_for
from vmtbench.output import Output

if TYPE_CHECKING:
    from benchmark.inspection import Inspection

COLUMNS = ("clip", "category", "level", "clusters", "frames", "size", "fps", "prompts", "points", "visible", "flags")


def command(
    bench: Annotated[Path, typer.Argument(help="Benchmark folder.")],
    sheets: Annotated[
        Path | None, typer.Option(help="Folder for a contact sheet per clip: frames with masks and tracks drawn.")
    ] = None,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
    config: Config = None,
) -> None:
    """Check a benchmark's manifest and files, and show its clips, levels and categories.

    Exit status 1 says that a file is not what the manifest promises.

    For example:

        vmtbench inspect bench
        vmtbench inspect bench --sheets sheets
    """
    import dataclasses

    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=offline)
    inspection = api.inspect(bench, sheets=sheets)
    output.result({"sound": inspection.sound, **dataclasses.asdict(inspection)})
    _show(inspection, str(bench), output)
    for problem in inspection.problems:
        output.warn(f"{problem.severity}{f' {problem.clip}' if problem.clip else ''}: {problem.what}")
    raise typer.Exit(0 if inspection.sound else 1)


def _show(inspection: Inspection, title: str, output: Output) -> None:
    rows = [
        (
            clip.id,
            clip.category,
            clip.level,
            clip.clusters,
            clip.frames,
            f"{clip.width}x{clip.height}",
            round(clip.fps, 2),
            clip.prompts,
            clip.points,
            None if clip.visible_share is None else f"{clip.visible_share:.0%}",
            ", ".join(clip.flags),
        )
        for clip in inspection.clips
    ]
    output.table(COLUMNS, rows, title=title)
    mean = inspection.mean_clusters
    output.say(f"clips: {len(rows)}, {'all files as the manifest says' if inspection.sound else 'with errors'}")
    output.say(f"levels: {_words(inspection.levels)}" + ("" if mean is None else f"; {mean:.2f} clusters on average"))
    output.say(f"categories: {_words(inspection.categories)}")
    output.say(f"prompts: {_words(inspection.prompt_kinds)}")


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items())
