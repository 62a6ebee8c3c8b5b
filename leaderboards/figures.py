"""Figures of a leaderboard, drawn by matplotlib at the width of a paper's column."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from leaderboards.aspects import ASPECTS, base_name, is_control
from leaderboards.label_placement import place_labels
from leaderboards.layout import printed_scale, printed_unit, settings_of
from leaderboards.scores import LEVELS

COLUMN_WIDTH = 3.5
"""Inches of one column of a two-column paper."""

LEVEL_COLOURS = {"easy": "#009E73", "medium": "#E69F00", "hard": "#D55E00"}  # Okabe and Ito's colour-blind safe set
_METHOD_COLOUR, _CONTROL_COLOUR = "#0072B2", "#666666"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 7, "axes.titlesize": 7.5, "axes.labelsize": 7, "axes.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5,
    "axes.grid": True, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5,
    "ytick.major.size": 2.5, "grid.color": "#e6e6e6", "grid.linewidth": 0.5, "axes.axisbelow": True,
    "legend.fontsize": 6.5,
}  # fmt: skip


def tradeoff(summary: pd.DataFrame, *, percent: bool = False) -> bytes:
    """Draw, as PNG, what methods pay for motion fidelity: one scatter panel per protocol, one point per method.

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
            _label_points(panel, points, figure.dpi)
        return _png(figure)


def difficulty_distribution(clips: Sequence[tuple[str, str, int | None]]) -> bytes:
    """Draw, as PNG, how many clips each difficulty level and each number of motion clusters has.

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
            left, right = figure.subplots(ncols=2, width_ratios=[1.2, 1.7])
            _level_bars(left, table)
            _cluster_bars(right, clustered, len(table))
        return _png(figure)


@contextmanager
def _style() -> Iterator[None]:
    """Set the library's defaults and our own style, whatever the user's matplotlibrc says."""
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
    across, up = _pair_of_metrics(rows)
    points = pd.DataFrame({"x": _values(across, percent), "y": _values(up, percent)}).dropna()
    if points.empty:
        panel.text(0.5, 0.5, "no two metrics have values to compare", transform=panel.transAxes, ha="center")
        panel.set(xticks=[], yticks=[])
        panel.set_title(rows["protocol"].iloc[0], loc="left")
        return points
    control = np.array([is_control(method) for method in points.index])
    methods, controls = points[~control], points[control]
    if len(methods):
        panel.scatter(methods["x"], methods["y"], s=18, color=_METHOD_COLOUR, label="method", zorder=3)
    if len(controls):
        squares = panel.scatter(controls["x"], controls["y"], s=16, marker="s", label="control", zorder=3)
        squares.set(facecolor="white", edgecolor=_CONTROL_COLOUR)
    marks = _marks(across, up)
    panel.set_title(rows["protocol"].iloc[0], loc="left")
    panel.set_xlabel("\n".join([_axis_label(across, percent, marks), *_legend_of(marks)]))
    panel.set_ylabel(_axis_label(up, percent, marks))
    panel.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, handletextpad=0, borderaxespad=0)
    panel.margins(0.18)
    return points


def _pair_of_metrics(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose the rows of the two metrics that `tradeoff` promises; empty frames where there are not two."""
    split = "all" if rows.loc[rows["split"] == "all", "value"].notna().any() else "all-clips"
    valued = rows[(rows["split"] == split) & rows["value"].notna()]
    metrics = [own for _, own in valued.groupby(["metric", "comparable_with"], sort=False)]  # reference settings first

    def named(*names: str) -> list[pd.DataFrame]:
        return [own for name in names for own in metrics if base_name(own["metric"].iloc[0]) == name]

    for across, up in (
        (named(*ASPECTS["motion"]), named(*ASPECTS["edit"])),
        (named(*ASPECTS["motion"]), named(*ASPECTS["temporal"])),
        (named("exp_frechet_mean"), named("cos_mean")),
        (metrics[:1], metrics[1:]),
    ):
        if across and up:
            return across[0], up[0]
    return valued.iloc[:0], valued.iloc[:0]


def _values(metric: pd.DataFrame, percent: bool) -> pd.Series:
    scale = [printed_scale(str(unit), percent) for unit in metric["unit"]]
    return (metric["value"] * scale).set_axis(metric["method"])


def _marks(*metrics: pd.DataFrame) -> dict[str, str]:
    """Give each set of settings that is not the protocol's own a mark."""
    marked = [own["comparable_with"].iloc[0] for own in metrics if not own["reference"].iloc[0]]
    return dict(zip(dict.fromkeys(marked), "†‡", strict=False))


def _legend_of(marks: dict[str, str]) -> list[str]:
    return [f"{mark} other settings than the reference: {settings_of(name)}" for name, mark in marks.items()]


def _axis_label(metric: pd.DataFrame, percent: bool, marks: dict[str, str]) -> str:
    first = metric.iloc[0]
    unit = printed_unit(first["unit"], percent)
    name = base_name(first["metric"]) + marks.get(first["comparable_with"], "")
    return f"{name}{f' ({unit})' if unit else ''}, {first['direction']} is better"


def _label_points(panel: Axes, points: pd.DataFrame, dpi: float) -> None:
    """Write each method's name beside its point, with a thin line to names that found no room close by."""
    if points.empty:
        return
    to_pixels = panel.transData
    anchors = to_pixels.transform(points[["x", "y"]].to_numpy(dtype=float))
    texts = [
        panel.text(0, 0, str(method), ha="center", va="center", color=_colour(str(method)), fontsize=6.5)
        for method in points.index
    ]
    sizes = np.array([[box.width, box.height] for box in (text.get_window_extent() for text in texts)]) + 2
    gap = 0.055 * dpi
    centres = place_labels(anchors, sizes, panel.bbox.extents, gap)
    for text, anchor, centre, size in zip(texts, anchors, centres, sizes, strict=True):
        x, y = to_pixels.inverted().transform(centre)
        text.set_position((x, y))
        nearest = np.clip(anchor, centre - size / 2, centre + size / 2)
        if np.linalg.norm(nearest - anchor) > 1.2 * gap:
            line = to_pixels.inverted().transform([anchor, nearest]).T
            panel.plot(*line, color=_colour(text.get_text()), linewidth=0.4, zorder=2, scalex=False, scaley=False)


def _colour(method: str) -> str:
    return _CONTROL_COLOUR if is_control(method) else _METHOD_COLOUR


def _level_bars(panel: Axes, clips: pd.DataFrame) -> None:
    levels = [*reversed(LEVELS), *([""] if (clips["level"] == "").any() else [])]
    counts = [int((clips["level"] == level).sum()) for level in levels]
    bars = panel.bar([level or "unknown" for level in levels], counts, color=[_level_colour(level) for level in levels])
    panel.bar_label(bars, fontsize=6.5)
    panel.set(title="difficulty level", ylabel="clips")
    _count_axes(panel, max(counts))


def _cluster_bars(panel: Axes, clips: pd.DataFrame, n_clips: int) -> None:
    """Bars stacked by level, since a label shipped with the data may differ from the bin of the clusters."""
    clusters = clips["clusters"].astype(int)
    numbers = np.arange(1, clusters.max() + 1)
    below = np.zeros(len(numbers), dtype=int)
    for level in [*reversed(LEVELS), ""]:
        counts = np.array([((clusters == number) & (clips["level"] == level)).sum() for number in numbers])
        panel.bar(numbers, counts, bottom=below, color=_level_colour(level))
        below += counts
    known = f"\n({len(clips)} of {n_clips} clips)" if len(clips) < n_clips else ""
    panel.set(title="motion clusters", xlabel=f"clusters per clip, mean {clusters.mean():.2f}{known}")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    _count_axes(panel, below.max())


def _level_colour(level: str) -> str:
    return LEVEL_COLOURS.get(level, "#999999")


def _count_axes(panel: Axes, most: int) -> None:
    panel.grid(axis="x", visible=False)
    panel.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    panel.set_ylim(0, 1.15 * max(1, most))
