from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.dis import DISTracker
from annotate.tracker import Tracker
from benchmark.errors import ItemError
from benchmark.tracks import Tracks

MTBENCH = Path(__file__).resolve().parents[3] / "shared" / "data" / "MTBench"
WIDTH, HEIGHT = 240, 180


def texture(seed: int, side: int = 640) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    fine, coarse = cv2.GaussianBlur(noise, (0, 0), 1.5), cv2.GaussianBlur(noise, (0, 0), 6)
    return 128 + 35 * (fine / fine.std() + coarse / coarse.std())


def filmed(place: np.ndarray, seed: int = 0) -> np.ndarray:
    """Frames uint8 [T, H, W, 3] of a texture under the camera maps [T, 2, 3] from frame to texture."""
    ground = texture(seed)
    size, flags = (WIDTH, HEIGHT), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    grey = np.stack([cv2.warpAffine(ground, camera, size, flags=flags) for camera in place])
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, -1)


def turning_camera(count: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A clip of a camera that pans, turns and zooms, and its camera maps."""
    maps = []
    for t in range(count):
        turn, zoom = 0.02 * t, 1.008**t
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / zoom
        centre = np.array([320 + 2.5 * t, 320 - 1.5 * t])
        maps.append(np.column_stack([matrix, centre - matrix @ (WIDTH / 2, HEIGHT / 2)]))
    return filmed(np.stack(maps)), np.stack(maps)


def true_tracks(maps: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Where the texture under each query lies in every frame, [N, T, 2] px."""
    tracks = np.zeros((len(queries), len(maps), 2))
    for n, (t, x, y) in enumerate(queries):
        world = maps[int(t)] @ (x, y, 1)
        tracks[n] = [np.linalg.solve(m[:, :2], world - m[:, 2]) for m in maps]
    return tracks


def grid(frame: int = 0, margin: int = 40) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(margin, WIDTH - margin, 7), np.linspace(margin, HEIGHT - margin, 6))
    return np.column_stack([np.full(x.size, frame), x.ravel(), y.ravel()]).astype(np.float32)


def inside(points: np.ndarray) -> np.ndarray:
    return np.all((points >= 0) & (points <= (WIDTH - 1, HEIGHT - 1)), axis=-1)


def shifted(step: tuple[float, float], count: int = 10) -> np.ndarray:
    """A clip whose picture moves by `step` px per frame."""
    return filmed(np.stack([np.array([[1.0, 0, 200 - t * step[0]], [0, 1, 200 - t * step[1]]]) for t in range(count)]))


def test_the_tracker_fulfils_the_protocol() -> None:
    tracker: Tracker = DISTracker()
    assert tracker.name == "dis"
    assert tracker.settings["preset"] == "medium"


@pytest.mark.parametrize("frame", [0, 7, 15])
def test_a_panning_turning_zooming_camera_is_followed_to_half_a_pixel(frame: int) -> None:
    frames, maps = turning_camera()
    queries = grid(frame)
    truth = true_tracks(maps, queries)
    tracks = DISTracker().track(frames, queries)
    error = np.linalg.norm(tracks.points - truth, axis=-1)[inside(truth)]
    assert np.median(error) < 0.5
    assert np.percentile(error, 95) < 2
    assert tracks.visible[inside(truth)].mean() > 0.9


def test_the_mean_of_both_flows_drifts_less_than_the_chained_forward_flow() -> None:
    frames, maps = turning_camera()
    queries = grid()
    truth = true_tracks(maps, queries)
    forward = truth.copy()
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for t in range(len(frames) - 1):
        flow = dis.calc(frames[t, ..., 0].copy(), frames[t + 1, ..., 0].copy(), None)  # pyright: ignore
        at = forward[:, t].astype(np.float32)
        forward[:, t + 1] = at + cv2.remap(
            flow, at[:, :1], at[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).reshape(-1, 2)
    plain = np.linalg.norm(forward - truth, axis=-1)[inside(truth)]
    ours = np.linalg.norm(DISTracker().track(frames, queries).points - truth, axis=-1)[inside(truth)]
    assert np.median(ours) < np.median(plain)


@given(
    frame=st.integers(0, 9),
    step=st.tuples(st.floats(-6, 6), st.floats(-6, 6)),
)
@settings(max_examples=8, deadline=None)
def test_at_its_query_frame_a_point_is_its_query_and_visible(frame: int, step: tuple[float, float]) -> None:
    queries = grid(frame) + np.array([0, 0.3, 0.7], np.float32)
    tracks = DISTracker().track(shifted(step), queries)
    np.testing.assert_array_equal(tracks.points[:, frame], queries[:, 1:])
    assert tracks.visible[:, frame].all()
    assert tracks.points.dtype == np.float32
    np.testing.assert_array_equal(tracks.queries, queries)


def test_queries_at_different_frames_get_the_tracks_they_get_alone() -> None:
    frames, _ = turning_camera(8)
    parts = [grid(frame) for frame in (0, 3, 7)]
    together = DISTracker().track(frames, np.concatenate(parts))
    alone = [DISTracker().track(frames, part) for part in parts]
    np.testing.assert_array_equal(together.points, np.concatenate([tracks.points for tracks in alone]))
    np.testing.assert_array_equal(together.visible, np.concatenate([tracks.visible for tracks in alone]))


def test_each_pair_of_frames_gets_two_flows_however_many_query_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    class Counted:
        def calc(self, source: np.ndarray, target: np.ndarray, flow: None) -> np.ndarray:
            nonlocal calls
            calls += 1
            return np.zeros((*source.shape, 2), np.float32)

    monkeypatch.setattr("annotate.dis.cv2.DISOpticalFlow.create", lambda preset: Counted())
    DISTracker().track(shifted((1, 0), 5), np.concatenate([grid(frame) for frame in range(5)]))
    assert calls == 2 * 4


def test_points_that_leave_the_frame_go_on_and_stay_invisible() -> None:
    queries = np.array([[0, 225, 90], [0, 60, 90]], np.float32)
    tracks = DISTracker().track(shifted((6, 0), 12), queries)
    truth = queries[:, None, 1:] + np.arange(12)[None, :, None] * np.array([6, 0], np.float32)
    assert tracks.points[0, -1, 0] > WIDTH + 10, "the stored position is not clipped"
    assert not tracks.visible[0, 4:].any()
    assert tracks.visible[1].all()
    np.testing.assert_allclose(tracks.points[1], truth[1], atol=0.5)


def test_a_point_that_gets_hidden_is_invisible_from_then_on() -> None:
    frames = filmed(np.repeat(np.array([[[1.0, 0, 200], [0, 1, 200]]]), 14, 0))
    cover = np.clip(texture(9)[:100, :60], 0, 255).astype(np.uint8)
    for t, frame in enumerate(frames):
        frame[40:140, 10 + 12 * t : 70 + 12 * t] = cover[:, : max(0, WIDTH - 10 - 12 * t), None]
    tracks = DISTracker().track(frames, np.array([[0, 130, 90], [0, 130, 160]], np.float32))
    assert tracks.visible[0, :3].all(), "the cover has not reached the point"
    assert not tracks.visible[0, 8:].any(), "the cover has passed over the point"
    assert tracks.visible[1].all(), "nothing passes over the other point"


def test_a_clip_without_texture_stands_still() -> None:
    queries = grid(2)
    tracks = DISTracker().track(np.full((5, HEIGHT, WIDTH, 3), 90, np.uint8), queries)
    np.testing.assert_array_equal(tracks.points, np.repeat(queries[:, None, 1:], 5, 1))
    assert tracks.visible.all()


def test_a_clip_of_one_frame_gives_the_queries_back() -> None:
    queries = grid()
    tracks = DISTracker().track(shifted((0, 0), 1), queries)
    np.testing.assert_array_equal(tracks.points[:, 0], queries[:, 1:])
    assert tracks.visible.all()


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (12, 40), (12, 720), (720, 12), (31, 33)])
def test_frames_too_small_for_dis_are_tracked_all_the_same(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (3, *size, 3), np.uint8)
    tracks = DISTracker().track(frames, np.array([[0, 0, 0], [2, size[1] - 1, size[0] - 1]], np.float32))
    assert tracks.points.shape == (2, 3, 2)
    assert np.isfinite(tracks.points).all()


def test_no_queries_give_no_tracks() -> None:
    tracks = DISTracker().track(shifted((1, 0), 3), np.zeros((0, 3), np.float32))
    assert (tracks.points.shape, tracks.visible.shape) == ((0, 3, 2), (0, 3))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ([5, 1, 1], "frame 5, but the clip has frames 0 to 2"),
        ([-1, 1, 1], "frame -1"),
        ([0.5, 1, 1], "frame 0.5"),
        ([0, np.nan, 1], "NaN"),
    ],
)
def test_queries_that_cannot_be_followed_are_an_error(query: list[float], message: str) -> None:
    with pytest.raises(ItemError, match=message):
        DISTracker().track(shifted((1, 0), 3), np.array([query], np.float32))


def test_the_number_of_threads_changes_no_bit() -> None:
    frames, _ = turning_camera(4)
    threads = cv2.getNumThreads()
    results: list[Tracks] = []
    try:
        for count in (1, 2, 5):
            cv2.setNumThreads(count)
            results.append(DISTracker().track(frames, grid(1)))
    finally:
        cv2.setNumThreads(threads)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].points, other.points)
        np.testing.assert_array_equal(results[0].visible, other.visible)


@pytest.mark.shared
@pytest.mark.skipif(not MTBENCH.is_dir(), reason="no ../shared/data/MTBench beside the repository")
@pytest.mark.parametrize("clip", ["dance-twirl", "snowboard"])
def test_real_tracks_stay_within_five_pixels_of_cotracker(clip: str) -> None:
    shipped = torch.load(MTBENCH / clip / "trajectories" / f"{clip}.pth", weights_only=True).numpy().transpose(1, 0, 2)
    frames = decode(MTBENCH / clip / "videos" / f"{clip}.mp4")
    height, width = frames.shape[1:3]
    points, visible = shipped[..., :2] * np.array([width, height], np.float32), shipped[..., 2] > 0.5
    queries = np.column_stack([np.ones(len(points)), points[:, 1]]).astype(np.float32)

    tracks = DISTracker().track(frames, queries)
    error = np.linalg.norm(tracks.points - points, axis=-1)
    visible[:, 1] = False  # the query frame is right by construction
    assert np.median(error[visible]) < 5
    assert visible[tracks.visible & (np.arange(len(frames)) != 1)].mean() > 0.75, "what DIS calls visible is"


def decode(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
