from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmark.errors import InputError
from leaderboards.correlation import metric_correlations, rank_correlations
from leaderboards.scores import COLUMNS


def scores_of(metrics: dict[str, list[float]], methods: int = 1, **changes: object) -> pd.DataFrame:
    """Metrics with a list of values each, dealt out to `methods` methods and then to clips; NaN is undefined."""
    base = dict.fromkeys(COLUMNS, "") | {
        "protocol": "p@1", "comparable_with": "p@1", "unit": "1", "direction": "higher", "prompt": "p0", "seed": 0,
    }  # fmt: skip
    return pd.DataFrame(
        [
            base | {"method": f"M{n % methods}", "clip": f"c{n // methods}", "metric": metric, "value": value} | changes
            | ({"status": "undefined", "reason": "r"} if np.isnan(value) else {"status": "ok"})
            for metric, values in metrics.items() for n, value in enumerate(values)
        ]
    )  # fmt: skip


def only(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1, f"expected one row, found {len(table)}"
    return table.iloc[0]


def test_metrics_that_order_alike_correlate_by_one():
    scores = scores_of({"hybrid_mf": [0.1, 0.2, 0.4, 0.8], "edit_fidelity": [1, 4, 9, 16]})
    found = only(metric_correlations(scores, level="sample"))
    assert (found["first"], found["second"]) == ("hybrid_mf", "edit_fidelity"), "motion comes before edit"
    assert (found["spearman"], found["kendall"], found["n"]) == (pytest.approx(1), pytest.approx(1), 4)


def test_a_metric_where_lower_is_better_agrees_when_it_falls():
    rising = scores_of({"a": [1, 2, 3, 4]})
    falling = scores_of({"b": [4, 3, 2, 1]}, direction="lower")
    assert only(metric_correlations(pd.concat([rising, falling]), level="sample"))["spearman"] == pytest.approx(1)


def test_correlations_and_p_values_are_those_of_scipy():
    generator = np.random.default_rng(0)
    first, second = list(generator.random(30)), list(generator.random(30).round(1))
    found = only(metric_correlations(scores_of({"a": first, "b": second}), level="sample"))
    spearman, kendall = stats.spearmanr(first, second), stats.kendalltau(first, second)
    assert found[["spearman", "spearman_p"]].tolist() == pytest.approx(list(spearman))
    assert found[["kendall", "kendall_p"]].tolist() == pytest.approx(list(kendall))


def test_a_perfect_correlation_of_few_methods_can_be_chance():
    found = only(metric_correlations(scores_of({"a": [1, 2, 3], "b": [1, 2, 3]}), level="sample"))
    assert found["spearman_p"] == pytest.approx(2 / 6), "two of the six orders of three are as extreme"


def test_spearmans_p_of_few_counts_every_order():
    x, y = [0.1, 0.4, 0.3, 0.3, 0.9], [1.0, 2.0, 2.0, 5.0, 4.0]
    found = only(metric_correlations(scores_of({"a": x, "b": y}), level="sample"))
    every = [stats.spearmanr(order, y)[0] for order in itertools.permutations(x)]
    one_sided = min(np.mean(np.array(every) >= found["spearman"] - 1e-9),
                    np.mean(np.array(every) <= found["spearman"] + 1e-9))  # fmt: skip
    assert found["spearman_p"] == pytest.approx(min(1, 2 * one_sided))


def test_an_observation_is_a_sample_a_clip_of_a_method_or_a_method(row, frame):
    rows = [
        row(method=f"M{m}", clip=f"c{c}", prompt=f"p{p}", seed=s, metric=metric, value=m + c / 7 + p / 70 + s / 700)
        for m in range(3) for c in range(4) for p in range(2) for s in range(2) for metric in ("a", "b")
    ]  # fmt: skip
    counts = {
        level: only(metric_correlations(frame(*rows), level=level))["n"] for level in ("sample", "clip", "method")
    }
    assert counts == {"sample": 48, "clip": 12, "method": 3}


def test_samples_without_a_seed_count_too():
    scores = scores_of({"a": [1, 2, 3], "b": [1, 2, 3]}).assign(seed=pd.array([None] * 6, dtype="Int64"))
    assert only(metric_correlations(scores, level="sample"))["n"] == 3


def test_observations_that_lack_a_value_are_left_out():
    scores = scores_of({"a": [1, 2, 3, 4, np.nan], "b": [1, 2, 3, np.nan, 9]})
    assert only(metric_correlations(scores, level="clip"))["n"] == 3


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ([1, 2, np.nan], "2 observations have both values, expected at least 3"),
        ([1, 1, 1], "one of the two is the same"),
    ],
)
def test_what_cannot_be_correlated_has_a_reason(second, reason):
    found = only(metric_correlations(scores_of({"a": [1, 2, 3], "b": second}), level="sample"))
    assert found[["spearman", "spearman_p", "kendall", "kendall_p"]].isna().all()
    assert found["reason"].startswith(reason)


def test_metrics_of_different_settings_are_not_paired():
    ours = scores_of({"a": [1, 2, 3]})
    theirs = scores_of({"b": [1, 2, 3]}, comparable_with="p@1[tracker=dis]")
    found = metric_correlations(pd.concat([ours, theirs]), level="sample")
    assert found.empty
    assert "spearman" in found.columns


def ranks_of(values: dict[str, float], aspect: str = "motion") -> pd.DataFrame:
    return pd.DataFrame({"aspect": aspect, "method": list(values), "average_rank": list(values.values())})


def test_a_metric_that_orders_methods_as_people_do_correlates_by_one():
    scores = scores_of({"a": [0.1, 0.5, 0.9, 0.2, 0.6, 1.0]}, methods=3)
    best_last = ranks_of({"M0": 2.9, "M1": 2.0, "M2": 1.1})
    found = only(rank_correlations(scores, best_last))
    assert (found["metric"], found["aspect"], found["n"]) == ("a", "motion", 3)
    assert (found["spearman"], found["kendall"]) == (pytest.approx(1), pytest.approx(1)), "rank 1 is best"


def test_each_aspect_is_correlated_over_the_methods_that_were_ranked():
    scores = scores_of({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]}, methods=4)
    ranks = pd.concat([ranks_of({"M0": 3, "M1": 2, "M2": 1, "other": 4}), ranks_of({"M0": 1}, "text")])
    found = rank_correlations(scores, ranks).set_index(["metric", "aspect"])
    assert found["n"].to_dict() == {("a", "motion"): 3, ("a", "text"): 1, ("b", "motion"): 3, ("b", "text"): 1}
    assert found.loc[("b", "motion"), "spearman"] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        (ranks_of({"M0": 1}).drop(columns="aspect"), "no column 'aspect'"),
        (pd.concat([ranks_of({"M0": 1}), ranks_of({"M0": 2})]), "name M0 twice for motion"),
        (ranks_of({"other": 1}), r"none of the ranked methods \(other\) has scores"),
    ],
)
def test_unusable_ranks_are_refused(ranks, message):
    with pytest.raises(InputError, match=message):
        rank_correlations(scores_of({"a": [1, 2, 3]}, methods=3), ranks)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=12))
def test_correlations_are_bounded_and_only_order_matters(pairs):
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = only(metric_correlations(scores_of({"a": x, "b": y}), level="sample"))
    stretched = only(metric_correlations(scores_of({"a": list(np.exp(x)), "b": y}), level="sample"))
    for name in ("spearman", "spearman_p", "kendall", "kendall_p"):
        assert stretched[name] == pytest.approx(found[name], nan_ok=True)
        assert np.isnan(found[name]) or -1 - 1e-12 <= found[name] <= 1 + 1e-12
