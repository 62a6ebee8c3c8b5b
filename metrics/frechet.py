"""The discrete Fréchet distance of many pairs of tracks at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks
from metrics.blocks import blocks_of, share, square_root_

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
    squared = rows.new_empty(count)
    t, s = rows.shape[1], columns.shape[1]
    blocks = blocks_of(count, min(t, s), rows.device)

    def work(blocks: Sequence[range]) -> None:
        sweep = _Sweep(t, s, max(map(len, blocks)), rows)
        for block in blocks:
            squared[block.start : block.stop] = sweep.squared_distances(*pairs(block))

    share(work, blocks, rows.device)
    return square_root_(squared)


class _Sweep:
    """The coupling recursion for `width` pairs at a time, in buffers of its own.

    Cells (i, j) with i + j = d depend only on the two diagonals before, so the table is swept by diagonals. A cell
    keeps its cost at k = i − j, in place of (i−1, j−1) and between (i−1, j) at k − 1 and (i, j−1) at k + 1; diagonals
    of even and of odd k alternate, each in an array of their own. With the second side in reverse time a diagonal is
    a contiguous slab of both sides. The views are made once, for many blocks.
    """

    def __init__(self, t: int, s: int, width: int, like: Tensor) -> None:
        self._rows, self._columns = like.new_zeros(2, t, width), like.new_zeros(2, s, width)
        # Squared costs; what is outside the table costs infinity.
        self._costs = like.new_empty(2, (t + s) // 2 + 1, width)
        x1, y1, x2, y2, x, y = *self._rows, *self._columns, *like.new_empty(2, min(t, s), width)
        by_parity = tuple(self._costs)

        def costs(k: int, length: int) -> Tensor:
            row, parity = divmod(k + s, 2)
            return by_parity[parity][row : row + length]

        self._before_start, self._end = costs(0, 1)[0], costs(t - s, 1)[0]
        self._diagonals = []
        for d in range(t + s - 1):
            start, stop = max(0, d - s + 1), min(t, d + 1)
            k, length, first, last = 2 * start - d, stop - start, start + s - 1 - d, stop + s - 1 - d
            points = x1[start:stop], y1[start:stop], x2[first:last], y2[first:last], x[:length], y[:length]
            self._diagonals.append((*points, costs(k, length), costs(k - 1, length), costs(k + 1, length)))

    def squared_distances(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Squared distances [k] of k pairs, k <= width, as a view of a buffer; the rest of the buffers is ignored."""
        k = rows.shape[-1]
        self._rows[..., :k], self._columns[..., :k] = rows, columns
        self._costs.fill_(torch.inf)
        self._before_start.fill_(0)
        for x1, y1, x2, y2, x, y, cost, above, beside in self._diagonals:
            torch.sub(x1, x2, out=x)
            torch.sub(y1, y2, out=y)
            torch.minimum(cost, above, out=cost)
            torch.minimum(cost, beside, out=cost)
            torch.maximum(cost, x.square_().addcmul_(y, y), out=cost)
        return self._end[:k]
