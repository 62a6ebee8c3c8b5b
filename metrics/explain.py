"""Explains metrics: what is written of each, and how it behaves on tracks whose likeness is known."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from benchmark.manifest import Record, Text
from benchmark.store import parse_record
from metrics.catalogue import METRICS, MetricInfo, metric_named
from metrics.protocol import protocol_names, read_protocol

if TYPE_CHECKING:
    from metrics.behaviour import Row
    from metrics.perturbations import TrackSet


class Explanation(Record):
    """What `explanations.toml` says of one metric.

    Attributes:
        measures: what a value stands for.
        formula: plain text, one or more lines.
        defects: known ones that tracks alone do not show; `metrics.behaviour.findings` finds the others.
        prefer: when another metric answers the question better.
        confused_with: metrics whose values are read as if they were this one's.
        also_under: protocols that do not report this metric and under whose rules its behaviour is worth seeing.
    """

    measures: Text
    formula: Text
    prefer: Text
    defects: tuple[Text, ...] = ()
    confused_with: tuple[str, ...] = ()
    also_under: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explained:
    """A metric with everything that is known of it.

    Attributes:
        info: its entry in the catalogue.
        text: what is written of it.
        protocols: names of those that have it.
        rows: its values for known generations, a row per different rules of protocols; none unless it needs tracks
            alone.
        defects: what the rows show, then what is written.
    """

    info: MetricInfo
    text: Explanation
    protocols: tuple[str, ...]
    rows: tuple[Row, ...]
    defects: tuple[str, ...]


def to_explain(metric: str | None) -> list[str]:
    """Return the names to explain: a metric and the motion metrics it is confused with, or all motion metrics.

    Raises:
        InputError: there is no metric of that name.
    """
    if metric is None:
        return [name for name, info in METRICS.items() if _of_motion(info)]
    return [metric, *(name for name in explanation_of(metric).confused_with if _of_motion(metric_named(name)))]


def explain(names: Sequence[str], reference: TrackSet, unrelated: TrackSet, *, seed: int = 0) -> list[Explained]:
    """Explain metrics by name, in the given order.

    Args:
        names: of metrics.
        reference: tracks of which known generations are made, see `metrics.perturbations.perturbed`.
        unrelated: tracks of another clip.
        seed: of the generations.

    Raises:
        InputError: there is no metric of a name.
    """
    from metrics.behaviour import behaviour, rules_of

    texts = {name: explanation_of(name) for name in names}
    rules = [one for name in names for one in rules_of(name, texts[name].also_under)]
    rows = behaviour(rules, reference, unrelated, seed=seed)
    return [_explained(name, texts[name], [row for row in rows if row.metric == name]) for name in names]


def explanation_of(name: str) -> Explanation:
    """Return what is known of the metric `name`.

    Raises:
        InputError: there is none of that name.
    """
    return _all()[metric_named(name).name]


@cache
def _all() -> dict[str, Explanation]:
    file = resources.files("metrics") / "explanations.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: parse_record(Explanation, table, f"{file.name}, {name}") for name, table in tables.items()}


def _explained(name: str, text: Explanation, rows: Sequence[Row]) -> Explained:
    protocols = tuple(
        protocol
        for protocol in protocol_names()
        if name in {metric.name for metric in read_protocol(protocol).metric_ids}
    )
    return Explained(metric_named(name), text, protocols, tuple(rows), (*_found(rows), *text.defects))


def _found(rows: Sequence[Row]) -> list[str]:
    """Say what rows show, the first row's rules being the metric's own: of others only what is not so under these."""
    from metrics.behaviour import findings

    own = findings(rows[0]) if rows else []
    others = [(row, sentence) for row in rows[1:] for sentence in findings(row) if sentence not in own]
    return own + [f"Under the rules of {' and '.join(row.rules.protocols)}: {sentence}" for row, sentence in others]


def _of_motion(info: MetricInfo) -> bool:
    return info.needs in ("tracks", "layers")
