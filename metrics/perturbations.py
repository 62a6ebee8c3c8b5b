"""Generations whose likeness to a reference is known, made of its tracks: what a metric says of them is what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.rendered.catalogue import dancing_puppet, sliding_tiles
from benchmark.rendered.scene import Scene
from benchmark.rendered.tracking import front, track
from benchmark.tracks import Tracks, read_tracks

FRAMES = 49
POINTS = 100
"""Length of the rendered references, and points on their objects: those of MTBench's clips."""

BACKGROUND_POINTS = 300

OFFSET = (0.05, 0.03)
NOISE = 0.01

PERTURBATIONS = {
    "same": "the reference itself",
    "unrelated": "the tracks of another clip",
    "reversed": "the reference played backwards",
    "offset": f"every point moved by {OFFSET} of the frame's width and height",
    "shuffled": "the reference's tracks in another order",
    "noise": f"gaussian noise of {NOISE} of the frame on every position",
    "halved": "every second frame of the reference",
    "static": "the reference with one track that never moves",
}
"""What each generation is, in the order of the table."""


@dataclass(frozen=True)
class TrackSet:
    """Tracks of one video, on its object and on its background.

    Attributes:
        points: float64 [N, T, 2], norm: (x/W, y/H).
        visible: bool [N, T].
        background: float64 [B, T, 2], norm; B is 0 where the background was not tracked.
        background_visible: bool [B, T].
        size: (width, height) of the video in px.
    """

    points: NDArray[np.float64]
    visible: NDArray[np.bool_]
    background: NDArray[np.float64]
    background_visible: NDArray[np.bool_]
    size: tuple[int, int]

    @classmethod
    def of(cls, tracks: Tracks, size: tuple[int, int], background: Tracks | None = None) -> TrackSet:
        """Take tracks in px of a video of `size` (width, height)."""
        if background is None:
            none = np.empty((0, *tracks.points.shape[1:]), np.float32)
            background = Tracks(none, np.empty(none.shape[:2], bool), np.empty((0, 3), np.float32))
        points, rest = (own.points.astype(np.float64) / size for own in (tracks, background))
        return cls(points, tracks.visible, rest, background.visible, size)


def perturbed(reference: TrackSet, unrelated: TrackSet, *, seed: int = 0) -> dict[str, TrackSet]:
    """Make the generations that `PERTURBATIONS` names, in its order.

    Object and background are changed alike, but for order and rest, which concern the object's tracks alone.

    Args:
        reference: the tracks that the generations are made of.
        unrelated: those of another clip, taken as they are.
        seed: of the new order (`seed` + 1) and of the noise (`seed` + 2).

    Source: specification §4.6, whose table has the seed 0.
    """
    order = np.random.default_rng(seed + 1).permutation(len(reference.points))
    noise = np.random.default_rng(seed + 2)
    resting = reference.points.copy()
    resting[:1] = resting[:1, :1]
    generations = {
        "same": reference,
        "unrelated": unrelated,
        "reversed": _in_time(reference, slice(None, None, -1)),
        "offset": _moved(reference, lambda points: points + OFFSET),
        "shuffled": replace(reference, points=reference.points[order], visible=reference.visible[order]),
        "noise": _moved(reference, lambda points: points + noise.normal(0, NOISE, points.shape)),
        "halved": _in_time(reference, slice(None, None, 2)),
        "static": replace(reference, points=resting),
    }
    return {name: generations[name] for name in PERTURBATIONS}


def rendered_sets() -> tuple[TrackSet, TrackSet]:
    """Return exact tracks of two of this project's scenes, a reference and one that has nothing to do with it."""
    return _rendered(dancing_puppet()), _rendered(sliding_tiles())


def read_sets(files: tuple[Path, Path], size: tuple[int, int]) -> tuple[TrackSet, TrackSet]:
    """Read a reference and something unrelated from tracks files of a benchmark, which have no background.

    Args:
        files: as `benchmark.tracks.write_tracks` writes them.
        size: (width, height) in px of the videos that they come from.

    Raises:
        ItemError: a file cannot be used.
    """
    reference, unrelated = (TrackSet.of(read_tracks(file), size) for file in files)
    return reference, unrelated


def _rendered(scene: Scene) -> TrackSet:
    scene = replace(scene, frames=FRAMES)
    y, x = np.mgrid[: scene.height, : scene.width]
    pixels = np.random.default_rng(scene.seed).permutation(np.column_stack([np.zeros(x.size), x.flat, y.flat]))
    on_object = front(scene, pixels[:, 1:], 0) > 0
    tracks, background = (
        track(scene, queries) for queries in (pixels[on_object][:POINTS], pixels[~on_object][:BACKGROUND_POINTS])
    )
    return TrackSet.of(tracks, (scene.width, scene.height), background)


def _moved(tracks: TrackSet, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> TrackSet:
    return replace(tracks, points=change(tracks.points), background=change(tracks.background))


def _in_time(tracks: TrackSet, frames: slice) -> TrackSet:
    return replace(
        tracks,
        points=tracks.points[:, frames],
        visible=tracks.visible[:, frames],
        background=tracks.background[:, frames],
        background_visible=tracks.background_visible[:, frames],
    )
