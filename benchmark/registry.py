"""Registries that hold names and load on demand."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from benchmark.errors import InputError


def load(location: str) -> Any:
    """Import what `package.module:attribute` names."""
    module, _, attribute = location.partition(":")
    return getattr(import_module(module), attribute)


def find(kind: str, name: str, table: Mapping[str, str], *, group: str | None = None) -> Any:
    """Load the entry `name` of `table` (name -> `module:attribute`), or of installed plug-ins in entry-point `group`.

    Raises:
        InputError: there is none; the sentence gives the nearest names and the list.
    """
    if name in table:
        return load(table[name])
    plugins = {point.name: point for point in entry_points(group=group)} if group else {}
    if name in plugins:
        return plugins[name].load()
    raise unknown(kind, name, [*table, *plugins])


def unknown(kind: str, name: str, names: Iterable[str]) -> InputError:
    """Return the error for a name that is not among `names`."""
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=2)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return InputError(f"unknown {kind} {name!r}, expected one of: {', '.join(known) or '(there are none)'}{hint}")
