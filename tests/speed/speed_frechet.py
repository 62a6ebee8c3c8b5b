"""The discrete Fréchet distance against packages that compute it one pair at a time, in seconds per pair."""

from __future__ import annotations

import resource
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from measure import Spent, best_of, memory
from numpy.typing import NDArray

from metrics.frechet import discrete_frechet, frechet_matrix

FRAMES = 49
PEER_PAIRS = 100
"""Pairs that a peer is timed on; it takes equally long for every one."""

Tracks = NDArray[np.float64]


def measure(counts: tuple[int, ...] = (100, 2500, 10000), matrix: int = 2500) -> list[dict[str, Any]]:
    """Time both functions beside every peer that is installed; what they compute is compared first.

    Args:
        counts: pairs that `discrete_frechet` is given at once.
        matrix: tracks on either side of `frechet_matrix`.
    """
    rng = np.random.default_rng(0)
    first, second = (np.cumsum(rng.normal(size=(max(*counts, matrix), FRAMES, 2)), axis=1) for _ in range(2))
    times = {}
    for count in counts:
        work = partial(discrete_frechet, first[:count], second[:count])
        times[f"discrete_frechet, N = {count}"] = best_of(work).per(count)
    before = memory()
    work = partial(frechet_matrix, first[:matrix], second[:matrix])
    times[f"frechet_matrix, {matrix} x {matrix}"] = best_of(work, 1).per(matrix**2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    rows: list[dict[str, Any]] = []
    for peer, distance in peers().items():
        slow = one_by_one(distance, first[:PEER_PAIRS], second[:PEER_PAIRS])
        for what, fast in times.items():
            row = {"what": what, "peer": peer, "ratio": slow.wall / fast.wall, "ratio_cpu": slow.cpu / fast.cpu}
            rows.append({**row, "us_per_pair": 1e6 * fast.wall, "peer_us_per_pair": 1e6 * slow.wall})
    return [*rows, {"what": f"memory of frechet_matrix, {matrix} x {matrix}", "before_mb": before, "peak_mb": peak}]


def one_by_one(distance: Callable[[Tracks, Tracks], float], first: Tracks, second: Tracks) -> Spent:
    """Return what a peer takes per pair, after comparing what it computes."""

    def work() -> list[float]:
        return [distance(a, b) for a, b in zip(first, second, strict=True)]

    np.testing.assert_allclose(discrete_frechet(first, second), work(), rtol=1e-9)
    return best_of(work).per(len(first))


def peers() -> dict[str, Callable[[Tracks, Tracks], float]]:
    """Return the installed packages' functions of two tracks [T, 2]."""
    found: dict[str, Callable[[Tracks, Tracks], float]] = {}
    if find_spec("similaritymeasures"):
        from similaritymeasures import frechet_dist

        found["similaritymeasures"] = frechet_dist
    if find_spec("traj_dist"):
        traj_dist: Any = import_module("traj_dist.distance")
        found["traj-dist"] = traj_dist.discret_frechet
    return found
