"""Help texts, and how little is imported before a command does anything."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from vmtbench.cli import app

Cli = Callable[..., Any]

COMMANDS = ["demo", "build", "inspect", "run", "score", "leaderboard"]
COMMANDS += ["compare", "correlate", "explain", "list", "doctor", "fetch", "schema"]
HEAVY = {"av", "cv2", "decord", "matplotlib", "numpy", "open_clip", "pandas", "scipy", "sklearn", "torch"}
HEAVY |= {"datasets", "huggingface_hub", "pyarrow", "torchvision", "transformers"}


def test_the_design_s_commands_are_there_and_no_others():
    assert [command.name for command in app.registered_commands] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_shows_an_example_of_it_on_a_line_of_its_own(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.setenv("COLUMNS", "120")
    result = cli(command, "--help")
    result.succeeds()
    assert re.search(rf"^ +For example:\s*\n\s*\n +vmtbench {command}\b", result.out, re.MULTILINE), result.out
    assert "Arguments" in result.out or "Options" in result.out


def test_every_option_is_explained():
    import typer

    group: Any = typer.main.get_command(app)
    silent = [
        f"{name} {parameter.name}"
        for name, command in group.commands.items()
        for parameter in command.params
        if not parameter.help
    ]
    assert not silent, f"these options have no help: {silent}"


def test_no_command_at_all_shows_the_help(cli: Cli):
    result = cli()
    result.succeeds()
    assert all(command in result.out for command in COMMANDS)


def test_the_version_is_that_of_the_package(cli: Cli):
    assert cli("--version").out == f"vmtbench {version('vmtbench')}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]):
    program = (
        f"import sys\nsys.argv = ['vmtbench', *{arguments!r}]\nfrom vmtbench.cli import main\n"
        f"try:\n    main()\nexcept SystemExit as leaving:\n    assert not leaving.code, leaving.code\n"
        f"print('heavy:', sorted({HEAVY!r} & set(sys.modules)))"
    )
    assert _last_line(program) == "heavy: []"


def test_importing_vmtbench_imports_nothing_heavy():
    program = f"import sys, vmtbench\nprint('heavy:', sorted({HEAVY!r} & set(sys.modules)))"
    assert _last_line(program) == "heavy: []"


def test_wrong_usage_is_one_line_that_says_where_help_is(cli: Cli):
    cli("bild").refuses("'bild'", "'build'", "vmtbench --help")
    cli("build").refuses("missing argument", "vmtbench build --help")
    cli("build", "clips").refuses("--out", "vmtbench build --help")
    cli("build", "clips", "--out", "bench", "--frmes", 8).refuses("--frmes", "--frames")
    cli("build", "clips", "--out", "bench", "--jobs", 0).refuses("--jobs", "1", "vmtbench build --help")
    cli("build", "clips", "--out", "bench", "--frames", 1).refuses("--frames", "2", "vmtbench build --help")
    cli("build", "clips", "--out", "bench", "--fit", "squeeze").refuses("'squeeze'", "crop", "pad")


def _last_line(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]
