"""Motion fidelity of generated tracks against reference tracks (specification §4 and §14).

Every function takes tracks [N, T, 2] in coordinates that the caller chooses and that change the result: "norm" is
(x/W, y/H), "px" is pixels of the video the tracks come from. Invisible points count like visible ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.arrays import Array, as_float64, as_tracks
from metrics.comparable import comparable
from metrics.frechet import discrete_frechet
from metrics.result import Score
from metrics.rules import Alignment, ZeroSteps
from metrics.steps import best_match, directions, step_similarity, velocities

STATIC_PATH = 0.01
LOW_VISIBILITY = 0.5
ASPECT_TOLERANCE = 0.01


def velocity_cosines(reference: Array, generated: Array) -> Tensor:
    """Mean cosine between the steps of index-matched tracks, the velocity term of the hybrid metric (§4.1).

    Two steps of at most 1e-8 count as cosine 1, one such step as cosine 0.

    Args:
        reference: tracks [N, T, 2] with T >= 2.
        generated: tracks [N, T, 2], same unit.

    Returns:
        float64 [N], each in [−1, 1].
    """
    cosines = (directions(as_tracks(reference)) * directions(as_tracks(generated))).sum(-1)
    return cosines.clamp(-1, 1).mean(-1)


def hybrid_mf(
    reference: Array, generated: Array, *, alpha: float = 0.5, alignment: Alignment = "linspace-exact"
) -> Score:
    """Motion fidelity as the DeT paper defines it: mean over n of α·exp(−d_F) + (1−α)·c, in (α−1, 1].

    d_F is the discrete Fréchet distance and c the mean velocity cosine of the index-matched tracks n. The value is 1
    only for identical tracks. `detail` reports `frechet_mean`, `exp_frechet_mean` and `cos_mean`.

    Args:
        reference: tracks [N, T, 2], norm.
        generated: tracks [N, S, 2], norm, index-matched to the reference.
        alpha: weight of the Fréchet term, in [0, 1].
        alignment: how different lengths are made equal, before both terms.

    Raises:
        ValueError: a set is not [N, T, 2] or alpha is outside [0, 1].

    Source: DeT paper, motion fidelity; specification §4.1, with its rule for zero steps.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; expected a weight between 0 and 1")
    pair = comparable(reference, generated, alignment, index_matched=True)
    if isinstance(pair, Score):
        return pair
    reference, generated, flags = pair
    distance = discrete_frechet(reference, generated)
    closeness = torch.exp(-distance)
    cosine = velocity_cosines(reference, generated)
    return Score.ok(
        (alpha * closeness + (1 - alpha) * cosine).mean().item(),
        n_used=len(generated),
        flags=flags,
        detail={
            "frechet_mean": distance.mean().item(),
            "exp_frechet_mean": closeness.mean().item(),
            "cos_mean": cosine.mean().item(),
        },
    )


def mf_one_way(
    reference: Array, generated: Array, *, alignment: Alignment = "linspace-exact", zero_steps: ZeroSteps = "match"
) -> Score:
    """Mean over generated tracks of the best mean velocity cosine with any reference track, in [−1, 1].

    Swap the arguments for the direction from reference to generation.

    Args:
        reference: tracks [N, T, 2], px.
        generated: tracks [M, S, 2], px of its own video; M may differ from N.
        alignment: how different lengths are made equal.
        zero_steps: "match" counts two steps of at most 1e-8 as cosine 1 and one as 0; "undefined" gives no value
            when any step is exactly zero, where released code gives NaN.

    Raises:
        ValueError: a set is not [N, T, 2].

    Source: `dmt_mf` without its subtraction; specification §4.3 and §4.5.
    """
    pair = comparable(reference, generated, alignment, zero_steps=zero_steps)
    if isinstance(pair, Score):
        return pair
    similarity = step_similarity(pair[0], pair[1], zero_steps)
    return Score.ok(best_match(similarity), n_used=len(similarity), flags=pair[2])


def mf_bidirectional(
    reference: Array, generated: Array, *, alignment: Alignment = "linspace-exact", zero_steps: ZeroSteps = "match"
) -> Score:
    """Half the sum of `mf_one_way` in both directions, in [−1, 1]; `detail` reports `gen_to_ref` and `ref_to_gen`.

    Arguments and errors are those of `mf_one_way`; every track of both sets is one term.

    Source: the intent of the DMT paper; specification §4.3.
    """
    pair = comparable(reference, generated, alignment, zero_steps=zero_steps)
    if isinstance(pair, Score):
        return pair
    similarity = step_similarity(pair[0], pair[1], zero_steps)
    forth, back = best_match(similarity), best_match(similarity.T)
    return Score.ok(
        (forth + back) / 2,
        n_used=sum(similarity.shape),
        flags=pair[2],
        detail={"gen_to_ref": forth, "ref_to_gen": back},
    )


def dmt_mf(
    reference: Array, generated: Array, *, alignment: Alignment = "equal", zero_steps: ZeroSteps = "undefined"
) -> Score:
    """Motion fidelity as DMT's code computes it, in [−2, 1]: `mf_one_way` with 1 subtracted on the diagonal.

    The subtraction keeps a track from matching the reference track of its own index, so a perfect copy scores below
    1; a single track can only match itself, which the flag `self_excluded` says. `alignment="truncate"` is
    DiTFlow's variant.

    Args:
        reference: tracks [N, T, 2], px.
        generated: tracks [N, S, 2], px of its own video.
        alignment: how different lengths are made equal; "equal" leaves them undefined.
        zero_steps: as in `mf_one_way`.

    Raises:
        ValueError: a set is not [N, T, 2].

    Source: DMT's released evaluation code, which DiTFlow shares; specification §4.3 and §4.4.
    """
    pair = comparable(reference, generated, alignment, index_matched=True, zero_steps=zero_steps)
    if isinstance(pair, Score):
        return pair
    similarity = step_similarity(pair[0], pair[1], zero_steps)
    similarity.diagonal().sub_(1)
    score = Score.ok(best_match(similarity), n_used=len(similarity), flags=pair[2])
    return score.with_flags("self_excluded") if len(similarity) == 1 else score


def motion_flags(
    reference: Array, generated: Array, *, reference_aspect: float, generated_aspect: float
) -> tuple[str, ...]:
    """Name what a reader must know about the tracks before trusting a motion score (§14).

    `static_reference`: the median path length of the reference is below 0.01 frame heights, its directions are
    jitter. `static_generation`: so is the generation's, while the reference moves. `aspect_mismatch`: the aspects
    differ by more than 1 %.

    Args:
        reference: tracks [N, T, 2], norm, at their own length (before alignment).
        generated: tracks [M, S, 2], norm, at their own length.
        reference_aspect: W/H of the reference video.
        generated_aspect: W/H of the generated video.
    """
    flags = []
    if _is_static(as_tracks(reference), reference_aspect):
        flags.append("static_reference")
    elif _is_static(as_tracks(generated), generated_aspect):
        flags.append("static_generation")
    if abs(generated_aspect / reference_aspect - 1) > ASPECT_TOLERANCE:
        flags.append("aspect_mismatch")
    return tuple(flags)


def visibility_flags(visible: Array) -> tuple[str, ...]:
    """`low_visibility` when less than half of `visible` [N, T] is true, else nothing (§14)."""
    shares = as_float64(visible)
    return ("low_visibility",) if shares.numel() and shares.mean().item() < LOW_VISIBILITY else ()


def _is_static(tracks: Tensor, aspect: float) -> bool:
    if len(tracks) == 0 or tracks.shape[1] < 2:
        return False
    steps = velocities(tracks) * tracks.new_tensor([aspect, 1.0])
    paths = torch.linalg.vector_norm(steps, dim=-1).sum(1)
    return paths.quantile(0.5).item() < STATIC_PATH
