"""The score file of one generated video, and the rows it gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from benchmark.manifest import Record

Status = Literal["ok", "undefined", "unavailable", "missing", "failed"]

COLUMNS = (
    "method", "clip", "prompt", "seed", "level", "category", "kind", "protocol", "metric", "value", "unit", "direction",
    "status", "reason", "comparable_with", "flags", "n_used", "n_total",
)  # fmt: skip
"""Columns of `scores.csv`, in order."""


class MetricValue(Record):
    """One metric of one video: its value, or the reason why there is none."""

    metric: str
    value: float | None
    unit: str
    direction: Literal["higher", "lower"]
    status: Status
    reason: str = ""
    comparable_with: str
    flags: tuple[str, ...] = ()
    n_used: int = 0
    n_total: int = 0


class Sample(Record):
    """What was judged: a method's video of one clip, prompt and seed, with the clip's labels."""

    method: str
    clip: str
    prompt: str
    seed: int
    level: str | None
    category: str
    kind: str


class ScoreRecord(Record):
    """A score file: every metric value of one video under one protocol, and what they were made with."""

    fingerprint: str
    sample: Sample
    protocol: str
    protocol_hash: str
    video: dict[str, Any]
    provenance: dict[str, Any]
    values: tuple[MetricValue, ...]


def rows(sample: Sample, protocol: str, values: tuple[MetricValue, ...]) -> Iterator[dict[str, Any]]:
    """Yield one row of `scores.csv` per metric."""
    for value in values:
        fields = value.model_dump(mode="json") | {"flags": " ".join(value.flags)}
        row = sample.model_dump(mode="json") | {"protocol": protocol} | fields
        yield {column: row[column] for column in COLUMNS}
