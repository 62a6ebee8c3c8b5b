"""Commands killed by SIGKILL at any moment, and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vmtbench import api

Start = Callable[..., BaseProcess]
Content = Callable[[Path], dict[str, bytes]]

MOMENTS = 10
SECONDS_TO_DIE = 10
"""Within which the workers of a killed run must be gone."""


@pytest.fixture(scope="module")
def two_methods(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The videos of two controls, made once, to be scored. Change nothing."""
    folder = tmp_path_factory.mktemp("generated") / "out"
    assert not api.run(["reverse", "static"], made, folder).failed
    return folder


def test_a_build_killed_at_ten_moments_and_restarted_gives_the_same_bytes(
    start: Start, content: Content, clips: Path, tmp_path: Path
):
    def build(bench: Path) -> list[object]:
        return ["build", clips, "--out", bench, "--quiet"]

    _killed_and_restarted(start, content, build, tmp_path, moments=MOMENTS)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's list of a process's children")
def test_a_build_by_two_workers_killed_and_restarted_gives_the_same_bytes_and_leaves_no_worker(
    start: Start, content: Content, clips: Path, tmp_path: Path
):
    def build(bench: Path) -> list[object]:
        return ["build", clips, "--out", bench, "--quiet", "--jobs", 2]

    assert _killed_and_restarted(start, content, build, tmp_path, moments=2), "no run had workers when it was killed"


def test_a_scoring_pass_killed_at_ten_moments_and_restarted_gives_the_same_bytes(
    start: Start, content: Content, made: Path, two_methods: Path, tmp_path: Path
):
    def score(scores: Path) -> list[object]:
        return ["score", two_methods, "--bench", made, "--scores", scores, "--quiet"]

    _killed_and_restarted(start, content, score, tmp_path, moments=MOMENTS)


def test_a_generation_run_killed_and_restarted_gives_the_same_videos(
    start: Start, content: Content, made: Path, tmp_path: Path
):
    def run(out: Path) -> list[object]:
        return ["run", "jitter", "--bench", made, "--out", out, "--quiet"]

    _killed_and_restarted(start, lambda out: _without_measurements(content(out)), run, tmp_path, moments=5)


def _killed_and_restarted(
    start: Start, content: Content, command: Callable[[Path], list[object]], tmp_path: Path, *, moments: int
) -> int:
    """Run a command whole, and killed at moments spread over that time and restarted; return the count of workers."""
    whole, killed = tmp_path / "whole" / "result", tmp_path / "killed" / "result"
    _run_to_its_end(start(*command(whole)))
    expected = content(whole)
    started = time.monotonic()
    _run_to_its_end(start(*command(killed)))
    seconds = time.monotonic() - started
    assert content(killed) == expected, "two uninterrupted runs differ"
    shares = (np.arange(moments) + np.random.default_rng(0).uniform(size=moments)) / moments
    orphans, kills = 0, 0
    for share in shares:
        shutil.rmtree(killed, ignore_errors=True)
        process = start(*command(killed))
        process.join(share * seconds)
        workers = list(_descendants(process.pid))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        _wait_until_gone(workers)
        orphans += len(workers)
        _run_to_its_end(start(*command(killed)))
        found = content(killed)
        different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
        assert not different, f"killed after {share:.0%} of {seconds:.2f} s, and these differ afterwards: {different}"
    assert kills >= moments / 2, f"only {kills} of {moments} runs were killed before they ended"
    return orphans


def _run_to_its_end(process: BaseProcess) -> None:
    process.join()
    assert process.exitcode == 0


def _descendants(pid: int | None) -> Iterator[int]:
    """Yield the processes that a process has started, and those that they have started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        children = [int(child) for child in listed.read_text(encoding="utf-8").split()]
    except (OSError, ValueError):  # it has ended meanwhile, or this system keeps no such list
        return
    for child in children:
        yield child
        yield from _descendants(child)


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + SECONDS_TO_DIE
    while left := [pid for pid in pids if _runs(pid)]:
        assert time.monotonic() < deadline, f"processes {left} outlived the run that started them"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether a process is there and more than an entry that nobody has asked for its exit status."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _without_measurements(files: dict[str, bytes]) -> dict[str, Any]:
    """Take time and memory out of the records beside videos."""
    return {name: _settled(json.loads(data)) if name.endswith(".json") else data for name, data in files.items()}


def _settled(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("seconds", "peak_memory_bytes")}
