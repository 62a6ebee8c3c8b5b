from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboards.aggregate import aggregate
from leaderboards.statistics import FEWEST_CLIPS, estimate, summary


def cell(table: pd.DataFrame, group: str, **where: object) -> pd.Series:
    """The one row of the summary that is meant."""
    for column, value in {"group": group, **where}.items():
        table = table[table[column] == value]
    assert len(table) == 1, f"expected one row, found {len(table)}"
    return table.iloc[0]


@pytest.fixture
def clips(row, frame):
    """Scores of one method: per clip its value; keywords change columns of all rows."""

    def make(values, **changes) -> pd.DataFrame:
        return frame(*(row(clip=f"c{n:03}", value=value, **changes) for n, value in enumerate(values)))

    return make


def test_the_mean_over_all_clips_has_its_interval_and_its_counts(clips):
    found = cell(summary(clips(np.linspace(0, 1, 11))), "all-clips")
    assert found["mean"] == pytest.approx(0.5)
    assert 0 < found["low"] < 0.5 < found["high"] < 1
    assert (found["n_clips"], found["n_samples"], found["n_undefined"], found["coverage"]) == (11, 11, 0, 1.0)
    assert (found["seed"], found["resamples"], found["reason"]) == (0, 10_000, "")


def test_clips_are_resampled_and_not_their_prompts(row, frame):
    values = np.linspace(0, 1, 8)
    once = frame(*(row(clip=f"c{n}", value=value) for n, value in enumerate(values)))
    often = frame(*(row(clip=f"c{n}", prompt=f"p{p}", value=v) for n, v in enumerate(values) for p in range(20)))
    expected, found = (cell(summary(scores), "all-clips") for scores in (once, often))
    assert found["n_samples"] == 160
    assert (found["low"], found["high"]) == pytest.approx((expected["low"], expected["high"])), (
        "twenty alike prompts per clip must not narrow the interval"
    )


def test_the_interval_agrees_with_the_bootstrap_of_scipy_on_many_clips():
    values = np.random.default_rng(1).beta(5, 2, size=300)
    found = estimate({"x": values})
    expected = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2))
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.03 * width)


def test_the_interval_of_few_normal_clips_has_the_width_of_students():
    values = np.random.default_rng(0).normal(size=10)
    found = estimate({"x": values}, resamples=100_000)
    student = stats.t.interval(0.95, 9, loc=values.mean(), scale=stats.sem(values))
    assert found.high - found.low == pytest.approx(student[1] - student[0], rel=0.1)


def test_95_percent_intervals_hold_the_true_mean_about_95_times_in_100():
    generator = np.random.default_rng(0)
    found = [estimate({"x": generator.normal(size=8)}, resamples=1000) for _ in range(600)]
    covered = np.mean([own.low <= 0 <= own.high for own in found])
    assert 0.91 < covered < 0.98, f"covered {covered:.3f}; plain percentiles cover 0.88"


@pytest.mark.parametrize("n", [1, 2, FEWEST_CLIPS - 1])
def test_too_few_clips_have_a_mean_and_no_interval(clips, n):
    found = cell(summary(clips([0.5] * n)), "all-clips")
    assert found["mean"] == 0.5
    assert np.isnan(found["low"])
    assert np.isnan(found["high"])
    assert found["reason"] == f"no interval: {n} clips have a value, expected at least {FEWEST_CLIPS}"


def test_a_group_without_any_value_has_no_mean(clips):
    found = cell(summary(clips([0.5] * 8, status="unavailable", reason="no weights")), "all-clips")
    assert np.isnan(found["mean"])
    assert (found["n_clips"], found["n_undefined"], found["coverage"]) == (0, 8, 0.0)
    assert found["reason"] == "no clip of all-clips has a value"


def test_undefined_samples_and_prompts_that_only_others_have_are_counted(row, frame):
    scores = frame(
        row(clip="a"), row(clip="b", status="undefined", reason="empty_mask"), row(method="B", clip="c"),
    )  # fmt: skip
    found = cell(summary(scores), "all-clips", method="MethodA")
    assert (found["n_clips"], found["n_samples"], found["n_undefined"]) == (1, 1, 2)
    assert found["coverage"] == pytest.approx(1 / 3)


def test_levels_are_means_over_their_clips_and_all_the_mean_of_levels(row, frame):
    easy = [row(clip=f"e{n}", level="easy", value=0.9) for n in range(8)]
    hard = [row(clip=f"h{n}", level="hard", value=0.1 * n) for n in range(4)]
    unknown = [row(clip="u", level="", value=5.0)]
    found = summary(frame(*easy, *hard, *unknown), by="level")
    assert found["group"].tolist() == ["hard", "easy", "all"], "levels, then the whole; no level is no group"
    assert cell(found, "hard")["mean"] == pytest.approx(0.15)
    assert cell(found, "all")["mean"] == pytest.approx(0.525)
    assert cell(found, "all")["n_clips"] == 12
    assert cell(found, "easy")["low"] == pytest.approx(0.9), "clips that are all alike leave no doubt"
    assert cell(found, "all")["low"] < 0.525 < cell(found, "all")["high"]


def test_means_are_those_of_the_leaderboard(row, frame):
    generator = np.random.default_rng(3)
    scores = frame(
        *(
            row(method=method, clip=f"c{n}", prompt=f"p{p}", level=["easy", "hard"][n % 2], value=generator.random())
            for method in ("A", "B") for n in range(9) for p in range(3)
        )
    )  # fmt: skip
    board = aggregate(scores).set_index(["method", "split"])["value"]
    tables = pd.concat([summary(scores), summary(scores, by="level")])
    found = tables.set_index(["method", "group"])["mean"]
    assert found.to_dict() == pytest.approx(board.to_dict())


def test_all_needs_a_value_in_every_group_and_two_clips_for_an_interval(row, frame):
    easy = [row(clip=f"e{n}", level="easy") for n in range(8)]
    alone = summary(frame(*easy, row(clip="h", level="hard")), by="level")
    assert cell(alone, "all")["mean"] == 0.5
    assert cell(alone, "all")["reason"] == "no interval: 1 clip of hard has a value, expected at least 2"
    without = summary(frame(*easy, row(clip="h", level="hard", status="failed", reason="decoding")), by="level")
    assert np.isnan(cell(without, "all")["mean"]), "a mean over the easy level alone is not All"
    assert cell(without, "all")["reason"] == "no clip of hard has a value"


def test_categories_are_groups(row, frame):
    rows = [row(clip=f"c{n}", category=["camera", "human"][n % 2], value=n % 2) for n in range(12)]
    found = summary(frame(*rows), by="category")
    assert found["group"].tolist() == ["camera", "human", "all"]
    assert found["mean"].tolist() == pytest.approx([0, 1, 0.5])
    assert (found["by"] == "category").all()


def test_a_kind_has_the_mean_over_its_own_prompts_of_each_clip(row, frame):
    rows = [
        row(clip=f"c{n}", prompt=prompt, kind=kind, value=value)
        for n in range(6)
        for prompt, kind, value in [("p0", "caption", 0.2), ("p1", "scene", 0.4), ("p2", "scene", 0.8)]
    ]
    found = summary(frame(*rows), by="kind")
    assert found["group"].tolist() == ["caption", "scene"], "kinds share their clips and have no whole"
    assert found["mean"].tolist() == pytest.approx([0.2, 0.6])
    assert found["n_clips"].tolist() == [6, 6]
    assert found["n_samples"].tolist() == [6, 12]


def test_different_settings_are_never_folded_together(row, frame):
    found = summary(frame(row(value=0.2), row(value=0.8, comparable_with="mtbench@1[tracker=dis]")))
    assert found["mean"].tolist() == [0.2, 0.8], "the protocol's own settings come first"


def test_scores_without_any_group_give_no_rows(row, frame):
    assert summary(frame(row(level="")), by="level").empty


def test_the_seed_alone_decides_the_resamples(clips, row, frame):
    values = np.random.default_rng(0).random(9)
    scores = clips(values)
    pd.testing.assert_frame_equal(summary(scores), summary(scores.sample(frac=1, random_state=1)), check_exact=True)
    assert summary(scores, seed=1)["low"].tolist() != summary(scores)["low"].tolist()
    beside = pd.concat([scores, clips(values[:7], method="Other")], ignore_index=True)
    alone, found = (cell(summary(table), "all-clips", method="MethodA") for table in (scores, beside))
    assert found["low"] == alone["low"], "another method must not change an interval"


_values = st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=FEWEST_CLIPS, max_size=40)


@settings(max_examples=100, deadline=None)
@given(_values)
def test_the_interval_holds_the_mean_and_stays_within_the_values(values):
    found = estimate({"x": np.array(values)}, resamples=1000)
    assert min(values) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(values) + 1e-9


@settings(max_examples=25, deadline=None)
@given(_values, st.floats(-10, 10), st.floats(0.1, 10))
def test_the_interval_moves_and_stretches_with_the_values(values, shift, scale):
    before = estimate({"x": np.array(values)}, resamples=1000)
    after = estimate({"x": shift + scale * np.array(values)}, resamples=1000)
    assert after.low == pytest.approx(shift + scale * before.low, abs=1e-6)
    assert after.high == pytest.approx(shift + scale * before.high, abs=1e-6)
