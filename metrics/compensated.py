"""Motion fidelity without the camera and without guessed positions, a metric of this project."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from metrics.alignment import align
from metrics.arrays import Array, as_float64, as_tracks, is_finite
from metrics.comparable import comparable
from metrics.result import Score
from metrics.rules import Alignment

PIXEL = 1 / 480
"""One pixel of a frame of 480 rows, in frame heights."""

REST = PIXEL / 2
"""A step about as long as this may be a tracker's jitter."""

CAMERA_INLIER = 2 * PIXEL
CAMERA_TRACKS = 8
CAMERA_STEPS = 0.5


@dataclass(frozen=True)
class Layers:
    """Tracks of one video, on its foreground and on its background.

    Attributes:
        foreground: tracks [N, T, 2], iso: (x/H, y/H), in frame heights.
        foreground_visible: bool [N, T].
        background: tracks [B, T, 2], iso.
        background_visible: bool [B, T].

    Raises:
        ValueError: a visibility has not the shape of its tracks, or the two layers have different lengths.
    """

    foreground: Array
    foreground_visible: Array
    background: Array
    background_visible: Array

    def __post_init__(self) -> None:
        for name in ("foreground", "background"):
            expected = tuple(as_tracks(getattr(self, name)).shape[:2])
            found = tuple(getattr(self, f"{name}_visible").shape)
            if found != expected:
                raise ValueError(f"{name}_visible has shape {found}; expected {expected}, one value per point")
        lengths = self.foreground.shape[1], self.background.shape[1]
        if lengths[0] != lengths[1]:
            raise ValueError(f"foreground and background tracks have {lengths} frames; expected those of one video")


def mf_compensated(reference: Layers, generated: Layers, *, alignment: Alignment = "linspace-exact") -> Score:
    """Agreement of the foreground's own motion over the steps in which it is seen, in [−1, 1].

    It mends three defects of the published motion metrics:

    - The camera makes most of the motion in a panning clip: a generation that pans alike scores high whatever its
      subject does, and a right subject under another camera scores low. Here every frame step of each video loses the
      motion of its own background, the similarity transform (shift, turn, zoom) that the largest part of the visible
      background tracks follows.
    - Most tracked positions can be a tracker's guesses about hidden points. Here a step counts if its point is visible
      at both of its ends in both videos. Tracks are matched by index because a track may then have few steps that
      count: a best match would prefer the partner with the least evidence.
    - The jitter of a resting point has directions too, and without the camera much of a foreground rests. Here two
      steps are compared by the cosine between (dx, dy, e) rather than (dx, dy), e being half a pixel of a frame of 480
      rows. For steps far longer than e that is the cosine of their directions; two rests agree, a rest and a motion
      do not, and no threshold lies in between.

    The value is 1 for a copy, also under a camera that shifts otherwise; directions are those in the frame, so a camera
    that rolls otherwise turns them. Like all step cosines it is blind to where the motion happens. `detail` reports
    `counted_share`, the share of all steps that counted.

    Args:
        reference: T frames, N foreground and any number of background tracks.
        generated: S frames, N foreground tracks index-matched to the reference's, any number of background tracks.
        alignment: how different lengths are made equal.

    Source: vmtbench; the cosine is that of the angular error of optical flow (Barron, Fleet and Beauchemin 1994).
    """
    pair = comparable(reference.foreground, generated.foreground, alignment, index_matched=True)
    if isinstance(pair, Score):
        return pair
    sides = (reference, generated)
    (first, first_seen, first_camera), (second, second_seen, second_camera) = (
        _own_steps(side, frames) for side, frames in zip(sides, _kept_frames(sides, alignment), strict=True)
    )
    known = first_camera & second_camera
    if known.double().mean().item() < CAMERA_STEPS:
        clause = (
            f"the camera's motion is known in {int(known.sum())} of {len(known)} frame steps, for want of "
            f"{CAMERA_TRACKS} visible background tracks that move as one; track more background points in both videos"
        )
        return Score.undefined("few_background", clause, n_total=len(first))
    counts = first_seen & second_seen & known
    if not counts.any():
        clause = "no foreground point is visible in both videos for a whole frame step; query points that stay in sight"
        return Score.undefined("few_visible", clause, n_total=len(first))
    cosine = functional.cosine_similarity(_with_rest(first), _with_rest(second), dim=-1).clamp(-1, 1)
    return Score.ok(
        cosine[counts].mean().item(),
        n_used=int(counts.any(1).sum()),
        n_total=len(first),
        flags=pair[2],
        detail={"counted_share": counts.double().mean().item()},
    )


def _kept_frames(sides: tuple[Layers, Layers], alignment: Alignment) -> list[list[int]]:
    """Indices of the frames of each side that alignment keeps, found by aligning their numbers."""
    numbers = [torch.arange(side.foreground.shape[1]).view(1, -1, 1).expand(1, -1, 2) for side in sides]
    return [kept[0, :, 0].int().tolist() for kept in align(numbers[0], numbers[1], alignment)[:2]]


def _own_steps(layers: Layers, frames: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Steps of the foreground less the camera's [N, T−1, 2], which are seen [N, T−1], and where it is known [T−1]."""
    foreground, background = (as_tracks(tracks).cpu()[:, frames] for tracks in (layers.foreground, layers.background))
    seen, usable = (
        as_float64(visible).cpu()[:, frames].bool()
        for visible in (layers.foreground_visible, layers.background_visible)
    )
    usable = usable & is_finite(background).all(-1)
    cameras = [
        _camera(background[both, t], background[both, t + 1])
        for t, both in enumerate((usable[:, :-1] & usable[:, 1:]).T)
    ]
    known = torch.tensor([camera is not None for camera in cameras])
    steps = foreground.diff(dim=1)
    for t, camera in enumerate(cameras):
        if camera is not None:
            steps[:, t] = foreground[:, t + 1] - (foreground[:, t] @ camera[:, :2].T + camera[:, 2])
    return steps, seen[:, :-1] & seen[:, 1:], known


def _camera(before: Tensor, after: Tensor) -> Tensor | None:
    """The similarity transform [2, 3] that takes most points `before` [B, 2] to `after`; None where too few agree."""
    if len(before) < CAMERA_TRACKS:
        return None
    # OpenCV draws its samples from a generator of its own that starts afresh at every call, so this is deterministic.
    camera, inliers = cv2.estimateAffinePartial2D(
        before.numpy(), after.numpy(), method=cv2.RANSAC, ransacReprojThreshold=CAMERA_INLIER, confidence=0.999
    )
    if camera is None or np.count_nonzero(inliers) < CAMERA_TRACKS:
        return None
    return torch.from_numpy(camera)


def _with_rest(steps: Tensor) -> Tensor:
    return functional.pad(steps, (0, 1), value=REST)
