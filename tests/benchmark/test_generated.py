from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.generated import Generated, list_generated, list_methods, sample_name, video_path
from benchmark.manifest import Prompt
from benchmark.store import Benchmark

CRATE, TILES, DUMBBELL = "resting-crate", "sliding-tiles", "tumbling-dumbbell"
MOON = {clip: f"A_robot_is_{clip.split('-')[0]}_on_the_moon" for clip in (CRATE, TILES, DUMBBELL)}
"""Folder names of the clips' second prompts."""


def make(out: Path, *paths: str) -> Path:
    for path in paths:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).touch()
    return out


def found(samples: Iterable[Generated], root: Path) -> dict[str, str]:
    """Paths of the samples whose file is there, by their key."""
    return {sample.key: sample.path.relative_to(root).as_posix() for sample in samples if sample.path.exists()}


def with_prompts(bench: Benchmark, *texts: str) -> Benchmark:
    """A benchmark whose clips have one prompt each."""
    clips = [
        clip.model_copy(update={"prompts": (Prompt(id="p0", kind="scene", text=text),)})
        for clip, text in zip(bench.clips, texts, strict=False)
    ]
    return Benchmark(bench.root, bench.info, tuple(clips))


def test_a_sample_is_named_by_its_prompt_and_by_its_seed_where_there_are_several(tmp_path: Path) -> None:
    assert sample_name("p0", 3, several=False) == "p0"
    assert video_path(tmp_path, "m", "bear", "p0", 3, several=True) == tmp_path / "m" / "bear" / "p0@3.mp4"


def test_methods_are_the_folders_that_hold_clips(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, f"b/{CRATE}/p0.mp4", f"a/{TILES}/p0.mp4", "notes/x.txt", f"scores/mtbench/{CRATE}.json")
    make(tmp_path, f".vmtbench/{CRATE}/x", "file.mp4", f"scores/{CRATE}/x")
    assert list_methods(tmp_path, bench) == {"a": tmp_path / "a", "b": tmp_path / "b"}


def test_one_methods_folder_alone_is_that_method(
    bench: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = make(tmp_path / "mine", f"{CRATE}/p0.mp4")
    assert list_methods(out, bench) == {"mine": out}
    monkeypatch.chdir(out)
    assert list_methods(Path(), bench) == {"mine": Path()}


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "other clips"])
def test_a_folder_without_generated_videos_is_refused(bench: Benchmark, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.touch()
    elif kind != "missing":
        make(out, "m/bear/p0.mp4" if kind == "other clips" else ".vmtbench/lock")
    with pytest.raises(InputError, match=r"METHOD/CLIP/PROMPT\.mp4"):
        list_methods(out, bench)


def test_every_prompt_is_expected_whether_its_video_is_there_or_not(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, f"{CRATE}/p0.mp4", f"{CRATE}/other.mp4", f"{TILES}/p1.mp4", f"{TILES}/.part.p0.mp4")
    samples = list_generated("m", tmp_path, bench)
    assert [sample.key for sample in samples] == [f"m/{clip.id}/p{n}@0" for clip in bench.clips for n in (0, 1)]
    assert found(samples, tmp_path) == {f"m/{CRATE}/p0@0": f"{CRATE}/p0.mp4", f"m/{TILES}/p1@0": f"{TILES}/p1.mp4"}
    assert samples[1].path == tmp_path / CRATE / "p1.mp4"


def test_several_seeds_are_several_samples(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, *(f"{CRATE}/p0@{seed}.mp4" for seed in ("10", "2", "-1", "x", "")))
    samples = list_generated("m", tmp_path, bench)
    assert [sample.seed for sample in samples if sample.path.exists()] == [-1, 2, 10]
    assert found(samples, tmp_path)[f"m/{CRATE}/p0@10"] == f"{CRATE}/p0@10.mp4"


def test_a_prompt_whose_id_begins_anothers_has_its_own_videos(bench: Benchmark, tmp_path: Path) -> None:
    prompts = tuple(Prompt(id=name, kind="scene", text=name) for name in ("p", "p.x"))
    clip = bench.clips[0].model_copy(update={"prompts": prompts})
    make(tmp_path, f"{CRATE}/p@1.mp4", f"{CRATE}/p.x@2.mp4")
    samples = list_generated("m", tmp_path, Benchmark(bench.root, bench.info, (clip,)))
    assert [(sample.prompt.id, sample.seed) for sample in samples] == [("p", 1), ("p.x", 2)]


def test_the_seed_of_a_single_video_is_read_from_its_record(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, f"{CRATE}/p0.mp4", f"{CRATE}/p1.mp4")
    (tmp_path / CRATE / "p0.json").write_text(json.dumps({"seed": 7}))
    (tmp_path / CRATE / "p1.json").write_text("no JSON")
    assert [sample.seed for sample in list_generated("m", tmp_path, bench)][:2] == [7, 0]


def test_a_seed_made_once_alone_and_once_among_several_is_one_sample(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, f"{CRATE}/p0.mp4", f"{CRATE}/p0@0.mp4", f"{CRATE}/p0@1.mp4")
    keys = [sample.key for sample in list_generated("m", tmp_path, bench)]
    assert len(keys) == len(set(keys)), "one sample would be counted twice"
    assert keys[:2] == [f"m/{CRATE}/p0@0", f"m/{CRATE}/p0@1"]


# Folders named by prompt text, as MTBench's evaluation has them.


def test_folders_named_by_prompts_hold_their_clips_videos(bench: Benchmark, tmp_path: Path) -> None:
    out = make(tmp_path, f"m/{MOON[CRATE]}/0.mp4", f"m/{MOON[CRATE]}/1.mp4", f"m/{MOON[TILES]}/whatever.mp4")
    assert list_methods(out, bench) == {"m": out / "m"}
    assert list_methods(out / "m", bench) == {"m": out / "m"}
    assert found(list_generated("m", out / "m", bench), out / "m") == {
        f"m/{CRATE}/p1@0": f"{MOON[CRATE]}/0.mp4",
        f"m/{CRATE}/p1@1": f"{MOON[CRATE]}/1.mp4",
        f"m/{TILES}/p1@0": f"{MOON[TILES]}/whatever.mp4",
    }


def test_both_namings_of_a_prompt_are_understood(bench: Benchmark, tmp_path: Path) -> None:
    two = with_prompts(bench, "A cat runs", "A cat runs.")
    make(tmp_path / "stop", "A_cat_runs/resting-crate.mp4", "A_cat_runs/sliding-tiles.mp4")
    samples = list_generated("m", tmp_path / "stop", two)
    assert found(samples, tmp_path / "stop") == {
        f"m/{CRATE}/p0@0": "A_cat_runs/resting-crate.mp4",
        f"m/{TILES}/p0@0": "A_cat_runs/sliding-tiles.mp4",
    }
    make(tmp_path / "cut", "A_cat_run/x.mp4", "A_cat_runs/y.mp4")
    assert found(list_generated("m", tmp_path / "cut", two), tmp_path / "cut") == {
        f"m/{CRATE}/p0@0": "A_cat_run/x.mp4",
        f"m/{TILES}/p0@0": "A_cat_runs/y.mp4",
    }


def test_clips_that_share_a_prompt_are_told_apart_by_the_names_of_the_files(bench: Benchmark, tmp_path: Path) -> None:
    shared = with_prompts(bench, "A cat.", "A cat.", "A dog.")
    make(tmp_path, "A_cat/resting-crate.mp4", "A_cat/sliding-tiles_0.mp4", "A_cat/sliding-tiles_1.mp4", "A_dog/any.mp4")
    assert found(list_generated("m", tmp_path, shared), tmp_path) == {
        f"m/{CRATE}/p0@0": "A_cat/resting-crate.mp4",
        f"m/{TILES}/p0@0": "A_cat/sliding-tiles_0.mp4",
        f"m/{TILES}/p0@1": "A_cat/sliding-tiles_1.mp4",
        f"m/{DUMBBELL}/p0@0": "A_dog/any.mp4",
    }


def test_the_longer_of_two_ids_that_begin_alike_owns_its_file(bench: Benchmark, tmp_path: Path) -> None:
    clips = [
        clip.model_copy(update={"id": name})
        for clip, name in zip(with_prompts(bench, "A cat.", "A cat.").clips, ("cat", "cat-2"), strict=True)
    ]
    make(tmp_path, "A_cat/cat-2.mp4", "A_cat/cat.mp4")
    samples = list_generated("m", tmp_path, Benchmark(bench.root, bench.info, tuple(clips)))
    assert found(samples, tmp_path) == {"m/cat/p0@0": "A_cat/cat.mp4", "m/cat-2/p0@0": "A_cat/cat-2.mp4"}


def test_a_file_of_a_shared_prompt_that_names_no_clip_is_refused(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, "A_cat/0.mp4")
    with pytest.raises(InputError, match=r"0\.mp4 .*clips resting-crate, sliding-tiles share; rename the file"):
        list_generated("m", tmp_path, with_prompts(bench, "A cat.", "A cat."))


def test_folders_named_by_clips_win_over_a_prompt_of_the_same_name(bench: Benchmark, tmp_path: Path) -> None:
    make(tmp_path, f"{CRATE}/p0.mp4", f"{TILES}/p0.mp4")
    samples = list_generated("m", tmp_path, with_prompts(bench, CRATE, "tiles"))
    assert len(found(samples, tmp_path)) == 2


@pytest.mark.parametrize("text", ["x", ".", "...", "/", "../outside.", "a" * 400, "a\0b"])
def test_a_prompt_that_is_no_folders_name_leads_nowhere_else(bench: Benchmark, tmp_path: Path, text: str) -> None:
    make(tmp_path / "outside", "secret.mp4")
    folder = make(tmp_path / "m", f"{MOON[TILES]}/0.mp4")
    odd = with_prompts(bench, text, "A robot is sliding on the moon.")
    assert list_methods(folder, odd) == {"m": folder}
    assert found(list_generated("m", folder, odd), folder) == {f"m/{TILES}/p0@0": f"{MOON[TILES]}/0.mp4"}
