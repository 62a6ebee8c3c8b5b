"""Places text labels beside points so that no label hides a point or another label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], dtype=float)
_RINGS = 12


def place_labels(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    bounds: tuple[float, float, float, float],
    gap: float,
) -> NDArray[np.float64]:
    """Greedy label placement: each label takes the nearest free place in one of eight directions.

    A place is free when its box lies inside `bounds` and touches no marker and no label placed before; when no place
    is free the label takes the one with the least overlap.

    Args:
        points: [N, 2] marker centres (x, y) in pixels.
        sizes: [N, 2] label width and height in pixels.
        bounds: x0, y0, x1, y1 of the area for labels in pixels.
        gap: pixels between a marker's centre and its nearest label; markers count as squares of this half side.

    Returns:
        [N, 2] label centres in pixels.
    """
    obstacles = np.hstack([points - 0.8 * gap, points + 0.8 * gap])
    centres = np.empty_like(points)
    for index, (point, size) in enumerate(zip(points, sizes, strict=True)):
        candidates = _candidates(point, size, gap)
        boxes = np.hstack([candidates - size / 2, candidates + size / 2])
        cost = _overlap(boxes, obstacles).sum(axis=1) + _outside(boxes, bounds)
        best = int(np.argmin(cost))  # the first of equals, hence the nearest
        centres[index] = candidates[best]
        obstacles = np.vstack([obstacles, boxes[best]])
    return centres


def _candidates(point: NDArray[np.float64], size: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """[8 · rings, 2] label centres around a point, nearest ring first."""
    rings = gap * (1 + np.arange(_RINGS))[:, None, None]
    return (point + _DIRECTIONS * (size / 2 + rings)).reshape(-1, 2)


def _overlap(boxes: NDArray[np.float64], obstacles: NDArray[np.float64]) -> NDArray[np.float64]:
    """[B, O] areas shared by each box and each obstacle."""
    low = np.maximum(boxes[:, None, :2], obstacles[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], obstacles[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2)


def _outside(boxes: NDArray[np.float64], bounds: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """[B] areas of the boxes that lie outside the bounds."""
    inside = _overlap(boxes, np.array([bounds]))[:, 0]
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - inside
