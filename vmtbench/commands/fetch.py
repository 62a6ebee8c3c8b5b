"""`vmtbench fetch`: weights from the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from vmtbench.options import Json, Offline, WeightsFolder, output_for


def command(
    names: Annotated[list[str], typer.Argument(help="Names of `vmtbench list weights`.")],
    weights: WeightsFolder = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Download model weights that are not on this machine yet, into the hub's cache or into --weights.

    For example:

        vmtbench fetch clip-vit-b-32 dinov2-base
        vmtbench fetch dinov2-base --weights my-weights
    """
    from benchmark.weights import fetch

    output = output_for(json=json, quiet=False, offline=offline)
    found = {name: str(fetch(name, weights, offline=offline)) for name in names}
    output.result({"weights": found})
    for name, path in found.items():
        output.say(f"{name}: {path}")
