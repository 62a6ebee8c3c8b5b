"""The trackers there are; nothing is imported until one is used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from annotate.tracker import Tracker
from benchmark.errors import Unavailable
from benchmark.registry import load, unknown
from benchmark.weights import WEIGHTS, locate

TRACKERS = {
    "dis": "annotate.dis:DISTracker",
    "cotracker3-offline": "annotate.cotracker:CoTracker",
    "cotracker3-online": "annotate.cotracker:CoTracker",
    "cotracker1": "annotate.cotracker:CoTracker",
}
"""Name -> class; one that has weights is made with its name, their folder and the device."""

DATASET = "dataset"
"""The name under which tracks that came with a data set are recorded: what made them cannot be run again."""


def load_tracker(
    name: str, settings: Mapping[str, Any] | None = None, *, weights: Path | None = None, device: str = "cpu"
) -> Tracker:
    """Make a tracker, with the settings that a benchmark records of it or with its own.

    Args:
        name: one of `TRACKERS`, or with `settings` whatever a benchmark records.
        settings: what a benchmark records of the tracker that made its tracks.
        weights: folder of weights to look in before the caches.
        device: where its network runs, if it has one.

    Raises:
        InputError: the name is unknown.
        Unavailable: the tracker or its weights are not here, or a benchmark's tracks came with the data set or were
            made by another version.
    """
    if settings is not None and name not in TRACKERS:
        made = "the data set's own tracks" if name == DATASET else f"the benchmark's tracks, {name},"
        raise Unavailable(
            f"the tracker that made {made}",
            "is not on this machine",
            "vmtbench score … --tracker dis, which tracks source and generation anew",
        )
    tracker = _loaded(name, weights, device)
    recorded = {key: value for key, value in (settings or {}).items() if tracker.settings.get(key) != value}
    if recorded:
        raise Unavailable(
            f"tracker {name} with settings {recorded}",
            f"is not this version's, which has {dict(tracker.settings)}",
            f"vmtbench score … --tracker {name}, which tracks source and generation anew",
        )
    return tracker


@lru_cache(maxsize=2)
def _loaded(name: str, weights: Path | None, device: str) -> Tracker:
    if name not in TRACKERS:
        raise unknown("tracker", name, TRACKERS)
    kind = load(TRACKERS[name])
    return kind(name, locate(name, weights), device) if name in WEIGHTS else kind()
