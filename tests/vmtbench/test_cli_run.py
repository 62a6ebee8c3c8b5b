"""`vmtbench run`: outside programs that fail, videos that are somebody's own, seeds, names."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
Content = Callable[[Path], dict[str, bytes]]

VIDEOS = 24


@pytest.fixture
def run(cli: Cli, made: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a Python program as method `mine`; it finds source, prompt and output in `sys.argv[1:4]`."""

    def run(program: str, *options: object) -> Any:
        file = tmp_path / "gen.py"
        file.write_text(f"import shutil, subprocess, sys, time\n{program}\n", encoding="utf-8")
        command = f"{shlex.quote(sys.executable)} -S {shlex.quote(str(file))} {{source}} {{prompt}} {{output}}"
        out = tmp_path / "out"
        return cli("run", "mine", "--bench", made, "--out", out, "--command", command, "--quiet", *options)

    return run


def test_a_program_makes_a_video_per_prompt(run: Callable[..., Any], tmp_path: Path):
    run("shutil.copy(sys.argv[1], sys.argv[3])").succeeds()
    assert len(list((tmp_path / "out" / "mine").rglob("*.mp4"))) == VIDEOS


def test_a_program_that_fails_is_a_failure_per_video_with_its_last_words(run: Callable[..., Any], tmp_path: Path):
    result = run("print('loading'); sys.exit('out of paint')")
    _fails_everywhere(result, "ended with exit status 1, expected 0", "out of paint")
    assert not list((tmp_path / "out").rglob("*.mp4"))


def test_a_program_that_fails_for_one_prompt_does_not_stop_the_others(run: Callable[..., Any], tmp_path: Path):
    result = run("if 'sliding-tiles' in sys.argv[1]: sys.exit(3)\nshutil.copy(sys.argv[1], sys.argv[3])")
    result.fails(8, "mine/sliding-tiles/", "exit status 3", "(it printed nothing)")
    assert len(list((tmp_path / "out" / "mine").rglob("*.mp4"))) == VIDEOS - 8


def test_a_program_that_writes_nothing_is_a_failure_per_video(run: Callable[..., Any]):
    _fails_everywhere(run("pass"), "ended well but wrote nothing to its {output}", ".log")


def test_a_program_that_writes_no_video_is_a_failure_per_video(run: Callable[..., Any], tmp_path: Path):
    _fails_everywhere(run("open(sys.argv[3], 'w').write('text')"), "not a video that can be read")
    assert not list((tmp_path / "out").rglob("*.mp4"))


def test_a_program_that_hangs_is_ended_with_all_it_started(run: Callable[..., Any], tmp_path: Path):
    pids = tmp_path / "pids"
    hang = f"""
child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])
print(child.pid, file=open({str(pids)!r}, 'a'))
time.sleep(60 if 'sliding-tiles' in sys.argv[1] else 0)
shutil.copy(sys.argv[1], sys.argv[3])
child.kill()
"""
    began = time.monotonic()
    result = run(hang, "--timeout", 0.3)
    result.fails(8, "mine/sliding-tiles/", "ran past 0.3 s and was ended", "raise --timeout")
    assert time.monotonic() - began < 30
    time.sleep(0.1)
    left = [pid for pid in pids.read_text(encoding="utf-8").split() if _runs(int(pid))]
    assert not left, "processes that the program had started outlived it"


def test_a_program_that_is_not_there_is_a_failure_per_video(cli: Cli, made: Path, tmp_path: Path):
    result = cli("run", "--bench", made, "--out", tmp_path, "--command", "no-such-program {output}", "--quiet")
    _fails_everywhere(result, "cannot start 'no-such-program'", "give the path of a program")


def test_a_command_with_an_unknown_placeholder_is_refused(cli: Cli, made: Path, tmp_path: Path):
    result = cli("run", "--bench", made, "--out", tmp_path / "out", "--command", "gen {sorce} {output}")
    result.refuses("placeholder", "'sorce'", "did you mean source")
    assert not (tmp_path / "out").exists()


def test_a_command_that_never_names_its_output_is_refused(cli: Cli, made: Path, tmp_path: Path):
    result = cli("run", "--bench", made, "--out", tmp_path / "out", "--command", "gen {source}")
    result.refuses("--command 'gen {source}'", "{output}")


def test_no_method_at_all_is_refused(cli: Cli, made: Path, tmp_path: Path):
    cli("run", "--bench", made, "--out", tmp_path / "out").refuses("no method is named", "vmtbench list methods")


def test_a_video_that_vmtbench_did_not_make_is_kept_and_named(cli: Cli, made: Path, own_videos: Path, content: Content):
    video = own_videos / "copy" / "sliding-tiles" / "subject.mp4"
    video.with_suffix(".json").unlink()
    video.write_bytes(b"my own work of a week")
    before = content(own_videos)
    result = cli("run", "copy", "--bench", made, "--out", own_videos, "--quiet")
    result.fails(1, str(video), "was not made by vmtbench and is kept", "--existing redo")
    assert content(own_videos) == before


def test_results_that_are_there_are_an_error_when_that_was_asked_for(cli: Cli, made: Path, videos: Path):
    result = cli("run", "copy", "--bench", made, "--out", videos, "--existing", "error", "--quiet")
    result.refuses("exists and --existing is error", "--existing keep or redo")


def test_several_seeds_give_a_video_each(cli: Cli, made: Path, tmp_path: Path):
    out = tmp_path / "out"
    cli("run", "noise", "--bench", made, "--out", out, "--seeds", 2, "--seed", 7, "--quiet").succeeds()
    names = sorted(path.name for path in (out / "noise" / "sliding-tiles").glob("subject*.mp4"))
    assert names == ["subject@7.mp4", "subject@8.mp4"]
    first, second = ((out / "noise" / "sliding-tiles" / name).read_bytes() for name in names)
    assert first != second, "two seeds gave one video"


def _fails_everywhere(result: Any, *words: str) -> None:
    """Check that every video failed; the last line counts those that are not listed."""
    assert result.status == 1, result
    *failed, more = result.err.splitlines()
    assert (len(failed), more) == (20, f"… and {VIDEOS - 20} more failed items; --json lists them all"), result
    for line in failed:
        assert line.startswith("failed "), line
        assert not [word for word in words if word not in line], line


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
