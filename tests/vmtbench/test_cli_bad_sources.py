"""Data sets that `vmtbench build` cannot use, whole or in part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.masks import read_mask, write_mask
from benchmark.store import read_benchmark
from benchmark.video import read_video, write_video

Cli = Callable[..., Any]
Content = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    """DAVIS with one sequence of two frames and a split that names it."""
    root = tmp_path / "DAVIS"
    for kind, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
        folder = root / kind / "480p" / "bear"
        folder.mkdir(parents=True)
        for frame in range(2):
            Image.fromarray(np.full((32, 48), 1, np.uint8)).save(folder / f"{frame:05d}.{suffix}")
    split = root / "ImageSets" / "2017" / "val.txt"
    split.parent.mkdir(parents=True)
    split.write_text("bear\n", encoding="utf-8")
    return root


def test_a_folder_that_is_not_there_is_refused(cli: Cli, tmp_path: Path):
    source = tmp_path / "nowhere"
    cli("build", source, "--out", tmp_path / "bench").refuses(str(source), "does not exist", "check the path")
    assert not (tmp_path / "bench").exists()


def test_an_empty_folder_is_refused_with_what_was_looked_for(cli: Cli, tmp_path: Path):
    source = tmp_path / "empty"
    source.mkdir()
    cli("build", source, "--out", tmp_path / "bench").refuses(str(source), "is empty", "JPEGImages/480p", "--format")
    assert not (tmp_path / "bench").exists()


def test_a_davis_split_that_names_a_missing_sequence_is_refused(cli: Cli, davis: Path, tmp_path: Path):
    split = davis / "ImageSets" / "2017" / "val.txt"
    split.write_text("bear\nwolf\n", encoding="utf-8")
    result = cli("build", davis, "--split", "val", "--out", tmp_path / "bench")
    result.refuses(str(split), "'wolf'", "no folder", "take it out of the split file")
    assert not (tmp_path / "bench").exists()


def test_a_misspelt_split_is_refused_with_the_nearest(cli: Cli, davis: Path, tmp_path: Path):
    cli("build", davis, "--split", "vla", "--out", tmp_path / "bench").refuses("'vla'", "did you mean val?")


def test_a_mask_of_another_size_fails_its_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    mask = own_clips / "masks" / "sliding-tiles" / "00003.png"
    write_mask(mask, np.ones((32, 48), np.uint8))
    words = ("cut sliding-tiles", str(mask), "is 48x32", "expected 96x64", "resize the mask")
    _one_clip_fails(cli, own_clips, content, tmp_path, *words)


def test_masks_that_are_all_black_fail_their_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    for mask in (own_clips / "masks" / "sliding-tiles").iterdir():
        write_mask(mask, np.zeros_like(read_mask(mask)))
    words = ("tracks sliding-tiles", "all 8 masks of sliding-tiles", "all background", "expected an object", "mend")
    _one_clip_fails(cli, own_clips, content, tmp_path, *words)


def test_a_truncated_mp4_fails_its_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    video = own_clips / "sliding-tiles.mp4"
    video.write_bytes(video.read_bytes()[:-1500])
    words = ("cut sliding-tiles", str(video), "can be decoded", "copy it again")
    _one_clip_fails(cli, own_clips, content, tmp_path, *words)


def test_an_mp4_cut_off_in_its_header_fails_its_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    video = own_clips / "sliding-tiles.mp4"
    video.write_bytes(video.read_bytes()[:100])
    _one_clip_fails(cli, own_clips, content, tmp_path, "cut sliding-tiles", str(video), "cut short", "copy it again")


def test_a_text_file_named_mp4_fails_its_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    video = own_clips / "sliding-tiles.mp4"
    video.write_text("this is no video\n", encoding="utf-8")
    words = ("cut sliding-tiles", str(video), "not a video that can be read", "expected MP4")
    _one_clip_fails(cli, own_clips, content, tmp_path, *words)


def test_a_video_of_one_frame_fails_its_clip_alone(cli: Cli, own_clips: Path, content: Content, tmp_path: Path):
    video = own_clips / "sliding-tiles.mp4"
    write_video(video, read_video(video).frames[:1], 12)
    words = ("cut sliding-tiles", str(video), "has 1 frame", "expected at least 2", "leave the clip out")
    _one_clip_fails(cli, own_clips, content, tmp_path, *words)


def test_each_of_several_failing_clips_has_a_line_of_its_own(cli: Cli, own_clips: Path, tmp_path: Path):
    for name in ("sliding-tiles", "resting-crate"):
        (own_clips / f"{name}.mp4").write_text("this is no video\n", encoding="utf-8")
    cli("build", own_clips, "--out", tmp_path / "bench", "--quiet").fails(2, "not a video that can be read")


def test_a_data_set_of_which_no_clip_can_be_made_stops_the_build(cli: Cli, own_clips: Path, tmp_path: Path):
    for video in own_clips.glob("*.mp4"):
        video.write_text("this is no video\n", encoding="utf-8")
    result = cli("build", own_clips, "--out", tmp_path / "bench", "--quiet")
    result.stops(str(own_clips), "no sequence", "not a video that can be read")
    assert not (tmp_path / "bench" / "metadata.jsonl").exists()


def test_a_selection_that_nothing_passes_is_refused_with_a_reason(cli: Cli, clips: Path, tmp_path: Path):
    result = cli("build", clips, "--out", tmp_path / "bench", "--select", "min_frames=99", "--quiet")
    result.refuses("none of 3 sequences", "it has 8 frames", "expected at least 99", "loosen")


def test_a_clip_mended_after_its_failure_is_all_that_is_made_again(cli: Cli, own_clips: Path, tmp_path: Path):
    video = own_clips / "sliding-tiles.mp4"
    whole = video.read_bytes()
    video.write_text("this is no video\n", encoding="utf-8")
    cli("build", own_clips, "--out", tmp_path / "bench", "--quiet").fails(1)
    video.write_bytes(whole)
    again = cli("build", own_clips, "--out", tmp_path / "bench", "--quiet")
    again.succeeds()
    assert "3 clips (2 done, 4 kept, 0 failed)" in again.out


def _one_clip_fails(cli: Cli, source: Path, content: Content, tmp_path: Path, *words: str) -> None:
    """Build, and check that the line holds `words`, that the other two clips are there, and the source is untouched."""
    before = content(source)
    cli("build", source, "--out", tmp_path / "bench", "--quiet").fails(1, *words)
    assert list(read_benchmark(tmp_path / "bench").by_id) == ["resting-crate", "tumbling-dumbbell"]
    assert content(source) == before
