"""The steps of tracks and how their directions agree, which every motion metric of this package compares."""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.arrays import Array, as_tracks
from metrics.rules import ZeroSteps

# A step this short, in the unit of the tracks, has no direction.
ZERO_STEP = 1e-8


def velocities(tracks: Array) -> Tensor:
    """Take the steps p(t+1) − p(t) of tracks [N, T, 2]: float64 [N, T−1, 2], in the unit of the tracks per frame."""
    return as_tracks(tracks).diff(dim=1)


def directions(tracks: Tensor, zero_step: float = ZERO_STEP) -> Tensor:
    """[N, T−1, 3] vectors whose dot products are the cosines between steps under the 1 / 0 rule for zero steps.

    A step longer than `zero_step` is (its unit vector, 0), any other (0, 0, 1): two such give 1, one gives 0.
    """
    steps = velocities(tracks)
    length = torch.linalg.vector_norm(steps, dim=-1, keepdim=True)
    zero = length <= zero_step
    return torch.cat([torch.where(zero, 0.0, steps / length), zero.to(steps.dtype)], dim=-1)


def step_similarity(reference: Tensor, generated: Tensor, zero_steps: ZeroSteps = "match") -> Tensor:
    """Mean step cosine of every generated with every reference track, float64 [M, N], rows = generation."""
    # Released code normalises every step that is not exactly zero, however short.
    rows, columns = (
        directions(tracks, ZERO_STEP if zero_steps == "match" else 0.0).flatten(1) for tracks in (generated, reference)
    )
    return (rows @ columns.T).div_(generated.shape[1] - 1).clamp_(-1, 1)


def best_match(similarity: Tensor) -> float:
    """Mean over the rows of a similarity [M, N] of their largest entry."""
    return similarity.amax(1).mean().item()
