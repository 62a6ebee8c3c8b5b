"""The scoring pass: every generated video of an output folder under some protocols, gathered into one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from annotate.trackers import load_tracker
from benchmark.engine import Existing, Item, Report, WorkOptions, claim_folder, read_record, run_items
from benchmark.errors import ItemError
from benchmark.files import STATE_FOLDER, fingerprint, remove, sha256_of_file, write_json_atomic
from benchmark.generated import Generated, list_generated, list_methods, sample_name
from benchmark.registry import unknown
from benchmark.source import Source
from benchmark.store import Benchmark
from benchmark.versions import versions
from metrics.backbones import backbone_identity
from metrics.cache import Cache
from metrics.catalogue import metric_named
from metrics.film import Film
from metrics.judge import comparable_with, judge
from metrics.protocol import Protocol
from metrics.records import MetricValue, Sample, ScoreRecord, rows
from metrics.settings import JudgeSettings, Kept
from metrics.table import write_table
from metrics.tracking import tracker_of


@dataclass(frozen=True)
class Scored:
    """What a scoring pass made: the outcome of each video, the tables, and why metrics are unavailable here."""

    report: Report
    tables: tuple[Path, ...]
    unavailable: dict[str, str]


@dataclass(frozen=True)
class _Target:
    """One score file that is wanted: its protocol, its place, and what it depends on."""

    protocol: Protocol
    path: Path
    inputs: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.inputs)

    def read(self) -> ScoreRecord | None:
        """Return the score file, or None when it is missing, unreadable or made from other inputs."""
        record = read_record(self.path, self.fingerprint)
        return ScoreRecord.model_validate(record) if record is not None else None


def score(
    out: Path,
    bench: Benchmark,
    scores: Path,
    protocols: Sequence[Protocol],
    *,
    methods: Sequence[str] = (),
    settings: JudgeSettings | None = None,
    options: WorkOptions | None = None,
) -> Scored:
    """Score the videos of `out` (all methods, or those named) and write `<scores>/scores.csv` and `.parquet`.

    Each video has one file per protocol, `<scores>/<protocol>/<method>/<clip>/<prompt>.json`. A video that is expected
    and not there is a failed item; the table shows it as `missing`, so that no mean is taken without it being counted.
    Tracks and features are kept in a cache, so that another protocol or metric computes only what is new.

    Raises:
        InputError: `out` holds nothing of this benchmark, a method or the tracker is unknown, the weights lack a file,
            or `scores` holds something else or cannot be written to.
        OutputError: the disk filled up on the way; what was scored stays.
    """
    settings, options = settings or JudgeSettings(), options or WorkOptions()
    if settings.tracker:
        load_tracker(settings.tracker, weights=settings.weights, device=settings.device)
    found = list_methods(out, bench)
    if strange := [name for name in methods if name not in found]:
        raise unknown(f"method in {out}", strange[0], found)
    samples = [sample for name in sorted(methods or found) for sample in list_generated(name, found[name], bench)]
    with claim_folder(scores):
        cache = Cache(scores / STATE_FOLDER / "cache")
        kept = Kept(cache, _backbones_here(protocols, settings))
        present = [sample for sample in samples if sample.path.is_file()]
        targets = {sample.key: _targets(sample, protocols, scores, settings, kept.backbones) for sample in present}
        if options.existing is not Existing.ERROR:
            _remove_stale(chain.from_iterable(targets.values()), everything=options.existing is Existing.REDO)
        items = [_item(sample, bench, scores, targets[sample.key], settings, kept) for sample in present]
        report = run_items("score", items, options)
        report.failed |= {sample.key: _missing(sample) for sample in samples if sample.key not in targets}
        new, unavailable = [], {}
        for sample in samples:
            wanted = targets.get(sample.key)
            for number, protocol in enumerate(protocols):
                record = wanted[number].read() if wanted else None
                absent = _absent(protocol, sample, settings, "failed" if wanted else "missing", report)
                values = record.values if record else absent
                new += rows(_sample(sample), protocol.id, values)
                unavailable |= {value.metric: value.reason for value in values if value.status == "unavailable"}
        return Scored(report, write_table(scores, new), unavailable)


def _backbones_here(protocols: Sequence[Protocol], settings: JudgeSettings) -> dict[str, str]:
    parameters = [metric.parameters for protocol in protocols for metric in protocol.metric_ids]
    names = {str(given[key]) for given in parameters for key in ("backbone", "head") if key in given}
    return {name: backbone_identity(name, settings.weights) for name in sorted(names)}


def _targets(
    sample: Generated,
    protocols: Sequence[Protocol],
    scores: Path,
    settings: JudgeSettings,
    backbones: Mapping[str, str],
) -> tuple[_Target, ...]:
    name = sample_name(sample.prompt.id, sample.seed, several=sample.seed != 0)
    shared = {
        "sample": _sample(sample).model_dump(mode="json"),
        "prompt": sample.prompt.text,
        "video": sha256_of_file(sample.path),
        "clip": sample.clip.model_dump(mode="json"),
        "tracker": settings.tracker,
    }
    return tuple(
        _Target(
            protocol,
            scores / protocol.name / sample.method / sample.clip.id / f"{name}.json",
            {**shared, "protocol": protocol.hash, "backbones": _used(protocol, backbones)},
        )
        for protocol in protocols
    )


def _remove_stale(targets: Iterable[_Target], *, everything: bool) -> None:
    """Delete score files that are damaged or made from other inputs, so that their videos are judged again."""
    for target in targets:
        if everything or target.read() is None:
            remove(target.path)


def _used(protocol: Protocol, backbones: Mapping[str, str]) -> dict[str, str]:
    named = {str(value) for metric in protocol.metric_ids for value in metric.parameters.values()}
    return {name: identity for name, identity in backbones.items() if name in named}


def _item(
    sample: Generated,
    bench: Benchmark,
    scores: Path,
    targets: tuple[_Target, ...],
    settings: JudgeSettings,
    kept: Kept,
) -> Item:
    name = targets[0].path.name
    return Item(
        key=sample.key,
        inputs={target.protocol.id: target.fingerprint for target in targets},
        work=partial(_judge, sample, bench.source(sample.clip), targets, settings, kept),
        record=scores / STATE_FOLDER / "scored" / sample.method / sample.clip.id / name,
        outputs=tuple(target.path for target in targets),
    )


def _judge(
    sample: Generated, source: Source, targets: tuple[_Target, ...], settings: JudgeSettings, kept: Kept
) -> dict[str, Any]:
    """Write every score file of one video that is not there yet; what the protocols share is computed once.

    What keeps one protocol from judging it keeps no other from it.

    Raises:
        ItemError: the first of what went wrong.
    """
    sha256 = str(targets[0].inputs["video"])
    film = Film.of_file(sample.path, sha256, kept.cache)
    own = Film.of_source(source, kept.cache)
    failures: list[ItemError] = []
    for target in targets:
        if target.read() is not None:
            continue
        try:
            record = _scored(sample, source, own, film, sha256, target, settings, kept)
        except ItemError as error:
            failures.append(error)
        else:
            write_json_atomic(target.path, record.model_dump(mode="json"))
    if failures:
        raise failures[0]
    return {}


def _scored(
    sample: Generated,
    source: Source,
    own: Film,
    film: Film,
    sha256: str,
    target: _Target,
    settings: JudgeSettings,
    kept: Kept,
) -> ScoreRecord:
    values = judge(source, sample.prompt.text, film, target.protocol, settings, kept, own=own)
    frames, height, width = film.shape
    return ScoreRecord(
        fingerprint=target.fingerprint,
        sample=_sample(sample),
        protocol=target.protocol.id,
        protocol_hash=target.protocol.hash,
        video={"sha256": sha256, "frames": frames, "height": height, "width": width, "fps": film.fps},
        provenance={
            "source": source.clip.video.sha256,
            "tracks": source.clip.tracks.model_dump(mode="json") if source.clip.tracks else None,
            "tracker": tracker_of(source.clip, settings.tracker),
            "backbones": target.inputs["backbones"],
            "versions": versions(),
        },
        values=values,
    )


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


def _absent(
    protocol: Protocol,
    sample: Generated,
    settings: JudgeSettings,
    status: Literal["failed", "missing"],
    report: Report,
) -> tuple[MetricValue, ...]:
    """Return what the table says of a video without scores."""
    infos = [(metric, metric_named(metric.name)) for metric in protocol.metric_ids]
    return tuple(
        MetricValue(
            metric=str(metric),
            value=None,
            unit=info.unit,
            direction=info.direction,
            status=status,
            reason=f"{status}: {report.failed.get(sample.key, '')}",
            comparable_with=comparable_with(metric, sample.clip, protocol, settings),
        )
        for metric, info in infos
    )
