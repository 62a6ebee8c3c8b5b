"""Readers of published data sets: each turns a folder into lazy `Sequence` handles and decodes nothing.

They are not for choosing sequences (`benchmark.selection`) or for making clips of them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from benchmark.errors import InputError
from benchmark.registry import find
from benchmark.sequence import Sequence

FORMATS = {
    "davis": "benchmark.readers.davis",
    "youtube-vos": "benchmark.readers.youtube_vos",
    "mtbench": "benchmark.readers.mtbench",
    "folder": "benchmark.readers.folder",
}
"""Format -> module, in the order in which shapes are tried.

A module offers `SHAPE` (what is looked for, in words), `OPTIONS` (the options `read` takes), `looks_like(path)` and
`read(path, **options)`.
"""


def recognise(path: Path) -> str:
    """Return the format of the data set at `path`, judged by the names of its folders and files.

    Raises:
        InputError: there is no such folder, or it has the shape of no known format.
    """
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {found}, expected the folder of a data set; check the path")
    for name in FORMATS:
        if _attribute(name, "looks_like")(path):
            return name
    found = "holds no data set that is known" if any(path.iterdir()) else "is empty"
    looked_for = "; ".join(f"{name}: {_attribute(name, 'SHAPE')}" for name in FORMATS)
    raise InputError(f"{path} {found}; looked for {looked_for}. Check the path, or name the format with --format")


def read_dataset(
    path: Path,
    *,
    format: str | None = None,
    split: str | None = None,
    year: str | None = None,
    resolution: str | None = None,
    fps: float | None = None,
) -> list[Sequence]:
    """List the sequences of the data set at `path`, sorted by name; no picture or video is opened.

    Args:
        path: the data set's folder.
        format: a key of `FORMATS`; None recognises it by shape.
        split: `davis`, `youtube-vos`: the split to read.
        year: `davis`, `youtube-vos`: the edition.
        resolution: `davis`: `480p`, `1080p` or `Full-Resolution`.
        fps: `youtube-vos`, `folder`: frames per second of the frame files, where the data set cannot tell.

    Raises:
        InputError: the folder is missing or of no known shape, breaks its format, holds no sequence, or an option was
            given that its format does not have.
    """
    path = Path(path)
    name = recognise(path) if format is None else format
    options = {"split": split, "year": year, "resolution": resolution, "fps": fps}
    given = {option: value for option, value in options.items() if value is not None}
    allowed = _attribute(name, "OPTIONS")
    if foreign := [f"--{option}" for option in given if option not in allowed]:
        has = ", ".join(f"--{option}" for option in allowed) or "none"
        raise InputError(f"format {name!r} has no option {', '.join(foreign)} (its options: {has}); leave it out")
    if not path.is_dir():
        raise InputError(f"{path} is not a folder, expected a data set of format {name!r}; check the path")
    if fps is not None and not 0 < fps < math.inf:
        raise InputError(f"--fps is {fps:g}, expected a positive number of frames per second")
    sequences = _attribute(name, "read")(path, **given)
    if not sequences:
        shape = _attribute(name, "SHAPE")
        raise InputError(f"{path} holds no sequence of format {name!r}; expected {shape}. Check the path")
    return sorted(sequences, key=lambda sequence: sequence.name)


def _attribute(name: str, attribute: str) -> Any:
    return find("format", name, {known: f"{module}:{attribute}" for known, module in FORMATS.items()})
