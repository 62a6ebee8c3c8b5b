"""What every point tracker takes and gives, whatever is inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from annotate.grids import Scale
from benchmark.errors import ItemError
from benchmark.tracks import Tracks


class Tracker(Protocol):
    """A point tracker; its name and settings are recorded with every track and every score made from one."""

    @property
    def name(self) -> str:
        """The tracker's short name, for example `dis`."""
        ...

    @property
    def settings(self) -> Mapping[str, str | int | float | bool]:
        """Everything besides the name that changes the tracks, ready for JSON."""
        ...

    @property
    def grid_scale(self) -> Scale:
        """How grids of queries are laid out over a video for it; see `annotate.grids`."""
        ...

    def track(self, frames: NDArray[np.uint8], queries: NDArray[np.float32], *, support_grid: bool = True) -> Tracks:
        """Follow points through a whole clip, forwards and backwards from the frame each is queried at.

        At its own query frame a point lies exactly at its query and is visible. Positions may leave the frame and are
        never clipped; where a point is not visible its position is the tracker's extrapolation.

        Args:
            frames: uint8 [T, H, W, 3] RGB, T >= 1.
            queries: float32 [N, 3], (t, x, y): frame index (a whole number in 0..T-1) and position in pixels.
            support_grid: whether a tracker that follows points jointly may add some of its own, spread over the frame,
                which help the queried ones and are left out of the tracks.

        Raises:
            ItemError: when a query is not finite or its frame is not one of the clip's.
        """
        ...


def query_frames(queries: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The frame of each of `queries` float32 [N, 3] (t, x, y) in a clip of `count` frames, int [N].

    Raises:
        ItemError: when a query is not finite or its frame is not one of the clip's.
    """
    if not np.isfinite(queries).all():
        raise ItemError("queries hold NaN or infinite values; expected a finite (t, x, y) each: sample them anew")
    frames = queries[:, 0].astype(np.intp)
    wrong = queries[(frames != queries[:, 0]) | (frames < 0) | (frames >= count), 0]
    if len(wrong):
        raise ItemError(
            f"queries name frame {wrong[0]:g}, but the clip has frames 0 to {count - 1}; query frames it has"
        )
    return frames
