from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics.frechet import discrete_frechet, frechet_matrix

# Thousandths of a frame: differences are either zero or well above rounding.
COORDINATES = st.integers(-500, 1500).map(lambda k: k / 1000)


def tracks(count: int, frames: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, (count, frames, 2), elements=COORDINATES)


@st.composite
def sets(draw: st.DrawFn, number: int, *, same_length: bool = False) -> list[np.ndarray]:
    """Index-matched sets of tracks, each with its own length unless `same_length`."""
    count, frames = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    return [draw(tracks(count, frames if same_length else draw(st.integers(1, 8)))) for _ in range(number)]


def recursive_frechet(first: np.ndarray, second: np.ndarray) -> float:
    """The recursion as it is defined, for one pair."""

    @cache
    def cost(i: int, j: int) -> float:
        here = math.dist(first[i], second[j])
        before = [cost(k, m) for k, m in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if k >= 0 and m >= 0]
        return max(here, min(before)) if before else here

    return cost(len(first) - 1, len(second) - 1)


@given(sets(2))
def test_the_sweep_equals_the_recursion(pair: list[np.ndarray]) -> None:
    expected = [recursive_frechet(*item) for item in zip(*pair, strict=True)]
    np.testing.assert_allclose(discrete_frechet(*pair), expected, rtol=0, atol=1e-12)


def test_the_sweep_equals_the_recursion_on_long_random_walks() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(5, frames, 2)).cumsum(1) for frames in (49, 31))
    expected = [recursive_frechet(*item) for item in zip(first, second, strict=True)]
    np.testing.assert_allclose(discrete_frechet(first, second), expected, rtol=0, atol=1e-12)


@given(sets(2))
def test_the_distance_is_symmetric(pair: list[np.ndarray]) -> None:
    assert torch.equal(discrete_frechet(*pair), discrete_frechet(*pair[::-1]))


@given(sets(3))
def test_the_triangle_inequality_holds(three: list[np.ndarray]) -> None:
    a, b, c = three
    assert (discrete_frechet(a, c) <= discrete_frechet(a, b) + discrete_frechet(b, c) + 1e-12).all()


@given(sets(2, same_length=True))
def test_the_distance_lies_between_its_end_points_and_the_largest_step_by_step_distance(pair: list[np.ndarray]) -> None:
    pointwise = np.linalg.norm(pair[0] - pair[1], axis=-1)
    distance = discrete_frechet(*pair).numpy()
    assert (distance >= np.maximum(pointwise[:, 0], pointwise[:, -1]) - 1e-12).all()
    assert (distance <= pointwise.max(1) + 1e-12).all()


@given(sets(1))
def test_identical_tracks_are_at_distance_zero(one: list[np.ndarray]) -> None:
    assert (discrete_frechet(one[0], one[0]) == 0).all()


def test_order_matters_unlike_for_the_hausdorff_distance() -> None:
    line = np.linspace([0.1, 0.5], [0.9, 0.5], 17)[None]
    assert discrete_frechet(line, line[:, ::-1]).item() == pytest.approx(0.8, abs=1e-12)


def test_a_single_frame_is_matched_with_every_frame_of_the_other() -> None:
    assert discrete_frechet(np.zeros((1, 1, 2)), np.array([[[0.0, 0], [3, 4], [1, 0]]])).tolist() == [5.0]


def test_a_pair_with_nan_is_nan_and_leaves_the_others_alone() -> None:
    first = np.zeros((3, 4, 2))
    first[1, 2, 0] = np.nan
    distance = discrete_frechet(first, np.ones((3, 4, 2)))
    assert distance.isnan().tolist() == [False, True, False]


def test_no_tracks_give_no_distances() -> None:
    assert discrete_frechet(np.zeros((0, 4, 2)), np.zeros((0, 5, 2))).shape == (0,)


@pytest.mark.parametrize("shapes", [((2, 4, 2), (3, 4, 2)), ((2, 0, 2), (2, 4, 2))])
def test_sets_that_cannot_be_paired_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="expected equal N"):
        discrete_frechet(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_distances_do_not_depend_on_blocks_or_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((23, 9, 2)), rng.random((23, 12, 2))
    whole, matrix = discrete_frechet(first, second), frechet_matrix(first, second)
    monkeypatch.setattr("metrics.blocks.CPU_ELEMENTS", 5 * 9)
    for threads in (1, 3):
        monkeypatch.setattr("torch.get_num_threads", lambda threads=threads: threads)
        assert torch.equal(discrete_frechet(first, second), whole)
        assert torch.equal(frechet_matrix(first, second), matrix)


@st.composite
def two_counts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of tracks, each with its own count and length."""
    return tuple(draw(tracks(draw(st.integers(0, 4)), draw(st.integers(1, 6)))) for _ in range(2))  # pyright: ignore[reportReturnType]


@given(two_counts())
def test_the_matrix_holds_the_distance_of_every_pair(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    matrix = frechet_matrix(first, second)
    assert matrix.shape == (len(first), len(second))
    for i, track in enumerate(first):
        assert torch.equal(matrix[i], discrete_frechet(np.repeat(track[None], len(second), 0), second))


def test_a_track_with_nan_is_nan_in_its_row_of_the_matrix_alone() -> None:
    first = np.zeros((3, 4, 2))
    first[1, 2, 0] = np.nan
    assert frechet_matrix(first, np.ones((2, 5, 2))).isnan().tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_tracks_without_frames_have_no_matrix() -> None:
    with pytest.raises(ValueError, match="1 or more frames"):
        frechet_matrix(np.zeros((2, 0, 2)), np.zeros((3, 4, 2)))


def test_arguments_are_left_unchanged() -> None:
    first, second = torch.rand(3, 5, 2, dtype=torch.float64), torch.rand(3, 6, 2, dtype=torch.float64)
    copies = first.clone(), second.clone()
    discrete_frechet(first, second)
    assert torch.equal(first, copies[0])
    assert torch.equal(second, copies[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_agrees_with_the_cpu() -> None:
    first, second = torch.rand(50, 20, 2, dtype=torch.float64), torch.rand(50, 15, 2, dtype=torch.float64)
    on_gpu = discrete_frechet(first.cuda(), second.cuda())
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), discrete_frechet(first, second), rtol=0, atol=1e-12)
    matrix = frechet_matrix(first.cuda(), second.cuda())
    torch.testing.assert_close(matrix.cpu(), frechet_matrix(first, second), rtol=0, atol=1e-12)
