from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.errors import ItemError
from benchmark.files import sha256_of_file
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.video import Video, read_video
from metrics.cache import Arrays, Cache
from metrics.film import Film, look, picked_frames
from metrics.rules import ALL_FRAMES, FrameRule


@pytest.fixture
def source(tracked: Benchmark) -> Source:
    return tracked.source(tracked.clips[0])


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The videos that films decode, in order."""
    paths: list[Path] = []

    def read(path: Path, **options: object) -> Video:
        paths.append(path)
        return read_video(path)

    monkeypatch.setattr("metrics.film.read_video", read)
    return paths


def numbered(frames: int, height: int = 6, width: int = 8) -> NDArray[np.uint8]:
    """Frames that hold their own number."""
    return np.broadcast_to(np.arange(frames, dtype=np.uint8)[:, None, None, None], (frames, height, width, 3)).copy()


def summed(film: Film) -> Arrays:
    return {"sum": film.frames(ALL_FRAMES).sum(axis=(1, 2, 3))}


def test_a_film_is_not_decoded_before_it_is_asked_and_then_once(source: Source, decoded: list[Path]) -> None:
    film = Film.of_file(source.video, source.clip.video.sha256)
    assert decoded == []
    assert film.shape == (9, 120, 160)
    assert (film.fps, film.flags) == (12, ())
    film.frames(FrameRule(4, (32, 32)))
    film.frames(ALL_FRAMES)
    np.testing.assert_array_equal(film.frames(ALL_FRAMES), film.video.frames)
    assert decoded == [source.video]


def test_a_film_whose_facts_and_arrays_are_in_the_cache_is_not_decoded(
    source: Source, decoded: list[Path], tmp_path: Path
) -> None:
    found: list[tuple[object, ...]] = []
    for _ in range(2):
        film = Film.of_file(source.video, sha256_of_file(source.video), Cache(tmp_path / "cache"))
        sums = film.arrays({"kind": "sums"}, lambda film=film: summed(film))["sum"].tolist()
        found.append((film.shape, film.fps, film.flags, film.shape_under(FrameRule(4, (32, 24))), sums))
    assert found[0] == found[1]
    assert decoded == [source.video]


def test_another_video_has_other_arrays(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    films = [Film(lambda n=n: Video(numbered(n), 12, ("odd",)), str(n) * 64, cache) for n in (3, 4)]
    assert [film.shape[0] for film in films] == [3, 4]
    assert [len(film.arrays({"kind": "sums"}, lambda f=film: summed(f))["sum"]) for film in films] == [3, 4]
    again = Film(lambda: pytest.fail("it was decoded again"), "3" * 64, cache)
    assert (again.shape, again.flags) == ((3, 6, 8), ("odd",))


def test_the_film_of_a_decoded_video_keeps_nothing(tmp_path: Path) -> None:
    for frames in (3, 4):
        film = Film.of(Video(numbered(frames), 12, ()))
        assert film.shape[0] == frames
        assert len(film.arrays({"kind": "sums"}, lambda film=film: summed(film))["sum"]) == frames


def test_the_shape_of_a_source_is_known_without_decoding(source: Source, decoded: list[Path]) -> None:
    film = Film.of_source(source)
    assert film.shape == (9, 120, 160)
    assert film.shape_under(FrameRule(5, (32, 48))) == (5, 32, 48)
    assert decoded == []
    np.testing.assert_array_equal(film.frames(ALL_FRAMES), source.frames)


def test_a_film_that_cannot_be_decoded_says_so_each_time_and_is_not_kept(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    film = Film.of_file(broken, "0" * 64, Cache(tmp_path / "cache"))
    for _ in range(2):
        with pytest.raises(ItemError, match=r"broken\.mp4"):
            _ = film.shape


@pytest.mark.parametrize(("total", "expected"), [(150, 32), (49, 32), (32, 32), (31, 31), (1, 1)])
@pytest.mark.parametrize("size", [None, (512, 512), (480, 832)])
def test_thirty_two_frames_are_picked_over_the_whole_video_and_a_shorter_one_keeps_all(
    total: int, expected: int, size: tuple[int, int] | None
) -> None:
    rule = FrameRule(32, size)
    film = Film.of(Video(numbered(total), 12, ()))
    frames = film.frames(rule)
    assert frames.shape == (*film.shape_under(rule), 3) == (expected, *(size or (6, 8)), 3)
    numbers = frames[:, 0, 0, 0].tolist()
    assert numbers == [i * (total - 1) // max(expected - 1, 1) for i in range(expected)] == picked_frames(rule, total)


def test_frames_that_need_no_change_are_the_very_ones() -> None:
    frames = numbered(5)
    for rule in (ALL_FRAMES, FrameRule(5), FrameRule(9), FrameRule(None, (6, 8))):
        assert look(frames, rule) is frames


@pytest.mark.parametrize(
    ("size", "interpolation"), [((30, 40), cv2.INTER_AREA), ((90, 120), cv2.INTER_CUBIC), ((90, 40), cv2.INTER_AREA)]
)
def test_frames_are_stretched_by_area_when_they_shrink_and_by_cubics_when_they_grow(
    size: tuple[int, int], interpolation: int
) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
    expected = [cv2.resize(frame, size[::-1], interpolation=interpolation) for frame in frames]
    np.testing.assert_array_equal(look(frames, FrameRule(None, size)), expected)
