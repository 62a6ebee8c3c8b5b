from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotate.grids import NoQueries, box_mask, grid_queries, video_scale

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FOLDER = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED))
FILE = FOLDER / "metrics_reference.json"
REFERENCE: dict[str, Any] = json.loads(FILE.read_text()) if FILE.is_file() else {}


@pytest.mark.shared
@pytest.mark.skipif(not FILE.is_file(), reason="no metrics_reference.json; name its folder in VMTBENCH_REFERENCE")
@pytest.mark.parametrize("case", REFERENCE.get("box_grid", []), ids=lambda case: f"{case['mask']}-{case['grid_size']}")
def test_grids_in_the_official_box_are_the_reference_ones(case: dict[str, Any]) -> None:
    mask, (width, height) = reference_array(case["mask"]), case["mask_size"]
    rows, columns = mask.nonzero()
    found = [rows.min(), rows.max(), columns.min(), columns.max()]
    assert found == [case["row_min"], case["row_max"], case["col_min"], case["col_max"]]

    box = box_mask(mask, rule="exclusive")
    assert np.count_nonzero(box) == case["box_pixels"]
    queries = grid_queries(case["grid_size"], width, height, mask=box)
    assert len(queries) == case["n_queries"]
    np.testing.assert_allclose(queries[0, 1:], case["first_px"], atol=1e-4)
    np.testing.assert_allclose(queries[-1, 1:], case["last_px"], atol=1e-4)
    np.testing.assert_allclose(queries[:, 1:].sum(axis=0, dtype=np.float64), case["sum_px"], atol=1e-2)


def reference_array(name: str) -> np.ndarray:
    for file in REFERENCE["inputs"]:
        with np.load(FOLDER / file, allow_pickle=False) as arrays:
            if name in arrays:
                return arrays[name]
    raise KeyError(name)


def test_a_grid_runs_row_by_row_and_keeps_the_margin_of_its_frame() -> None:
    queries = grid_queries(3, 512, 384, frame=7)
    assert queries.dtype == np.float32
    x, y = [8, 256, 504], [8, 192, 376]
    np.testing.assert_array_equal(queries, [[7, column, row] for row in y for column in x])


def test_a_grid_of_one_point_is_the_centre() -> None:
    np.testing.assert_array_equal(grid_queries(1, 512, 384), [[0, 256, 192]])


@pytest.mark.parametrize(
    ("scale", "corner"),
    [("corners", (8 * 1023 / 511, 8 * 99 / 383)), ("size", (16, 8 * 100 / 384))],
)
def test_a_grid_is_brought_to_the_size_of_the_video(scale: Any, corner: tuple[float, float]) -> None:
    np.testing.assert_allclose(grid_queries(5, 1024, 100, scale=scale)[0, 1:], corner, rtol=1e-6)
    assert video_scale(512, 384, scale) == (1, 1)


def test_a_mask_of_any_size_keeps_the_points_that_lie_on_it() -> None:
    mask = np.zeros((2, 2), np.uint8)
    mask[1, 0] = 200
    everywhere = grid_queries(10, 300, 200)
    left, low = everywhere[:, 1] < 150, everywhere[:, 2] > 100
    np.testing.assert_array_equal(grid_queries(10, 300, 200, mask=mask), everywhere[left & low])


def test_an_object_between_the_points_gets_none() -> None:
    mask = np.zeros((384, 512), np.uint8)
    mask[100, 100] = 1
    assert grid_queries(3, 512, 384, mask=mask).shape == (0, 3)


def test_the_inclusive_box_holds_the_object_and_the_exclusive_one_lacks_its_last_row_and_column() -> None:
    mask = np.zeros((8, 9), np.uint8)
    mask[2, 3] = mask[5, 7] = 130
    inclusive, exclusive = np.zeros_like(mask), np.zeros_like(mask)
    inclusive[2:6, 3:8] = exclusive[2:5, 3:7] = 1
    np.testing.assert_array_equal(box_mask(mask, rule="inclusive"), inclusive)
    np.testing.assert_array_equal(box_mask(mask, rule="exclusive"), exclusive)


def test_an_object_one_pixel_thick_has_an_empty_exclusive_box() -> None:
    mask = np.zeros((8, 9), np.uint8)
    mask[2, 3:6] = 1
    with pytest.raises(NoQueries, match="3 x 1 px") as caught:
        box_mask(mask, rule="exclusive")
    assert caught.value.code == "empty_box"
    assert box_mask(mask, rule="inclusive").sum() == 3


@pytest.mark.parametrize("rule", ["exclusive", "inclusive"])
def test_an_empty_mask_has_no_box(rule: Any) -> None:
    with pytest.raises(NoQueries, match="no foreground") as caught:
        box_mask(np.zeros((4, 4), np.uint8), rule=rule)
    assert caught.value.code == "empty_mask"
    assert pickle.loads(pickle.dumps(caught.value)).code == "empty_mask"
