from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmark.errors import InputError
from leaderboards.ranks import average_ranks, has_valid_sum

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
FILE = Path(os.environ.get("VMTBENCH_REFERENCE", SHARED)) / "metrics_reference.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text()).get("user_study", []) if FILE.is_file() else []


@pytest.mark.shared
@pytest.mark.skipif(not FILE.is_file(), reason="no metrics_reference.json; name its folder in VMTBENCH_REFERENCE")
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_average_ranks_agree_with_the_reference(case):
    found = average_ranks(case["ranks"])
    assert found.average == pytest.approx(case["average_rank"], rel=0, abs=1e-9)
    assert found.average.mean() == pytest.approx(case["expected_mean_of_average_ranks"], rel=0, abs=1e-9)
    assert found.sum_is_valid


def test_ranks_are_averaged_over_raters_and_items():
    ranks = [[[1, 2, 3], [1, 3, 2]], [[2, 1, 3], [1, 2, 3]]]
    found = average_ranks(ranks)
    assert found.average.tolist() == [1.25, 2.0, 2.75]
    assert (found.n_rankings, found.n_incomplete, found.sum_is_valid) == (4, 0, True)


@pytest.mark.parametrize("tied", [[1, 2, 2, 4], [1, 2, 2, 3], [1, 2.5, 2.5, 4]])
def test_tied_methods_take_the_mean_of_their_places(tied):
    assert average_ranks([tied]).average.tolist() == [1, 2.5, 2.5, 4]


def test_incomplete_rankings_count_as_given_and_are_flagged():
    found = average_ranks([[1, 2, 3], [1, np.nan, 3], [2, np.nan, 1]])
    assert found.average == pytest.approx([4 / 3, 2, 7 / 3])
    assert (found.n_rankings, found.n_incomplete) == (3, 2)
    assert not found.sum_is_valid


def test_a_method_that_nobody_ranked_has_no_average():
    found = average_ranks([[1, 2, np.nan], [2, 1, np.nan]])
    assert found.average == pytest.approx([1.5, 1.5, np.nan], nan_ok=True)
    assert not found.sum_is_valid
    assert found.kendalls_w is None


def test_an_unanswered_item_is_no_ranking():
    assert average_ranks([[1, 2], [np.nan, np.nan]]).n_rankings == 1


@pytest.mark.parametrize(
    ("ranks", "agreement"),
    [([[1, 2, 3]] * 4, 1.0), ([[1, 2, 3], [3, 2, 1]], 0.0), ([[1, 2, 3]], None), ([[1, 1, 1]] * 3, None)],
)
def test_kendalls_w_says_how_far_rankings_agree(ranks, agreement):
    assert average_ranks(ranks).kendalls_w == (None if agreement is None else pytest.approx(agreement))


def test_published_averages_can_be_checked_by_their_sum():
    assert has_valid_sum([1.1, 2.4, 2.5])
    assert not has_valid_sum([1.1, 2.4, 2.6])
    assert has_valid_sum([1.33, 2.33, 2.33], tolerance=0.03), "two decimals leave the sum a little off"


@pytest.mark.parametrize(
    ("ranks", "message"),
    [(3.0, "put the methods last"), ([[np.nan]], "no rank"), ([[0, 1]], r"rank 0\.0"), ([[1, np.inf]], "rank inf")],
)
def test_what_is_no_ranking_is_refused(ranks, message):
    with pytest.raises(InputError, match=message):
        average_ranks(ranks)


_rankings = st.integers(3, 6).flatmap(
    lambda k: st.lists(st.lists(st.integers(1, 4), min_size=k, max_size=k), min_size=2, max_size=10)
)


@settings(max_examples=60, deadline=None)
@given(_rankings)
def test_complete_rankings_have_a_valid_sum_and_the_w_of_friedmans_test(rankings):
    found, k = average_ranks(rankings), len(rankings[0])
    assert found.sum_is_valid
    assert ((found.average >= 1) & (found.average <= k)).all()
    if found.kendalls_w is not None:
        friedman = stats.friedmanchisquare(*np.array(rankings).T)[0]
        assert found.kendalls_w == pytest.approx(friedman / (len(rankings) * (k - 1)), abs=1e-9)
