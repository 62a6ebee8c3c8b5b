"""The second stage of a build: a clip's query points, its tracks, and the difficulty that they tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.difficulty import difficulty_v1
from annotate.sampler import sample_queries
from annotate.settings import FollowSettings
from annotate.trackers import DATASET, load_tracker
from benchmark.errors import ItemError
from benchmark.files import seed_of, sha256_of_file
from benchmark.masks import read_mask
from benchmark.readers.mtbench import load_trajectories
from benchmark.resample import Geometry, map_points
from benchmark.sequence import Sequence
from benchmark.tracks import Tracks, write_tracks
from benchmark.video import read_video


def follow(
    sequence: Sequence, clip: str, bench: Path, made: dict[str, Any], settings: FollowSettings, run_seed: int
) -> dict[str, Any]:
    """Write `tracks/<clip>.npz` from what `cut` made, and return the manifest's tracks and difficulty.

    Query points come from the data set's own tracks where it has some, else from the first mask with an object in
    it, else from the whole first frame (flag `no_mask`).

    Raises:
        ItemError: the masks hold no object, or the data set's tracks are missing or unusable.
    """
    video = made["video"]
    height, width = video["height"], video["width"]
    flags: tuple[str, ...] = ()
    if sequence.tracks:
        given = _given_tracks(sequence.tracks, made)
        queries, sampler = given.queries, DATASET
    elif settings.tracker == DATASET:
        raise ItemError(f"{sequence.dataset} sequence {sequence.name} has no tracks of its own; use --tracker dis")
    else:
        given = None
        mask, frame, flags = _query_mask(bench / "masks" / clip, made["mask_frames"], (height, width))
        seed = seed_of(clip, run_seed)
        sampled = sample_queries(mask, settings.points, seed=seed, frame=frame, variant=settings.sampler)
        queries, sampler, flags = sampled.queries, settings.sampler, (*flags, *sampled.flags)
    if settings.tracker == DATASET and given:
        tracks, tracker_settings = given, {}
    else:
        tracker = load_tracker(settings.tracker)
        tracks = tracker.track(read_video(bench / "videos" / f"{clip}.mp4").frames, queries)
        tracker_settings = dict(tracker.settings)
    path = bench / "tracks" / f"{clip}.npz"
    write_tracks(path, tracks)
    visible_share = float(tracks.visible.mean())
    difficulty = difficulty_v1(tracks.points, width, height)
    return {
        "tracks": {
            "file": f"tracks/{clip}.npz",
            "sha256": sha256_of_file(path),
            "tracker": settings.tracker,
            "tracker_settings": tracker_settings,
            "sampler": sampler,
            "points": len(queries),
            "query_frame": int(queries[0, 0]),
            "visible_share": round(visible_share, 6),
        },
        "difficulty": {
            "recipe": "difficulty/v1",
            "level": difficulty.level,
            "clusters": difficulty.clusters,
            "silhouette": None if difficulty.silhouette is None else round(difficulty.silhouette, 6),
            "reason": difficulty.reason,
            "unstable": difficulty.unstable,
        },
        "flags": list(flags),
    }


def _given_tracks(path: Path, made: dict[str, Any]) -> Tracks:
    """Read the data set's tracks and take them through the clip's resampling; points cut away are dropped."""
    geometry = Geometry(**made["geometry"]) if made["geometry"] else None
    video = made["video"]
    width, height = (geometry.source_width, geometry.source_height) if geometry else (video["width"], video["height"])
    tracks = load_trajectories(path, width, height)
    points, visible, start = tracks.points, tracks.visible, int(tracks.queries[0, 0])
    if points.shape[1] != made["source_frames"]:
        raise ItemError(
            f"trajectory file {path} has {points.shape[1]} frames, expected {made['source_frames']} like its video; "
            "download both again"
        )
    if made["picked"]:
        start = int(np.searchsorted(made["picked"], start))
        points, visible = points[:, made["picked"]], visible[:, made["picked"]]
    if geometry:
        points = map_points(points, geometry)
        edges = np.array([video["width"], video["height"]]) - 0.5
        inside = ((points[:, start] >= -0.5) & (points[:, start] <= edges)).all(axis=1)
        points, visible = points[inside], visible[inside]
        if not inside.any():
            raise ItemError(f"no point of trajectory file {path} is left inside the frames; choose another --size")
    times = np.full((len(points), 1), start, dtype=np.float32)
    return Tracks(points, visible, np.hstack([times, points[:, start]]).astype(np.float32))


def _query_mask(
    folder: Path, frames: list[int], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], int, tuple[str, ...]]:
    """Return the mask to draw points on, its frame, and `no_mask` when it stands for the whole frame."""
    if not frames:
        return np.ones(size, dtype=np.uint8), 0, ("no_mask",)
    for frame in frames:
        mask = read_mask(folder / f"{frame:05d}.png")
        if mask.any():
            return mask, frame, ()
    raise ItemError(
        f"all {len(frames)} masks of {folder.name} are all background (empty_mask), expected an object in at least "
        "one; mend the masks or leave the sequence out"
    )
