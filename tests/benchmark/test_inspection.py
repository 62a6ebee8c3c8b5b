from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from benchmark.files import sha256_of_file
from benchmark.inspection import Inspection, inspect_benchmark
from benchmark.manifest import Difficulty
from benchmark.masks import write_mask
from benchmark.store import Benchmark, write_benchmark
from benchmark.tracks import Tracks, read_tracks, write_tracks
from benchmark.video import read_video, write_video

CRATE, TILES, DUMBBELL = "resting-crate", "sliding-tiles", "tumbling-dumbbell"
"""The clips of `own_bench`: 5 frames, 96x64, easy, 1 cluster; the dumbbell has a video and prompts alone."""
VIDEO, MASKS, TRACKS = f"videos/{CRATE}.mp4", f"masks/{CRATE}", f"tracks/{CRATE}.npz"
SOFT_MASKS = f"soft_masks/{CRATE}"


def _rewritten(bench: Benchmark, **fields: object) -> Benchmark:
    """Change fields of the crate's manifest line."""
    clips = [clip.model_copy(update=fields) if clip.id == CRATE else clip for clip in bench.clips]
    return write_benchmark(bench.root, bench.info, clips)


def _with_track_facts(bench: Benchmark, **facts: object) -> Benchmark:
    """Change what the crate's manifest line says of its tracks."""
    tracks = bench.by_id[CRATE].tracks
    assert tracks
    return _rewritten(bench, tracks=tracks.model_copy(update=facts))


def _with_tracks(bench: Benchmark, tracks: Tracks) -> Benchmark:
    """Replace the crate's tracks file, and its hash in the manifest."""
    write_tracks(bench.root / TRACKS, tracks)
    return _with_track_facts(bench, sha256=sha256_of_file(bench.root / TRACKS))


def _only_problem(inspection: Inspection, file: str) -> str:
    """Return the sentence of the only problem, which must be the crate's and about `file`."""
    (problem,) = inspection.problems
    assert (problem.clip, problem.file, problem.severity) == (CRATE, file, "error")
    assert not inspection.sound
    return problem.what


def _sentences(inspection: Inspection) -> str:
    return "\n".join(problem.what for problem in inspection.problems)


def test_an_undamaged_benchmark_is_sound(own_bench):
    inspection = inspect_benchmark(own_bench)
    assert inspection.problems == ()
    assert inspection.sound


def test_every_clip_has_a_row_that_repeats_its_manifest_line(own_bench):
    rows = inspect_benchmark(_rewritten(own_bench, flags=("short_clip",))).clips
    assert [row.id for row in rows] == [CRATE, TILES, DUMBBELL]
    crate, tracks = rows[0], own_bench.by_id[CRATE].tracks
    assert (crate.dataset, crate.frames, crate.height, crate.width, crate.fps) == ("rendered", 5, 64, 96, 12)
    assert (crate.category, crate.level, crate.clusters, crate.prompts) == ("camera", "easy", 1, 2)
    assert (crate.points, crate.visible_share, crate.flags) == (tracks.points, tracks.visible_share, ("short_clip",))


def test_what_a_clip_does_not_have_is_none_and_no_problem(own_bench):
    inspection = inspect_benchmark(own_bench)
    dumbbell = inspection.clips[-1]
    assert (dumbbell.level, dumbbell.clusters, dumbbell.points, dumbbell.visible_share) == (None, None, None, None)


def test_levels_categories_and_prompt_kinds_are_counted_absent_ones_as_zero(own_bench):
    hard = Difficulty(recipe="difficulty/v1", level="hard", clusters=8)
    inspection = inspect_benchmark(_rewritten(own_bench, difficulty=hard))
    assert inspection.levels == {"easy": 1, "medium": 0, "hard": 1}, "the unrated clip is to count under no level"
    assert inspection.categories == {"camera": 1, "single_object": 1, "multiple_objects": 1, "human": 0}
    assert inspection.prompt_kinds == {"caption": 3, "subject": 0, "scene": 0, "foreground_background": 3}
    assert inspection.mean_clusters == 4.5, "the mean is to be over rated clips alone"


def test_without_any_difficulty_there_is_no_mean_of_clusters(own_bench):
    clips = [clip.model_copy(update={"difficulty": None}) for clip in own_bench.clips]
    assert inspect_benchmark(Benchmark(own_bench.root, own_bench.info, tuple(clips))).mean_clusters is None


def test_a_missing_video_is_named_with_its_cure(own_bench):
    (own_bench.root / VIDEO).unlink()
    what = _only_problem(inspect_benchmark(own_bench), VIDEO)
    assert f"{own_bench.root / VIDEO} is missing" in what
    assert "run vmtbench build again with --existing redo" in what


def test_a_changed_video_is_named_with_both_hashes(own_bench):
    expected = own_bench.by_id[CRATE].video.sha256
    write_video(own_bench.root / VIDEO, read_video(own_bench.root / VIDEO).frames[:, ::-1], 12)
    found = sha256_of_file(own_bench.root / VIDEO)
    assert f"sha256 begins {found[:8]}, expected {expected[:8]}" in _only_problem(inspect_benchmark(own_bench), VIDEO)


def test_a_file_that_is_no_video_is_named(own_bench):
    (own_bench.root / VIDEO).write_text("no video")
    assert f"{own_bench.root / VIDEO}: not a video that can be read" in _sentences(inspect_benchmark(own_bench))


def test_a_video_of_other_length_and_size_than_the_manifest_says_is_named(own_bench):
    write_video(own_bench.root / VIDEO, read_video(own_bench.root / VIDEO).frames[:2, :48, :80], 12)
    sentences = _sentences(inspect_benchmark(own_bench))
    assert f"{own_bench.root / VIDEO} has 2 frames, expected 5 as in the manifest" in sentences
    assert f"{own_bench.root / VIDEO} is 80x48, expected 96x64 as in the manifest" in sentences


def test_one_missing_mask_is_named(own_bench):
    (own_bench.root / MASKS / "00001.png").unlink()
    what = _only_problem(inspect_benchmark(own_bench), MASKS)
    assert f"mask {own_bench.root / MASKS / '00001.png'} is missing" in what


def test_many_missing_masks_are_one_problem(own_bench):
    for path in (own_bench.root / MASKS).iterdir():
        path.unlink()
    what = _only_problem(inspect_benchmark(own_bench), MASKS)
    assert f"5 masks, {own_bench.root / MASKS / '00000.png'} the first, are missing" in what


def test_a_mask_that_is_no_picture_is_named(own_bench):
    (own_bench.root / MASKS / "00001.png").write_bytes(b"no picture")
    assert "cannot be read as a picture" in _only_problem(inspect_benchmark(own_bench), f"{MASKS}/00001.png")


def test_a_mask_of_another_size_is_named(own_bench):
    write_mask(own_bench.root / MASKS / "00002.png", np.ones((64, 90), np.uint8))
    what = _only_problem(inspect_benchmark(own_bench), f"{MASKS}/00002.png")
    assert "00002.png is 90x64, expected 96x64 like its video" in what


def test_soft_masks_are_looked_over_like_the_others(own_bench):
    masks = own_bench.by_id[CRATE].masks
    bench = _rewritten(own_bench, masks=masks.model_copy(update={"soft_folder": SOFT_MASKS}))
    shutil.copytree(bench.root / MASKS, bench.root / SOFT_MASKS)
    assert not inspect_benchmark(bench).problems
    (bench.root / SOFT_MASKS / "00003.png").unlink()
    assert "00003.png is missing" in _only_problem(inspect_benchmark(bench), SOFT_MASKS)


def test_an_empty_mask_in_the_query_frame_is_named(own_bench):
    write_mask(own_bench.root / MASKS / "00000.png", np.zeros((64, 96), np.uint8))
    assert "is all background" in _only_problem(inspect_benchmark(own_bench), f"{MASKS}/00000.png")


def test_an_empty_mask_elsewhere_is_no_problem(own_bench):
    write_mask(own_bench.root / MASKS / "00001.png", np.zeros((64, 96), np.uint8))
    assert inspect_benchmark(own_bench).sound


def test_where_the_query_frame_has_no_mask_the_first_mask_must_show_an_object(own_bench):
    masks = own_bench.by_id[CRATE].masks
    only_first = _rewritten(own_bench, masks=masks.model_copy(update={"frames": (0,)}))
    bench = _with_track_facts(only_first, query_frame=1)
    for frame in range(1, 5):
        (bench.root / MASKS / f"{frame:05d}.png").unlink()
    assert inspect_benchmark(bench).sound
    write_mask(bench.root / MASKS / "00000.png", np.zeros((64, 96), np.uint8))
    assert "is all background" in _only_problem(inspect_benchmark(bench), f"{MASKS}/00000.png")


def test_missing_tracks_are_named(own_bench):
    (own_bench.root / TRACKS).unlink()
    assert f"{own_bench.root / TRACKS} is missing" in _only_problem(inspect_benchmark(own_bench), TRACKS)


def test_changed_tracks_are_named(own_bench):
    tracks = read_tracks(own_bench.root / TRACKS)
    write_tracks(own_bench.root / TRACKS, replace(tracks, points=tracks.points + 1))
    assert "was changed since the benchmark was made" in _only_problem(inspect_benchmark(own_bench), TRACKS)


def test_tracks_with_nan_are_named(own_bench):
    tracks = read_tracks(own_bench.root / TRACKS)
    tracks.points[3, 1] = np.nan
    what = _only_problem(inspect_benchmark(_with_tracks(own_bench, tracks)), TRACKS)
    assert f"holds NaN or infinite positions in 1 of {len(tracks.points)} tracks" in what


@pytest.mark.parametrize(("fewer_points", "fewer_frames"), [(10, 0), (0, 1)], ids=["points", "frames"])
def test_tracks_of_another_number_than_the_manifest_says_are_named(own_bench, fewer_points, fewer_frames):
    tracks = read_tracks(own_bench.root / TRACKS)
    count = len(tracks.points)
    points, frames = count - fewer_points, 5 - fewer_frames
    cut = Tracks(tracks.points[:points, :frames], tracks.visible[:points, :frames], tracks.queries[:points])
    what = _only_problem(inspect_benchmark(_with_tracks(own_bench, cut)), TRACKS)
    assert f"has {points} points in {frames} frames, expected {count} in 5 as in the manifest" in what


@pytest.mark.parametrize("file", [VIDEO, TRACKS, f"{MASKS}/00001.png"])
def test_a_link_that_leads_out_of_the_folder_is_named(own_bench, file, tmp_path):
    (own_bench.root / file).rename(tmp_path / "outside")
    (own_bench.root / file).symlink_to(tmp_path / "outside")
    assert "leads out of its folder through a symbolic link" in _only_problem(inspect_benchmark(own_bench), file)


def test_files_that_no_clip_names_are_noted_a_folder_of_them_once(own_bench):
    strays = ["videos/old.mp4", "tracks/old.npz", f"{MASKS}/00005.png", "masks/old/00000.png", "masks/old/00001.png"]
    for name in [*strays, "videos/.DS_Store"]:
        (own_bench.root / name).parent.mkdir(exist_ok=True)
        (own_bench.root / name).touch()
    inspection = inspect_benchmark(own_bench)
    noted = {problem.file for problem in inspection.problems}
    assert noted == {"videos/old.mp4", "tracks/old.npz", f"{MASKS}/00005.png", "masks/old"}
    assert all((problem.clip, problem.severity) == (None, "note") for problem in inspection.problems)
    assert inspection.sound, "files that nothing names make the benchmark unsound"


def test_problems_come_in_manifest_order_and_notes_last(own_bench):
    (own_bench.root / "videos" / "old.mp4").touch()
    (own_bench.root / "videos" / f"{DUMBBELL}.mp4").unlink()
    (own_bench.root / TRACKS).unlink()
    assert [problem.clip for problem in inspect_benchmark(own_bench).problems] == [CRATE, DUMBBELL, None]
