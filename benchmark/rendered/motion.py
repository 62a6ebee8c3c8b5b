"""Smooth motions of the plane: each is an exactly invertible map of points that changes with time.

A motion takes points [..., 2] (x, y) in pixels and times t in frames that broadcast against [...].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Time = float | Array


@dataclass(frozen=True)
class Curve:
    """A number over time: start + rate * t + swing * sin(2 pi (t / period + phase)).

    Straight travel needs only `rate`; waves, circles (two curves a quarter of a phase apart) and swinging need `swing`.
    """

    start: float = 0.0
    rate: float = 0.0
    swing: float = 0.0
    period: float = 24.0
    phase: float = 0.0

    def at(self, t: Time) -> Array:
        """Value at time t, in the shape of t."""
        t = np.asarray(t, np.float64)
        return self.start + self.rate * t + self.swing * np.sin(2 * np.pi * (t / self.period + self.phase))


STILL, UNIT = Curve(), Curve(start=1.0)


class Motion(Protocol):
    """A map of the plane, different at every time t, and its exact inverse."""

    def forward(self, points: Array, t: Time) -> Array:
        """Where points [..., 2] are at time t."""
        ...

    def inverse(self, points: Array, t: Time) -> Array:
        """Which points [..., 2] come to lie at `points` at time t."""
        ...


@dataclass(frozen=True)
class Pose:
    """Scaling by `size` (> 0), then turning by `angle`, then moving by (`x`, `y`)."""

    x: Curve = STILL
    y: Curve = STILL
    angle: Curve = STILL
    size: Curve = UNIT

    def forward(self, points: Array, t: Time) -> Array:
        """Points [..., 2] scaled, turned and moved."""
        return _turn(points * self.size.at(t)[..., None], self.angle.at(t)) + self._centre(t)

    def inverse(self, points: Array, t: Time) -> Array:
        """Points [..., 2] moved, turned and scaled back."""
        return _turn(points - self._centre(t), -self.angle.at(t)) / self.size.at(t)[..., None]

    def _centre(self, t: Time) -> Array:
        return np.stack([self.x.at(t), self.y.at(t)], -1)


@dataclass(frozen=True)
class Bend:
    """A wave of height `swing` px that travels along x (backwards for a negative `period`), as a swimming fish bends.

    y grows by swing * sin(2 pi (x / wavelength - t / period + phase)); x is unchanged, so the inverse only subtracts.
    """

    swing: float
    wavelength: float
    period: float = 24.0
    phase: float = 0.0

    def forward(self, points: Array, t: Time) -> Array:
        """Points [..., 2] lifted by the wave."""
        return points + self._lift(points, t)

    def inverse(self, points: Array, t: Time) -> Array:
        """Points [..., 2] lowered by the wave."""
        return points - self._lift(points, t)

    def _lift(self, points: Array, t: Time) -> Array:
        cycles = points[..., 0] / self.wavelength - np.asarray(t, np.float64) / self.period + self.phase
        lift = self.swing * np.sin(2 * np.pi * cycles)
        return np.stack([np.zeros_like(lift), lift], -1)


@dataclass(frozen=True)
class Stretch:
    """Breathing: x grows by the factor exp(`amount`) and y shrinks by the same factor, so that areas are kept."""

    amount: Curve

    def forward(self, points: Array, t: Time) -> Array:
        """Points [..., 2] stretched along x."""
        return points * self._factors(t)

    def inverse(self, points: Array, t: Time) -> Array:
        """Points [..., 2] squeezed along x."""
        return points / self._factors(t)

    def _factors(self, t: Time) -> Array:
        amount = self.amount.at(t)
        return np.exp(np.stack([amount, -amount], -1))


@dataclass(frozen=True)
class Twist:
    """Turning about the origin that grows with distance from it: `angle` radians at `radius` px, as a star curls."""

    angle: Curve
    radius: float

    def forward(self, points: Array, t: Time) -> Array:
        """Points [..., 2] twisted; their distance from the origin is kept."""
        return _turn(points, self._angles(points, t))

    def inverse(self, points: Array, t: Time) -> Array:
        """Points [..., 2] untwisted."""
        return _turn(points, -self._angles(points, t))

    def _angles(self, points: Array, t: Time) -> Array:
        return self.angle.at(t) * np.linalg.norm(points, axis=-1) / self.radius


def forward(motions: Sequence[Motion], points: Array, t: Time) -> Array:
    """Points [..., 2] carried through `motions`, the first one first, at times t that broadcast against [...]."""
    for motion in motions:
        points = motion.forward(points, t)
    return points


def inverse(motions: Sequence[Motion], points: Array, t: Time) -> Array:
    """Points [..., 2] that `forward` carries to `points` at time t."""
    for motion in reversed(motions):
        points = motion.inverse(points, t)
    return points


def _turn(points: Array, angle: Array) -> Array:
    x, y, cos, sin = points[..., 0], points[..., 1], np.cos(angle), np.sin(angle)
    return np.stack([x * cos - y * sin, x * sin + y * cos], -1)
