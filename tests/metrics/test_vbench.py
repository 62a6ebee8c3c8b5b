from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics.result import Score
from metrics.vbench import aesthetic_quality, frame_weighted, motion_smoothness, vbench_consistency

RNG = np.random.default_rng(0)
FEATURES = RNG.standard_normal((7, 12))
FRAMES = RNG.integers(0, 256, (8, 18, 37, 3), dtype=np.uint8)


def mean_of_two(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    return (before + after) / 2


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_consistency_is_the_mean_of_clamped_cosines_with_the_previous_and_the_first_frame() -> None:
    terms = [
        (max(0.0, cosine(FEATURES[f], FEATURES[f - 1])) + max(0.0, cosine(FEATURES[f], FEATURES[0]))) / 2
        for f in range(1, 7)
    ]
    score = vbench_consistency(FEATURES)
    assert score.value == pytest.approx(np.mean(terms), abs=1e-12)
    assert (score.n_used, score.n_total) == (6, 6)


def test_a_still_video_is_perfectly_consistent() -> None:
    assert vbench_consistency(np.tile(FEATURES[0], (5, 1))).value == pytest.approx(1, abs=1e-12)


def test_opposite_frames_count_as_unrelated_and_not_less() -> None:
    assert vbench_consistency(np.array([[1.0, 0.0], [-1.0, 0.0]])).value == 0


@pytest.mark.parametrize("frames", [0, 1])
def test_consistency_of_fewer_than_two_frames_is_undefined(frames: int) -> None:
    assert vbench_consistency(FEATURES[:frames]).code == "too_few_frames"


@pytest.mark.parametrize(("bad", "code"), [(np.nan, "nonfinite"), (np.inf, "nonfinite"), (0.0, "zero_feature")])
def test_features_without_a_direction_are_undefined(bad: float, code: str) -> None:
    features = FEATURES.copy()
    features[2] = bad
    assert vbench_consistency(features).code == code
    assert aesthetic_quality(features, np.ones((1, 12)), np.zeros(1)).code == code


@given(
    arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(1, 4)), elements=st.floats(allow_nan=True)),
    st.floats(1e-3, 1e3),
)
def test_consistency_is_bounded_and_blind_to_scale(features: np.ndarray, scale: float) -> None:
    score = vbench_consistency(features)
    assert score.value is None or 0 <= score.value <= 1
    if score.value is not None and np.abs(features).max() < 1e50:
        again = vbench_consistency(features * scale)
        assert again.value is None or again.value == pytest.approx(score.value, abs=1e-9)


def test_aesthetic_quality_is_a_tenth_of_the_heads_mean_answer_on_unit_embeddings() -> None:
    weight, bias = RNG.standard_normal((1, 12)), np.array([5.0])
    expected = [(weight[0] @ e / np.linalg.norm(e) + 5) / 10 for e in FEATURES]
    score = aesthetic_quality(FEATURES, weight, bias)
    assert score.value == pytest.approx(np.mean(expected), abs=1e-12)
    assert score.n_used == 7


def test_aesthetic_quality_is_not_clamped() -> None:
    assert aesthetic_quality(np.ones((1, 1)), np.array([[20.0]]), np.array([0.0])).value == 2


def test_aesthetic_quality_of_no_frame_is_undefined() -> None:
    assert aesthetic_quality(np.ones((0, 3)), np.ones((1, 3)), np.zeros(1)).code == "too_few_frames"


def test_a_head_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weight \(1, 5\).*expected \(1, 12\)"):
        aesthetic_quality(FEATURES, np.ones((1, 5)), np.zeros(1))


def test_smoothness_compares_every_odd_frame_with_the_guess_from_its_neighbours() -> None:
    differences = []
    for odd in (1, 3, 5):
        before, after = FRAMES[odd - 1].astype(np.float32) / 255, FRAMES[odd + 1].astype(np.float32) / 255
        guess = ((before + after) / 2 * np.float32(255)).astype(np.uint8)
        differences.append(np.abs(guess.astype(float) - FRAMES[odd]).mean())
    score = motion_smoothness(FRAMES, mean_of_two)
    assert score.value == pytest.approx(1 - np.mean(differences) / 255, abs=1e-12)
    assert (score.n_used, score.n_total, score.detail) == (3, 3, {"scale": 1.0})


def test_the_last_frame_of_an_even_number_is_unused() -> None:
    other = FRAMES.copy()
    other[-1] = 0
    assert motion_smoothness(other, mean_of_two) == motion_smoothness(FRAMES, mean_of_two)
    assert motion_smoothness(FRAMES[:7], mean_of_two) == motion_smoothness(FRAMES, mean_of_two)


def test_the_interpolator_sees_levels_of_one_and_edges_repeated_to_multiples_of_sixteen() -> None:
    seen = []

    def keep(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
        seen.append((before, after))
        return after

    motion_smoothness(FRAMES, keep)
    padded = np.pad(FRAMES[2], ((7, 7), (5, 6), (0, 0)), mode="edge").astype(np.float32) / 255
    assert len(seen) == 3
    assert torch.equal(seen[0][1], torch.from_numpy(padded.transpose(2, 0, 1))[None])
    assert torch.equal(seen[0][1], seen[1][0])


def test_levels_of_the_guess_are_clipped_and_truncated() -> None:
    frames = np.zeros((3, 16, 16, 3), np.uint8)
    assert motion_smoothness(frames, lambda before, after: before + 0.999 / 255).value == 1
    assert motion_smoothness(frames, lambda before, after: before - 7).value == 1
    assert motion_smoothness(frames, lambda before, after: before + 7).value == 0


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_smoothness_of_fewer_than_three_frames_is_undefined(frames: int) -> None:
    assert motion_smoothness(FRAMES[:frames], mean_of_two).code == "too_few_frames"


def test_frames_smaller_than_the_interpolator_takes_are_undefined() -> None:
    assert motion_smoothness(FRAMES, mean_of_two, smallest=33).code == "too_small"
    assert motion_smoothness(FRAMES, mean_of_two, smallest=32).status == "ok"


def test_a_guess_that_is_not_finite_is_undefined() -> None:
    assert motion_smoothness(FRAMES, lambda before, after: before * torch.nan).code == "nonfinite"


def test_frames_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        motion_smoothness(FRAMES.astype(np.float32), mean_of_two)  # pyright: ignore[reportArgumentType]


def test_the_frame_weighted_mean_counts_a_video_by_its_terms() -> None:
    scores = [Score.ok(1.0, n_used=1), Score.ok(0.5, n_used=3), Score.undefined("too_few_frames", "give more")]
    mean = frame_weighted(scores)
    assert (mean.value, mean.n_used, mean.n_total) == (0.625, 4, 4)


def test_the_frame_weighted_mean_of_no_value_is_undefined() -> None:
    assert frame_weighted([Score.undefined("nonfinite", "look", n_total=3)]).code == "no_values"
    assert frame_weighted([]).code == "no_values"
