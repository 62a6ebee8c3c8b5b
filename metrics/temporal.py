"""Temporal consistency of frame features (specification §6)."""

from __future__ import annotations

import torch
from torch import Tensor

from metrics.arrays import Array, as_features, feature_fault, unit_rows
from metrics.result import Score


def consecutive_cosine(features: Array) -> Score:
    """Mean cosine between the features of neighbouring frames, in [−1, 1]; each frame pair is one term.

    `tc_dino_consecutive` on DINO features, `tc_clip_consecutive` on CLIP image embeddings.

    Args:
        features: [F, D], one row per frame, any scale.

    Raises:
        ValueError: the array is not [F, D].

    Source: DeT, FYM and FastVMT papers; specification §6.
    """
    z = as_features(features)
    pairs = max(len(z) - 1, 0)
    return _undefined(z, pairs) or Score.ok(_with_previous(z).mean().item(), n_used=pairs)


def det_consistency(features: Array) -> Score:
    """Mean of first-frame and previous-frame cosines as DeT's code takes it, in [−1, 1]; each frame is one term.

    Frame 1 is compared with itself in both halves, which adds 1/F of a perfect score.

    Args:
        features: [F, D], one row per frame, any scale.

    Raises:
        ValueError: the array is not [F, D].

    Source: DeT's released evaluation code (`tc_det_official`); specification §6.
    """
    z = as_features(features)
    if undefined := _undefined(z, len(z)):
        return undefined
    unit = unit_rows(z)
    first = (unit @ unit[0]).clamp(-1, 1).mean().item()
    previous = (1 + _with_previous(z).sum().item()) / len(z)
    return Score.ok((first + previous) / 2, n_used=len(z))


def pooled(features: Array, seed: int) -> Tensor:
    """Pass class tokens through the untrained pooler that DeT's code reads: tanh(W·z + b), float32 [F, D].

    DINO's weights hold no pooler, so the code's library makes one up: W is drawn from a normal distribution of standard
    deviation 0.02, cut at ±2, and b is 0. The code sets no seed; here it is given, and the scores carry the flag
    `random_projection`.

    Args:
        features: [F, D], class tokens after the final layer norm.
        seed: of W.

    Source: DeT's released evaluation code; specification §6.
    """
    z = as_features(features).float()
    weight = torch.empty(z.shape[1], z.shape[1])
    torch.nn.init.trunc_normal_(weight, std=0.02, generator=torch.Generator().manual_seed(seed))
    return torch.tanh(z @ weight.T)


def _undefined(z: Tensor, n_total: int) -> Score | None:
    if len(z) < 2:
        clause = f"{len(z)} given and consistency compares at least 2; give a longer video"
        return Score.undefined("too_few_frames", clause, n_total=n_total)
    fault = feature_fault(z, "frame features")
    return Score.undefined(*fault, n_total=n_total) if fault else None


def _with_previous(z: Tensor) -> Tensor:
    unit = unit_rows(z)
    return (unit[1:] * unit[:-1]).sum(1).clamp(-1, 1)
