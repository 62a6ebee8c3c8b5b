"""The discrete Fréchet distance of many pairs of tracks at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks
from metrics.blocks import blocks_of, share

PairsOf = Callable[[range], tuple[Tensor, Tensor]]


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
    if first.shape[0] != second.shape[0] or min(first.shape[1], second.shape[1]) < 1:
        raise ValueError(f"tracks {[*first.shape]} and {[*second.shape]}; expected equal N and 1 or more frames")
    rows, columns = _by_frame(first), _by_frame(second.flip(1))

    def pairs(block: range) -> tuple[Tensor, Tensor]:
        return rows[..., block.start : block.stop], columns[..., block.start : block.stop]

    return _distances(rows, columns, len(first), pairs)


def frechet_matrix(first: Array, second: Array) -> Tensor:
    """Discrete Fréchet distance of every track of one set to every track of another.

    Time O(N·M·T·S), memory O(N·M) beyond blocks of fixed size; runs on the device of its arguments.

    Args:
        first: tracks [N, T, 2], any unit.
        second: tracks [M, S, 2], same unit.

    Returns:
        float64 [N, M], in the unit of the tracks; NaN where a track holds NaN.

    Raises:
        ValueError: a set is not [N, T, 2] or has no frames.

    Source: as `discrete_frechet`.
    """
    first, second = as_tracks(first), as_tracks(second)
    if min(first.shape[1], second.shape[1]) < 1:
        raise ValueError(f"tracks {[*first.shape]} and {[*second.shape]}; expected 1 or more frames")
    rows, columns = _by_frame(first), _by_frame(second.flip(1))
    n, m = len(first), len(second)

    def pairs(block: range) -> tuple[Tensor, Tensor]:
        indices = torch.arange(block.start, block.stop, device=rows.device)
        return rows[..., indices // m], columns[..., indices % m]

    return _distances(rows, columns, n * m, pairs).view(n, m)


def _by_frame(tracks: Tensor) -> Tensor:
    """[N, T, 2] as [2, T, N]: the neighbouring numbers of an operation belong to different tracks."""
    return tracks.permute(2, 1, 0).contiguous()


def _distances(rows: Tensor, columns: Tensor, count: int, pairs: PairsOf) -> Tensor:
    """Distances [count]; `pairs` gives the two sides of a block of pairs, [2, T, k] and [2, S, k] in reverse time."""
    distances = rows.new_empty(count)
    t, s = rows.shape[1], columns.shape[1]
    blocks = blocks_of(count, min(t, s), rows.device)

    def work(blocks: Sequence[range]) -> None:
        sweep = _Sweep(t, s, max(map(len, blocks)), rows)
        for block in blocks:
            distances[block.start : block.stop] = sweep.distances(*pairs(block))

    if blocks:
        share(work, blocks, rows.device)
    return distances


class _Sweep:
    """The coupling recursion for `width` pairs at a time, in buffers of its own.

    Cells (i, j) with i + j = d depend only on the two diagonals before, so the table is swept by diagonals. With the
    second side in reverse time a diagonal is a contiguous slab of both sides. The views of every diagonal are made
    once, because for small blocks making them takes as long as the arithmetic.
    """

    def __init__(self, t: int, s: int, width: int, like: Tensor) -> None:
        self._rows, self._columns = like.new_zeros(2, t, width), like.new_zeros(2, s, width)
        # Squared costs of three diagonals; cell (i, j) lies in row i + 1, and what is outside the table costs infinity.
        self._costs = like.new_empty(3, t + 1, width)
        offsets = like.new_empty(2, min(t, s), width)
        before, last, current = self._costs
        self._start = last[1]
        self._diagonals = []
        for d in range(1, t + s - 1):
            start, stop = max(0, d - s + 1), min(t, d + 1)
            shift = s - 1 - d
            offset = offsets[:, : stop - start]
            self._diagonals.append(
                (
                    (self._rows[:, start:stop], self._columns[:, start + shift : stop + shift], offset, *offset),
                    (last[start:stop], last[start + 1 : stop + 1], before[start:stop], current[start + 1 : stop + 1]),
                )
            )
            before, last, current = last, current, before
        self._end = last[t]

    def distances(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Distances [k] of k pairs, k <= width; what an earlier block left in the rest of the buffers is ignored."""
        k = rows.shape[-1]
        self._rows[..., :k], self._columns[..., :k] = rows, columns
        self._costs.fill_(torch.inf)
        torch.sum((self._rows[:, 0] - self._columns[:, -1]).square_(), 0, out=self._start)
        for (row, column, offset, x, y), (above, beside, across, cost) in self._diagonals:
            torch.sub(row, column, out=offset)
            x.square_().addcmul_(y, y)
            torch.minimum(above, beside, out=cost)
            torch.minimum(cost, across, out=cost)
            torch.maximum(cost, x, out=cost)
        return self._end[:k].sqrt()
