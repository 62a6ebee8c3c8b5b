"""Exact tracks of points fixed on a scene's layers."""

from __future__ import annotations

import numpy as np

from benchmark.errors import InputError
from benchmark.rendered.motion import Array, Time
from benchmark.rendered.scene import Scene
from benchmark.tracks import Tracks


def track(scene: Scene, queries: Array) -> Tracks:
    """Follow whatever the scene shows at each query, backwards and forwards through the whole clip.

    Args:
        scene: the scene; points on its background follow the camera and the background's own motion.
        queries: float [N, 3], (t, x, y): a frame index and a position in px.

    Returns:
        Tracks whose points are exact also where they are hidden or out of frame, and whose `visible` means: within the
        pixel centres of the frame and not covered by a nearer layer.

    Raises:
        InputError: queries are not [N, 3], not finite, or name a frame that the scene does not have.
    """
    start, pixels = _split(scene, queries)
    owner = front(scene, pixels, start)
    points = np.empty((len(owner), scene.frames, 2))
    for index, layer in enumerate(scene.layers):
        mine = owner == index
        fixed = scene.to_layer(layer, pixels[mine], start[mine])
        points[mine] = scene.to_image(layer, fixed[:, None], np.arange(scene.frames))
    visible = _in_frame(scene, points) & (front(scene, points, np.arange(scene.frames)) <= owner[:, None])
    return Tracks(points.astype(np.float32), visible, queries.astype(np.float32))


def front(scene: Scene, pixels: Array, t: Time) -> Array:
    """Index int [...] of the nearest layer that covers each of `pixels` [..., 2] at time t (0: the background)."""
    nearest = np.zeros(pixels.shape[:-1], int)
    for index, layer in enumerate(scene.layers):
        nearest[scene.distance(layer, pixels, t) <= 0] = index
    return nearest


def _split(scene: Scene, queries: Array) -> tuple[Array, Array]:
    if queries.ndim != 2 or queries.shape[1] != 3 or not np.isfinite(queries).all():
        raise InputError(f"queries have shape {queries.shape}; expected finite [N, 3] of (t, x, y)")
    start = queries[:, 0].astype(int)
    if ((start != queries[:, 0]) | (start < 0) | (start >= scene.frames)).any():
        raise InputError(f"queries of scene '{scene.name}' need frame indices from 0 to {scene.frames - 1} as t")
    return start, queries[:, 1:].astype(np.float64)


def _in_frame(scene: Scene, points: Array) -> Array:
    return np.all((points >= 0) & (points <= (scene.width - 1, scene.height - 1)), axis=-1)
