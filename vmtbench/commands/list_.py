"""`vmtbench list`: the methods, metrics, protocols and weights there are."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vmtbench.options import Json, WeightsFolder, output_for


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    METRICS = "metrics"
    PROTOCOLS = "protocols"
    WEIGHTS = "weights"


def command(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    weights: WeightsFolder = None,
    json: Json = False,
) -> None:
    """List what there is, with what of it is on this machine.

    For example:

        vmtbench list methods
        vmtbench list weights --weights my-weights
    """
    tables = {Kind.METHODS: _methods, Kind.METRICS: _metrics, Kind.PROTOCOLS: _protocols}
    columns, rows = _weights(weights) if kind is Kind.WEIGHTS else tables[kind]()
    output = output_for(json=json, quiet=False, offline=False)
    output.result({kind.value: [dict(zip(columns, row, strict=True)) for row in rows]})
    output.table(columns, rows)


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
