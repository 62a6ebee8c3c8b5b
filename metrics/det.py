"""Motion fidelity as DeT's released evaluation code computes it, which is not what its paper states (§4.2, §12).

Tracks [N, T, 2] are in norm coordinates, (x/W, y/H), followed from a grid inside the box of the source's mask. Each
generated track takes the reference track that suits it best, never the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks
from metrics.blocks import blocks_of, share, square_root_
from metrics.comparable import comparable
from metrics.result import Score
from metrics.rules import Alignment
from metrics.steps import best_match

DRAWN_IDS = 50


def det_cosine(reference: Array, generated: Array, *, alignment: Alignment = "linspace-trunc") -> Score:
    """Mean over generated tracks of the largest entry of their row in `det_cosine_matrix`, in [−1, 1].

    The value that DeT's script reports unless asked for more. A step of exactly zero, or a track that starts in the
    frame's corner (0, 0), has no direction and leaves no value, where the script prints NaN.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [M, S, 2], norm; M may differ from N. One frame suffices.
        alignment: how different lengths are made equal.

    Raises:
        ValueError: a set is not [N, T, 2].

    Source: DeT's released evaluation code; specification §4.2, quantity 1.
    """
    pair = comparable(reference, generated, alignment, least_frames=1)
    if isinstance(pair, Score):
        return pair
    similarity = det_cosine_matrix(*pair[:2])
    if undefined := _official_nan(similarity):
        return undefined
    return Score.ok(best_match(similarity), n_used=len(similarity), flags=pair[2])


def det_meanpair(reference: Array, generated: Array, *, alignment: Alignment = "linspace-trunc") -> Score:
    """Mean over generated tracks of the largest entry of their row in `det_meanpair_matrix`, in (0, 1].

    The code calls it a Fréchet similarity, but it knows no order: a track and its reverse score the same, a moving
    track does not reach 1 against itself, and unrelated tracks hardly score less.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [M, S, 2], norm; M may differ from N. One frame suffices.
        alignment: how different lengths are made equal.

    Raises:
        ValueError: a set is not [N, T, 2].

    Source: DeT's released evaluation code; specification §4.2, quantity 2.
    """
    pair = comparable(reference, generated, alignment, least_frames=1)
    if isinstance(pair, Score):
        return pair
    similarity = det_meanpair_matrix(*pair[:2])
    return Score.ok(best_match(similarity), n_used=len(similarity), flags=pair[2])


def det_combined(
    reference: Array,
    generated: Array,
    *,
    seed: int = 0,
    ids: Sequence[int] | None = None,
    alignment: Alignment = "linspace-trunc",
) -> Score:
    """Half of `det_cosine` over all tracks plus half of `det_meanpair` on 50 tracks drawn with replacement, in (−½, 1].

    The same indices are taken from both sets, and each best match is sought among them only. The script draws them
    without a seed. They are drawn below the generated count, so a smaller reference may lack one, which leaves no
    value where the script fails. `detail` reports `det_cosine` and `det_meanpair_ids`.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [M, S, 2], norm.
        seed: of the draw.
        ids: indices below M to take instead of drawing them.
        alignment: how different lengths are made equal.

    Raises:
        ValueError: a set is not [N, T, 2], or an id is not an index of a generated track.

    Source: DeT's released evaluation code with its optional second term; specification §4.2, quantity 3.
    """
    cosine = det_cosine(reference, generated, alignment=alignment)
    if cosine.value is None:
        return cosine
    reference, generated = as_tracks(reference), as_tracks(generated)
    drawn = draw_ids(len(generated), seed) if ids is None else list(ids)
    if not drawn or not 0 <= min(drawn) <= max(drawn) < len(generated):
        raise ValueError(f"ids {drawn} are not all indices of the {len(generated)} generated tracks")
    if max(drawn) >= len(reference):
        return Score.undefined(
            "count_mismatch",
            f"id {max(drawn)} was drawn among {len(generated)} generated tracks and there are {len(reference)} "
            "reference tracks; track both videos from the same queries",
            n_total=len(generated),
        )
    closeness = det_meanpair(reference[drawn], generated[drawn], alignment=alignment)
    if closeness.value is None:
        return closeness
    return Score.ok(
        (cosine.value + closeness.value) / 2,
        n_used=len(generated),
        flags=cosine.flags,
        detail={"det_cosine": cosine.value, "det_meanpair_ids": closeness.value},
    )


def draw_ids(count: int, seed: int) -> list[int]:
    """Draw 50 of the indices 0..count−1 with replacement, by torch's generator on the CPU."""
    return torch.randint(count, (DRAWN_IDS,), generator=torch.Generator().manual_seed(seed)).tolist()


def det_cosine_matrix(reference: Array, generated: Array) -> Tensor:
    """Mean cosine between the vectors of every generated and every reference track.

    The vectors of a track are its start position and its T−1 steps, so that the start carries 1/T of the weight.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [M, T, 2], norm.

    Returns:
        float64 [M, N], rows = generation; NaN where a vector is exactly zero or a point is NaN.

    Source: DeT's released evaluation code; specification §4.2, quantity 1.
    """
    rows, columns = (_unit_vectors(as_tracks(tracks)).flatten(1) for tracks in (generated, reference))
    return (rows @ columns.T).div_(rows.shape[1] / 2).clamp_(-1, 1)


def det_meanpair_matrix(reference: Array, generated: Array) -> Tensor:
    """1/(1+d) of every generated and every reference track, d the mean distance between all their points.

    Time O(M·N·T·S), memory O(M·N) beyond blocks of fixed size; runs on the device of its arguments.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [M, S, 2], norm.

    Returns:
        float64 [M, N], rows = generation; NaN where a point is NaN.

    Source: DeT's released evaluation code; specification §4.2, quantity 2.
    """
    reference, generated = as_tracks(reference), as_tracks(generated)
    rows, columns = (tracks.permute(1, 2, 0).contiguous() for tracks in (generated, reference))  # [T, 2, N]
    total = rows.new_zeros(len(generated), len(reference))

    def work(blocks: Sequence[range]) -> None:
        for block in blocks:
            part = slice(block.start, block.stop)
            _add_distances(rows[..., part, None], columns[:, :, None], total[part])

    share(work, blocks_of(len(generated), max(1, len(reference)), rows.device), rows.device)
    return total.div_(rows.shape[0] * columns.shape[0]).add_(1).reciprocal_()


def _add_distances(rows: Tensor, columns: Tensor, total: Tensor) -> None:
    """Add to `total` [m, N] the distances of all points in `rows` [T, 2, m, 1] to all in `columns` [S, 2, 1, N]."""
    x, y = torch.empty_like(total), torch.empty_like(total)
    others = [(column[0], column[1]) for column in columns]
    for x1, y1 in rows:
        for x2, y2 in others:
            torch.sub(x1, x2, out=x)
            torch.sub(y1, y2, out=y)
            total.add_(square_root_(x.square_().addcmul_(y, y)))


def _unit_vectors(tracks: Tensor) -> Tensor:
    vectors = torch.cat([tracks[:, :1], tracks.diff(dim=1)], dim=1)
    return vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)


def _official_nan(similarity: Tensor) -> Score | None:
    """The score of a similarity [M, N] in which the official code meets NaN; None without one."""
    bad = int((~similarity.isfinite()).any(1).sum())
    if not bad:
        return None
    clause = (
        f"the official code gives NaN for {bad} of {len(similarity)} generated tracks, because a step or a start is "
        "exactly zero; read mf_one_way instead"
    )
    return Score.undefined("official_nan", clause, n_total=len(similarity))
