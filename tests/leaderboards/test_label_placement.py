from __future__ import annotations

import numpy as np

from leaderboards.label_placement import place_labels

BOUNDS = (0.0, 0.0, 1000.0, 800.0)


def boxes(centres: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.hstack([centres - sizes / 2, centres + sizes / 2])


def touching(first: np.ndarray, second: np.ndarray) -> bool:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return width > 1e-9 and height > 1e-9


def test_a_lone_label_stands_to_the_right_of_its_point():
    centre = place_labels(np.array([[100.0, 100.0]]), np.array([[60.0, 20.0]]), BOUNDS, gap=10)
    np.testing.assert_allclose(centre, [[140, 100]])


def test_a_label_at_the_right_border_turns_left():
    centre = place_labels(np.array([[990.0, 400.0]]), np.array([[60.0, 20.0]]), BOUNDS, gap=10)
    assert centre[0, 0] < 990


def test_labels_of_crowded_points_hide_neither_each_other_nor_a_point():
    rng = np.random.default_rng(0)
    points = rng.uniform([300, 300], [500, 450], size=(14, 2))
    sizes = np.tile([70.0, 18.0], (14, 1))
    placed = boxes(place_labels(points, sizes, BOUNDS, gap=8), sizes)
    markers = boxes(points, np.full((14, 2), 2 * 0.8 * 8))
    for index, box in enumerate(placed):
        assert not any(touching(box, other) for other in placed[index + 1 :]), f"label {index} overlaps another label"
        assert not any(touching(box, marker) for marker in markers), f"label {index} hides a point"
    assert (placed[:, :2] >= 0).all()
    assert (placed[:, 2:] <= BOUNDS[2:]).all()


def test_coinciding_points_get_labels_that_can_be_read():
    points = np.tile([[500.0, 400.0]], (6, 1))
    sizes = np.tile([80.0, 20.0], (6, 1))
    placed = boxes(place_labels(points, sizes, BOUNDS, gap=10), sizes)
    pairs = [(a, b) for a in range(6) for b in range(a)]
    assert not any(touching(placed[a], placed[b]) for a, b in pairs)
