from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from metrics.result import Score
from metrics.temporal import consecutive_cosine, det_consistency

BOTH: list[Callable[..., Score]] = [consecutive_cosine, det_consistency]
# a, b, a, b in orthogonal directions and different lengths
ALTERNATING = np.array([[1.0, 0], [0, 2], [3, 0], [0, 4]])


@pytest.mark.parametrize("metric", BOTH)
def test_frames_with_one_direction_are_perfectly_consistent(metric: Callable[..., Score]) -> None:
    score = metric(np.outer([1.0, 2.0, 0.5], [0.3, -0.4, 0.1]))
    assert score.value == pytest.approx(1, abs=1e-12)


def test_alternating_frames_have_consecutive_cosine_zero() -> None:
    score = consecutive_cosine(ALTERNATING)
    assert score.value == 0
    assert score.n_used == 3


def test_the_official_formula_counts_the_first_frame_with_itself_twice() -> None:
    # First-frame cosines 1, 0, 1, 0; previous-frame cosines 1 (itself), 0, 0, 0.
    score = det_consistency(ALTERNATING)
    assert score.value == (2 / 4 + 1 / 4) / 2
    assert score.n_used == 4


def test_half_precision_tensors_are_accepted() -> None:
    assert consecutive_cosine(torch.tensor(ALTERNATING, dtype=torch.bfloat16)).value == 0


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("frames", [0, 1])
def test_fewer_than_two_frames_are_undefined(metric: Callable[..., Score], frames: int) -> None:
    assert metric(np.ones((frames, 3))).code == "too_few_frames"


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize(("bad", "code"), [(np.nan, "nonfinite"), (np.inf, "nonfinite"), (0.0, "zero_feature")])
def test_features_without_a_direction_are_undefined(metric: Callable[..., Score], bad: float, code: str) -> None:
    features = np.ones((4, 3))
    features[2] = bad
    score = metric(features)
    assert score.code == code
    assert "1 of 4" in score.reason


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (2, 0)])
def test_other_shapes_are_refused(metric: Callable[..., Score], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \[F, D\]"):
        metric(np.ones(shape))


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6)))
def test_no_nan_or_infinity_ever_leaves(features: np.ndarray) -> None:
    for metric in BOTH:
        score = metric(features)  # a score cannot hold NaN: its constructor would raise here
        assert score.value is None or -1 <= score.value <= 1


@given(arrays(np.float64, (5, 3), elements=st.integers(1, 9)), arrays(np.float64, (5, 1), elements=st.integers(1, 9)))
def test_only_directions_matter(features: np.ndarray, scale: np.ndarray) -> None:
    for metric in BOTH:
        assert metric(features * scale).value == pytest.approx(metric(features).value, abs=1e-12)
