from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.contact_sheet import TAIL, TILE, contact_sheet, write_contact_sheet
from benchmark.errors import ItemError
from benchmark.manifest import Clip
from benchmark.masks import write_mask
from benchmark.resample import pick_frames
from benchmark.source import Source
from benchmark.tracks import Tracks, write_tracks
from benchmark.video import write_video

LENGTH, HEIGHT, WIDTH = 10, 96, 128
SCALE = TILE / WIDTH
GREY = 120
RED, GREEN = (128, 0, 0), (0, 128, 0)
"""Colours of objects 1 and 2 in masks of DAVIS."""

MakeSource = Callable[..., Source]


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """A clip on disk of given frames, masks by frame and tracks; plain grey frames unless others are given."""

    def make(
        frames: np.ndarray | None = None,
        masks: dict[int, np.ndarray] | None = None,
        tracks: Tracks | None = None,
        caption: str = "a square is moving",
    ) -> Source:
        frames = np.full((LENGTH, HEIGHT, WIDTH, 3), GREY, np.uint8) if frames is None else frames
        (tmp_path / "videos").mkdir()
        write_video(tmp_path / "videos" / "c.mp4", frames, 8)
        for frame, mask in (masks or {}).items():
            write_mask(tmp_path / "masks" / "c" / f"{frame:05d}.png", mask)
        if tracks:
            write_tracks(tmp_path / "tracks" / "c.npz", tracks)
        count, height, width = frames.shape[:3]
        record: dict[str, Any] = {
            "file_name": "videos/c.mp4",
            "id": "c",
            "source": {"dataset": "test", "sequence": "c"},
            "video": {"fps": 8, "frames": count, "height": height, "width": width, "sha256": "0" * 64},
            "caption": caption,
            "verb": "moving",
            "category": "single_object",
            "prompts": [],
            "masks": {"folder": "masks/c", "frames": list(masks), "annotator": "test"} if masks else None,
            "tracks": _track_facts(tracks) if tracks else None,
        }
        return Source(tmp_path, Clip.model_validate(record))

    return make


def _track_facts(tracks: Tracks) -> dict[str, Any]:
    return {
        "file": "tracks/c.npz",
        "sha256": "0" * 64,
        "tracker": "test",
        "sampler": "test",
        "points": len(tracks.points),
        "query_frame": 0,
        "visible_share": 0.5,
    }


def _two_objects() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:60, 10:50] = 1
    mask[30:80, 70:120] = 2
    return mask


def _tracks(*ways: list[tuple[float, float]], hidden: tuple[tuple[int, int], ...] = ()) -> Tracks:
    points = np.array(ways, np.float32)
    visible = np.ones(points.shape[:2], bool)
    for track, frame in hidden:
        visible[track, frame] = False
    return Tracks(points, visible, np.column_stack([np.zeros(len(points)), points[:, 0]]).astype(np.float32))


def _still(x: float, y: float) -> list[tuple[float, float]]:
    return [(x, y)] * LENGTH


def _pictures(sheet: np.ndarray) -> list[np.ndarray]:
    """The frames on a sheet, row by row: whatever fills rows and columns that are mostly not paper."""
    drawn = np.any(sheet < 250, axis=2)
    rows = _runs(drawn.mean(axis=1) > 0.5)
    return [sheet[row, column] for row in rows for column in _runs(drawn[row].mean(axis=0) > 0.9)]


def _runs(flags: np.ndarray) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags, [0]]).astype(int)))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2)]


def _at(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    """Colour of the sheet where the clip has the position (x, y)."""
    return picture[int((y + 0.5) * SCALE), int((x + 0.5) * SCALE)].astype(int)


def _colourful(colour: np.ndarray) -> int:
    return int(colour.max() - colour.min())


def test_tiles_are_evenly_picked_frames_in_order(make_source):
    levels = 40 + 15 * np.arange(LENGTH, dtype=np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (LENGTH, HEIGHT, WIDTH, 3))
    shown = [int(np.median(picture)) for picture in _pictures(contact_sheet(make_source(frames), columns=3, rows=2))]
    expected = [40 + 15 * t for t in pick_frames(LENGTH, 6)]
    assert np.abs(np.subtract(shown, expected)).max() <= 2, f"tiles have levels {shown}, expected {expected}"


def test_objects_are_tinted_in_the_colours_of_davis(make_source):
    (picture, _) = _pictures(contact_sheet(make_source(masks={0: _two_objects()}), columns=2, rows=1))
    for place, colour in (((30, 40), RED), ((95, 55), GREEN)):
        change, direction = _at(picture, *place) - GREY, np.subtract(colour, GREY)
        share = change @ direction / (direction @ direction)
        assert 0.2 < share < 0.5, f"the tint at {place} has a strength of {share:.2f}"
        assert np.abs(change - share * direction).max() <= 2, f"the tint at {place} is not of the colour {colour}"
    assert np.abs(_at(picture, 60, 10) - GREY).max() <= 2, "the background is tinted too"


def test_objects_are_outlined(make_source):
    (picture, _) = _pictures(contact_sheet(make_source(masks={0: _two_objects()}), columns=2, rows=1))
    assert np.abs(_at(picture, 9.5, 40) - RED).max() <= 25, "no outline at the left edge of object 1"
    assert np.abs(_at(picture, 119.5, 55) - GREEN).max() <= 25, "no outline at the right edge of object 2"


def test_a_frame_without_a_mask_is_left_as_it_is(make_source):
    (_, last) = _pictures(contact_sheet(make_source(masks={0: _two_objects()}), columns=2, rows=1))
    assert np.abs(last.astype(int) - GREY).max() <= 2


def test_a_visible_point_is_a_dot_and_a_hidden_one_a_ring(make_source):
    tracks = _tracks(_still(40, 40), _still(90, 60), hidden=((1, 0),))
    (first, last) = _pictures(contact_sheet(make_source(tracks=tracks), columns=2, rows=1))
    assert _colourful(_at(first, 40, 40)) > 150, "the visible point has no dot"
    assert _colourful(_at(first, 90, 60)) <= 4, "the hidden point is filled"
    around = first[int(60.5 * SCALE) - 5 : int(60.5 * SCALE) + 6, int(90.5 * SCALE) - 5 : int(90.5 * SCALE) + 6]
    assert np.ptp(around.astype(int), axis=2).max() > 80, "the hidden point has no ring"
    assert _colourful(_at(last, 90, 60)) > 150, "the point has no dot where it is visible again"


def test_points_keep_their_colours_and_differ_from_each_other(make_source):
    tracks = _tracks([(30 + 5 * t, 30) for t in range(LENGTH)], _still(20, 80))
    (first, last) = _pictures(contact_sheet(make_source(tracks=tracks), columns=2, rows=1))
    assert np.abs(_at(first, 30, 30) - _at(last, 75, 30)).max() <= 2, "a point changes its colour as it moves"
    assert np.abs(_at(first, 20, 80) - _at(first, 30, 30)).max() > 100, "far points have the same colour"


def test_a_tail_follows_a_point_and_fades(make_source):
    tracks = _tracks([(10 + 10 * t, 48) for t in range(LENGTH)], _still(64, 10))
    (first, last) = _pictures(contact_sheet(make_source(tracks=tracks), columns=2, rows=1))
    assert _colourful(_at(first, 15, 48)) <= 4, "the first frame has a tail"
    strengths = [_colourful(_at(last, 95 - 10 * age, 48)) for age in range(TAIL + 1)]
    assert strengths == sorted(strengths, reverse=True), f"the tail does not fade: {strengths}"
    assert strengths[0] > 100, "there is no tail"
    assert strengths[TAIL] <= 4, f"the tail is longer than {TAIL} frames"


def test_a_tail_does_not_reach_back_past_a_frame_where_the_point_was_hidden(make_source):
    tracks = _tracks([(10 + 10 * t, 48) for t in range(LENGTH)], _still(64, 10), hidden=((0, 6),))
    (_, last) = _pictures(contact_sheet(make_source(tracks=tracks), columns=2, rows=1))
    assert _colourful(_at(last, 85, 48)) > 50, "the tail since the point came back is missing"
    assert _colourful(_at(last, 75, 48)) <= 4, "the tail passes through the frame where the point was hidden"
    assert _colourful(_at(last, 45, 48)) <= 4, "the tail goes on before the frame where the point was hidden"


def test_a_point_outside_the_frame_is_not_drawn(make_source):
    tracks = _tracks(_still(-500, 40), _still(40, 1e6))
    for picture in _pictures(contact_sheet(make_source(tracks=tracks), columns=2, rows=1)):
        assert np.abs(picture.astype(int) - GREY).max() <= 2


def test_a_clip_with_no_points_at_all_is_drawn(make_source):
    tracks = Tracks(np.empty((0, LENGTH, 2), np.float32), np.empty((0, LENGTH), bool), np.empty((0, 3), np.float32))
    assert len(_pictures(contact_sheet(make_source(tracks=tracks)))) == 8


def test_a_clip_of_one_frame_has_one_tile(make_source):
    frames = np.full((1, HEIGHT, WIDTH, 3), GREY, np.uint8)
    tracks = _tracks([(40, 40)], [(90, 60)])
    pictures = _pictures(contact_sheet(make_source(frames, {0: _two_objects()}, tracks)))
    assert len(pictures) == 1
    assert _colourful(_at(pictures[0], 40, 40)) > 150


@pytest.mark.parametrize("size", [(96, 54), (1000, 20), (64, 64), (7, 9)], ids=str)
def test_frames_of_any_shape_are_scaled_to_fit_a_tile(make_source, size):
    frames = np.full((2, *size, 3), GREY, np.uint8)
    for picture in _pictures(contact_sheet(make_source(frames), columns=2, rows=1)):
        assert max(picture.shape[:2]) == TILE
        assert picture.shape[0] / picture.shape[1] == pytest.approx(size[0] / size[1], rel=0.05)


def test_a_long_caption_is_cut_to_the_width(make_source):
    source = make_source(caption="a square is moving past words " * 50)
    short = Source(source.root, source.clip.model_copy(update={"caption": "a square"}))
    long_sheet, short_sheet = contact_sheet(source), contact_sheet(short)
    assert long_sheet.shape == short_sheet.shape, "the caption changes the size of the sheet"
    assert (long_sheet[:, -10:] == 255).all(), "the caption runs into the margin"
    title = long_sheet[:60]
    assert (title[:, -80:-20] < 128).any(), "the caption is cut long before the end of the line"
    assert not np.array_equal(title, short_sheet[:60]), "the caption is not written at all"


def test_equal_clips_give_equal_bytes(make_source, tmp_path):
    source = make_source(masks={0: _two_objects()}, tracks=_tracks(_still(40, 40), _still(90, 60)))
    write_contact_sheet(tmp_path / "a.png", source)
    write_contact_sheet(tmp_path / "b.png", replace(source))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), contact_sheet(source)), "the file shows another picture"


def test_tracks_of_another_length_than_the_video_are_refused(make_source):
    source = make_source(tracks=_tracks(_still(40, 40)))
    short = Tracks(np.zeros((1, 7, 2), np.float32), np.ones((1, 7), bool), np.zeros((1, 3), np.float32))
    write_tracks(source.root / "tracks" / "c.npz", short)
    with pytest.raises(ItemError, match=r"tracks of clip 'c' have 7 frames, expected 10"):
        contact_sheet(source)


def test_a_mask_of_another_size_than_the_video_is_refused(make_source):
    source = make_source(masks={0: np.ones((HEIGHT, WIDTH - 2), np.uint8)})
    with pytest.raises(ItemError, match=r"00000\.png is 126x96, expected 128x96"):
        contact_sheet(source)
