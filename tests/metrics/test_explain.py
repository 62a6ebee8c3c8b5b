"""What is said of metrics: that all are explained, and that nothing is said of their behaviour that is not so."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import InputError
from metrics.behaviour import Row, Rules, behaviour, findings, rules_of
from metrics.catalogue import METRICS
from metrics.explain import explain, explanation_of, to_explain
from metrics.identity import MetricId
from metrics.perturbations import PERTURBATIONS, TrackSet, rendered_sets
from metrics.protocol import protocol_names
from metrics.result import Score

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FOLDER = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED))
ARRAYS = FOLDER / "metrics_inputs_real.npz"

MOTION = [name for name, info in METRICS.items() if info.needs in ("tracks", "layers")]

SPECIFIED = {
    ("hybrid_mf", "mtbench"): (1.000, 0.268, 0.443, 0.972, 0.641, 0.701, 1.000, "finite"),
    ("det_cosine", "mtbench-official"): (1.000, 0.121, 0.320, 1.000, 1.000, 0.466, 1.000, "official_nan"),
    ("det_meanpair", "mtbench-official"): (0.923, 0.841, 0.923, 0.916, 0.923, 0.922, 0.923, "finite"),
    ("det_combined", "mtbench-official"): (0.961, 0.480, 0.621, 0.960, 0.962, 0.693, 0.961, "official_nan"),
    ("dmt_mf", "dmt"): (0.946, 0.121, 0.318, 0.946, 0.999, 0.440, "length_mismatch", "official_nan"),
    ("mf_one_way", "ditflow"): (1.000, 0.121, 0.318, 1.000, 1.000, 0.451, 0.347, "official_nan"),
}
"""The table of §4.6, in the order of PERTURBATIONS."""

ONE_DIGIT = 0.001
"""The table rounds one of its values, 0.84047, up."""

DRAW_OF_IDS = 0.003
"""How far det_combined may be off: the table's draws of 50 ids are not those of seed 0."""


@pytest.fixture(scope="module")
def rendered_rows() -> list[Row]:
    """The whole table on the rendered references."""
    return rows_on(*rendered_sets())


def rows_on(reference: TrackSet, unrelated: TrackSet, names: Sequence[str] = tuple(MOTION)) -> list[Row]:
    rules = [rules for name in names for rules in rules_of(name, explanation_of(name).also_under)]
    return behaviour(rules, reference, unrelated)


def row(values: Mapping[str, float | None], metric: str = "hybrid_mf") -> Row:
    """A made-up row: a flawless metric, but for what `values` change; None is no value."""
    flawless = {"same": 1, "unrelated": 0, "reversed": 0.2, "offset": 0.8, "shuffled": 0.5, "noise": 0.8}
    scores = {
        name: Score.undefined("official_nan", "so it is") if value is None else Score.ok(value, n_used=1)
        for name, value in {**flawless, "halved": 1, "static": 0.9, **values}.items()
    }
    return Row(Rules(MetricId(metric), "norm", {}, ("mtbench",)), scores)


def test_every_metric_is_explained():
    for name in METRICS:
        text = explanation_of(name)
        assert text.measures.endswith("."), name
        assert text.formula, name
        assert text.prefer.endswith("."), name


def test_explanations_name_metrics_and_protocols_that_there_are():
    for name in METRICS:
        text = explanation_of(name)
        assert set(text.confused_with) <= set(METRICS) - {name}, name
        assert set(text.also_under) <= set(protocol_names()), name


def test_no_explanation_has_a_value_typed_in():
    for name in METRICS:
        text = explanation_of(name)
        for sentence in (text.measures, text.prefer, *text.defects):
            assert not re.search(r"\d\.\d{2}", sentence), f"{name}: {sentence}"


def test_an_unknown_metric_gets_the_nearest_names():
    with pytest.raises(InputError, match=r"unknown metric 'hybrid'.*did you mean hybrid_mf"):
        explanation_of("hybrid")
    with pytest.raises(InputError, match="unknown metric"):
        to_explain("nothing")


def test_a_metric_is_explained_beside_the_motion_metrics_it_is_confused_with():
    assert to_explain("dmt_mf") == ["dmt_mf", "mf_one_way", "mf_bidirectional", "ditflow_mf"]
    assert to_explain("edit_fidelity") == ["edit_fidelity"]
    assert to_explain(None) == MOTION


def test_a_metric_that_needs_more_than_tracks_has_no_rows_and_its_written_defects():
    (only,) = explain(["text_similarity"], *rendered_sets())
    assert only.rows == ()
    assert only.defects == explanation_of("text_similarity").defects
    assert only.protocols == ("ditflow", "dmt", "fastvmt", "motionbench")


def test_every_motion_metric_has_a_row_under_the_rules_of_each_of_its_protocols(rendered_rows: list[Row]):
    found = {(row.metric, protocol) for row in rendered_rows for protocol in row.rules.protocols}
    assert {name for name, _ in found} == set(MOTION)
    assert {("dmt_mf", "dmt"), ("dmt_mf", "motionbench"), ("mf_one_way", "ditflow")} <= found
    for row in rendered_rows:
        assert list(row.scores) == list(PERTURBATIONS)


def test_rows_of_different_protocols_differ(rendered_rows: list[Row]):
    values = [(row.metric, tuple((s.value, s.code) for s in row.scores.values())) for row in rendered_rows]
    assert len(set(values)) == len(values)


def test_a_copy_has_a_value_under_every_metric(rendered_rows: list[Row]):
    without = [(row.metric, row.scores["same"].reason) for row in rendered_rows if row.scores["same"].value is None]
    assert not without


def test_parts_of_a_metric_make_up_the_whole(rendered_rows: list[Row]):
    by_name = {row.metric: row.scores for row in rendered_rows}
    for name in PERTURBATIONS:
        whole, nearness, cosine = (
            by_name[metric][name].value for metric in ("hybrid_mf", "exp_frechet_mean", "cos_mean")
        )
        assert None not in (whole, nearness, cosine), name
        assert whole == pytest.approx(((nearness or 0) + (cosine or 0)) / 2), name


def test_a_flawless_metric_has_no_findings():
    assert findings(row({})) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"same": 0.946}, "Identical tracks score 0.946, not 1"),
        ({"same": 0.946, "shuffled": 0.999}, "in another order scores 0.999, better than the copy itself"),
        ({"unrelated": 0.9, "reversed": 0, "offset": 0, "shuffled": 0, "noise": 0.95}, "hardly told apart"),
        ({"reversed": 1}, "not told from its reverse: played backwards it scores 1.000, the copy 1.000"),
        ({"shuffled": 0.99}, "Which point moves how is not seen: in another order the tracks score 0.990"),
        ({"offset": 0.97}, "Where the motion is hardly counts"),
        ({"noise": 0.99}, "Jitter hardly shows"),
        ({"noise": 0.4}, "Jitter counts like another motion"),
        ({"halved": 0.347}, "The frame rate counts: every second frame of the same motion scores 0.347"),
        ({"halved": None}, "Every second frame of the same motion has no value (official_nan)"),
        ({"static": None}, "One exactly static track leaves the whole video without a value (official_nan)"),
    ],
)
def test_a_defect_is_found_where_the_values_show_it(values: dict[str, float | None], words: str):
    found = findings(row(values))
    assert any(words in sentence for sentence in found), found


def test_a_distance_is_read_the_other_way_round():
    good = {
        "same": 0,
        "unrelated": 1,
        "reversed": 0.8,
        "offset": 0.2,
        "shuffled": 0.5,
        "noise": 0.2,
        "halved": 0,
        "static": 0.1,
    }
    assert findings(row(good, "frechet_mean")) == []
    found = findings(row(good | {"reversed": 0.01, "noise": 0.9}, "frechet_mean"))
    assert [sentence.split(":")[0] for sentence in found] == [
        "A motion is not told from its reverse", "Jitter counts like another motion",
    ]  # fmt: skip


def test_without_a_value_for_the_copy_nothing_is_said():
    assert findings(row(dict.fromkeys(PERTURBATIONS))) == []


def test_what_is_so_under_other_rules_only_is_said_with_their_protocol():
    one = explain(["mf_one_way"], *rendered_sets())[0]
    under = [defect for defect in one.defects if defect.startswith("Under the rules of ditflow: ")]
    assert len(under) == 2, one.defects
    assert "The frame rate counts" in under[0]
    assert "exactly static" in under[1]


def test_defects_that_the_specification_names_are_found_on_rendered_tracks(rendered_rows: list[Row]):
    found = {row.rules.protocols[0] + " " + row.metric: " ".join(findings(row)) for row in rendered_rows}
    assert "Identical tracks score" in found["dmt dmt_mf"]
    assert "not told from its reverse" in found["mtbench-official det_meanpair"]
    assert "hardly told apart" in found["mtbench-official det_meanpair"]
    assert "exactly static" in found["mtbench-official det_cosine"]
    assert "Identical tracks" not in found["mtbench hybrid_mf"]


def test_without_background_the_compensated_metric_says_what_it_lacks():
    sets = [TrackSet(s.points, s.visible, s.background[:0], s.background_visible[:0], s.size) for s in rendered_sets()]
    (only,) = rows_on(sets[0], sets[1], ["mf_compensated"])
    assert {score.code for score in only.scores.values()} == {"few_background"}
    assert findings(only) == []


@pytest.mark.shared
@pytest.mark.skipif(not ARRAYS.is_file(), reason=f"{ARRAYS.name} is not there; name its folder in VMTBENCH_REFERENCE")
@pytest.mark.parametrize(("metric", "protocol"), SPECIFIED)
def test_the_table_of_the_specification_is_reproduced_on_its_own_tracks(metric: str, protocol: str):
    with np.load(ARRAYS, allow_pickle=False) as arrays:
        nothing, unseen = np.empty((0, 49, 2)), np.empty((0, 49), bool)
        reference, unrelated = (
            TrackSet(arrays[name], arrays[f"{name}_visible"], nothing, unseen, (720, 480))
            for name in ("dance_twirl", "snowboard")
        )
    (found,) = [own for own in rows_on(reference, unrelated, [metric]) if protocol in own.rules.protocols]
    tolerance = DRAW_OF_IDS if metric == "det_combined" else ONE_DIGIT
    for (name, score), expected in zip(found.scores.items(), SPECIFIED[metric, protocol], strict=True):
        if isinstance(expected, float):
            assert score.value == pytest.approx(expected, abs=tolerance), name
        else:
            assert ("finite" if score.value is not None else score.code) == expected, name
