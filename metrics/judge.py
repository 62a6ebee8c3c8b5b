"""One generated video under one protocol: decoded, tracked and embedded at most once, and judged by every metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import Unavailable
from benchmark.manifest import Clip
from benchmark.registry import load
from benchmark.source import Source
from metrics.backbones import backbone_mark, load_backbone
from metrics.catalogue import MetricInfo, metric_named
from metrics.compensated import Layers
from metrics.film import Film
from metrics.identity import MetricId
from metrics.protocol import Protocol
from metrics.records import MetricValue
from metrics.result import Score
from metrics.rules import ALL_FRAMES, FrameRule
from metrics.settings import JudgeSettings, Kept
from metrics.temporal import pooled
from metrics.tracking import TrackPair, TrackRule, track_pair, tracker_of
from metrics.vbench_backbones import VBenchClip

DURATION_TOLERANCE = 0.05
"""Durations that differ by more than this share are flagged (specification §2)."""

T = TypeVar("T")


def judge(
    source: Source,
    prompt: str,
    film: Film,
    protocol: Protocol,
    settings: JudgeSettings,
    kept: Kept | None = None,
    *,
    own: Film | None = None,
) -> tuple[MetricValue, ...]:
    """Return the value of every metric of `protocol` for one generated video, in the protocol's order.

    `own` is the source's video where several protocols are to share it.

    Raises:
        ItemError: the video cannot be decoded, or the benchmark's own files of this clip cannot be used.
        InputError: a backbone's weights are there and broken.
    """
    kept = kept or Kept()
    own = own or Film.of_source(source, kept.cache)
    work = _Work(source, own, prompt, film, protocol, settings, kept)
    flags = film_flags(film, source.clip)
    return tuple(work.value(metric, flags) for metric in protocol.metric_ids)


def comparable_with(metric: MetricId, clip: Clip, protocol: Protocol, settings: JudgeSettings) -> str:
    """Return the name of the settings that a score shares with those it may be compared with.

    It is the protocol's name, as in `mtbench@1`, and in brackets what differs from the protocol's reference settings,
    as in `mtbench@1[tracker=dis]`. Whether there is a value makes no difference to it.

    Raises:
        InputError: the configuration of a backbone cannot be read.
    """
    by_tracks = "queries" in metric.parameters
    marks = _track_marks(metric, clip, protocol, settings) if by_tracks else _backbone_marks(metric, settings)
    return f"{protocol.id}[{','.join(marks)}]" if marks else protocol.id


def _track_marks(metric: MetricId, clip: Clip, protocol: Protocol, settings: JudgeSettings) -> list[str]:
    marks = []
    if tracker_of(clip, settings.tracker) not in (None, protocol.tracker):
        marks.append(f"tracker={tracker_of(clip, settings.tracker)}")
    if metric.parameters.get("queries") == "annotated":
        if "no_mask" in clip.flags:
            marks.append("queries=whole-frame")
        if clip.tracks and clip.tracks.points != protocol.points and "few_points" not in clip.flags:
            marks.append(f"points={clip.tracks.points}")
    return marks


def _backbone_marks(metric: MetricId, settings: JudgeSettings) -> list[str]:
    names = [str(metric.parameters[key]) for key in ("backbone", "head") if key in metric.parameters]
    found = [(name, backbone_mark(name, settings.weights)) for name in names]
    return [f"{name}({mark})" for name, mark in found if mark]


def film_flags(film: Film, clip: Clip) -> tuple[str, ...]:
    """Return what is odd about a generated video: how it decoded, and `duration_mismatch` with its source."""
    ratio = (film.shape[0] / film.fps) / (clip.video.frames / clip.video.fps)
    return (*film.flags, *(("duration_mismatch",) if abs(ratio - 1) > DURATION_TOLERANCE else ()))


class _Work:
    """What the metrics of one video share, each made when first asked for."""

    def __init__(
        self,
        source: Source,
        own: Film,
        prompt: str,
        film: Film,
        protocol: Protocol,
        settings: JudgeSettings,
        kept: Kept,
    ) -> None:
        self._source, self._own, self._prompt, self._film = source, own, prompt, film
        self._protocol, self._settings, self._kept = protocol, settings, kept
        self._shared: dict[object, object] = {}
        self._by_need: dict[str, Callable[[MetricId, MetricInfo], Score]] = {
            "tracks": self._from_tracks,
            "layers": self._from_layers,
            "frames": self._from_frames,
            "text": self._from_text,
            "aesthetics": self._from_aesthetics,
            "midpoints": self._from_midpoints,
        }

    def value(self, metric: MetricId, flags: tuple[str, ...]) -> MetricValue:
        info = metric_named(metric.name)
        whole = MetricId(info.part_of or info.name, metric.parameters)
        compute = self._by_need[info.needs]
        try:
            score = self._once(whole, lambda: compute(whole, metric_named(whole.name)))
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

    def _from_tracks(self, metric: MetricId, info: MetricInfo) -> Score:
        pair = self._pair(str(metric.parameters["queries"]))
        if not isinstance(pair, TrackPair):
            return pair
        both = pair.in_pixels() if self._protocol.coordinates == "px" else (pair.reference, pair.generated)
        parameters = {key: value for key, value in metric.parameters.items() if key != "queries"}
        score = self._function(info)(*both, **self._rules(info), **parameters)
        return score.with_flags(*pair.flags, *self._source.clip.flags)

    def _from_layers(self, metric: MetricId, info: MetricInfo) -> Score:
        pairs = (
            self._pair(str(metric.parameters["queries"])),
            self._pair(f"background-{metric.parameters['background']}"),
        )
        front, back = pairs
        if not isinstance(front, TrackPair):
            return front
        if not isinstance(back, TrackPair):
            return back
        reference, generated = (
            Layers(foreground, front_visible, background, back_visible)
            for foreground, front_visible, background, back_visible in zip(
                front.in_frame_heights(), front.visible, back.in_frame_heights(), back.visible, strict=True
            )
        )
        score = self._function(info)(reference, generated, **self._rules(info))
        return score.with_flags(*front.flags, *self._source.clip.flags)

    def _from_frames(self, metric: MetricId, info: MetricInfo) -> Score:
        features = self._features(metric, info)
        if metric.parameters.get("feature") != "pooler":
            return self._function(info)(features)
        return self._function(info)(pooled(features, int(metric.parameters["seed"]))).with_flags("random_projection")

    def _from_text(self, metric: MetricId, info: MetricInfo) -> Score:
        text, flags = self._text(str(metric.parameters["backbone"]))
        return self._function(info)(self._features(metric, info), text).with_flags(*flags)

    def _from_aesthetics(self, metric: MetricId, info: MetricInfo) -> Score:
        return self._function(info)(self._features(metric, info), *self._backbone(str(metric.parameters["head"])))

    def _from_midpoints(self, metric: MetricId, info: MetricInfo) -> Score:
        network = self._backbone(str(metric.parameters["backbone"]))
        return self._function(info)(self._film.frames(ALL_FRAMES), network, smallest=network.smallest)

    def _pair(self, queries: str) -> TrackPair | Score:
        protocol = self._protocol
        rule = TrackRule(queries, protocol.frame_rule, protocol.box, protocol.foreground)
        return self._once(rule, lambda: track_pair(self._source, self._own, self._film, self._settings, rule))

    def _rules(self, info: MetricInfo) -> dict[str, str]:
        return {name: getattr(self._protocol, name) for name in info.rules}

    def _features(self, metric: MetricId, info: MetricInfo) -> Tensor:
        name = str(metric.parameters["backbone"])
        rule = ALL_FRAMES if info.preprocessing == "vbench" else self._protocol.frame_rule
        return self._once((name, info.preprocessing), lambda: self._embedded(name, info.preprocessing, rule))

    def _embedded(self, name: str, preprocessing: str, rule: FrameRule) -> Tensor:
        def compute() -> dict[str, np.ndarray]:
            backbone = self._backbone(name)
            if preprocessing == "vbench" and name.startswith("clip-"):
                backbone = VBenchClip(backbone)
            return {"features": backbone.encode_frames(self._film.frames(rule)).numpy()}

        key = {"kind": "features", "preprocessing": preprocessing, "frames": [rule.count, rule.size]}
        return torch.from_numpy(self._kept_by(name, key, self._film.arrays, compute)["features"])

    def _text(self, name: str) -> tuple[Tensor, tuple[str, ...]]:
        def compute() -> dict[str, np.ndarray]:
            features, flags = self._backbone(name).encode_text(self._prompt)
            return {"features": features.numpy(), "flags": np.array(flags, dtype=np.str_)}

        made = self._kept_by(name, {"kind": "text", "prompt": self._prompt}, self._kept.cache.arrays, compute)
        return torch.from_numpy(made["features"]), tuple(str(flag) for flag in made["flags"])

    def _kept_by(
        self, backbone: str, key: dict[str, Any], keep: Callable[..., dict[str, np.ndarray]], compute: Callable[[], Any]
    ) -> dict[str, np.ndarray]:
        """Return arrays made by a backbone, from the cache where the identity of its weights is known."""
        identity = self._kept.backbones.get(backbone)
        return keep({**key, "backbone": backbone, "weights": identity}, compute) if identity else compute()

    def _backbone(self, name: str) -> Any:
        return load_backbone(name, self._settings.weights, self._settings.device)

    def _function(self, info: MetricInfo) -> Callable[..., Score]:
        return load(info.function)

    def _once(self, key: object, compute: Callable[[], T]) -> T:
        if key not in self._shared:
            self._shared[key] = compute()
        return cast(T, self._shared[key])
