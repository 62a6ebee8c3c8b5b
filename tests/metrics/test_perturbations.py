"""The generations that are made of tracks, and the rendered tracks they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.tracks import Tracks, write_tracks
from metrics.perturbations import FRAMES, NOISE, OFFSET, PERTURBATIONS, TrackSet, perturbed, read_sets, rendered_sets


def walk(seed: int, *, tracks: int = 30, frames: int = 11, background: int = 5) -> TrackSet:
    """Random walks, all visible but for the first track's first half."""
    generator = np.random.default_rng(seed)
    points, behind = (
        0.5 + generator.normal(0, 0.01, (count, frames, 2)).cumsum(axis=1) for count in (tracks, background)
    )
    visible = np.ones((tracks, frames), bool)
    visible[0, : frames // 2] = False
    return TrackSet(points, visible, behind, np.ones((background, frames), bool), (64, 48))


REFERENCE, UNRELATED = walk(0), walk(1)


@pytest.fixture
def made() -> dict[str, TrackSet]:
    return perturbed(REFERENCE, UNRELATED)


def test_every_generation_is_made_in_the_order_in_which_it_is_explained(made: dict[str, TrackSet]):
    assert list(made) == list(PERTURBATIONS)
    assert (made["same"], made["unrelated"]) == (REFERENCE, UNRELATED)


def test_changes_in_time_concern_positions_visibility_and_background_alike(made: dict[str, TrackSet]):
    for name, frames in (("reversed", slice(None, None, -1)), ("halved", slice(0, None, 2))):
        for array in ("points", "visible", "background", "background_visible"):
            found, expected = getattr(made[name], array), getattr(REFERENCE, array)[:, frames]
            np.testing.assert_array_equal(found, expected, err_msg=f"{array} of {name}")


def test_the_offset_moves_everything_by_the_same(made: dict[str, TrackSet]):
    np.testing.assert_allclose(made["offset"].points - REFERENCE.points, np.broadcast_to(OFFSET, (30, 11, 2)))
    np.testing.assert_allclose(made["offset"].background - REFERENCE.background, np.broadcast_to(OFFSET, (5, 11, 2)))


def test_shuffling_moves_tracks_with_their_visibility_and_keeps_all_of_them(made: dict[str, TrackSet]):
    shuffled = made["shuffled"]
    order = [int(np.flatnonzero((REFERENCE.points == track).all((1, 2)))[0]) for track in shuffled.points]
    assert sorted(order) == list(range(30))
    assert order != list(range(30))
    np.testing.assert_array_equal(shuffled.visible, REFERENCE.visible[order])
    np.testing.assert_array_equal(shuffled.background, REFERENCE.background)


def test_noise_has_the_spread_that_is_said(made: dict[str, TrackSet]):
    noise = made["noise"].points - REFERENCE.points
    assert noise.std() == pytest.approx(NOISE, rel=0.1)
    assert abs(noise.mean()) < NOISE / 5


def test_one_track_and_no_other_is_exactly_static(made: dict[str, TrackSet]):
    steps = np.abs(np.diff(made["static"].points, axis=1)).sum((1, 2))
    assert np.flatnonzero(steps == 0).tolist() == [0]
    np.testing.assert_array_equal(made["static"].points[1:], REFERENCE.points[1:])


def test_the_reference_is_left_as_it_was():
    before = walk(0)
    perturbed(REFERENCE, UNRELATED)
    np.testing.assert_array_equal(REFERENCE.points, before.points)


def test_a_seed_gives_the_same_generations_and_another_seed_others():
    first, again, other = (perturbed(REFERENCE, UNRELATED, seed=seed) for seed in (0, 0, 5))
    for name in PERTURBATIONS:
        np.testing.assert_array_equal(first[name].points, again[name].points, err_msg=name)
    assert [name for name in PERTURBATIONS if not np.array_equal(first[name].points, other[name].points)] == [
        "shuffled", "noise",
    ]  # fmt: skip


def test_rendered_tracks_are_long_many_and_each_moves_in_every_step():
    for tracks in rendered_sets():
        assert tracks.points.shape == (100, FRAMES, 2)
        assert len(tracks.background) >= 100
        assert (np.linalg.norm(np.diff(tracks.points, axis=1), axis=-1) > 1e-8).all(), "an exactly static step"
        assert 0.5 < tracks.visible.mean() <= 1
        assert -0.5 < tracks.points.min() < tracks.points.max() < 1.5, "not in norm coordinates"


def test_tracks_files_are_read_into_norm_coordinates_without_background(tmp_path):
    files = tmp_path / "a.npz", tmp_path / "b.npz"
    points = np.array([[[0, 0], [32, 48]], [[64, 12], [16, 24]]], np.float32)
    for file in files:
        write_tracks(file, Tracks(points, np.array([[True, False]] * 2), np.zeros((2, 3), np.float32)))
    reference, unrelated = read_sets(files, (64, 48))
    np.testing.assert_array_equal(reference.points, [[[0, 0], [0.5, 1]], [[1, 0.25], [0.25, 0.5]]])
    assert reference.background.shape == (0, 2, 2)
    np.testing.assert_array_equal(reference.visible, unrelated.visible)
