"""Named protocols: frozen settings, read from one file each, and named in every score with version and hash."""

from __future__ import annotations

import tomllib
from functools import cached_property
from importlib import resources
from typing import Literal

from pydantic import field_validator

from benchmark.files import fingerprint
from benchmark.manifest import Record
from benchmark.registry import unknown
from benchmark.store import parse_record
from metrics.catalogue import metric_named
from metrics.identity import MetricId
from metrics.rules import Alignment, Box, Foreground, FrameRule, ZeroSteps


class Protocol(Record):
    """How one evaluation is done; every field is part of its hash.

    Attributes:
        tracker: the tracker of the protocol's reference setting.
        points: annotated query points per clip of the reference setting, where the protocol uses them.
        coordinates: `norm` is (x / W, y / H), `px` the pixels of each video's own frames.
        alignment: how videos of unequal length are matched (`metrics.alignment`).
        zero_steps: `match` gives steps without length a cosine of 1 or 0; `undefined` gives such videos no value, where
            released code gives NaN.
        box: whether a box around the object holds its last row and column; official code leaves them out.
        foreground: from what level of a soft mask a pixel is the object's.
        frames: frames picked evenly from either video before anything is computed; None takes all.
        size: (height, width) to which these frames are stretched; None leaves them. VBench's metrics see the whole
            video as it is.
        metrics: metric ids, in the order of the protocol's table.
    """

    name: str
    version: int
    source: str
    tracker: str
    points: int | None = None
    coordinates: Literal["norm", "px"]
    alignment: Alignment
    zero_steps: ZeroSteps
    box: Box = "inclusive"
    foreground: Foreground = "half"
    frames: int | None = None
    size: tuple[int, int] | None = None
    metrics: tuple[str, ...]

    @field_validator("metrics")
    @classmethod
    def _metrics_exist(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        ids = [MetricId.parse(text) for text in metrics]
        for metric in ids:
            metric_named(metric.name)
        return tuple(str(metric) for metric in ids)

    @cached_property
    def metric_ids(self) -> tuple[MetricId, ...]:
        """The metrics, parsed."""
        return tuple(MetricId.parse(text) for text in self.metrics)

    @property
    def frame_rule(self) -> FrameRule:
        """Which frames its metrics look at."""
        return FrameRule(self.frames, self.size)

    @property
    def id(self) -> str:
        """Name and version, as in `mtbench@1`."""
        return f"{self.name}@{self.version}"

    @property
    def hash(self) -> str:
        """Hash of every setting."""
        return fingerprint(self.model_dump(mode="json"))[:12]


def protocol_names() -> list[str]:
    """Return the names of all protocols."""
    return sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))


def read_protocol(name: str) -> Protocol:
    """Return the protocol `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in protocol_names():
        raise unknown("protocol", name, protocol_names())
    file = _folder() / f"{name}.toml"
    return parse_record(Protocol, tomllib.loads(file.read_text(encoding="utf-8")), f"protocol file {file.name}")


def _folder():
    return resources.files("metrics") / "protocols"
