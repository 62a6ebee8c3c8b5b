"""Bringing reference and generated tracks to the same number of frames (specification §2)."""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks
from metrics.rules import Alignment


class UnequalLengths(ValueError):
    """The rule "equal" met tracks of different lengths."""


def linspace_exact(long: int, short: int) -> list[int]:
    """Spread `short` indices over `long` frames: i·(long−1) // (short−1) in integers, [0] for one frame.

    Raises:
        ValueError: not 1 <= short <= long.
    """
    _check_lengths(long, short)
    return [i * (long - 1) // (short - 1) for i in range(short)] if short > 1 else [0]


def linspace_trunc(long: int, short: int) -> list[int]:
    """Spread indices in the arithmetic of DeT's evaluation code: float32 positions from 0 to long−1, cut to integers.

    It differs from `linspace_exact` by one frame where a position that should be whole comes out just below it.

    Raises:
        ValueError: not 1 <= short <= long.
    """
    _check_lengths(long, short)
    return torch.linspace(0, long - 1, short, dtype=torch.float32, device="cpu").long().tolist()


def align(reference: Array, generated: Array, rule: Alignment) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Cut the longer of two track sets to the length of the shorter.

    Args:
        reference: tracks [N, T, 2], any unit.
        generated: tracks [M, S, 2], any unit.
        rule: "linspace-exact" and "linspace-trunc" spread the kept frames over the longer set, "truncate" keeps its
            first frames, "equal" keeps nothing but sets that already agree.

    Returns:
        Both sets as float64 [·, min(T, S), 2], and the flags ("resampled" or "truncated") that say what was done.

    Raises:
        UnequalLengths: lengths differ under the rule "equal".
        ValueError: a set is not [N, T, 2], the rule is not known, or one of two unequal sets has no frames.
    """
    reference, generated = as_tracks(reference), as_tracks(generated)
    lengths = reference.shape[1], generated.shape[1]
    if rule not in ("linspace-exact", "linspace-trunc", "truncate", "equal"):
        raise ValueError(f"alignment {rule!r} is not one of linspace-exact, linspace-trunc, truncate, equal")
    if lengths[0] == lengths[1]:
        return reference, generated, ()
    if rule == "equal":
        raise UnequalLengths(f"{lengths[0]} reference and {lengths[1]} generated frames; expected equal lengths")
    short = min(lengths)
    if rule == "truncate":
        return reference[:, :short], generated[:, :short], ("truncated",)
    indices = (linspace_exact if rule == "linspace-exact" else linspace_trunc)(max(lengths), short)
    if lengths[0] > short:
        return reference[:, indices], generated, ("resampled",)
    return reference, generated[:, indices], ("resampled",)


def _check_lengths(long: int, short: int) -> None:
    if not 1 <= short <= long:
        raise ValueError(f"cannot pick {short} of {long} frames; expected 1 <= short <= long")
