from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from benchmark.errors import InputError
from benchmark.manifest import BenchmarkInfo, Clip, Prompt
from benchmark.store import Benchmark, parse_record


@pytest.fixture
def record(bench: Benchmark) -> dict[str, Any]:
    """The manifest line of a clip that has everything."""
    return bench.clips[0].model_dump(mode="json", by_alias=True)


def refusal(record: dict[str, Any]) -> str:
    with pytest.raises(InputError) as refused:
        parse_record(Clip, record, "metadata.jsonl line 1, clip 'resting-crate'")
    message = str(refused.value)
    assert message.startswith("metadata.jsonl line 1, clip 'resting-crate', field ")
    assert "\n" not in message
    return message


def test_a_clip_is_read_as_it_was_written(bench: Benchmark) -> None:
    for clip in bench.clips:
        assert Clip.model_validate(clip.model_dump(mode="json", by_alias=True)) == clip


def test_a_record_never_changes(bench: Benchmark) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        bench.clips[0].id = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_an_unknown_field_is_refused_by_name(record: dict[str, Any]) -> None:
    assert "field 'colour' is unknown; remove it" in refusal(record | {"colour": "red"})
    assert "field 'video_file.bitrate' is unknown" in refusal(
        record | {"video_file": record["video_file"] | {"bitrate": 1}}
    )


def test_a_missing_field_is_named(record: dict[str, Any]) -> None:
    del record["caption"]
    assert "field 'caption' is missing; add it" in refusal(record)


@pytest.mark.parametrize("path", ["../video.mp4", "videos/../../x.mp4", "/videos/x.mp4", "", "."])
def test_a_path_out_of_the_folder_is_refused(record: dict[str, Any], path: str) -> None:
    assert f"field 'file_name': found {path!r}, but the path " in refusal(record | {"file_name": path})
    assert "field 'tracks.file'" in refusal(record | {"tracks": record["tracks"] | {"file": path}})
    assert "field 'masks.folder'" in refusal(record | {"masks": record["masks"] | {"folder": path}})


def test_a_prompt_id_that_stands_twice_is_refused(record: dict[str, Any]) -> None:
    message = refusal(record | {"prompts": [record["prompts"][0]] * 2})
    assert "field 'prompts': " in message
    assert "prompt id 'p0' stands twice, expected each once; correct it" in message


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "å", "x" * 129, "a\n", "-x", "a@0"])
def test_an_id_that_cannot_be_a_files_name_is_refused(record: dict[str, Any], name: str) -> None:
    assert "field 'id': found " in refusal(record | {"id": name})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "animals"),
        ("caption", "  "),
        ("video_file.fps", 0),
        ("video_file.fps", float("inf")),
        ("video_file.fps", float("nan")),
        ("video_file.frames", 0),
        ("video_file.sha256", "abc"),
        ("difficulty.level", "harder"),
        ("tracks.visible_share", 1.1),
    ],
)
def test_a_value_out_of_its_range_is_refused(record: dict[str, Any], field: str, value: object) -> None:
    *path, last = field.split(".")
    target = record
    for part in path:
        target = target[part]
    target[last] = value
    assert f"field {field!r}: found {str(value)!r}, but " in refusal(record)


def test_a_prompts_outer_white_space_is_dropped() -> None:
    assert Prompt(id="p", kind="scene", text=" a cat \n").text == "a cat"


def test_another_version_of_the_schema_is_refused() -> None:
    with pytest.raises(InputError, match=r"^here, field 'schema_version': found '2', but input should be 1"):
        parse_record(BenchmarkInfo, {"name": "x", "schema_version": 2}, "here")


def test_the_schema_names_every_field_as_the_file_does(record: dict[str, Any]) -> None:
    schema = Clip.model_json_schema()
    assert set(schema["properties"]) == set(record)
    assert schema["additionalProperties"] is False
