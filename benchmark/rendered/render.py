"""Renders a scene: every pixel is mapped back onto each layer, which gives its colour, its coverage and its mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.rendered.motion import Array
from benchmark.rendered.scene import Layer, Scene
from benchmark.rendered.textures import Texture, paint, sample
from benchmark.rendered.tracking import track
from benchmark.tracks import Tracks

POINTS = 100
"""Tracked points per clip (fewer where frame 0 shows fewer pixels of objects)."""

_MARGIN = 3  # px: room for the soft edge, and for what 128 points of a circle miss of its extent


@dataclass(frozen=True)
class RenderedClip:
    """A rendered clip and everything that is known about it.

    Attributes:
        scene: what was rendered.
        frames: uint8 [T, H, W, 3], RGB.
        masks: uint8 [T, H, W]; 0 background, 1.. index into `scene.objects` plus one.
        tracks: exact tracks of points on the objects, all queried in frame 0.
    """

    scene: Scene
    frames: Array
    masks: Array
    tracks: Tracks


def render(scene: Scene) -> RenderedClip:
    """Render all frames, masks and tracks of a scene; the same scene gives the same bytes."""
    tiles = {layer.texture: paint(layer.texture) for layer in scene.layers}
    rendered = [_render_frame(scene, tiles, t) for t in range(scene.frames)]
    frames, masks = (np.stack(images) for images in zip(*rendered, strict=True))
    return RenderedClip(scene, frames, masks, track(scene, _queries(scene, masks[0])))


def _render_frame(scene: Scene, tiles: Mapping[Texture, Array], t: int) -> tuple[Array, Array]:
    """One frame, uint8 [H, W, 3], and its mask, uint8 [H, W]."""
    pixels = _pixel_centres(scene)
    image = np.zeros((scene.height, scene.width, 3), np.float32)
    mask = np.zeros((scene.height, scene.width), np.uint8)
    for layer in scene.layers:
        window = _window(scene, layer, t)
        if min(pixels[window].shape[:2]) < 2:  # out of frame; a single row or column has no slope for `_coverage`
            continue
        own = scene.to_layer(layer, pixels[window], t)
        distance = layer.shape.distance(own)
        share = _coverage(distance)[..., None]
        image[window] += share * (sample(tiles[layer.texture], own) - image[window])
        mask[window][distance <= 0] = layer.mask
    return np.rint(np.clip(image, 0, 255)).astype(np.uint8), mask


def _window(scene: Scene, layer: Layer, t: int) -> tuple[slice, slice]:
    """Rows and columns that can show the layer: motions are continuous, so a circle about it stays about it."""
    if np.isinf(layer.shape.reach):
        return slice(None), slice(None)
    angles = np.linspace(0, 2 * np.pi, 128)
    circle = (layer.shape.reach + 2) * np.stack([np.cos(angles), np.sin(angles)], -1)
    image_circle = scene.to_image(layer, circle, t)
    (left, top), (right, bottom) = image_circle.min(0) - _MARGIN, image_circle.max(0) + _MARGIN
    return slice(max(int(top), 0), max(int(bottom) + 1, 0)), slice(max(int(left), 0), max(int(right) + 1, 0))


def _coverage(distance: Array) -> Array:
    """Share [H, W] of each pixel that lies inside: a ramp one pixel wide across the outline, at any size and bend."""
    slope = np.hypot(*np.gradient(distance))
    return np.clip(0.5 - distance / np.maximum(slope, 1e-6), 0, 1).astype(np.float32)


def _queries(scene: Scene, mask: Array) -> Array:
    """POINTS object pixels of frame 0, whose mask is [H, W], drawn without replacement: float32 [N, 3]."""
    pixels = _pixel_centres(scene)[mask > 0]
    points = np.random.default_rng(scene.seed).permutation(pixels)[:POINTS]
    return np.column_stack([np.zeros(len(points)), points]).astype(np.float32)


def _pixel_centres(scene: Scene) -> Array:
    y, x = np.mgrid[: scene.height, : scene.width]
    return np.stack([x, y], -1).astype(np.float64)
