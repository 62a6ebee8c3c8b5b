"""The whole scoring pass against the published scripts' way of working, on the same videos, weights and tracker.

The peer does each protocol as a script of its own: it loads its models, and for every video decodes source and
generation anew for each metric, tracks both anew, and embeds frame by frame where DMT's and DiTFlow's code does. The
last step from tracks and features to a number is vmtbench's own in both, so that the results can be compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import make_benchmark, make_videos, spent
from numpy.typing import NDArray
from speed_weights import write_weights

from annotate.dis import DISTracker
from annotate.grids import box_mask, grid_queries
from benchmark.generated import Generated, list_generated
from benchmark.masks import read_mask
from benchmark.registry import load
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.video import read_video
from metrics import backbones
from metrics.backbones import BACKBONES
from metrics.catalogue import metric_named
from metrics.film import look
from metrics.identity import MetricId
from metrics.protocol import Protocol, read_protocol
from metrics.records import ScoreRecord
from metrics.result import Score
from metrics.rules import ALL_FRAMES
from metrics.scoring import score
from metrics.settings import JudgeSettings
from metrics.temporal import pooled
from metrics.vbench_backbones import VBenchClip

PUBLISHED = ("mtbench", "mtbench-official", "dmt", "ditflow", "motionbench", "fastvmt")
FRAME_BY_FRAME = ("dmt", "ditflow", "motionbench", "fastvmt")
TOLERANCE = 1e-5

Values = dict[tuple[str, str, str], float | None]
"""By protocol, sample and metric."""


def measure(
    *,
    clips: int = 2,
    prompts: int = 3,
    frames: int = 24,
    size: tuple[int, int] = (192, 256),
    weights: str = "tiny",
    amt: bool = False,
) -> list[dict[str, Any]]:
    """Score the same videos both ways, compare every value, and return the ratios of what it took.

    Args:
        clips, prompts: how many; each prompt of each clip has one video.
        frames: per video.
        size: (height, width) in pixels.
        weights: a size of `speed_weights`.
        amt: whether AMT-S is there for motion smoothness; it runs once per video in both and takes most of a run.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bench = make_benchmark(root, clips, prompts, frames, size)
        out = make_videos(bench, root / "out")
        settings = JudgeSettings(tracker="dis", weights=write_weights(root / "weights", weights, amt=amt))
        protocols = [read_protocol(name) for name in PUBLISHED]
        score(out, bench, root / "warm", protocols[:1], settings=settings)  # imports are in neither's time
        backbones._loaded.cache_clear()
        with spent() as fast:
            scored = score(out, bench, root / "scores", protocols, settings=settings)
        assert not scored.report.failed, scored.report.failed
        backbones._loaded.cache_clear()
        samples = list_generated("recolour", out / "recolour", bench)
        with spent() as slow:
            expected = as_scripts(samples, bench, protocols, settings)
        compare(recorded(root / "scores"), expected)
    what = f"all six protocols, {clips} clips x {prompts} prompts, {frames} frames, {weights} weights"
    rates = {"videos_per_minute": 60 * len(samples) / fast.wall, "seconds": fast.wall, "peer_seconds": slow.wall}
    peer = "the scripts' way"
    return [{"what": what, "peer": peer, "ratio": slow.wall / fast.wall, "ratio_cpu": slow.cpu / fast.cpu, **rates}]


def recorded(scores: Path) -> Values:
    """Return every value of the score files."""
    records = [ScoreRecord.model_validate_json(path.read_text()) for path in scores.glob("*/*/*/*.json")]
    return {
        (record.protocol, f"{record.sample.clip}/{record.sample.prompt}", value.metric): value.value
        for record in records
        for value in record.values
    }


def compare(found: Values, expected: Values) -> None:
    """Fail where the pass and the scripts disagree about anything that both compute."""
    assert expected, "the scripts computed nothing"
    for key, value in expected.items():
        np.testing.assert_allclose(_number(found[key]), _number(value), rtol=0, atol=TOLERANCE, err_msg=str(key))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def as_scripts(
    samples: Sequence[Generated], bench: Benchmark, protocols: Sequence[Protocol], settings: JudgeSettings
) -> Values:
    """Compute every protocol by itself."""
    values: Values = {}
    for protocol in protocols:
        script = _Script(protocol, settings)
        for sample in samples:
            for metric, value in script.run(bench.source(sample.clip), sample):
                values[protocol.id, f"{sample.clip.id}/{sample.prompt.id}", metric] = value
    return values


@dataclass
class _Script:
    """One protocol done by itself; its models are loaded once."""

    protocol: Protocol
    settings: JudgeSettings

    def __post_init__(self) -> None:
        self._model: Callable[[str], Any] = cache(self._load)

    def run(self, source: Source, sample: Generated) -> Iterator[tuple[str, float | None]]:
        ids = self.protocol.metric_ids
        by_tracks = [metric for metric in ids if metric_named(metric.name).needs == "tracks"]
        pairs = {queries: self._track(source, sample, queries) for queries in {_queries(m) for m in by_tracks}}
        for metric in ids:
            info = metric_named(metric.name)
            if info.part_of:
                continue
            if info.needs == "tracks":
                yield str(metric), self._motion(metric, *pairs[_queries(metric)]).value
            elif not (info.needs == "midpoints" and not (self._folder("amt-s")).is_dir()):
                yield str(metric), self._appearance(metric, sample).value

    def _track(self, source: Source, sample: Generated, queries: str) -> list[NDArray[np.float64]]:
        sides = []
        for path in (source.video, sample.path):
            frames = look(read_video(path).frames, self.protocol.frame_rule)
            size = np.array([frames.shape[2], frames.shape[1]])
            points = DISTracker().track(frames, self._starts(source, queries, frames.shape)).points
            sides.append(points.astype(np.float64) / (size if self.protocol.coordinates == "norm" else 1))
        return sides

    def _starts(self, source: Source, queries: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        height, width = shape[1:3]
        if queries == "annotated":
            assert source.tracks is not None
            clip = source.clip.video
            return source.tracks.queries * np.array([1, width / clip.width, height / clip.height], np.float32)
        where, _, count = queries.rpartition("-")
        path = source.mask(0)
        if where == "grid" or path is None:
            return grid_queries(int(count), width, height)
        mask = (read_mask(path) > 0).astype(np.uint8)
        return grid_queries(int(count), width, height, mask=box_mask(mask, rule=self.protocol.box))

    def _motion(self, metric: MetricId, reference: NDArray[np.float64], generated: NDArray[np.float64]) -> Score:
        info = metric_named(metric.name)
        parameters = {key: value for key, value in metric.parameters.items() if key != "queries"}
        rules = {name: getattr(self.protocol, name) for name in info.rules}
        return load(info.function)(reference, generated, **rules, **parameters)

    def _appearance(self, metric: MetricId, sample: Generated) -> Score:
        info, given = metric_named(metric.name), metric.parameters
        name, function = str(given["backbone"]), load(info.function)
        own = info.preprocessing == "own"
        frames = look(read_video(sample.path).frames, self.protocol.frame_rule if own else ALL_FRAMES)
        model = self._model(name)
        if info.needs == "midpoints":
            return function(frames, model, smallest=model.smallest)
        encode = (model if own or not name.startswith("clip-") else VBenchClip(model)).encode_frames
        one_by_one = own and self.protocol.name in FRAME_BY_FRAME
        features = torch.cat([encode(frame[None]) for frame in frames]) if one_by_one else encode(frames)
        if info.needs == "text":
            return function(features, model.encode_text(sample.prompt.text)[0])
        if info.needs == "aesthetics":
            return function(features, *self._model(str(given["head"])))
        return function(pooled(features, int(given["seed"])) if given.get("feature") == "pooler" else features)

    def _load(self, name: str) -> Any:
        return load(BACKBONES[name].loader)(self._folder(name), self.settings.device)

    def _folder(self, name: str) -> Path:
        assert self.settings.weights is not None
        return self.settings.weights / name


def _queries(metric: MetricId) -> str:
    return str(metric.parameters["queries"])
