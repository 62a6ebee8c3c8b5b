"""Building a benchmark: read, select, cut, follow, describe, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.captions import caption_for
from annotate.category import category_of
from annotate.prompts import evaluation_prompts
from annotate.settings import BuildSettings, SourceSettings
from annotate.stages import Made, Named, cut_stage, follow_stage, select_stage
from annotate.trackers import DATASET, load_tracker
from benchmark.engine import Report, WorkOptions, claim_folder, failures
from benchmark.errors import InputError, ItemError, VmtbenchError
from benchmark.manifest import BenchmarkInfo, Clip, Rejected
from benchmark.names import clip_ids
from benchmark.ownership import begin_build, finish_build, refuse_foreign_folder
from benchmark.readers import read_dataset, recognise
from benchmark.sequence import Sequence
from benchmark.store import Benchmark, parse_record
from benchmark.versions import versions


@dataclass(frozen=True)
class Built:
    """A built benchmark, and what became of each item on the way."""

    benchmark: Benchmark
    report: Report


def build(
    source: Path, bench: Path, settings: BuildSettings | None = None, *, options: WorkOptions | None = None
) -> Built:
    """Make a benchmark folder `bench` of the data set at `source`.

    Run again with the same settings it does what is missing and keeps the rest. A sequence that fails is left out
    and named in the report; the others go on.

    Raises:
        InputError: the source is no data set, nothing passes the selection, or `bench` holds something else, was made
            with other settings or changed by hand, or is in use.
        ItemError: not one sequence could be made into a clip.
        OutputError: the disk filled up on the way; what was made stays.
    """
    settings, options = settings or BuildSettings(), options or WorkOptions()
    if settings.follow.tracker != DATASET:
        load_tracker(settings.follow.tracker)
    format = settings.source.format or recognise(source)
    sequences = _read(source, format, settings.source)
    recorded = {**settings.model_dump(mode="json", exclude={"name"}), "format": format}
    name = settings.name or source.resolve().name
    refuse_foreign_folder(bench)
    with claim_folder(bench):
        begin_build(bench, {"name": name, "folder": source.resolve().name, **recorded}, options.existing)
        chosen, rejected, report = select_stage(sequences, bench, settings.source, options)
        if not chosen:
            raise _nothing_chosen(source, rejected, report)
        made, cut_report = cut_stage(chosen, bench, settings.cut, options)
        followed, follow_report = follow_stage(chosen, made, bench, settings.follow, settings.seed, options)
        report.add(cut_report)
        report.add(follow_report)
        clips = _describe(chosen, made, followed, settings.seed, report)
        if not clips:
            key, reason = next(iter(failures(report)))
            raise ItemError(f"no sequence of {source} could be made into a clip; the first failure: {key}: {reason}")
        info = BenchmarkInfo(
            name=name,
            settings=recorded,
            provenance={"source": source.resolve().name, "annotators": _annotators(settings), "versions": versions()},
            rejected=tuple(rejected),
        )
        return Built(finish_build(bench, info, clips), report)


def _read(source: Path, format: str, settings: SourceSettings) -> dict[str, Sequence]:
    options = settings.model_dump(include={"split", "year", "resolution", "fps"})
    sequences = read_dataset(source, format=format, **options)
    if not sequences:
        raise InputError(f"{source} holds no sequence of format {format}; check the path, or name another --format")
    return dict(zip(clip_ids([sequence.name for sequence in sequences]), sequences, strict=True))


def _nothing_chosen(source: Path, rejected: list[Rejected], report: Report) -> InputError:
    reasons = [(entry.sequence, entry.reason) for entry in rejected] + list(failures(report))
    first = f"{reasons[0][0]}: {reasons[0][1]}"
    return InputError(f"none of {len(reasons)} sequences of {source} passes --select ({first}); loosen a criterion")


def _annotators(settings: BuildSettings) -> dict[str, str]:
    return {
        "captions": "data set, else the sequence's name",
        "prompts": "data set, else grammar",
        "masks": "data set",
        "tracks": settings.follow.tracker,
        "difficulty": "difficulty/v1",
    }


def _describe(chosen: Named, made: Made, followed: Made, seed: int, report: Report) -> list[Clip]:
    """Return the manifest's lines; a clip that cannot be described is a failed item of the report."""
    clips = []
    for clip in followed:
        try:
            clips.append(_clip(clip, chosen[clip], made[clip], followed[clip], seed))
        except VmtbenchError as error:
            report.failed[f"describe {clip}"] = str(error)
    return clips


def _clip(clip: str, sequence: Sequence, made: Mapping[str, Any], followed: Mapping[str, Any], seed: int) -> Clip:
    categories = [item.category for item in sequence.objects if item.category]
    caption = caption_for(sequence.name, sequence.caption, categories)
    objects = {item.index: item.category for item in sequence.objects}
    indices = made["objects"] or sorted(objects)
    masks = {
        "folder": f"masks/{clip}",
        "soft_folder": f"soft_masks/{clip}" if sequence.soft_masks else None,
        "frames": made["mask_frames"],
        "annotator": "dataset",
    }
    prompts = evaluation_prompts(caption, key=clip, seed=seed, given=sequence.prompts)
    record = {
        "file_name": f"videos/{clip}.mp4",
        "id": clip,
        "source": {
            "dataset": sequence.dataset,
            "sequence": sequence.name,
            "frame_step": sequence.frame_step,
            "frames": made["picked"],
            "geometry": made["geometry"],
        },
        "video": made["video"],
        "objects": [{"index": index, "category": objects.get(index)} for index in indices],
        "caption": caption.text,
        "verb": caption.verb,
        "category": category_of(caption, categories, len(indices)),
        "prompts": [prompt.model_dump() for prompt in prompts],
        "masks": masks if made["mask_frames"] else None,
        "tracks": followed["tracks"],
        "difficulty": followed["difficulty"],
        "licence": sequence.licence,
        "flags": [*made["flags"], *followed["flags"]],
    }
    return parse_record(Clip, record, f"clip {clip!r}")
