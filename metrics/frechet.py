"""The discrete Fréchet distance of many pairs of tracks at once."""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks


def discrete_frechet(first: Array, second: Array) -> Tensor:
    """Discrete Fréchet distance of each pair of index-matched tracks, with Euclidean ground distance.

    The smallest leash that lets two walkers go from the first to the last points, each advancing by at most one
    point at a time and never going back. Time O(N·T·S), memory O(N·(T+S)); runs on the device of its arguments.

    Args:
        first: tracks [N, T, 2], any unit.
        second: tracks [N, S, 2], same unit; S may differ from T.

    Returns:
        float64 [N], in the unit of the tracks; NaN for a pair that holds NaN.

    Raises:
        ValueError: a set is not [N, T, 2], the counts differ, or a set has no frames.

    Source: Eiter and Mannila 1994, the coupling recursion; specification §4.1.
    """
    first, second = as_tracks(first), as_tracks(second)
    (n, t, _), s = first.shape, second.shape[1]
    if second.shape[0] != n or min(t, s) < 1:
        raise ValueError(f"tracks {[*first.shape]} and {[*second.shape]}; expected equal N and 1 or more frames")

    # Cells (i, j) with i + j = d depend only on the two diagonals before, so the table is swept by diagonals. With
    # frames before tracks and the second set reversed in time, a diagonal is a contiguous slab of both sets.
    rows = first.permute(2, 1, 0).contiguous()
    columns = second.flip(1).permute(2, 1, 0).contiguous()
    offsets = rows.new_empty(2, min(t, s), n)
    # Squared costs of three diagonals; cell (i, j) lies in row i + 1, and what is outside the table costs infinity.
    before, last, current = (rows.new_full((t + 1, n), torch.inf) for _ in range(3))
    last[1] = (rows[:, 0] - columns[:, s - 1]).square().sum(0)
    for d in range(1, t + s - 1):
        start, stop = max(0, d - s + 1), min(t, d + 1)
        shift = s - 1 - d
        x, y = torch.sub(rows[:, start:stop], columns[:, start + shift : stop + shift], out=offsets[:, : stop - start])
        squared_distance = x.square_().addcmul_(y, y)
        cost = current[start + 1 : stop + 1]
        torch.minimum(last[start:stop], last[start + 1 : stop + 1], out=cost)
        torch.minimum(cost, before[start:stop], out=cost)
        torch.maximum(cost, squared_distance, out=cost)
        before, last, current = last, current, before
    return last[t].sqrt()
