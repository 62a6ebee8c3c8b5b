"""Compares two methods clip by clip: which is better, by how much, and could it be chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.errors import InputError
from benchmark.registry import unknown
from leaderboards.aggregate import COLUMN, in_table_order
from leaderboards.layout import ABSENT, printed_scale, printed_unit
from leaderboards.statistics import RESAMPLES, estimate

DECIMALS = 9
"""Of differences; metrics are exact to this many, and what remains is rounding that would break ties."""

ALL_SIGNS_UP_TO = 13
"""Pairs up to which Wilcoxon's p counts every combination of signs, ties or not; beyond, scipy's own choice holds."""

_TESTS = ("wilcoxon_p", "permutation_p")


def compare(
    scores: pd.DataFrame, first: str, second: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Compare two methods under every metric; only scores of the same settings are paired.

    A pair is a source clip: the difference of the methods' means over the prompts for which both have a value, each
    prompt being the mean over its seeds. Tests are two-sided: Wilcoxon's signed-rank test, and a permutation test
    that flips the signs of the differences (every combination where there are no more than `resamples`). Holm's
    correction is over the metrics of one protocol and settings, so that scoring another protocol changes nothing.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.
        first: name of a method.
        second: name of the method that it is compared with.
        seed: of the resamples and the permutations; recorded in the result.
        resamples: how many times clips are drawn, and signs flipped.

    Returns:
        One row per protocol, settings and metric that either method has. Columns protocol, comparable_with, metric,
        unit, direction, first, second, mean_first and mean_second (over the pairs), difference (first minus second),
        low and high (its 95 % interval, see `leaderboards.statistics.estimate`), better (the method that the
        difference favours, empty when it favours neither), n_pairs, n_better, n_worse and n_tied (clips on which
        first is so), n_left_out (clips with a value that make no pair), wilcoxon_p, wilcoxon_p_holm, permutation_p,
        permutation_p_holm, seed, resamples, reason. Means and p-values are NaN where there is no pair, the interval
        also where there are too few; `reason` says so.

    Raises:
        InputError: a name is not among the methods, or no metric has a pair.
    """
    for method in (first, second):
        if method not in set(scores["method"]):
            raise unknown("method", method, scores["method"].unique())
    prompts = _prompt_means(scores, (first, second))
    pairs = _pairs(prompts, first, second)
    if pairs.empty:
        raise _no_pairs(scores, first, second)
    columns = scores.loc[scores["method"].isin([first, second]), [*COLUMN, "unit", "direction"]]
    rows = [
        column
        | _compared(_of(pairs, column), column["direction"], seed, resamples)
        | {"n_left_out": _of(prompts, column)["clip"].nunique() - len(_of(pairs, column))}
        for column in columns.drop_duplicates(COLUMN).to_dict("records")
    ]
    table = pd.DataFrame(rows).assign(first=first, second=second, seed=seed, resamples=resamples)
    gain = table["difference"].where(table["direction"] == "higher", -table["difference"]).round(DECIMALS)
    table["better"] = np.select([gain > 0, gain < 0], [first, second], "")
    for test in _TESTS:
        table[f"{test}_holm"] = table.groupby(["protocol", "comparable_with"])[test].transform(holm)
    return in_table_order(table)[
        [*COLUMN, "unit", "direction", "first", "second", "mean_first", "mean_second", "difference", "low", "high",
         "better", "n_pairs", "n_better", "n_worse", "n_tied", "n_left_out", "wilcoxon_p", "wilcoxon_p_holm",
         "permutation_p", "permutation_p_holm", "seed", "resamples", "reason"]
    ]  # fmt: skip


def holm(p_values: pd.Series) -> pd.Series:
    """Correct p-values for their number (Holm, "A simple sequentially rejective multiple test procedure", 1979).

    Args:
        p_values: float64 with a unique index; NaN, a test that could not be made, stays NaN and does not count.
    """
    ordered = p_values.dropna().sort_values()
    corrected = (ordered * np.arange(len(ordered), 0, -1)).cummax().clip(upper=1)
    return corrected.reindex(p_values.index)


def readable(comparison: pd.DataFrame, *, percent: bool = False) -> tuple[list[str], list[list[str]]]:
    """Lay a comparison out as a table for people: its columns, and its rows as text.

    Args:
        comparison: as `compare` returns it.
        percent: print plain numbers (unit `1`) times 100.
    """
    first, second = comparison[["first", "second"]].iloc[0]
    columns = ["settings", "metric", first, second, "difference", "95 % interval", "better", "clips +/−/=",
               "Wilcoxon p (Holm)", "permutation p (Holm)"]  # fmt: skip
    return columns, [_readable_row(row, percent) for row in comparison.to_dict("records")]


def _prompt_means(scores: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """`value` per settings, metric, clip, prompt and method: the mean over seeds."""
    own = scores[scores["method"].isin(methods) & scores["value"].notna()]
    return own.groupby([*COLUMN, "clip", "prompt", "method"])["value"].mean().reset_index()


def _pairs(prompts: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """`value_first` and `value_second` per settings, metric and clip: means over the prompts that both have."""
    sample = [*COLUMN, "clip", "prompt"]
    of_first, of_second = (prompts.loc[prompts["method"] == method, [*sample, "value"]] for method in (first, second))
    both = of_first.merge(of_second, on=sample, suffixes=("_first", "_second"))
    return both.groupby([*COLUMN, "clip"], as_index=False)[["value_first", "value_second"]].mean()


def _of(rows: pd.DataFrame, column: dict[Any, Any]) -> pd.DataFrame:
    """The rows of one metric under one set of settings."""
    return rows.loc[np.logical_and.reduce([rows[name] == column[name] for name in COLUMN])]


def _compared(pairs: pd.DataFrame, direction: str, seed: int, resamples: int) -> dict[str, Any]:
    """Compare the pairs of one metric."""
    differences = (pairs["value_first"] - pairs["value_second"]).round(DECIMALS).to_numpy()
    gains = differences if direction == "higher" else -differences
    found = estimate({"the pairs": differences}, seed=seed, resamples=resamples)
    return {
        "mean_first": pairs["value_first"].mean(),
        "mean_second": pairs["value_second"].mean(),
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "n_pairs": len(pairs),
        "n_better": int((gains > 0).sum()),
        "n_worse": int((gains < 0).sum()),
        "n_tied": int((gains == 0).sum()),
        "wilcoxon_p": _wilcoxon_p(differences),
        "permutation_p": _permutation_p(differences, resamples, seed),
        "reason": found.reason if len(pairs) else "no clip has a value for both methods on one prompt",
    }


def _wilcoxon_p(differences: np.ndarray) -> float:
    moved = differences[differences != 0]
    if len(moved) > ALL_SIGNS_UP_TO:
        test: Any = stats.wilcoxon(moved)
        return float(test.pvalue)
    if len(moved) == 0 and len(differences):
        return 1.0
    return _permutation_p(np.sign(moved) * stats.rankdata(np.abs(moved)), resamples=2**ALL_SIGNS_UP_TO)


def _permutation_p(differences: np.ndarray, resamples: int, seed: int = 0) -> float:
    if len(differences) < 2 or not differences.any():
        return 1.0 if len(differences) else np.nan
    test = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def _no_pairs(scores: pd.DataFrame, first: str, second: str) -> InputError:
    settings = {
        method: sorted(set(scores.loc[scores["method"] == method, "comparable_with"])) for method in (first, second)
    }
    if set(settings[first]).isdisjoint(settings[second]):
        return InputError(
            f"{first} was scored under {', '.join(settings[first])} and {second} under {', '.join(settings[second])}, "
            "expected the same protocol and settings for both; score both with the same `vmtbench score` command"
        )
    return InputError(
        f"{first} and {second} have no clip with a value for both on one prompt, expected at least one; "
        "score both on the same benchmark, and look at the column `reason` of their scores"
    )


def _readable_row(row: dict[Any, Any], percent: bool) -> list[str]:
    unit = printed_unit(row["unit"], percent)
    factor, digits = printed_scale(row["unit"], percent), (1 if "x100" in unit else 3)

    def number(value: float, sign: str = "") -> str:
        return ABSENT if np.isnan(value) else f"{value * factor:{sign}z.{digits}f}"

    interval = ABSENT if np.isnan(row["low"]) else f"{number(row['low'], '+')} to {number(row['high'], '+')}"
    arrow = {"higher": "↑", "lower": "↓"}[row["direction"]]
    return [
        row["comparable_with"],
        " ".join(part for part in (row["metric"], f"({unit})" if unit else "", arrow) if part),
        number(row["mean_first"]),
        number(row["mean_second"]),
        number(row["difference"], "+"),
        interval,
        row["better"] or ABSENT,
        f"{row['n_better']}/{row['n_worse']}/{row['n_tied']}",
        *(_readable_p(row[test], row[f"{test}_holm"]) for test in _TESTS),
    ]


def _readable_p(p_value: float, corrected: float) -> str:
    """Write a p-value, and in brackets what Holm's correction makes of it."""
    if np.isnan(p_value):
        return ABSENT
    plain, holms = ("<0.001" if value < 0.001 else f"{value:.3f}" for value in (p_value, corrected))
    return f"{plain} ({holms})"
