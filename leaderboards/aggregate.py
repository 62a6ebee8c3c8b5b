"""Folds per-sample scores into means: sample, prompt, source clip, level, All (metrics specification, section 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from leaderboards.aspects import is_control, method_order, metric_order
from leaderboards.scores import LEVELS

SPLITS = ("all", "all-clips", *LEVELS)
"""`all` is the unweighted mean of the levels, `all-clips` the mean over clips; then one split per level."""

FULL_COVERAGE = 0.95
"""A mean over a smaller share of the samples is `incomplete`."""

COLUMN = ["protocol", "comparable_with", "metric"]
"""What may share a column of a table."""

ROW = [*COLUMN, "method"]
"""What has one mean."""

_CELL = [*ROW, "split"]


def clip_means(scores: pd.DataFrame, by: str = "level") -> pd.DataFrame:
    """Fold to one value per source clip: the mean over its prompts of the mean over their seeds.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them.
        by: `level`, `category` or `kind`; by kind, a clip has one value for each kind of its prompts.

    Returns:
        Columns protocol, comparable_with, metric, method, `by`, clip, value; NaN where no sample of the clip has a
        value. Every method has a row for every clip that any method has under the same settings and metric.
    """
    return _clip_means(with_absent(scores, by), by)


def aggregate(scores: pd.DataFrame) -> pd.DataFrame:
    """Make the leaderboard in long format: one row per protocol, settings, metric, method and split.

    Scores of different settings (`comparable_with`) are never folded together.

    Args:
        scores: as `leaderboards.scores.read_scores` returns them, in any order.

    Returns:
        Columns protocol, comparable_with, reference (measured with the protocol's own settings), metric, unit,
        direction, method, control, split, value, n (clips with a value), n_samples (samples with a value),
        n_undefined (samples without one, and prompts that only other methods have), coverage (n_samples over both),
        status (`ok`, `incomplete` below `FULL_COVERAGE`, `absent`), reason. `value` is NaN exactly where absent: also
        for `all` when a level that has clips has no value, since a mean of the other levels would be another quantity.
    """
    samples = with_absent(scores)
    values = _split_means(_clip_means(samples, "level"))
    in_splits = _in_splits(samples)
    summary = _counts(in_splits).join(values).join(_reasons(in_splits)).reset_index()
    summary["coverage"] = summary["n_samples"] / (summary["n_samples"] + summary["n_undefined"])
    summary["status"] = "ok"
    summary.loc[summary["coverage"] < FULL_COVERAGE, "status"] = "incomplete"
    summary.loc[summary["value"].isna(), "status"] = "absent"
    summary["reason"] = summary["reason"].astype(object).fillna("")
    summary["reference"] = summary["protocol"] == summary["comparable_with"]
    summary["control"] = summary["method"].map(is_control).astype(bool)
    described = summary.merge(scores[[*COLUMN, "unit", "direction"]].drop_duplicates(COLUMN), on=COLUMN)
    return in_table_order(described, method=method_order, split=SPLITS.index)[
        ["protocol", "comparable_with", "reference", "metric", "unit", "direction", "method", "control", "split",
         "value", "n", "n_samples", "n_undefined", "coverage", "status", "reason"]
    ]  # fmt: skip


def with_absent(scores: pd.DataFrame, by: str = "level") -> pd.DataFrame:
    """Sort the scores and add a row `absent` for every prompt that a method lacks and another one has.

    Returns:
        Columns protocol, comparable_with, metric, method, `by`, clip, prompt, seed, value, status, reason.
    """
    items = scores[[*COLUMN, by, "clip", "prompt"]].drop_duplicates()
    expected = scores[ROW].drop_duplicates().merge(items, on=COLUMN)
    samples = expected.merge(scores[[*expected.columns, "seed", "value", "status", "reason"]], how="left")
    samples["reason"] = samples["reason"].where(samples["status"].notna(), "the scores hold no row for this prompt")
    samples["status"] = samples["status"].fillna("absent")
    return samples.sort_values([*expected.columns, "seed"], ignore_index=True)


def in_table_order(rows: pd.DataFrame, **orders: Callable[[str], Any]) -> pd.DataFrame:
    """Sort rows by protocol, metric and settings (the protocol's own first), then by other columns' sort keys."""
    other_settings = rows["comparable_with"] != rows["protocol"]
    keys = {
        "protocol": rows["protocol"],
        "metric": rows["metric"].map(metric_order),
        "settings": list(zip(other_settings, rows["comparable_with"], strict=True)),
        **{column: rows[column].map(order) for column, order in orders.items()},
    }
    return rows.loc[pd.DataFrame(keys, index=rows.index).sort_values(list(keys)).index].reset_index(drop=True)


def _clip_means(samples: pd.DataFrame, by: str) -> pd.DataFrame:
    prompts = samples.groupby([*ROW, by, "clip", "prompt"], as_index=False)["value"].mean()
    return prompts.groupby([*ROW, by, "clip"], as_index=False)["value"].mean()


def _in_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """Every row once for each split that it belongs to."""
    levelled = rows[rows["level"].isin(LEVELS)]
    return pd.concat(
        [levelled.assign(split=levelled["level"]), levelled.assign(split="all"), rows.assign(split="all-clips")],
        ignore_index=True,
    )


def _split_means(means: pd.DataFrame) -> pd.DataFrame:
    """`value` and `n` per cell from the values per clip."""
    levels = means[means["level"].isin(LEVELS)].groupby([*ROW, "level"])["value"].mean()
    macro = levels.groupby(ROW).mean().where(levels.notna().groupby(ROW).all())
    value = pd.concat(
        [
            levels.rename_axis(index={"level": "split"}).reset_index(),
            macro.reset_index().assign(split="all"),
            means.groupby(ROW)["value"].mean().reset_index().assign(split="all-clips"),
        ]
    ).set_index(_CELL)
    return value.assign(n=_in_splits(means).groupby(_CELL)["value"].count())


def _counts(samples: pd.DataFrame) -> pd.DataFrame:
    """`n_samples` and `n_undefined` per cell."""
    cells = (samples["status"] == "ok").groupby([samples[name] for name in _CELL])
    return pd.DataFrame({"n_samples": cells.sum(), "n_undefined": cells.size() - cells.sum()})


def _reasons(samples: pd.DataFrame) -> pd.Series:
    """Why samples have no value, per cell: each status with its commonest reason and its number of samples."""
    without = samples[samples["status"] != "ok"]
    counts = without.groupby([*_CELL, "status", "reason"]).size().rename("count").reset_index()
    counts["total"] = counts.groupby([*_CELL, "status"])["count"].transform("sum")
    commonest = counts.sort_values(["count", "reason"], ascending=[False, True]).drop_duplicates([*_CELL, "status"])
    commonest = commonest.sort_values([*_CELL, "status"])
    commonest["text"] = [
        f"{status} ({total}): {'' if count == total else 'for example '}{reason}"
        for status, reason, count, total in commonest[["status", "reason", "count", "total"]].itertuples(index=False)
    ]
    return commonest.groupby(_CELL)["text"].agg("; ".join).rename("reason")
