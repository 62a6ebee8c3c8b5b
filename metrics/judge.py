"""One generated video under one protocol: decoded once, tracked once, embedded once, and judged by every metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from torch import Tensor

from benchmark.errors import Unavailable
from benchmark.manifest import Clip
from benchmark.registry import load
from benchmark.source import Source
from benchmark.video import Video
from metrics.catalogue import MetricInfo, metric_named
from metrics.encoders import ClipEncoder, encoder_mark, load_encoder
from metrics.identity import MetricId
from metrics.protocol import Protocol
from metrics.records import MetricValue
from metrics.result import Score
from metrics.tracking import TrackPair, track_pair, tracker_of

DURATION_TOLERANCE = 0.05
"""Durations that differ by more than this share are flagged (specification §2)."""

T = TypeVar("T")


@dataclass(frozen=True)
class JudgeSettings:
    """With what a video is judged where the protocol leaves a choice.

    Attributes:
        tracker: name of the tracker; None takes the one that made the benchmark's tracks.
        weights: folder of weights to look in before the hub's cache.
        device: where backbones run.
    """

    tracker: str | None = None
    weights: Path | None = None
    device: str = "cpu"


def judge(
    source: Source, prompt: str, video: Video, protocol: Protocol, settings: JudgeSettings
) -> tuple[MetricValue, ...]:
    """Return the value of every metric of `protocol` for one generated video, in the protocol's order.

    Raises:
        ItemError: the benchmark's own files of this clip cannot be used.
        InputError: a backbone's weights are there and broken.
    """
    work = _Work(source, prompt, video, protocol, settings)
    flags = video_flags(video, source.clip)
    return tuple(work.value(metric, flags) for metric in protocol.metric_ids)


def comparable_with(metric: MetricId, clip: Clip, protocol: Protocol, settings: JudgeSettings) -> str:
    """Return the name of the settings that a score shares with those it may be compared with.

    It is the protocol's name, as in `mtbench@1`, and in brackets what differs from the protocol's reference settings,
    as in `mtbench@1[tracker=dis]`. Whether there is a value makes no difference to it.

    Raises:
        InputError: the configuration of a backbone cannot be read.
    """
    by_tracks = metric_named(metric.name).needs == "tracks"
    marks = _track_marks(clip, protocol, settings) if by_tracks else _backbone_marks(metric, settings)
    return f"{protocol.id}[{','.join(marks)}]" if marks else protocol.id


def _track_marks(clip: Clip, protocol: Protocol, settings: JudgeSettings) -> list[str]:
    marks = []
    if tracker_of(clip, settings.tracker) not in (None, protocol.tracker):
        marks.append(f"tracker={tracker_of(clip, settings.tracker)}")
    if "no_mask" in clip.flags:
        marks.append("queries=whole-frame")
    if clip.tracks and clip.tracks.points != protocol.points and "few_points" not in clip.flags:
        marks.append(f"points={clip.tracks.points}")
    return marks


def _backbone_marks(metric: MetricId, settings: JudgeSettings) -> list[str]:
    backbone = str(metric.parameters["backbone"])
    mark = encoder_mark(backbone, settings.weights)
    return [f"{backbone}({mark})"] if mark else []


def video_flags(video: Video, clip: Clip) -> tuple[str, ...]:
    """Return what is odd about a generated video: how it decoded, and `duration_mismatch` with its source."""
    ratio = (len(video.frames) / video.fps) / (clip.video.frames / clip.video.fps)
    return (*video.flags, *(("duration_mismatch",) if abs(ratio - 1) > DURATION_TOLERANCE else ()))


class _Work:
    """What the metrics of one video share, each computed when first asked for."""

    def __init__(self, source: Source, prompt: str, video: Video, protocol: Protocol, settings: JudgeSettings) -> None:
        self._source, self._prompt, self._video = source, prompt, video
        self._protocol, self._settings = protocol, settings
        self._shared: dict[str, object] = {}

    def value(self, metric: MetricId, flags: tuple[str, ...]) -> MetricValue:
        info = metric_named(metric.name)
        whole = MetricId(info.part_of or info.name, metric.parameters)
        compute = self._motion if info.needs == "tracks" else self._features
        try:
            score = self._once(str(whole), lambda: compute(whole, metric_named(whole.name)))
        except Unavailable as missing:
            score = Score.unavailable("unavailable", str(missing))
        return MetricValue(
            metric=str(metric),
            value=score.detail.get(info.name) if info.part_of else score.value,
            unit=info.unit,
            direction=info.direction,
            status=score.status,
            reason=score.reason,
            comparable_with=comparable_with(metric, self._source.clip, self._protocol, self._settings),
            flags=tuple(dict.fromkeys((*score.flags, *flags))),
            n_used=score.n_used,
            n_total=score.n_total,
        )

    def _motion(self, metric: MetricId, info: MetricInfo) -> Score:
        pair = self._once("tracks", lambda: track_pair(self._source, self._video, self._settings.tracker))
        if not isinstance(pair, TrackPair):
            return pair
        parameters = {key: value for key, value in metric.parameters.items() if key != "queries"}
        function: Callable[..., Score] = load(info.function)
        score = function(pair.reference, pair.generated, alignment=self._protocol.alignment, **parameters)
        return score.with_flags(*pair.flags, *self._source.clip.flags)

    def _features(self, metric: MetricId, info: MetricInfo) -> Score:
        backbone = str(metric.parameters["backbone"])
        encoder = load_encoder(backbone, self._settings.weights, self._settings.device)
        features: Tensor = self._once(backbone, lambda: encoder.encode_frames(self._video.frames))
        function: Callable[..., Score] = load(info.function)
        if info.needs == "frames":
            return function(features)
        text, flags = cast(ClipEncoder, encoder).encode_text(self._prompt)
        return function(features, text).with_flags(*flags)

    def _once(self, key: str, compute: Callable[[], T]) -> T:
        if key not in self._shared:
            self._shared[key] = compute()
        return cast(T, self._shared[key])
