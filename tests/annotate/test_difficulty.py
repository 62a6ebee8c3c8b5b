from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from annotate.difficulty import (
    cluster_tracks,
    difficulty_level,
    difficulty_v1,
    position_features,
    shape_features,
    velocity_features,
)

WIDTH, HEIGHT = 720, 480


def groups(count: int, *, size: int = 10, frames: int = 20, seed: int = 0) -> np.ndarray:
    """Points [count * size, frames, 2] px in groups that move alike within and differently between."""
    rng = np.random.default_rng(seed)
    angles = np.repeat(np.arange(count) * 2 * np.pi / count, size)
    steps = 6 * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None] + rng.normal(
        0, 0.3, (count * size, frames - 1, 2)
    )
    start = rng.uniform(100, 300, (count * size, 1, 2))
    return np.concatenate([start, start + np.cumsum(steps, 1)], 1)


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7, 9])
def test_each_group_of_tracks_that_moves_alike_counts_once(count: int) -> None:
    result = difficulty_v1(groups(count), WIDTH, HEIGHT)
    assert (result.clusters, result.reason) == (count, "argmax")
    assert result.level == difficulty_level(count)
    assert not result.unstable
    assert [len(set(part)) for part in result.labels.reshape(count, 10)] == [1] * count


def test_the_levels_begin_at_one_four_and_seven() -> None:
    assert [difficulty_level(k) for k in (1, 3, 4, 6, 7, 12)] == ["easy", "easy", "medium", "medium", "hard", "hard"]


def test_points_that_all_move_alike_are_one_rigid_motion() -> None:
    shift = np.cumsum(np.random.default_rng(0).normal(0, 8, (1, 20, 2)), 1)
    start = np.random.default_rng(1).uniform(0, 400, (30, 1, 2))
    result = difficulty_v1(start + shift, WIDTH, HEIGHT)
    assert (result.clusters, result.level, result.reason) == (1, "easy", "rigid")
    assert result.residual_rms == pytest.approx(0, abs=1e-12)
    assert (result.silhouette, result.margin, result.table) == (None, None, ())


def test_a_still_clip_and_a_single_frame_are_one_motion() -> None:
    still = np.repeat(np.random.default_rng(0).uniform(0, 400, (30, 1, 2)), 10, 1)
    for points in (still, still[:, :1]):
        result = difficulty_v1(points, WIDTH, HEIGHT)
        assert (result.clusters, result.reason, result.residual_rms) == (1, "rigid", 0)


def test_tracks_that_jump_or_are_not_finite_are_left_out() -> None:
    points = groups(3)
    points[0, 5] += 100
    points[11, 3, 0] = np.nan
    points[12] = np.inf
    result = difficulty_v1(points, WIDTH, HEIGHT)
    assert (result.n_valid, result.n_total, result.clusters) == (27, 30, 3)
    assert len(result.labels) == 27


@pytest.mark.parametrize("valid", [0, 1, 7])
def test_fewer_than_eight_valid_tracks_are_one_motion(valid: int) -> None:
    points = groups(3)
    points[valid:] = np.nan
    result = difficulty_v1(points, WIDTH, HEIGHT)
    assert (result.clusters, result.reason, result.n_valid) == (1, "too few valid tracks", valid)
    assert result.residual_rms is None
    assert difficulty_v1(points[:0], WIDTH, HEIGHT).n_total == 0


def test_motion_without_groups_has_no_admissible_k() -> None:
    rng = np.random.default_rng(0)
    result = difficulty_v1(np.cumsum(rng.normal(0, 8, (60, 30, 2)), 1), WIDTH, HEIGHT)
    assert (result.clusters, result.reason) == (1, "no admissible k")
    assert [row.k for row in result.table] == list(range(2, 13))


def test_a_cluster_of_one_outlier_is_not_admissible() -> None:
    points = groups(2, size=20)
    points[0] = points[0, :1] + np.cumsum(np.tile([[0.0, 30.0]], (20, 1)), 0)
    result = difficulty_v1(points, WIDTH, HEIGHT)
    assert next(row for row in result.table if row.k == 3).smallest_cluster == 1
    assert result.clusters == 2


def test_two_k_that_are_nearly_as_good_are_called_unstable() -> None:
    angles = np.repeat([0.0, 0.9, np.pi, np.pi + 0.9], 12)
    noise = np.random.default_rng(3).normal(0, 1, (48, 19, 2))
    margins = []
    for apart in np.linspace(0.4, 1.2, 9):
        turned = np.where(np.isin(angles, [0.9, np.pi + 0.9]), angles - 0.9 + apart, angles)
        steps = 6 * np.stack([np.cos(turned), np.sin(turned)], -1)[:, None] + noise
        result = difficulty_v1(300 + np.cumsum(steps, 1), WIDTH, HEIGHT)
        assert result.margin is not None
        assert result.unstable == (result.margin < 0.02)
        margins.append(result.margin)
    assert min(margins) < 0.02 < max(margins), "the sweep crosses from one k to another"


def test_identical_tracks_within_groups_are_clustered_without_a_warning() -> None:
    points = np.repeat(groups(3, size=1), 10, 0)
    result = difficulty_v1(points, WIDTH, HEIGHT)
    assert result.clusters == 3
    assert result.table[-1].smallest_cluster == 0, "twelve clusters of three different tracks leave some empty"


@given(scale=st.sampled_from([0.5, 2.0, 4.0]), seed=st.integers(0, 100))
@settings(max_examples=5, deadline=None)
def test_the_result_does_not_depend_on_resolution(scale: float, seed: int) -> None:
    points = groups(4, size=5, seed=seed)
    first, second = (difficulty_v1(points * s, int(WIDTH * s), int(HEIGHT * s)) for s in (1, scale))
    assert first.clusters == second.clusters
    assert first.silhouette == pytest.approx(second.silhouette, abs=1e-9)


def test_the_number_of_threads_changes_no_bit() -> None:
    points = groups(5, size=60)
    features = velocity_features(points, WIDTH, HEIGHT)
    with threadpool_limits(1):
        one = cluster_tracks(features)
    with threadpool_limits(4):
        four = cluster_tracks(features)
    assert [p[:4] for p in one] == [p[:4] for p in four]


def test_features_are_in_frame_units_and_frame_heights() -> None:
    points = np.array([[[72.0, 48.0], [144.0, 96.0], [144.0, 144.0]]])
    np.testing.assert_allclose(position_features(points, WIDTH, HEIGHT), [[0.1, 0.1, 0.2, 0.2, 0.2, 0.3]])
    np.testing.assert_allclose(shape_features(points, WIDTH, HEIGHT, 1), [[-0.15, -0.1, 0, 0, 0, 0.1]], atol=1e-15)
    np.testing.assert_allclose(velocity_features(points, WIDTH, HEIGHT), [[0.15, 0.1, 0, 0.1]], atol=1e-15)
