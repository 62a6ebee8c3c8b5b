"""The two sets of tracks that motion metrics compare: the source's, and the generated video's from the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotate.trackers import load_tracker
from benchmark.files import inside
from benchmark.manifest import Clip
from benchmark.source import Source
from benchmark.tracks import Tracks, read_tracks
from benchmark.video import Video, read_video
from metrics.motion import motion_flags, visibility_flags
from metrics.result import Score


@dataclass(frozen=True)
class TrackPair:
    """Index-matched tracks in norm coordinates (x / W, y / H), before any alignment in time.

    Attributes:
        reference: float64 [N, T, 2].
        generated: float64 [N, S, 2].
        flags: what a reader must know before trusting a score of them.
    """

    reference: NDArray[np.float64]
    generated: NDArray[np.float64]
    flags: tuple[str, ...]


def tracker_of(clip: Clip, chosen: str | None) -> str | None:
    """Return the name of the tracker that a score uses: the chosen one, else the one that made the clip's tracks."""
    return chosen or (clip.tracks.tracker if clip.tracks else None)


def track_pair(source: Source, video: Video, chosen: str | None) -> TrackPair | Score:
    """Track a generated video from the benchmark's own queries, at the same relative positions and frames.

    The reference is read from the benchmark; only when another tracker than the benchmark's is chosen, or another
    version of it, the source is tracked anew from the same queries, once per clip and process.

    Returns:
        The pair, or the score that says why there can be none.

    Raises:
        Unavailable: the tracker is not on this machine.
        ItemError: the benchmark's tracks file cannot be used.
    """
    clip, tracks = source.clip, source.tracks
    if clip.tracks is None or tracks is None:
        return Score.undefined("no_tracks", f"clip {clip.id} has no tracks; build the benchmark with tracks")
    frames, start = len(video.frames), int(tracks.queries[:, 0].max(initial=0))
    if start >= frames:
        found = f"the video has {frames} frames and the tracks start at frame {start}"
        return Score.undefined("too_few_frames", f"{found}; generate a longer video", n_total=clip.tracks.points)
    height, width = video.frames.shape[1:3]
    tracker = load_tracker(chosen) if chosen else load_tracker(clip.tracks.tracker, clip.tracks.tracker_settings)
    made = clip.tracks.tracker, clip.tracks.tracker_settings
    scale = np.array([1, width / clip.video.width, height / clip.video.height])
    generated = tracker.track(video.frames, (tracks.queries * scale).astype(np.float32))
    if chosen and (chosen, dict(tracker.settings)) != made:
        file = inside(source.root, clip.tracks.file)
        reference = _tracked_anew(source.video, file, chosen, (clip.video.sha256, clip.tracks.sha256))
    else:
        reference = tracks
    first = _norm(reference, clip.video.width, clip.video.height)
    second = _norm(generated, width, height)
    moving = motion_flags(
        first, second, reference_aspect=clip.video.width / clip.video.height, generated_aspect=width / height
    )
    return TrackPair(first, second, (*moving, *visibility_flags(generated.visible)))


@lru_cache(maxsize=2)
def _tracked_anew(video: Path, tracks: Path, tracker: str, hashes: tuple[str, str]) -> Tracks:
    """Track a source; the hashes of its files are there for the cache alone, as a benchmark may be built anew."""
    return load_tracker(tracker).track(read_video(video).frames, read_tracks(tracks).queries)


def _norm(tracks: Tracks, width: int, height: int) -> NDArray[np.float64]:
    return tracks.points.astype(np.float64) / (width, height)
