"""`vmtbench list`: the methods, metrics, protocols and weights there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmtbench.options import Json, WeightsFolder, output_for

if TYPE_CHECKING:
    from metrics.catalogue import MetricInfo
    from metrics.protocol import Protocol

WIDTH = 26
"""Characters per line of a setting; no metric and no parameter has more."""

PROTOCOLS_BESIDE = 4
"""Protocols beside each other in the table of settings; all of them would be wider than most screens."""


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    METRICS = "metrics"
    PROTOCOLS = "protocols"
    WEIGHTS = "weights"


def command(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Metrics with their formulas, protocols setting by setting.")
    ] = False,
    weights: WeightsFolder = None,
    json: Json = False,
) -> None:
    """List what there is, with what of it is on this machine.

    For example:

        vmtbench list methods
        vmtbench list protocols -v
        vmtbench list weights --weights my-weights
    """
    tables: dict[Kind, Callable[[], Table]] = {
        Kind.METHODS: _methods,
        Kind.METRICS: _formulas if verbose else _metrics,
        Kind.PROTOCOLS: _settings if verbose else _protocols,
        Kind.WEIGHTS: lambda: _weights(weights),
    }
    columns, rows = tables[kind]()
    output = output_for(json=json, quiet=False, offline=False)
    output.result({kind.value: [dict(zip(columns, row, strict=True)) for row in rows]})
    for part in _in_parts(columns, rows) if tables[kind] is _settings else [(columns, rows)]:
        output.table(*part)


Table = tuple[Sequence[str], list[Sequence[Any]]]


def _methods() -> Table:
    from methods.registry import METHODS, plugins

    rows: list[Sequence[Any]] = [(name, info.kind, info.summary) for name, info in METHODS.items()]
    return ("method", "kind", "what it does"), rows + [(name, "plug-in", origin) for name, origin in plugins().items()]


def _metrics() -> Table:
    from metrics.catalogue import METRICS

    columns = ("metric", "needs", "unit", "direction", "range", "what it measures", "source")
    return columns, [
        (m.name, m.needs, m.unit, m.direction, f"{m.lowest:g} … {m.highest:g}", m.summary, m.source)
        for m in METRICS.values()
    ]


def _protocols() -> Table:
    from metrics.protocol import protocol_names, read_protocol

    protocols = [read_protocol(name) for name in protocol_names()]
    columns = ("protocol", "hash", "tracker", "metrics", "source")
    return columns, [(p.id, p.hash, p.tracker, ", ".join(p.metrics), p.source) for p in protocols]


def _formulas() -> Table:
    from metrics.catalogue import METRICS
    from metrics.explain import explanation_of

    columns = ("metric", "range", "better", "formula", "source")
    return columns, [
        (m.name, f"{m.lowest:g} … {m.highest:g}", m.direction, explanation_of(m.name).formula, m.source)
        for m in METRICS.values()
    ]


def _settings() -> Table:
    """One row per setting of protocols, one column per protocol."""
    from metrics.protocol import Protocol, protocol_names, read_protocol

    protocols = [read_protocol(name) for name in protocol_names()]
    plain = [name for name in Protocol.model_fields if name not in ("name", "metrics")]
    rows = [(name, *(_written(name, getattr(protocol, name)) for protocol in protocols)) for name in plain]
    metrics = [
        (aspect, *("\n".join(_metrics_of(protocol, aspect)) for protocol in protocols))
        for aspect in ("motion", "text", "temporal", "VBench")
    ]
    return ("setting", *(p.name for p in protocols)), [*rows, ("hash", *(p.hash for p in protocols)), *metrics]


def _written(name: str, setting: Any) -> str:
    if setting is None:
        return "–"
    return f"{setting[1]}x{setting[0]}" if name == "size" else str(setting)


def _metrics_of(protocol: Protocol, aspect: str) -> Iterator[str]:
    """Yield lines: a metric's name, then its parameters, indented."""
    from metrics.catalogue import metric_named

    for metric in protocol.metric_ids:
        if _aspect(metric_named(metric.name)) == aspect:
            yield metric.name
            yield from (f"  {key}={value}" for key, value in sorted(metric.parameters.items()))


def _aspect(metric: MetricInfo) -> str:
    if metric.preprocessing == "vbench":
        return "VBench"
    return {"tracks": "motion", "layers": "motion", "text": "text"}.get(metric.needs, "temporal")


def _in_parts(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Table]:
    """Yield the table in parts of so many protocols that they fit beside the settings' names."""
    from textwrap import fill

    for start in range(1, len(columns), PROTOCOLS_BESIDE):
        part = slice(start, start + PROTOCOLS_BESIDE)
        yield (
            (columns[0], *columns[part]),
            [
                (row[0], *("\n".join(fill(line, WIDTH) for line in cell.split("\n")) for cell in row[part]))
                for row in rows
            ],
        )


def _weights(folder: Path | None) -> Table:
    from benchmark.errors import VmtbenchError
    from benchmark.weights import WEIGHTS, locate

    def where(name: str) -> str:
        try:
            return f"here: {locate(name, folder)}"
        except VmtbenchError as error:
            return str(error)

    columns = ("weights", "source", "revision", "licence", "MB", "used by", "on this machine")
    return columns, [
        (w.name, w.source, w.revision, w.licence, w.megabytes, w.used_by, where(w.name)) for w in WEIGHTS.values()
    ]
