"""Endless textures, rich in detail and the same for the same seed: a soft-edged pattern under band-limited noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from benchmark.rendered.motion import Array

Colour = tuple[int, int, int]

TILE = 512
"""Pixels after which a texture repeats in x and in y."""

_EDGE = 0.9  # px: half-width of a pattern's soft edges; sharper ones would alias when a shape shrinks


@dataclass(frozen=True)
class Texture:
    """What a surface looks like.

    Attributes:
        colours: the two RGB colours between which the pattern alternates.
        pattern: a name in `PATTERNS`.
        period: pixels after which the pattern repeats (rounded so that it divides the tile).
        grain: shortest wavelength of the noise in px, along x and y.
        contrast: standard deviation of the noise, relative to the colour.
        seed: seed of the noise.
    """

    colours: tuple[Colour, Colour]
    pattern: str = "plain"
    period: float = 16.0
    grain: tuple[float, float] = (4.0, 4.0)
    contrast: float = 0.22
    seed: int = 0


def paint(texture: Texture) -> Array:
    """One tile of the texture: float32 [TILE, TILE, 3], RGB in 0..255, seamless on all four sides."""
    cycles = round(TILE / texture.period)
    y, x = np.mgrid[:TILE, :TILE] * (cycles / TILE)
    soft = texture.period / (2 * np.pi * _EDGE)
    mix = 0.5 + 0.5 * np.tanh(soft * PATTERNS[texture.pattern](x, y))
    first, second = np.asarray(texture.colours, np.float64)
    light = 1 + texture.contrast * _noise(texture.grain, np.random.default_rng(texture.seed))
    colour = (first + (second - first) * mix[..., None]) * light[..., None]
    return np.clip(colour, 0, 255).astype(np.float32)


def sample(tile: Array, points: Array) -> Array:
    """Colours float32 [H, W, 3] of a painted tile at points [H, W, 2] px (bicubic; (0, 0) is the tile's centre)."""
    spots = np.mod(points + TILE / 2, TILE).astype(np.float32)
    return cv2.remap(tile, spots[..., 0], spots[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)


def _noise(grain: tuple[float, float], rng: np.random.Generator) -> Array:
    """Pink noise [TILE, TILE] of unit variance, within 2.5 deviations, with no wave shorter than `grain`."""
    fy, fx = np.meshgrid(np.fft.fftfreq(TILE) * grain[1], np.fft.rfftfreq(TILE) * grain[0], indexing="ij")
    frequency = np.hypot(fx, fy)
    gain = np.where(frequency < 1, 1 / np.maximum(frequency, 1 / 16), 0)
    gain[0, 0] = 0
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((TILE, TILE))) * gain, s=(TILE, TILE))
    return np.clip(noise / noise.std(), -2.5, 2.5)


def _plain(x: Array, y: Array) -> Array:
    return np.zeros_like(x + y)


def _stripes(x: Array, y: Array) -> Array:
    return np.sin(2 * np.pi * x) + 0 * y


def _checks(x: Array, y: Array) -> Array:
    return np.sin(2 * np.pi * x) * np.sin(2 * np.pi * y)


def _dots(x: Array, y: Array) -> Array:
    return np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y) - 0.8


def _bricks(x: Array, y: Array) -> Array:
    course = np.floor(2 * y)
    level = np.abs(np.sin(2 * np.pi * y)) - 0.2
    upright = np.abs(np.sin(np.pi * (x + course / 2))) - 0.1
    return np.minimum(level, upright)


def _planks(x: Array, y: Array) -> Array:
    return np.abs(np.sin(np.pi * y)) - 0.2 + 0 * x


def _ripples(x: Array, y: Array) -> Array:
    return 0.35 * np.sin(2 * np.pi * (y + 0.25 * np.sin(2 * np.pi * x / 2)))


PATTERNS: Mapping[str, Callable[[Array, Array], Array]] = MappingProxyType(
    {
        "plain": _plain,
        "stripes": _stripes,
        "checks": _checks,
        "dots": _dots,
        "bricks": _bricks,
        "planks": _planks,
        "ripples": _ripples,
    }
)
"""Pattern per name: a function of x and y in periods that is positive where the second colour shows."""
