"""The first stage of a build: from a sequence on disk to a clip's video and masks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.settings import CutSettings
from benchmark.errors import ItemError
from benchmark.files import remove, replace_atomically, sha256_of_file
from benchmark.masks import object_indices, read_mask, write_mask
from benchmark.resample import Geometry, fit, fit_frames, fit_mask, pick_frames
from benchmark.sequence import Sequence
from benchmark.video import Video, is_ready, read_images, read_video, write_video


def cut(sequence: Sequence, clip: str, bench: Path, settings: CutSettings) -> dict[str, Any]:
    """Write `videos/<clip>.mp4` and `masks/<clip>/*.png`, and return what the manifest needs to know of them.

    A video file that is H.264 of constant rate already and is not resampled is taken over byte for byte.

    Raises:
        ItemError: a frame, video or mask cannot be read, or a mask is of another size than its frame.
    """
    video = _read(sequence)
    picked = pick_frames(len(video.frames), settings.frames or len(video.frames))
    geometry = _geometry(video.frames, settings)
    changed = geometry is not None or len(picked) != len(video.frames)
    frames = video.frames[picked] if len(picked) != len(video.frames) else video.frames
    frames = fit_frames(frames, geometry) if geometry else frames
    fps = video.fps * (len(picked) - 1) / (len(video.frames) - 1) if len(picked) > 1 else video.fps

    masks = _masks(sequence, picked, geometry, video.frames.shape[1:3])
    _write_masks(bench / "masks" / clip, masks)
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
        "picked": picked if len(picked) != len(video.frames) else None,
        "geometry": asdict(geometry) if geometry else None,
        "mask_frames": sorted(masks),
        "objects": sorted({int(index) for mask in masks.values() for index in np.unique(mask) if index}),
        "flags": [*video.flags, *(["short_clip"] if short else [])],
    }


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
    """Return the masks of picked frames, uint8 [H, W] of indices, by their frame in the clip."""
    masks = {}
    for frame, position in enumerate(picked):
        if path := sequence.masks.get(position):
            mask = object_indices(read_mask(path), soft=sequence.soft_masks)
            if mask.shape != size:
                raise ItemError(
                    f"mask {path} is {mask.shape[1]}x{mask.shape[0]}, expected {size[1]}x{size[0]} like its frame; "
                    "resize the mask or take masks of the same resolution"
                )
            masks[frame] = fit_mask(mask, geometry) if geometry else mask
    return masks


def _write_masks(folder: Path, masks: dict[int, NDArray[np.uint8]]) -> None:
    remove(folder)
    for frame, mask in masks.items():
        write_mask(folder / f"{frame:05d}.png", mask)
