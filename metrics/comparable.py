"""What two track sets must fulfil before a motion metric compares them (specification §14)."""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.alignment import UnequalLengths, align
from metrics.arrays import Array, as_tracks, is_finite
from metrics.result import Score
from metrics.rules import Alignment, ZeroSteps
from metrics.steps import velocities


def comparable(
    reference: Array,
    generated: Array,
    alignment: Alignment,
    *,
    index_matched: bool = False,
    zero_steps: ZeroSteps = "match",
    least_frames: int = 2,
) -> tuple[Tensor, Tensor, tuple[str, ...]] | Score:
    """Return both track sets aligned and the flags of their alignment, or the score that says why there is no value.

    Args:
        reference: tracks [N, T, 2], any unit.
        generated: tracks [M, S, 2], any unit.
        alignment: how different lengths are made equal.
        index_matched: whether N and M must be equal.
        zero_steps: "undefined" gives no value when any aligned step is exactly zero.
        least_frames: frames that both sets must have.

    Raises:
        ValueError: a set is not [N, T, 2], or a rule is not known.
    """
    if zero_steps not in ("match", "undefined"):
        raise ValueError(f"zero_steps is {zero_steps!r}; expected 'match' or 'undefined'")
    sets = {"reference": as_tracks(reference), "generated": as_tracks(generated)}
    counts, lengths = ([tracks.shape[axis] for tracks in sets.values()] for axis in (0, 1))

    def undefined(code: str, clause: str) -> Score:
        return Score.undefined(code, clause, n_total=counts[1])

    for name, tracks in sets.items():
        if len(tracks) == 0:
            return undefined("no_tracks", f"the {name} set is empty; give queries inside the video and track again")
    if index_matched and counts[0] != counts[1]:
        return undefined(
            "count_mismatch",
            f"{counts[0]} reference and {counts[1]} generated tracks; track both videos from the same queries",
        )
    if min(lengths) < least_frames:
        clause = f"frames after alignment: {min(lengths)}; give videos with a frame count of at least {least_frames}"
        return undefined("too_few_frames", clause)
    for name, tracks in sets.items():
        bad = int((~is_finite(tracks)).flatten(1).any(1).sum())
        if bad:
            return undefined(
                "nonfinite", f"NaN or infinity in {bad} of {len(tracks)} {name} tracks; drop these indices in both sets"
            )
    try:
        first, second, flags = align(sets["reference"], sets["generated"], alignment)
    except UnequalLengths as error:
        return undefined("length_mismatch", f"{error}, so generate as many frames or choose another alignment")
    if zero_steps == "undefined":
        zero = sum(int((torch.linalg.vector_norm(velocities(tracks), dim=-1) == 0).sum()) for tracks in (first, second))
        if zero:
            return undefined(
                "official_nan",
                f"the official code gives NaN for the {zero} steps of exactly zero; use zero_steps='match' instead",
            )
    return first, second, flags
