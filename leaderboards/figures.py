"""Figures of a leaderboard, drawn by matplotlib at the width of a paper's column."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from leaderboards.aspects import ASPECTS, base_name, is_control
from leaderboards.label_placement import place_labels
from leaderboards.layout import mark_text, printed_scale, printed_unit, settings_of
from leaderboards.scores import LEVELS

COLUMN_WIDTH = 3.5
"""Inches of one column of a two-column paper."""

LEVEL_COLOURS = {"easy": "#009E73", "medium": "#E69F00", "hard": "#D55E00"}  # Okabe and Ito's colour-blind safe set
_METHOD_COLOUR, _CONTROL_COLOUR = "#0072B2", "#666666"
_STYLE = {
    "font.family": "DejaVu Sans", "font.size": 7, "axes.titlesize": 7.5, "axes.labelsize": 7, "axes.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5,
    "axes.grid": True, "grid.color": "#e6e6e6", "grid.linewidth": 0.5, "axes.axisbelow": True, "legend.fontsize": 6.5,
}  # fmt: skip


@dataclass(frozen=True)
class _Axis:
    """One metric under one set of settings: its values per method and what its axis says."""

    values: pd.Series
    label: str


def tradeoff(summary: pd.DataFrame, *, percent: bool = False) -> bytes:
    """PNG of what methods pay for motion fidelity: one scatter panel per protocol, one point per method.

    The axes are the protocol's motion fidelity against edit fidelity (text similarity); where that has no value
    against temporal consistency; where neither has, the two terms of motion fidelity, or else the first two metrics
    that have values. A panel without two such metrics says so. Values are those of split `all`.

    Args:
        summary: as `leaderboards.aggregate.aggregate` returns it.
        percent: show plain numbers times 100.
    """
    protocols = [rows for _, rows in summary.groupby("protocol", sort=True)]
    with _style():
        figure = Figure(figsize=(COLUMN_WIDTH, 2.9 * len(protocols)), dpi=300, layout="constrained")
        panels = figure.subplots(len(protocols), squeeze=False)[:, 0]
        drawn = [_scatter(panel, rows, percent) for panel, rows in zip(panels, protocols, strict=True)]
        figure.draw_without_rendering()  # settles the layout that label places depend on
        for panel, points in zip(panels, drawn, strict=True):
            _label_points(panel, points)
        return _png(figure)


def difficulty_distribution(clips: Sequence[tuple[str, str, int | None]]) -> bytes:
    """PNG of how many clips each difficulty level and each number of motion clusters has.

    Args:
        clips: clip id, level (`easy`, `medium`, `hard`, or empty when unknown) and number of clusters (None when
            unknown: the panel of clusters is left out when no clip has one).
    """
    table = pd.DataFrame(clips, columns=["clip", "level", "clusters"])
    clustered = table.dropna(subset="clusters")
    with _style():
        figure = Figure(figsize=(COLUMN_WIDTH, 1.9), dpi=300, layout="constrained")
        if clustered.empty:
            _level_bars(figure.subplots(), table)
        else:
            left, right = figure.subplots(ncols=2, width_ratios=[1, 1.7])
            _level_bars(left, table)
            _cluster_bars(right, clustered, len(table))
        return _png(figure)


@contextmanager
def _style() -> Iterator[None]:
    """The library's defaults and our own style, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # the version would change the bytes
    return buffer.getvalue()


def _scatter(panel: Axes, rows: pd.DataFrame, percent: bool) -> pd.DataFrame:
    """Draw one protocol's points and return them as columns x, y, indexed by method."""
    protocol = rows["protocol"].iloc[0]
    panel.set_title(protocol, loc="left")
    pair = _pair_of_metrics(rows, percent)
    if pair is None:
        panel.text(0.5, 0.5, "Fewer than two metrics have values.", transform=panel.transAxes, ha="center")
        panel.set(xticks=[], yticks=[])
        return pd.DataFrame(columns=["x", "y"])
    across, up = pair
    points = pd.DataFrame({"x": across.values, "y": up.values}).dropna()
    controls = points.index.map(is_control).to_numpy(dtype=bool)
    panel.scatter(*points[~controls].T.to_numpy(), s=18, color=_METHOD_COLOUR, label="method", zorder=3)
    panel.scatter(
        *points[controls].T.to_numpy(), s=16, marker="s", facecolor="white", edgecolor=_CONTROL_COLOUR,
        linewidth=0.9, label="control", zorder=3,
    )  # fmt: skip
    panel.set(xlabel=across.label, ylabel=up.label)
    panel.margins(0.18)
    return points


def _pair_of_metrics(rows: pd.DataFrame, percent: bool) -> tuple[_Axis, _Axis] | None:
    """The axes that `tradeoff` promises; reference settings are preferred to marked ones."""
    everything = rows[(rows["split"] == "all") & rows["value"].notna()]
    groups = {
        key: own for key, own in everything.groupby(["comparable_with", "metric"], sort=False)
    }  # in the summary's order, reference settings of a metric first
    def first(names: Sequence[str]) -> tuple[str, str] | None:
        return next((key for name, key in product(names, groups) if base_name(key[1]) == name), None)
