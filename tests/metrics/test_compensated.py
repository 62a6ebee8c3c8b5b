from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.compensated import PIXEL, Layers, mf_compensated
from metrics.motion import hybrid_mf, mf_one_way, velocity_cosines
from metrics.result import Score

FRAMES, POINTS, BACKGROUND = 21, 12, 40
RIGHT, LEFT, STILL = (0.008, 0.0), (-0.008, 0.0), (0.0, 0.0)
SLOW_PAN, FAST_PAN = (0.02, 0.0), (0.06, 0.01)


def scene(
    subject: tuple[float, float],
    camera: tuple[float, float],
    *,
    zoom: float = 1.0,
    turn: float = 0.0,
    frames: int = FRAMES,
    seed: int = 0,
) -> Layers:
    """Tracks in iso of a subject that moves before a background, seen by a camera that moves; everything is visible.

    Args:
        subject: its motion in the scene, per frame.
        camera: what the camera adds to the motion of everything, per frame.
        zoom: factor of the camera per frame.
        turn: of the camera, radians per frame.
        frames: T.
        seed: where the points are.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None]
    body = rng.uniform(0.4, 0.8, (POINTS, 1, 2)) + time * np.array(subject)
    backdrop = rng.uniform([0, 0], [1.5, 1], (BACKGROUND, 1, 2)) + time * 0.0

    def seen(points: NDArray[np.float64]) -> NDArray[np.float64]:
        centred = (points - [0.75, 0.5]) @ np.array([1, 1j]) * (zoom * np.exp(1j * turn)) ** time[:, 0]
        return np.stack([centred.real, centred.imag], -1) + [0.75, 0.5] + time * np.array(camera)

    body, backdrop = seen(body), seen(backdrop)
    return Layers(body, np.ones(body.shape[:2], bool), backdrop, np.ones(backdrop.shape[:2], bool))


def value(score: Score) -> float:
    assert score.value is not None, score.reason
    return score.value


def test_a_copy_scores_one() -> None:
    original = scene(RIGHT, SLOW_PAN, zoom=1.01, turn=0.01)
    score = mf_compensated(original, original)
    assert value(score) == pytest.approx(1, abs=1e-12)
    assert (score.n_used, score.n_total, score.detail) == (POINTS, POINTS, {"counted_share": 1.0})


# the camera


def test_a_subject_that_moves_the_wrong_way_under_the_same_pan_is_found_out() -> None:
    reference, wrong = scene(RIGHT, SLOW_PAN), scene(LEFT, SLOW_PAN)
    assert velocity_cosines(reference.foreground, wrong.foreground).mean() > 0.999
    assert value(mf_one_way(reference.foreground, wrong.foreground)) > 0.999
    assert value(hybrid_mf(reference.foreground, wrong.foreground)) > 0.8
    assert value(mf_compensated(reference, wrong)) < -0.9


def test_the_right_motion_under_another_camera_is_recognised() -> None:
    reference, elsewhere = scene(RIGHT, SLOW_PAN), scene(RIGHT, (-0.03, 0.04))
    assert value(mf_one_way(reference.foreground, elsewhere.foreground)) < 0
    assert value(mf_compensated(reference, elsewhere)) == pytest.approx(1, abs=1e-6)


def test_a_subject_at_rest_before_a_panning_camera_does_not_match_a_moving_one() -> None:
    reference, resting = scene(RIGHT, SLOW_PAN), scene(STILL, FAST_PAN)
    assert value(mf_one_way(reference.foreground, resting.foreground)) > 0.9
    assert value(mf_compensated(reference, resting)) < 0.2
    assert value(mf_compensated(resting, scene(STILL, SLOW_PAN, zoom=1.02))) > 0.99


def test_zoom_and_turn_are_taken_away_too() -> None:
    assert value(mf_compensated(scene(RIGHT, STILL), scene(RIGHT, STILL, zoom=1.02))) > 0.99
    assert value(mf_compensated(scene(STILL, STILL), scene(STILL, STILL, turn=0.02))) == pytest.approx(1, abs=1e-6)


def test_background_tracks_that_follow_something_else_do_not_disturb_the_camera() -> None:
    reference, disturbed = scene(RIGHT, SLOW_PAN), scene(RIGHT, SLOW_PAN)
    wild = np.array(disturbed.background)
    wild[: BACKGROUND * 2 // 5] += np.random.default_rng(1).normal(0, 0.05, wild.shape[1:]).cumsum(0)
    wild[0, 5] = np.nan
    assert value(mf_compensated(reference, replace(disturbed, background=wild))) == pytest.approx(1, abs=1e-6)


# visibility


def test_guessed_positions_of_hidden_points_do_not_count() -> None:
    reference, guessed = scene(RIGHT, SLOW_PAN), scene(RIGHT, SLOW_PAN)
    hidden = np.zeros((POINTS, FRAMES), bool)
    hidden[:, FRAMES // 2 :] = True
    points = np.array(guessed.foreground)
    points[hidden] += np.random.default_rng(2).normal(0, 0.1, points[hidden].shape)
    generated = replace(guessed, foreground=points, foreground_visible=~hidden)
    assert velocity_cosines(reference.foreground, points).mean() < 0.6
    for pair in [(reference, generated), (generated, reference)]:
        score = mf_compensated(*pair)
        assert value(score) == pytest.approx(1, abs=1e-6)
        assert score.detail["counted_share"] == pytest.approx((FRAMES // 2 - 1) / (FRAMES - 1))


def test_every_step_that_counts_has_the_same_weight() -> None:
    reference, generated = scene(RIGHT, STILL), scene(RIGHT, STILL)
    points, visible = np.array(generated.foreground), np.zeros((POINTS, FRAMES), bool)
    points[1] = np.array(scene(LEFT, STILL).foreground)[1]
    visible[0, :4] = visible[1, :2] = True  # three steps that agree, one that does not
    score = mf_compensated(reference, replace(generated, foreground=points, foreground_visible=visible))
    against = (PIXEL**2 / 4 - 0.008**2) / (PIXEL**2 / 4 + 0.008**2)
    assert value(score) == pytest.approx((3 + against) / 4, abs=1e-6)
    assert (score.n_used, score.n_total) == (2, POINTS)


def test_jitter_about_rest_agrees_with_rest_where_its_directions_do_not() -> None:
    still = scene(STILL, STILL)
    shaken = np.array(still.foreground) + np.random.default_rng(3).normal(0, PIXEL / 10, (POINTS, FRAMES, 2))
    trembling = np.array(still.foreground) + np.random.default_rng(4).normal(0, PIXEL / 10, (POINTS, FRAMES, 2))
    assert abs(velocity_cosines(shaken, trembling).mean().item()) < 0.2
    assert value(mf_compensated(replace(still, foreground=shaken), replace(still, foreground=trembling))) > 0.8


# what cannot be compared


def test_too_few_visible_background_tracks_are_undefined() -> None:
    full = scene(RIGHT, SLOW_PAN)
    for sparse in (
        replace(full, background=full.background[:7], background_visible=full.background_visible[:7]),
        replace(full, background_visible=np.arange(FRAMES) < np.full((BACKGROUND, 1), FRAMES // 3)),
    ):
        for pair in [(full, sparse), (sparse, full)]:
            score = mf_compensated(*pair)
            assert score.code == "few_background"
            assert f"of {FRAMES - 1} frame steps" in score.reason


def test_a_background_without_a_common_motion_is_undefined() -> None:
    full = scene(RIGHT, SLOW_PAN)
    boiling = np.random.default_rng(5).uniform(0, 1, (BACKGROUND, FRAMES, 2))
    assert mf_compensated(full, replace(full, background=boiling)).code == "few_background"


def test_steps_without_a_known_camera_are_left_out() -> None:
    full = scene(RIGHT, SLOW_PAN)
    visible = np.ones((BACKGROUND, FRAMES), bool)
    visible[:, 10] = False
    score = mf_compensated(full, replace(full, background_visible=visible))
    assert value(score) == pytest.approx(1, abs=1e-6)
    assert score.detail["counted_share"] == pytest.approx((FRAMES - 3) / (FRAMES - 1))


def test_points_that_are_never_seen_in_both_videos_are_undefined() -> None:
    full = scene(RIGHT, SLOW_PAN)
    flickering = np.arange(FRAMES) % 2 == np.zeros((POINTS, 1))
    assert mf_compensated(full, replace(full, foreground_visible=flickering)).code == "few_visible"


def test_foregrounds_that_cannot_be_compared_are_undefined() -> None:
    full, short = scene(RIGHT, SLOW_PAN), scene(RIGHT, SLOW_PAN, frames=1)
    fewer = replace(full, foreground=full.foreground[:5], foreground_visible=full.foreground_visible[:5])
    none = replace(full, foreground=full.foreground[:0], foreground_visible=full.foreground_visible[:0])
    broken = np.array(full.foreground)
    broken[1, 2] = np.nan
    assert mf_compensated(full, fewer).code == "count_mismatch"
    assert mf_compensated(full, none).code == "no_tracks"
    assert mf_compensated(full, short).code == "too_few_frames"
    assert mf_compensated(full, replace(full, foreground=broken)).code == "nonfinite"


def test_different_lengths_are_aligned_in_all_layers() -> None:
    full = scene(RIGHT, SLOW_PAN)
    half = Layers(*(np.array(array)[:, ::2] for array in vars(full).values()))
    score = mf_compensated(full, half)
    assert value(score) == pytest.approx(1, abs=1e-6)
    assert score.flags == ("resampled",)
    assert mf_compensated(full, half, alignment="equal").code == "length_mismatch"


def test_layers_that_are_not_of_one_video_are_refused() -> None:
    full = scene(RIGHT, SLOW_PAN)
    with pytest.raises(ValueError, match="background_visible has shape"):
        replace(full, background_visible=np.ones((BACKGROUND, 3), bool))
    with pytest.raises(ValueError, match="frames"):
        replace(full, background=full.background[:, :5], background_visible=full.background_visible[:, :5])


def test_the_same_layers_give_the_same_bits() -> None:
    pair = scene(RIGHT, SLOW_PAN, zoom=1.01), scene(LEFT, FAST_PAN, turn=0.01, seed=1)
    assert mf_compensated(*pair) == mf_compensated(*pair)
