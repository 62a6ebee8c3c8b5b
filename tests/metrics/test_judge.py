from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotate.dis import DISTracker
from benchmark.errors import ItemError
from benchmark.manifest import TrackFacts
from benchmark.masks import write_mask
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.tracks import Tracks, write_tracks
from benchmark.video import Video
from metrics.encoders import ClipEncoder, DinoEncoder, load_clip, load_dino
from metrics.film import Film
from metrics.judge import comparable_with, judge
from metrics.protocol import Protocol, read_protocol
from metrics.records import MetricValue
from metrics.settings import JudgeSettings
from metrics.temporal import det_consistency, pooled
from metrics.vbench import aesthetic_quality, motion_smoothness, vbench_consistency
from metrics.vbench_backbones import VBenchClip, VBenchDino, load_aesthetic_head, load_amt, load_vbench_dino

PROTOCOL = read_protocol("mtbench")
MOTION = ("hybrid_mf", "frechet_mean", "exp_frechet_mean", "cos_mean")
PROMPT = "A robot is sliding on the moon."
CLIP_MARK = "mtbench@1[clip-vit-b-32(embed_dim=16,layers=2,width=64)]"
DINO_MARK = "mtbench@1[dinov2-base(hidden_size=32,num_hidden_layers=2)]"


@pytest.fixture
def source(tracked: Benchmark) -> Source:
    return tracked.source(tracked.clips[0])


@pytest.fixture
def video(source: Source) -> Video:
    """The source itself, as a perfect copy decodes."""
    return Video(source.frames, source.clip.video.fps, ())


def judged(
    source: Source, video: Video, settings: JudgeSettings | None = None, prompt: str = PROMPT
) -> dict[str, MetricValue]:
    """Return the values by the metric's name."""
    values = judge(source, prompt, Film.of(video), PROTOCOL, settings or JudgeSettings())
    assert [value.metric for value in values] == list(PROTOCOL.metrics)
    return {value.metric.partition("(")[0]: value for value in values}


def test_a_perfect_copy_scores_one(source: Source, video: Video) -> None:
    values = judged(source, video)
    assert [values[name].value for name in MOTION] == [1, 0, 1, 1]
    assert {values[name].status for name in MOTION} == {"ok"}
    assert (values["hybrid_mf"].n_used, values["hybrid_mf"].n_total) == (30, 30)
    assert values["frechet_mean"].direction == "lower"


def test_the_parts_make_up_the_whole(source: Source, video: Video) -> None:
    values = {name: value.value for name, value in judged(source, replace(video, frames=video.frames[::-1])).items()}
    whole, first, second = (values[name] for name in ("hybrid_mf", "exp_frechet_mean", "cos_mean"))
    assert whole is not None
    assert first is not None
    assert second is not None
    assert whole == pytest.approx((first + second) / 2, abs=1e-12)
    assert whole < 0.6


def test_a_video_is_tracked_once_and_embedded_once_for_all_metrics(
    source: Source, video: Video, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[type] = []
    for kind, name in ((DISTracker, "track"), (ClipEncoder, "encode_frames"), (DinoEncoder, "encode_frames")):
        work = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda *inputs, k=kind, w=work, **more: calls.append(k) or w(*inputs, **more))
    values = judged(source, video, JudgeSettings(weights=weights))
    assert sorted(kind.__name__ for kind in calls) == ["ClipEncoder", "DISTracker", "DinoEncoder"]
    assert {value.status for value in values.values()} == {"ok"}


def test_with_weights_of_the_reference_nothing_but_the_tracker_is_marked(
    source: Source, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.judge.backbone_mark", lambda name, folder: "")
    found = {comparable_with(metric, source.clip, PROTOCOL, JudgeSettings()) for metric in PROTOCOL.metric_ids}
    assert found == {"mtbench@1", "mtbench@1[tracker=dis,points=30]"}


def test_every_score_says_what_it_may_be_compared_with(source: Source, video: Video, weights: Path) -> None:
    values = judged(source, video, JudgeSettings(weights=weights))
    assert {values[name].comparable_with for name in MOTION} == {"mtbench@1[tracker=dis,points=30]"}
    assert values["edit_fidelity"].comparable_with == CLIP_MARK
    assert values["tc_dino_consecutive"].comparable_with == DINO_MARK


@pytest.mark.parametrize(
    ("tracks", "flags", "expected"),
    [
        ({"tracker": "cotracker3-offline", "points": 100}, (), "mtbench@1"),
        ({"tracker": "cotracker3-offline"}, (), "mtbench@1[points=30]"),
        ({"tracker": "cotracker3-offline"}, ("few_points",), "mtbench@1"),
        ({"points": 100}, ("no_mask",), "mtbench@1[tracker=dis,queries=whole-frame]"),
        ({"tracker": "dataset", "points": 100}, (), "mtbench@1[tracker=dataset]"),
    ],
)
def test_tracks_that_are_not_the_references_are_marked(
    source: Source, tracks: dict[str, object], flags: tuple[str, ...], expected: str
) -> None:
    assert source.clip.tracks is not None
    facts = TrackFacts.model_validate(source.clip.tracks.model_dump() | tracks)
    clip = source.clip.model_copy(update={"tracks": facts, "flags": flags})
    assert comparable_with(PROTOCOL.metric_ids[0], clip, PROTOCOL, JudgeSettings()) == expected


def test_the_tracker_chosen_counts_and_not_the_benchmarks(source: Source) -> None:
    metric = PROTOCOL.metric_ids[0]
    found = comparable_with(metric, source.clip, PROTOCOL, JudgeSettings(tracker="cotracker3-offline"))
    assert found == "mtbench@1[points=30]"


def test_missing_weights_leave_a_metric_unavailable_with_the_command_that_fetches_them(
    source: Source, video: Video, tmp_path: Path
) -> None:
    values = judged(source, video, JudgeSettings(weights=tmp_path))
    text, temporal = values["edit_fidelity"], values["tc_dino_consecutive"]
    assert (text.status, text.value) == ("unavailable", None)
    assert text.reason.endswith("run: vmtbench fetch clip-vit-b-32")
    assert "timm/vit_base_patch32_clip_224.openai" in text.reason
    assert temporal.reason.endswith("run: vmtbench fetch dinov2-base")
    assert "facebook/dinov2-base" in temporal.reason
    assert values["hybrid_mf"].value == 1


def test_tracks_of_the_data_set_leave_motion_unavailable_with_the_cure(
    source: Source, video: Video, weights: Path
) -> None:
    assert source.clip.tracks is not None
    shipped = source.clip.tracks.model_copy(update={"tracker": "dataset", "tracker_settings": {}, "points": 100})
    given = Source(source.root, source.clip.model_copy(update={"tracks": shipped}))
    values = judged(given, video, JudgeSettings(weights=weights))
    for name in MOTION:
        assert values[name].status == "unavailable"
        assert "--tracker dis" in values[name].reason
        assert values[name].comparable_with == "mtbench@1[tracker=dataset]"
    assert values["edit_fidelity"].status == "ok"
    anew = judged(given, video, JudgeSettings(tracker="dis"))["hybrid_mf"]
    assert (anew.value, anew.comparable_with) == (1, "mtbench@1[tracker=dis]")


def test_a_shorter_video_is_resampled_and_flagged(source: Source, video: Video) -> None:
    value = judged(source, Video(video.frames[::2], 6, ()))["hybrid_mf"]
    assert value.value is not None
    assert value.value > 0.8, "every second frame shows the same motion"
    assert value.flags == ("resampled", "duration_mismatch")


@pytest.mark.parametrize(
    ("fps", "flags"), [(12, ()), (12.5, ()), (12.7, ("duration_mismatch",)), (6, ("duration_mismatch",))]
)
def test_durations_that_differ_by_more_than_a_twentieth_are_flagged_on_every_metric(
    source: Source, video: Video, fps: float, flags: tuple[str, ...]
) -> None:
    values = judged(source, replace(video, fps=fps))
    assert {value.flags for value in values.values()} == {flags}
    assert values["hybrid_mf"].value == 1


@pytest.mark.parametrize(("repeat", "flags"), [((2, 2), ()), ((1, 2), ("aspect_mismatch",))])
def test_another_size_is_compared_by_relative_position(
    source: Source, video: Video, repeat: tuple[int, int], flags: tuple[str, ...]
) -> None:
    larger = video.frames.repeat(repeat[0], axis=1).repeat(repeat[1], axis=2)
    value = judged(source, replace(video, frames=larger))["hybrid_mf"]
    assert value.value is not None
    assert value.value > 0.8
    assert value.flags == flags


def test_one_frame_has_text_but_neither_motion_nor_consistency(source: Source, video: Video, weights: Path) -> None:
    values = judged(source, replace(video, frames=video.frames[:1]), JudgeSettings(weights=weights))
    for name in (*MOTION, "tc_dino_consecutive"):
        assert (values[name].status, values[name].value) == ("undefined", None)
        assert values[name].reason.startswith("too_few_frames: ")
    assert values["edit_fidelity"].status == "ok"


def test_a_video_without_motion_scores_low_and_is_flagged(source: Source, video: Video) -> None:
    still = np.repeat(video.frames[:1], len(video.frames), axis=0)
    value = judged(source, replace(video, frames=still))["hybrid_mf"]
    assert value.value is not None
    assert value.value < 0.6
    assert "static_generation" in value.flags


def test_flags_of_decoding_stand_on_every_metric_and_those_of_the_clip_on_motion(
    source: Source, video: Video, weights: Path
) -> None:
    flagged = Source(source.root, source.clip.model_copy(update={"flags": ("few_points",)}))
    values = judged(flagged, replace(video, flags=("partial_decode",)), JudgeSettings(weights=weights))
    assert values["hybrid_mf"].flags == ("few_points", "partial_decode")
    assert values["edit_fidelity"].flags == ("partial_decode",)


def test_a_long_prompt_is_flagged_on_the_text_metric_alone(source: Source, video: Video, weights: Path) -> None:
    values = judged(source, video, JudgeSettings(weights=weights), prompt="dog " * 80)
    assert [name for name, value in values.items() if "prompt_truncated" in value.flags] == ["edit_fidelity"]


def test_nan_in_the_benchmarks_tracks_is_an_error_of_the_item(own_tracked: Benchmark, video: Video) -> None:
    source = own_tracked.source(own_tracked.clips[0])
    tracks = source.tracks
    assert tracks is not None
    assert source.clip.tracks is not None
    tracks.points[0, 0] = np.nan
    write_tracks(own_tracked.root / source.clip.tracks.file, Tracks(tracks.points, tracks.visible, tracks.queries))
    with pytest.raises(ItemError, match="NaN or infinite positions in 1 of 30 tracks"):
        judge(source, PROMPT, Film.of(video), PROTOCOL, JudgeSettings())


def test_two_judgements_agree_to_the_last_bit(source: Source, video: Video, weights: Path) -> None:
    settings = JudgeSettings(weights=weights)
    assert judged(source, video, settings) == judged(source, video, settings)


FAST, OFFICIAL = read_protocol("fastvmt"), read_protocol("mtbench-official")


def under(protocol: Protocol, source: Source, video: Video, weights: Path) -> dict[str, MetricValue]:
    values = judge(source, PROMPT, Film.of(video), protocol, JudgeSettings(weights=weights))
    return {value.metric.partition("(")[0]: value for value in values}


@pytest.fixture
def long(video: Video) -> Video:
    """The source forwards and backwards, 40 frames."""
    frames = np.concatenate([video.frames, video.frames[::-1]] * 3)[:40]
    return replace(video, frames=frames)


@pytest.fixture
def amt_too(every_weights: Path, amt_weights: Path, tmp_path: Path) -> Path:
    """A folder of tiny weights of every backbone."""
    folder = shutil.copytree(every_weights, tmp_path / "every")
    shutil.copytree(amt_weights, folder / "amt-s")
    return folder


def test_vbenchs_dimensions_are_those_of_the_video_as_it_is(source: Source, video: Video, amt_too: Path) -> None:
    values = under(FAST, source, video, amt_too)
    dino = load_vbench_dino(amt_too / "dino-vitb16", "cpu")
    small, large = (VBenchClip(load_clip(amt_too / name, "cpu")) for name in ("clip-vit-b-32", "clip-vit-l-14"))
    amt, head = load_amt(amt_too / "amt-s", "cpu"), load_aesthetic_head(amt_too / "laion-aesthetic", "cpu")
    expected = {
        "subject_consistency": vbench_consistency(dino.encode_frames(video.frames)),
        "background_consistency": vbench_consistency(small.encode_frames(video.frames)),
        "aesthetic_quality": aesthetic_quality(large.encode_frames(video.frames), *head),
        "motion_smoothness": motion_smoothness(video.frames, amt, smallest=amt.smallest),
    }
    for name, score in expected.items():
        assert values[name].status == "ok", values[name]
        assert (values[name].value, values[name].n_used) == (pytest.approx(score.value, abs=1e-9), score.n_used), name


def test_the_frame_rule_is_for_all_metrics_but_vbenchs(
    source: Source, long: Video, amt_too: Path, resting: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, tuple[int, ...]] = {}

    def looked(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda subject, frames, **more: seen.setdefault(name, frames.shape) and call(subject, frames, **more)

    for kind in (ClipEncoder, VBenchClip, VBenchDino):
        monkeypatch.setattr(kind, "encode_frames", looked(kind.__name__, kind.encode_frames))
    judge(source, PROMPT, Film.of(long), FAST, JudgeSettings(tracker="resting", weights=amt_too))
    stretched, native = (32, 480, 832, 3), (40, 120, 160, 3)
    assert seen == {"ClipEncoder": stretched, "VBenchClip": native, "VBenchDino": native}
    assert [shape for shape, _, _ in resting] == [(9, 480, 832, 3), stretched]


def test_motionbench_tracks_and_embeds_thirty_two_frames_of_512_by_512(
    source: Source, long: Video, weights: Path, resting: list[Any]
) -> None:
    values = judge(
        source, PROMPT, Film.of(long), read_protocol("motionbench"), JudgeSettings(tracker="resting", weights=weights)
    )
    assert [shape for shape, _, _ in resting] == [(9, 512, 512, 3), (32, 512, 512, 3)]
    counts = {value.metric.partition("(")[0]: value.n_used for value in values}
    assert counts == {"mf_one_way": 55**2, "dmt_mf": 55**2, "text_similarity": 32, "tc_clip_consecutive": 31}


def test_the_official_consistency_goes_through_the_seeded_pooler_and_says_so(
    source: Source, video: Video, every_weights: Path
) -> None:
    value = under(OFFICIAL, source, video, every_weights)["tc_det_official"]
    features = load_dino(every_weights / "dino-vitb16-hf", "cpu").encode_frames(video.frames)
    assert value.value == pytest.approx(det_consistency(pooled(features, seed=0)).value, abs=1e-9)
    assert value.value != pytest.approx(det_consistency(features).value, abs=1e-4)
    assert value.flags == ("random_projection",)


def test_an_empty_mask_leaves_the_official_motion_undefined_and_the_rest_as_it_is(
    own_tracked: Benchmark, video: Video, every_weights: Path
) -> None:
    write_mask(own_tracked.root / "masks" / "sliding-tiles" / "00000.png", np.zeros((120, 160), np.uint8))
    values = under(OFFICIAL, own_tracked.source(own_tracked.clips[0]), video, every_weights)
    assert values["det_cosine"].status == "undefined"
    assert values["det_cosine"].reason.startswith("empty_mask: ")
    assert values["edit_fidelity"].status == "ok"


def test_a_clip_without_masks_is_tracked_all_over_and_flagged_under_the_official_protocol(
    source: Source, video: Video, every_weights: Path
) -> None:
    bare = Source(source.root, source.clip.model_copy(update={"masks": None}))
    value = under(OFFICIAL, bare, video, every_weights)["det_cosine"]
    assert (value.n_used, value.flags) == (50 * 50, ("no_mask",))


def test_a_video_that_stands_still_is_undefined_where_the_official_code_gives_nan(
    source: Source, video: Video, every_weights: Path
) -> None:
    still = replace(video, frames=np.repeat(video.frames[:1], 9, axis=0))
    for protocol, metric in ((OFFICIAL, "det_cosine"), (read_protocol("dmt"), "dmt_mf")):
        value = under(protocol, source, still, every_weights)[metric]
        assert (value.status, value.reason.partition(":")[0]) == ("undefined", "official_nan")
    one_way = under(read_protocol("motionbench"), source, still, every_weights)["mf_one_way"]
    assert (one_way.value, one_way.flags) == (0, ("static_generation",))


@pytest.mark.parametrize(
    ("protocol", "metric", "status", "said"),
    [
        ("dmt", "dmt_mf", "undefined", "length_mismatch"),
        ("ditflow", "ditflow_mf", "ok", "truncated"),
        ("mtbench-official", "det_cosine", "ok", "resampled"),
        ("motionbench", "mf_one_way", "ok", "resampled"),
    ],
)
def test_a_shorter_video_is_what_the_protocol_makes_of_it(
    source: Source, video: Video, every_weights: Path, protocol: str, metric: str, status: str, said: str
) -> None:
    shorter = replace(video, frames=video.frames[:6])
    value = under(read_protocol(protocol), source, shorter, every_weights)[metric]
    assert value.status == status
    assert said in (value.flags if status == "ok" else value.reason)
    assert "duration_mismatch" in value.flags
