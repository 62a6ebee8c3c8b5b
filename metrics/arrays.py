"""What the metric functions ask of their arrays: float64 tensors of a known shape, and unit vectors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = Tensor | NDArray[np.generic]

# Squares of anything larger could overflow float64, so it counts as infinite.
LARGEST = 1e100


def as_float64(values: Array) -> Tensor:
    """Make `values` a float64 tensor; tensors stay on their device, numpy arrays are copied to the CPU."""
    if isinstance(values, Tensor):
        return values.detach().to(torch.float64)
    return torch.from_numpy(np.array(values, dtype=np.float64, order="C"))


def as_tracks(values: Array) -> Tensor:
    """Tracks float64 [N, T, 2].

    Raises:
        ValueError: the array has another shape.
    """
    tracks = as_float64(values)
    if tracks.ndim != 3 or tracks.shape[2] != 2:
        raise ValueError(f"tracks have shape {tuple(tracks.shape)}; expected [N, T, 2], so transpose [T, N, ...] first")
    return tracks


def as_features(values: Array) -> Tensor:
    """Frame features float64 [F, D].

    Raises:
        ValueError: the array has another shape.
    """
    features = as_float64(values)
    if features.ndim != 2 or features.shape[1] == 0:
        raise ValueError(f"features have shape {tuple(features.shape)}; expected [F, D], one row per frame")
    return features


def is_finite(values: Tensor) -> Tensor:
    """Where `values` is neither NaN nor so large that its square could overflow; bool, same shape."""
    return values.abs() <= LARGEST


def unit_rows(vectors: Tensor) -> Tensor:
    """Each row of `vectors` [F, D] scaled to length 1; a zero row gives NaN."""
    # Scaling by the largest entry first keeps the squares of very small rows from vanishing.
    vectors = vectors / vectors.abs().amax(-1, keepdim=True)
    return vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)


def feature_fault(vectors: Tensor, name: str) -> tuple[str, str] | None:
    """Reason code and clause for rows of `vectors` [F, D] that have no direction; None when all have one."""
    bad = int((~is_finite(vectors)).any(1).sum())
    if bad:
        return "nonfinite", f"NaN or infinity in {bad} of {len(vectors)} {name}; compute them again in float32"
    zero = int((vectors == 0).all(1).sum())
    if zero:
        return "zero_feature", f"{zero} of {len(vectors)} {name} are all zero and have no cosine; check the backbone"
    return None
