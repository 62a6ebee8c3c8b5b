"""Places that results cannot go to: files, read-only and full disks, other people's folders, folders in use."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import benchmark.files
from benchmark.engine import claim_folder

Cli = Callable[..., Any]
Content = Callable[[Path], dict[str, bytes]]

COMMANDS = {
    "build": ["build", "{clips}", "--out", "{out}"],
    "run": ["run", "copy", "--bench", "{made}", "--out", "{out}"],
    "score": ["score", "{videos}", "--bench", "{made}", "--scores", "{out}"],
    "leaderboard": ["leaderboard", "{scores}", "--out", "{out}"],
    "inspect": ["inspect", "{made}", "--sheets", "{out}"],
    "demo": ["demo", "--out", "{out}"],
}


@pytest.fixture(scope="module")
def scores(made: Path, videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from vmtbench import api

    return api.score(videos, made, scores=tmp_path_factory.mktemp("scored") / "scores").tables[0].parent


@pytest.fixture
def into(cli: Cli, clips: Path, made: Path, videos: Path, scores: Path) -> Callable[[str, Path], Any]:
    """Run a command of `COMMANDS` with its results going to a folder."""
    places = {"clips": clips, "made": made, "videos": videos, "scores": scores}

    def run(command: str, out: Path) -> Any:
        return cli(*(part.format(**places, out=out) for part in COMMANDS[command]), "--quiet")

    return run


Into = Callable[[str, Path], Any]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_in_the_place_of_the_output_folder_is_refused_and_kept(into: Into, tmp_path: Path, command: str):
    file = tmp_path / "notes.txt"
    file.write_text("mine", encoding="utf-8")
    into(command, file).refuses(str(file), "choose another")
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_made_is_refused(into: Into, tmp_path: Path, command: str):
    (tmp_path / "notes.txt").touch()
    into(command, tmp_path / "notes.txt" / "out").refuses("cannot write in", "notes.txt/out", "choose another")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_file_system_is_refused(into: Into, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str):
    def read_only(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "touch", read_only)
    into(command, tmp_path / "out").refuses(str(tmp_path / "out"), "read-only", "choose another output folder")


@pytest.mark.parametrize("command", ["build", "run", "score", "leaderboard"])
def test_a_disk_that_fills_up_stops_the_step_and_the_next_run_goes_on_to_the_same_bytes(
    into: Into, tmp_path: Path, content: Content, monkeypatch: pytest.MonkeyPatch, command: str
):
    whole, full = tmp_path / "whole" / "out", tmp_path / "full" / "out"
    into(command, whole).succeeds()
    written = 0
    flush = benchmark.files._flush_to_disk

    def run_full(path: Path) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        flush(path)

    with monkeypatch.context() as patched:
        patched.setattr(benchmark.files, "_flush_to_disk", run_full)
        stopped = into(command, full)
    stopped.stops("cannot write", str(full), "the disk is full; free space and run the same command again")
    assert not list(full.rglob(".part.*")), "half a file was left on a full disk"
    into(command, full).succeeds()
    assert {*content(full)} == {*content(whole)}
    if command != "run":  # whose records hold times
        assert content(full) == content(whole)


def test_a_real_small_disk_stops_a_build_which_then_goes_on_when_there_is_room(
    into: Into, small_disk: Path, content: Content, made: Path
):
    into("build", small_disk / "bench").stops("the disk is full; free space", "items are done and kept")
    _mount(small_disk, "remount,size=4m")
    into("build", small_disk / "bench").succeeds()
    assert content(small_disk / "bench") == content(made)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_real_read_only_disk_is_refused(into: Into, small_disk: Path, command: str):
    _mount(small_disk, "remount,ro")
    into(command, small_disk / "out").refuses(str(small_disk), "read-only", "choose another output folder")


@pytest.mark.parametrize("command", ["build", "run", "score"])
def test_a_second_run_into_a_folder_is_refused_while_the_first_goes_on(into: Into, tmp_path: Path, command: str):
    out = tmp_path / "out"
    held = out / "copy" if command == "run" else out
    program = f"from {claim_folder.__module__} import claim_folder; from pathlib import Path\n"
    program += "import sys\nwith claim_folder(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    first = subprocess.Popen([sys.executable, "-c", program, held], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        into(command, out).refuses("another vmtbench run is writing to", str(held), "wait for it to end")
    finally:
        first.communicate(timeout=30)
    into(command, out).succeeds()


def test_a_folder_of_other_files_is_never_built_into(into: Into, tmp_path: Path, content: Content):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "mine.txt").write_text("mine", encoding="utf-8")
    into("build", tmp_path / "papers").refuses("papers holds files and is no benchmark", "new or empty folder")
    assert content(tmp_path / "papers") == {"mine.txt": b"mine"}


def test_a_manifest_changed_by_hand_is_never_built_over(cli: Cli, clips: Path, own_made: Path, content: Content):
    manifest = own_made / "metadata.jsonl"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("crate", "chest"), encoding="utf-8")
    before = content(own_made)
    result = cli("build", clips, "--out", own_made)
    result.refuses(str(manifest), "was changed since it was built", "--existing redo to lose the change")
    assert content(own_made) == before


def test_a_folder_built_with_other_settings_is_never_mixed(cli: Cli, clips: Path, own_made: Path, content: Content):
    before = content(own_made)
    cli("build", clips, "--out", own_made, "--points", 7).refuses("other settings (follow differ)", "--existing redo")
    assert content(own_made) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 kB in memory."""
    if not sys.platform.startswith("linux"):
        pytest.skip("mounts a tmpfs, which only Linux has")
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        _mount(disk, "size=100k")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"may not mount a small disk here ({error})")
    yield disk
    with suppress(OSError):
        subprocess.run(["umount", disk], check=False)


def _mount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True, capture_output=True)
