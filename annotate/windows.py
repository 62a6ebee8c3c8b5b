"""Following points through a clip longer than a tracker can hold: in windows that overlap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Found = tuple[NDArray[np.float32], NDArray[np.bool_]]
Follow = Callable[[slice, NDArray[np.float32]], Found]
"""Follows queries float32 [n, 3], their frames counted from the slice's first, through the slice's t frames: points
float32 [n, t, 2] and visible bool [n, t]."""


def follow_in_windows(follow: Follow, count: int, queries: NDArray[np.float32], *, length: int, overlap: int) -> Found:
    """Follow `queries` float32 [N, 3] (t, x, y) px through `count` frames, at most `length` of them at a time.

    Each point is followed in the first window that holds its query frame, then from window to window either way. The
    next window queries it where the last one saw it, as near to the new frames as the frames they share allow. A point
    unseen in all of these is followed from its estimated place but stays invisible from there on, as a new query would
    follow whatever hides it.

    Returns:
        points float32 [N, count, 2] and visible bool [N, count]. A clip of one window is followed in one call.
    """
    spans = window_spans(count, length, overlap)
    home = np.searchsorted([span.stop for span in spans], queries[:, 0], side="right")
    points = np.zeros((len(queries), count, 2), np.float32)
    visible = np.zeros((len(queries), count), bool)

    def fill(active: NDArray[np.bool_], window: slice, new: slice, starts: NDArray[np.float32]) -> None:
        if active.any():
            found, seen = follow(window, starts - np.array([window.start, 0, 0], np.float32))
            part = slice(new.start - window.start, new.stop - window.start)
            points[active, new], visible[active, new] = found[:, part], seen[:, part]

    def carry(active: NDArray[np.bool_], window: slice, new: slice, shared: range) -> None:
        seen = visible[active][:, shared]
        at = np.array(shared)[seen.argmax(axis=1)]
        fill(active, window, new, np.column_stack([at, points[active, at]]).astype(np.float32))
        visible[active, new] &= seen.any(axis=1, keepdims=True)

    for index, window in enumerate(spans):
        fill(home == index, window, window, queries[home == index])
    for index, (before, after) in enumerate(pairwise(spans)):
        shared = range(before.stop - 1, after.start - 1, -1)
        carry(home <= index, after, slice(before.stop, after.stop), shared)
    for index, (before, after) in reversed(list(enumerate(pairwise(spans)))):
        carry(home > index, before, slice(before.start, after.start), range(after.start, before.stop))
    return points, visible


def window_spans(count: int, length: int, overlap: int) -> list[slice]:
    """Cut `count` frames into windows of `length`, the last perhaps shorter, each sharing `overlap` with the next."""
    return [slice(t, min(t + length, count)) for t in range(0, max(count - overlap, 1), length - overlap)]
