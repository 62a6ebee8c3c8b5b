"""What a rendered clip shows: layers of textured shapes, how each moves, and the camera that looks at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.manifest import Category
from benchmark.rendered.motion import Array, Motion, Pose, Time, forward, inverse
from benchmark.rendered.shapes import Plane, Shape
from benchmark.rendered.textures import Texture

EVERYWHERE, AT_REST = Plane(), Pose()


@dataclass(frozen=True)
class Layer:
    """One textured shape.

    Attributes:
        texture: its surface, fixed on the shape.
        shape: its outline; the whole plane for a background.
        motions: what carries the shape's own coordinates into the world, the first one first.
        mask: index of the object it belongs to; 0 for a background.
    """

    texture: Texture
    shape: Shape = EVERYWHERE
    motions: tuple[Motion, ...] = ()
    mask: int = 0


@dataclass(frozen=True)
class Scene:
    """A clip to be rendered.

    World coordinates are pixels with the origin at the centre of the image while the camera is at rest.

    Attributes:
        name: a unique name, fit for file names.
        caption: one sentence with subject, verb and scene.
        verb: the caption's verb, as it stands there.
        category: what moves, in the manifest's words.
        objects: a name per object; the first has mask index 1.
        layers: far to near; the first is the background.
        camera: carries world coordinates to centred image coordinates.
        frames, height, width, fps: the clip's format.
        seed: seed of the points that are tracked.
    """

    name: str
    caption: str
    verb: str
    category: Category
    objects: tuple[str, ...]
    layers: tuple[Layer, ...]
    camera: Pose = AT_REST
    frames: int = 24
    height: int = 192
    width: int = 256
    fps: float = 12.0
    seed: int = 0

    def to_image(self, layer: Layer, points: Array, t: Time) -> Array:
        """Pixel positions [..., 2] at time t of points [..., 2] fixed on a layer."""
        return forward((*layer.motions, self.camera), points, t) + self._centre

    def to_layer(self, layer: Layer, pixels: Array, t: Time) -> Array:
        """Own coordinates [..., 2] of what the layer's motion puts at `pixels` [..., 2] at time t."""
        return inverse((*layer.motions, self.camera), pixels - self._centre, t)

    def distance(self, layer: Layer, pixels: Array, t: Time) -> Array:
        """Signed distance [...] of `pixels` [..., 2] from the layer's outline, in px of the layer; <= 0 is on it."""
        return layer.shape.distance(self.to_layer(layer, pixels, t))

    @property
    def _centre(self) -> Array:
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])
