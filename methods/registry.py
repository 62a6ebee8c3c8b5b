"""The methods there are; nothing is imported until one is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.registry import find
from methods.adapter import Method

ENTRY_POINTS = "vmtbench.methods"
"""Entry-point group by which an installed package adds methods."""


@dataclass(frozen=True)
class MethodInfo:
    """What `vmtbench list methods` says of a method."""

    kind: Literal["control", "command"]
    summary: str
    location: str


METHODS = {
    "copy": MethodInfo("control", "the source itself: the best motion any method can score", "methods.controls:Copy"),
    "recolour": MethodInfo("control", "same motion, other colours", "methods.controls:Recolour"),
    "jitter": MethodInfo("control", "the source under shake and flicker", "methods.controls:Jitter"),
    "reverse": MethodInfo("control", "the source played backwards", "methods.controls:Reverse"),
    "static": MethodInfo("control", "the first frame, repeated", "methods.controls:Static"),
    "noise": MethodInfo("control", "random pixels", "methods.controls:Noise"),
    "command": MethodInfo("command", "any program, run once per video by --command", "methods.command:Command"),
}

CONTROLS = tuple(name for name, info in METHODS.items() if info.kind == "control")


def load_method(name: str, settings: Mapping[str, Any]) -> Method:
    """Make the method `name` with its settings.

    Raises:
        InputError: the name is unknown; the sentence gives the nearest ones and the list.
    """
    table = {key: info.location for key, info in METHODS.items()}
    return find("method", name, table, group=ENTRY_POINTS)(**settings)
