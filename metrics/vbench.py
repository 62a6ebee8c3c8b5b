"""Four dimensions of VBench 0.1.5 as pure functions (specification §7); they measure quality, not transfer.

Backbones and their preprocessing are in `metrics.vbench_backbones`, the official package in `metrics.vbench_official`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from metrics.arrays import Array, as_features, as_float64, feature_fault, unit_rows
from metrics.result import Score

Interpolate = Callable[[Tensor, Tensor], Tensor]
"""Makes the frame halfway between two: RGB float32 [1, 3, H, W] in [0, 1] each, and so is what it returns."""

PAD_TO = 16
"""Height and width that an interpolator sees are multiples of this."""


def vbench_consistency(features: Array) -> Score:
    """Mean over the frames after the first of ½[max(0, cos with the previous) + max(0, cos with the first)], in [0, 1].

    `subject_consistency` on DINO features, `background_consistency` on CLIP embeddings, which see the whole frame.
    Each frame pair is one term.

    Args:
        features: [F, D], one row per frame, any scale.

    Raises:
        ValueError: the array is not [F, D].

    Source: VBench 0.1.5, subject and background consistency; specification §7.
    """
    z = as_features(features)
    pairs = max(len(z) - 1, 0)
    if pairs == 0:
        clause = f"{len(z)} given and consistency compares at least 2; give a longer video"
        return Score.undefined("too_few_frames", clause)
    if fault := feature_fault(z, "frame features"):
        return Score.undefined(*fault, n_total=pairs)
    unit = unit_rows(z)
    previous = (unit[1:] * unit[:-1]).sum(1).clamp(0, 1)
    first = (unit[1:] @ unit[0]).clamp(0, 1)
    return Score.ok(((previous + first) / 2).mean().item(), n_used=pairs)


def aesthetic_quality(clip_features: Array, weight: Array, bias: Array) -> Score:
    """Mean over frames of (w·e + b)/10 with unit CLIP embeddings e; nominally in [0, 1], not clamped.

    Args:
        clip_features: [F, D], CLIP ViT-L/14 image embeddings (D = 768), any scale.
        weight: [1, D], of LAION's linear head.
        bias: [1], of LAION's linear head.

    Raises:
        ValueError: an array has another shape.

    Source: VBench 0.1.5, aesthetic quality; specification §7.
    """
    z = as_features(clip_features)
    w, b = as_float64(weight).to(z.device), as_float64(bias).to(z.device)
    if w.shape != (1, z.shape[1]) or b.shape != (1,):
        found = f"weight {tuple(w.shape)} and bias {tuple(b.shape)}"
        raise ValueError(f"aesthetic head has {found}; expected (1, {z.shape[1]}) and (1,) for these features")
    if len(z) == 0:
        return Score.undefined("too_few_frames", "0 given and quality needs at least 1; give a longer video")
    if fault := feature_fault(z, "frame features"):
        return Score.undefined(*fault, n_total=len(z))
    return Score.ok((F.linear(unit_rows(z), w, b) / 10).mean().item(), n_used=len(z))


def motion_smoothness(frames: NDArray[np.uint8], interpolate: Interpolate, *, smallest: int = 1) -> Score:
    """How well every odd frame is guessed from its two neighbours: 1 − mean |difference|/255, in [0, 1].

    Frames go to the interpolator at their own size, edges repeated to multiples of 16; `detail` records that as
    `scale` 1. What it returns is cut to the frame, and its levels are clipped and truncated to uint8. Each guessed
    frame is one term; with an even number of frames the last one is unused.

    Args:
        frames: uint8 RGB [T, H, W, 3].
        interpolate: makes the frame halfway between two.
        smallest: least height and width in pixels, edges included, that the interpolator takes.

    Raises:
        ValueError: the array is not uint8 [T, H, W, 3].

    Source: VBench 0.1.5, motion smoothness, on the CPU; specification §7.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ValueError(f"frames are {frames.dtype} {frames.shape}; expected uint8 [T, H, W, 3]")
    total = max(len(frames) - 1, 0) // 2
    if total == 0:
        clause = f"{len(frames)} given and motion smoothness needs at least 3; give a longer video"
        return Score.undefined("too_few_frames", clause)
    height, width = frames.shape[1:3]
    left, right, top, bottom = _padding(height, width)
    if min(height + top + bottom, width + left + right) < smallest:
        clause = f"{width}x{height} pixels, and the interpolator takes {smallest} at least; give larger frames"
        return Score.undefined("too_small", clause, n_total=total)
    differences = []
    after = _padded(frames[0])
    for odd in range(1, 2 * total, 2):
        before, after = after, _padded(frames[odd + 1])
        guess = interpolate(before, after).float().cpu()[0, :, top : top + height, left : left + width]
        if not guess.isfinite().all():
            return Score.undefined("nonfinite", f"NaN or infinity in guessed frame {odd}; use float32", n_total=total)
        levels = (guess * 255).clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        differences.append(np.abs(levels.astype(np.int16) - frames[odd]).mean())
    return Score.ok(float(255 - np.mean(differences)) / 255, n_used=total, detail={"scale": 1.0})


def frame_weighted(scores: Iterable[Score]) -> Score:
    """Mean over videos in which each counts by its number of terms, so that long videos weigh more.

    VBench prints this for subject and background consistency; those without a value are left out.

    Source: VBench 0.1.5, subject and background consistency in one process; specification §7.
    """
    scores = list(scores)
    total = sum(score.n_total for score in scores)
    found = [(score.value, score.n_used) for score in scores if score.value is not None]
    terms = sum(n for _, n in found)
    if terms == 0:
        return Score.undefined("no_values", "no video has one; see their reasons", n_total=total)
    return Score.ok(sum(value * n for value, n in found) / terms, n_used=terms, n_total=total)


def _padding(height: int, width: int) -> tuple[int, int, int, int]:
    """Pixels to add left, right, top and bottom; of an odd number the greater part goes right and below."""
    across, down = -width % PAD_TO, -height % PAD_TO
    return across // 2, across - across // 2, down // 2, down - down // 2


def _padded(frame: NDArray[np.uint8]) -> Tensor:
    image = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).unsqueeze(0) / 255.0
    return F.pad(image, _padding(*frame.shape[:2]), mode="replicate")
