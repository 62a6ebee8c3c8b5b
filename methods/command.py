"""Any program as a method: one command line per video, filled from a template, never through a shell."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.errors import InputError, ItemError
from benchmark.registry import unknown
from benchmark.source import Source
from methods.adapter import Request

PLACEHOLDERS = ("source", "prompt", "output", "seed", "clip", "caption", "fps", "frames", "height", "width", "tracks")
"""What a template may name in braces; `source`, `output` and `tracks` are paths."""

GRACE_SECONDS = 5
"""Between asking a program to end and ending it."""


class Command:
    """A method that runs an outside program once per video.

    Args:
        template: the command line, split once as a shell would; placeholders are filled within each argument, so a
            prompt with quotes, newlines or a leading `-` stays one argument.
        timeout: seconds after which the program and all it started are ended.
        version: what the user calls this version of the program.

    Raises:
        InputError: the template is empty, cannot be split, names an unknown placeholder, or never names `{output}`.
    """

    def __init__(self, template: str, timeout: float, version: str = "unknown") -> None:
        try:
            self._arguments = shlex.split(template)
        except ValueError as error:
            raise InputError(f"--command {template!r} cannot be split ({error}); check its quotes") from error
        named = {name for argument in self._arguments for name in re.findall(r"\{(\w+)\}", argument)}
        if strange := sorted(named.difference(PLACEHOLDERS)):
            raise unknown("placeholder of --command", strange[0], PLACEHOLDERS)
        if "output" not in named:
            raise InputError(f"--command {template!r} never names {{output}}, expected the file to write as {{output}}")
        self.version = version
        self._template, self._timeout = template, timeout

    @property
    def settings(self) -> Mapping[str, Any]:
        """The template; the timeout changes no video."""
        return {"command": self._template}

    def prepare(self, source: Source) -> None:
        """The program is on its own for every video."""

    def generate(self, source: Source, state: None, request: Request) -> None:
        """Run the program and leave what it printed beside the video as `<prompt>.log`."""
        log = request.output.with_name(f"{request.output.stem.removeprefix('.part.')}.log")
        arguments = _filled(self._arguments, _values(source, request))
        with log.open("wb") as stream:
            _run(arguments, stream.fileno(), self._timeout, log)
        if not request.output.is_file() or request.output.stat().st_size == 0:
            raise ItemError(f"{arguments[0]} ended well but wrote nothing to its {{output}}; see {log}")

    def release(self) -> None:
        """Nothing is held."""


def _values(source: Source, request: Request) -> dict[str, str]:
    clip = source.clip
    return {
        "source": str(source.video.resolve()),
        "prompt": request.prompt.text,
        "output": str(request.output.resolve()),
        "seed": str(request.seed),
        "clip": clip.id,
        "caption": clip.caption,
        "fps": f"{clip.video.fps:g}",
        "frames": str(clip.video.frames),
        "height": str(clip.video.height),
        "width": str(clip.video.width),
        "tracks": str((source.root / clip.tracks.file).resolve()) if clip.tracks else "",
    }


def _filled(arguments: Sequence[str], values: Mapping[str, str]) -> list[str]:
    return [re.sub(r"\{(\w+)\}", lambda match: values[match[1]], argument) for argument in arguments]


def _run(arguments: list[str], output: int, timeout: float, log: Path) -> None:
    try:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise ItemError(
            f"--command cannot start {arguments[0]!r} ({error.strerror}); give the path of a program"
        ) from error
    with _watched(process):
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ItemError(
                f"{arguments[0]} ran past {timeout:g} s and was ended; raise --timeout, or see {log}"
            ) from None
        finally:
            _end_group(process)
    if status != 0:
        raise ItemError(f"{arguments[0]} ended with exit status {status}, expected 0; its last line: {_last_line(log)}")


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the program and all it started also when this process is killed: a pipe closes, and a shell waits for that.

    Otherwise the program would go on, and write into what the next run makes.
    """
    watch = subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -s KILL -- "-$1"', "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        watch.kill()
        watch.communicate()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and everything it started that is still running."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of the dead
            return
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "(it printed nothing)")[:300]
