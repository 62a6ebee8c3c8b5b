"""The embedded tracker: dense DIS optical flow between neighbouring frames, chained from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from annotate.grids import Scale
from annotate.tracker import query_frames
from benchmark.tracks import Tracks

Flow = NDArray[np.float32]

# Two flows agree where |forward + backward|^2 <= RELATIVE * (|forward|^2 + |backward|^2) + ABSOLUTE, in px^2:
# the occlusion test and constants of Sundaram, Brox and Keutzer (ECCV 2010).
RELATIVE, ABSOLUTE = 0.01, 0.5
SMALLEST_SIDE = 32  # OpenCV 5.0 refuses, or crashes on, sides below 16 px


class DISTracker:
    """Chained dense DIS optical flow (Kroeger et al., ECCV 2016; OpenCV's `medium` preset) on grey frames.

    Each pair of neighbouring frames gets one flow in either direction, however many query frames there are. A point
    moves by the flow looked up bilinearly at its place; where the two flows agree it moves by their mean,
    (forward - backward) / 2, which cancels the error they share and halves the drift of a chain. Grey is Rec. 601
    luma as `cv2.cvtColor` rounds it. The `medium` preset, because its finest scale is half the resolution: at the
    quarter of the faster presets a chain drifts about twice as fast or worse.

    A point is visible up to the first step, counted from its query, at which the flows disagree or it leaves the
    frame: a chain cannot recognise a point that was hidden, so it stays invisible from there on. Its position goes
    on with the flow at its place; outside the frame with the flow at the nearest edge.

    The same frames and queries give the same bits with any number of OpenCV threads.
    """

    name = "dis"
    grid_scale: Scale = "corners"

    @property
    def settings(self) -> Mapping[str, str | int | float | bool]:
        """The settings that the class fixes, as recorded with its tracks."""
        return {
            "preset": "medium",
            "symmetric": True,
            "consistency_relative": RELATIVE,
            "consistency_absolute_px2": ABSOLUTE,
        }

    def track(self, frames: NDArray[np.uint8], queries: NDArray[np.float32], *, support_grid: bool = True) -> Tracks:
        """Follow `queries` float32 [N, 3] (t, x, y) px through `frames` uint8 [T, H, W, 3] RGB; see `Tracker.track`.

        Flows are made one pair at a time; only those before the last query frame are kept, for the way back. Points do
        not help each other, so `support_grid` changes nothing.

        Raises:
            ItemError: when a query is not finite or its frame is not one of the clip's.
        """
        starts = query_frames(queries, len(frames))
        rows = np.arange(len(queries))
        points = np.zeros((len(queries), len(frames), 2))
        visible = np.zeros((len(queries), len(frames)), bool)
        points[rows, starts] = queries[:, 1:]
        visible[rows, starts] = True

        kept: list[tuple[Flow, Flow]] = []
        for t, (forward, backward) in enumerate(_neighbour_flows(frames)):
            _advance(points, visible, starts <= t, t, t + 1, forward, backward)
            if t < starts.max(initial=0):
                kept.append((forward, backward))
        for t, (forward, backward) in reversed(list(enumerate(kept))):
            _advance(points, visible, starts > t, t + 1, t, backward, forward)
        return Tracks(points.astype(np.float32), visible, queries)


def _neighbour_flows(frames: NDArray[np.uint8]) -> Iterator[tuple[Flow, Flow]]:
    """The dense flows t -> t+1 and t+1 -> t, each float32 [H, W, 2] in px, for every t in turn."""
    height, width = frames.shape[1:3]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def flow(source: NDArray[np.uint8], target: NDArray[np.uint8]) -> Flow:
        return dis.calc(source, target, None)[:height, :width]  # pyright: ignore[reportCallIssue, reportArgumentType]

    previous = None
    for frame in frames:
        grey = _grey(frame)
        if previous is not None:
            yield flow(previous, grey), flow(grey, previous)
        previous = grey


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma [H, W], grown by repeating its last row and column where it is too small for DIS."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    below, right = (max(0, SMALLEST_SIDE - side) for side in grey.shape)
    return np.pad(grey, ((0, below), (0, right)), mode="edge").astype(np.uint8, copy=False)


def _advance(
    points: NDArray[np.float64],
    visible: NDArray[np.bool_],
    active: NDArray[np.bool_],
    here: int,
    there: int,
    flow: Flow,
    flow_back: Flow,
) -> None:
    """Fill frame `there` of the active points from frame `here`, in place."""
    start = points[active, here]
    step = _bilinear(flow, start)
    step_back = _bilinear(flow_back, start + step)
    gap = np.square(step + step_back).sum(-1)
    agree = gap <= RELATIVE * (np.square(step).sum(-1) + np.square(step_back).sum(-1)) + ABSOLUTE

    end = start + np.where(agree[:, None], (step - step_back) / 2, step)
    height, width = flow.shape[:2]
    inside = ((end >= 0) & (end <= (width - 1, height - 1))).all(-1)
    points[active, there] = end
    visible[active, there] = visible[active, here] & agree & inside


def _bilinear(flow: Flow, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Flow [N, 2] at sub-pixel points [N, 2]; outside the frame, that of the nearest edge.

    Not `cv2.remap`, which rounds positions to 1/32 px.
    """
    limit = np.array([flow.shape[1] - 1, flow.shape[0] - 1])
    inside = np.clip(points, 0, limit)
    x0, y0 = np.floor(inside).astype(np.intp).T
    x1, y1 = np.minimum(x0 + 1, limit[0]), np.minimum(y0 + 1, limit[1])
    right, down = (inside - np.floor(inside)).T[..., None]
    upper = (1 - right) * flow[y0, x0] + right * flow[y0, x1]
    lower = (1 - right) * flow[y1, x0] + right * flow[y1, x1]
    return (1 - down) * upper + down * lower
