"""Looking over a benchmark: what its clips are, and whether the files on disk are what the manifest says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from benchmark.errors import VmtbenchError
from benchmark.files import inside, sha256_of_file
from benchmark.manifest import CATEGORIES, LEVELS, PROMPT_KINDS, Category, Clip, Level
from benchmark.masks import read_mask
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.tracks import read_tracks
from benchmark.video import probe_video

FOLDERS = ("videos", "masks", "soft_masks", "tracks")
"""Where the files of clips lie; a file there that no clip names is noted."""

_CURE = "copy it back from where the benchmark came from, or run vmtbench build again with --existing redo"

_Finding = tuple[str, str]
"""A file's path inside the benchmark, and the sentence about it."""


@dataclass(frozen=True)
class ClipSummary:
    """One row of the table of clips; None where the clip has no tracks or no difficulty.

    Attributes:
        height, width: pixels.
        fps: frames per second.
        prompts, points: how many there are.
        visible_share: share of all track positions that are visible, 0 to 1.
    """

    id: str
    dataset: str
    frames: int
    height: int
    width: int
    fps: float
    category: Category
    level: Level | None
    clusters: int | None
    prompts: int
    points: int | None
    visible_share: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """Something about a file that a user should know.

    Attributes:
        clip: id of the clip it belongs to; None for a file that no clip names.
        file: the file's or folder's path inside the benchmark.
        what: one sentence: what was found, what was expected, what to do.
        severity: `error` when the clip cannot be used as its manifest line promises, else `note`.
    """

    clip: str | None
    file: str
    what: str
    severity: Literal["error", "note"] = "error"


@dataclass(frozen=True)
class Inspection:
    """What was seen.

    Attributes:
        clips: one row per clip, in manifest order.
        levels, categories, prompt_kinds: counts of clips, clips and prompts; words that do not occur count 0, and
            clips without difficulty count under no level.
        mean_clusters: over the clips that have a difficulty; None when none has.
        problems: errors in manifest order, then notes.
    """

    clips: tuple[ClipSummary, ...]
    levels: Mapping[str, int]
    categories: Mapping[str, int]
    prompt_kinds: Mapping[str, int]
    mean_clusters: float | None
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether every file is as the manifest says."""
        return not any(problem.severity == "error" for problem in self.problems)


def inspect_benchmark(bench: Benchmark) -> Inspection:
    """Sum up the clips and check every file they name.

    Videos are hashed and probed, not decoded; masks and tracks are read whole.
    """
    clips = bench.clips
    rated = [clip.difficulty for clip in clips if clip.difficulty]
    return Inspection(
        clips=tuple(_summary(clip) for clip in clips),
        levels=_counts(LEVELS, [difficulty.level for difficulty in rated]),
        categories=_counts(CATEGORIES, [clip.category for clip in clips]),
        prompt_kinds=_counts(PROMPT_KINDS, [prompt.kind for clip in clips for prompt in clip.prompts]),
        mean_clusters=fmean(difficulty.clusters for difficulty in rated) if rated else None,
        problems=(*(problem for clip in clips for problem in _clip_problems(bench.source(clip))), *_strays(bench)),
    )


def _summary(clip: Clip) -> ClipSummary:
    return ClipSummary(
        id=clip.id,
        dataset=clip.source.dataset,
        frames=clip.video.frames,
        height=clip.video.height,
        width=clip.video.width,
        fps=clip.video.fps,
        category=clip.category,
        level=clip.difficulty.level if clip.difficulty else None,
        clusters=clip.difficulty.clusters if clip.difficulty else None,
        prompts=len(clip.prompts),
        points=clip.tracks.points if clip.tracks else None,
        visible_share=clip.tracks.visible_share if clip.tracks else None,
        flags=clip.flags,
    )


def _counts(words: Sequence[str], found: Sequence[str]) -> dict[str, int]:
    counted = Counter(found)
    return {word: counted[word] for word in words}


def _clip_problems(source: Source) -> Iterator[Problem]:
    for check in (_video_problems, _mask_problems, _track_problems):
        for file, what in check(source):
            yield Problem(source.clip.id, file, what)


def _video_problems(source: Source) -> Iterator[_Finding]:
    file, facts = source.clip.file_name, source.clip.video
    try:
        path = source.video
        yield from _hash_problems(path, file, facts.sha256)
        if not path.is_file():
            return
        found = probe_video(path)
    except VmtbenchError as error:
        yield file, str(error)
        return
    if found.frames != facts.frames:
        yield file, f"{path} has {found.frames} frames, expected {facts.frames} as in the manifest; {_CURE}"
    if (found.height, found.width) != (facts.height, facts.width):
        sizes = f"{found.width}x{found.height}, expected {facts.width}x{facts.height}"
        yield file, f"{path} is {sizes} as in the manifest; {_CURE}"


def _mask_problems(source: Source) -> Iterator[_Finding]:
    masks = source.clip.masks
    if masks is None:
        return
    yield from _mask_folder_problems(source, masks.folder, masks.frames, soft=False)
    if masks.soft_folder:
        yield from _mask_folder_problems(source, masks.soft_folder, masks.frames, soft=True)


def _mask_folder_problems(source: Source, folder: str, frames: Sequence[int], *, soft: bool) -> Iterator[_Finding]:
    clip = source.clip
    size = (clip.video.height, clip.video.width)
    query = _query_mask(clip)
    missing: list[Path] = []
    for frame in frames:
        file = f"{folder}/{frame:05d}.png"
        try:
            path = source.mask(frame, soft=soft)
            assert path is not None
            if not path.is_file():
                missing.append(path)
                continue
            mask = read_mask(path)
        except VmtbenchError as error:
            yield file, str(error)
            continue
        if mask.shape != size:
            sizes = f"{mask.shape[1]}x{mask.shape[0]}, expected {size[1]}x{size[0]}"
            yield file, f"{path} is {sizes} like its video; {_CURE}"
        if frame == query and not mask.any():
            what = "is all background in the frame where points are chosen, expected an object"
            yield file, f"{path} {what}; mend the mask or leave the clip out"
    if missing:
        which = f"mask {missing[0]} is" if len(missing) == 1 else f"{len(missing)} masks, {missing[0]} the first, are"
        yield folder, f"{which} missing, expected {len(frames)} as in the manifest; {_CURE}"


def _query_mask(clip: Clip) -> int | None:
    """Frame of the mask that query points were chosen on: the query frame's, else the first there is."""
    frames = clip.masks.frames if clip.masks else ()
    start = clip.tracks.query_frame if clip.tracks else 0
    return start if start in frames else min(frames, default=None)


def _track_problems(source: Source) -> Iterator[_Finding]:
    facts = source.clip.tracks
    if facts is None:
        return
    try:
        path = inside(source.root, facts.file)
        yield from _hash_problems(path, facts.file, facts.sha256)
        if not path.is_file():
            return
        points, frames, _ = read_tracks(path).points.shape
    except VmtbenchError as error:
        yield facts.file, str(error)
        return
    if (points, frames) != (facts.points, source.clip.video.frames):
        expected = f"{facts.points} in {source.clip.video.frames} as in the manifest"
        yield facts.file, f"{path} has {points} points in {frames} frames, expected {expected}; {_CURE}"


def _hash_problems(path: Path, file: str, sha256: str) -> Iterator[_Finding]:
    if not path.is_file():
        yield file, f"{path} is missing, expected it as in the manifest; {_CURE}"
    elif (found := sha256_of_file(path)) != sha256:
        hashes = f"its sha256 begins {found[:8]}, expected {sha256[:8]} as in the manifest"
        yield file, f"{path} was changed since the benchmark was made: {hashes}; {_CURE}"


def _strays(bench: Benchmark) -> Iterator[Problem]:
    """Note what lies among the files of clips and is named by none; a folder of which nothing is named counts once."""
    named = {Path(file) for clip in bench.clips for file in _files(clip)}
    used = {Path(folder) for folder in FOLDERS} | {file.parent for file in named}
    found = (path for folder in FOLDERS for path in sorted((bench.root / folder).rglob("[!.]*")) if path.is_file())
    files = (path.relative_to(bench.root) for path in found)
    for stray in dict.fromkeys(file if file.parent in used else file.parent for file in files if file not in named):
        what = f"{bench.root / stray} is named by no clip, expected clips' files alone; move it away or delete it"
        yield Problem(None, stray.as_posix(), what, severity="note")


def _files(clip: Clip) -> Iterator[str]:
    yield clip.file_name
    if clip.masks:
        folders = [folder for folder in (clip.masks.folder, clip.masks.soft_folder) if folder]
        yield from (f"{folder}/{frame:05d}.png" for folder in folders for frame in clip.masks.frames)
    if clip.tracks:
        yield clip.tracks.file
