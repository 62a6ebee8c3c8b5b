"""Whose a benchmark folder is: it is never mixed with another build, nor written over after a change by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmark.engine import Existing
from benchmark.errors import InputError
from benchmark.files import STATE_FOLDER, remove, sha256_of_file, write_json_atomic
from benchmark.manifest import BenchmarkInfo, Clip
from benchmark.store import INFO_FILE, MANIFEST_FILE, Benchmark, read_json, write_benchmark

OWN = (INFO_FILE, MANIFEST_FILE, "videos", "masks", "soft_masks", "tracks")
"""What a build writes beside its own records."""


def refuse_foreign_folder(bench: Path) -> None:
    """Check that a build may write to `bench`.

    Raises:
        InputError: it is there and holds files, but was not made by a build.
    """
    if not bench.is_dir() or _begun(bench).exists():
        return
    if any(path.name != STATE_FOLDER for path in bench.iterdir()):
        raise InputError(f"{bench} holds files and is no benchmark in the making; choose a new or empty folder")


def begin_build(bench: Path, settings: Mapping[str, Any], existing: Existing) -> None:
    """Note what is being built in `bench`, a folder that this process has claimed; `redo` empties it first.

    Raises:
        InputError: the folder holds a build with other settings, a manifest changed by hand, or anything at all when
            `existing` is `error`.
    """
    begun = _begun(bench)
    if existing is Existing.REDO:
        _empty(bench)
    elif begun.exists():
        if existing is Existing.ERROR:
            raise InputError(f"{bench} exists and --existing is error; use --existing keep or redo, or another folder")
        found = read_json(begun, "the settings of the build that made this folder")
        if different := sorted(key for key in {*found, *settings} if found.get(key) != settings.get(key)):
            raise InputError(
                f"{bench} was built with other settings ({', '.join(different)} differ); "
                "use the same settings, --existing redo to build it anew, or another folder"
            )
        _refuse_changed_manifest(bench)
    write_json_atomic(begun, dict(settings))


def finish_build(bench: Path, info: BenchmarkInfo, clips: Iterable[Clip]) -> Benchmark:
    """Write the manifest, and note its hash so that a later change by hand is seen."""
    remove(bench / STATE_FOLDER / "manifest.json")  # lest a run killed in between takes its own manifest for changed
    benchmark = write_benchmark(bench, info, clips)
    write_json_atomic(bench / STATE_FOLDER / "manifest.json", {"sha256": sha256_of_file(bench / MANIFEST_FILE)})
    return benchmark


def _refuse_changed_manifest(bench: Path) -> None:
    written, manifest = bench / STATE_FOLDER / "manifest.json", bench / MANIFEST_FILE
    if not (written.exists() and manifest.exists()):
        return
    if read_json(written, "the hash of the manifest")["sha256"] != sha256_of_file(manifest):
        raise InputError(
            f"{manifest} was changed since it was built, and building would overwrite it; "
            "build into another folder, or use --existing redo to lose the change"
        )


def _begun(bench: Path) -> Path:
    """The first file of a build: it makes the folder a benchmark in the making."""
    return bench / STATE_FOLDER / "settings.json"


def _empty(bench: Path) -> None:
    for path in (bench / STATE_FOLDER).iterdir():
        if path.name not in ("lock", _begun(bench).name):
            remove(path)
    for name in OWN:
        remove(bench / name)
