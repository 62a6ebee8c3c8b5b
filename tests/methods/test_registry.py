from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import pytest

from benchmark.errors import InputError
from methods.registry import CONTROLS, METHODS, load_method, plugins


def test_there_are_the_controls_of_the_design() -> None:
    assert {*CONTROLS} == {"copy", "static", "reverse", "recolour", "jitter", "noise"}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_made_and_offers_the_interface(name: str) -> None:
    settings = {"template": "make {output}", "timeout": 1} if name == "command" else {}
    method = load_method(name, settings)
    assert isinstance(method.version, str)
    assert isinstance(method.settings, Mapping)
    for part in ("prepare", "generate", "release"):
        assert callable(getattr(method, part))


def test_a_misspelt_method_gets_the_nearest_and_the_list() -> None:
    with pytest.raises(InputError, match=r"'recolor', expected one of: command, copy.*; did you mean recolour\?"):
        load_method("recolor", {})


@pytest.mark.parametrize(
    ("name", "settings", "found"),
    [
        ("copy", {"strength": 1}, "unexpected keyword argument 'strength'"),
        ("jitter", {"strength": 1}, "unexpected keyword argument 'strength'"),
        ("command", {}, "missing a required argument: 'template'"),
    ],
)
def test_settings_that_a_method_does_not_have_or_needs_are_named(
    name: str, settings: dict[str, Any], found: str
) -> None:
    with pytest.raises(InputError, match=f"method '{name}' cannot be set up: .*{found}; correct its settings"):
        load_method(name, settings)


def test_an_installed_package_adds_methods_and_its_own_errors_are_not_hidden(
    importable: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    importable(
        "someones_method",
        """
        class Mine:
            version = "7"
            settings = {}
        def broken(size):
            raise TypeError("a bug of its own")
        """,
    )
    points = [
        metadata.EntryPoint(name, f"someones_method:{value}", "vmtbench.methods")
        for name, value in (("mine", "Mine"), ("broken", "broken"))
    ]
    for module in ("benchmark.registry", "methods.registry"):
        monkeypatch.setattr(f"{module}.entry_points", lambda group: points if group == "vmtbench.methods" else [])
    assert plugins() == {"mine": "someones_method:Mine", "broken": "someones_method:broken"}
    assert load_method("mine", {}).version == "7"
    with pytest.raises(TypeError, match="a bug of its own"):
        load_method("broken", {"size": 1})
