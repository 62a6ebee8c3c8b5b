"""The stages of a build as items of the work engine: select, cut, follow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from annotate.cut import cut, mask_folders
from annotate.follow import follow
from annotate.settings import CutSettings, FollowSettings, SourceSettings
from benchmark.engine import Item, Report, WorkOptions, read_record, run_items
from benchmark.files import STATE_FOLDER
from benchmark.manifest import Rejected
from benchmark.selection import Criteria, reason_against
from benchmark.sequence import Sequence

Named = Mapping[str, Sequence]
"""Sequences by clip id."""
Made = Mapping[str, Mapping[str, Any]]
"""What a stage recorded, by clip id; clips that failed are absent."""


def select_stage(
    sequences: Named, bench: Path, settings: SourceSettings, options: WorkOptions
) -> tuple[Named, list[Rejected], Report]:
    """Return the sequences to take, those rejected with their reasons, and what became of the judging.

    With a limit, no more sequences are judged than it takes to reach it.
    """
    report, rejected, accepted = Report(), list[Rejected](), dict[str, Sequence]()
    limit = settings.limit or len(sequences)
    if settings.select is None:
        return dict(list(sequences.items())[:limit]), rejected, report
    waiting = list(sequences.items())
    while waiting and len(accepted) < limit:
        batch, waiting = waiting[:limit], waiting[limit:]
        items = {clip: _select_item(clip, sequence, bench, settings.select) for clip, sequence in batch}
        report.add(run_items("select", list(items.values()), options))
        for clip, sequence in batch:
            record = read_record(items[clip].record, items[clip].fingerprint)
            if record and record["reason"]:
                rejected.append(Rejected(sequence=sequence.name, reason=record["reason"]))
            elif record:
                accepted[clip] = sequence
    return dict(list(accepted.items())[:limit]), rejected, report


def cut_stage(sequences: Named, bench: Path, settings: CutSettings, options: WorkOptions) -> tuple[Made, Report]:
    """Write every clip's video and masks; see `annotate.cut`."""
    items = {
        clip: Item(
            key=f"cut {clip}",
            inputs={"files": _files(sequence), "fps": sequence.fps, "settings": settings.model_dump(mode="json")},
            work=partial(cut, sequence, clip, bench, settings),
            record=_record(bench, "cut", clip),
            outputs=(bench / "videos" / f"{clip}.mp4", *(bench / folder / clip for folder in mask_folders(sequence))),
        )
        for clip, sequence in sequences.items()
    }
    return _run("cut", items, options)


def follow_stage(
    sequences: Named, made: Made, bench: Path, settings: FollowSettings, seed: int, options: WorkOptions
) -> tuple[Made, Report]:
    """Write the tracks of every clip that was cut; see `annotate.follow`."""
    items = {
        clip: Item(
            key=f"tracks {clip}",
            inputs={"made": made[clip]["fingerprint"], "settings": settings.model_dump(mode="json"), "seed": seed},
            work=partial(follow, sequence, clip, bench, dict(made[clip]), settings, seed),
            record=_record(bench, "tracks", clip),
            outputs=(bench / "tracks" / f"{clip}.npz",),
        )
        for clip, sequence in sequences.items()
        if clip in made
    }
    return _run("tracks", items, options)


def _run(stage: str, items: Mapping[str, Item], options: WorkOptions) -> tuple[Made, Report]:
    report = run_items(stage, list(items.values()), options)
    records = {clip: read_record(item.record, item.fingerprint) for clip, item in items.items()}
    return {clip: record for clip, record in records.items() if record}, report


def _select_item(clip: str, sequence: Sequence, bench: Path, criteria: Criteria) -> Item:
    inputs = {"files": _files(sequence), "criteria": criteria.model_dump(mode="json")}
    return Item(f"select {clip}", inputs, partial(_judge, sequence, criteria), _record(bench, "select", clip))


def _judge(sequence: Sequence, criteria: Criteria) -> Mapping[str, Any]:
    return {"reason": reason_against(sequence, criteria)}


def _record(bench: Path, stage: str, clip: str) -> Path:
    return bench / STATE_FOLDER / stage / f"{clip}.json"


def _files(sequence: Sequence) -> list[list[Any]]:
    """Say which files a sequence is made of and what would show that one has changed; nothing is read."""
    files = [*sequence.images, *sequence.masks.values()]
    files += [path for path in (sequence.video, sequence.tracks) if path]
    return [[path.name, *_size_and_time(path)] for path in files]


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
