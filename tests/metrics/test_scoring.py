from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from annotate.dis import DISTracker
from benchmark.engine import Existing, WorkOptions
from benchmark.errors import InputError, Unavailable
from benchmark.files import sha256_of_file
from benchmark.store import Benchmark, read_benchmark, write_benchmark
from benchmark.tracks import Tracks, read_tracks, write_tracks
from benchmark.video import read_video, write_video
from metrics.protocol import read_protocol
from metrics.scoring import Scored, score
from metrics.settings import JudgeSettings

PROTOCOL = read_protocol("mtbench")
HYBRID = "hybrid_mf(alpha=0.5,queries=annotated)"
FIRST = Path("copy/sliding-tiles/foreground_background_1.mp4")


def scored(
    out: Path, bench: Benchmark, scores: Path, settings: JudgeSettings | None = None, *methods: str, jobs: int = 1
) -> Scored:
    return score(out, bench, scores, [PROTOCOL], methods=methods, settings=settings, options=WorkOptions(jobs=jobs))


def table(scores: Path) -> pd.DataFrame:
    return pd.read_parquet(scores / "scores.parquet")


def bytes_of(scores: Path) -> dict[str, bytes]:
    files = (path for path in scores.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(scores).as_posix(): path.read_bytes() for path in sorted(files)}


def of_first(scores: Path, metric: str = HYBRID) -> pd.Series:
    rows = table(scores).query("method == 'copy' and clip == 'sliding-tiles' and prompt == 'foreground_background_1'")
    return rows[rows["metric"] == metric].iloc[0]


def test_the_controls_order_as_they_must(videos: Path, tracked: Benchmark, tmp_path: Path) -> None:
    result = scored(videos, tracked, tmp_path)
    assert not result.report.failed
    rows = table(tmp_path).query("metric == @HYBRID")
    assert rows[rows["method"] == "copy"]["value"].tolist() == [1.0] * 4
    for clip in ("sliding-tiles", "tumbling-dumbbell"):
        means = rows[rows["clip"] == clip].groupby("method")["value"].mean()
        assert means["recolour"] > means["jitter"] > means["static"], means
        assert means["reverse"] < means["copy"] - 0.3, means


def test_every_video_has_a_row_per_metric_and_a_record_with_its_provenance(
    own_videos: Path, tracked: Benchmark, tmp_path: Path
) -> None:
    scored(own_videos, tracked, tmp_path)
    rows = table(tmp_path)
    assert len(rows) == 2 * 2 * 2 * len(PROTOCOL.metrics)
    assert not rows.duplicated(["method", "clip", "prompt", "seed", "protocol", "metric"]).any()
    record = json.loads((tmp_path / "mtbench" / FIRST.with_suffix(".json")).read_text())
    assert record["protocol"] == "mtbench@1"
    assert record["protocol_hash"] == PROTOCOL.hash
    assert record["video"]["sha256"] == tracked.clips[0].video.sha256
    assert (record["video"]["frames"], record["video"]["height"], record["video"]["width"]) == (9, 120, 160)
    assert record["provenance"]["tracker"] == "dis"
    assert set(record["provenance"]["backbones"]) == {"clip-vit-b-32", "dinov2-base"}
    assert record["provenance"]["versions"]


def test_each_video_is_decoded_once_and_tracked_once_however_many_files_hold_it(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, followed, track = [], [], DISTracker.track
    monkeypatch.setattr("metrics.film.read_video", lambda path, **_: decoded.append(path) or read_video(path))
    monkeypatch.setattr(DISTracker, "track", lambda *inputs, **more: followed.append(1) or track(*inputs, **more))
    scored(own_videos, tracked, tmp_path)
    contents = {sha256_of_file(path) for path in own_videos.rglob("*.mp4")}
    assert sorted(map(sha256_of_file, decoded)) == sorted(contents)
    assert all(path.is_relative_to(own_videos) for path in decoded), "the source was decoded, whose tracks are there"
    assert len(followed) == len(contents) == 4


def test_a_second_pass_keeps_everything_and_gives_the_same_bytes(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(own_videos, tracked, tmp_path)
    before = bytes_of(tmp_path)
    monkeypatch.setattr("metrics.film.read_video", lambda *_, **__: pytest.fail("a video was decoded again"))
    again = scored(own_videos, tracked, tmp_path)
    assert (len(again.report.kept), again.report.done) == (8, [])
    assert bytes_of(tmp_path) == before


def test_two_workers_give_the_bytes_of_one(own_videos: Path, tracked: Benchmark, tmp_path: Path, weights: Path) -> None:
    settings = JudgeSettings(weights=weights)
    scored(own_videos, tracked, tmp_path / "one", settings)
    scored(own_videos, tracked, tmp_path / "two", settings, jobs=2)
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "one")


def test_methods_scored_one_after_the_other_give_the_bytes_of_one_pass(
    own_videos: Path, tracked: Benchmark, tmp_path: Path
) -> None:
    scored(own_videos, tracked, tmp_path / "one")
    for method in ("static", "copy"):
        scored(own_videos, tracked, tmp_path / "two", None, method)
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "one")


def test_a_video_that_changed_is_scored_again_and_no_other(
    own_videos: Path, tracked: Benchmark, tmp_path: Path
) -> None:
    scored(own_videos, tracked, tmp_path)
    shutil.copyfile(own_videos / "static" / FIRST.relative_to("copy"), own_videos / FIRST)
    again = scored(own_videos, tracked, tmp_path)
    assert again.report.done == ["copy/sliding-tiles/foreground_background_1@0"]
    assert of_first(tmp_path)["value"] < 0.7


def test_a_missing_video_is_a_failed_item_and_a_row_that_says_so(
    own_videos: Path, tracked: Benchmark, tmp_path: Path
) -> None:
    (own_videos / FIRST).unlink()
    report = scored(own_videos, tracked, tmp_path).report
    assert list(report.failed) == ["copy/sliding-tiles/foreground_background_1@0"]
    assert len(report.done) == 7
    row = of_first(tmp_path)
    assert row["status"] == "missing"
    assert row["reason"].startswith(f"missing: no video at {FIRST.relative_to('.')}")
    assert np.isnan(row["value"])
    assert len(table(tmp_path)) == 8 * len(PROTOCOL.metrics)


@pytest.mark.parametrize("broken", ["text", "cut", "empty"])
def test_a_broken_video_fails_with_its_reason_and_the_others_go_on(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, weights: Path, broken: str
) -> None:
    whole = (own_videos / FIRST).read_bytes()
    (own_videos / FIRST).write_bytes({"text": b"no video", "cut": whole[: len(whole) // 2], "empty": b""}[broken])
    report = scored(own_videos, tracked, tmp_path, JudgeSettings(weights=weights)).report
    assert list(report.failed) == ["copy/sliding-tiles/foreground_background_1@0"]
    assert not report.traces
    rows = table(tmp_path)
    failed = rows[rows["status"] == "failed"]
    assert len(failed) == len(PROTOCOL.metrics)
    assert failed["reason"].str.contains(FIRST.name, regex=False).all()
    assert (rows["status"] == "ok").sum() == 7 * len(PROTOCOL.metrics)
    settings = rows.groupby("metric")["comparable_with"].nunique()
    assert (settings == 1).all(), "a failure must stand in the column of those that did not fail"


def test_videos_of_another_length_size_and_rate_are_scored_and_flagged(
    own_videos: Path, tracked: Benchmark, tmp_path: Path
) -> None:
    frames = read_video(own_videos / FIRST).frames
    write_video(own_videos / FIRST, frames[:5, :, :120], 24)
    report = scored(own_videos, tracked, tmp_path).report
    assert not report.failed
    row = of_first(tmp_path)
    assert row["status"] == "ok"
    assert set(row["flags"].split()) >= {"resampled", "aspect_mismatch", "duration_mismatch"}


def test_a_video_of_one_frame_has_no_motion(own_videos: Path, tracked: Benchmark, tmp_path: Path) -> None:
    write_video(own_videos / FIRST, read_video(own_videos / FIRST).frames[:1], 12)
    assert not scored(own_videos, tracked, tmp_path).report.failed
    row = of_first(tmp_path)
    assert (row["status"], row["n_used"]) == ("undefined", 0)
    assert row["reason"].startswith("too_few_frames: ")


def test_nan_in_a_clips_tracks_fails_its_videos_and_no_others(
    own_tracked: Benchmark, own_videos: Path, tmp_path: Path
) -> None:
    file = own_tracked.root / "tracks" / "sliding-tiles.npz"
    tracks = read_tracks(file)
    tracks.points[0] = np.nan
    write_tracks(file, Tracks(tracks.points, tracks.visible, tracks.queries))
    report = scored(own_videos, own_tracked, tmp_path).report
    assert len(report.failed) == 4
    assert all("sliding-tiles" in key and "NaN" in reason for key, reason in report.failed.items())
    assert len(report.done) == 4


def test_weights_that_arrive_make_the_difference_and_weights_that_change_too(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, own_weights: Path, other_clip: Callable[[Path, bool], None]
) -> None:
    settings, metric = JudgeSettings(weights=tmp_path / "weights"), "edit_fidelity(backbone=clip-vit-b-32)"
    first = scored(own_videos, tracked, tmp_path / "scores", settings)
    assert first.unavailable[metric].endswith("run: vmtbench fetch clip-vit-b-32")
    assert of_first(tmp_path / "scores", metric)["status"] == "unavailable"

    own_weights.rename(tmp_path / "weights")
    second = scored(own_videos, tracked, tmp_path / "scores", settings)
    assert (len(second.report.done), second.unavailable) == (8, {})
    value = of_first(tmp_path / "scores", metric)["value"]
    assert scored(own_videos, tracked, tmp_path / "scores", settings).report.done == []

    shutil.rmtree(tmp_path / "weights" / "clip-vit-b-32")
    other_clip(tmp_path / "weights" / "clip-vit-b-32", True)
    assert len(scored(own_videos, tracked, tmp_path / "scores", settings).report.done) == 8
    assert of_first(tmp_path / "scores", metric)["value"] != value


def test_a_library_that_arrives_makes_the_difference(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = JudgeSettings(weights=weights)
    with monkeypatch.context() as without:
        without.setattr("metrics.backbones.importlib.util.find_spec", lambda _: None)
        first = scored(own_videos, tracked, tmp_path, settings)
    assert all("pip install 'vmtbench[models]'" in reason for reason in first.unavailable.values())
    assert len(first.unavailable) == 2
    assert len(scored(own_videos, tracked, tmp_path, settings).report.done) == 8


def test_broken_weights_fail_in_one_sentence(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, own_weights: Path
) -> None:
    (own_weights / "clip-vit-b-32" / "open_clip_model.safetensors").write_bytes(b"nothing")
    report = scored(own_videos, tracked, tmp_path, JudgeSettings(weights=own_weights)).report
    assert len(report.failed) == 8
    assert all("fetch them again" in reason for reason in report.failed.values())
    assert not report.traces


def test_tracks_that_came_with_the_data_set_are_unavailable_until_a_tracker_is_chosen(
    own_tracked: Benchmark, own_videos: Path, tmp_path: Path
) -> None:
    shipped = {"tracker": "dataset", "tracker_settings": {}, "points": 100}
    clips = []
    for clip in own_tracked.clips:
        assert clip.tracks is not None
        clips.append(clip.model_copy(update={"tracks": clip.tracks.model_copy(update=shipped)}))
    bench = write_benchmark(own_tracked.root, own_tracked.info, clips)
    first = scored(own_videos, bench, tmp_path)
    assert not first.report.failed
    assert "--tracker dis" in first.unavailable[HYBRID]
    assert of_first(tmp_path)["comparable_with"] == "mtbench@1[tracker=dataset]"

    scored(own_videos, bench, tmp_path, JudgeSettings(tracker="dis"))
    row = of_first(tmp_path)
    assert (row["value"], row["comparable_with"]) == (1, "mtbench@1[tracker=dis]")


@pytest.mark.parametrize("tracker", ["dsi", "dataset"])
def test_an_unknown_tracker_is_refused_before_anything_is_scored(
    videos: Path, tracked: Benchmark, tmp_path: Path, tracker: str
) -> None:
    with pytest.raises(InputError, match=f"unknown tracker '{tracker}'"):
        scored(videos, tracked, tmp_path / "scores", JudgeSettings(tracker=tracker))
    assert not (tmp_path / "scores").exists()


def test_an_unknown_method_is_refused_with_those_there_are(videos: Path, tracked: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean copy"):
        scored(videos, tracked, tmp_path, None, "cpoy")


def test_weights_that_lack_a_file_stop_the_pass(
    videos: Path, tracked: Benchmark, tmp_path: Path, own_weights: Path
) -> None:
    (own_weights / "dinov2-base" / "config.json").unlink()
    with pytest.raises(InputError, match=r"lacks config\.json") as lacking:
        scored(videos, tracked, tmp_path / "scores", JudgeSettings(weights=own_weights))
    assert not isinstance(lacking.value, Unavailable)


def test_videos_of_several_seeds_have_a_row_each(own_videos: Path, tracked: Benchmark, tmp_path: Path) -> None:
    first = own_videos / FIRST
    for seed in (0, 3):
        shutil.copyfile(first, first.with_name(f"{first.stem}@{seed}.mp4"))
    first.unlink()
    report = scored(own_videos, tracked, tmp_path).report
    assert not report.failed
    rows = table(tmp_path).query("method == 'copy' and clip == 'sliding-tiles' and metric == @HYBRID")
    assert rows["seed"].tolist() == [0, 3, 0]
    names = {path.name for path in (tmp_path / "mtbench" / "copy" / "sliding-tiles").iterdir()}
    assert {"foreground_background_1.json", "foreground_background_1@3.json"} <= names


def test_a_record_that_was_cut_short_is_made_again(own_videos: Path, tracked: Benchmark, tmp_path: Path) -> None:
    scored(own_videos, tracked, tmp_path)
    before = bytes_of(tmp_path)
    record = tmp_path / "mtbench" / FIRST.with_suffix(".json")
    record.write_bytes(record.read_bytes()[:100])
    assert len(scored(own_videos, tracked, tmp_path).report.done) == 1
    assert bytes_of(tmp_path) == before


def test_a_benchmark_that_was_copied_elsewhere_keeps_its_scores(
    own_tracked: Benchmark, own_videos: Path, tmp_path: Path
) -> None:
    scored(own_videos, own_tracked, tmp_path / "scores")
    moved = read_benchmark(own_tracked.root.rename(tmp_path / "moved"))
    assert scored(own_videos, moved, tmp_path / "scores").report.done == []


@pytest.mark.parametrize("existing", Existing)
def test_scores_that_are_there_are_kept_made_again_or_refused_as_asked(
    own_videos: Path, tracked: Benchmark, tmp_path: Path, existing: Existing
) -> None:
    scored(own_videos, tracked, tmp_path)
    before, file = bytes_of(tmp_path), tmp_path / "mtbench" / FIRST.with_suffix(".json")
    age = file.stat().st_mtime_ns
    options = WorkOptions(existing=existing)
    if existing is Existing.ERROR:
        with pytest.raises(InputError, match="--existing is error"):
            score(own_videos, tracked, tmp_path, [PROTOCOL], options=options)
    else:
        report = score(own_videos, tracked, tmp_path, [PROTOCOL], options=options).report
        assert len(report.done) == (8 if existing is Existing.REDO else 0)
    assert (file.stat().st_mtime_ns > age) is (existing is Existing.REDO)
    assert bytes_of(tmp_path) == before
