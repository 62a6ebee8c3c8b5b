"""`vmtbench fetch`: weights, and the environment of the official VBench."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vmtbench.options import Json, Offline, WeightsFolder, output_for

VBENCH = "vbench-env"


def command(
    names: Annotated[list[str], typer.Argument(help="Names of `vmtbench list weights`, or `vbench-env`.")],
    weights: WeightsFolder = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Download model weights that are not on this machine yet, into the hub's cache or into --weights.

    `vbench-env` makes an environment of its own for the official VBench 0.1.5, about 6.5 GB, in the folder named by
    VMTBENCH_VBENCH_CACHE (else ~/.cache/vmtbench).

    For example:

        vmtbench fetch clip-vit-b-32 dinov2-base
        vmtbench fetch dinov2-base --weights my-weights
    """
    from benchmark.weights import fetch

    output = output_for(json=json, quiet=False, offline=offline)
    found = {
        name: str(_make_vbench(offline=offline) if name == VBENCH else fetch(name, weights, offline=offline))
        for name in names
    }
    output.result({"weights": found})
    for name, path in found.items():
        output.say(f"{name}: {path}")


def _make_vbench(*, offline: bool) -> Path:
    from benchmark.errors import InputError
    from metrics.vbench_environment import make_environment

    if offline:
        raise InputError(f"{VBENCH} is made by downloading and --offline forbids that; run without --offline")
    return make_environment(Path(os.environ.get("VMTBENCH_VBENCH_CACHE", "~/.cache/vmtbench")).expanduser())
