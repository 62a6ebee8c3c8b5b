from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annotate.dis import DISTracker
from benchmark.errors import InputError, ItemError, Unavailable
from benchmark.manifest import TrackFacts
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.tracks import Tracks, read_tracks, write_tracks
from benchmark.video import Video
from metrics.result import Score
from metrics.tracking import TrackPair, track_pair, tracker_of

Asked = list[tuple[tuple[int, ...], NDArray[np.float32]]]


def with_tracks(source: Source, **changes: Any) -> Source:
    """Return the clip with other facts of its tracks."""
    assert source.clip.tracks is not None
    made = TrackFacts.model_validate(source.clip.tracks.model_dump() | changes)
    return Source(source.root, source.clip.model_copy(update={"tracks": made}))


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
    monkeypatch.setattr(DISTracker, "track", lambda *inputs: calls.append(1) or track(*inputs))
    track_pair(source, video, chosen)
    assert len(calls) == 1


def test_queries_lie_at_the_same_relative_places_and_frames_in_a_video_of_another_size(
    source: Source, tracks: Tracks, resting: Asked
) -> None:
    video = Video(np.zeros((5, 60, 320, 3), np.uint8), 12, ())
    pair = pair_of(track_pair(source, video, "resting"))
    shape, queries = resting[0]
    assert shape == (5, 60, 320, 3)
    np.testing.assert_allclose(queries, tracks.queries * (1, 2, 0.5), rtol=1e-6)
    np.testing.assert_allclose(pair.generated[:, 0], tracks.queries[:, 1:] / (160, 120), rtol=1e-6)


def test_another_tracker_tracks_the_source_too_once_for_all_its_videos(
    source: Source, tracks: Tracks, video: Video, resting: Asked
) -> None:
    pairs = [pair_of(track_pair(source, video, "resting")) for _ in range(2)]
    assert len(resting) == 3, "two generations and one source"
    np.testing.assert_allclose(pairs[1].reference[:, -1], tracks.queries[:, 1:] / (160, 120), rtol=1e-6)


def test_a_source_that_was_built_anew_is_tracked_anew(
    source: Source, tracks: Tracks, video: Video, resting: Asked
) -> None:
    track_pair(source, video, "resting")
    assert source.clip.tracks is not None
    moved = tracks.queries + np.array([0, 1, 0], np.float32)
    write_tracks(source.root / source.clip.tracks.file, Tracks(tracks.points, tracks.visible, moved))
    track_pair(with_tracks(source, sha256="0" * 64), video, "resting")
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
