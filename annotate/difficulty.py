"""How hard a clip's motion is to transfer: the number of groups its tracks move in (`difficulty/v1`).

Sizes are in *iso* units, (x / W * (W / H), y / H), that is, in frame heights.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Level = Literal["easy", "medium", "hard"]
Reason = Literal["argmax", "rigid", "no admissible k", "too few valid tracks"]

LONGEST_STEP = 0.15  # a longer one is a tracking failure
FEWEST_TRACKS = 8
RIGID_RMS = 1 / 480  # one pixel of a 480-line frame
MOST_CLUSTERS = 12
LOWEST_SILHOUETTE = 0.25
UNSTABLE_MARGIN = 0.02
RESTARTS = 50
SEED = 0


class Partition(NamedTuple):
    """What K-means made of the tracks for one k."""

    k: int
    silhouette: float
    smallest_cluster: int
    inertia: float
    labels: NDArray[np.int32]


class TableRow(NamedTuple):
    """One k that was tried."""

    k: int
    silhouette: float
    smallest_cluster: int


@dataclass(frozen=True)
class DifficultyResult:
    """The difficulty of one clip and how it came about.

    Attributes:
        clusters: k, the number of motions; 1 when a rule decided before or after clustering.
        level: easy (1-3), medium (4-6) or hard (7 and more).
        reason: which rule decided; `argmax` = the best silhouette.
        n_valid: tracks that were clustered; the others were not finite or jumped.
        n_total: tracks given.
        residual_rms: RMS departure of the steps from the common motion, in frame heights; None with too few tracks.
        labels: int32 [n_valid], the cluster of each valid track, in the order given.
        table: every k tried, ascending; empty when none was.
        silhouette: of the chosen k; None when k = 1.
        margin: silhouette of the chosen k minus that of the next best admissible k; None without a second one.
        unstable: the margin is below 0.02: another tracker or seed may give another k.
    """

    clusters: int
    level: Level
    reason: Reason
    n_valid: int
    n_total: int
    residual_rms: float | None
    labels: NDArray[np.int32]
    table: tuple[TableRow, ...] = ()
    silhouette: float | None = None
    margin: float | None = None
    unstable: bool = False


def difficulty_v1(points: NDArray[np.floating], width: int, height: int) -> DifficultyResult:
    """Count the distinct motions among a clip's tracks by K-means and the silhouette.

    Tracks that are not finite or step further than 0.15 frame heights are left out. Fewer than 8 left, or all moving
    alike to within one pixel of 480 lines (a still clip, a pure shift, a single frame), is one motion. Otherwise the k
    from 2 to 12 with the best silhouette wins among those whose silhouette is at least 0.25 and whose smallest
    cluster holds at least 2 tracks and 5 % of them; the smaller k on a tie; one motion if there is none.

    Args:
        points: [N, T, 2], (x, y) in pixels; visibility is not asked for.
        width: of the frame, in pixels.
        height: of the frame, in pixels.

    Source: vmtbench's own rule: the DeT paper, whose levels these are, leaves features, scale and k = 1 open.
    """
    n_total = len(points)
    points = points[_is_valid(points, width, height)]
    n_valid = len(points)
    if n_valid < FEWEST_TRACKS:
        return _one_motion("too few valid tracks", n_valid, n_total, None)

    features = velocity_features(points, width, height)
    rms = _residual_rms(features)
    if rms < RIGID_RMS:
        return _one_motion("rigid", n_valid, n_total, rms)

    partitions = cluster_tracks(features)
    table = tuple(TableRow(p.k, p.silhouette, p.smallest_cluster) for p in partitions)
    fewest = max(2, -(-n_valid // 20))
    admissible = [p for p in partitions if p.smallest_cluster >= fewest and p.silhouette >= LOWEST_SILHOUETTE]
    if not admissible:
        return _one_motion("no admissible k", n_valid, n_total, rms, table)

    best, *others = sorted(admissible, key=lambda p: (-p.silhouette, p.k))
    margin = best.silhouette - others[0].silhouette if others else None
    return DifficultyResult(
        clusters=best.k,
        level=difficulty_level(best.k),
        reason="argmax",
        n_valid=n_valid,
        n_total=n_total,
        residual_rms=rms,
        labels=best.labels,
        table=table,
        silhouette=best.silhouette,
        margin=margin,
        unstable=margin is not None and margin < UNSTABLE_MARGIN,
    )


def difficulty_level(clusters: int) -> Level:
    """The level of a number of motions: easy up to 3, medium up to 6, hard from 7 (DeT, MTBench)."""
    return "easy" if clusters <= 3 else "medium" if clusters <= 6 else "hard"


def cluster_tracks(features: Array) -> list[Partition]:
    """Lloyd K-means (k-means++, 50 restarts, seed 0) of [N, D] features for every k from 2 to min(12, N - 1).

    The silhouette is the mean over tracks, with Euclidean distances. Where fewer than k rows differ, a cluster stays
    empty and `smallest_cluster` is 0.

    Raises:
        ValueError: when all rows are equal, for which no silhouette exists.
    """
    # One thread: the same bits on any machine, and far faster on arrays this small.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [_partition(features, k) for k in range(2, min(MOST_CLUSTERS, len(features) - 1) + 1)]


def _partition(features: Array, k: int) -> Partition:
    kmeans: Any = KMeans  # its annotations are guessed from defaults: n_init would be a str
    fit = kmeans(k, init="k-means++", n_init=RESTARTS, algorithm="lloyd", random_state=SEED).fit(features)
    smallest = int(np.bincount(fit.labels_, minlength=k).min())
    return Partition(k, float(silhouette_score(features, fit.labels_)), smallest, float(fit.inertia_), fit.labels_)


def position_features(points: NDArray[np.floating], width: int, height: int) -> Array:
    """Positions in norm units (x / W, y / H), flattened: points [N, T, 2] px -> [N, T * 2]."""
    return _flat(_norm(points, width, height))


def shape_features(points: NDArray[np.floating], width: int, height: int, query_frame: int) -> Array:
    """Iso positions relative to each track's own at `query_frame`, flattened: points [N, T, 2] px -> [N, T * 2]."""
    iso = _iso(points, width, height)
    return _flat(iso - iso[:, query_frame : query_frame + 1])


def velocity_features(points: NDArray[np.floating], width: int, height: int) -> Array:
    """Iso steps from each frame to the next, flattened: points [N, T, 2] px -> [N, (T - 1) * 2]."""
    return _flat(np.diff(_iso(points, width, height), axis=1))


def _norm(points: NDArray[np.floating], width: int, height: int) -> Array:
    return np.asarray(points, np.float64) / (width, height)


def _iso(points: NDArray[np.floating], width: int, height: int) -> Array:
    return _norm(points, width, height) * (width / height, 1)


def _flat(features: Array) -> Array:
    return features.reshape(len(features), -1)


def _is_valid(points: NDArray[np.floating], width: int, height: int) -> NDArray[np.bool_]:
    finite = np.isfinite(points)
    steps = np.diff(_iso(np.where(finite, points, 0), width, height), axis=1)
    return finite.all((1, 2)) & (np.linalg.norm(steps, axis=-1).max(1, initial=0) <= LONGEST_STEP)


def _residual_rms(velocities: Array) -> float:
    """RMS over tracks and steps of |v_n(t) - mean_n v_n(t)|; 0 for a single frame, which has no steps."""
    if velocities.shape[1] == 0:
        return 0.0
    residuals = (velocities - velocities.mean(0)).reshape(-1, 2)
    return float(np.sqrt(np.square(residuals).sum(-1).mean()))


def _one_motion(
    reason: Reason, n_valid: int, n_total: int, rms: float | None, table: tuple[TableRow, ...] = ()
) -> DifficultyResult:
    return DifficultyResult(
        1, difficulty_level(1), reason, n_valid, n_total, rms, labels=np.zeros(n_valid, np.int32), table=table
    )
