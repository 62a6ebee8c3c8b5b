from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboards.aggregate import SPLITS, aggregate, clip_means
from leaderboards.scores import COLUMNS


def cell(summary: pd.DataFrame, split: str = "all", **where: object) -> pd.Series:
    """The one row of the summary that is meant."""
    for column, value in {"split": split, **where}.items():
        summary = summary[summary[column] == value]
    assert len(summary) == 1, f"expected one cell, found {len(summary)}"
    return summary.iloc[0]


def test_seeds_are_averaged_before_prompts_and_prompts_before_clips(row, frame):
    scores = frame(
        row(clip="a", prompt="p0", seed=0, value=0.0),
        row(clip="a", prompt="p0", seed=1, value=0.2),
        row(clip="a", prompt="p1", seed=0, value=0.5),
        row(clip="b", prompt="p0", seed=0, value=1.0),
    )
    assert clip_means(scores)["value"].tolist() == pytest.approx([0.3, 1.0])
    assert cell(aggregate(scores), "easy")["value"] == pytest.approx(0.65)


def test_all_is_the_mean_of_levels_and_all_clips_the_mean_of_clips(row, frame):
    summary = aggregate(
        frame(
            row(clip="a", level="easy", value=0.9),
            row(clip="b", level="easy", value=0.7),
            row(clip="c", level="easy", value=0.8),
            row(clip="d", level="hard", value=0.2),
        )
    )
    assert cell(summary, "all")["value"] == pytest.approx(0.5)
    assert cell(summary, "all-clips")["value"] == pytest.approx(0.65)
    assert cell(summary, "hard")["n"] == 1
    assert set(summary["split"]) == {"all", "all-clips", "easy", "hard"}, "a level without clips must have no row"


def test_undefined_samples_are_left_out_and_counted(row, frame):
    rows = [row(prompt=f"p{number}", value=0.8) for number in range(3)]
    found = cell(aggregate(frame(*rows, row(prompt="p3", status="undefined", reason="empty_mask"))))
    assert found["value"] == pytest.approx(0.8), "an undefined sample must not count as zero"
    assert (found["n"], found["n_samples"], found["n_undefined"]) == (1, 3, 1)
    assert found["coverage"] == 0.75
    assert found["status"] == "incomplete"
    assert found["reason"] == "undefined (1): empty_mask"


@pytest.mark.parametrize(("undefined", "status"), [(1, "ok"), (2, "incomplete")])
def test_incomplete_begins_below_95_percent(row, frame, undefined, status):
    rows = [
        row(prompt=f"p{n:02}", **({"status": "failed", "reason": "decoding"} if n < undefined else {}))
        for n in range(20)
    ]
    assert cell(aggregate(frame(*rows)))["status"] == status


def test_a_metric_without_any_value_is_absent_and_not_zero(row, frame):
    found = cell(aggregate(frame(row(status="unavailable", reason="no weights"))))
    assert math.isnan(found["value"])
    assert (found["status"], found["n"], found["coverage"]) == ("absent", 0, 0.0)


def test_all_is_absent_when_a_level_has_no_value(row, frame):
    summary = aggregate(
        frame(row(clip="a", level="easy"), row(clip="b", level="hard", status="missing", reason="no video"))
    )
    assert cell(summary, "all")["status"] == "absent", "a mean over the easy level alone is not All"
    assert cell(summary, "all-clips")["value"] == 0.5


def test_prompts_that_only_another_method_has_lower_the_coverage(row, frame):
    summary = aggregate(frame(row(clip="a"), row(clip="b"), row(method="MethodB", clip="a")))
    found = cell(summary, "all-clips", method="MethodB")
    assert (found["n"], found["n_undefined"], found["coverage"]) == (1, 1, 0.5)
    assert found["reason"] == "absent (1): the scores hold no row for this prompt"


def test_different_settings_are_never_folded_together(row, frame):
    summary = aggregate(frame(row(value=0.2), row(value=0.8, comparable_with="mtbench@1[tracker=dis]")))
    assert cell(summary, comparable_with="mtbench@1")["value"] == 0.2
    assert cell(summary, comparable_with="mtbench@1[tracker=dis]")["value"] == 0.8
    assert summary.groupby("comparable_with")["reference"].first().tolist() == [True, False]


def test_the_commonest_reason_stands_for_its_status(row, frame):
    reasons = ["b gone", "a gone", "b gone"]
    rows = [row(prompt=f"p{n}", status="missing", reason=reason) for n, reason in enumerate(reasons)]
    assert cell(aggregate(frame(*rows)))["reason"] == "missing (3): for example b gone"


def test_a_clip_without_a_level_counts_in_the_mean_of_clips_alone(row, frame):
    summary = aggregate(frame(row(clip="a", value=0.4), row(clip="b", level="", value=0.8)))
    assert cell(summary, "all")["value"] == 0.4
    assert cell(summary, "all-clips")["value"] == pytest.approx(0.6)


def test_controls_come_after_methods_in_their_own_order(row, frame):
    methods = ["noise", "static", "Zeta", "copy", "alpha"]
    summary = aggregate(frame(*(row(method=method) for method in methods)))
    assert list(summary["method"].unique()) == ["Zeta", "alpha", "copy", "static", "noise"]
    assert list(summary[summary["method"] == "copy"]["split"]) == [
        s for s in SPLITS if s in {"all", "all-clips", "easy"}
    ]


_values = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]), st.integers(0, 4), st.integers(0, 2), st.integers(0, 2),
        st.floats(-1, 1), st.booleans(),
    ),
    min_size=1, max_size=30, unique_by=lambda sample: sample[:4],
)  # fmt: skip


def _scores(samples: list[tuple]) -> pd.DataFrame:
    base = dict.fromkeys(COLUMNS, "") | {"protocol": "p@1", "comparable_with": "p@1", "metric": "m", "unit": "1"}
    rows = [
        base
        | {"method": method, "clip": f"c{clip}", "prompt": f"p{prompt}", "seed": seed, "direction": "higher"}
        | {"level": ["easy", "medium", "hard"][clip % 3], "value": value if ok else math.nan}
        | ({"status": "ok"} if ok else {"status": "undefined", "reason": "r"})
        for method, clip, prompt, seed, value, ok in samples
    ]
    return pd.DataFrame(rows)


@settings(max_examples=25, deadline=None)
@given(_values, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(samples, random):
    shuffled = list(samples)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(aggregate(_scores(samples)), aggregate(_scores(shuffled)), check_exact=True)


@settings(max_examples=25, deadline=None)
@given(_values)
def test_every_mean_lies_between_its_smallest_and_largest_sample(samples):
    scores = _scores(samples)
    for method, own in aggregate(scores).groupby("method"):
        values = scores.loc[scores["method"] == method, "value"]
        present = own["value"].dropna()
        assert ((present >= values.min() - 1e-12) & (present <= values.max() + 1e-12)).all()
        assert ((own["n"] > 0) | own["value"].isna()).all(), "a value needs at least one clip"
        assert np.allclose(own["coverage"], own["n_samples"] / (own["n_samples"] + own["n_undefined"]))
