"""Speed and memory of scoring, beside what others take on the same machine in the same run.

    python tests/speed/speed.py [JSON] [--only frechet,scoring,memory]

Prints one table and, given a path, writes it as JSON. Nothing is asserted about times; what both sides compute is
compared. A ratio is the peer's time divided by vmtbench's: `wall` by the clock, `cpu` in processor time, which other
programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

COLUMNS = {
    "ratio": ("wall", "{:.1f}x"),
    "ratio_cpu": ("cpu", "{:.1f}x"),
    "us_per_pair": ("µs/pair", "{:.1f}"),
    "videos_per_minute": ("videos/min", "{:.1f}"),
    "before_mb": ("MB before", "{:.0f}"),
    "rss_mb": ("resident MB", "{:.0f}"),
    "anonymous_mb": ("without files", "{:.0f}"),
    "peak_mb": ("peak MB", "{:.0f}"),
}
"""Field -> heading and format; other fields are in the JSON alone."""


def frechet() -> list[dict[str, Any]]:
    """Return the rows of `speed_frechet`."""
    from speed_frechet import measure

    return measure()


def scoring() -> list[dict[str, Any]]:
    """Return the rows of `speed_scoring`."""
    from speed_scoring import measure

    return measure()


def memory() -> list[dict[str, Any]]:
    """Return the rows of `speed_memory`."""
    from speed_memory import large, many

    return [*many(), large()]


PARTS = {"frechet": frechet, "scoring": scoring, "memory": memory}
QUICK = "frechet,scoring"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", nargs="?", type=Path, help="file to write")
    parser.add_argument("--only", default=QUICK, help=f"some of {', '.join(PARTS)}; memory takes half an hour")
    given = parser.parse_args()
    logging.disable(logging.INFO)
    rows = [row for part in given.only.split(",") for row in PARTS[part]()]
    show(rows)
    if given.json:
        machine = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "load": os.getloadavg()[0]}
        found = {"machine": machine, "python": sys.version.split()[0], "torch": torch.__version__, "rows": rows}
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows as one table, with the columns that they have."""
    used = {field: column for field, column in COLUMNS.items() if any(field in row for row in rows)}
    table = Table("what", "against", box=None)
    for heading, _ in used.values():
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [form.format(row[field]) if field in row else "" for field, (_, form) in used.items()]
        table.add_row(row["what"], row.get("peer", ""), *cells)
    Console(width=140).print(table)
    print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
