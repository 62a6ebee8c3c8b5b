from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest

from benchmark.errors import InputError
from benchmark.registry import find, load, unknown

TABLE = {"path": "pathlib:Path", "dumps": "json:dumps"}


def test_an_entry_is_loaded_when_it_is_asked_for() -> None:
    from pathlib import Path

    assert find("tool", "path", TABLE) is Path
    assert load("json:dumps")([1]) == "[1]"


def test_no_other_entry_is_imported() -> None:
    assert find("tool", "dumps", {**TABLE, "other": "no.such.module:x"})


def test_a_misspelt_name_gets_the_nearest_and_the_list() -> None:
    with pytest.raises(InputError) as refused:
        find("tool", "dump", TABLE)
    assert str(refused.value) == "unknown tool 'dump', expected one of: dumps, path; did you mean dumps?"


def test_a_name_like_no_other_gets_the_list_and_an_empty_registry_says_so() -> None:
    assert str(unknown("tool", "zzz", TABLE)) == "unknown tool 'zzz', expected one of: dumps, path"
    assert str(unknown("tool", "zzz", [])) == "unknown tool 'zzz', expected one of: (there are none)"


def test_an_installed_package_adds_entries(
    importable: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    importable("someones_plugin", "class Mine: pass")
    point = metadata.EntryPoint("mine", "someones_plugin:Mine", "vmtbench.tools")
    monkeypatch.setattr("benchmark.registry.entry_points", lambda group: [point] if group == "vmtbench.tools" else [])
    assert find("tool", "mine", TABLE, group="vmtbench.tools").__name__ == "Mine"
    with pytest.raises(InputError, match="did you mean mine"):
        find("tool", "mime", TABLE, group="vmtbench.tools")
