"""The two sets of tracks that motion metrics compare: the source's, and the generated video's from the same queries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.grids import NoQueries, Scale, box_mask, grid_queries
from annotate.tracker import Tracker
from annotate.trackers import load_tracker
from benchmark.errors import InputError
from benchmark.manifest import Clip
from benchmark.masks import read_mask
from benchmark.source import Source
from benchmark.tracks import Tracks
from metrics.film import Film, picked_frames
from metrics.motion import motion_flags, visibility_flags
from metrics.result import Score
from metrics.rules import ALL_FRAMES, Box, Foreground, FrameRule
from metrics.settings import JudgeSettings

_GRID = re.compile(r"(?P<where>grid|box-grid|background)-(?P<size>[1-9]\d*)")
_BACKGROUND_STARTS = 4


@dataclass(frozen=True)
class TrackRule:
    """How both videos are tracked.

    Attributes:
        queries: `annotated` (the benchmark's own points), `grid-N` (N x N points over the frame), `box-grid-N` (those
            of them in the source object's box) or `background-N` (those off the source's objects, started anew in
            every quarter of the video).
        frames: the frames that are tracked.
        box: whether the box holds its last row and column; official code leaves them out.
        foreground: from what level of a soft mask a pixel is the object's.
    """

    queries: str = "annotated"
    frames: FrameRule = ALL_FRAMES
    box: Box = "inclusive"
    foreground: Foreground = "half"


ANNOTATED = TrackRule()
"""The benchmark's own points on all frames."""


@dataclass(frozen=True)
class TrackPair:
    """Index-matched tracks of both videos in norm coordinates (x / W, y / H), before any alignment in time.

    Attributes:
        reference: float64 [N, T, 2].
        generated: float64 [N, S, 2].
        reference_visible: bool [N, T].
        generated_visible: bool [N, S].
        reference_size: (width, height) in px of the frames that were tracked.
        generated_size: likewise.
        flags: what a reader must know before trusting a score of them.
    """

    reference: NDArray[np.float64]
    generated: NDArray[np.float64]
    reference_visible: NDArray[np.bool_]
    generated_visible: NDArray[np.bool_]
    reference_size: tuple[int, int]
    generated_size: tuple[int, int]
    flags: tuple[str, ...]

    @property
    def visible(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Where the points of both sets are seen."""
        return self.reference_visible, self.generated_visible

    def in_frame_heights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both sets in heights of their own frames (iso)."""
        aspects = [width / height for width, height in (self.reference_size, self.generated_size)]
        return self.reference * (aspects[0], 1), self.generated * (aspects[1], 1)

    def in_pixels(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both sets in px, each of its own video."""
        return self.reference * self.reference_size, self.generated * self.generated_size


def tracker_of(clip: Clip, chosen: str | None) -> str | None:
    """Return the name of the tracker that a score uses: the chosen one, else the one that made the clip's tracks."""
    return chosen or (clip.tracks.tracker if clip.tracks else None)


def track_pair(
    source: Source, own: Film, film: Film, settings: JudgeSettings, rule: TrackRule = ANNOTATED
) -> TrackPair | Score:
    """Track a generated video, and the source where the benchmark's own tracks are not what `rule` asks for.

    Annotated queries start at the same relative positions and frames in both videos, and the reference is read from
    the benchmark as long as its tracker, or its version of it, is the one in use. Grids lie on both videos alike, cut
    out by the source's masks.

    Args:
        source: the clip.
        own: its video.
        film: the generated video.
        settings: names the tracker.
        rule: what is tracked.

    Returns:
        The pair, or the score that says why there can be none.

    Raises:
        Unavailable: the tracker is not on this machine.
        ItemError: a file of the benchmark cannot be used.
        InputError: `rule` names queries that there are not.
    """
    clip = source.clip
    if rule.queries == "annotated" and clip.tracks is None:
        return Score.undefined("no_tracks", f"clip {clip.id} has no tracks; build the benchmark with tracks")
    name = tracker_of(clip, settings.tracker)
    if name is None:
        return Score.undefined(
            "no_tracker", f"clip {clip.id} has no tracks whose tracker could be used; choose a tracker"
        )
    recorded = clip.tracks.tracker_settings if clip.tracks and not settings.tracker else None
    tracker = load_tracker(name, recorded, weights=settings.weights, device=settings.device)
    try:
        first, second = (_queries(source, video, rule, tracker.grid_scale) for video in (own, film))
    except NoQueries as error:
        return Score.undefined(error.code, error.clause)
    frames, start = film.shape_under(rule.frames)[0], int(second.points[:, 0].max(initial=0))
    if start >= frames:
        found = f"the video has {frames} frames and the tracks start at frame {start}"
        return Score.undefined("too_few_frames", f"{found}; generate a longer video", n_total=len(second.points))
    annotated = rule.queries == "annotated" and rule.frames == ALL_FRAMES
    if annotated and clip.tracks and _made_by(clip.tracks.tracker, clip.tracks.tracker_settings, tracker):
        reference = source.tracks
        assert reference is not None
    else:
        reference = _tracks(own, tracker, first, rule)
    generated = _tracks(film, tracker, second, rule)
    return _pair(reference, generated, own.shape_under(rule.frames), film.shape_under(rule.frames), first.flags)


@dataclass(frozen=True)
class _Queries:
    """Queries for one video, float32 [N, 3] (t, x, y) in px of its tracked frames.

    CoTracker adds its support grid to explicit queries and to masked grids, and not to a grid over the whole frame.
    """

    points: NDArray[np.float32]
    support: bool = True
    flags: tuple[str, ...] = ()


def _queries(source: Source, film: Film, rule: TrackRule, scale: Scale) -> _Queries:
    if rule.queries == "annotated":
        return _annotated(source, film, rule.frames)
    match = _GRID.fullmatch(rule.queries)
    if match is None:
        raise InputError(
            f"queries {rule.queries!r} cannot be read, expected annotated, grid-N, box-grid-N or background-N"
        )
    frames, height, width = film.shape_under(rule.frames)
    grid = partial(grid_queries, int(match["size"]), width, height, scale=scale)
    if match["where"] == "grid":
        return _Queries(grid(), support=False)
    if match["where"] == "background":
        parts = range(_BACKGROUND_STARTS)
        masks = [_background(source, part / _BACKGROUND_STARTS, rule) for part in parts]
        starts = [part * frames // _BACKGROUND_STARTS for part in parts]
        return _Queries(np.concatenate([grid(mask=mask, frame=t) for t, mask in zip(starts, masks, strict=True)]))
    objects = _objects(source, 0, rule)
    if objects is None:
        return _Queries(grid(), support=False, flags=("no_mask",))
    return _Queries(grid(mask=box_mask(objects, rule=rule.box)))


def _annotated(source: Source, film: Film, rule: FrameRule) -> _Queries:
    """Return the benchmark's own points, brought to the size and the frames of a video."""
    _, height, width = film.shape_under(rule)
    tracks, clip = source.tracks, source.clip.video
    assert tracks is not None
    queries = (tracks.queries * np.array([1, width / clip.width, height / clip.height])).astype(np.float32)
    if rule.count:
        queries[:, 0] = np.searchsorted(picked_frames(rule, clip.frames), queries[:, 0])
    return _Queries(queries)


def _objects(source: Source, frame: int, rule: TrackRule) -> NDArray[np.uint8] | None:
    """Return the source's objects at a frame, uint8 [H, W] of 0 and 1, or None when it has no mask of it."""
    path = source.mask(frame, soft=rule.foreground == "non-zero")
    return None if path is None else (read_mask(path) > 0).astype(np.uint8)


def _background(source: Source, time: float, rule: TrackRule) -> NDArray[np.uint8]:
    """Return what is off the source's objects, uint8 [H, W], by the last mask up to a share of its length."""
    clip = source.clip
    known = [frame for frame in (clip.masks.frames if clip.masks else ()) if frame <= time * clip.video.frames]
    objects = _objects(source, max(known), rule) if known else None
    return np.ones((clip.video.height, clip.video.width), np.uint8) if objects is None else 1 - objects


def _tracks(film: Film, tracker: Tracker, queries: _Queries, rule: TrackRule) -> Tracks:
    key = {
        "kind": "tracks",
        "tracker": tracker.name,
        "settings": dict(tracker.settings),
        "frames": [rule.frames.count, rule.frames.size],
        "queries": hashlib.sha256(queries.points.tobytes()).hexdigest(),
        "support": queries.support,
    }

    def compute() -> dict[str, NDArray[Any]]:
        tracks = tracker.track(film.frames(rule.frames), queries.points, support_grid=queries.support)
        return {"points": tracks.points, "visible": tracks.visible}

    made = film.arrays(key, compute)
    return Tracks(made["points"], made["visible"], queries.points)


def _made_by(name: str, settings: Mapping[str, Any], tracker: Tracker) -> bool:
    return (name, dict(settings)) == (tracker.name, dict(tracker.settings))


def _pair(
    reference: Tracks,
    generated: Tracks,
    first: tuple[int, int, int],
    second: tuple[int, int, int],
    flags: tuple[str, ...],
) -> TrackPair:
    sizes = (first[2], first[1]), (second[2], second[1])
    norm = [tracks.points.astype(np.float64) / size for tracks, size in zip((reference, generated), sizes, strict=True)]
    aspects = [width / height for width, height in sizes]
    moving = motion_flags(norm[0], norm[1], reference_aspect=aspects[0], generated_aspect=aspects[1])
    flags = (*flags, *moving, *visibility_flags(generated.visible))
    return TrackPair(norm[0], norm[1], reference.visible, generated.visible, *sizes, flags)
