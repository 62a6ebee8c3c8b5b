"""One video of a data set as it lies on disk, before anything is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SourceObject:
    """One annotated object: its index in the masks (1..255) and its category, where the data set names one."""

    index: int
    category: str | None = None


@dataclass(frozen=True)
class Sequence:
    """A lazy handle on one video of a data set.

    Attributes:
        dataset: the data set and its version, for example `davis-2017` or `youtube-vos`.
        name: the data set's own name of the sequence.
        images: frame files in order, when the data set holds frames.
        video: the video file, when it holds videos; exactly one of `images` and `video` is set.
        fps: frames per second of what is on disk; None for a video file, which knows its own.
        frame_step: how many frames of the original recording one frame on disk stands for.
        masks: mask file per frame index (0-based position in the sequence); only files sure to belong to that frame.
        soft_masks: the masks are grey images whose foreground is a threshold, not indices.
        objects: annotated objects; empty when the data set does not say.
        caption: the data set's own description.
        prompts: the data set's own evaluation prompts.
        tracks: the data set's own tracks file.
        licence: the licence of the pictures, as the data set states it.
    """

    dataset: str
    name: str
    images: tuple[Path, ...] = ()
    video: Path | None = None
    fps: float | None = None
    frame_step: int = 1
    masks: Mapping[int, Path] = field(default_factory=dict)
    soft_masks: bool = False
    objects: tuple[SourceObject, ...] = ()
    caption: str | None = None
    prompts: tuple[str, ...] = ()
    tracks: Path | None = None
    licence: str = "unknown"
