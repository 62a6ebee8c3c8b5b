"""What goes to stdout and what to stderr: JSON, plain lines, silence, traces."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmtbench.output import Output

Cli = Callable[..., Any]

COMMANDS = {
    "build": ["build", "{clips}", "--out", "{out}"],
    "inspect": ["inspect", "{made}"],
    "run": ["run", "copy", "--bench", "{made}", "--out", "{out}"],
    "score": ["score", "{videos}", "--bench", "{made}", "--scores", "{out}"],
}
KEYS = {
    "build": {"benchmark", "clips", "rejected", "done", "kept", "failed"},
    "inspect": {"sound", "clips", "levels", "categories", "prompt_kinds", "mean_clusters", "problems"},
    "run": {"out", "done", "kept", "failed"},
    "score": {"tables", "unavailable", "done", "kept", "failed"},
}


@pytest.fixture
def call(cli: Cli, clips: Path, made: Path, videos: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a command of `COMMANDS` with further options."""
    places = {"clips": clips, "made": made, "videos": videos, "out": tmp_path / "out"}
    return lambda command, *options: cli(*(part.format(**places) for part in COMMANDS[command]), *options)


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document_on_stdout_and_nothing_else(call: Callable[..., Any], command: str):
    result = call(command, "--json", "--quiet")
    result.succeeds()
    assert json.loads(result.out).keys() == KEYS[command]


def test_json_lists_every_failure_and_stdout_stays_one_document(cli: Cli, own_clips: Path, tmp_path: Path):
    (own_clips / "sliding-tiles.mp4").write_text("this is no video\n", encoding="utf-8")
    result = cli("build", own_clips, "--out", tmp_path / "bench", "--json")
    assert result.status == 1
    made = json.loads(result.out)
    assert (made["clips"], list(made["failed"])) == (2, ["cut sliding-tiles"])


def test_a_refusal_leaves_stdout_empty_with_json_too(cli: Cli, tmp_path: Path):
    result = cli("build", tmp_path / "none", "--out", tmp_path / "bench", "--json")
    result.refuses("does not exist")
    assert result.out == ""


def test_leaderboard_lists_and_doctor_speak_json(call: Callable[..., Any], cli: Cli, tmp_path: Path):
    call("score", "--quiet")
    board = json.loads(cli("leaderboard", tmp_path / "out", "--out", tmp_path / "board", "--json").out)
    assert {Path(file) for file in board["files"]} == set((tmp_path / "board").iterdir())
    for kind in ("methods", "metrics", "protocols", "weights"):
        assert json.loads(cli("list", kind, "--json").out)[kind]
    assert json.loads(cli("doctor", "--json").out)["checks"]


@pytest.mark.parametrize("command", ["build", "run", "score"])
def test_progress_is_plain_lines_on_stderr_where_that_is_no_terminal(call: Callable[..., Any], command: str):
    result = call(command)
    assert result.status == 0
    lines = result.err.splitlines()
    assert lines
    assert all(" done " in line and line.endswith(" left") for line in lines), result.err
    assert "\x1b" not in result.out + result.err, "a log holds control characters"
    assert " done " not in result.out


@pytest.mark.parametrize("command", ["build", "run", "score"])
def test_a_second_run_keeps_all_and_says_so_in_a_line_per_step(call: Callable[..., Any], command: str):
    call(command, "--quiet")
    again = call(command)
    assert again.status == 0
    assert " 0 done, " in again.out or "(0 done, " in again.out
    assert all(line.endswith("were done before and kept") for line in again.err.splitlines()), again.err


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet_leaves_stderr_empty_when_all_is_well(call: Callable[..., Any], command: str):
    call(command, "--quiet").succeeds()


def test_debug_shows_the_trace_of_a_refusal_before_its_line(cli: Cli, tmp_path: Path):
    result = cli("build", tmp_path / "none", "--out", tmp_path / "bench", "--debug")
    assert result.status == 2
    assert "Traceback (most recent call last)" in result.err
    assert result.err.splitlines()[-1].startswith("vmtbench: ")


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_that_nobody_foresaw_is_a_line_and_its_trace_only_when_debugging(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, debug: bool
):
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr("annotate.stages.cut", break_down)
    result = call("build", "--quiet", *(["--debug"] if debug else []))
    assert result.status == 1
    assert ("Traceback" in result.err) is debug
    assert "unexpected ZeroDivisionError: nobody foresaw this; run again with --debug" in result.err


def test_a_break_down_of_the_command_itself_is_one_line(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody\nforesaw this")

    monkeypatch.setattr("vmtbench.api.inspect", break_down)
    call("inspect").stops("unexpected ZeroDivisionError: nobody foresaw this", "--debug", "report it")


def test_ctrl_c_is_one_line_that_says_how_to_go_on(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vmtbench.api.inspect", interrupted)
    result = call("inspect")
    assert result.status == 130
    assert result.err == "vmtbench: interrupted; run the same command again to go on from here\n"


def test_names_with_square_brackets_are_printed_as_they_are(capfd: pytest.CaptureFixture[str]):
    Output().table(("name",), [("[bold]x[/bold] :smile: vmtbench[models]",)])
    assert "[bold]x[/bold] :smile: vmtbench[models]" in capfd.readouterr().out
