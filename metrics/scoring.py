"""The scoring pass: every generated video of an output folder under one protocol, gathered into one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from annotate.trackers import load_tracker
from benchmark.engine import Item, Report, WorkOptions, claim_folder, read_record, run_items
from benchmark.errors import Unavailable
from benchmark.files import fingerprint, sha256_of_file
from benchmark.generated import Generated, list_generated, list_methods, sample_name
from benchmark.registry import unknown
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.versions import versions
from benchmark.weights import weights_named
from metrics.catalogue import metric_named
from metrics.encoders import encoder_folder
from metrics.identity import MetricId
from metrics.judge import JudgeSettings, comparable_with, judge
from metrics.protocol import Protocol
from metrics.records import MetricValue, Sample, ScoreRecord, rows
from metrics.table import write_table
from metrics.tracking import tracker_of


@dataclass(frozen=True)
class Scored:
    """What a scoring pass made: the outcome of each video, the tables, and why metrics are unavailable here."""

    report: Report
    tables: tuple[Path, ...]
    unavailable: dict[str, str]


def score(
    out: Path,
    bench: Benchmark,
    scores: Path,
    protocol: Protocol,
    *,
    methods: Sequence[str] = (),
    settings: JudgeSettings | None = None,
    options: WorkOptions | None = None,
) -> Scored:
    """Score the videos of `out` (all methods, or those named) and write `<scores>/scores.csv` and `.parquet`.

    Each video has its own file `<scores>/<protocol>/<method>/<clip>/<prompt>.json`. A video that is expected and not
    there is a failed item; the table shows it as `missing`, so that no mean is taken without it being counted.

    Raises:
        InputError: `out` holds nothing of this benchmark, a method or the tracker is unknown, the weights lack a file,
            or `scores` holds something else or cannot be written to.
        OutputError: the disk filled up on the way; what was scored stays.
    """
    settings, options = settings or JudgeSettings(), options or WorkOptions()
    if settings.tracker:
        load_tracker(settings.tracker)
    found = list_methods(out, bench)
    if strange := [name for name in methods if name not in found]:
        raise unknown(f"method in {out}", strange[0], found)
    samples = [sample for name in sorted(methods or found) for sample in list_generated(name, found[name], bench)]
    with claim_folder(scores):
        backbones = backbones_here(protocol, settings)
        items = {
            sample.key: _item(sample, bench, scores, protocol, settings, backbones)
            for sample in samples
            if sample.path.is_file()
        }
        report = run_items(f"score {protocol.name}", list(items.values()), options)
        report.failed |= {sample.key: _missing(sample) for sample in samples if sample.key not in items}
        values = {
            sample.key: _values(sample, items.get(sample.key), protocol, settings, report.failed.get(sample.key, ""))
            for sample in samples
        }
        new = [row for sample in samples for row in rows(_sample(sample), protocol.id, values[sample.key])]
        return Scored(report, write_table(scores, new), _unavailable(values.values()))


def _unavailable(values: Iterable[Sequence[MetricValue]]) -> dict[str, str]:
    return {value.metric: value.reason for sample in values for value in sample if value.status == "unavailable"}


def backbones_here(protocol: Protocol, settings: JudgeSettings) -> dict[str, str]:
    """Return, for every backbone of `protocol`, the hash of its weights on this machine, or why there are none.

    This is part of every score's fingerprint: when weights arrive, what was `unavailable` is scored again.
    """
    names = {str(metric.parameters["backbone"]) for metric in protocol.metric_ids if "backbone" in metric.parameters}
    return {name: _weights_identity(name, settings.weights) for name in sorted(names)}


def _weights_identity(name: str, folder: Path | None) -> str:
    try:
        path = encoder_folder(name, folder)
    except Unavailable as missing:
        return str(missing)
    files = sorted(file for pattern in weights_named(name).files for file in path.glob(pattern))
    return fingerprint({file.name: sha256_of_file(file) for file in files})


def _item(
    sample: Generated,
    bench: Benchmark,
    scores: Path,
    protocol: Protocol,
    settings: JudgeSettings,
    backbones: Mapping[str, str],
) -> Item:
    source = bench.source(sample.clip)
    name = sample_name(sample.prompt.id, sample.seed, several=sample.seed != 0)
    inputs = {
        "sample": _sample(sample).model_dump(mode="json"),
        "prompt": sample.prompt.text,
        "video": sha256_of_file(sample.path),
        "clip": sample.clip.model_dump(mode="json"),
        "protocol": protocol.hash,
        "tracker": settings.tracker,
        "backbones": dict(backbones),
    }
    return Item(
        key=sample.key,
        inputs=inputs,
        work=partial(_judge, sample, source, protocol, settings, inputs["video"], dict(backbones)),
        record=scores / protocol.name / sample.method / sample.clip.id / f"{name}.json",
    )


def _judge(
    sample: Generated,
    source: Source,
    protocol: Protocol,
    settings: JudgeSettings,
    sha256: str,
    backbones: Mapping[str, str],
) -> dict[str, Any]:
    from benchmark.video import read_video

    video = read_video(sample.path)
    frames, height, width = video.frames.shape[:3]
    record = ScoreRecord(
        fingerprint="",
        sample=_sample(sample),
        protocol=protocol.id,
        protocol_hash=protocol.hash,
        video={"sha256": sha256, "frames": frames, "height": height, "width": width, "fps": video.fps},
        provenance={
            "source": source.clip.video.sha256,
            "tracks": source.clip.tracks.model_dump(mode="json") if source.clip.tracks else None,
            "tracker": tracker_of(source.clip, settings.tracker),
            "backbones": dict(backbones),
            "versions": versions(),
        },
        values=judge(source, sample.prompt.text, video, protocol, settings),
    )
    return record.model_dump(mode="json", exclude={"fingerprint"})


def _sample(generated: Generated) -> Sample:
    clip = generated.clip
    return Sample(
        method=generated.method,
        clip=clip.id,
        prompt=generated.prompt.id,
        seed=generated.seed,
        level=clip.difficulty.level if clip.difficulty else None,
        category=clip.category,
        kind=generated.prompt.kind,
    )


def _missing(sample: Generated) -> str:
    return f"no video at {'/'.join(sample.path.parts[-3:])}; generate it, or score again when it is there"


def _values(
    sample: Generated, item: Item | None, protocol: Protocol, settings: JudgeSettings, reason: str
) -> tuple[MetricValue, ...]:
    record = read_record(item) if item else None
    if record is not None:
        return ScoreRecord.model_validate(record).values
    status = "failed" if item else "missing"
    return tuple(_absent(metric, sample, protocol, settings, status, reason) for metric in protocol.metric_ids)


def _absent(
    metric: MetricId,
    sample: Generated,
    protocol: Protocol,
    settings: JudgeSettings,
    status: Literal["failed", "missing"],
    reason: str,
) -> MetricValue:
    info = metric_named(metric.name)
    return MetricValue(
        metric=str(metric),
        value=None,
        unit=info.unit,
        direction=info.direction,
        status=status,
        reason=f"{status}: {reason}",
        comparable_with=comparable_with(metric, sample.clip, protocol, settings),
    )
