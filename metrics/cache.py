"""What was computed from a video once and is kept on disk: deleting it loses time and nothing else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from benchmark.files import fingerprint, output_errors, write_bytes_atomic

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Cache:
    """Named arrays by what they depend on; with no folder nothing is kept."""

    folder: Path | None = None

    def arrays(self, key: Mapping[str, Any], compute: Callable[[], Arrays]) -> Arrays:
        """Return what `compute` gives for `key`, from disk when it was computed before.

        Args:
            key: JSON-able values that name all that the arrays depend on: the SHA-256 of files, names, settings.
            compute: makes them, without asking the cache for anything; errors of its own pass through.

        Raises:
            OutputError: the disk is full.
        """
        if self.folder is None:
            return compute()
        name = fingerprint(key)
        path = self.folder / name[:2] / f"{name}.npz"
        if kept := _read(path):
            return kept
        with _alone(path):
            if kept := _read(path):
                return kept
            arrays = compute()
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **arrays)
            write_bytes_atomic(path, buffer.getvalue())
            return arrays


def _read(path: Path) -> Arrays | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {field: kept[field] for field in kept.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other workers from computing what lies in the folder of `path`, so that they wait and then read it."""
    lock = FileLock(path.parent / "lock")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
