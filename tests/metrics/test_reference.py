"""Values that the official code gave on real and constructed input (specification §15), one test per case and block.

The folder is named by VMTBENCH_REFERENCE and may hold any set of the same schema.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.alignment import align, linspace_exact, linspace_trunc
from metrics.frechet import discrete_frechet
from metrics.motion import dmt_mf, hybrid_mf, mf_bidirectional, mf_one_way, velocity_cosines
from metrics.result import Score
from metrics.temporal import consecutive_cosine, det_consistency
from metrics.text import edit_fidelity, text_similarity

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FOLDER = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED))
FILE = FOLDER / "metrics_reference.json"
SCHEMA = "vmtbench-metrics-reference/1"

FLOAT64, FLOAT32, FEATURES = 1e-9, 1e-5, 1e-6

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.is_file(), reason="no metrics_reference.json; name its folder in VMTBENCH_REFERENCE"),
]

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]


def load() -> dict[str, Any]:
    return json.loads(FILE.read_text()) if FILE.is_file() else {}


def each(block: str) -> pytest.MarkDecorator:
    """One test per case of a block, named by its id."""
    cases = REFERENCE.get(block, [])
    names = [str(case.get("id", f"{case.get('long')}to{case.get('short')}")) for case in cases]
    return pytest.mark.parametrize("case", cases, ids=names)


REFERENCE = load()


@pytest.fixture(scope="module")
def inputs() -> Arrays:
    merged: Arrays = {}
    for name in REFERENCE["inputs"]:
        with np.load(FOLDER / name, allow_pickle=False) as arrays:
            merged.update(arrays)
    return merged


def tracks_of(case: Case, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    return inputs[case["ref"]], inputs[case["gen"]]


def in_pixels(case: Case, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    reference, generated = tracks_of(case, inputs)
    return reference * REFERENCE["frame_size"], generated * REFERENCE["frame_size"]


def check(case: Case, name: str, score: Score, tolerance: float) -> None:
    """The score has the value of the case's result `name`, or none where the set has none."""
    if name not in case["results"] and name not in case.get("undefined", {}):
        return
    expected = case["results"].get(name)
    if expected is None or not math.isfinite(float(expected)):
        assert score.status == "undefined", f"{name}: {score.value}, expected none"
        return
    assert score.value == pytest.approx(float(expected), rel=0, abs=tolerance), f"{name}: {score}"


def check_list(case: Case, name: str, values: Any) -> None:
    expected = np.array([math.nan if v is None else float(v) for v in case["results"][name]])
    np.testing.assert_allclose(values, expected, rtol=0, atol=FLOAT64, err_msg=name)


def test_the_schema_is_the_one_that_these_tests_read() -> None:
    assert REFERENCE["schema"] == SCHEMA


@each("track_cases")
def test_frechet_distances_agree(case: Case, inputs: Arrays) -> None:
    reference, generated = tracks_of(case, inputs)
    if "frechet" in case["results"]:
        check_list(case, "frechet", discrete_frechet(*align(reference, generated, "linspace-exact")[:2]))
    if "frechet_unaligned" in case["results"]:
        check_list(case, "frechet_unaligned", discrete_frechet(reference, generated))


@each("track_cases")
def test_velocity_cosines_agree(case: Case, inputs: Arrays) -> None:
    reference, generated, _ = align(*tracks_of(case, inputs), "linspace-exact")
    if "cos" in case["results"]:
        check_list(case, "cos", velocity_cosines(reference, generated))


@each("track_cases")
def test_the_hybrid_metric_and_its_parts_agree(case: Case, inputs: Arrays) -> None:
    score = hybrid_mf(*tracks_of(case, inputs))
    check(case, "hybrid_mf", score, FLOAT64)
    for name, value in score.detail.items():
        check(case, name, Score.ok(value, n_used=1), FLOAT64)


@each("track_cases")
def test_dmt_and_ditflow_agree(case: Case, inputs: Arrays) -> None:
    reference, generated = in_pixels(case, inputs)
    equal = dmt_mf(reference, generated)
    check(case, "dmt", equal, FLOAT64)
    check(case, "dmt_f32", equal, FLOAT32)
    check(case, "ditflow", dmt_mf(reference, generated, alignment="truncate"), FLOAT64)


@each("track_cases")
def test_best_match_fidelities_agree_in_both_directions(case: Case, inputs: Arrays) -> None:
    reference, generated = in_pixels(case, inputs)
    forth = mf_one_way(reference, generated, alignment="truncate", zero_steps="undefined")
    back = mf_one_way(generated, reference, alignment="truncate", zero_steps="undefined")
    both = mf_bidirectional(reference, generated, alignment="truncate", zero_steps="undefined")
    check(case, "mf_gen_to_ref", forth, FLOAT64)
    check(case, "mf_ref_to_gen", back, FLOAT64)
    check(case, "mf_bidir", both, FLOAT64)


@each("frame_alignment")
def test_frame_indices_agree(case: Case) -> None:
    trunc, exact = (rule(case["long"], case["short"]) for rule in (linspace_trunc, linspace_exact))
    assert trunc == case["ids"]
    assert [i for i, pair in enumerate(zip(trunc, exact, strict=True)) if pair[0] != pair[1]] == case[
        "differs_from_exact_floor"
    ]


@each("feature_cases")
def test_feature_metrics_agree(case: Case, inputs: Arrays) -> None:
    features, text = inputs[f"feat_{case['id']}"], inputs[f"text_{case['id']}"]
    check(case, "det_temporal_consistency", det_consistency(features), FEATURES)
    check(case, "consecutive_cosine", consecutive_cosine(features), FEATURES)
    check(case, "text_similarity", text_similarity(features, text), FEATURES)
    check(case, "edit_fidelity_x100", edit_fidelity(features, text), FEATURES)
