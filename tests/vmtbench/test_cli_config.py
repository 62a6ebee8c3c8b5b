"""`--config settings.toml`: defaults per command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.store import read_benchmark

Cli = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_gives_the_defaults_of_its_command(
    cli: Cli, clips: Path, config: Callable[[str], Path], tmp_path: Path
):
    out = tmp_path / "bench"
    path = config(f'[build]\nout = "{out}"\nlimit = 2\nsize = "48x32"\nquiet = true\n[score]\nprotocol = "other"\n')
    cli("build", clips, "--config", path).succeeds()
    made = read_benchmark(out).clips
    assert [(clip.video.width, clip.video.height) for clip in made] == [(48, 32)] * 2


@pytest.mark.parametrize("config_first", [True, False])
def test_the_command_line_wins_over_the_file_wherever_it_is_named(
    cli: Cli, clips: Path, config: Callable[[str], Path], tmp_path: Path, config_first: bool
):
    named = ["--config", config("[build]\nlimit = 2\nquiet = true\n")]
    given = ["--out", tmp_path / "bench", "--limit", 1]
    cli("build", clips, *(named + given if config_first else given + named)).succeeds()
    assert len(read_benchmark(tmp_path / "bench").clips) == 1


def test_options_go_by_the_names_they_have_on_the_command_line(
    cli: Cli, made: Path, config: Callable[[str], Path], tmp_path: Path
):
    path = config(f'[run]\nmethods = ["mine"]\ncommand = "cp {{source}} {{output}}"\nbench = "{made}"\nquiet = true\n')
    result = cli("run", "--out", tmp_path / "out", "--config", path)
    result.succeeds()
    method = json.loads((tmp_path / "out" / "mine" / "method.json").read_text(encoding="utf-8"))
    assert method["settings"]["command"] == "cp {source} {output}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[build]\nframs = 8\n", ("option in table [build]", "'frams'", "did you mean frames")),
        ("[build]\nconfig = 'x'\n", ("option in table [build]", "'config'")),
        ("[biuld]\nframes = 8\n", ("table in", "'biuld'", "did you mean build")),
        ("frames = 8\n", ("table in", "'frames'", "build, compare, correlate, demo")),
        ("build = 8\n", ("'build' as a value", "expected a table")),
        ("[build\n", ("not valid TOML", "correct it")),
        ("[build]\njobs = 'many'\n", ("--jobs", "valid integer")),
    ],
)
def test_a_wrong_settings_file_is_refused_with_its_name(
    cli: Cli, clips: Path, config: Callable[[str], Path], tmp_path: Path, text: str, words: tuple[str, ...]
):
    path = config(text)
    named = () if "--jobs" in words else (str(path),)
    cli("build", clips, "--out", tmp_path / "bench", "--config", path).refuses(*named, *words)
    assert not (tmp_path / "bench").exists()


def test_a_settings_file_that_is_not_there_is_refused(cli: Cli, clips: Path, tmp_path: Path):
    result = cli("build", clips, "--out", tmp_path / "bench", "--config", tmp_path / "none.toml")
    result.refuses("none.toml", "cannot be read", "check --config")
