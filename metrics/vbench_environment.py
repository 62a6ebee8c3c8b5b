"""An environment of its own for the official VBench 0.1.5, whose pins break beside today's libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from benchmark.errors import InputError, Unavailable
from benchmark.files import make_output_folder, write_text_atomic

NAME = "vbench-0.1.5"

FOUNDATION = ("setuptools<81", "wheel", "numpy<2", "torch<2.6", "torchvision")
"""Installed first: `clip` imports pkg_resources, and torch 2.6 refuses pickles that are more than weights, as AMT's."""

PACKAGES = ("vbench==0.1.5",)
"""Installed after it and built against it."""

PYTHONS = ("python3.11", "python3.10")
"""Interpreters that have wheels of everything VBench pins; its `tokenizers` has none for later ones."""

DIMENSIONS = ("subject_consistency", "background_consistency", "aesthetic_quality", "motion_smoothness")
"""What VBench is asked for; all must import before the environment counts as made."""

CURE = "vmtbench fetch vbench-env"


def environment_python(cache: Path) -> Path:
    """Return the interpreter of VBench's environment under `cache`.

    Raises:
        Unavailable: the environment is not there, or was made with other pins.
    """
    folder = cache.absolute() / NAME
    try:
        ready = (folder / "ready").read_text(encoding="utf-8") == _pins()
    except OSError:
        ready = False
    if not ready:
        raise Unavailable("VBench's environment", "is not here", CURE)
    return folder / "bin" / "python"


def make_environment(cache: Path) -> Path:
    """Make VBench's environment under `cache` unless it is there, and return its interpreter.

    It takes minutes and 6.5 GB. What pip prints goes to `vbench-0.1.5.log` there.

    Raises:
        Unavailable: no Python that VBench can be installed for is on this machine.
        InputError: the cache cannot be written, or pip could not install VBench.
    """
    make_output_folder(cache)
    with FileLock(cache / f"{NAME}.lock"):
        try:
            return environment_python(cache)
        except Unavailable:
            _make(cache.absolute() / NAME, cache.absolute() / f"{NAME}.log")
            return environment_python(cache)


def run_logged(command: Sequence[str], log: Path, cwd: Path, variables: Mapping[str, str] | None = None) -> int:
    """Run a command to its end, add what it prints to `log`, and return its exit status.

    Of this process's environment variables it gets all but those that steer Python, and `variables` besides.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with log.open("ab") as stream:
        return subprocess.run(
            command,
            env=inherited | dict(variables or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ).returncode


def last_line(log: Path) -> str:
    """Return the last line of a log that says something."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it printed nothing"


def _make(folder: Path, log: Path) -> None:
    python, install = str(folder / "bin" / "python"), ["-m", "pip", "install", "--disable-pip-version-check"]
    steps = (
        [_interpreter(), "-m", "venv", "--clear", str(folder)],
        [python, *install, *FOUNDATION],
        [python, *install, "--no-build-isolation", *FOUNDATION, *PACKAGES],
        [python, "-c", "".join(f"import vbench.{dimension}\n" for dimension in DIMENSIONS)],
    )
    log.unlink(missing_ok=True)
    for step in steps:
        if status := run_logged(step, log, cwd=folder.parent):
            raise InputError(
                f"VBench's environment could not be made (exit status {status}: {last_line(log)}); "
                f"check the network and the disk, see {log}, and fetch it again"
            )
    write_text_atomic(folder / "ready", _pins())


def _interpreter() -> str:
    """Find a Python that VBench's pins have wheels for, this one when it is."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    for name in PYTHONS:
        if path := shutil.which(name):
            return path
    raise Unavailable("Python 3.11, which VBench's pins need,", "is not here", "uv python install 3.11")


def _pins() -> str:
    return "\n".join((*FOUNDATION, *PACKAGES))
