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

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
        """Print a table for people."""
        if self.json:
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        console = Console()
        if not console.is_terminal:
            console.width = max(console.width, 160)
        console.print(table, markup=False)

    def failures(self, report: Report, *, debug: bool) -> None:
        """Print the failure table on stderr, and the traces of unexpected errors when debugging."""
        from benchmark.engine import failures

        failed = list(failures(report))
        for key, reason in failed[:FAILURES_SHOWN]:
            print(f"failed {key}: {reason}", file=sys.stderr)
        if len(failed) > FAILURES_SHOWN:
            print(f"… and {len(failed) - FAILURES_SHOWN} more failed items", file=sys.stderr)
        if debug:
            for key, trace in sorted(report.traces.items()):
                print(f"--- {key}\n{trace}", file=sys.stderr)


def report_json(report: Report) -> dict[str, Any]:
    """Return what became of the items of a step, for `--json`."""
    return {"done": len(report.done), "kept": len(report.kept), "failed": dict(sorted(report.failed.items()))}


def counts(report: Report) -> str:
    """Return what became of the items of a step, in words."""
    return f"{len(report.done)} done, {len(report.kept)} kept, {len(report.failed)} failed"


def paths(files: Sequence[Path]) -> list[str]:
    """Return paths as text."""
    return [str(file) for file in files]
