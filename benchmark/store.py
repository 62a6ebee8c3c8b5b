"""A benchmark folder on disk: read whole and checked, or written whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from benchmark.errors import InputError
from benchmark.files import write_json_atomic, write_text_atomic
from benchmark.manifest import SCHEMA_VERSION, BenchmarkInfo, Clip
from benchmark.source import Source

INFO_FILE = "benchmark.json"
MANIFEST_FILE = "metadata.jsonl"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Benchmark:
    """A checked benchmark folder: where it lies, what it says of itself, and its clips in manifest order."""

    root: Path
    info: BenchmarkInfo
    clips: tuple[Clip, ...]

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        """Clips by their id."""
        return {clip.id: clip for clip in self.clips}

    def source(self, clip: Clip) -> Source:
        """Return the clip together with its files."""
        return Source(self.root, clip)


def read_benchmark(root: Path) -> Benchmark:
    """Read and check the benchmark in folder `root`; no video, mask or track is opened.

    Raises:
        InputError: a file is missing, a version is unknown, or a clip's field is wrong, unknown or doubled; the
            sentence names the file, the clip and the field.
    """
    info = _read_info(root / INFO_FILE)
    clips = tuple(_read_clips(root / MANIFEST_FILE))
    if not clips:
        raise InputError(f"{root / MANIFEST_FILE} is empty, expected one clip per line; run the vmtbench build again")
    seen: set[str] = set()
    for clip in clips:
        if clip.id in seen:
            raise InputError(f"{root / MANIFEST_FILE} names clip {clip.id!r} twice, expected each id once; remove one")
        seen.add(clip.id)
    return Benchmark(root, info, clips)


def write_benchmark(root: Path, info: BenchmarkInfo, clips: Iterable[Clip]) -> Benchmark:
    """Write `benchmark.json` and `metadata.jsonl`; the manifest comes last, so that its presence means all is there."""
    ordered = tuple(sorted(clips, key=lambda clip: clip.id))
    write_json_atomic(root / INFO_FILE, info.model_dump(mode="json"))
    records = (clip.model_dump(mode="json", by_alias=True) for clip in ordered)
    lines = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)
    write_text_atomic(root / MANIFEST_FILE, "".join(f"{line}\n" for line in lines))
    return Benchmark(root, info, ordered)


def parse_record(model: type[Model], value: Any, where: str) -> Model:
    """Check `value` against a record's fields.

    Raises:
        InputError: the first wrong field, as one sentence that begins with `where`.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InputError(f"{where}, {_first_problem(error)}") from error


def read_json(path: Path, what: str) -> Any:
    """Read a JSON file, or raise an `InputError` that names it."""
    try:
        return json.loads(_read_text(path, what))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not valid JSON ({error}), expected {what}") from error


def _read_text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path} is missing, expected {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}), expected {what}") from error


def _read_info(path: Path) -> BenchmarkInfo:
    value = read_json(path, "the description of a benchmark; make one with: vmtbench build SOURCE --out BENCH")
    version = value.get("schema_version") if isinstance(value, dict) else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path}, field 'schema_version': found {version!r}, expected {SCHEMA_VERSION}; "
            "build the benchmark again with this version of vmtbench, or install the version that made it"
        )
    return parse_record(BenchmarkInfo, value, str(path))


def _read_clips(path: Path) -> Iterable[Clip]:
    text = _read_text(path, "one clip per line; run the vmtbench build that made this folder again")
    # not splitlines, which also cuts at characters that JSON leaves inside a caption
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path} line {number} is not valid JSON ({error}); restore or remove the line") from error
        name = value.get("id", "?") if isinstance(value, dict) else "?"
        yield parse_record(Clip, value, f"{path} line {number}, clip {name!r}")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "(whole record)"
    if first["type"] == "extra_forbidden":
        return f"field {field!r} is unknown; remove it, or see vmtbench schema for the fields there are"
    if first["type"] == "missing":
        return f"field {field!r} is missing; add it, as vmtbench schema describes"
    expected = first["msg"].removeprefix("Value error, ")
    return f"field {field!r}: found {str(first['input'])[:80]!r}, but {expected[0].lower()}{expected[1:]}; correct it"
