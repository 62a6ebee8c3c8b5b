from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import InputError, ItemError
from benchmark.manifest import Prompt
from benchmark.store import Benchmark
from methods import command
from methods.adapter import Request
from methods.command import PLACEHOLDERS, Command

NASTY = [
    'it\'s "quoted"',
    "two\nlines",
    "-rf --all",
    "{source} {} {{prompt}} {nothing}",
    "$HOME `ls` ; rm | > &",
    "é 🐻 \\ %s",
]


@pytest.fixture
def generate(bench: Benchmark, tmp_path: Path) -> Callable[..., Path]:
    """Run a template for a clip and return the folder of its outputs."""

    def run(template: str, text: str = "A cat.", clip: str = "sliding-tiles", timeout: float = 30) -> Path:
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        source = bench.source(bench.by_id[clip])
        request = Request(Prompt(id="p0", kind="scene", text=text), 5, folder / ".part.p0.mp4")
        made = Command(template, timeout)
        made.generate(source, made.prepare(source), request)
        return folder

    return run


@pytest.fixture
def python(script: Callable[[str], Any]) -> Callable[[str], str]:
    """A template's first words: a Python program that finds `output` as its first argument."""

    def template(text: str, arguments: str = "{output}") -> str:
        path = script(f"import os, signal, subprocess, sys, time, json, shutil\n{text}\n").path
        return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))} {arguments}"

    return template


TELL = "json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"


def told(folder: Path) -> list[str]:
    return json.loads((folder / ".part.p0.mp4").read_text())


@pytest.mark.parametrize("text", NASTY)
def test_a_prompt_stays_one_argument_whatever_it_holds(
    generate: Callable[..., Path], python: Callable[..., str], text: str
) -> None:
    folder = generate(python(TELL, "{output} {prompt} --text={prompt} 'a {prompt} b'"), text)
    assert told(folder) == [text, f"--text={text}", f"a {text} b"]


def test_every_placeholder_is_filled(
    generate: Callable[..., Path], python: Callable[..., str], bench: Benchmark
) -> None:
    names = [name for name in PLACEHOLDERS if name != "output"]
    folder = generate(python(TELL, " ".join(["{output}", *(f"{{{name}}}" for name in names)])))
    values = dict(zip(names, told(folder), strict=True))
    clip = bench.by_id["sliding-tiles"]
    assert values == {
        "source": str(bench.root / clip.file_name),
        "prompt": "A cat.",
        "seed": "5",
        "clip": "sliding-tiles",
        "caption": clip.caption,
        "fps": "12",
        "frames": "5",
        "height": "64",
        "width": "96",
        "tracks": str(bench.root / "tracks" / "sliding-tiles.npz"),
    }
    assert all(Path(values[name]).is_absolute() for name in ("source", "tracks"))


def test_a_clip_without_tracks_gives_an_empty_argument(
    generate: Callable[..., Path], python: Callable[..., str]
) -> None:
    assert told(generate(python(TELL, "{output} {tracks}"), clip="tumbling-dumbbell")) == [""]


def test_no_shell_reads_the_template(generate: Callable[..., Path], python: Callable[..., str]) -> None:
    assert told(generate(python(TELL, "{output} $HOME '*' ; {}"))) == ["$HOME", "*", ";", "{}"]


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("make {source}", "never names {output}, expected the file to write"),
        ("", "never names {output}"),
        ("make {output} {promt}", "unknown placeholder of --command 'promt', expected one of: caption"),
        ("make '{output}", "cannot be split (No closing quotation); check its quotes"),
    ],
)
def test_a_template_that_cannot_work_is_refused_before_anything_runs(template: str, found: str) -> None:
    with pytest.raises(InputError) as refused:
        Command(template, 1)
    assert found in str(refused.value)


def test_what_a_program_printed_lies_beside_its_video(
    generate: Callable[..., Path], python: Callable[..., str]
) -> None:
    folder = generate(python(f"print('to out'); sys.stdout.flush(); print('to err', file=sys.stderr); {TELL}"))
    assert (folder / "p0.log").read_text() == "to out\nto err\n"


def test_a_program_that_fails_is_quoted_in_one_line(generate: Callable[..., Path], python: Callable[..., str]) -> None:
    with pytest.raises(ItemError, match=r"exit status 3, expected 0; its last line: CUDA out of memory$"):
        generate(python("print('progress 1\\rprogress 2'); print('CUDA out of memory\\n\\n'); sys.exit(3)"))
    with pytest.raises(ItemError, match=r"its last line: step 2$"):
        generate(python("print('step 1\\rstep 2'); sys.exit(1)"))
    with pytest.raises(ItemError, match=r"exit status -9, .*\(it printed nothing\)$"):
        generate(python("os.kill(os.getpid(), signal.SIGKILL)"))


@pytest.mark.parametrize("text", ["pass", "open(sys.argv[1], 'w')"])
def test_a_program_that_writes_nothing_fails(
    generate: Callable[..., Path], python: Callable[..., str], text: str
) -> None:
    with pytest.raises(ItemError, match=r"ended well but wrote nothing to its \{output\}; see .*p0\.log"):
        generate(python(text))


def test_a_program_that_is_not_there_or_no_program_fails(generate: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ItemError, match=r"cannot start 'no-such-program' \(No such file or directory\); give the path"):
        generate("no-such-program {output}")
    (tmp_path / "text").touch()
    with pytest.raises(ItemError, match="Permission denied"):
        generate(f"{tmp_path / 'text'} {{output}}")


SPAWN = "child = subprocess.Popen([sys.executable, '-c', 'import signal, time; {stubborn}time.sleep(60)']); "
NOTE = "open(os.path.dirname(sys.argv[1]) + '/pids', 'w').write(f'{os.getpid()} {child.pid}'); "


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_program_that_hangs_is_ended_with_its_children(
    generate: Callable[..., Path],
    python: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ended: Callable[[int], bool],
    stubborn: bool,
) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.3)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    text = deaf + SPAWN.format(stubborn=deaf) + NOTE + "time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(ItemError, match=r"ran past 1 s and was ended; raise --timeout, or see .*p0\.log"):
        generate(python(text), timeout=1)
    assert time.monotonic() - began < 10
    assert all(ended(int(pid)) for pid in (tmp_path / "out" / "pids").read_text().split()), "a process was left running"


def test_what_a_program_leaves_running_is_ended_too(
    generate: Callable[..., Path], python: Callable[..., str], tmp_path: Path, ended: Callable[[int], bool]
) -> None:
    generate(python(SPAWN.format(stubborn="") + NOTE + TELL))
    assert all(ended(int(pid)) for pid in (tmp_path / "out" / "pids").read_text().split())


def test_the_timeout_is_no_setting_that_videos_depend_on() -> None:
    assert Command("make {output}", 1).settings == Command("make {output}", 2).settings == {"command": "make {output}"}


def test_a_program_reads_nothing_from_the_terminal(generate: Callable[..., Path], python: Callable[..., str]) -> None:
    assert told(generate(python("json.dump([sys.stdin.read()], open(sys.argv[1], 'w'))"))) == [""]
