"""Query points on an object: drawn from its mask so that thin parts such as limbs are not missed.

Two variants of DeT's distance-weighted sampling, both giving a pixel the weight 1 / (foreground pixels near it):
`v1`, exact and independent of resolution, and `det-official`, the released annotation code to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from benchmark.errors import ItemError

RADIUS = 5.0  # px
RADIUS_HEIGHT = 480  # the frame height at which v1's radius is RADIUS
V1_MOST_PIXELS = 2**18
OFFICIAL_MOST_PIXELS = 4096

Pixels = NDArray[np.intp]  # [P, 2], (row, column)


class EmptyMask(ItemError):
    """There is nothing to sample from: the mask has no foreground (`empty_mask`)."""

    code = "empty_mask"


@dataclass(frozen=True)
class Sampled:
    """Query points and what must be said about them.

    Attributes:
        queries: float32 [N, 3], (t, x, y) in pixels, as a tracker takes them.
        flags: `few_points` when the mask had fewer pixels than points were asked for.
    """

    queries: NDArray[np.float32]
    flags: tuple[str, ...] = ()

    @property
    def points(self) -> NDArray[np.float32]:
        """Float32 [N, 2], (x, y) in pixels."""
        return self.queries[:, 1:]


def sample_queries(
    mask: NDArray[np.uint8],
    count: int,
    *,
    seed: int,
    frame: int = 0,
    variant: Literal["v1", "det-official"] = "v1",
) -> Sampled:
    """Draw `count` query points on the foreground of a mask, isolated pixels likelier than those amid many.

    A mask with fewer than `count` pixels gives them all, in reading order.

    Args:
        mask: uint8 [H, W], non-zero = foreground. Threshold a soft mask first (`mask >= 128`).
        count: points wanted, N.
        seed: the draw's own seed; no global random state is read or changed.
        frame: the frame the mask belongs to, copied into the queries.
        variant: `v1` (default) or `det-official`, whose points may repeat and whose radius is 5 px at any resolution.

    Raises:
        EmptyMask: when no pixel is foreground.

    Source: the DeT paper on MTBench's trajectories (which gives no formula) and DeT's annotation code.
    """
    pixels = np.argwhere(mask)
    if len(pixels) == 0:
        raise EmptyMask(
            "the mask is empty (empty_mask): expected at least one non-zero pixel; "
            "choose an object that is present in this frame"
        )
    if len(pixels) < count:
        chosen = pixels
    elif variant == "v1":
        chosen = _draw_v1(pixels, len(mask), count, seed)
    else:
        chosen = _draw_official(pixels, count, seed)
    queries = np.column_stack([np.full(len(chosen), frame), chosen[:, ::-1]]).astype(np.float32)
    return Sampled(queries, ("few_points",) if len(chosen) < count else ())


def neighbour_density(mask: NDArray[np.uint8], radius: float) -> NDArray[np.int64]:
    """For each foreground pixel the number of foreground pixels nearer than `radius` px, itself included.

    Args:
        mask: uint8 [H, W], non-zero = foreground.
        radius: in pixels; the limit is strict (a pixel at exactly this distance does not count).

    Returns:
        int64 [H, W], 0 on the background.
    """
    foreground = mask != 0
    reach = np.arange(-int(radius), int(radius) + 1)
    disc = reach[:, None] ** 2 + reach**2 < radius**2
    # Counts are whole numbers and the transform errs by far less than a half, so rounding makes them exact.
    counts = np.rint(fftconvolve(foreground.astype(np.float64), disc.astype(np.float64), mode="same"))
    return np.where(foreground, counts, 0).astype(np.int64)


def _draw_v1(pixels: Pixels, height: int, count: int, seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    if len(pixels) > V1_MOST_PIXELS:
        pixels = pixels[np.sort(rng.choice(len(pixels), V1_MOST_PIXELS, replace=False))]
    entries = np.zeros(pixels.max(0) + 1, np.uint8)
    entries[tuple(pixels.T)] = 1
    weights = 1 / neighbour_density(entries, RADIUS * height / RADIUS_HEIGHT)[tuple(pixels.T)]
    return pixels[rng.choice(len(pixels), min(count, len(pixels)), replace=False, p=weights / weights.sum())]


def _draw_official(pixels: Pixels, count: int, seed: int) -> Pixels:
    import torch

    generator = torch.Generator().manual_seed(seed)
    entries = torch.from_numpy(pixels)
    if len(entries) >= OFFICIAL_MOST_PIXELS:
        entries = entries[torch.randint(len(entries), (OFFICIAL_MOST_PIXELS,), generator=generator)]
    places = entries.float()
    density = (torch.cdist(places, places) < RADIUS).sum(1)
    weights = 1 / (density + 1e-6)
    chosen = torch.multinomial(
        weights / weights.sum(), min(count, len(entries)), replacement=False, generator=generator
    )
    return entries[chosen].numpy()
