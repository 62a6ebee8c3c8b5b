"""Shapes as signed distances: negative inside, zero on the outline, positive outside, in pixels.

Every shape is centred on (or pinned at) the origin of its own coordinates and lies within `reach` px of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmark.rendered.motion import Array


class Shape(Protocol):
    """A region of the plane."""

    @property
    def reach(self) -> float:
        """A radius about the origin that holds the whole shape."""
        ...

    def distance(self, points: Array) -> Array:
        """Signed distance [...] of points [..., 2] from the outline."""
        ...


@dataclass(frozen=True)
class Plane:
    """The whole plane, for backgrounds: every point is inside, far from any outline."""

    @property
    def reach(self) -> float:
        """Radius about the origin that holds the shape."""
        return np.inf

    def distance(self, points: Array) -> Array:
        """Far inside, for every point."""
        return np.full(points.shape[:-1], -1e9)


@dataclass(frozen=True)
class Disc:
    """A disc about `centre`."""

    radius: float
    centre: tuple[float, float] = (0.0, 0.0)

    @property
    def reach(self) -> float:
        """Radius about the origin that holds the shape."""
        return float(np.hypot(*self.centre)) + self.radius

    def distance(self, points: Array) -> Array:
        """Exact signed distance."""
        return np.linalg.norm(points - np.asarray(self.centre), axis=-1) - self.radius


@dataclass(frozen=True)
class Capsule:
    """A bar with round ends, from `start` to `end`."""

    start: tuple[float, float]
    end: tuple[float, float]
    radius: float

    @property
    def reach(self) -> float:
        """Radius about the origin that holds the shape."""
        return float(max(np.hypot(*self.start), np.hypot(*self.end))) + self.radius

    def distance(self, points: Array) -> Array:
        """Exact signed distance."""
        return _distance_to_segment(points, np.asarray(self.start), np.asarray(self.end)) - self.radius


@dataclass(frozen=True)
class Polygon:
    """A simple polygon whose outline is pushed out by `rounding` px, which rounds its corners."""

    vertices: tuple[tuple[float, float], ...]
    rounding: float = 0.0

    @property
    def reach(self) -> float:
        """Radius about the origin that holds the shape."""
        return max(float(np.hypot(*vertex)) for vertex in self.vertices) + self.rounding

    def distance(self, points: Array) -> Array:
        """Exact signed distance to the polygon, less the rounding."""
        corners = np.asarray(self.vertices)
        nearest = np.full(points.shape[:-1], np.inf)
        inside = np.zeros(points.shape[:-1], bool)
        x, y = points[..., 0], points[..., 1]
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            nearest = np.minimum(nearest, _distance_to_segment(points, a, b))
            if a[1] != b[1]:  # an even-odd ray to the right never meets a level edge
                inside ^= ((a[1] > y) != (b[1] > y)) & (x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]))
        return np.where(inside, -nearest, nearest) - self.rounding


@dataclass(frozen=True)
class Union:
    """Everything that lies in any of `parts`."""

    parts: tuple[Shape, ...]

    @property
    def reach(self) -> float:
        """Radius about the origin that holds the shape."""
        return max(part.reach for part in self.parts)

    def distance(self, points: Array) -> Array:
        """Exact outside and on the outline; inside, where parts overlap, nearer to the outline than stated."""
        return np.minimum.reduce([part.distance(points) for part in self.parts])


def rectangle(width: float, height: float, rounding: float = 3.0) -> Polygon:
    """Rectangle of the given outer size about the origin."""
    x, y = width / 2 - rounding, height / 2 - rounding
    return Polygon(((-x, -y), (x, -y), (x, y), (-x, y)), rounding)


def star(tips: int, outer: float, inner: float, rounding: float = 2.0) -> Polygon:
    """Star about the origin; `outer` and `inner` are the radii of its tips and of the notches between them."""
    angles = np.arange(2 * tips) * np.pi / tips
    radii = np.where(np.arange(2 * tips) % 2 == 0, outer, inner)
    return Polygon(tuple(zip(radii * np.cos(angles), radii * np.sin(angles), strict=True)), rounding)


def fish(length: float) -> Union:
    """Fish that looks along +x: a slim body and a tail."""
    body = Capsule((-0.12 * length, 0), (0.26 * length, 0), 0.24 * length)
    tail = Polygon(((-0.2 * length, 0), (-0.46 * length, -0.2 * length), (-0.46 * length, 0.2 * length)), 0.04 * length)
    return Union((body, tail))


def _distance_to_segment(points: Array, start: Array, end: Array) -> Array:
    along = end - start
    share = np.clip(((points - start) @ along) / max(float(along @ along), 1e-12), 0, 1)
    return np.linalg.norm(points - start - share[..., None] * along, axis=-1)
