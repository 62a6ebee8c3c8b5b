"""One clip of a benchmark with its files, read when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.files import inside
from benchmark.manifest import Clip
from benchmark.tracks import Tracks, read_tracks


@dataclass(frozen=True)
class Source:
    """A clip's manifest line and the folder it lies in; picklable and small, as what is read is not kept."""

    root: Path
    clip: Clip

    @property
    def video(self) -> Path:
        """The clip's video file."""
        return inside(self.root, self.clip.file_name)

    @property
    def frames(self) -> NDArray[np.uint8]:
        """Frames uint8 RGB [T, H, W, 3], decoded each time they are asked for."""
        from benchmark.video import read_video

        return read_video(self.video).frames

    @property
    def tracks(self) -> Tracks | None:
        """The clip's tracks in pixels, or None when it has none; raises `ItemError` when the file is unusable."""
        return read_tracks(inside(self.root, self.clip.tracks.file)) if self.clip.tracks else None

    def mask(self, frame: int, *, soft: bool = False) -> Path | None:
        """The mask file of a frame, or None when the clip has none for it; with `soft` the grey one where there is."""
        masks = self.clip.masks
        if masks is None or frame not in masks.frames:
            return None
        folder = (masks.soft_folder if soft else None) or masks.folder
        return inside(self.root, f"{folder}/{frame:05d}.png")
