"""Files that are either whole or absent, hashes of what a result depends on, and paths that stay in their folder."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.errors import InputError, OutputError

STATE_FOLDER = ".vmtbench"
"""Hidden folder inside an output folder for the engine's own records and its lock; deleting it loses no result."""

_CURES = {
    errno.ENOSPC: "the disk is full; free space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free space and run the same command again",
    errno.EROFS: "the file system is read-only; choose another output folder",
    errno.EACCES: "permission was denied; choose a folder that you may write to",
    errno.EPERM: "permission was denied; choose a folder that you may write to",
}


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder met while writing `path` into an `OutputError`; let others pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _CURES and _concerns(error, path):
            raise OutputError(f"cannot write {path}: {_CURES[error.errno]}") from error
        raise


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and move what was written there to `path` when the block succeeds.

    The temporary name depends on `path` alone, so what a killed run left behind is overwritten by the next.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".part.{path.name}")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(temporary)
        try:
            yield temporary
            _flush_to_disk(temporary)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            temporary.replace(path)
        except BaseException:
            remove(temporary)
            raise


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all; raises `OutputError` as `replace_atomically` does."""
    with replace_atomically(path) as temporary:
        temporary.write_bytes(data)


def write_text_atomic(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8 with Unix line ends, whole or not at all."""
    write_bytes_atomic(path, text.encode())


def write_json_atomic(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN and infinity are refused."""
    write_text_atomic(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def remove(path: Path) -> None:
    """Delete a file or a whole folder; do nothing when it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_output_folder(path: Path) -> None:
    """Make the folder `path` and check that files can be written there.

    Raises:
        InputError: it is a file, or nothing can be written in it.
    """
    probe = path / ".part.probe"  # one name, so that what a killed run left behind goes with the next
    try:
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file, expected a folder to write to; choose another output folder")
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        found = _CURES.get(error.errno or 0, f"{error.strerror}; choose another output folder")
        raise InputError(f"cannot write in {path}: {found}") from error


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(values: Mapping[str, Any]) -> str:
    """Return a hash of JSON-able `values` that does not depend on the order of keys."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seed_of(key: str, seed: int = 0) -> int:
    """Return a 63-bit seed that depends on an item's key and the run's seed alone, whatever the order of work."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def relative_path_problem(path: str) -> str | None:
    """Say why `path` is not a plain relative POSIX path that stays in its folder; None when it is one."""
    parts = PurePosixPath(path).parts
    if not path or "\0" in path:
        return "is empty" if not path else "holds a NUL character"
    if not parts:
        return "names the folder itself"
    if path.startswith(("/", "~")) or "\\" in path or ":" in parts[0]:
        return "is not a relative path with forward slashes"
    if ".." in parts:
        return "climbs out of its folder with '..'"
    return None


def inside(root: Path, relative: str) -> Path:
    """Return `root / relative`, refusing a path that leaves `root`, also through a symbolic link.

    Raises:
        InputError: the path is absolute, climbs with `..`, or a link leads out of the folder.
    """
    problem = relative_path_problem(relative)
    path = root / relative
    if problem is None and not path.resolve().is_relative_to(root.resolve()):
        problem = "leads out of its folder through a symbolic link"
    if problem:
        raise InputError(f"path {relative!r} {problem}; expected a path inside {root}")
    return path


def _concerns(error: OSError, path: Path) -> bool:
    """Whether what failed is writing `path`, and not reading some other file meanwhile."""
    if not isinstance(error.filename, str | bytes):
        return True
    named = Path(os.fsdecode(error.filename))
    return path.is_relative_to(named) or named.is_relative_to(path.parent)


def _flush_to_disk(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
