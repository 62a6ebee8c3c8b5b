from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.resample import Geometry, Mode, fit, fit_frames, fit_mask, map_points, pick_frames

SIZES = st.integers(2, 200)
MODES = st.sampled_from(["crop", "pad"])


def dot(height: int, width: int, x: int, y: int, radius: int = 9) -> np.ndarray:
    """Draw a white disc on black, uint8 [H, W]."""
    rows, columns = np.mgrid[:height, :width]
    return (((columns - x) ** 2 + (rows - y) ** 2 <= radius**2) * 255).astype(np.uint8)


def centre(picture: np.ndarray) -> np.ndarray:
    """Return the centre of brightness, (x, y)."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    weight = picture.astype(float)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def test_picked_frames_are_spread_evenly_in_integers():
    assert pick_frames(49, 25) == list(range(0, 49, 2))
    assert pick_frames(33, 31)[-3:] == [29, 30, 32]
    assert pick_frames(49, 24) == [i * 48 // 23 for i in range(24)]


def test_one_picked_frame_is_the_first():
    assert pick_frames(49, 1) == [0]


def test_a_clip_that_is_too_short_keeps_all_its_frames_once():
    assert pick_frames(5, 32) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("total", "count"), [(0, 3), (3, 0), (3, -1)])
def test_picking_nothing_or_from_nothing_is_refused(total: int, count: int):
    with pytest.raises(ValueError, match="expected at least 1"):
        pick_frames(total, count)


@given(st.integers(1, 500), st.integers(1, 500))
def test_picked_frames_rise_from_the_first_to_the_last(total: int, count: int):
    picked = pick_frames(total, count)
    assert len(picked) == min(total, count)
    assert all(a < b for a, b in pairwise(picked)), "a frame is picked twice or out of order"
    assert picked[0] == 0
    assert picked[-1] == (total - 1 if count > 1 else 0)


@given(SIZES, SIZES, SIZES, SIZES, MODES)
def test_fitting_keeps_the_shape_of_things(height: int, width: int, new_height: int, new_width: int, mode: Mode):
    g = fit(height, width, new_height, new_width, mode)
    if mode == "crop":
        assert g.scaled_height >= new_height, "a crop leaves a gap above or below"
        assert g.scaled_width >= new_width, "a crop leaves a gap at the sides"
    else:
        assert g.scaled_height <= new_height, "padding cuts off rows"
        assert g.scaled_width <= new_width, "padding cuts off columns"
    assert g.scaled_height == new_height or g.scaled_width == new_width
    scale = (max if mode == "crop" else min)(new_height / height, new_width / width)
    assert abs(g.scaled_height - max(1, height * scale)) <= 0.51, "height and width are scaled differently"
    assert abs(g.scaled_width - max(1, width * scale)) <= 0.51, "height and width are scaled differently"
    frames = np.zeros((1, height, width, 3), np.uint8)
    assert fit_frames(frames, g).shape == (1, new_height, new_width, 3)
    assert fit_mask(frames[0, ..., 0], g).shape == (new_height, new_width)


def test_the_same_size_changes_nothing():
    g = fit(40, 60, 40, 60, "crop")
    frames = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), dtype=np.uint8)
    assert (fit_frames(frames, g) == frames).all()
    assert (map_points(np.array([[3.25, 4.5]]), g) == [[3.25, 4.5]]).all()


@pytest.mark.parametrize("mode", ["crop", "pad"])
@pytest.mark.parametrize("size", [(90, 90), (100, 260), (240, 400), (61, 97)])
def test_points_masks_and_pictures_move_together(mode: Mode, size: tuple[int, int]):
    g = fit(120, 200, *size, mode)
    picture = dot(120, 200, x=105, y=52)
    expected = map_points(np.array([105.0, 52.0]), g)
    frame = fit_frames(np.repeat(picture[None, ..., None], 3, axis=3), g)[0, ..., 0]
    assert np.abs(centre(frame) - expected).max() < 0.1, "the picture goes elsewhere than its points"
    assert np.abs(centre(fit_mask(picture, g)) - expected).max() < 0.4, "the mask goes elsewhere than its points"


def test_padding_is_black_and_background():
    g = fit(20, 40, 40, 40, "pad")
    frames = np.full((1, 20, 40, 3), 200, np.uint8)
    fitted = fit_frames(frames, g)[0]
    assert (fitted[:10] == 0).all()
    assert (fitted[30:] == 0).all()
    assert (fitted[10:30] == 200).all()
    assert set(np.unique(fit_mask(frames[0, ..., 0], g)[:10])) == {0}


def test_a_mask_gains_no_new_indices():
    mask = np.zeros((30, 30), np.uint8)
    mask[5:15, 5:15], mask[15:25, 10:28] = 1, 7
    assert set(np.unique(fit_mask(mask, fit(30, 30, 47, 53, "crop")))) == {0, 1, 7}


def test_points_keep_their_type_and_may_leave_the_picture():
    g = fit(100, 200, 100, 100, "crop")
    points = np.array([[[0.0, 0.0], [199.0, 99.0]]], np.float32)
    moved = map_points(points, g)
    assert moved.dtype == np.float32
    assert moved.tolist() == [[[-50.0, 0.0], [149.0, 99.0]]]


def test_a_picture_of_another_size_than_planned_is_refused():
    with pytest.raises(ValueError, match="10x10"):
        fit_mask(np.zeros((10, 10), np.uint8), fit(20, 20, 8, 8, "crop"))


def test_a_geometry_survives_json():
    g = fit(480, 854, 480, 720, "crop")
    assert Geometry(**json.loads(json.dumps(asdict(g)))) == g
    assert (g.scaled_width, g.left) == (854, -67)
