"""Generated videos as `vmtbench score` may meet them: missing, damaged, of other shapes, in other layouts."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.store import read_benchmark
from benchmark.video import read_video, write_video

Cli = Callable[..., Any]
Content = Callable[[Path], dict[str, bytes]]
Rows = list[dict[str, str]]

CLIP, PROMPT = "sliding-tiles", "subject"


@pytest.fixture
def score(cli: Cli, made: Path, tmp_path: Path) -> Callable[[Path], tuple[Any, Rows]]:
    """Score a folder, and return the result and the rows of the one video that tests change."""

    def run(out: Path) -> tuple[Any, Rows]:
        result = cli("score", out, "--bench", made, "--scores", tmp_path / "scores", "--quiet")
        with (tmp_path / "scores" / "scores.csv").open(encoding="utf-8") as table:
            return result, [row for row in csv.DictReader(table) if (row["clip"], row["prompt"]) == (CLIP, PROMPT)]

    return run


def test_a_missing_video_is_one_failure_and_a_row_per_metric_that_says_missing(
    score: Callable[[Path], tuple[Any, Rows]], own_videos: Path
):
    (own_videos / "copy" / CLIP / f"{PROMPT}.mp4").unlink()
    result, rows = score(own_videos)
    result.fails(1, f"copy/{CLIP}/{PROMPT}@0", f"no video at copy/{CLIP}/{PROMPT}.mp4", "generate it")
    assert "23 done, 0 kept, 1 failed" in result.out
    assert [(row["status"], row["value"]) for row in rows] == [("missing", "")] * 6


def test_a_missing_clip_is_a_failure_per_prompt(score: Callable[[Path], tuple[Any, Rows]], own_videos: Path):
    shutil.rmtree(own_videos / "copy" / CLIP)
    result, _ = score(own_videos)
    result.fails(8, f"copy/{CLIP}/", "no video at", "generate it")


def test_a_generated_file_that_is_no_video_is_one_failure(score: Callable[[Path], tuple[Any, Rows]], own_videos: Path):
    video = own_videos / "copy" / CLIP / f"{PROMPT}.mp4"
    video.write_text("this is no video\n", encoding="utf-8")
    result, rows = score(own_videos)
    result.fails(1, f"copy/{CLIP}/{PROMPT}@0", str(video), "not a video that can be read", "make or copy it again")
    assert {row["status"] for row in rows} == {"failed"}


def test_a_video_of_another_length_is_scored_and_flagged(score: Callable[[Path], tuple[Any, Rows]], own_videos: Path):
    result, rows = _rewritten(score, own_videos, lambda frames: np.repeat(frames, 2, axis=0))
    result.succeeds()
    assert _motion(rows) == {"ok"}
    assert all("duration_mismatch" in row["flags"] for row in rows)


def test_a_video_of_another_size_is_scored(score: Callable[[Path], tuple[Any, Rows]], own_videos: Path):
    result, rows = _rewritten(score, own_videos, lambda frames: frames.repeat(2, axis=1).repeat(2, axis=2))
    result.succeeds()
    assert _motion(rows) == {"ok"}


def test_a_video_of_one_frame_has_no_motion_score_and_the_reason(
    score: Callable[[Path], tuple[Any, Rows]], own_videos: Path
):
    result, rows = _rewritten(score, own_videos, lambda frames: frames[:1])
    result.succeeds()
    assert _motion(rows) == {"undefined"}
    assert all(row["reason"].startswith("too_few_frames: ") for row in rows if "queries" in row["metric"])


def test_videos_without_records_of_vmtbench_are_scored_alike(
    score: Callable[[Path], tuple[Any, Rows]], own_videos: Path
):
    _, expected = score(own_videos)
    for record in own_videos.rglob("*.json"):
        record.unlink()
    shutil.rmtree(own_videos / "copy" / ".vmtbench")
    result, rows = score(own_videos)
    result.succeeds()
    assert rows == expected


def test_the_folder_of_one_method_is_scored_under_its_name(score: Callable[[Path], tuple[Any, Rows]], own_videos: Path):
    result, rows = score(own_videos / "copy")
    result.succeeds()
    assert {row["method"] for row in rows} == {"copy"}


def test_the_layout_of_mtbench_s_own_evaluation_is_scored_alike(
    score: Callable[[Path], tuple[Any, Rows]], videos: Path, made: Path, tmp_path: Path
):
    _, expected = score(videos)
    folder = tmp_path / "theirs" / "copy"
    for clip in read_benchmark(made).clips:
        for prompt in clip.prompts:
            target = folder / prompt.text.replace(" ", "_").removesuffix(".") / f"{clip.id}_480x720.mp4"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(videos / "copy" / clip.id / f"{prompt.id}.mp4", target)
    result, rows = score(tmp_path / "theirs")
    result.succeeds()
    assert rows == expected


def test_a_folder_without_videos_of_the_benchmark_is_refused_with_the_layouts_there_are(
    cli: Cli, made: Path, tmp_path: Path
):
    (tmp_path / "out" / "mine" / "other-clip").mkdir(parents=True)
    result = cli("score", tmp_path / "out", "--bench", made)
    result.refuses(str(tmp_path / "out"), "benchmark 'clips'", "METHOD/CLIP/PROMPT.mp4")


def test_scoring_changes_nothing_in_the_folder_of_videos_when_scores_go_elsewhere(
    score: Callable[[Path], tuple[Any, Rows]], own_videos: Path, content: Content
):
    before = content(own_videos)
    score(own_videos)
    assert content(own_videos) == before


def _rewritten(
    score: Callable[[Path], tuple[Any, Rows]], out: Path, change: Callable[[np.ndarray], np.ndarray]
) -> tuple[Any, Rows]:
    path = out / "copy" / CLIP / f"{PROMPT}.mp4"
    video = read_video(path)
    write_video(path, np.ascontiguousarray(change(video.frames)), video.fps)
    return score(out)


def _motion(rows: Rows) -> set[str]:
    """The statuses of the metrics that need tracks; the others need weights that tests do not have."""
    return {row["status"] for row in rows if "queries" in row["metric"]}
