"""Correlates metrics with one another and with what people preferred."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.errors import InputError
from leaderboards.aggregate import COLUMN, clip_means
from leaderboards.aspects import metric_order

FEWEST = 3
"""With two observations every correlation is 1 or -1."""

EXACT_UP_TO = 7
"""Observations up to which Spearman's p counts all orders: the usual approximation gives 0 for a perfect one."""

_FAMILY = ["protocol", "comparable_with"]
_OBSERVATION = {"sample": ["method", "clip", "prompt", "seed"], "clip": ["method", "clip"], "method": ["method"]}

Level = Literal["sample", "clip", "method"]


class _Result(NamedTuple):
    """What is found for one pair: columns of every result."""

    spearman: float
    spearman_p: float
    kendall: float
    kendall_p: float
    n: int
    reason: str


def metric_correlations(scores: pd.DataFrame, *, level: Level) -> pd.DataFrame:
    """Correlate every two metrics of one protocol and settings, over all methods of the scores, controls included.

    Every value is taken so that higher is better: a positive correlation is agreement, whatever the directions.
    The p-values (two-sided) take observations as independent, which those of one clip or method are not: at the
    levels of samples and clips they are smaller than they should be.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.
        level: what one observation is: a sample, a method's mean on a clip, or a method's mean over clips.

    Returns:
        Columns protocol, comparable_with, level, first, second (metric ids), spearman, spearman_p, kendall (tau-b),
        kendall_p, n (observations that have both values), reason. Correlations are NaN, with a reason, where `n` is
        below `FEWEST` or either metric is constant.
    """
    rows = [
        (*family, level, first, second, *_correlated(values[first], values[second]))
        for family, values in _observations(scores, level)
        for first, second in combinations(values.columns, 2)
    ]
    return pd.DataFrame(rows, columns=[*_FAMILY, "level", "first", "second", *_Result._fields])


def rank_correlations(scores: pd.DataFrame, ranks: pd.DataFrame) -> pd.DataFrame:
    """Correlate every metric's method means with the average ranks of a user study; positive is agreement.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.
        ranks: columns aspect, method, average_rank (lower is better, as `leaderboards.ranks.average_ranks` gives it).

    Returns:
        Columns protocol, comparable_with, metric, aspect, and as for `metric_correlations`; `n` counts methods.

    Raises:
        InputError: `ranks` lacks a column, ranks a method twice, or none of its methods has scores.
    """
    _check_ranks(ranks, set(scores["method"]))
    aspects = [(aspect, -rows.set_index("method")["average_rank"]) for aspect, rows in ranks.groupby("aspect")]
    rows = [
        (*family, metric, aspect, *_correlated(*values[metric].align(preference)))
        for family, values in _observations(scores, "method")
        for metric in values.columns
        for aspect, preference in aspects
    ]
    return pd.DataFrame(rows, columns=[*_FAMILY, "metric", "aspect", *_Result._fields])


def read_ranks(path: Path) -> pd.DataFrame:
    """Read average ranks for `rank_correlations`: a CSV with the columns aspect, method and average_rank.

    Raises:
        InputError: the file cannot be read, lacks a column, or holds a rank that is not a number.
    """
    try:
        ranks = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # an empty file, a bad row or not UTF-8: all ValueErrors
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: not a readable CSV of ranks ({first_line}); correct it or its path") from error
    _check_ranks_columns(ranks)
    numbers = pd.to_numeric(ranks["average_rank"], errors="coerce")
    if (bad := ~np.isfinite(numbers)).any():
        row = int(np.flatnonzero(bad)[0])
        found = ranks["average_rank"].iloc[row]
        raise InputError(
            f"{path}, row {row + 2}, column 'average_rank': found {found!r}, expected a number; correct it"
        )
    return ranks.assign(average_rank=numbers)


def _observations(scores: pd.DataFrame, level: Level) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yield per protocol and settings a frame with a row per observation and a column per metric, higher better."""
    directions = scores[[*COLUMN, "direction"]].drop_duplicates(COLUMN)
    rows = _values(scores, level).merge(directions, on=COLUMN)
    rows["value"] = rows["value"].where(rows["direction"] == "higher", -rows["value"])
    for (protocol, comparable_with), own in rows.groupby(_FAMILY):
        values = own.set_index([*_OBSERVATION[level], "metric"])["value"].unstack("metric")
        yield (str(protocol), str(comparable_with)), values[sorted(values.columns, key=metric_order)]


def _values(scores: pd.DataFrame, level: Level) -> pd.DataFrame:
    if level == "sample":
        return scores[[*COLUMN, *_OBSERVATION[level], "value"]].assign(seed=scores["seed"].astype(str))
    means = clip_means(scores)
    return means if level == "clip" else means.groupby([*COLUMN, "method"])["value"].mean().reset_index()


def _correlated(first: pd.Series, second: pd.Series) -> _Result:
    """Correlate over the observations that have both values."""
    both = (first.notna() & second.notna()).to_numpy()
    x, y, n = first.to_numpy()[both], second.to_numpy()[both], int(both.sum())
    if n < FEWEST:
        return _without(n, f"{n} observations have both values, expected at least {FEWEST}")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return _without(n, "one of the two is the same for all observations")
    spearman: Any = stats.spearmanr(x, y)
    kendall: Any = stats.kendalltau(x, y)
    spearman_p = float(spearman.pvalue) if n > EXACT_UP_TO else _exact_spearman_p(x, y)
    return _Result(float(spearman.statistic), spearman_p, float(kendall.statistic), float(kendall.pvalue), n, "")


def _without(n: int, reason: str) -> _Result:
    return _Result(math.nan, math.nan, math.nan, math.nan, n, reason)


def _exact_spearman_p(x: np.ndarray, y: np.ndarray) -> float:
    places = stats.rankdata(y)
    test = stats.permutation_test(
        (stats.rankdata(x),),
        lambda order, axis: (order * (places - places.mean())).sum(axis=axis),
        permutation_type="pairings",
        vectorized=True,
        n_resamples=math.factorial(EXACT_UP_TO),
    )
    return float(test.pvalue)


def _check_ranks_columns(ranks: pd.DataFrame) -> None:
    absent = [column for column in ("aspect", "method", "average_rank") if column not in ranks.columns]
    if absent:
        raise InputError(
            f"the ranks have no column {absent[0]!r}, expected the columns aspect, method and average_rank; add it"
        )


def _check_ranks(ranks: pd.DataFrame, methods: set[str]) -> None:
    _check_ranks_columns(ranks)
    if (repeated := ranks.duplicated(["aspect", "method"])).any():
        aspect, method = ranks.loc[repeated, ["aspect", "method"]].iloc[0]
        raise InputError(f"the ranks name {method} twice for {aspect}, expected one average rank; keep one")
    if methods.isdisjoint(ranks["method"]):
        raise InputError(
            f"none of the ranked methods ({', '.join(sorted(set(ranks['method'])))}) has scores, expected some of "
            f"{', '.join(sorted(methods))}; write the methods' names as the scores do"
        )
