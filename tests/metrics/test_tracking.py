from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annotate.build import build
from annotate.dis import DISTracker
from annotate.grids import Scale, grid_queries
from annotate.settings import BuildSettings, FollowSettings
from benchmark.errors import InputError, ItemError, Unavailable
from benchmark.manifest import MaskFacts, TrackFacts
from benchmark.masks import read_mask, write_mask, write_soft_mask
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.tracks import Tracks, read_tracks, write_tracks
from benchmark.video import Video
from metrics.cache import Cache
from metrics.film import Film
from metrics.result import Score
from metrics.rules import Box, Foreground, FrameRule
from metrics.settings import JudgeSettings
from metrics.tracking import ANNOTATED, TrackPair, TrackRule, tracker_of
from metrics.tracking import track_pair as track_films

Asked = list[tuple[tuple[int, ...], NDArray[np.float32], bool]]

MTBENCH = Path(__file__).resolve().parents[3] / "shared" / "data" / "MTBench"


def with_tracks(source: Source, **changes: Any) -> Source:
    """Return the clip with other facts of its tracks."""
    assert source.clip.tracks is not None
    made = TrackFacts.model_validate(source.clip.tracks.model_dump() | changes)
    return Source(source.root, source.clip.model_copy(update={"tracks": made}))


def track_pair(
    source: Source, video: Video | Film, chosen: str | None, rule: TrackRule = ANNOTATED, cache: Cache | None = None
) -> TrackPair | Score:
    """Track a video by the tracker chosen."""
    film = Film.of(video) if isinstance(video, Video) else video
    return track_films(source, Film.of_source(source, cache), film, JudgeSettings(tracker=chosen), rule)


def pair_of(found: TrackPair | Score) -> TrackPair:
    assert isinstance(found, TrackPair), found
    return found


@pytest.fixture
def source(own_tracked: Benchmark) -> Source:
    return own_tracked.source(own_tracked.clips[0])


@pytest.fixture
def tracks(source: Source) -> Tracks:
    found = source.tracks
    assert found is not None
    return found


@pytest.fixture
def video(source: Source) -> Video:
    return Video(source.frames, source.clip.video.fps, ())


def test_the_reference_is_what_the_benchmark_holds(source: Source, tracks: Tracks, video: Video) -> None:
    pair = pair_of(track_pair(source, video, None))
    np.testing.assert_array_equal(pair.reference, tracks.points.astype(np.float64) / (160, 120))


def test_the_source_itself_is_tracked_to_the_very_reference(source: Source, video: Video) -> None:
    pair = pair_of(track_pair(source, video, None))
    np.testing.assert_array_equal(pair.generated, pair.reference)


@pytest.mark.parametrize("chosen", [None, "dis"])
def test_only_the_generation_is_tracked_when_the_tracker_is_the_benchmarks(
    source: Source, video: Video, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, track = [], DISTracker.track
    monkeypatch.setattr(DISTracker, "track", lambda *inputs, **more: calls.append(1) or track(*inputs, **more))
    track_pair(source, video, chosen)
    assert len(calls) == 1


def test_queries_lie_at_the_same_relative_places_and_frames_in_a_video_of_another_size(
    source: Source, tracks: Tracks, resting: Asked
) -> None:
    video = Video(np.zeros((5, 60, 320, 3), np.uint8), 12, ())
    pair = pair_of(track_pair(source, video, "resting"))
    shape, queries, _ = resting[-1]
    assert shape == (5, 60, 320, 3)
    np.testing.assert_allclose(queries, tracks.queries * (1, 2, 0.5), rtol=1e-6)
    np.testing.assert_allclose(pair.generated[:, 0], tracks.queries[:, 1:] / (160, 120), rtol=1e-6)


def test_another_tracker_tracks_the_source_too_once_for_all_its_videos(
    source: Source, tracks: Tracks, video: Video, resting: Asked, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    pairs = [pair_of(track_pair(source, video, "resting", cache=cache)) for _ in range(2)]
    assert len(resting) == 3, "two generations and one source"
    np.testing.assert_allclose(pairs[1].reference[:, -1], tracks.queries[:, 1:] / (160, 120), rtol=1e-6)


def test_a_source_that_was_built_anew_is_tracked_anew(
    source: Source, tracks: Tracks, video: Video, resting: Asked, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    track_pair(source, video, "resting", cache=cache)
    assert source.clip.tracks is not None
    moved = tracks.queries + np.array([0, 1, 0], np.float32)
    write_tracks(source.root / source.clip.tracks.file, Tracks(tracks.points, tracks.visible, moved))
    track_pair(with_tracks(source, sha256="0" * 64), video, "resting", cache=cache)
    assert len(resting) == 4


def test_tracks_of_another_version_of_the_tracker_are_unavailable_and_the_cure_works(
    source: Source, video: Video
) -> None:
    older = with_tracks(source, tracker_settings={"preset": "fast"})
    with pytest.raises(Unavailable) as missing:
        track_pair(older, video, None)
    assert "'preset': 'fast'" in str(missing.value)
    assert "--tracker dis" in missing.value.cure
    pair = pair_of(track_pair(older, video, "dis"))
    np.testing.assert_array_equal(pair.reference, pair.generated)


@pytest.mark.parametrize(("tracker", "said"), [("dataset", "the data set's own tracks"), ("exact", "tracks, exact,")])
def test_tracks_whose_tracker_is_not_here_are_unavailable_and_the_cure_works(
    source: Source, video: Video, tracker: str, said: str
) -> None:
    given = with_tracks(source, tracker=tracker, tracker_settings={})
    with pytest.raises(Unavailable) as missing:
        track_pair(given, video, None)
    assert said in str(missing.value)
    assert "--tracker dis" in missing.value.cure
    assert isinstance(track_pair(given, video, "dis"), TrackPair)


@pytest.mark.parametrize("chosen", ["dsi", "dataset"])
def test_a_tracker_that_is_not_there_is_refused(source: Source, video: Video, chosen: str) -> None:
    with pytest.raises(InputError, match=f"unknown tracker '{chosen}'"):
        track_pair(source, video, chosen)


def test_a_clip_without_tracks_has_no_pair(source: Source, video: Video) -> None:
    bare = Source(source.root, source.clip.model_copy(update={"tracks": None}))
    found = track_pair(bare, video, None)
    assert isinstance(found, Score)
    assert found.code == "no_tracks"
    assert tracker_of(bare.clip, None) is None
    assert tracker_of(bare.clip, "dis") == "dis"


@pytest.mark.parametrize("frames", [1, 4])
def test_a_video_that_ends_before_the_query_frame_has_no_pair(source: Source, tracks: Tracks, frames: int) -> None:
    assert source.clip.tracks is not None
    later = Tracks(tracks.points, tracks.visible, tracks.queries + np.array([4, 0, 0], np.float32))
    write_tracks(source.root / source.clip.tracks.file, later)
    found = track_pair(source, Video(source.frames[:frames], 12, ()), None)
    assert isinstance(found, Score)
    assert (found.code, found.n_total) == ("too_few_frames", 30)
    assert f"{frames} frames and the tracks start at frame 4" in found.reason


@pytest.mark.parametrize("broken", ["nan", "text", "gone"])
def test_tracks_that_cannot_be_used_are_an_error_of_the_clip(
    source: Source, tracks: Tracks, video: Video, broken: str
) -> None:
    assert source.clip.tracks is not None
    file = source.root / source.clip.tracks.file
    if broken == "nan":
        tracks.points[3, 2] = np.nan
        write_tracks(file, tracks)
    elif broken == "text":
        file.write_text("no tracks")
    else:
        file.unlink()
    with pytest.raises(ItemError, match=str(file)):
        track_pair(source, video, None)


def test_reading_a_benchmarks_tracks_does_not_change_them(source: Source, video: Video) -> None:
    assert source.clip.tracks is not None
    file = source.root / source.clip.tracks.file
    before = file.read_bytes()
    track_pair(source, video, None)
    assert file.read_bytes() == before
    assert read_tracks(file).points.shape == (30, 9, 2)


OTHER_SIZE = Video(np.zeros((9, 60, 320, 3), np.uint8), 12, ())
ROWS, COLUMNS = (20, 61), (30, 92)
"""First row and column of the object that `masked` draws, and the first after it."""


def masked(source: Source, masks: dict[int, NDArray[np.uint8]], soft: NDArray[np.uint8] | None = None) -> Source:
    """Return the clip with other masks, and a soft one of frame 0."""
    for frame, mask in masks.items():
        write_mask(source.root / "masks" / "own" / f"{frame:05d}.png", mask)
    if soft is not None:
        write_soft_mask(source.root / "soft_masks" / "own" / "00000.png", soft)
    facts = MaskFacts(
        folder="masks/own",
        soft_folder=None if soft is None else "soft_masks/own",
        frames=tuple(masks),
        annotator="test",
    )
    return Source(source.root, source.clip.model_copy(update={"masks": facts}))


def filled(rows: tuple[int, int], columns: tuple[int, int], value: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros((120, 160), np.uint8)
    mask[slice(*rows), slice(*columns)] = value
    return mask


def diamond() -> NDArray[np.uint8]:
    """An object that touches each side of its box in few pixels, and fills about half of it."""
    y, x = np.mgrid[:120, :160]
    middle, reach = (np.array([(first + after - 1) / 2 for first, after in (ROWS, COLUMNS)]), (20, 30.5))
    return (abs(y - middle[0]) / reach[0] + abs(x - middle[1]) / reach[1] <= 1.02).astype(np.uint8)


def test_a_grid_lies_over_the_whole_of_both_videos_and_wants_no_support(source: Source, resting: Asked) -> None:
    pair = pair_of(track_pair(source, OTHER_SIZE, "resting", TrackRule("grid-5")))
    for (_, queries, support), size in zip(resting, ((160, 120), (320, 60)), strict=True):
        np.testing.assert_array_equal(queries, grid_queries(5, *size))
        assert not support
    assert (pair.reference_size, pair.generated_size) == ((160, 120), (320, 60))
    np.testing.assert_allclose(pair.generated[:, 0] * (320, 60), grid_queries(5, 320, 60)[:, 1:], rtol=1e-6)
    assert "no_mask" not in pair.flags


@pytest.mark.parametrize(("rule", "last"), [("inclusive", 0), ("exclusive", 1)])
def test_a_box_grid_keeps_what_is_in_the_box_of_the_sources_object_on_both_videos(
    source: Source, resting: Asked, rule: Box, last: int
) -> None:
    assert (np.nonzero(diamond())[0].min(), np.nonzero(diamond())[0].max() + 1) == ROWS
    assert (np.nonzero(diamond())[1].min(), np.nonzero(diamond())[1].max() + 1) == COLUMNS
    found = pair_of(
        track_pair(masked(source, {0: diamond()}), OTHER_SIZE, "resting", TrackRule("box-grid-50", box=rule))
    )
    box = filled((ROWS[0], ROWS[1] - last), (COLUMNS[0], COLUMNS[1] - last))
    for (_, queries, support), size in zip(resting, ((160, 120), (320, 60)), strict=True):
        np.testing.assert_array_equal(queries, grid_queries(50, *size, mask=box))
        assert support
    assert len(found.reference) == len(found.generated) == len(grid_queries(50, 160, 120, mask=box))
    assert found.flags == ("static_reference", "aspect_mismatch")


def test_the_exclusive_box_is_the_smaller_one(source: Source, resting: Asked) -> None:
    clip = masked(source, {0: diamond()})
    for rule in ("inclusive", "exclusive"):
        track_pair(clip, OTHER_SIZE, "resting", TrackRule("box-grid-150", box=rule))
    counts = [len(queries) for _, queries, _ in resting]
    assert counts[0] == counts[1] > counts[2] == counts[3]


@pytest.mark.parametrize("frames", [None, (3,)], ids=["no mask at all", "none of frame 0"])
def test_a_box_grid_without_a_mask_is_the_whole_grid_and_flagged(
    source: Source, resting: Asked, frames: tuple[int, ...] | None
) -> None:
    bare = Source(source.root, source.clip.model_copy(update={"masks": None}))
    clip = masked(source, {frame: diamond() for frame in frames}) if frames else bare
    pair = pair_of(track_pair(clip, OTHER_SIZE, "resting", TrackRule("box-grid-5")))
    np.testing.assert_array_equal(resting[0][1], grid_queries(5, 160, 120))
    assert not resting[0][2]
    assert "no_mask" in pair.flags


@pytest.mark.parametrize(
    ("mask", "box", "code"),
    [
        (filled((0, 0), (0, 0)), "inclusive", "empty_mask"),
        (filled((0, 0), (0, 0)), "exclusive", "empty_mask"),
        (filled((20, 60), (30, 31)), "exclusive", "empty_box"),
    ],
)
def test_an_empty_box_has_no_pair_and_says_why(
    source: Source, resting: Asked, mask: NDArray[np.uint8], box: Box, code: str
) -> None:
    found = track_pair(masked(source, {0: mask}), OTHER_SIZE, "resting", TrackRule("box-grid-50", box=box))
    assert isinstance(found, Score)
    assert (found.status, found.code) == ("undefined", code)
    assert resting == []


@pytest.mark.parametrize(("foreground", "rows"), [("half", (40, 80)), ("non-zero", (20, 80))])
def test_the_rule_chooses_how_much_of_a_soft_mask_is_the_object(
    source: Source, resting: Asked, foreground: Foreground, rows: tuple[int, int]
) -> None:
    fringe, core = filled((20, 80), COLUMNS, 1), filled((40, 80), COLUMNS, 254)
    clip = masked(source, {0: filled((40, 80), COLUMNS)}, soft=fringe + core)
    track_pair(clip, OTHER_SIZE, "resting", TrackRule("box-grid-50", foreground=foreground))
    np.testing.assert_array_equal(resting[0][1], grid_queries(50, 160, 120, mask=filled(rows, COLUMNS)))


def test_a_mask_of_indices_is_the_same_object_under_either_rule(source: Source, resting: Asked) -> None:
    for foreground in ("half", "non-zero"):
        rule = TrackRule("box-grid-50", foreground=foreground)
        track_pair(masked(source, {0: filled(ROWS, COLUMNS, 2)}), OTHER_SIZE, "resting", rule)
    np.testing.assert_array_equal(resting[0][1], resting[2][1])


def test_background_points_start_anew_in_every_quarter_off_the_last_mask_known(source: Source, resting: Asked) -> None:
    clip = masked(source, {0: filled((0, 60), (0, 160)), 4: filled((0, 120), (0, 80))})
    for frames in (9, 5):
        track_pair(clip, Video(np.zeros((frames, 60, 320, 3), np.uint8), 12, ()), "resting", TrackRule("background-8"))
    below, right = 1 - filled((0, 60), (0, 160)), 1 - filled((0, 120), (0, 80))
    for (_, queries, support), size, starts in zip(
        resting, ((160, 120), (320, 60)) * 2, ((0, 2, 4, 6), (0, 2, 4, 6), (0, 2, 4, 6), (0, 1, 2, 3)), strict=True
    ):
        quarters = zip(starts, (below, below, right, right), strict=True)
        expected = [grid_queries(8, *size, mask=mask, frame=start) for start, mask in quarters]
        np.testing.assert_array_equal(queries, np.concatenate(expected))
        assert support


def test_background_points_without_masks_lie_everywhere(source: Source, resting: Asked) -> None:
    bare = Source(source.root, source.clip.model_copy(update={"masks": None}))
    track_pair(bare, OTHER_SIZE, "resting", TrackRule("background-3"))
    assert len(resting[0][1]) == 4 * 9


@pytest.mark.parametrize("frames", [9, 5, 4])
def test_the_frames_that_a_rule_picks_are_tracked_at_the_size_that_it_names(
    source: Source, resting: Asked, frames: int
) -> None:
    rule = TrackRule("grid-4", FrameRule(5, (32, 48)))
    pair = pair_of(track_pair(source, Video(np.zeros((frames, 60, 320, 3), np.uint8), 12, ()), "resting", rule))
    assert [shape for shape, _, _ in resting] == [(5, 32, 48, 3), (min(frames, 5), 32, 48, 3)]
    np.testing.assert_array_equal(resting[1][1], grid_queries(4, 48, 32))
    assert (pair.reference_size, pair.generated_size) == ((48, 32), (48, 32))
    np.testing.assert_allclose(pair.reference[:, 0] * (48, 32), grid_queries(4, 48, 32)[:, 1:], rtol=1e-6)


def test_annotated_points_on_picked_frames_are_not_those_of_the_benchmark(
    source: Source, tracks: Tracks, resting: Asked
) -> None:
    track_pair(source, OTHER_SIZE, "resting", TrackRule(frames=FrameRule(5, (60, 80))))
    np.testing.assert_allclose(resting[0][1], tracks.queries * (1, 0.5, 0.5), rtol=1e-6)
    pair = pair_of(track_pair(source, OTHER_SIZE, "dis", TrackRule(frames=FrameRule(5))))
    assert pair.reference.shape == (30, 5, 2)


@pytest.mark.parametrize("queries", ["grid", "grid-0", "boxgrid-5", "box-grid-5x", "background", "sampled"])
def test_queries_that_there_are_not_are_refused(source: Source, video: Video, queries: str) -> None:
    with pytest.raises(InputError, match=f"queries '{queries}' cannot be read, expected annotated, grid-N"):
        track_pair(source, video, "dis", TrackRule(queries))


@pytest.mark.parametrize("scale", ["corners", "size"])
def test_a_grid_is_brought_to_the_video_as_its_tracker_does(
    source: Source, resting: Asked, scale: Scale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resting_tracker.Resting.grid_scale", scale)
    clip = masked(source, {0: filled((0, 60), (0, 160))})
    for queries in ("grid-5", "box-grid-5", "background-5"):
        track_pair(clip, OTHER_SIZE, "resting", TrackRule(queries))
    grid = grid_queries(5, 160, 120, scale=scale)
    np.testing.assert_array_equal(resting[0][1], grid)
    for _, queries, _ in resting[2::2]:
        assert {tuple(point) for point in queries[:, 1:]} <= {tuple(point) for point in grid[:, 1:]}


@pytest.mark.parametrize("queries", ["annotated", "grid-5", "box-grid-9", "background-5"])
def test_the_reference_is_tracked_once_for_all_prompts_and_methods_and_every_video_once(
    source: Source, resting: Asked, tmp_path: Path, queries: str
) -> None:
    cache = Cache(tmp_path / "cache")

    def films() -> list[Film]:
        return [Film(lambda: OTHER_SIZE, sha256=str(number) * 64, cache=cache) for number in range(4)]

    first = [pair_of(track_pair(source, film, "resting", TrackRule(queries), cache)) for film in films()]
    assert len(resting) == 4 + 1, "four videos and one source"
    again = [pair_of(track_pair(source, film, "resting", TrackRule(queries), cache)) for film in films()]
    assert len(resting) == 5
    np.testing.assert_array_equal(again[3].reference, first[3].reference)
    np.testing.assert_array_equal(again[3].generated_visible, first[3].generated_visible)


@pytest.mark.shared
@pytest.mark.skipif(not MTBENCH.is_dir(), reason="no ../shared/data/MTBench beside the repository")
@pytest.mark.parametrize(
    ("clip", "size", "count"),
    [("dance-twirl", 50, 429), ("dance-twirl", 55, 528), ("snowboard", 50, 1058), ("snowboard", 55, 1250)],
)
def test_the_official_box_holds_the_queries_of_the_official_code(
    tmp_path: Path, resting: Asked, clip: str, size: int, count: int
) -> None:
    settings = BuildSettings(follow=FollowSettings(tracker="dataset"))
    bench = build(MTBENCH / clip, tmp_path / "bench", settings).benchmark
    source = bench.source(bench.clips[0])
    rule = TrackRule(f"box-grid-{size}", box="exclusive", foreground="non-zero")
    track_pair(source, OTHER_SIZE, "resting", rule)
    assert [len(queries) for _, queries, _ in resting] == [count, count]
    if clip == "dance-twirl":
        soft, half = source.mask(0, soft=True), source.mask(0)
        assert soft is not None
        assert half is not None
        assert ((read_mask(soft) > 0).sum(), (read_mask(half) > 0).sum()) == (20197, 19103)
