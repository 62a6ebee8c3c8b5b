"""Every protocol in one pass."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from annotate.dis import DISTracker
from benchmark.engine import WorkOptions
from benchmark.store import Benchmark, read_benchmark, write_benchmark
from benchmark.video import read_video
from metrics.encoders import ClipEncoder, DinoEncoder
from metrics.protocol import protocol_names, read_protocol
from metrics.scoring import Scored, score
from metrics.settings import JudgeSettings
from metrics.vbench_backbones import VBenchClip, VBenchDino

ENCODERS = (ClipEncoder, DinoEncoder, VBenchClip, VBenchDino)
CONTROLS = {"mine": ("recolour", "static"), "yours": ("jitter", "reverse")}
"""What the two methods make for the first and the second prompt."""


@pytest.fixture(scope="module")
def bench(tracked: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """The first clip of `tracked`. Change nothing."""
    root = shutil.copytree(tracked.root, tmp_path_factory.mktemp("one") / "bench")
    return write_benchmark(root, tracked.info, tracked.clips[:1])


@pytest.fixture(scope="module")
def out(bench: Benchmark, videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two different videos of each of two methods. Change nothing."""
    folder = tmp_path_factory.mktemp("all") / "out"
    for method, names in CONTROLS.items():
        for prompt, name in zip(bench.clips[0].prompts, names, strict=True):
            target = folder / method / "sliding-tiles" / f"{prompt.id}.mp4"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(next((videos / name / "sliding-tiles").glob("*.mp4")), target)
    return folder


class Work:
    """What a scoring pass did: videos decoded, frames embedded, and points followed."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.decoded: Counter[str] = Counter()
        self.embedded: Counter[tuple[str, tuple[int, ...]]] = Counter()
        self.tracked: Counter[tuple[str, str]] = Counter()
        for kind in ENCODERS:
            patch.setattr(kind, "encode_frames", self._embedding(kind))
        patch.setattr(DISTracker, "track", self._tracking(DISTracker.track))
        patch.setattr("metrics.film.read_video", self._decoding)

    @property
    def nothing(self) -> bool:
        return not (self.decoded or self.embedded or self.tracked)

    def _decoding(self, path: Path, **_: Any) -> Any:
        self.decoded[path.stem if path.parent.name == "videos" else "/".join(path.parts[-3:])] += 1
        return read_video(path)

    def _embedding(self, kind: type) -> Any:
        encode = kind.encode_frames

        def count(encoder: Any, frames: Any) -> Any:
            self.embedded[kind.__name__, frames.shape] += 1
            return encode(encoder, frames)

        return count

    def _tracking(self, track: Any) -> Any:
        def count(tracker: Any, frames: Any, queries: Any, **options: Any) -> Any:
            seen, asked = (hashlib.sha256(array.tobytes()).hexdigest() for array in (frames, queries))
            self.tracked[seen, asked] += 1
            return track(tracker, frames, queries, **options)

        return count


def scored(
    out: Path,
    bench: Benchmark,
    scores: Path,
    names: Sequence[str],
    weights: Path | None = None,
    *,
    methods: Sequence[str] = (),
    jobs: int = 1,
) -> Scored:
    protocols, options = [read_protocol(name) for name in names], WorkOptions(jobs=jobs)
    settings = JudgeSettings(weights=weights)
    return score(out, bench, scores, protocols, methods=methods, settings=settings, options=options)


def bytes_of(scores: Path) -> dict[str, bytes]:
    files = (path for path in scores.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(scores).as_posix(): path.read_bytes() for path in sorted(files)}


@pytest.fixture(scope="module")
def whole(
    out: Path, bench: Benchmark, every_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Work]:
    """The scores of one pass under all protocols, and the work that it took. Change nothing."""
    scores = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        result = scored(out, bench, scores, protocol_names(), every_weights)
    assert not result.report.failed
    assert set(result.unavailable) == {"motion_smoothness(backbone=amt-s)"}
    return scores, work


def test_each_video_is_decoded_once_and_so_is_the_source(whole: tuple[Path, Work], out: Path) -> None:
    expected = {path.relative_to(out).as_posix() for path in out.rglob("*.mp4")} | {"sliding-tiles"}
    assert whole[1].decoded == dict.fromkeys(expected, 1)


def test_each_video_is_embedded_once_per_backbone_and_preprocessing(whole: tuple[Path, Work]) -> None:
    native = (9, 120, 160, 3)
    a_video = {
        ("ClipEncoder", native): 1,
        ("ClipEncoder", (9, 512, 512, 3)): 1,
        ("ClipEncoder", (9, 480, 832, 3)): 1,
        ("DinoEncoder", native): 2,
        ("VBenchClip", native): 2,
        ("VBenchDino", native): 1,
    }
    assert whole[1].embedded == {key: 4 * count for key, count in a_video.items()}


def test_each_video_is_tracked_once_per_query_set_and_the_source_once_for_all(whole: tuple[Path, Work]) -> None:
    """Annotated points, a box, the background, and a grid on frames of three sizes; the source's first are there."""
    tracked = whole[1].tracked
    assert set(tracked.values()) == {1}
    assert len(tracked) == 4 * 6 + 5


def test_every_metric_of_every_protocol_has_its_row(whole: tuple[Path, Work]) -> None:
    rows = pd.read_parquet(whole[0] / "scores.parquet")
    metrics = [(f"{name}@1", metric) for name in protocol_names() for metric in read_protocol(name).metrics]
    assert Counter(zip(rows["protocol"], rows["metric"], strict=True)) == dict.fromkeys(metrics, 4)


BY_STEPS = ("hybrid_mf", "mf_one_way", "mf_bidirectional", "mf_one_to_one", "mf_compensated", "det_cosine")
"""Metrics of which 1 is the best, reached by the source itself, and lost when points step elsewhere."""

WITHOUT_ITSELF = ("dmt_mf", "ditflow_mf")
"""Those that keep a track from its own, so that the source itself stays below 1."""


def test_the_controls_order_as_they_must_under_every_motion_metric(
    whole: tuple[Path, Work], bench: Benchmark, videos: Path, tmp_path: Path
) -> None:
    scores = shutil.copytree(whole[0], tmp_path / "scores")
    scored(videos, bench, scores, protocol_names(), methods=["copy"])
    rows = pd.read_parquet(scores / "scores.parquet")
    prompts = [prompt.id for prompt in bench.clips[0].prompts]
    shown = {(method, prompt): made[i] for method, made in CONTROLS.items() for i, prompt in enumerate(prompts)}
    names = [shown.get(key, "copy") for key in zip(rows["method"], rows["prompt"], strict=True)]
    table = rows.assign(control=names, name=rows["metric"].str.partition("(")[0])
    motion = table[table["name"].isin((*BY_STEPS, *WITHOUT_ITSELF))]
    values = motion.groupby(["protocol", "name", "control"])["value"].first().unstack().reset_index()
    assert set(values["name"]) == {*BY_STEPS, *WITHOUT_ITSELF}
    for found in values.to_dict("records"):
        assert (found["copy"] == pytest.approx(1, abs=1e-9)) == (found["name"] in BY_STEPS), found
        assert found["copy"] > found["recolour"] > 0.95, found
        assert found["recolour"] > max(found["jitter"], found["reverse"]) + 0.005, found
        if found["protocol"] in ("dmt@1", "ditflow@1", "mtbench-official@1"):
            assert np.isnan(found["static"]), "the official code gives NaN for a video that stands still"
        else:
            assert found["static"] < found["jitter"], found


def test_a_protocol_added_later_decodes_embeds_and_tracks_nothing_again(
    whole: tuple[Path, Work], out: Path, bench: Benchmark, every_weights: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole[0], tmp_path / "scores")
    for name in ("dmt", "mtbench-official", "fastvmt"):
        shutil.rmtree(tmp_path / "scores" / name)
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        result = scored(out, bench, tmp_path / "scores", protocol_names(), every_weights)
    assert len(result.report.done) == 4
    assert work.nothing, (work.decoded, work.embedded, work.tracked)
    assert bytes_of(tmp_path / "scores") == bytes_of(whole[0])


def test_a_new_protocol_computes_only_what_is_new(
    out: Path, bench: Benchmark, every_weights: Path, tmp_path: Path
) -> None:
    scored(out, bench, tmp_path, ["ditflow"], every_weights)
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        scored(out, bench, tmp_path, ["dmt", "ditflow"], every_weights)
        assert work.nothing, (work.decoded, work.embedded, work.tracked)
        scored(out, bench, tmp_path, ["mtbench"], every_weights)
    assert work.embedded == {("DinoEncoder", (9, 120, 160, 3)): 4}, "CLIP was asked again"
    assert sum(work.tracked.values()) == 4, "the benchmark's own tracks were made again"


def test_one_protocol_then_all_by_two_workers_gives_the_bytes_of_one_pass(
    whole: tuple[Path, Work], out: Path, bench: Benchmark, every_weights: Path, tmp_path: Path
) -> None:
    scored(out, bench, tmp_path, ["mtbench"], every_weights)
    scored(out, bench, tmp_path, protocol_names(), every_weights, jobs=2)
    assert bytes_of(tmp_path) == bytes_of(whole[0])


def test_weights_that_arrive_are_used_by_the_metrics_that_lacked_them(
    whole: tuple[Path, Work], out: Path, bench: Benchmark, every_weights: Path, amt_weights: Path, tmp_path: Path
) -> None:
    scores = shutil.copytree(whole[0], tmp_path / "scores")
    weights = shutil.copytree(every_weights, tmp_path / "weights")
    shutil.copytree(amt_weights, weights / "amt-s")
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        result = scored(out, bench, scores, protocol_names(), weights)
    assert result.unavailable == {}
    assert not work.embedded
    assert not work.tracked
    before, after = (pd.read_parquet(folder / "scores.parquet") for folder in (whole[0], scores))
    new = after["metric"] == "motion_smoothness(backbone=amt-s)"
    assert after[new]["value"].between(0, 1).all()
    pd.testing.assert_frame_equal(after[~new], before[~new])


def test_a_clip_that_fails_leaves_the_others(
    own_tracked: Benchmark, own_videos: Path, tmp_path: Path, every_weights: Path
) -> None:
    (own_tracked.root / "masks" / "sliding-tiles" / "00000.png").write_bytes(b"no mask")
    names = ["mtbench-official", "mtbench"]
    report = scored(own_videos, read_benchmark(own_tracked.root), tmp_path, names, every_weights).report
    assert len(report.failed) == len(report.done) == 4
    assert all("sliding-tiles" in key and "cannot be read as a picture" in why for key, why in report.failed.items())
    rows = pd.read_parquet(tmp_path / "scores.parquet")
    failed = rows[rows["status"] == "failed"]
    assert set(failed["clip"]) == {"sliding-tiles"}
    assert set(failed["protocol"]) == {"mtbench-official@1"}, "what could be judged was lost"
    assert set(rows[rows["clip"] != "sliding-tiles"]["status"]) == {"ok", "undefined"}
