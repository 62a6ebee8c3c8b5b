from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from metrics.motion import (
    dmt_mf,
    hybrid_mf,
    mf_bidirectional,
    mf_one_way,
    motion_flags,
    velocities,
    velocity_cosines,
    visibility_flags,
)
from metrics.result import Score

Metric = Callable[..., Score]
ALL: list[Metric] = [hybrid_mf, mf_one_way, mf_bidirectional, dmt_mf]
INDEX_MATCHED: list[Metric] = [hybrid_mf, dmt_mf]
BEST_MATCH: list[Metric] = [mf_one_way, mf_bidirectional]

# Thousandths of a frame: steps are either exactly zero or well above the zero-step threshold.
COORDINATES = st.integers(-500, 1500).map(lambda k: k / 1000)


@st.composite
def pairs(draw: st.DrawFn, *, matched: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of tracks of one length; with `matched` also of one count."""
    count, frames = draw(st.integers(1, 5)), draw(st.integers(2, 7))
    other = count if matched else draw(st.integers(1, 5))
    return tuple(draw(arrays(np.float64, (n, frames, 2), elements=COORDINATES)) for n in (count, other))  # pyright: ignore[reportReturnType]


def value(score: Score) -> float:
    assert score.value is not None, score.reason
    return score.value


def walks(count: int = 6, frames: int = 9, seed: int = 0) -> np.ndarray:
    return 0.5 + np.random.default_rng(seed).normal(0, 0.02, (count, frames, 2)).cumsum(1)


def line(frames: int = 17) -> np.ndarray:
    return np.linspace([0.1, 0.5], [0.9, 0.5], frames)[None]


# hybrid_mf


@given(pairs())
def test_hybrid_is_one_for_identical_tracks_and_for_no_others(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, generated = pair
    assert value(hybrid_mf(reference, reference)) == pytest.approx(1, abs=1e-12)
    if not np.array_equal(reference, generated):
        assert value(hybrid_mf(reference, generated)) < 1 - 1e-5


@given(pairs())
def test_hybrid_is_symmetric_and_within_its_range(pair: tuple[np.ndarray, np.ndarray]) -> None:
    forth, back = hybrid_mf(*pair), hybrid_mf(*pair[::-1])
    assert value(forth) == pytest.approx(value(back), abs=1e-12)
    assert -0.5 < value(forth) <= 1


def test_hybrid_weighs_the_two_terms_that_it_reports() -> None:
    reference, generated = walks(seed=1), walks(seed=2)
    score = hybrid_mf(reference, generated, alpha=0.25)
    detail = score.detail
    assert set(detail) == {"frechet_mean", "exp_frechet_mean", "cos_mean"}
    assert value(score) == pytest.approx(0.25 * detail["exp_frechet_mean"] + 0.75 * detail["cos_mean"], abs=1e-12)
    assert (score.n_used, score.n_total, score.flags) == (6, 6, ())


def test_hybrid_of_an_offset_is_the_exponential_of_its_length() -> None:
    score = hybrid_mf(line(), line() + np.array([0.0, 0.1]))
    assert value(score) == pytest.approx(0.5 * np.exp(-0.1) + 0.5, abs=1e-12)


def test_hybrid_depends_on_which_track_is_which() -> None:
    tracks = walks()
    assert value(hybrid_mf(tracks, tracks[::-1])) < 0.9


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_impossible_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        hybrid_mf(walks(), walks(), alpha=alpha)


# zero steps


def test_two_zero_steps_agree_and_one_disagrees() -> None:
    still, moving = np.full((1, 5, 2), 0.5), line(5)
    assert velocity_cosines(still, still).tolist() == [1.0]
    assert velocity_cosines(still, moving).tolist() == [0.0]
    half = np.concatenate([line(5), line(5)[:, -1:].repeat(4, 1)], axis=1)
    assert velocity_cosines(np.linspace([0.1, 0.5], [0.9, 0.5], 9)[None], half).tolist() == [0.5]


@pytest.mark.parametrize(("step", "cosine"), [(0.9e-8, 1.0), (1.1e-8, 0.0)])
def test_a_step_counts_as_zero_up_to_the_threshold(step: float, cosine: float) -> None:
    tiny = np.array([[[0.0, 0.0], [step, 0.0]]])
    assert velocity_cosines(tiny, np.zeros((1, 2, 2))).tolist() == [cosine]


@pytest.mark.parametrize("metric", BEST_MATCH)
def test_best_match_metrics_apply_the_same_rule_to_zero_steps(metric: Metric) -> None:
    still = np.full((2, 5, 2), 0.5)
    assert value(metric(still, still)) == 1
    assert value(metric(line(5), still)) == 0
    assert value(metric(np.concatenate([line(5), still]), np.concatenate([still, line(5)]))) == 1


@pytest.mark.parametrize("metric", [mf_one_way, mf_bidirectional, dmt_mf])
def test_a_zero_step_is_undefined_where_the_official_code_gives_nan(metric: Metric) -> None:
    stopped = line()
    stopped[0, 5] = stopped[0, 4]
    for pair in [(line(), stopped), (stopped, line())]:
        assert metric(*pair, zero_steps="undefined").code == "official_nan"


def test_the_official_rule_gives_every_other_step_its_direction() -> None:
    tiny = line() * 1e-9
    assert value(mf_one_way(tiny, -tiny, zero_steps="undefined")) == pytest.approx(-1, abs=1e-12)


def test_an_unknown_rule_for_zero_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="zero_steps"):
        mf_one_way(walks(), walks(), zero_steps="nan")  # pyright: ignore[reportArgumentType]


# best match


@given(pairs(matched=False), st.randoms(use_true_random=False))
def test_best_match_metrics_do_not_depend_on_track_order(pair: tuple[np.ndarray, np.ndarray], random) -> None:
    shuffled = [tracks[random.sample(range(len(tracks)), len(tracks))] for tracks in pair]
    for metric in BEST_MATCH:
        assert value(metric(*shuffled)) == pytest.approx(value(metric(*pair)), abs=1e-12)


@given(pairs(matched=False))
def test_best_match_metrics_equal_their_definition(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, generated = pair
    similarity = np.array([[velocity_cosines(r[None], g[None]).item() for r in reference] for g in generated])
    forth, back = similarity.max(1).mean(), similarity.max(0).mean()
    assert value(mf_one_way(reference, generated)) == pytest.approx(forth, abs=1e-12)
    assert value(mf_one_way(generated, reference)) == pytest.approx(back, abs=1e-12)
    both = mf_bidirectional(reference, generated)
    assert value(both) == pytest.approx((forth + back) / 2, abs=1e-12)
    assert both.detail == pytest.approx({"gen_to_ref": forth, "ref_to_gen": back}, abs=1e-12)
    assert both.n_used == len(reference) + len(generated)


def test_a_perfect_copy_is_scored_by_dmt_through_its_second_best_match() -> None:
    angles = np.arange(8) * np.pi / 4
    directions = np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]
    fan = directions * np.arange(13)[None, :, None]
    assert value(mf_one_way(fan, fan)) == pytest.approx(1, abs=1e-12)
    assert value(dmt_mf(fan, fan)) == pytest.approx(np.cos(np.pi / 4), abs=1e-12)


def test_a_single_track_matches_only_itself_and_says_so() -> None:
    score = dmt_mf(line(), line())
    assert value(score) == pytest.approx(0, abs=1e-12)
    assert score.flags == ("self_excluded",)
    assert mf_one_way(line(), line()).flags == ()


# lengths and counts


def test_different_lengths_are_resampled_truncated_or_undefined_as_asked() -> None:
    full, half = line(17), line(17)[:, ::2]
    assert hybrid_mf(full, half).flags == ("resampled",)
    assert value(hybrid_mf(full, half)) == pytest.approx(1, abs=1e-12)
    assert dmt_mf(full, half, alignment="truncate").flags == ("truncated", "self_excluded")
    undefined = dmt_mf(full, half)
    assert undefined.code == "length_mismatch"
    assert "17 reference and 9 generated" in undefined.reason


@pytest.mark.parametrize("metric", INDEX_MATCHED)
def test_different_counts_are_undefined_for_index_matched_metrics(metric: Metric) -> None:
    score = metric(walks(6), walks(4))
    assert score.code == "count_mismatch"
    assert "6 reference and 4 generated" in score.reason
    assert (score.n_used, score.n_total) == (0, 4)


@pytest.mark.parametrize("metric", BEST_MATCH)
def test_different_counts_are_computed_by_best_match_metrics(metric: Metric) -> None:
    assert metric(walks(6), walks(4)).status == "ok"


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("frames", [0, 1])
def test_fewer_than_two_frames_are_undefined(metric: Metric, frames: int) -> None:
    assert metric(walks(frames=9), walks(frames=9)[:, :frames]).code == "too_few_frames"


@pytest.mark.parametrize("metric", ALL)
def test_no_tracks_are_undefined(metric: Metric) -> None:
    for pair in [(walks(0), walks(0)), (walks(0), walks(3)), (walks(3), walks(0))]:
        assert metric(*pair).code == "no_tracks"


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_tracks_that_are_not_finite_are_undefined_and_counted(metric: Metric, bad: float) -> None:
    broken = walks()
    broken[[1, 4], 3, 0] = bad
    for pair, name in [((broken, walks()), "reference"), ((walks(), broken), "generated")]:
        score = metric(*pair)
        assert score.code == "nonfinite"
        assert f"2 of 6 {name}" in score.reason


@given(*2 * [arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5).map(lambda s: (*s, 2)))])
def test_no_nan_or_infinity_ever_leaves(reference: np.ndarray, generated: np.ndarray) -> None:
    for metric in ALL:
        score = metric(reference, generated)  # a score cannot hold NaN: its constructor would raise here
        assert score.value is None or -2 <= score.value <= 1


@pytest.mark.parametrize("metric", ALL)
def test_the_same_tracks_give_the_same_bits(metric: Metric) -> None:
    assert metric(walks(seed=1), walks(seed=2)) == metric(walks(seed=1), walks(seed=2))


def test_velocities_are_the_differences_of_neighbouring_frames() -> None:
    assert velocities(np.array([[[0.0, 0], [1, 2], [4, 1]]])).tolist() == [[[1, 2], [3, -1]]]


# flags


def test_a_static_reference_is_flagged_before_a_static_generation() -> None:
    def flags(reference: np.ndarray, generated: np.ndarray) -> tuple[str, ...]:
        return motion_flags(reference, generated, reference_aspect=1.5, generated_aspect=1.5)

    still, moving = np.full((3, 9, 2), 0.5), walks(3)
    assert flags(moving, moving) == ()
    assert flags(still, moving) == ("static_reference",)
    assert flags(still, still) == ("static_reference",)
    assert flags(moving, still) == ("static_generation",)


@pytest.mark.parametrize(("aspect", "expected"), [(1.5, ()), (1.0, ("static_reference",))])
def test_path_lengths_are_measured_in_frame_heights(aspect: float, expected: tuple[str, ...]) -> None:
    sideways = np.linspace([0.5, 0.5], [0.508, 0.5], 5)[None]
    assert motion_flags(sideways, sideways, reference_aspect=aspect, generated_aspect=aspect) == expected


@pytest.mark.parametrize(("generated", "expected"), [(1.512, ()), (1.53, ("aspect_mismatch",))])
def test_aspects_more_than_one_percent_apart_are_flagged(generated: float, expected: tuple[str, ...]) -> None:
    assert motion_flags(walks(), walks(), reference_aspect=1.5, generated_aspect=generated) == expected


def test_sets_without_motion_to_measure_carry_no_flag() -> None:
    for tracks in (walks(0), walks(3, 1)):
        assert motion_flags(tracks, tracks, reference_aspect=1.5, generated_aspect=1.5) == ()


@pytest.mark.parametrize(
    ("hidden", "expected"), [(0, ()), (5, ()), (6, ("low_visibility",)), (10, ("low_visibility",))]
)
def test_visibility_below_half_is_flagged(hidden: int, expected: tuple[str, ...]) -> None:
    visible = np.arange(10).reshape(2, 5) >= hidden
    assert visibility_flags(visible) == expected


def test_no_points_carry_no_visibility_flag() -> None:
    assert visibility_flags(np.zeros((0, 5), bool)) == ()
