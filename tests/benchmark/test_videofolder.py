"""Hugging Face's `datasets` loads a benchmark folder as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.engine import Existing, claim_folder
from benchmark.files import write_json_atomic
from benchmark.manifest import Clip
from benchmark.names import SPLIT_WORDS, clip_ids
from benchmark.ownership import begin_build, finish_build
from benchmark.store import Benchmark, read_benchmark

datasets = pytest.importorskip("datasets", reason="needs the package datasets")

DAVIS_LIKE = ["bear", "train", "test tube", "dev", "car-valid_2", "my.eval.run"]


def load(root: Path, tmp_path: Path) -> Any:
    """Load the folder in the one split there is, with paths in the place of decoded videos."""
    loaded = datasets.load_dataset("videofolder", data_dir=str(root), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"], "a name was taken for a split"
    return loaded["train"].cast_column("video", datasets.Video(decode=False))


def rename(bench: Benchmark, clip: Clip, name: str) -> Clip:
    """Give a clip and its files another id."""
    record: dict[str, Any] = clip.model_dump(mode="json") | {"id": name, "file_name": f"videos/{name}.mp4"}
    shutil.copyfile(bench.root / clip.file_name, bench.root / record["file_name"])
    if clip.masks:
        record["masks"] |= {"folder": f"masks/{name}"}
        shutil.copytree(bench.root / clip.masks.folder, bench.root / "masks" / name)
    if clip.tracks:
        record["tracks"] |= {"file": f"tracks/{name}.npz"}
        shutil.copyfile(bench.root / clip.tracks.file, bench.root / record["tracks"]["file"])
    return Clip.model_validate(record)


def test_it_has_a_row_per_clip_and_a_column_per_field(bench: Benchmark, tmp_path: Path) -> None:
    rows = load(bench.root, tmp_path)
    assert set(rows.column_names) == {*Clip.model_fields, "video_file"} - {"file_name"}
    assert isinstance(rows.features["video"], datasets.Video)
    assert rows["id"] == [clip.id for clip in bench.clips]
    for row, clip in zip(rows, bench.clips, strict=True):
        assert Path(row["video"]["path"]) == bench.root / clip.file_name
        assert [prompt["text"] for prompt in row["prompts"]] == [prompt.text for prompt in clip.prompts]
        assert (row["masks"] or {}).get("folder") == (clip.masks.folder if clip.masks else None)
        assert (row["video_file"]["frames"], row["caption"]) == (clip.video.frames, clip.caption)


def test_clips_named_with_the_words_of_splits_are_all_in_one_split(own_bench: Benchmark, tmp_path: Path) -> None:
    names = clip_ids([*DAVIS_LIKE, *sorted(SPLIT_WORDS - {"train", "dev"})])
    clips = [rename(own_bench, own_bench.clips[index % 3], name) for index, name in enumerate(names)]
    with claim_folder(own_bench.root):
        begin_build(own_bench.root, {}, Existing.KEEP)
        write_json_atomic(own_bench.root / ".vmtbench" / "cut" / "train.json", {})
        finish_build(own_bench.root, own_bench.info, clips)
    rows = load(own_bench.root, tmp_path)
    assert sorted(rows["id"]) == sorted(names)
    assert all(Path(row["video"]["path"]).stem == row["id"] for row in rows), "a row has another row's video"


def test_a_video_that_is_not_in_the_manifest_is_no_row(own_bench: Benchmark, tmp_path: Path) -> None:
    first = own_bench.clips[0]
    shutil.copyfile(own_bench.root / first.file_name, own_bench.root / "videos" / "left-over.mp4")
    assert load(own_bench.root, tmp_path)["id"] == [clip.id for clip in read_benchmark(own_bench.root).clips]
