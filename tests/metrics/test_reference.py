"""Values that the official code gave on real and constructed input (specification §15), one test per case and block.

The folder is named by VMTBENCH_REFERENCE and may hold any set of the same schema. With VMTBENCH_REPORT=1 the largest
error of every quantity is printed at the end.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotate.grids import HEIGHT, WIDTH, box_mask, grid_queries
from metrics.alignment import align, linspace_exact, linspace_trunc
from metrics.det import det_combined, det_cosine, det_cosine_matrix, det_meanpair
from metrics.frechet import discrete_frechet, frechet_matrix
from metrics.motion import dmt_mf, hybrid_mf, mf_bidirectional, mf_one_way, velocity_cosines
from metrics.result import Score
from metrics.temporal import consecutive_cosine, det_consistency
from metrics.text import edit_fidelity, text_similarity
from metrics.vbench import motion_smoothness, vbench_consistency

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FOLDER = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED))
FILE = FOLDER / "metrics_reference.json"
SCHEMA = "vmtbench-metrics-reference/1"

FLOAT64, FLOAT32, FEATURES, SMOOTHNESS, GRID_SUMS = 1e-9, 1e-5, 1e-6, 1e-9, 1e-2

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.is_file(), reason="no metrics_reference.json; name its folder in VMTBENCH_REFERENCE"),
]

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]


def load() -> dict[str, Any]:
    return json.loads(FILE.read_text()) if FILE.is_file() else {}


def each(block: str) -> pytest.MarkDecorator:
    """One test per case of a block, named by what tells it apart."""
    cases = REFERENCE.get(block, [])
    keys = {"frame_alignment": ("long", "short"), "box_grid": ("mask", "grid_size")}.get(block, ("id",))
    return pytest.mark.parametrize("case", cases, ids=["-".join(str(case[key]) for key in keys) for case in cases])


REFERENCE = load()


@pytest.fixture(scope="module")
def inputs() -> Arrays:
    merged: Arrays = {}
    for name in REFERENCE["inputs"]:
        with np.load(FOLDER / name, allow_pickle=False) as arrays:
            merged.update(arrays)
    return merged


class Agreement:
    """What the metrics gave beside what the set expects, and how far apart they were at most."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[int, int, float, float]] = {}

    def check(self, block: str, name: str, found: Any, expected: Any, tolerance: float) -> None:
        """Compare a score, a number or an array with a value of the set; a score has none where the set's is NaN."""
        wanted = np.array([np.nan if value is None else float(value) for value in np.ravel(expected)])
        if isinstance(found, Score):
            wanted[~np.isfinite(wanted)] = np.nan  # a score is never infinite, but undefined
            found = np.nan if found.value is None else found.value
        values = np.ravel(np.asarray(found, dtype=np.float64))
        assert values.shape == wanted.shape, f"{name}: {values.size} values, expected {wanted.size}"
        finite = np.isfinite(wanted)
        error = float(np.abs(values[finite] - wanted[finite]).max(initial=0.0))
        cases, without, largest, _ = self.rows.get((block, name), (0, 0, 0.0, tolerance))
        self.rows[block, name] = (cases + 1, without + int(np.isnan(wanted).any()), max(largest, error), tolerance)
        np.testing.assert_allclose(values, wanted, rtol=0, atol=tolerance, err_msg=f"{block}: {name}")

    def result(self, case: Case, name: str, found: Any, tolerance: float, block: str = "track_cases") -> None:
        """Compare with a result of the case, where the set has it or says that there is none."""
        if name in case["results"] or name in case.get("undefined", {}):
            self.check(block, name, found, case["results"].get(name), tolerance)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was collected; called by pytest once this is registered as a plugin."""
        terminalreporter.section(f"reference set {REFERENCE['set']}")
        heads = f"{'cases':>5} {'undefined':>9} {'max error':>10} {'tolerance':>9}"
        terminalreporter.write_line(f"{'block':<18} {'quantity':<29} {heads}")
        for (block, name), (cases, without, error, tolerance) in sorted(self.rows.items()):
            numbers = f"{cases:>5} {without:>9} {error:>10.1e} {tolerance:>9.0e}"
            terminalreporter.write_line(f"{block:<18} {name:<29} {numbers}")


@pytest.fixture(scope="module")
def agreement(request: pytest.FixtureRequest) -> Agreement:
    collected = Agreement()
    if os.environ.get("VMTBENCH_REPORT") == "1":
        request.config.pluginmanager.register(collected)
    return collected


def tracks_of(case: Case, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    return inputs[case["ref"]], inputs[case["gen"]]


def in_pixels(case: Case, inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
    reference, generated = tracks_of(case, inputs)
    return reference * REFERENCE["frame_size"], generated * REFERENCE["frame_size"]


def test_the_schema_is_the_one_that_these_tests_read() -> None:
    assert REFERENCE["schema"] == SCHEMA


@each("track_cases")
def test_frechet_distances_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    reference, generated = tracks_of(case, inputs)
    if "frechet" in case["results"]:
        aligned = align(reference, generated, "linspace-exact")[:2]
        agreement.result(case, "frechet", discrete_frechet(*aligned), FLOAT64)
        agreement.result(case, "frechet", frechet_matrix(*aligned).diagonal(), FLOAT64)
    if "frechet_unaligned" in case["results"]:
        agreement.result(case, "frechet_unaligned", discrete_frechet(reference, generated), FLOAT64)


@each("track_cases")
def test_velocity_cosines_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    reference, generated, _ = align(*tracks_of(case, inputs), "linspace-exact")
    if "cos" in case["results"]:
        agreement.result(case, "cos", velocity_cosines(reference, generated), FLOAT64)


@each("track_cases")
def test_the_hybrid_metric_and_its_parts_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    score = hybrid_mf(*tracks_of(case, inputs))
    agreement.result(case, "hybrid_mf", score, FLOAT64)
    for name, value in score.detail.items():
        agreement.result(case, name, value, FLOAT64)


@each("track_cases")
def test_det_as_coded_agrees(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    pair = tracks_of(case, inputs)
    cosine = det_cosine(*pair)
    agreement.result(case, "det_cosine", cosine, FLOAT64)
    agreement.result(case, "det_cosine_f32", cosine, FLOAT32)
    agreement.result(case, "det_frechet_all", det_meanpair(*pair), FLOAT64)
    if ids := case.get("det_ids"):
        combined = det_combined(*pair, ids=ids)
        agreement.result(case, "det_combined_ids", combined, FLOAT64)
        drawn = det_meanpair(pair[0][ids], pair[1][ids]) if max(ids) < len(pair[0]) else combined
        agreement.result(case, "det_frechet_ids", drawn, FLOAT64)


@each("track_cases")
def test_the_matrix_of_det_as_coded_agrees(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    expected = case["results"].get("det_cosine_matrix")
    if expected is None:
        pytest.skip("the set has no matrix for this case")
    matrix = det_cosine_matrix(*align(*tracks_of(case, inputs), "linspace-trunc")[:2]).numpy()
    found = {
        "mean": matrix.mean(),
        "min": matrix.min(),
        "max": matrix.max(),
        "first": matrix[0, 0],
        "last": matrix[-1, -1],
    }
    for name, value in found.items():
        agreement.check("track_cases", f"det_cosine_matrix.{name}", value, expected[name], FLOAT64)
    # Where two entries tie, rounding decides which of them is named.
    best = matrix[0, expected["row0_argmax"]]
    agreement.check("track_cases", "det_cosine_matrix.row0_argmax", best, matrix[0].max(), FLOAT64)


@each("track_cases")
def test_dmt_and_ditflow_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    reference, generated = in_pixels(case, inputs)
    equal = dmt_mf(reference, generated)
    agreement.result(case, "dmt", equal, FLOAT64)
    agreement.result(case, "dmt_f32", equal, FLOAT32)
    agreement.result(case, "ditflow", dmt_mf(reference, generated, alignment="truncate"), FLOAT64)


@each("track_cases")
def test_best_match_fidelities_agree_in_both_directions(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    reference, generated = in_pixels(case, inputs)
    forth = mf_one_way(reference, generated, alignment="truncate", zero_steps="undefined")
    back = mf_one_way(generated, reference, alignment="truncate", zero_steps="undefined")
    both = mf_bidirectional(reference, generated, alignment="truncate", zero_steps="undefined")
    agreement.result(case, "mf_gen_to_ref", forth, FLOAT64)
    agreement.result(case, "mf_ref_to_gen", back, FLOAT64)
    agreement.result(case, "mf_bidir", both, FLOAT64)


@each("frame_alignment")
def test_frame_indices_agree(case: Case, agreement: Agreement) -> None:
    trunc, exact = (rule(case["long"], case["short"]) for rule in (linspace_trunc, linspace_exact))
    agreement.check("frame_alignment", "ids", trunc, case["ids"], 0)
    differing = [i for i, pair in enumerate(zip(trunc, exact, strict=True)) if pair[0] != pair[1]]
    agreement.check("frame_alignment", "differs_from_exact_floor", differing, case["differs_from_exact_floor"], 0)


@each("feature_cases")
def test_feature_metrics_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    features, text = inputs[f"feat_{case['id']}"], inputs[f"text_{case['id']}"]
    det, consecutive, vbench = det_consistency(features), consecutive_cosine(features), vbench_consistency(features)
    found: dict[str, Any] = {
        "det_temporal_consistency": det,
        "vbench_subject_consistency": vbench,
        "vbench_background_consistency": vbench,
        "consecutive_cosine": consecutive,
        "text_similarity": text_similarity(features, text),
        "edit_fidelity_x100": edit_fidelity(features, text),
    }
    if det.value is not None and consecutive.value is not None:
        # DeT's value holds both sums over F frames, each with a term of 1 for the first frame with itself.
        f = len(features)
        found["first_frame_cosine"] = 2 * (f * det.value - 1) / (f - 1) - consecutive.value
    for name, value in found.items():
        agreement.result(case, name, value, FEATURES, "feature_cases")


@each("motion_smoothness")
def test_motion_smoothness_agrees_with_the_mean_of_two_frames_as_the_interpolator(
    case: Case, inputs: Arrays, agreement: Agreement
) -> None:
    score = motion_smoothness(inputs[case["id"]], lambda before, after: (before + after) / 2)
    agreement.check("motion_smoothness", "value", score, case["value"], SMOOTHNESS)


@each("box_grid")
def test_grids_in_a_box_agree(case: Case, inputs: Arrays, agreement: Agreement) -> None:
    mask = inputs[case["mask"]]
    assert case["model_resolution"] == [HEIGHT, WIDTH]
    box = box_mask(mask, rule="exclusive")
    rows, columns = np.nonzero(box)
    limits = [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1, len(rows)]
    expected = [case[key] for key in ("row_min", "row_max", "col_min", "col_max", "box_pixels")]
    agreement.check("box_grid", "box", limits, expected, 0)
    width, height = case["mask_size"]
    points = grid_queries(case["grid_size"], width, height, mask=box)[:, 1:]
    agreement.check("box_grid", "n_queries", len(points), case["n_queries"], 0)
    agreement.check("box_grid", "first_px", points[0], case["first_px"], GRID_SUMS)
    agreement.check("box_grid", "last_px", points[-1], case["last_px"], GRID_SUMS)
    agreement.check("box_grid", "sum_px", points.astype(np.float64).sum(0), case["sum_px"], GRID_SUMS)
