"""Control methods: they need no model, and show what a metric's best and worst look like.

Each is a function `(frames uint8 RGB [T, H, W, 3], seed) -> frames` of the same shape; `copy` alone takes the file
itself, so that nothing stands between a source and its score.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.files import seed_of
from benchmark.source import Source
from benchmark.video import write_video
from methods.adapter import Request

Frames = NDArray[np.uint8]

JITTER_SHIFT = 0.02
"""Largest shift of a jittered frame, as a share of the frame's height."""
JITTER_BRIGHTNESS = 0.25
"""Largest change of a jittered frame's brightness, as a share."""

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Shares of R, G and B in luma (ITU-R BT.601)."""
TO_CHROMA = np.array([[0, 0, 1 / 1.772], [1 / 1.402, 0, 0]])
"""From RGB less luma to (Cb, Cr)."""
FROM_CHROMA = np.array([[0, 1.402], [-0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1.772, 0]])
"""From (Cb, Cr) to RGB less luma."""


def static(frames: Frames, seed: int) -> Frames:
    """Repeat the first frame: no motion at all, and perfect temporal consistency."""
    return np.repeat(frames[:1], len(frames), axis=0)


def reverse(frames: Frames, seed: int) -> Frames:
    """Play backwards: the same places, the opposite directions."""
    return np.ascontiguousarray(frames[::-1])


def recolour(frames: Frames, seed: int) -> Frames:
    """Turn the chroma plane by 90 to 270 degrees and keep the luma: the same motion, another appearance.

    Where the turned colour is none that RGB can show, it is drawn towards grey until it is, as clipping it would change
    its luma.
    """
    angle = np.random.default_rng(seed).uniform(np.pi / 2, 3 * np.pi / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = (FROM_CHROMA @ turn @ TO_CHROMA).astype(np.float32)
    recoloured = np.empty_like(frames)
    for index, frame in enumerate(frames):
        luma = frame @ LUMA[:, None]
        colour = (frame - luma) @ turned.T
        room = np.where(colour > 0, 255 - luma, luma) / np.maximum(np.abs(colour), 1e-3)
        shown = luma + colour * np.minimum(room.min(axis=-1, keepdims=True), 1)
        recoloured[index] = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    return recoloured


def jitter(frames: Frames, seed: int) -> Frames:
    """Shift every frame at random and change its brightness: the source's motion under shake and flicker."""
    rng = np.random.default_rng(seed)
    height, width = frames.shape[1:3]
    jittered = np.empty_like(frames)
    for index, frame in enumerate(frames):
        shift = rng.uniform(-1, 1, size=2) * JITTER_SHIFT * height
        gain = 1 + rng.uniform(-1, 1) * JITTER_BRIGHTNESS
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        moved = cv2.warpAffine(frame, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        jittered[index] = np.clip(np.rint(moved.astype(np.float32) * gain), 0, 255).astype(np.uint8)
    return jittered


def noise(frames: Frames, seed: int) -> Frames:
    """Draw every pixel of every frame at random: neither motion nor content."""
    return np.random.default_rng(seed).integers(0, 256, size=frames.shape, dtype=np.uint8)


class Control:
    """A control method that changes the source's frames, behind the adapter interface."""

    version = "1"

    def __init__(self, change: Callable[[Frames, int], Frames]) -> None:
        self._change = change

    @property
    def settings(self) -> Mapping[str, Any]:
        """A control has nothing to set."""
        return {}

    def prepare(self, source: Source) -> Frames:
        """Decode the source once for all prompts of its clip."""
        return source.frames

    def generate(self, source: Source, state: Frames, request: Request) -> None:
        """Write the changed source."""
        seed = seed_of(f"{source.clip.id}/{request.prompt.id}", request.seed)
        write_video(request.output, self._change(state, seed), source.clip.video.fps)

    def release(self) -> None:
        """Nothing is held."""


class Copy:
    """The source's own file: the best motion that any method can score."""

    version = "1"

    @property
    def settings(self) -> Mapping[str, Any]:
        """A control has nothing to set."""
        return {}

    def prepare(self, source: Source) -> None:
        """Nothing is shared."""

    def generate(self, source: Source, state: None, request: Request) -> None:
        """Copy the source's bytes."""
        shutil.copyfile(source.video, request.output)

    def release(self) -> None:
        """Nothing is held."""


Static = partial(Control, static)
Reverse = partial(Control, reverse)
Recolour = partial(Control, recolour)
Jitter = partial(Control, jitter)
Noise = partial(Control, noise)
