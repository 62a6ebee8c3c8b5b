from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics.det import det_combined, det_cosine, det_cosine_matrix, det_meanpair, det_meanpair_matrix, draw_ids
from metrics.motion import hybrid_mf
from metrics.result import Score

COORDINATES = st.integers(-500, 1500).map(lambda k: k / 1000)
ALL = [det_cosine, det_meanpair, det_combined]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of tracks of one length, each with its own count."""
    frames = draw(st.integers(1, 6))
    return tuple(draw(arrays(np.float64, (draw(st.integers(1, 4)), frames, 2), elements=COORDINATES)) for _ in range(2))  # pyright: ignore[reportReturnType]


def walks(count: int = 6, frames: int = 9, seed: int = 0) -> np.ndarray:
    return 0.5 + np.random.default_rng(seed).normal(0, 0.02, (count, frames, 2)).cumsum(1)


def line(frames: int = 17) -> np.ndarray:
    return np.linspace([0.1, 0.5], [0.9, 0.5], frames)[None]


def value(score: Score) -> float:
    assert score.value is not None, score.reason
    return score.value


# det_cosine


def test_the_start_counts_as_one_of_the_vectors() -> None:
    first, second = np.array([[[1.0, 0], [2, 0], [3, 0]]]), np.array([[[0.0, 1], [1, 1], [2, 1]]])
    assert value(det_cosine(first, second)) == pytest.approx(2 / 3, abs=1e-12)


def test_one_frame_gives_the_cosine_of_the_starts() -> None:
    assert value(det_cosine(np.array([[[1.0, 0]]]), np.array([[[1.0, 1]]]))) == pytest.approx(np.sqrt(0.5), abs=1e-12)


@given(pairs())
def test_the_cosine_equals_its_definition(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, generated = pair

    def unit_vectors(track: np.ndarray) -> np.ndarray:
        vectors = np.concatenate([track[:1], np.diff(track, axis=0)])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    with np.errstate(invalid="ignore"):
        expected = np.array([[(unit_vectors(g) * unit_vectors(r)).sum(1).mean() for r in reference] for g in generated])
    np.testing.assert_allclose(det_cosine_matrix(reference, generated), expected, rtol=0, atol=1e-12)
    score = det_cosine(reference, generated)
    if np.isnan(expected).any():
        assert score.code == "official_nan"
    else:
        assert value(score) == pytest.approx(expected.max(1).mean(), abs=1e-12)


@pytest.mark.parametrize("metric", [det_cosine, det_combined])
def test_a_zero_step_or_a_start_in_the_corner_is_undefined_where_the_official_code_gives_nan(metric) -> None:
    stopped, from_corner = line(), line() - line()[:, :1]
    stopped[0, 5] = stopped[0, 4]
    for odd in (stopped, from_corner):
        for pair in [(line(), odd), (odd, line()), (odd, odd)]:
            score = metric(*pair)
            assert score.code == "official_nan"
            assert "1 of 1 generated" in score.reason


def test_only_generated_tracks_look_for_a_partner() -> None:
    one, two = line(), np.concatenate([line(), line()[:, ::-1]])
    assert value(det_cosine(two, one)) == pytest.approx(1, abs=1e-12)
    assert value(det_cosine(one, two)) < 0.1


# det_meanpair


@given(pairs())
def test_the_mean_pair_similarity_equals_its_definition(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, generated = pair
    distances = np.linalg.norm(generated[:, None, :, None] - reference[None, :, None, :], axis=-1).mean((2, 3))
    np.testing.assert_allclose(det_meanpair_matrix(*pair), 1 / (1 + distances), rtol=0, atol=1e-12)
    assert value(det_meanpair(*pair)) == pytest.approx((1 / (1 + distances)).max(1).mean(), abs=1e-12)


def test_the_mean_pair_similarity_is_the_same_in_blocks_and_for_different_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = walks(7, 9, seed=1), walks(5, 4, seed=2)
    whole = det_meanpair_matrix(first, second)
    monkeypatch.setattr("metrics.blocks.CPU_ELEMENTS", 14)
    assert torch.equal(det_meanpair_matrix(first, second), whole)
    assert whole.shape == (5, 7)


def test_the_mean_pair_similarity_cannot_tell_a_video_from_its_reverse_and_the_hybrid_metric_can() -> None:
    tracks = walks(20, 25)
    itself, backwards = value(det_meanpair(tracks, tracks)), value(det_meanpair(tracks, tracks[:, ::-1]))
    assert backwards == pytest.approx(itself, abs=1e-12)
    assert itself < 1
    assert value(hybrid_mf(tracks, tracks)) == pytest.approx(1, abs=1e-12)
    assert value(hybrid_mf(tracks, tracks[:, ::-1])) < 0.6


def test_the_mean_pair_similarity_has_a_value_for_tracks_at_rest() -> None:
    still = np.full((2, 5, 2), 0.5)
    assert value(det_meanpair(still, still)) == 1
    assert value(det_meanpair(still, still + np.array([0.3, 0.4]))) == pytest.approx(1 / 1.5, abs=1e-12)


LARGE = """
import resource
import numpy as np
from metrics.det import det_meanpair_matrix
from metrics.frechet import frechet_matrix
a, b = (np.random.default_rng(k).random((1200, 2, 2)) for k in range(2))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for function in (det_meanpair_matrix, frechet_matrix):
    function(np.repeat(a, 3, axis=1), np.repeat(b, 3, axis=1))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_all_pairs_of_many_tracks_need_little_more_memory_than_their_result() -> None:
    grown = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True).stdout
    assert int(grown) < 150, f"grew by {grown} MiB; the result has 11 MiB, all distances have 395 MiB"


# det_combined


def test_the_combined_metric_is_the_mean_of_the_two_that_it_reports() -> None:
    reference, generated, ids = walks(seed=1), walks(seed=2), [3, 3, 0, 5]
    score = det_combined(reference, generated, ids=ids)
    cosine, closeness = det_cosine(reference, generated), det_meanpair(reference[ids], generated[ids])
    assert value(score) == pytest.approx((value(cosine) + value(closeness)) / 2, abs=1e-12)
    assert score.detail == {"det_cosine": cosine.value, "det_meanpair_ids": closeness.value}


def test_the_draw_depends_on_its_seed_alone() -> None:
    state = torch.get_rng_state()
    assert draw_ids(100, 0) == draw_ids(100, 0) != draw_ids(100, 1)
    assert torch.equal(torch.get_rng_state(), state), "the global generator was used"
    assert len(draw_ids(7, 3)) == 50
    assert set(draw_ids(7, 3)) <= set(range(7))
    reference, generated = walks(40, seed=1), walks(40, seed=2)
    drawn = det_combined(reference, generated, ids=draw_ids(40, 5))
    assert det_combined(reference, generated, seed=5) == drawn != det_combined(reference, generated, seed=6)


def test_an_id_that_the_reference_lacks_is_undefined() -> None:
    score = det_combined(walks(4), walks(6), ids=[0, 4])
    assert score.code == "count_mismatch"
    assert "id 4" in score.reason
    assert "4 reference" in score.reason
    assert det_combined(walks(6), walks(4)).status == "ok"


@pytest.mark.parametrize("ids", [[-1, 0], [0, 6], []])
def test_ids_that_no_generated_track_has_are_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="ids"):
        det_combined(walks(8), walks(6), ids=ids)


# all three


@pytest.mark.parametrize("metric", ALL)
def test_a_longer_set_is_resampled(metric) -> None:
    score = metric(line(17), line(17)[:, ::2])
    assert score.flags == ("resampled",)
    assert score.status == "ok"


@pytest.mark.parametrize("metric", ALL)
def test_what_cannot_be_compared_is_undefined(metric) -> None:
    broken = walks()
    broken[2, 3, 1] = np.nan
    assert metric(walks(), broken).code == "nonfinite"
    assert metric(walks(0), walks()).code == "no_tracks"
    assert metric(walks(), walks(frames=0)).code == "too_few_frames"


@pytest.mark.parametrize("metric", ALL[:2])
@given(pairs(), st.randoms(use_true_random=False))
def test_track_order_does_not_matter(metric, pair: tuple[np.ndarray, np.ndarray], random) -> None:
    shuffled = [tracks[random.sample(range(len(tracks)), len(tracks))] for tracks in pair]
    first, second = metric(*pair), metric(*shuffled)
    assert first.status == second.status
    assert first.value is None or second.value == pytest.approx(first.value, abs=1e-12)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_agrees_with_the_cpu() -> None:
    first, second = torch.rand(50, 20, 2, dtype=torch.float64), torch.rand(40, 20, 2, dtype=torch.float64)
    for matrix in (det_cosine_matrix, det_meanpair_matrix):
        torch.testing.assert_close(matrix(first.cuda(), second.cuda()).cpu(), matrix(first, second), rtol=0, atol=1e-12)
