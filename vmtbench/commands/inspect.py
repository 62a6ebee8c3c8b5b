"""`vmtbench inspect`: is a benchmark whole, and what does it hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmtbench.options import Config, Json, Offline, Quiet, output_for


def command(
    bench: Annotated[Path, typer.Argument(help="Benchmark folder.")],
    sheets: Annotated[
        Path | None, typer.Option(help="Folder for a contact sheet per clip: frames with masks and tracks drawn.")
    ] = None,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Check a benchmark's manifest and files, and show its clips, levels and categories.

    Examples:
        vmtbench inspect bench

        vmtbench inspect bench --sheets sheets
    """
    import dataclasses

    from vmtbench import api

    output = output_for(json=json, quiet=quiet, offline=offline)
    inspection = api.inspect(bench, sheets=sheets)
    output.result(dataclasses.asdict(inspection))
    columns = [field.name for field in dataclasses.fields(inspection.clips[0])] if inspection.clips else []
    output.table(columns, [dataclasses.astuple(row) for row in inspection.clips], title=str(bench))
    raise typer.Exit(1 if inspection.problems else 0)
