"""The first stage of a build: from a sequence on disk to a clip's video and masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.settings import CutSettings
from benchmark.errors import ItemError
from benchmark.files import remove, replace_atomically, sha256_of_file
from benchmark.masks import object_indices, read_mask, write_mask, write_soft_mask
from benchmark.resample import Geometry, fit, fit_frames, fit_mask, pick_frames
from benchmark.sequence import Sequence
from benchmark.video import Video, is_ready, read_images, read_video, write_video

ASPECT_TOLERANCE = 0.01
"""Shapes that differ by more than this share are another picture's."""


def cut(sequence: Sequence, clip: str, bench: Path, settings: CutSettings) -> dict[str, Any]:
    """Write `videos/<clip>.mp4` and `masks/<clip>/*.png`, and return what the manifest needs to know of them.

    Soft masks are written to `soft_masks/<clip>/*.png` as well, with all their levels. A video file that is H.264 of
    constant rate already and is not resampled is taken over byte for byte.

    Raises:
        ItemError: a frame, video or mask cannot be read, a mask is of another size than its frame, or there is but one
            frame.
    """
    video = _read(sequence)
    if len(video.frames) < 2:
        where = sequence.video or sequence.images[0].parent
        raise ItemError(f"{where} has 1 frame, expected at least 2, as there is no motion in one; leave the clip out")
    picked = pick_frames(len(video.frames), settings.frames or len(video.frames))
    geometry = _geometry(video.frames, settings)
    changed = geometry is not None or len(picked) != len(video.frames)
    frames = video.frames[picked] if len(picked) != len(video.frames) else video.frames
    frames = fit_frames(frames, geometry) if geometry else frames
    fps = video.fps * (len(picked) - 1) / (len(video.frames) - 1)

    published = _masks(sequence, picked, geometry, video.frames.shape[1:3])
    masks = {frame: object_indices(mask, soft=sequence.soft_masks) for frame, mask in published.items()}
    _write_masks(bench / "masks" / clip, masks, write_mask)
    _write_masks(bench / "soft_masks" / clip, published if sequence.soft_masks else {}, write_soft_mask)
    target = bench / "videos" / f"{clip}.mp4"
    with replace_atomically(target) as temporary:
        if sequence.video and not changed and is_ready(sequence.video):
            temporary.write_bytes(sequence.video.read_bytes())
            encoder = None
        else:
            encoder = asdict(write_video(temporary, frames, fps))
    short = settings.frames is not None and len(frames) < settings.frames
    return {
        "video": {
            "fps": round(fps, 6),
            "frames": len(frames),
            "height": frames.shape[1],
            "width": frames.shape[2],
            "sha256": sha256_of_file(target),
            "encoder": encoder,
        },
        "source_frames": len(video.frames),
        "picked": picked if len(picked) != len(video.frames) else None,
        "geometry": asdict(geometry) if geometry else None,
        "mask_frames": sorted(masks),
        "objects": sorted({int(index) for mask in masks.values() for index in np.unique(mask) if index}),
        "flags": [*video.flags, *(["short_clip"] if short else [])],
    }


def mask_folders(sequence: Sequence) -> tuple[str, ...]:
    """Return the folders of a benchmark in which a sequence has masks."""
    if not sequence.masks:
        return ()
    return ("masks", "soft_masks") if sequence.soft_masks else ("masks",)


def _read(sequence: Sequence) -> Video:
    if sequence.video:
        return read_video(sequence.video)
    assert sequence.fps is not None
    return Video(read_images(sequence.images), sequence.fps, ())


def _geometry(frames: NDArray[np.uint8], settings: CutSettings) -> Geometry | None:
    height, width = frames.shape[1:3]
    if settings.size in (None, (height, width)):
        return None
    return fit(height, width, *settings.size, settings.fit)


def _masks(
    sequence: Sequence, picked: list[int], geometry: Geometry | None, size: tuple[int, ...]
) -> dict[int, NDArray[np.uint8]]:
    """Return the masks of picked frames, uint8 [H, W] with their published values, by their frame in the clip."""
    masks = {}
    for frame, position in enumerate(picked):
        if path := sequence.masks.get(position):
            mask = _mask(path, size, soft=sequence.soft_masks)
            masks[frame] = fit_mask(mask, geometry) if geometry else mask
    return masks


def _mask(path: Path, size: tuple[int, ...], *, soft: bool) -> NDArray[np.uint8]:
    """Read a mask uint8 [H, W] at the size of its frame.

    Soft masks are pictures that somebody has scaled before, so one of the frame's shape is brought to its size by
    nearest pixels (specification §14); for indexed masks another size means that they belong to other frames.
    """
    mask = read_mask(path)
    (height, width), (frame_height, frame_width) = mask.shape, size
    if (height, width) == (frame_height, frame_width):
        return mask
    same_shape = abs((width * frame_height) / (height * frame_width) - 1) <= ASPECT_TOLERANCE
    if soft and same_shape:
        return fit_mask(mask, fit(height, width, frame_height, frame_width, "crop"))
    raise ItemError(
        f"mask {path} is {width}x{height}, expected {frame_width}x{frame_height} like its frame; "
        "resize the mask or take masks of the same resolution"
    )


def _write_masks(
    folder: Path, masks: dict[int, NDArray[np.uint8]], write: Callable[[Path, NDArray[np.uint8]], None]
) -> None:
    remove(folder)
    for frame, mask in masks.items():
        write(folder / f"{frame:05d}.png", mask)
