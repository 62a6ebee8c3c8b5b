"""What a command prints: results on stdout, for people or as JSON; progress and errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.engine import Report, WorkOptions

FAILURES_SHOWN = 20

WIDTH_OF_FILES = 160
"""Characters per line of a table that is not printed on a terminal."""


@dataclass(frozen=True)
class Output:
    """Where one command's result goes."""

    json: bool = False
    quiet: bool = False

    def work_options(self, *, jobs: int, existing: Any = None) -> WorkOptions:
        """Return engine options that report progress on stderr."""
        from benchmark.engine import Existing, WorkOptions
        from benchmark.progress import reporter_for

        reporter = reporter_for(sys.stderr, quiet=self.quiet)
        return WorkOptions(jobs=jobs, existing=existing or Existing.KEEP, reporter=reporter)

    def result(self, value: Mapping[str, Any]) -> None:
        """Print a result as JSON when that was asked for."""
        if self.json:
            print(json.dumps(value, indent=1, ensure_ascii=False, default=str, allow_nan=False))

    def say(self, line: str) -> None:
        """Print a line for people."""
        if not self.json:
            print(line)

    def warn(self, line: str) -> None:
        """Print a line about something wrong, on stderr and whatever was asked for."""
        print(line, file=sys.stderr)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
        """Print a table for people."""
        if self.json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name, cells in zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True):
            numbers = all(isinstance(cell, int | float | None) for cell in cells)
            table.add_column(name, justify="right" if numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        console = Console(markup=False, emoji=False, highlight=False)
        if not console.is_terminal:
            console.width = max(console.width, WIDTH_OF_FILES)
        console.print(table)

    def failures(self, report: Report, *, debug: bool) -> None:
        """Print the failure table on stderr, and the traces of unexpected errors when debugging."""
        from benchmark.engine import failures

        failed = list(failures(report))
        for key, reason in failed[:FAILURES_SHOWN]:
            self.warn(f"failed {key}: {reason}")
        if len(failed) > FAILURES_SHOWN:
            self.warn(f"… and {len(failed) - FAILURES_SHOWN} more failed items; --json lists them all")
        if debug:
            for key, trace in sorted(report.traces.items()):
                self.warn(f"--- {key}\n{trace}")


def report_json(report: Report) -> dict[str, Any]:
    """Return what became of the items of a step, for `--json`."""
    return {"done": len(report.done), "kept": len(report.kept), "failed": dict(sorted(report.failed.items()))}


def counts(report: Report) -> str:
    """Return what became of the items of a step, in words."""
    return f"{len(report.done)} done, {len(report.kept)} kept, {len(report.failed)} failed"


def paths(files: Sequence[Path]) -> list[str]:
    """Return paths as text."""
    return [str(file) for file in files]
