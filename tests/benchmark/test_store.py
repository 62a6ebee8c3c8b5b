from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.store import INFO_FILE, MANIFEST_FILE, Benchmark, read_benchmark, write_benchmark


def refusal(root: Path) -> str:
    with pytest.raises(InputError) as refused:
        read_benchmark(root)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_benchmark_is_read_as_it_was_written(bench: Benchmark) -> None:
    read = read_benchmark(bench.root)
    assert (read.info, read.clips) == (bench.info, bench.clips)
    assert read.by_id["sliding-tiles"].verb == "sliding"


def test_the_manifest_is_sorted_whatever_the_order_and_its_bytes_are_the_same(bench: Benchmark, tmp_path: Path) -> None:
    write_benchmark(tmp_path, bench.info, reversed(bench.clips))
    for name in (INFO_FILE, MANIFEST_FILE):
        assert (tmp_path / name).read_bytes() == (bench.root / name).read_bytes()


def test_a_benchmark_may_be_moved(own_bench: Benchmark, tmp_path: Path) -> None:
    moved = read_benchmark(own_bench.root.rename(tmp_path / "elsewhere"))
    source = moved.source(moved.clips[0])
    assert source.video.is_file()
    assert str(tmp_path) not in (moved.root / MANIFEST_FILE).read_text(), "the manifest holds a path of this machine"


def test_a_caption_may_hold_any_character(bench: Benchmark, tmp_path: Path) -> None:
    caption = 'a\u2028b\u2029c\x85d\x0be\x1cf\n"quoted" å 🐻'
    write_benchmark(tmp_path, bench.info, [bench.clips[0].model_copy(update={"caption": caption})])
    assert read_benchmark(tmp_path).clips[0].caption == caption


def test_line_ends_of_windows_are_read(own_bench: Benchmark) -> None:
    path = own_bench.root / MANIFEST_FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_benchmark(own_bench.root).clips == own_bench.clips


def edit(bench: Benchmark, change: Callable[[list[dict]], object]) -> str:
    path = bench.root / MANIFEST_FILE
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return refusal(bench.root)


def test_a_wrong_field_names_file_line_clip_and_field(own_bench: Benchmark) -> None:
    message = edit(own_bench, lambda lines: lines[1].update(colour="red"))
    assert message.startswith(
        f"{own_bench.root / MANIFEST_FILE} line 2, clip 'sliding-tiles', field 'colour' is unknown"
    )


def test_a_clip_that_stands_twice_is_refused(own_bench: Benchmark) -> None:
    assert "names clip 'resting-crate' twice, expected each id once; remove one" in edit(
        own_bench, lambda lines: lines.append(lines[0])
    )


def test_a_line_that_is_no_record_is_named(own_bench: Benchmark) -> None:
    assert "line 1, clip '?', field '(whole record)'" in edit(own_bench, lambda lines: lines.insert(0, [1]))  # pyright: ignore


@pytest.mark.parametrize("line", ["", "{", "\ufeff{}"])
def test_a_line_that_is_no_json_is_named(own_bench: Benchmark, line: str) -> None:
    path = own_bench.root / MANIFEST_FILE
    path.write_text(f"{line}\n{path.read_text()}", encoding="utf-8")
    assert f"{path} line 1 is not valid JSON" in refusal(own_bench.root)


def test_an_empty_manifest_is_refused(own_bench: Benchmark) -> None:
    (own_bench.root / MANIFEST_FILE).write_text("")
    assert "metadata.jsonl is empty, expected one clip per line" in refusal(own_bench.root)


@pytest.mark.parametrize("name", [INFO_FILE, MANIFEST_FILE])
def test_a_missing_or_unreadable_file_is_named(own_bench: Benchmark, name: str) -> None:
    path = own_bench.root / name
    path.write_bytes(b"\xff\xfe")
    assert f"{path} cannot be read" in refusal(own_bench.root)
    path.unlink()
    assert f"{path} is missing, expected" in refusal(own_bench.root)
    path.mkdir()
    assert f"{path} cannot be read" in refusal(own_bench.root)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused_with_what_to_do(own_bench: Benchmark, version: object) -> None:
    path = own_bench.root / INFO_FILE
    path.write_text(json.dumps({"name": "x", "schema_version": version, "of the future": 1}))
    message = refusal(own_bench.root)
    assert f"field 'schema_version': found {version!r}, expected 1; build the benchmark again" in message


@pytest.mark.parametrize("value", ["[]", '"x"', "{}"])
def test_a_description_that_is_none_is_refused(own_bench: Benchmark, value: str) -> None:
    (own_bench.root / INFO_FILE).write_text(value)
    assert "field 'schema_version': found None" in refusal(own_bench.root)


def test_a_file_or_an_empty_folder_is_no_benchmark(tmp_path: Path) -> None:
    assert "benchmark.json is missing" in refusal(tmp_path)
    (tmp_path / "file").touch()
    assert "benchmark.json is missing" in refusal(tmp_path / "file")


def test_reading_a_benchmark_opens_no_video_mask_or_track(own_bench: Benchmark) -> None:
    for folder in ("videos", "masks", "tracks"):
        (own_bench.root / folder).rename(own_bench.root / f"{folder}-gone")
    assert read_benchmark(own_bench.root).clips == own_bench.clips
