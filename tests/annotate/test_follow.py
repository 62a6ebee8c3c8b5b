from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from annotate.cut import cut
from annotate.follow import follow
from annotate.settings import CutSettings, FollowSettings
from benchmark.errors import ItemError
from benchmark.masks import read_mask, write_mask
from benchmark.readers import read_dataset
from benchmark.resample import Geometry, map_points
from benchmark.sequence import Sequence
from benchmark.tracks import Tracks, read_tracks

Made = tuple[dict[str, Any], Tracks]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return tmp_path / "bench"


def made_of(
    sequence: Sequence, bench: Path, settings: FollowSettings, cutting: CutSettings | None = None, seed: int = 0
) -> Made:
    made = cut(sequence, "clip", bench, cutting or CutSettings())
    return follow(sequence, "clip", bench, made, settings, seed), read_tracks(bench / "tracks" / "clip.npz")


def few(points: int = 20, **changes: Any) -> FollowSettings:
    return FollowSettings.model_validate({"points": points, **changes})


@pytest.fixture
def square(mtbench: Path) -> Sequence:
    return read_dataset(mtbench)[0]


def test_queries_lie_on_the_object_of_the_first_frame(bear: Sequence, bench: Path) -> None:
    found, tracks = made_of(bear, bench, few())
    assert tracks.queries.shape == (20, 3)
    assert not tracks.queries[:, 0].any()
    mask = read_mask(bench / "masks" / "clip" / "00000.png")
    columns, rows = tracks.queries[:, 1:].astype(int).T
    assert mask[rows, columns].all()
    assert found["flags"] == []
    assert (found["tracks"]["points"], found["tracks"]["query_frame"], found["tracks"]["sampler"]) == (20, 0, "v1")
    assert found["tracks"]["tracker"] == "dis"
    assert found["tracks"]["tracker_settings"]["preset"] == "medium"
    assert found["tracks"]["visible_share"] == pytest.approx(tracks.visible.mean(), abs=1e-6)


def test_tracks_follow_the_object(bear: Sequence, bench: Path) -> None:
    _, tracks = made_of(bear, bench, few())
    moved = np.median(tracks.points[:, -1] - tracks.points[:, 0], axis=0)
    np.testing.assert_allclose(moved, [14, 0], atol=1)


def test_difficulty_is_recorded_with_its_recipe(bear: Sequence, bench: Path) -> None:
    found, _ = made_of(bear, bench, few())
    assert found["difficulty"]["recipe"] == "difficulty/v1"
    assert found["difficulty"]["level"] in ("easy", "medium", "hard")
    assert found["difficulty"]["clusters"] >= 1


def test_an_object_that_appears_later_is_queried_where_it_appears(
    bear: Sequence, bench: Path, mask_of: Callable[..., NDArray[np.uint8]]
) -> None:
    for frame in range(3):
        write_mask(bear.masks[frame], np.zeros_like(mask_of(0)))
    found, tracks = made_of(bear, bench, few())
    assert found["tracks"]["query_frame"] == 3
    columns, rows = tracks.queries[:, 1:].astype(int).T
    assert mask_of(3)[rows, columns].all()
    np.testing.assert_array_equal(tracks.points[:, 3], tracks.queries[:, 1:])


def test_masks_of_some_frames_only_are_used_where_they_are(bear: Sequence, bench: Path) -> None:
    found, _ = made_of(replace(bear, masks={5: bear.masks[5]}), bench, few())
    assert found["tracks"]["query_frame"] == 5


def test_an_all_black_mask_is_an_error_and_never_the_whole_frame(bear: Sequence, bench: Path) -> None:
    for path in bear.masks.values():
        write_mask(path, np.zeros((48, 64), np.uint8))
    with pytest.raises(ItemError, match=r"all 8 masks of clip are all background \(empty_mask\)"):
        made_of(bear, bench, few())
    assert not (bench / "tracks").exists()


def test_a_clip_without_masks_is_queried_all_over_and_flagged(bear: Sequence, bench: Path) -> None:
    found, tracks = made_of(replace(bear, masks={}), bench, few(200))
    assert found["flags"] == ["no_mask"]
    assert np.ptp(tracks.queries[:, 1]) > 55
    assert np.ptp(tracks.queries[:, 2]) > 40


def test_a_mask_with_fewer_pixels_than_points_gives_them_all_and_is_flagged(bear: Sequence, bench: Path) -> None:
    small = np.zeros((48, 64), np.uint8)
    small[20, 15:20] = 1
    write_mask(bear.masks[0], small)
    found, tracks = made_of(bear, bench, few())
    assert (found["flags"], found["tracks"]["points"]) == (["few_points"], 5)
    assert sorted(tracks.queries[:, 1]) == [15, 16, 17, 18, 19]


def test_the_draw_depends_on_the_clips_name_and_the_seed(bear: Sequence, bench: Path) -> None:
    first, again, other = (made_of(bear, bench, few(), seed=seed)[1].queries for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    made = cut(bear, "name", bench, CutSettings())
    follow(bear, "name", bench, made, few(), 0)
    assert (read_tracks(bench / "tracks" / "name.npz").queries != first).any()


def test_the_official_sampler_is_used_and_recorded_when_asked_for(bear: Sequence, bench: Path) -> None:
    found, tracks = made_of(bear, bench, few(sampler="det-official"))
    assert found["tracks"]["sampler"] == "det-official"
    assert (tracks.queries != made_of(bear, bench, few())[1].queries).any()


def test_the_data_sets_tracks_are_taken_as_they_are(square: Sequence, bench: Path) -> None:
    found, tracks = made_of(square, bench, few(tracker="dataset"))
    assert square.tracks is not None
    given = torch.load(square.tracks, weights_only=True).numpy()
    np.testing.assert_allclose(tracks.points, given.transpose(1, 0, 2)[..., :2] * (64, 48), rtol=1e-6)
    assert tracks.visible[:, 1:7].all()
    assert not tracks.visible[:, [0, 7]].any()
    np.testing.assert_array_equal(tracks.queries[:, 0], 1)
    np.testing.assert_array_equal(tracks.queries[:, 1:], tracks.points[:, 1])
    facts = found["tracks"]
    assert (facts["tracker"], facts["tracker_settings"], facts["sampler"]) == ("dataset", {}, "dataset")
    assert (facts["points"], facts["query_frame"], facts["visible_share"]) == (12, 1, 0.75)


def test_another_tracker_starts_from_the_data_sets_points_at_their_frame(square: Sequence, bench: Path) -> None:
    given = made_of(square, bench, few(tracker="dataset"))[1]
    found, tracks = made_of(square, bench, few())
    np.testing.assert_array_equal(tracks.queries, given.queries)
    assert (found["tracks"]["tracker"], found["tracks"]["sampler"]) == ("dis", "dataset")
    assert np.median(np.linalg.norm(tracks.points - given.points, axis=2)) < 1


def test_published_points_at_the_last_pixels_are_kept(square: Sequence, bench: Path) -> None:
    assert square.tracks is not None
    given = torch.load(square.tracks, weights_only=True)
    given[:, 0, :2] = torch.tensor([1919 / 1920, 1087 / 1088])  # the last pixel of the recording
    torch.save(given, square.tracks)
    assert made_of(square, bench, few(tracker="dataset"))[0]["tracks"]["points"] == 12


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_the_data_sets_tracks_go_through_the_clips_map(square: Sequence, bench: Path, fit: str) -> None:
    plain = made_of(square, bench, few(tracker="dataset"))[1]
    cutting = CutSettings.model_validate({"frames": 4, "size": (96, 96), "fit": fit})
    made = cut(square, "clip", bench, cutting)
    _, tracks = made_of(square, bench, few(tracker="dataset"), cutting)
    assert made["picked"] == [0, 2, 4, 7]
    expected = map_points(plain.points[:, made["picked"]], Geometry(**made["geometry"]))
    inside = ((expected[:, 1] >= -0.5) & (expected[:, 1] <= 95.5)).all(axis=1)
    np.testing.assert_allclose(tracks.points, expected[inside], rtol=1e-5)
    np.testing.assert_array_equal(tracks.visible, plain.visible[inside][:, made["picked"]])
    np.testing.assert_array_equal(tracks.queries[:, 0], 1)
    np.testing.assert_array_equal(tracks.queries[:, 1:], tracks.points[:, 1])


def test_points_that_are_cut_away_are_dropped(square: Sequence, bench: Path) -> None:
    found, tracks = made_of(square, bench, few(tracker="dataset"), CutSettings(size=(48, 20)))
    assert 0 < found["tracks"]["points"] < 12
    assert (np.abs(tracks.points[:, 1, 0] - 9.5) <= 10).all()


def test_a_cut_that_leaves_no_point_is_an_error(square: Sequence, bench: Path) -> None:
    with pytest.raises(
        ItemError, match=r"no point of trajectory file .*square\.pth is left inside the frames; choose another --size"
    ):
        made_of(square, bench, few(tracker="dataset"), CutSettings(size=(48, 4)))


def test_trajectories_of_another_length_than_the_video_are_an_error(square: Sequence, bench: Path) -> None:
    assert square.tracks is not None
    torch.save(torch.load(square.tracks, weights_only=True)[:7], square.tracks)
    with pytest.raises(ItemError, match="has 7 frames, expected 8 like its video"):
        made_of(square, bench, few(tracker="dataset"))


def test_trajectories_that_are_too_short_for_the_picked_frames_are_an_error(square: Sequence, bench: Path) -> None:
    assert square.tracks is not None
    torch.save(torch.load(square.tracks, weights_only=True)[:7], square.tracks)
    with pytest.raises(ItemError, match="has 7 frames, expected 8 like its video"):
        made_of(square, bench, few(tracker="dataset"), CutSettings(frames=4))


def test_a_sequence_without_tracks_of_its_own_cannot_use_them(bear: Sequence, bench: Path) -> None:
    with pytest.raises(ItemError, match="davis-2017 sequence bear has no tracks of its own; use --tracker dis"):
        made_of(bear, bench, few(tracker="dataset"))
