"""`vmtbench doctor`: what this machine can run, what it cannot, and why."""

from __future__ import annotations

import typer

from vmtbench.options import Json, WeightsFolder, output_for


def command(weights: WeightsFolder = None, json: Json = False) -> None:
    """Say what this machine can and cannot run, and the command that cures what is missing.

    Only what every command needs counts as a fault (exit status 1); what is optional is listed.

    For example:

        vmtbench doctor
    """
    from vmtbench.checks import check_machine

    output = output_for(json=json, quiet=False, offline=False)
    checks = check_machine(weights)
    output.result({"checks": [check._asdict() for check in checks]})
    output.table(("check", "state", "found"), [(check.name, check.state, check.found) for check in checks])
    raise typer.Exit(1 if any(check.state == "fault" for check in checks) else 0)
