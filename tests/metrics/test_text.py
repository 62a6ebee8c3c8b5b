from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from metrics.text import edit_fidelity, text_similarity

IMAGES = np.array([[2.0, 0.0], [0.0, 3.0]])


def test_similarity_is_the_mean_cosine_over_frames() -> None:
    score = text_similarity(IMAGES, np.array([0.5, 0.0]))
    assert score.value == 0.5
    assert score.n_used == 2


def test_a_negative_similarity_is_not_clamped() -> None:
    assert text_similarity(IMAGES[:1], np.array([-1.0, 0.0])).value == -1


def test_edit_fidelity_is_a_hundred_times_the_similarity() -> None:
    text = np.array([3.0, 4.0])
    similarity = text_similarity(IMAGES, text).value
    assert similarity is not None
    assert edit_fidelity(IMAGES, text).value == pytest.approx(100 * similarity, abs=1e-12)


def test_one_frame_is_enough_and_none_is_undefined() -> None:
    assert text_similarity(IMAGES[:1], IMAGES[0]).value == 1
    assert text_similarity(IMAGES[:0], IMAGES[0]).code == "too_few_frames"


@pytest.mark.parametrize("metric", [text_similarity, edit_fidelity])
@pytest.mark.parametrize(("bad", "code"), [(np.nan, "nonfinite"), (np.inf, "nonfinite"), (0.0, "zero_feature")])
def test_embeddings_without_a_direction_are_undefined(metric, bad: float, code: str) -> None:
    broken = IMAGES.copy()
    broken[1] = bad
    score = metric(broken, IMAGES[0])
    assert score.code == code
    assert "1 of 2 image embeddings" in score.reason
    score = metric(IMAGES, broken[1])
    assert score.code == code
    assert "text embedding" in score.reason
    assert score.n_total == 2


@pytest.mark.parametrize("shape", [(3,), (1, 2), ()])
def test_a_text_embedding_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \[2\]"):
        text_similarity(IMAGES, np.ones(shape))


@given(arrays(np.float64, (3, 4)), arrays(np.float64, (4,)))
def test_no_nan_or_infinity_ever_leaves(images: np.ndarray, text: np.ndarray) -> None:
    score = text_similarity(images, text)  # a score cannot hold NaN: its constructor would raise here
    assert score.value is None or -1 <= score.value <= 1
