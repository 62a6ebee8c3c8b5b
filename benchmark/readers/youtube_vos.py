"""YouTube-VOS 2018, 2019 and later: `<split>/JPEGImages`, `<split>/Annotations`, `<split>/meta.json`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmark.errors import InputError
from benchmark.readers.listing import images_in, masks_of, subfolders, text_of
from benchmark.sequence import Sequence, SourceObject

SHAPE = "JPEGImages beside meta.json, or train, valid, test folders that hold these"
OPTIONS = ("split", "year", "fps")

VIDEO_FPS = 30.0
"""Frame rate of the original videos: Xu et al., arXiv:1809.03327, section 3."""

ANNOTATION_FPS = 6.0
"""Rate of the annotations, every fifth frame of the original video, in every release: same section."""

ALL_FRAMES = "_all_frames"


def looks_like(path: Path) -> bool:
    """Say whether `path` has the shape of YouTube-VOS or of one of its splits."""
    return _is_split(path) or bool(_splits(path))


def read(path: Path, *, split: str | None = None, year: str | None = None, fps: float | None = None) -> list[Sequence]:
    """List the sequences of a split of YouTube-VOS.

    Three kinds of release differ in which frames they hold: every fifth, all, or every fifth numbered anew. The frame
    rate is told by two steps: that of the file numbers, and that of the annotated frames in `meta.json`, which lie
    1/6 s apart in every release. Masks belong to the frames of the same name; an object may first appear after frame 0.
    A split of all frames without annotations of its own takes those of the split beside it (`train_all_frames`:
    `train`).

    Args:
        path: the split's folder, or the folder of the splits.
        split: the split to read; needed when `path` holds several.
        year: the edition, recorded in `dataset`; nothing on disk tells it.
        fps: frames per second of the frame files, for a release in which the annotations do not tell.

    Raises:
        InputError: the split is not there or not chosen, `meta.json` is missing or broken, or the frame rate of a
            sequence cannot be determined.
    """
    folder = _choose_split(path, split)
    annotated = _annotated_folder(folder)
    videos = _videos(annotated / "meta.json") if (annotated / "meta.json").is_file() else {}
    step = _most_common_step(frames for video in videos.values() for frames in _annotated_frames(video))
    dataset = f"youtube-vos-{year}" if year else "youtube-vos"
    sequences = []
    for frames in subfolders(folder / "JPEGImages"):
        if images := images_in(frames):
            video = videos.get(frames.name, {})
            rate = fps if fps is not None else _rate(frames, images, video, step)
            sequences.append(
                Sequence(
                    dataset=dataset,
                    name=frames.name,
                    images=images,
                    fps=rate,
                    frame_step=max(1, round(VIDEO_FPS / rate)),
                    masks=masks_of(images, annotated / "Annotations" / frames.name),
                    objects=_objects(video, frames.name, annotated / "meta.json"),
                )
            )
    return sequences


def _rate(folder: Path, images: tuple[Path, ...], video: Mapping[str, Any], annotation_step: int | None) -> float:
    """Return the frames per second of the files in `folder`."""
    numbers = _numbers(images, folder)
    file_step = _most_common_step([numbers])
    last_annotated = max((max(frames) for frames in _annotated_frames(video) if frames), default=0)
    if file_step is None or annotation_step is None:
        found = "too few numbered frames" if file_step is None else "no annotated frames in meta.json"
    elif annotation_step % file_step:
        found = f"files numbered in steps of {file_step} and annotations in steps of {annotation_step}"
    elif last_annotated > numbers[-1]:
        found = f"files numbered up to {numbers[-1]} and annotations up to {last_annotated}"
    else:
        return ANNOTATION_FPS * annotation_step / file_step
    raise InputError(
        f"the frame rate of {folder} cannot be determined: found {found}, expected meta.json to annotate frames that "
        "are there; complete the download, or name the rate with --fps"
    )


def _numbers(images: tuple[Path, ...], folder: Path) -> list[int]:
    if odd := [image.name for image in images if not image.stem.isdecimal()]:
        raise InputError(f"{folder / odd[0]} is not named by its frame number, expected for example 00005.jpg")
    return sorted(int(image.stem) for image in images)


def _most_common_step(lists: Iterable[list[int]]) -> int | None:
    """Return the difference between neighbours that occurs most often; the smaller of equals; None without any."""
    steps = Counter(after - before for numbers in lists for before, after in pairwise(sorted(set(numbers))))
    return min(steps, key=lambda step: (-steps[step], step)) if steps else None


def _annotated_frames(video: Mapping[str, Any]) -> list[list[int]]:
    """Return the frame numbers at which each object of a video is annotated."""
    objects = video.get("objects", {}).values()
    return [[int(frame) for frame in entry.get("frames", [])] for entry in objects]


def _objects(video: Mapping[str, Any], name: str, meta: Path) -> tuple[SourceObject, ...]:
    objects = video.get("objects", {})
    if odd := [index for index in objects if not (index.isdecimal() and 1 <= int(index) <= 255)]:
        raise InputError(f"{meta}: video {name!r} has object {odd[0]!r}, expected numbers from 1 to 255")
    indices = sorted(objects, key=int)
    return tuple(SourceObject(int(index), objects[index].get("category")) for index in indices)


def _videos(meta: Path) -> dict[str, dict[str, Any]]:
    try:
        videos = json.loads(text_of(meta))["videos"]
        for video in videos.values():
            _annotated_frames(video)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{meta} cannot be used ({type(error).__name__}: {error}), expected "
            '{"videos": {<video>: {"objects": {<number>: {"category": ..., "frames": [...]}}}}}; download it again'
        ) from None
    return videos


def _is_split(path: Path) -> bool:
    frames = path / "JPEGImages"
    return frames.is_dir() and ((path / "meta.json").is_file() or path.name.endswith(ALL_FRAMES))


def _splits(path: Path) -> list[str]:
    return [folder.name for folder in subfolders(path) if _is_split(folder)]


def _annotated_folder(folder: Path) -> Path:
    beside = folder.with_name(folder.name.removesuffix(ALL_FRAMES))
    return folder if (folder / "meta.json").is_file() or not beside.is_dir() else beside


def _choose_split(path: Path, split: str | None) -> Path:
    if _is_split(path):
        if split not in (None, path.name):
            raise InputError(f"{path} is itself a split, so it holds no split {split!r}; give the folder above it")
        return path
    there = _splits(path)
    if not there:
        raise InputError(f"{path} is not YouTube-VOS: expected {SHAPE}; check the path")
    if split is None and len(there) == 1:
        return path / there[0]
    if split not in there:
        found = f"has no split {split!r}" if split else f"holds {len(there)} splits"
        raise InputError(f"{path} {found}; choose --split {' or '.join(there)}")
    return path / split
