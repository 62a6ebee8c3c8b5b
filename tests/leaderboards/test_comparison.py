from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmark.errors import InputError
from leaderboards.comparison import compare, holm, readable
from leaderboards.scores import COLUMNS


def scores_of(values: dict[str, list[float]], **changes: object) -> pd.DataFrame:
    """One metric of methods, each with a list of a value per clip; NaN is undefined."""
    base = dict.fromkeys(COLUMNS, "") | {
        "protocol": "p@1", "comparable_with": "p@1", "metric": "m", "unit": "1", "direction": "higher", "prompt": "p0",
        "level": "easy", "seed": 0,
    }  # fmt: skip
    return pd.DataFrame(
        [
            base | {"method": method, "clip": f"c{n:03}", "value": value} | changes
            | ({"status": "undefined", "reason": "r"} if np.isnan(value) else {"status": "ok"})
            for method, own in values.items() for n, value in enumerate(own)
        ]
    )  # fmt: skip


def only(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1, f"expected one row, found {len(table)}"
    return table.iloc[0]


def test_a_method_that_is_better_on_every_clip_is_better():
    found = only(compare(scores_of({"A": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0], "B": [0.4] * 6}), "A", "B"))
    assert (found["mean_first"], found["mean_second"]) == pytest.approx((0.75, 0.4))
    assert found["difference"] == pytest.approx(0.35)
    assert 0 < found["low"] < 0.35 < found["high"]
    assert found["better"] == "A"
    assert (found["n_pairs"], found["n_better"], found["n_worse"], found["n_tied"]) == (6, 6, 0, 0)
    assert found["permutation_p"] == pytest.approx(2 / 2**6), "of 64 combinations of signs two are as extreme"
    assert found["wilcoxon_p"] == pytest.approx(2 / 2**6)


def test_lower_is_better_where_the_metric_says_so():
    found = only(compare(scores_of({"A": [0.1, 0.2, 0.9], "B": [0.5, 0.5, 0.5]}, direction="lower"), "A", "B"))
    assert found["difference"] == pytest.approx(-0.1)
    assert found["better"] == "A"
    assert (found["n_better"], found["n_worse"]) == (2, 1)


def test_few_pairs_have_p_values_and_no_interval():
    found = only(compare(scores_of({"A": [0.5, 0.6], "B": [0.4, 0.3]}), "A", "B"))
    assert np.isnan(found["low"])
    assert found["reason"] == "no interval: 2 clips have a value, expected at least 6"
    assert found["permutation_p"] == 0.5


def test_clips_without_a_value_for_both_are_left_out_and_counted():
    found = only(compare(scores_of({"A": [0.5, 0.6, np.nan, np.nan], "B": [0.4, np.nan, 0.1, np.nan]}), "A", "B"))
    assert (found["n_pairs"], found["n_left_out"]) == (1, 2)
    assert found["difference"] == pytest.approx(0.1)


def test_a_clip_is_compared_on_the_prompts_that_both_have(row, frame):
    scores = frame(
        row(method="A", prompt="easy", value=0.9), row(method="A", prompt="hard", value=0.3),
        row(method="B", prompt="hard", value=0.4),
    )  # fmt: skip
    found = only(compare(scores, "A", "B"))
    assert found["difference"] == pytest.approx(-0.1), "the easy prompt of A alone must not count for it"


def test_seeds_are_averaged_within_a_prompt(row, frame):
    scores = frame(
        row(method="A", seed=0, value=0.2), row(method="A", seed=1, value=0.4), row(method="B", seed=0, value=0.1)
    )
    assert only(compare(scores, "A", "B"))["difference"] == pytest.approx(0.2)


def test_scores_of_different_settings_are_never_paired():
    ours = scores_of({"A": [0.5, 0.6]})
    theirs = scores_of({"B": [0.5, 0.6]}, comparable_with="p@1[tracker=dis]")
    with pytest.raises(InputError, match=r"A was scored under p@1 and B under p@1\[tracker=dis\], expected the same"):
        compare(pd.concat([ours, theirs]), "A", "B")


def test_a_metric_that_only_one_method_has_is_shown_without_a_difference():
    both = scores_of({"A": [0.5], "B": [0.4]})
    found = compare(pd.concat([both, scores_of({"A": [0.5]}, metric="other")]), "A", "B")
    assert found["metric"].tolist() == ["m", "other"]
    other = found.iloc[1]
    assert (other["n_pairs"], other["n_left_out"], other["better"]) == (0, 1, "")
    assert other[["difference", "low", "wilcoxon_p", "permutation_p_holm"]].isna().all()
    assert other["reason"] == "no clip has a value for both methods on one prompt"


def test_an_unknown_method_gets_the_nearest_names():
    with pytest.raises(InputError, match=r"unknown method 'MethodC', expected .*; did you mean MethodA"):
        compare(scores_of({"MethodA": [0.5], "noise": [0.1]}), "MethodC", "noise")


def test_methods_without_a_common_clip_cannot_be_compared():
    scores = scores_of({"A": [0.5, np.nan], "B": [np.nan, 0.5]})
    with pytest.raises(InputError, match="A and B have no clip with a value for both"):
        compare(scores, "A", "B")


def test_the_permutation_test_counts_every_combination_of_signs():
    differences = np.array([0.3, -0.1, 0.25, 0.05, 0.4, -0.2, 0.15])
    means = [np.mean(differences * signs) for signs in itertools.product([1, -1], repeat=7)]
    expected = np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12)
    found = only(compare(scores_of({"A": list(differences), "B": [0.0] * 7}), "A", "B"))
    assert found["permutation_p"] == pytest.approx(expected)
    assert found["wilcoxon_p"] == pytest.approx(stats.wilcoxon(differences, method="exact")[1])


@pytest.mark.parametrize("n", [14, 60])
def test_wilcoxons_p_of_many_pairs_is_that_of_scipy(n):
    differences = np.random.default_rng(n).normal(0.2, 1, size=n).round(6)
    found = only(compare(scores_of({"A": list(differences), "B": [0.0] * n}), "A", "B"))
    assert found["wilcoxon_p"] == pytest.approx(stats.wilcoxon(differences)[1])


def test_wilcoxons_p_counts_every_combination_of_signs_when_differences_tie():
    differences = np.array([0.1, 0.1, -0.1, 0.2, 0.2, 0.0, 0.3])
    found = only(compare(scores_of({"A": list(differences), "B": [0.0] * 7}), "A", "B"))
    assert found["wilcoxon_p"] == pytest.approx(stats.wilcoxon(differences)[1])
    ranks = np.array([2, 2, -2, 4.5, 4.5, 6])
    sums = [np.sum(ranks * signs) for signs in itertools.product([1, -1], repeat=6)]
    assert found["wilcoxon_p"] == pytest.approx(np.mean(np.abs(sums) >= ranks.sum()))


def test_rounding_breaks_no_tie():
    found = only(compare(scores_of({"A": [0.3, 0.1], "B": [0.1 + 0.2, 0.1]}), "A", "B"))
    assert (found["n_tied"], found["better"]) == (2, "")


def test_the_p_values_of_no_real_difference_are_seldom_small():
    generator = np.random.default_rng(0)
    metrics = [
        scores_of({"A": list(generator.normal(size=12)), "B": list(generator.normal(size=12))}, metric=f"m{n}")
        for n in range(100)
    ]
    found = compare(pd.concat(metrics), "A", "B", resamples=1000)
    for test in ("wilcoxon_p", "permutation_p"):
        assert (found[test] < 0.05).mean() <= 0.1, f"{test}: false alarms in more than 10 % of tests at 5 %"
        assert not (found[f"{test}_holm"] < 0.05).any(), f"{test}: Holm's correction must end the false alarms"


def test_holm_multiplies_the_smallest_by_their_number_and_never_falls():
    found = holm(pd.Series([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert found.tolist() == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)


def test_another_protocol_changes_no_corrected_p_value():
    ours = scores_of({"A": [0.5, 0.6, 0.9, 0.8], "B": [0.4] * 4})
    other = scores_of({"A": [0.5, 0.6, 0.7, 0.8], "B": [0.4, 0.65, 0.5, 0.4]}, protocol="q@1", comparable_with="q@1")
    alone, beside = compare(ours, "A", "B"), compare(pd.concat([ours, other]), "A", "B")
    assert beside["wilcoxon_p_holm"].iloc[0] == alone["wilcoxon_p_holm"].iloc[0]


def test_the_table_for_people_reads_well():
    better = scores_of({"A": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0], "B": [0.4] * 6}, unit="x")
    alone = scores_of({"A": [0.5]}, metric="n", direction="lower")
    columns, rows = readable(compare(pd.concat([better, alone]), "A", "B"))
    assert columns == [
        "settings", "metric", "A", "B", "difference", "95 % interval", "better", "clips +/−/=",
        "Wilcoxon p (Holm)", "permutation p (Holm)",
    ]  # fmt: skip
    assert rows[0][:5] == ["p@1", "m (x) ↑", "0.750", "0.400", "+0.350"]
    assert rows[0][6:] == ["A", "6/0/0", "0.031 (0.031)", "0.031 (0.031)"]
    assert rows[1] == ["p@1", "n ↓", "–", "–", "–", "–", "–", "0/0/0", "–", "–"]


def test_percent_prints_plain_numbers_times_100():
    comparison = compare(scores_of({"A": [0.5], "B": [0.75]}), "A", "B")
    assert readable(comparison, percent=True)[1][0][1:5] == ["m (x100) ↑", "50.0", "75.0", "-25.0"]


_two = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=16)


def _of_pairs(pairs: list[tuple[float, float]]) -> pd.DataFrame:
    return scores_of({"A": [a for a, _ in pairs], "B": [b for _, b in pairs]})


@settings(max_examples=10, deadline=None)
@given(_two)
def test_a_method_compared_with_itself_differs_by_nothing(pairs):
    found = only(compare(_of_pairs(pairs), "A", "A", resamples=200))
    assert (found["difference"], found["wilcoxon_p"], found["permutation_p"]) == (0, 1, 1)
    assert (found["better"], found["n_tied"]) == ("", len(pairs))


@settings(max_examples=20, deadline=None)
@given(_two)
def test_swapping_the_methods_flips_the_sign_and_keeps_the_p_values(pairs):
    scores = _of_pairs(pairs)
    forth, back = only(compare(scores, "A", "B", resamples=200)), only(compare(scores, "B", "A", resamples=200))
    assert back["difference"] == pytest.approx(-forth["difference"])
    assert (back["low"], back["high"]) == pytest.approx((-forth["high"], -forth["low"]), nan_ok=True)
    assert back["better"] == forth["better"]
    assert (back["n_better"], back["n_worse"]) == (forth["n_worse"], forth["n_better"])
    assert back["wilcoxon_p"] == pytest.approx(forth["wilcoxon_p"])
    assert back["permutation_p"] == pytest.approx(forth["permutation_p"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_corrected_p_value_is_never_below_the_raw_one(p_values):
    corrected = holm(pd.Series(p_values))
    assert (corrected >= np.array(p_values) - 1e-12).all()
    assert corrected.max() <= 1
