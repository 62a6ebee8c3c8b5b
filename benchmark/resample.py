"""Fewer frames and another size: which frames are kept, and where each pixel goes.

Positions are (x, y) with the centre of the first pixel at (0, 0), as in tracks everywhere in this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

Mode = Literal["crop", "pad"]


@dataclass(frozen=True)
class Geometry:
    """How a picture of one size becomes a picture of another; plain numbers, so that a manifest can record it.

    The source is scaled to `scaled_height` x `scaled_width` and then laid on the new picture with its top left
    corner at (`left`, `top`): negative offsets cut its edges away, positive ones leave black bars.

    Attributes:
        source_height, source_width: pixels before.
        height, width: pixels after.
        scaled_height, scaled_width: pixels of the whole source after scaling.
        left, top: pixels.
    """

    source_height: int
    source_width: int
    height: int
    width: int
    scaled_height: int
    scaled_width: int
    left: int
    top: int


def pick_frames(total: int, count: int) -> list[int]:
    """Choose `count` of `total` frames, evenly, first and last included: i*(total - 1) // (count - 1).

    This is rule `linspace-exact` of the metrics specification, section 2. A clip of `count` frames or fewer keeps
    them all; one frame of many is the first.

    Raises:
        ValueError: `total` or `count` is below 1.

    >>> pick_frames(49, 5)
    [0, 12, 24, 36, 48]
    """
    if total < 1 or count < 1:
        raise ValueError(f"cannot pick {count} of {total} frames, expected at least 1 of at least 1")
    if count >= total:
        return list(range(total))
    if count == 1:
        return [0]
    return [i * (total - 1) // (count - 1) for i in range(count)]


def fit(source_height: int, source_width: int, height: int, width: int, mode: Mode) -> Geometry:
    """Plan how to bring a picture to another size without distorting it, centred.

    Args:
        source_height: pixels before.
        source_width: pixels before.
        height: pixels after.
        width: pixels after.
        mode: `crop` fills the new picture and cuts what stands out; `pad` shows the whole source between black bars.
    """
    scales = (height / source_height, width / source_width)
    scale = max(scales) if mode == "crop" else min(scales)
    # one side fits exactly; rounding may change the other by less than a pixel, which maps and pictures share
    scaled_height = height if scale == scales[0] else max(1, round(source_height * scale))
    scaled_width = width if scale == scales[1] else max(1, round(source_width * scale))
    return Geometry(
        source_height=source_height,
        source_width=source_width,
        height=height,
        width=width,
        scaled_height=scaled_height,
        scaled_width=scaled_width,
        left=(width - scaled_width) // 2,
        top=(height - scaled_height) // 2,
    )


def fit_frames(frames: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Bring frames to another size: area averaging when they shrink, cubic interpolation when they grow.

    Args:
        frames: uint8 [T, source_height, source_width, 3].
        geometry: from `fit`.

    Returns:
        uint8 [T, height, width, 3]; bars are black.

    Raises:
        ValueError: the frames are not of the geometry's source size.
    """
    shrinks = geometry.scaled_height < geometry.source_height or geometry.scaled_width < geometry.source_width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    fitted = np.empty((len(frames), geometry.height, geometry.width, 3), np.uint8)
    for index, frame in enumerate(frames):
        fitted[index] = _lay(frame, geometry, interpolation)
    return fitted


def fit_mask(mask: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Bring a mask to another size by its nearest pixels: no new index appears, bars are background.

    Args:
        mask: uint8 [source_height, source_width], 0 background, 1.. objects.
        geometry: from `fit`.

    Returns:
        uint8 [height, width].

    Raises:
        ValueError: the mask is not of the geometry's source size.
    """
    # the exact variant looks up pixel centres, as the map of `map_points` does; the plain one looks up corners
    return _lay(mask, geometry, cv2.INTER_NEAREST_EXACT)


def map_points(points: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Move positions with the picture they lie on; they may leave it, and are never clipped.

    Args:
        points: float [..., 2], (x, y) in source pixels.
        geometry: from `fit`.

    Returns:
        An array of the same shape and type, in pixels of the new picture.
    """
    scale = np.array([geometry.scaled_width / geometry.source_width, geometry.scaled_height / geometry.source_height])
    offset = np.array([geometry.left, geometry.top])
    return ((points + 0.5) * scale - 0.5 + offset).astype(points.dtype)


def _lay(picture: np.ndarray, geometry: Geometry, interpolation: int) -> np.ndarray:
    if picture.shape[:2] != (geometry.source_height, geometry.source_width):
        expected = f"{geometry.source_height}x{geometry.source_width}"
        raise ValueError(f"the picture is {picture.shape[0]}x{picture.shape[1]} (height x width), expected {expected}")
    scaled = picture
    if picture.shape[:2] != (geometry.scaled_height, geometry.scaled_width):
        size = (geometry.scaled_width, geometry.scaled_height)
        scaled = cv2.resize(picture, size, interpolation=interpolation)
    laid = np.zeros((geometry.height, geometry.width, *picture.shape[2:]), picture.dtype)
    rows, source_rows = _overlap(geometry.top, geometry.scaled_height, geometry.height)
    columns, source_columns = _overlap(geometry.left, geometry.scaled_width, geometry.width)
    laid[rows, columns] = scaled[source_rows, source_columns]
    return laid


def _overlap(start: int, length: int, available: int) -> tuple[slice, slice]:
    """Return where a stretch laid at `start` shows, and which part of the stretch that is."""
    first, end = max(0, start), min(available, start + length)
    return slice(first, end), slice(first - start, end - start)
