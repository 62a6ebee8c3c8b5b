"""Regular grids of query points, laid out as CoTracker lays them, and the box of an object that limits them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmark.errors import ItemError

HEIGHT, WIDTH = 384, 512
"""The frame CoTracker works in, in px."""

Scale = Literal["corners", "size"]
"""How CoTracker brings positions from its frame to the video's: since version 2 by (W-1)/511 and (H-1)/383, which keeps
the corner pixels' centres in place; in version 1 by the ratios of the sizes, W/512 and H/384."""

MARGIN = WIDTH / 64
"""Distance of a grid from the frame's edges on all four sides, in px."""


class NoQueries(ItemError):
    """A mask gives no place to query; `code` is the reason as scores record it: `empty_mask` or `empty_box`."""

    def __init__(self, code: str, clause: str) -> None:
        super().__init__(code, clause)  # both, so that it survives pickling between workers
        self.code, self.clause = code, clause

    def __str__(self) -> str:
        return self.clause


def grid_queries(
    size: int,
    width: int,
    height: int,
    *,
    mask: NDArray[np.uint8] | None = None,
    frame: int = 0,
    scale: Scale = "corners",
) -> NDArray[np.float32]:
    """Lay `size` x `size` points over a video's frame, evenly in CoTracker's frame of 384 x 512.

    Mirrors `grid_size` and `segm_mask` of the CoTracker predictor (specification §3.1). Torch does the arithmetic, as
    there, so that ties round alike.

    Args:
        size: points along either side; one point is the frame's centre.
        width: of the video in px.
        height: of the video in px.
        mask: uint8 of any shape [h, w], stretched over the frame; points where it is 0 are left out.
        frame: the query frame of every point.
        scale: how positions are brought to the video's size.

    Returns:
        float32 [N, 3], (t, x, y) in px of the video, row by row; N = size² without a mask, perhaps 0 with one.
    """
    points = _grid(size)
    if mask is not None:
        stretched = functional.interpolate(torch.tensor(mask)[None, None].float(), (HEIGHT, WIDTH), mode="nearest")
        column, row = points.round().long().T
        points = points[stretched[0, 0, row, column] != 0]
    points = points * points.new_tensor(video_scale(width, height, scale))
    return np.column_stack([np.full(len(points), frame, np.float32), points.numpy()])


def video_scale(width: int, height: int, scale: Scale = "corners") -> tuple[float, float]:
    """The factors (x, y) from positions in CoTracker's frame to px of a video of `width` x `height`."""
    if scale == "size":
        return width / WIDTH, height / HEIGHT
    return (width - 1) / (WIDTH - 1), (height - 1) / (HEIGHT - 1)


def box_mask(mask: NDArray[np.uint8], *, rule: Literal["exclusive", "inclusive"]) -> NDArray[np.uint8]:
    """Fill the upright box around the foreground (non-zero pixels) of a mask uint8 [H, W]; the box is 1, the rest 0.

    `exclusive` leaves out the box's last row and column, as DeT's and DMT's code does (specification §3.2).

    Raises:
        NoQueries: there is no foreground (`empty_mask`), or nothing is left of its box (`empty_box`).
    """
    rows, columns = (np.unique(places) for places in mask.nonzero())
    if not len(rows):
        raise NoQueries("empty_mask", "the mask has no foreground pixel, expected an object to query; check the mask")
    last = 1 if rule == "inclusive" else 0
    box = np.zeros_like(mask)
    box[rows[0] : rows[-1] + last, columns[0] : columns[-1] + last] = 1
    if not box.any():
        raise NoQueries(
            "empty_box",
            f"the object of {columns[-1] - columns[0] + 1} x {rows[-1] - rows[0] + 1} px has an empty box without its "
            "last row and column, as the official code takes it; use the inclusive box",
        )
    return box


def _grid(size: int) -> torch.Tensor:
    """Points float32 [size², 2], (x, y), row by row over CoTracker's frame."""
    if size == 1:
        return torch.tensor([[WIDTH / 2, HEIGHT / 2]])
    x, y = (torch.linspace(MARGIN, side - MARGIN, size) for side in (WIDTH, HEIGHT))
    return torch.cartesian_prod(y, x).flip(1)
