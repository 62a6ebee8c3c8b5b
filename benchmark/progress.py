"""How a long step tells its user where it stands: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal, Protocol, TextIO

Outcome = Literal["done", "kept", "failed"]


class Reporter(Protocol):
    """Told of each item of a step as it ends; used as a context around the step."""

    def start(self, step: str, total: int) -> None:
        """Begin a step of `total` items."""

    def advance(self, key: str, outcome: Outcome, message: str = "") -> None:
        """One item has ended."""

    def stop(self) -> None:
        """End the step."""


class Silent:
    """Says nothing."""

    def start(self, step: str, total: int) -> None:
        """Begin a step."""

    def advance(self, key: str, outcome: Outcome, message: str = "") -> None:
        """One item has ended."""

    def stop(self) -> None:
        """End the step."""


class PlainLines:
    """One line per item that was worked on, with the time left, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def start(self, step: str, total: int) -> None:
        """Begin a step of `total` items."""
        self._step, self._total, self._ended, self._worked, self._kept = step, total, 0, 0, 0
        self._began = time.monotonic()

    def advance(self, key: str, outcome: Outcome, message: str = "") -> None:
        """Print the item unless it was kept from an earlier run."""
        self._ended += 1
        if outcome == "kept":
            self._kept += 1
            return
        self._worked += 1
        each = (time.monotonic() - self._began) / self._worked
        left = timedelta(seconds=round(each * (self._total - self._ended)))
        note = f": {message}" if message else ""
        self._print(f"{self._step} {self._ended}/{self._total} {outcome} {key}, {left} left{note}")

    def stop(self) -> None:
        """Say how many items an earlier run had done already."""
        if self._kept:
            self._print(f"{self._step}: {self._kept} of {self._total} were done before and kept")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class Bar:
    """A progress bar with the time left, by rich."""

    def start(self, step: str, total: int) -> None:
        """Show a bar for `total` items."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[key]}"), console=Console(stderr=True))
        self._task = self._progress.add_task(step, total=total, key="")
        self._progress.start()

    def advance(self, key: str, outcome: Outcome, message: str = "") -> None:
        """Move the bar; print failures above it."""
        if outcome == "failed":
            self._progress.console.print(f"failed {key}: {message}", style="red", markup=False, highlight=False)
        self._progress.update(self._task, advance=1, key=key)

    def stop(self) -> None:
        """Leave the bar as it stands."""
        self._progress.update(self._task, key="")
        self._progress.stop()


@contextmanager
def reported(reporter: Reporter, step: str, total: int) -> Iterator[None]:
    """Start `reporter` for a step of `total` items, and stop it however the step ends."""
    reporter.start(step, total)
    try:
        yield
    finally:
        reporter.stop()


def reporter_for(stream: TextIO, *, quiet: bool) -> Reporter:
    """Return the reporter that suits where messages go: a terminal, a log, or nobody."""
    if quiet:
        return Silent()
    return Bar() if stream.isatty() else PlainLines(stream)
