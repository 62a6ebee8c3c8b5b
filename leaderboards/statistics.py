"""Means with their intervals, resampled by source clip: samples of one clip are not independent evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from leaderboards.aggregate import ROW, clip_means, in_table_order, with_absent
from leaderboards.aspects import method_order
from leaderboards.scores import LEVELS

CONFIDENCE = 0.95

RESAMPLES = 10_000

FEWEST_CLIPS = 6
"""Fewer give no interval: the widest that resampling can give, from the smallest clip to the largest, holds the centre
of a symmetric distribution with probability 1 - 2^(1-n), which under six clips is below 95 %."""

_CELL = [*ROW, "group"]


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; NaN where there is none, and then a reason."""

    mean: float
    low: float
    high: float
    reason: str = ""


def summary(
    scores: pd.DataFrame,
    *,
    by: Literal["level", "category", "kind"] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Give every mean with its bootstrap interval over source clips and the counts that it rests on.

    A clip's value is the mean over its prompts of the mean over their seeds; by kind, over the prompts of that kind.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.
        by: what to group clips (or prompts, by kind) by. Those without a level, category or kind are in no group.
        seed: of the resamples; recorded in the result.
        resamples: how many times clips are drawn.

    Returns:
        Columns method, comparable_with, protocol, metric, unit, direction, by, group, mean, low, high, n_clips (with a
        value), n_samples (with a value), n_undefined (without one, and prompts that only other methods have),
        coverage (n_samples over both), seed, resamples, reason. Groups: `all-clips`, the mean over all clips, when
        `by` is None; else each level, category or kind, and for levels and categories `all`, the unweighted mean of
        their means. Kinds have no `all`, since they share their clips. `mean` is NaN where a group has no value,
        `low` and `high` also where it has too few clips; `reason` says which.
    """
    samples = _grouped(with_absent(scores, by or "level"), by)
    values = _grouped(clip_means(scores, by or "level"), by)
    strata = _strata(values, whole=by in ("level", "category"))
    cells = _estimates(strata, seed, resamples).merge(_counts(samples, values), on=_CELL)
    described = cells.merge(scores[[*ROW, "unit", "direction"]].drop_duplicates(ROW), on=ROW)
    described = described.assign(by=by or "", seed=seed, resamples=resamples)
    return in_table_order(described, method=method_order, group=_group_order)[
        ["method", "comparable_with", "protocol", "metric", "unit", "direction", "by", "group", "mean", "low", "high",
         "n_clips", "n_samples", "n_undefined", "coverage", "seed", "resamples", "reason"]
    ]  # fmt: skip


def estimate(strata: Mapping[str, np.ndarray], *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Compute the unweighted mean of the strata's means, and its interval when clips are drawn anew in each stratum.

    The interval is the bootstrap's expanded percentile interval (Hesterberg, "What Teachers Should Know About the
    Bootstrap", The American Statistician 69(4), 2015): its tails are those of Student's t, because the
    plain percentiles are too narrow for few clips. With several strata the degrees of freedom are clips minus strata.

    Args:
        strata: per stratum the values of its clips, float64 [n].
        seed: of the resamples, which depend on nothing else but the stratum's name and number of clips.
        resamples: how many times clips are drawn.
    """
    sizes = {name: len(values) for name, values in strata.items()}
    if empty := [name for name, size in sizes.items() if size == 0]:
        return Estimate(math.nan, math.nan, math.nan, f"no clip of {', '.join(empty)} has a value")
    mean = float(np.mean([np.mean(values) for values in strata.values()]))
    if reason := _too_few(sizes):
        return Estimate(mean, math.nan, math.nan, reason)
    means = np.mean(
        [_weights(name, size, seed, resamples) @ strata[name] for name, size in sizes.items()], axis=0
    )  # [resamples]
    tail = _tail(sum(sizes.values()), len(sizes))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(mean, float(low), float(high))


def _too_few(sizes: Mapping[str, int]) -> str:
    """Say why clips are too few for an interval; nothing when they are not."""
    clips, needed = sum(sizes.values()), FEWEST_CLIPS - 1 + len(sizes)
    if clips < needed:
        return f"no interval: {clips} clips have a value, expected at least {needed}"
    if alone := [name for name, size in sizes.items() if size == 1]:
        return f"no interval: 1 clip of {', '.join(alone)} has a value, expected at least 2"
    return ""


@lru_cache(maxsize=8)
def _weights(stratum: str, clips: int, seed: int, resamples: int) -> np.ndarray:
    """Return the weight of each clip in each resample, float64 [resamples, clips]."""
    generator = np.random.default_rng([seed, clips, *stratum.encode()])
    weights = generator.multinomial(clips, np.full(clips, 1 / clips), size=resamples) / clips
    weights.setflags(write=False)
    return weights


def _tail(clips: int, strata: int) -> float:
    freedom = clips - strata
    student = special.stdtrit(freedom, (1 + CONFIDENCE) / 2)
    return float(special.ndtr(-math.sqrt(clips / freedom) * student))


def _grouped(rows: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Name the group of each row, and drop rows that are in none."""
    if by is None:
        return rows.assign(group="all-clips")
    return rows[rows[by] != ""].assign(group=rows[by])


def _strata(values: pd.DataFrame, *, whole: bool) -> dict[tuple[str, ...], dict[str, np.ndarray]]:
    """Collect the clips' values per cell, and over all groups of a row when `whole`."""
    strata: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
    for cell, rows in values.groupby(_CELL):
        *row, group = map(str, cell)
        clips = rows["value"].dropna().to_numpy()
        strata[(*row, group)] = {group: clips}
        if whole:
            strata.setdefault((*row, "all"), {})[group] = clips
    return strata


def _estimates(strata: Mapping[tuple[str, ...], Mapping[str, np.ndarray]], seed: int, resamples: int) -> pd.DataFrame:
    """`mean`, `low`, `high` and `reason` per cell."""

    def draws(cell: tuple[str, ...]) -> list[tuple[str, int]]:
        return [(name, len(values)) for name, values in strata[cell].items()]

    # Sorted so that cells with the same draws follow each other and share them.
    found = [(*cell, estimate(strata[cell], seed=seed, resamples=resamples)) for cell in sorted(strata, key=draws)]
    return pd.DataFrame(
        [(*cell, *astuple(own)) for *cell, own in found], columns=[*_CELL, "mean", "low", "high", "reason"]
    )


def _counts(samples: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """`n_clips`, `n_samples`, `n_undefined` and `coverage` per cell."""
    samples, values = (pd.concat([rows, rows.assign(group="all")]) for rows in (samples, values))
    cells = (samples["status"] == "ok").groupby([samples[name] for name in _CELL])
    counts = pd.DataFrame(
        {"n_samples": cells.sum(), "n_undefined": cells.size() - cells.sum(), "coverage": cells.mean()}
    )
    return counts.assign(n_clips=values.groupby(_CELL)["value"].count()).reset_index()


def _group_order(group: str) -> tuple[int, str]:
    """Return the sort key of a group: levels from hard to easy, other groups by name, the whole last."""
    if group in LEVELS:
        return LEVELS.index(group), group
    return (len(LEVELS) if group != "all" else len(LEVELS) + 1), group
