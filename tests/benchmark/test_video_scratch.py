from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import ItemError
from benchmark.video import read_video, write_video

FRAMES = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), np.uint8)


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video that counts as large."""
    monkeypatch.setattr("benchmark.video_read.LARGE", 100_000)
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 12)
    return path


def is_mapped(frames: np.ndarray) -> bool:
    return "mmap" in type(getattr(frames, "_mapping", None)).__name__


def test_a_large_video_is_kept_in_a_file_and_has_the_same_bytes(video: Path, tmp_path: Path):
    expected = read_video(video).frames
    frames = read_video(video, scratch=tmp_path / "scratch").frames
    assert is_mapped(frames)
    assert not is_mapped(expected), "without a folder for it a video is kept in memory"
    for name, index in {"one": 7, "some": slice(3, 18, 2), "back": slice(None, None, -1), "picked": [0, 5, 19]}.items():
        assert (frames[index] == expected[index]).all(), name
    assert all((one == other).all() for one, other in zip(frames, expected, strict=True)), "frame by frame"
    kept = frames[4]
    assert (frames[11] != kept).any()
    assert (kept == expected[4]).all(), "a frame that is still held was lost when another was asked for"


def test_the_file_has_no_name_that_a_killed_run_could_leave_behind(video: Path, tmp_path: Path):
    frames = read_video(video, scratch=tmp_path / "scratch").frames
    assert is_mapped(frames)
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_file_is_gone_when_nothing_uses_the_frames(video: Path, tmp_path: Path):
    def mapped() -> bool:
        return str(tmp_path / "scratch") in Path(f"/proc/{os.getpid()}/maps").read_text(encoding="utf-8")

    frames = read_video(video, scratch=tmp_path / "scratch").frames
    some = frames[2:4]
    del frames
    assert mapped(), "a slice still needs it"
    del some
    assert not mapped()


def test_a_small_video_needs_no_file(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("benchmark.video_read.LARGE", FRAMES.size)
    assert not is_mapped(read_video(video, scratch=tmp_path / "scratch").frames)
    assert not (tmp_path / "scratch").exists()


def test_a_large_video_cut_short_is_refused_as_ever(video: Path, tmp_path: Path):
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(ItemError, match="can be decoded"):
        read_video(video, scratch=tmp_path / "scratch")
