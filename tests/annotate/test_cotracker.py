"""CoTracker: what the authors' predictor is given and what is made of its answer, with a stand-in of its package.

Where the real package is importable, our tracks are compared with those of its predictor, on random weights.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from annotate.cotracker import CHUNK, LONGEST, CoTracker
from annotate.cotracker_models import MODELS
from annotate.grids import grid_queries
from annotate.tracker import Tracker
from benchmark.errors import InputError, ItemError, Unavailable

WIDTH, HEIGHT = 120, 90
STEP = np.array([2.0, -1.0])
"""How the stand-ins move a point from frame to frame, in px of their own frame: all that their checkpoints hold."""

HEADER = """
import torch
from witness import calls

torch.manual_seed(0)

def moved(queries, step, frames):
    times = torch.arange(frames)[None, :, None] - queries[:, None, :, 0]
    return queries[:, None, :, 1:] + times[..., None] * step
"""

OFFLINE = """
class CoTrackerThreeOffline(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.step = torch.nn.Parameter(torch.randn(2))

    def forward(self, video, queries, fmaps_chunk_size=200):
        calls.append({"chunk": fmaps_chunk_size})
        return moved(queries, self.step, video.shape[1])

class CoTrackerPredictor(torch.nn.Module):
    def __init__(self, checkpoint="somewhere.pth", offline=True, v2=False, window_len=60):
        super().__init__()
        assert checkpoint is None
        calls.append({"offline": offline, "window_len": window_len})
        self.model = CoTrackerThreeOffline()

    @torch.no_grad()
    def forward(self, video, queries=None, segm_mask=None, grid_size=0, grid_query_frame=0, backward_tracking=False):
        calls.append({"video": video, "queries": queries, "grid_size": grid_size, "backward": backward_tracking})
        tracks = self.model.forward(video=video, queries=queries)
        return tracks, tracks[..., 0] < 100
"""

ONLINE = """
class CoTrackerThreeOnline(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.step = torch.nn.Parameter(torch.randn(2))

class CoTrackerOnlinePredictor(torch.nn.Module):
    def __init__(self, checkpoint="somewhere.pth", offline=False, v2=False, window_len=16):
        super().__init__()
        assert checkpoint is None
        self.model, self.step = CoTrackerThreeOnline(), window_len // 2

    @torch.no_grad()
    def forward(self, video_chunk, is_first_step=False, queries=None, grid_size=5, grid_query_frame=0,
                add_support_grid=False):
        calls.append({"frames": video_chunk.shape[1], "support": add_support_grid})
        if is_first_step:
            self.queries, self.seen = queries, -self.step
            return None, None
        self.seen += self.step
        tracks = moved(self.queries, self.model.step, self.seen + video_chunk.shape[1])
        tracks = torch.where(tracks[..., :1] < self.queries[:, None, :, 1:2], -1e6, tracks)
        return tracks, torch.ones_like(tracks[..., 0], dtype=bool)
"""

FIRST = """
class CoTracker(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.step = torch.nn.Parameter(torch.randn(2))

class CoTrackerPredictor(torch.nn.Module):
    def __init__(self, checkpoint="somewhere.pth"):
        super().__init__()
        assert checkpoint is None
        self.model = CoTracker()

    @torch.no_grad()
    def forward(self, video, queries=None, segm_mask=None, grid_size=0, grid_query_frame=0, backward_tracking=False):
        calls.append({"video": video, "queries": queries, "grid_size": grid_size, "backward": backward_tracking})
        tracks = moved(queries, self.model.step, video.shape[1])
        return tracks, torch.ones_like(tracks[..., 0], dtype=bool)
"""

RELEASES = {"main": HEADER + OFFLINE + ONLINE, "v1.0": HEADER + FIRST}

Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the stand-in is asked, in order."""
    witness = ModuleType("witness")
    witness.__dict__["calls"] = []
    monkeypatch.setitem(sys.modules, "witness", witness)
    return witness.__dict__["calls"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls) -> Path:
    """torch.hub's cache with the stand-ins of both releases and their checkpoints; nothing is installed."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("annotate.cotracker_models.find_spec", lambda name: None)
    for release, code in RELEASES.items():
        write_package(tmp_path / "hub" / f"facebookresearch_co-tracker_{release}", code)
    (tmp_path / "hub" / "checkpoints").mkdir()
    for model in MODELS.values():
        torch.save({"step": torch.from_numpy(STEP).float()}, tmp_path / "hub" / "checkpoints" / model.checkpoint)
    return tmp_path / "hub"


def write_package(folder: Path, code: str) -> None:
    (folder / "cotracker").mkdir(parents=True)
    (folder / "cotracker" / "__init__.py").touch()
    (folder / "cotracker" / "predictor.py").write_text(code)


def clip(count: int = 10, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def expected(queries: np.ndarray, count: int, scale: tuple[float, float]) -> np.ndarray:
    times = np.arange(count)[None] - queries[:, :1]
    return queries[:, None, 1:] + times[..., None] * STEP * scale


QUERIES = np.array([[0, 20, 30], [0, 119, 0.5], [0, -3, 40]], np.float32)
CORNERS = (WIDTH - 1) / 511, (HEIGHT - 1) / 383
SIZE = WIDTH / 512, HEIGHT / 384


@pytest.mark.parametrize(("kind", "scale"), [("cotracker3-offline", CORNERS), ("cotracker1", SIZE)])
def test_the_predictor_gets_frames_and_queries_in_its_own_size_and_its_tracks_come_back_in_the_videos(
    kind: str, scale: tuple[float, float], hub: Path, calls: Calls
) -> None:
    tracker: Tracker = CoTracker(kind)
    frames = clip()
    tracks = tracker.track(frames, QUERIES)
    call = next(call for call in calls if "video" in call)
    torch.testing.assert_close(
        call["queries"][0, :, 1:], torch.from_numpy(QUERIES[:, 1:] / np.array(scale, np.float32))
    )
    whole = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    aligned = kind != "cotracker1"
    small = torch.nn.functional.interpolate(whole, (384, 512), mode="bilinear", align_corners=aligned)
    torch.testing.assert_close(call["video"], small[None])
    np.testing.assert_allclose(tracks.points, expected(QUERIES, 10, scale), atol=1e-4)
    assert (tracks.points.dtype, tracks.visible.dtype) == (np.float32, bool)


def test_visibility_is_the_predictors_but_at_the_query_a_point_is_there_and_seen(hub: Path) -> None:
    queries = np.array([[0, 20, 30], [7, 60.1, 30.3]], np.float32)
    tracks = CoTracker().track(clip(), queries)
    np.testing.assert_array_equal(tracks.points[[0, 1], [0, 7]], queries[:, 1:])
    own = tracks.points[..., 0] / CORNERS[0] < 100
    own[1, 7] = True
    np.testing.assert_array_equal(tracks.visible, own)
    assert not tracks.visible.all()
    np.testing.assert_array_equal(tracks.queries, queries)


@pytest.mark.parametrize(
    ("kind", "scale"), [("cotracker3-offline", "corners"), ("cotracker3-online", "corners"), ("cotracker1", "size")]
)
def test_a_grid_for_it_is_laid_out_as_its_predictor_does(kind: str, scale: str, hub: Path) -> None:
    assert CoTracker(kind).grid_scale == scale


@pytest.mark.parametrize("kind", ["cotracker3-offline", "cotracker1"])
@pytest.mark.parametrize(("support_grid", "grid_size"), [(True, 0), (False, 1)])
def test_the_support_grid_is_the_predictors_own_unless_it_is_refused(
    kind: str, support_grid: bool, grid_size: int, hub: Path, calls: Calls
) -> None:
    CoTracker(kind).track(clip(), QUERIES, support_grid=support_grid)
    assert [call["grid_size"] for call in calls if "video" in call] == [grid_size]


@pytest.mark.parametrize("support_grid", [True, False])
def test_the_online_predictor_is_told_of_the_support_grid_at_every_step(
    support_grid: bool, hub: Path, calls: Calls
) -> None:
    CoTracker("cotracker3-online").track(clip(40), QUERIES, support_grid=support_grid)
    assert {call["support"] for call in calls if "frames" in call} == {support_grid}


@pytest.mark.parametrize(
    ("count", "windows"), [(1, [1]), (8, [8]), (16, [16]), (17, [16, 9]), (24, [16, 16]), (40, [16, 16, 16, 16])]
)
def test_the_online_model_sees_windows_of_sixteen_frames_eight_apart(
    count: int, windows: list[int], hub: Path, calls: Calls
) -> None:
    tracks = CoTracker("cotracker3-online").track(clip(count), QUERIES)
    np.testing.assert_allclose(tracks.points, expected(QUERIES, count, CORNERS), atol=1e-4)
    assert [call["frames"] for call in calls if "frames" in call][1:] == windows


def test_the_online_model_goes_through_the_reversed_clip_for_frames_before_a_query(hub: Path) -> None:
    queries = np.array([[0, 20, 30], [11, 60, 30], [19, 50, 40]], np.float32)
    tracks = CoTracker("cotracker3-online").track(clip(20), queries)
    ahead = np.arange(20)[None] - queries[:, :1]
    mirrored = queries[:, None, 1:] + np.abs(ahead)[..., None] * STEP * CORNERS
    np.testing.assert_allclose(tracks.points, mirrored, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "frame", "backward"),
    [("cotracker3-offline", 5, False), ("cotracker1", 5, True), ("cotracker1", 0, False)],
)
def test_only_a_model_that_looks_forwards_alone_is_run_backwards_and_only_when_needed(
    kind: str, frame: int, backward: bool, hub: Path, calls: Calls
) -> None:
    CoTracker(kind).track(clip(), np.array([[0, 3, 3], [frame, 20, 30]], np.float32))
    assert [call["backward"] for call in calls if "video" in call] == [backward]


@pytest.mark.parametrize("count", [1, 4, 7, 8])
def test_clips_shorter_than_cotracker_1s_window_go_on_with_their_last_frame(
    count: int, hub: Path, calls: Calls
) -> None:
    tracks = CoTracker("cotracker1").track(clip(count), QUERIES)
    video = next(call["video"] for call in calls if "video" in call)
    assert video.shape[1] == 8
    torch.testing.assert_close(video[:, count:], video[:, count - 1 : count].expand(-1, 8 - count, -1, -1, -1))
    np.testing.assert_allclose(tracks.points, expected(QUERIES, count, SIZE), atol=1e-4)


def test_a_long_clip_goes_in_windows_and_the_network_takes_few_frames_at_once(hub: Path, calls: Calls) -> None:
    count = LONGEST + 10
    tracks = CoTracker().track(clip(count, 24, 16), QUERIES[:1])
    lengths = [call["video"].shape[1] for call in calls if "video" in call]
    assert (lengths[0], len(lengths)) == (LONGEST, 2)
    assert {call["chunk"] for call in calls if "chunk" in call} == {CHUNK}
    np.testing.assert_allclose(tracks.points, expected(QUERIES[:1], count, (23 / 511, 15 / 383)), atol=1e-3)


def test_no_queries_give_no_tracks(hub: Path) -> None:
    tracks = CoTracker().track(clip(), np.zeros((0, 3), np.float32))
    assert (tracks.points.shape, tracks.visible.shape) == ((0, 10, 2), (0, 10))


@pytest.mark.parametrize("query", [[np.nan, 1, 1], [0, np.inf, 1], [10, 1, 1], [-1, 1, 1], [0.5, 1, 1]])
def test_queries_that_are_no_place_in_the_clip_are_refused(query: list[float], hub: Path) -> None:
    with pytest.raises(ItemError, match="queries"):
        CoTracker().track(clip(), np.array([query], np.float32))


def test_settings_name_checkpoint_window_and_threshold(hub: Path) -> None:
    found = {kind: CoTracker(kind).settings for kind in MODELS}
    assert [dict(settings)["visibility_threshold"] for settings in found.values()] == [0.9, 0.6, 0.9]
    assert found["cotracker3-offline"]["window_len"] == 60
    before = found["cotracker1"]["checkpoint_sha256"]
    torch.save({"step": torch.tensor([5.0, 5.0])}, hub / "checkpoints" / MODELS["cotracker1"].checkpoint)
    assert CoTracker("cotracker1").settings["checkpoint_sha256"] != before


def test_a_folder_of_weights_is_taken_before_the_cache(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    torch.save({"model": {"step": torch.tensor([0.0, 0.0])}}, tmp_path / "mine" / "scaled_offline.pth")
    tracks = CoTracker(weights=tmp_path / "mine").track(clip(), QUERIES)
    np.testing.assert_allclose(tracks.points[:, 9], QUERIES[:, 1:], atol=1e-4)


def test_both_releases_are_used_in_one_process_and_an_imported_one_stays(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = ModuleType("cotracker")
    monkeypatch.setitem(sys.modules, "cotracker", imported)
    path = list(sys.path)
    trackers = [CoTracker(kind) for kind in MODELS]
    assert len({tracker.name for tracker in trackers}) == 3
    assert sys.modules["cotracker"] is imported
    assert "cotracker.predictor" not in sys.modules
    assert sys.path == path


def test_an_installed_package_is_used_for_the_release_it_is(
    hub: Path, tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(tmp_path / "site", RELEASES["main"] + "\ncalls.append({'installed': True})")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "cotracker", raising=False)
    monkeypatch.setattr("annotate.cotracker_models.find_spec", find_spec)
    CoTracker()
    assert {"installed": True} in calls
    np.testing.assert_allclose(CoTracker("cotracker1").track(clip(), QUERIES).points[0, 1], (20, 30) + STEP * SIZE)


def test_torchs_random_state_stays_as_it_is(hub: Path) -> None:
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    CoTracker()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("kind", MODELS)
def test_missing_code_or_checkpoint_says_how_to_get_it(kind: str, hub: Path) -> None:
    model = MODELS[kind]
    (hub / "checkpoints" / model.checkpoint).rename(hub / "elsewhere.pth")
    with pytest.raises(Unavailable, match=model.checkpoint) as checkpoint:
        CoTracker(kind)
    (hub / "elsewhere.pth").rename(hub / "checkpoints" / model.checkpoint)
    (hub / f"facebookresearch_co-tracker_{model.release}").rename(hub / "elsewhere")
    with pytest.raises(Unavailable, match="code of") as code:
        CoTracker(kind)
    assert checkpoint.value.cure == code.value.cure
    assert f"'{model.entry}'" in code.value.cure


def test_a_package_that_its_code_imports_is_named_when_missing(hub: Path) -> None:
    package = hub / "facebookresearch_co-tracker_v1.0" / "cotracker" / "predictor.py"
    package.write_text("import a_package_that_is_not_here\n")
    with pytest.raises(Unavailable, match=r"a_package_that_is_not_here.*pip install einops timm tqdm && python"):
        CoTracker("cotracker1")


class Bomb:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("bomb-went-off"),))


@pytest.mark.parametrize("content", [{"other": torch.zeros(2)}, {"step": torch.zeros(3)}, [1], Bomb(), b"not torch's"])
def test_a_checkpoint_of_something_else_is_refused_and_never_run(
    content: Any, hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = hub / "checkpoints" / "scaled_offline.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(InputError, match="does not hold the weights of cotracker3_offline"):
        CoTracker()
    assert not Path("bomb-went-off").exists()


def test_an_unknown_model_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match="cotracker3-offline"):
        CoTracker("cotracker2")


def moving_clip(count: int) -> np.ndarray:
    ground = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8).repeat(6, 0).repeat(6, 1)
    return np.stack([ground[t : t + 120, 2 * t : 2 * t + 160] for t in range(count)])


@pytest.mark.parametrize("masked", [False, True])
def test_the_real_offline_model_gives_its_predictors_tracks(masked: bool, tmp_path: Path) -> None:
    package = pytest.importorskip("cotracker.predictor", reason="CoTracker's package is not installed")
    torch.manual_seed(3)
    predictor = package.CoTrackerPredictor(checkpoint=None, offline=True, window_len=60)
    torch.save(predictor.model.state_dict(), tmp_path / "scaled_offline.pth")
    frames = moving_clip(3)
    mask = np.zeros((30, 40), np.uint8)
    mask[5:20, 5:30] = 255
    video = torch.from_numpy(frames).permute(0, 3, 1, 2)[None].float()
    segments = torch.from_numpy(mask)[None, None].float() if masked else None
    tracks, visible = predictor(video, grid_size=5, segm_mask=segments)

    queries = grid_queries(5, 160, 120, mask=mask if masked else None)
    ours = CoTracker(weights=tmp_path).track(frames, queries, support_grid=masked)
    np.testing.assert_allclose(ours.points, tracks[0].transpose(0, 1), atol=1e-3)
    np.testing.assert_array_equal(ours.visible, visible[0].T)


def test_the_real_online_model_gives_its_predictors_tracks(tmp_path: Path) -> None:
    package = pytest.importorskip("cotracker.predictor", reason="CoTracker's package is not installed")
    torch.manual_seed(3)
    predictor = package.CoTrackerOnlinePredictor(checkpoint=None, window_len=16)
    torch.save(predictor.model.state_dict(), tmp_path / "scaled_online.pth")
    frames = moving_clip(3)
    video = torch.from_numpy(frames).permute(0, 3, 1, 2)[None].float()
    queries = np.array([[0, 30, 40], [0, 100.5, 80]], np.float32)
    predictor(video, is_first_step=True, queries=torch.from_numpy(queries)[None], add_support_grid=True)
    tracks, visible = predictor(video, add_support_grid=True)

    ours = CoTracker("cotracker3-online", tmp_path).track(frames, queries)
    np.testing.assert_allclose(ours.points[:, 1:], tracks[0].transpose(0, 1)[:, 1:], atol=1e-3)
    np.testing.assert_array_equal(ours.visible[:, 1:], visible[0].T[:, 1:])
