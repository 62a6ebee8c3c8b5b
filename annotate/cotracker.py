"""CoTracker 1 and 3 behind the tracker protocol; their code and weights are the authors' and never part of this one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from annotate.cotracker_models import MODELS, find_checkpoint, load_predictor
from annotate.grids import HEIGHT, WIDTH, Scale, video_scale
from annotate.tracker import query_frames
from annotate.windows import Found, follow_in_windows
from benchmark.files import sha256_of_file
from benchmark.registry import unknown
from benchmark.tracks import Tracks

LONGEST, OVERLAP = 128, 32
"""Frames that an offline model is given at once, and how many of them the next window shows again."""

CHUNK = 16
"""Frames that are shrunk, or pass a network's convolutions, at once."""


class CoTracker:
    """CoTracker (Karaev et al., ECCV 2024) or CoTracker3 (Karaev et al., 2024), run by its authors' predictor.

    The predictor does all that changes numbers: bilinear resizing to 384 x 512, the support grid of 6 x 6 points, six
    iterations, and the threshold of visibility (specification §3.1). Here frames are shrunk before it sees them, by the
    same resizing and few at a time, so that memory holds a clip of any size; the predictor's own then changes nothing.

    Up to 128 frames are followed at once, as the authors' scripts do whatever the length; a longer clip goes in windows
    (`annotate.windows`). The online model streams and needs none.

    Models that follow points only forwards go through the clip reversed as well where a query is later than frame 0.
    """

    def __init__(self, kind: str = "cotracker3-offline", weights: Path | None = None, device: str = "cpu") -> None:
        """Load `kind` of `annotate.cotracker_models` onto `device`.

        Args:
            kind: `cotracker3-offline`, `cotracker3-online` or `cotracker1`.
            weights: the folder with the checkpoint; None is torch.hub's cache.
            device: as torch names it.

        Raises:
            InputError: the kind is unknown, or the checkpoint is not its.
            Unavailable: its code or its checkpoint is not on this machine.
        """
        if kind not in MODELS:
            raise unknown("CoTracker", kind, MODELS)
        self.name, self._model, self._device = kind, MODELS[kind], torch.device(device)
        checkpoint = find_checkpoint(self._model, weights)
        self._predictor = load_predictor(self._model, checkpoint).to(self._device)
        self._sha256 = sha256_of_file(checkpoint)
        if self._model.network == "CoTrackerThreeOffline":
            network = self._predictor.model
            network.forward = partial(network.forward, fmaps_chunk_size=CHUNK)

    @property
    def settings(self) -> Mapping[str, str | int | float | bool]:
        """The checkpoint and everything fixed that changes tracks, as recorded with them."""
        longest = {} if self._model.streams else {"longest_window": LONGEST, "window_overlap": OVERLAP}
        return {
            "checkpoint": self._model.checkpoint,
            "checkpoint_sha256": self._sha256,
            "code": f"co-tracker {self._model.release}",
            "height": HEIGHT,
            "width": WIDTH,
            "visibility_threshold": self._model.threshold,
            **self._model.options,
            **longest,
        }

    @property
    def grid_scale(self) -> Scale:
        """How its predictor brings the points of a grid to the video's size."""
        return self._model.scale

    def track(self, frames: NDArray[np.uint8], queries: NDArray[np.float32], *, support_grid: bool = True) -> Tracks:
        """Follow `queries` float32 [N, 3] (t, x, y) px through `frames` uint8 [T, H, W, 3] RGB; see `Tracker.track`.

        `frames` may be a memory-mapped array, as only slices of it are read.

        Raises:
            ItemError: when a query is not finite or its frame is not one of the clip's.
        """
        count, height, width = frames.shape[:3]
        starts = query_frames(queries, count)
        if not len(queries):
            return Tracks(np.zeros((0, count, 2), np.float32), np.zeros((0, count), bool), queries)
        scale = np.array(video_scale(width, height, self._model.scale))
        small = queries.astype(np.float32)
        small[:, 1:] *= (1 / scale).astype(np.float32)

        def follow(window: slice, starts: NDArray[np.float32]) -> Found:
            run = self._stream if self._model.streams else self._follow
            points, visible = run(frames[window], starts, support_grid)
            return points.numpy(force=True), visible.numpy(force=True)

        length = count if self._model.streams else LONGEST
        points, visible = follow_in_windows(follow, count, small, length=length, overlap=min(OVERLAP, length - 1))
        points *= scale.astype(np.float32)
        rows = np.arange(len(queries))
        points[rows, starts], visible[rows, starts] = queries[:, 1:], True
        return Tracks(points, visible, queries)

    def _follow(
        self, frames: NDArray[np.uint8], queries: NDArray[np.float32], support_grid: bool
    ) -> tuple[Tensor, Tensor]:
        """Points [N, T, 2] in the model's frame and visible [N, T], from a predictor that takes a clip at once."""
        count = len(frames)
        video = self._shrunk(frames)
        missing = self._model.shortest - count
        if missing > 0:
            video = torch.cat([video, video[:, -1:].expand(-1, missing, -1, -1, -1)], dim=1)
        tracks, visible = self._predictor(
            video,
            queries=self._tensor(queries),
            grid_size=0 if support_grid else 1,  # beside queries, any size but 0 means no support grid, and no more
            backward_tracking=self._model.causal and bool(queries[:, 0].any()),
        )
        return tracks[0, :count].transpose(0, 1), visible[0, :count].T

    def _stream(
        self, frames: NDArray[np.uint8], queries: NDArray[np.float32], support_grid: bool
    ) -> tuple[Tensor, Tensor]:
        """The same from the online predictor, which sees one window of frames after another, and only forwards."""
        points, visible = self._stream_forwards(frames, queries, support_grid)
        if queries[:, 0].any():
            turned = np.column_stack([len(frames) - 1 - queries[:, 0], queries[:, 1:]])
            earlier, seen = (found.flip(1) for found in self._stream_forwards(frames[::-1], turned, support_grid))
            before = torch.arange(len(frames), device=self._device) < self._tensor(queries)[0, :, :1]
            points = torch.where(before[..., None], earlier, points)
            visible = torch.where(before, seen, visible)
        return points, visible

    def _stream_forwards(
        self, frames: NDArray[np.uint8], queries: NDArray[np.float32], support_grid: bool
    ) -> tuple[Tensor, Tensor]:
        predictor, support = self._predictor, support_grid
        predictor(self._shrunk(frames[:1]), is_first_step=True, queries=self._tensor(queries), add_support_grid=support)
        starts = range(0, max(len(frames) - predictor.step, 1), predictor.step)
        windows = (self._shrunk(frames[start : start + 2 * predictor.step]) for start in starts)
        *_, (tracks, visible) = (predictor(window, add_support_grid=support) for window in windows)
        return tracks[0, :, : len(queries)].transpose(0, 1), visible[0, :, : len(queries)].T

    def _shrunk(self, frames: NDArray[np.uint8]) -> Tensor:
        """Frames uint8 [T, H, W, 3] as float32 [1, T, 3, 384, 512] on the device, still 0 to 255."""
        parts = (
            functional.interpolate(
                torch.from_numpy(frames[start : start + CHUNK].copy()).to(self._device).permute(0, 3, 1, 2).float(),
                (HEIGHT, WIDTH),
                mode="bilinear",
                align_corners=self._model.scale == "corners",
            )
            for start in range(0, len(frames), CHUNK)
        )
        return torch.cat(list(parts))[None]

    def _tensor(self, queries: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(queries)[None].to(self._device)
