"""How metrics behave: their values for generations that are known, and what these give away (specification §4.6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmark.registry import load
from metrics.catalogue import MetricInfo, metric_named
from metrics.compensated import Layers
from metrics.identity import MetricId, Parameter
from metrics.perturbations import NOISE, OFFSET, TrackSet, perturbed
from metrics.protocol import Protocol, protocol_names, read_protocol
from metrics.result import Score

ROUNDING = 0.0005
"""Below this two values are printed alike."""

HARDLY, MUCH = 0.05, 0.5
"""Shares of what an unrelated motion costs: less is hardly seen, more is taken for another one."""

NARROW = 0.15
"""Share of its range within which a metric keeps same and unrelated motions, when they cannot be told apart well."""

_ABOUT_TRACKING = ("queries", "background")
"""Parameters that say which points are tracked, which tracks that are there already do not need."""


@dataclass(frozen=True)
class Rules:
    """How a metric is computed from tracks, and the protocols that compute it so.

    Attributes:
        metric: name, and the parameters of the function.
        coordinates: `norm` or `px`.
        rules: the protocol's rules that the function takes.
    """

    metric: MetricId
    coordinates: str
    rules: Mapping[str, str]
    protocols: tuple[str, ...] = field(compare=False)


@dataclass(frozen=True)
class Row:
    """The values of one metric under one set of rules, per generation of `metrics.perturbations.PERTURBATIONS`."""

    rules: Rules
    scores: Mapping[str, Score]

    @property
    def metric(self) -> str:
        """The metric's name."""
        return self.rules.metric.name


def rules_of(name: str, also_under: Sequence[str] = ()) -> list[Rules]:
    """Return every different way in which protocols compute a metric from tracks; none if it needs other things.

    Args:
        name: of the metric.
        also_under: names of protocols that do not have the metric, but whose rules it is to be shown under.
    """
    if metric_named(name).needs not in ("tracks", "layers"):
        return []
    listed = [
        _rules(protocol, MetricId(name, _parameters(metric)))
        for protocol in map(read_protocol, protocol_names())
        for metric in protocol.metric_ids
        if metric.name == name
    ]
    found = listed + [_rules(read_protocol(protocol), MetricId(name)) for protocol in also_under]
    different = [rules for index, rules in enumerate(found) if rules not in found[:index]]
    return [
        replace(rules, protocols=tuple(name for other in found if other == rules for name in other.protocols))
        for rules in different
    ]


def behaviour(rules: Sequence[Rules], reference: TrackSet, unrelated: TrackSet, *, seed: int = 0) -> list[Row]:
    """Score the generations made of `reference`, a row per entry of `rules`.

    The tracks are taken as they are: frames and sizes that a protocol picks before tracking are not applied.

    Args:
        rules: as `rules_of` returns them.
        reference: the tracks that the generations are made of.
        unrelated: those of another clip.
        seed: see `metrics.perturbations.perturbed`.
    """
    generations = perturbed(reference, unrelated, seed=seed)
    return [
        Row(one, {name: _score(one, reference, generated) for name, generated in generations.items()}) for one in rules
    ]


def findings(row: Row) -> list[str]:
    """Say what the values of a row show of its metric, a sentence each; what is not so is not said."""
    values = {name: score.value for name, score in row.scores.items()}
    return [
        *_of_copies(metric_named(row.metric), values),
        *_of_costs(metric_named(row.metric), values),
        *_of_missing(row.scores),
    ]


def number(value: float) -> str:
    """Write a value as the table does."""
    return f"{value:z.3f}"


def _parameters(metric: MetricId) -> dict[str, Parameter]:
    return {key: value for key, value in metric.parameters.items() if key not in _ABOUT_TRACKING}


def _rules(protocol: Protocol, metric: MetricId) -> Rules:
    taken = _computed_by(metric.name).rules
    return Rules(metric, protocol.coordinates, {name: getattr(protocol, name) for name in taken}, (protocol.name,))


def _computed_by(name: str) -> MetricInfo:
    """Return the metric whose function computes this one."""
    return metric_named(metric_named(name).part_of or name)


def _score(rules: Rules, reference: TrackSet, generated: TrackSet) -> Score:
    whole = _computed_by(rules.metric.name)
    of_metric = _layers if whole.needs == "layers" else _points
    both = (of_metric(tracks, rules.coordinates) for tracks in (reference, generated))
    score: Score = load(whole.function)(*both, **rules.rules, **rules.metric.parameters)
    if whole.name == rules.metric.name or score.value is None:
        return score
    return replace(score, value=score.detail[rules.metric.name])


def _points(tracks: TrackSet, coordinates: str) -> Any:
    return tracks.points * tracks.size if coordinates == "px" else tracks.points


def _layers(tracks: TrackSet, _: str) -> Any:
    iso = (tracks.size[0] / tracks.size[1], 1)
    return Layers(tracks.points * iso, tracks.visible, tracks.background * iso, tracks.background_visible)


def _of_copies(info: MetricInfo, values: Mapping[str, float | None]) -> list[str]:
    """Say what is odd about the value of a perfect copy."""
    same, shuffled = values["same"], values["shuffled"]
    if same is None:
        return []
    best = info.highest if info.direction == "higher" else info.lowest
    found = []
    if abs(same - best) > ROUNDING:
        found.append(f"Identical tracks score {number(same)}, not {best:g}.")
    if shuffled is not None and _cost(info, same, shuffled) < -ROUNDING:
        found.append(f"A copy with its tracks in another order scores {number(shuffled)}, better than the copy itself.")
    return found


def _of_costs(info: MetricInfo, values: Mapping[str, float | None]) -> list[str]:
    """Say which changes cost too little or too much, measured by what an unrelated motion costs."""
    same, unrelated = values["same"], values["unrelated"]
    if same is None or unrelated is None or (whole := _cost(info, same, unrelated)) <= 0:
        return []
    found = []
    if whole < NARROW * (info.highest - info.lowest) < math.inf:
        found.append(f"Motions are hardly told apart: an unrelated one scores {number(unrelated)}{_beside(same)}.")
    for name, least, most, sentence in _EXPECTED:
        value = values[name]
        if value is not None and not least <= _cost(info, same, value) / whole <= most:
            found.append(f"{sentence} {number(value)}{_beside(same)}.")
    return found


_EXPECTED = (
    ("reversed", HARDLY, math.inf, "A motion is not told from its reverse: played backwards it scores"),
    ("shuffled", HARDLY, math.inf, "Which point moves how is not seen: in another order the tracks score"),
    ("offset", HARDLY, math.inf, f"Where the motion is hardly counts: moved by {OFFSET} of the frame it scores"),
    ("noise", HARDLY, math.inf, f"Jitter hardly shows: noise of {NOISE} of the frame scores"),
    ("noise", -math.inf, MUCH, f"Jitter counts like another motion: noise of {NOISE} of the frame scores"),
    ("halved", -math.inf, HARDLY, "The frame rate counts: every second frame of the same motion scores"),
)
"""Generation, the least and the most that it should cost, and what to say when it does not."""


def _of_missing(scores: Mapping[str, Score]) -> list[str]:
    """Say which generations have no value although the copy has one."""
    if scores["same"].value is None:
        return []
    sentences = {
        "halved": "Every second frame of the same motion has no value",
        "static": "One exactly static track leaves the whole video without a value",
    }
    return [f"{text} ({scores[name].code})." for name, text in sentences.items() if scores[name].value is None]


def _cost(info: MetricInfo, same: float, value: float) -> float:
    """Return by how much a value is worse than the copy's."""
    return same - value if info.direction == "higher" else value - same


def _beside(same: float) -> str:
    return f", the copy {number(same)}"
