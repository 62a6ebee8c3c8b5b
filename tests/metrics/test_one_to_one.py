from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics.motion import mf_bidirectional, mf_one_way, velocity_cosines
from metrics.one_to_one import mf_one_to_one
from metrics.result import Score

COORDINATES = st.integers(-500, 1500).map(lambda k: k / 1000)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of tracks of one length, each with its own count."""
    frames = draw(st.integers(2, 6))
    return tuple(draw(arrays(np.float64, (draw(st.integers(1, 4)), frames, 2), elements=COORDINATES)) for _ in range(2))  # pyright: ignore[reportReturnType]


def value(score: Score) -> float:
    assert score.value is not None, score.reason
    return score.value


def movers(right: int, left: int) -> np.ndarray:
    """Tracks in px that go right, then tracks that go left, each with a direction slightly its own."""
    angles = np.concatenate([np.zeros(right), np.full(left, np.pi)]) + np.linspace(-0.01, 0.01, right + left)
    steps = 3 * np.stack([np.cos(angles), np.sin(angles)], -1)
    return 100 + steps[:, None] * np.arange(9)[:, None]


def test_the_numbers_of_each_motion_count_unlike_for_best_matches() -> None:
    reference, swapped = movers(right=90, left=10), movers(right=10, left=90)
    assert value(mf_one_way(reference, swapped)) > 0.999
    assert value(mf_bidirectional(reference, swapped)) > 0.999
    assert value(mf_one_to_one(reference, swapped)) == pytest.approx(0.2 - 0.8, abs=1e-3)


def test_one_motion_in_place_of_two_is_half_right_and_half_wrong() -> None:
    reference, collapsed = movers(right=50, left=50), movers(right=100, left=0)
    assert value(mf_one_way(reference, collapsed)) > 0.999
    assert value(mf_one_to_one(reference, collapsed)) == pytest.approx(0, abs=1e-3)


def test_tracks_without_a_partner_count_as_zero_in_whichever_set_they_are() -> None:
    many, few = movers(right=8, left=0), movers(right=2, left=0)
    for pair, detail in [((many, few), (1, 0.25)), ((few, many), (0.25, 1))]:
        score = mf_one_to_one(*pair)
        assert value(score) == pytest.approx(2 * 2 / 10, abs=1e-3)
        assert (score.detail["gen_to_ref"], score.detail["ref_to_gen"]) == pytest.approx(detail, abs=1e-3)
        assert (score.n_used, score.n_total) == (4, 10)


@given(pairs())
def test_the_matching_is_the_best_of_all(pair: tuple[np.ndarray, np.ndarray]) -> None:
    few, many = sorted(pair, key=len)
    similarity = np.array([[velocity_cosines(a[None], b[None]).item() for b in many] for a in few])
    best = max(
        sum(similarity[row, column] for row, column in enumerate(chosen))
        for chosen in permutations(range(len(many)), len(few))
    )
    assert value(mf_one_to_one(*pair)) == pytest.approx(2 * best / (len(few) + len(many)), abs=1e-12)


@given(pairs(), st.randoms(use_true_random=False))
def test_neither_track_order_nor_the_roles_of_the_sets_matter(pair: tuple[np.ndarray, np.ndarray], random) -> None:
    expected = value(mf_one_to_one(*pair))
    shuffled = [tracks[random.sample(range(len(tracks)), len(tracks))] for tracks in pair]
    assert value(mf_one_to_one(*shuffled)) == pytest.approx(expected, abs=1e-12)
    assert value(mf_one_to_one(*pair[::-1])) == pytest.approx(expected, abs=1e-12)
    assert -1 <= expected <= 1


@given(pairs())
def test_it_is_one_for_the_same_set_and_never_above_the_best_matches(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert value(mf_one_to_one(pair[0], pair[0])) == pytest.approx(1, abs=1e-12)
    if len(pair[0]) == len(pair[1]):
        assert value(mf_one_to_one(*pair)) <= value(mf_bidirectional(*pair)) + 1e-12


def test_what_cannot_be_compared_is_undefined() -> None:
    broken, stopped = movers(3, 3), movers(3, 3)
    broken[2, 3, 1] = np.nan
    stopped[0, 4] = stopped[0, 3]
    assert mf_one_to_one(movers(3, 3), broken).code == "nonfinite"
    assert mf_one_to_one(movers(3, 3), movers(0, 0)).code == "no_tracks"
    assert mf_one_to_one(movers(3, 3), movers(3, 3)[:, :1]).code == "too_few_frames"
    assert mf_one_to_one(movers(3, 3), stopped, zero_steps="undefined").code == "official_nan"
    assert mf_one_to_one(movers(3, 3), stopped).status == "ok"


def test_different_lengths_are_aligned() -> None:
    score = mf_one_to_one(movers(3, 3), movers(3, 3)[:, ::2])
    assert value(score) == pytest.approx(1, abs=1e-12)
    assert score.flags == ("resampled",)
