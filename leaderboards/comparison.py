"""Compares two methods clip by clip: is one better, by how much, and could that be chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from benchmark.errors import InputError
from benchmark.registry import unknown
from leaderboards.aggregate import COLUMN, in_table_order
from leaderboards.layout import ABSENT, printed_scale, printed_unit
from leaderboards.statistics import RESAMPLES, estimate

TIE = 1e-9
"""Values closer than this are the same: metrics are exact to this much, and what remains is rounding."""

_FAMILY = ["protocol", "comparable_with"]
_TESTS = ("wilcoxon_p", "permutation_p")


def compare(
    scores: pd.DataFrame, first: str, second: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Compare two methods under every metric that was measured with the same settings for both.

    A pair is a source clip: the mean, over the prompts for which both methods have a value, of the difference of
    their means over seeds. The p-values are two-sided: Wilcoxon's signed-rank test, and a permutation test that flips
    the signs of the differences (all flips where there are no more than `resamples`). Holm's correction is over the
    metrics of one protocol and settings, so that scoring another protocol changes nothing.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.
        first: name of a method.
        second: name of the method that it is compared with.
        seed: of the resamples and permutations; recorded in the result.
        resamples: how many times clips are drawn, and signs flipped.

    Returns:
        One row per protocol, settings and metric that either method has. Columns protocol, comparable_with, metric,
        unit, direction, first, second, mean_first and mean_second (over the pairs), difference (first minus second),
        low and high (its 95 % interval, see `leaderboards.statistics.estimate`), better (the method that the
        difference favours; empty for neither), n_pairs, n_better and n_worse (clips on which first is so), n_tied,
        n_left_out (clips with a value that are no pair), wilcoxon_p, wilcoxon_p_holm, permutation_p,
        permutation_p_holm, seed, resamples, reason (why there is no interval or no difference). What there is not is
        NaN.

    Raises:
        InputError: a name is not among the methods, or there is no pair under any metric.
    """
    for method in (first, second):
        if method not in set(scores["method"]):
            raise unknown("method", method, scores["method"].unique())
    values = _prompt_means(scores, first, second)
    pairs = _pairs(values)
    if pairs.empty:
        raise InputError(_without_pairs(scores, first, second))
    rows = [
        _compared(pairs[_is(pairs, column)], direction, seed, resamples)
        | {"n_left_out": values.loc[_is(values, column), "clip"].nunique()}
        | dict(zip([*COLUMN, "unit", "direction"], [*column, unit, direction], strict=True))
        for *column, unit, direction in _columns(scores, first, second).itertuples(index=False)
    ]
    table = pd.DataFrame(rows).assign(first=first, second=second, seed=seed, resamples=resamples)
    table["n_left_out"] -= table["n_pairs"]
    table["better"] = table["better"].map({1: first, -1: second, 0: ""})
    for test in _TESTS:
        table[f"{test}_holm"] = table.groupby(_FAMILY)[test].transform(holm)
    return in_table_order(table)[
        [*COLUMN, "unit", "direction", "first", "second", "mean_first", "mean_second", "difference", "low", "high",
         "better", "n_pairs", "n_better", "n_worse", "n_tied", "n_left_out", "wilcoxon_p", "wilcoxon_p_holm",
         "permutation_p", "permutation_p_holm", "seed", "resamples", "reason"]
    ]  # fmt: skip


def holm(p_values: pd.Series) -> pd.Series:
    """Correct p-values for their number (Holm, "A simple sequentially rejective multiple test procedure", 1979).

    NaN, a test that was not made, stays NaN and does not count.
    """
    corrected, made = p_values.copy(), p_values.notna()
    if made.any():
        corrected[made] = multipletests(p_values[made], method="holm")[1]
    return corrected
