"""What a scoring pass is given beside its protocols: choices of the user, and what earlier passes kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from metrics.cache import Cache


@dataclass(frozen=True)
class JudgeSettings:
    """With what a video is judged where the protocol leaves a choice.

    Attributes:
        tracker: name of the tracker; None takes the one that made the benchmark's tracks.
        weights: folder of weights to look in before the hub's cache.
        device: where models run.
    """

    tracker: str | None = None
    weights: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Kept:
    """What may be taken from earlier scoring, and by what it is known.

    Attributes:
        cache: where tracks and features of videos are kept.
        backbones: identity of each backbone's weights; features of others are not kept.
    """

    cache: Cache = field(default_factory=Cache)
    backbones: Mapping[str, str] = field(default_factory=dict)
