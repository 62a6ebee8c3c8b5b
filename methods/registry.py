"""The methods there are; nothing is imported until one is used."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from benchmark.errors import InputError
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


def plugins() -> dict[str, str]:
    """Return methods that installed packages add: name -> `module:attribute`; none is imported."""
    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def load_method(name: str, settings: Mapping[str, Any]) -> Method:
    """Make the method `name` with its settings.

    Raises:
        InputError: the name is unknown, and the sentence gives the nearest ones and the list; or a setting is unknown
            or missing.
    """
    table = {key: info.location for key, info in METHODS.items()}
    make = find("method", name, table, group=ENTRY_POINTS)
    try:
        inspect.signature(make).bind(**settings)
    except TypeError as error:
        raise InputError(f"method {name!r} cannot be set up: {error}; correct its settings") from None
    return make(**settings)
