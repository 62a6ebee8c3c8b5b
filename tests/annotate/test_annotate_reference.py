"""Values of the official sampler, and of the difficulty rule, on real and constructed input (specification §15).

The folder is named by VMTBENCH_REFERENCE and may hold any set of the same schema.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from scipy.ndimage import binary_opening

from annotate.difficulty import (
    cluster_tracks,
    difficulty_v1,
    position_features,
    shape_features,
    velocity_features,
)
from annotate.sampler import RADIUS, RADIUS_HEIGHT, neighbour_density, sample_queries

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FOLDER = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED))
FILE = FOLDER / "metrics_reference.json"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.is_file(), reason="no metrics_reference.json; name its folder in VMTBENCH_REFERENCE"),
]

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

REFERENCE: dict[str, Any] = json.loads(FILE.read_text()) if FILE.is_file() else {}


def each(block: str, *names: str) -> pytest.MarkDecorator:
    """One test per case of a block, named by some of its fields."""
    cases = REFERENCE.get(block, [])
    return pytest.mark.parametrize("case", cases, ids=["-".join(case[name] for name in names) for case in cases])


@pytest.fixture(scope="module")
def inputs() -> Arrays:
    merged: Arrays = {}
    for name in REFERENCE["inputs"]:
        with np.load(FOLDER / name, allow_pickle=False) as arrays:
            merged.update(arrays)
    return merged


def pixel_tracks(inputs: Arrays, name: str) -> np.ndarray:
    return inputs[name] * REFERENCE["frame_size"]


@each("sampler", "mask")
def test_the_official_points_are_reproduced_to_the_bit(case: Case, inputs: Arrays) -> None:
    for seed, points in case["official"].items():
        ours = sample_queries(inputs[case["mask"]], case["n_points"], seed=int(seed), variant="det-official")
        np.testing.assert_array_equal(ours.points, points, err_msg=f"seed {seed}")


@each("sampler", "mask")
def test_sampled_points_are_as_isolated_as_exact_weighting_makes_them(case: Case, inputs: Arrays) -> None:
    mask = at_reference_height(inputs[case["mask"]])
    density, expected = neighbour_density(mask, RADIUS), case["density"]
    means = []
    for seed in range(200):
        x, y = sample_queries(mask, case["n_points"], seed=seed).points.astype(int).T
        means.append(density[y, x].mean())
    standard_error = np.std(means, ddof=1) / np.sqrt(len(means))
    assert abs(np.mean(means) - expected["weighted_mean_exact"]) < 4 * standard_error
    assert np.mean(means) < expected["uniform_mean"]


def at_reference_height(mask: np.ndarray) -> np.ndarray:
    """The same object in a frame of 480 lines, where v1's radius is the reference's 5 px."""
    return np.pad(mask, ((0, max(0, RADIUS_HEIGHT - len(mask))), (0, 0)))


@each("sampler", "mask")
def test_densities_of_the_whole_mask_have_the_reference_means(case: Case, inputs: Arrays) -> None:
    mask = inputs[case["mask"]]
    density = neighbour_density(mask, RADIUS)[mask > 0]
    assert len(density) == case["foreground_pixels"]
    assert density.mean() == pytest.approx(case["density"]["uniform_mean"], abs=1e-9)
    assert len(density) / (1 / density).sum() == pytest.approx(case["density"]["weighted_mean_exact"], abs=1e-6)


def test_whisker_densities_and_shares_are_exact(inputs: Arrays) -> None:
    case = REFERENCE["whisker"]
    mask = inputs[case["mask"]]
    density = neighbour_density(mask, RADIUS)
    np.testing.assert_array_equal(density, inputs[case["density"]])
    foreground, whisker = mask > 0, (mask > 0) & ~opened(mask > 0)
    assert np.count_nonzero(whisker) == case["whisker_pixels"]
    assert whisker.sum() / foreground.sum() == pytest.approx(case["uniform_whisker_share"], abs=1e-12)
    share = (1 / density[whisker]).sum() / (1 / density[foreground]).sum()
    assert share == pytest.approx(case["weighted_whisker_share"], abs=1e-6)


def opened(foreground: np.ndarray) -> np.ndarray:
    """What is left of the foreground without its parts thinner than three pixels."""
    return binary_opening(foreground, np.ones((3, 3)))


@pytest.mark.parametrize("name", [name for name in REFERENCE.get("input_arrays", {}) if name.startswith("density_")])
def test_neighbour_counts_are_exact(name: str, inputs: Arrays) -> None:
    mask = inputs[name.replace("density_", "mask_")]
    np.testing.assert_array_equal(neighbour_density(mask, RADIUS), inputs[name])


@each("silhouette", "tracks", "feature")
def test_clusters_and_silhouettes_of_each_feature_are_the_reference_ones(case: Case, inputs: Arrays) -> None:
    points, (width, height) = pixel_tracks(inputs, case["tracks"]), REFERENCE["frame_size"]
    features = {
        "position": lambda: position_features(points, width, height),
        "shape": lambda: shape_features(points, width, height, query_frame=1),
        "velocity": lambda: velocity_features(points, width, height),
    }[case["feature"]]()
    found = cluster_tracks(features)
    assert [p.k for p in found] == case["k"]
    if sklearn.__version__ == REFERENCE["versions"]["scikit_learn"]:
        assert [p.silhouette for p in found] == pytest.approx(case["silhouette"], abs=1e-6)
        assert [p.inertia for p in found] == pytest.approx(case["inertia"], rel=1e-6)
        assert [p.smallest_cluster for p in found] == case["smallest_cluster"]
    else:
        assert np.all(np.array([p.inertia for p in found]) <= np.array(case["inertia"]) * 1.001)
        assert [p.silhouette for p in found] == pytest.approx(case["silhouette"], abs=0.02)


@each("difficulty", "tracks")
def test_difficulty_v1_is_the_reference_one(case: Case, inputs: Arrays) -> None:
    width, height = REFERENCE["frame_size"]
    result, expected = difficulty_v1(pixel_tracks(inputs, case["tracks"]), width, height), case["v1"]
    assert (result.clusters, result.level, result.reason) == (expected["k"], expected["level"], expected["reason"])
    assert result.n_valid == expected["n_valid"]
    if expected.get("residual_rms") is not None:
        assert result.residual_rms == pytest.approx(expected["residual_rms"], abs=1e-9)
    if expected.get("silhouette") is not None:
        assert result.silhouette == pytest.approx(expected["silhouette"], abs=1e-6)
    for row, (k, silhouette, smallest) in zip(result.table, expected.get("table") or [], strict=True):
        assert (row.k, row.smallest_cluster) == (k, smallest)
        assert row.silhouette == pytest.approx(silhouette, abs=1e-6)
