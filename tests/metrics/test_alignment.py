from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.alignment import UnequalLengths, align, linspace_exact, linspace_trunc

LENGTHS = st.integers(1, 300).flatmap(lambda long: st.tuples(st.just(long), st.integers(1, long)))


def ramp(frames: int, count: int = 2) -> np.ndarray:
    """Tracks whose x is the frame number."""
    tracks = np.zeros((count, frames, 2))
    tracks[..., 0] = np.arange(frames)
    return tracks


def test_usual_lengths_keep_the_frames_that_the_specification_lists() -> None:
    assert linspace_exact(49, 25) == list(range(0, 49, 2))
    assert linspace_exact(17, 12) == [0, 1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16]
    assert linspace_exact(49, 1) == linspace_trunc(49, 1) == [0]


@pytest.mark.parametrize(("long", "short", "place"), [(33, 31, 15), (49, 43, 21)])
def test_the_float_rule_falls_one_frame_short_where_the_specification_says(long: int, short: int, place: int) -> None:
    exact, trunc = linspace_exact(long, short), linspace_trunc(long, short)
    assert [i for i in range(short) if exact[i] != trunc[i]] == [place]
    assert trunc[place] == exact[place] - 1


@pytest.mark.parametrize("rule", [linspace_exact, linspace_trunc])
@given(lengths=LENGTHS)
def test_indices_rise_from_the_first_frame_to_the_last(rule, lengths: tuple[int, int]) -> None:
    long, short = lengths
    indices = rule(long, short)
    assert len(indices) == short
    assert indices[0] == 0
    assert short == 1 or indices[-1] == long - 1
    assert indices == sorted(set(indices))


@pytest.mark.parametrize("rule", [linspace_exact, linspace_trunc])
@pytest.mark.parametrize(("long", "short"), [(5, 6), (5, 0), (0, 0)])
def test_impossible_lengths_are_refused(rule, long: int, short: int) -> None:
    with pytest.raises(ValueError, match="1 <= short <= long"):
        rule(long, short)


@pytest.mark.parametrize("rule", ["linspace-exact", "linspace-trunc", "truncate", "equal"])
def test_equal_lengths_are_left_as_they_are(rule) -> None:
    reference, generated, flags = align(ramp(7), ramp(7), rule)
    assert np.array_equal(reference, ramp(7))
    assert np.array_equal(generated, ramp(7))
    assert flags == ()


def test_the_longer_set_is_resampled_whichever_it_is() -> None:
    reference, generated, flags = align(ramp(5), ramp(3), "linspace-exact")
    assert reference[0, :, 0].tolist() == [0, 2, 4]
    assert np.array_equal(generated, ramp(3))
    assert flags == ("resampled",)

    reference, generated, flags = align(ramp(3), ramp(5), "linspace-trunc")
    assert np.array_equal(reference, ramp(3))
    assert generated[0, :, 0].tolist() == [0, 2, 4]
    assert flags == ("resampled",)


def test_truncation_keeps_the_first_frames() -> None:
    reference, generated, flags = align(ramp(5), ramp(3), "truncate")
    assert np.array_equal(reference, ramp(3))
    assert np.array_equal(generated, ramp(3))
    assert flags == ("truncated",)


def test_the_rule_equal_refuses_different_lengths_with_both_numbers() -> None:
    with pytest.raises(UnequalLengths, match="5 reference and 3 generated"):
        align(ramp(5), ramp(3), "equal")


def test_an_unknown_rule_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="linspace-exact, linspace-trunc, truncate, equal"):
        align(ramp(5), ramp(5), "nearest")  # pyright: ignore[reportArgumentType]


def test_tracks_with_frames_before_points_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="transpose"):
        align(np.zeros((49, 100, 3)), ramp(5), "truncate")
