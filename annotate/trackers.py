"""The trackers there are; nothing is imported until one is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotate.tracker import Tracker
from benchmark.errors import Unavailable
from benchmark.registry import find

TRACKERS = {"dis": "annotate.dis:DISTracker"}
"""Name -> class."""

DATASET = "dataset"
"""The name under which tracks that came with a data set are recorded: what made them cannot be run again."""


def load_tracker(name: str, settings: Mapping[str, Any] | None = None) -> Tracker:
    """Make a tracker, with the settings that a benchmark records of it or with its own.

    Raises:
        InputError: the name is unknown.
        Unavailable: a benchmark's tracks came with the data set, or were made by a tracker that is not here.
    """
    if settings is not None and name not in TRACKERS:
        made = "the data set's own tracks" if name == DATASET else f"the benchmark's tracks, {name},"
        raise Unavailable(
            f"the tracker that made {made}",
            "is not on this machine",
            "vmtbench score … --tracker dis, which tracks source and generation anew",
        )
    tracker: Tracker = find("tracker", name, TRACKERS)()
    recorded = {key: value for key, value in (settings or {}).items() if tracker.settings.get(key) != value}
    if recorded:
        raise Unavailable(
            f"tracker {name} with settings {recorded}",
            f"is not this version's, which has {dict(tracker.settings)}",
            f"vmtbench score … --tracker {name}, which tracks source and generation anew",
        )
    return tracker
