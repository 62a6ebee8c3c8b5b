"""A video on trial: decoded at most once, and not at all when all that is asked of it is in the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.resample import pick_frames
from benchmark.source import Source
from benchmark.video import Video, read_video
from metrics.cache import Arrays, Cache
from metrics.rules import FrameRule

Frames = NDArray[np.uint8]


def picked_frames(rule: FrameRule, total: int) -> list[int]:
    """Return which of `total` frames `rule` looks at."""
    return pick_frames(total, rule.count or total)


def look(frames: Frames, rule: FrameRule) -> Frames:
    """Return the frames that `rule` looks at, uint8 [F, height, width, 3], of uint8 [T, H, W, 3]."""
    picked = picked_frames(rule, len(frames))
    chosen = frames if len(picked) == len(frames) else frames[picked]
    if rule.size is None or chosen.shape[1:3] == rule.size:
        return chosen
    height, width = rule.size
    shrinks = height < chosen.shape[1] or width < chosen.shape[2]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame, (width, height), interpolation=interpolation) for frame in chosen])


class Film:
    """A video and what is computed from it.

    Args:
        read: decodes the video.
        sha256: of its file; without it nothing is cached.
        cache: where what is computed is kept.
        shape: frames, height and width, where they are known.
    """

    def __init__(
        self,
        read: Callable[[], Video],
        sha256: str | None = None,
        cache: Cache | None = None,
        shape: tuple[int, int, int] | None = None,
    ) -> None:
        self._read, self._sha256, self._shape = read, sha256, shape
        self._cache = cache if cache and sha256 else Cache()
        self._frames: dict[FrameRule, Frames] = {}

    @classmethod
    def of_file(cls, path: Path, sha256: str, cache: Cache | None = None) -> Self:
        """Return the film of a video file whose hash is known."""
        return cls(partial(_decode, path, cache), sha256, cache)

    @classmethod
    def of_source(cls, source: Source, cache: Cache | None = None) -> Self:
        """Return the film of a benchmark's clip, whose manifest knows its shape."""
        facts = source.clip.video
        shape = facts.frames, facts.height, facts.width
        return cls(partial(_decode, source.video, cache), facts.sha256, cache, shape)

    @classmethod
    def of(cls, video: Video) -> Self:
        """Return the film of a decoded video."""
        return cls(lambda: video)

    @cached_property
    def video(self) -> Video:
        """The decoded video."""
        return self._read()

    def frames(self, rule: FrameRule) -> Frames:
        """Return the frames that `rule` looks at, uint8 RGB [F, H, W, 3]."""
        if rule not in self._frames:
            self._frames[rule] = look(self.video.frames, rule)
        return self._frames[rule]

    def arrays(self, key: dict[str, Any], compute: Callable[[], Arrays]) -> Arrays:
        """Return arrays that depend on this video and on `key`, computed once."""
        return self._cache.arrays({"video": self._sha256, **key}, compute)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height and width."""
        if self._shape:
            return self._shape
        frames, height, width = (int(value) for value in self._facts["shape"])
        return frames, height, width

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self._facts["fps"])

    @property
    def flags(self) -> tuple[str, ...]:
        """What was odd about decoding it."""
        return tuple(str(flag) for flag in self._facts["flags"])

    def shape_under(self, rule: FrameRule) -> tuple[int, int, int]:
        """Return frames, height and width of what `rule` looks at."""
        total, height, width = self.shape
        return (len(picked_frames(rule, total)), *(rule.size or (height, width)))

    @cached_property
    def _facts(self) -> Arrays:
        def compute() -> Arrays:
            return {
                "shape": np.array(self.video.frames.shape[:3]),
                "fps": np.array(self.video.fps),
                "flags": np.array(self.video.flags, dtype=np.str_),
            }

        return self.arrays({"kind": "facts"}, compute)


def _decode(path: Path, cache: Cache | None) -> Video:
    """Decode a video, a large one into the cache's folder."""
    return read_video(path, scratch=cache.folder if cache else None)
