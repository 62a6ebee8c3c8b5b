from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from annotate.build import Built, build
from annotate.settings import BuildSettings
from benchmark.engine import Existing, WorkOptions
from benchmark.errors import InputError, ItemError
from benchmark.masks import read_mask, write_mask
from benchmark.store import read_benchmark
from benchmark.tracks import read_tracks
from benchmark.video import read_video


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return tmp_path / "bench"


def built(data: Path, bench: Path, *, jobs: int = 1, existing: str = "keep", **settings: Any) -> Built:
    chosen = BuildSettings.model_validate({"follow": {"points": 20}, **settings})
    return build(data, bench, chosen, options=WorkOptions(jobs=jobs, existing=Existing(existing)))


def bytes_of(bench: Path) -> dict[str, bytes]:
    files = (path for path in bench.rglob("*") if path.is_file() and ".vmtbench" not in path.parts)
    return {path.relative_to(bench).as_posix(): path.read_bytes() for path in sorted(files)}


def empty_masks(davis: Path, name: str) -> None:
    for path in (davis / "Annotations" / "480p" / name).iterdir():
        write_mask(path, np.zeros((48, 64), np.uint8))


def test_davis_becomes_a_benchmark_that_reads_back(davis: Path, bench: Path) -> None:
    made = built(davis, bench)
    assert not made.report.failed
    assert read_benchmark(bench) == made.benchmark
    bear = made.benchmark.by_id["bear"]
    assert (bear.source.dataset, bear.source.sequence, bear.source.frames) == ("davis-2017", "bear", None)
    assert (bear.video.frames, bear.video.fps, bear.video.height, bear.video.width) == (8, 24, 48, 64)
    assert [item.index for item in bear.objects] == [1]
    assert bear.category == "single_object"
    assert bear.masks is not None
    assert bear.masks.frames == tuple(range(8))
    assert bear.tracks is not None
    assert (bear.tracks.points, bear.tracks.tracker, bear.tracks.query_frame) == (20, "dis", 0)
    assert [prompt.kind for prompt in bear.prompts] == ["foreground_background"] * 5 + ["caption", "subject", "scene"]


def test_the_description_says_how_the_benchmark_was_made(davis: Path, bench: Path) -> None:
    info = built(davis, bench, seed=3, name="three animals").benchmark.info
    assert info.name == "three animals"
    assert (info.settings["seed"], info.settings["format"]) == (3, "davis")
    assert info.settings["follow"] == {"tracker": "dis", "points": 20, "sampler": "v1"}
    assert info.provenance["source"] == "DAVIS"
    assert info.provenance["annotators"]["tracks"] == "dis"
    assert info.provenance["versions"]


def test_mtbench_keeps_its_captions_prompts_tracks_and_frame(mtbench: Path, bench: Path) -> None:
    (clip,) = built(mtbench, bench, follow={"tracker": "dataset"}).benchmark.clips
    assert clip.caption == "A square is sliding over a carpet."
    given = [prompt.text for prompt in clip.prompts if prompt.kind == "foreground_background"]
    assert given == ["A robot is sliding on the moon.", "A cat is sliding on ice."]
    assert clip.tracks is not None
    facts = clip.tracks
    assert (facts.tracker, facts.sampler, facts.points, facts.query_frame) == ("dataset", "dataset", 12, 1)
    assert clip.masks is not None
    assert clip.masks.frames == (0,)
    assert set(np.unique(read_mask(bench / "masks" / "square" / "00000.png"))) == {0, 1}
    assert clip.masks.soft_folder == "soft_masks/square"
    soft = read_mask(bench / "soft_masks" / "square" / "00000.png")
    np.testing.assert_array_equal(soft, read_mask(mtbench / "masks" / "square" / "00000.png"))
    assert len(np.unique(soft)) > 2, "the fringe was lost"
    assert (bench / "videos" / "square.mp4").read_bytes() == (mtbench / "videos" / "square.mp4").read_bytes()
    assert clip.video.encoder is None


def test_resampling_takes_videos_masks_and_tracks_along_and_is_recorded(davis: Path, bench: Path) -> None:
    made = built(davis, bench, cut={"frames": 4, "size": (96, 96), "fit": "pad"})
    bear, swan = made.benchmark.by_id["bear"], made.benchmark.by_id["swan"]
    assert (bear.source.frames, swan.source.frames) == ((0, 2, 4, 7), (0, 1, 3, 5))
    assert bear.source.geometry is not None
    assert (bear.source.geometry["scaled_height"], bear.source.geometry["top"]) == (72, 12)
    frames = read_video(bench / bear.file_name).frames
    assert frames.shape == (4, 96, 96, 3)
    assert frames[:, :10].max() < 20, "bars are black"
    tracks = read_tracks(bench / "tracks" / "bear.npz")
    mask = read_mask(bench / "masks" / "bear" / "00000.png")
    columns, rows = tracks.queries[:, 1:].astype(int).T
    assert mask[rows, columns].all()
    np.testing.assert_allclose(np.median(tracks.points[:, -1] - tracks.points[:, 0], axis=0), [21, 0], atol=1.5)


@pytest.mark.parametrize("broken", ["black", "size", "frame"])
def test_a_sequence_that_fails_is_left_out_with_its_reason_and_the_others_go_on(
    davis: Path, bench: Path, broken: str
) -> None:
    if broken == "black":
        empty_masks(davis, "dog")
    elif broken == "size":
        Image.new("L", (32, 24), 1).save(davis / "Annotations" / "480p" / "dog" / "00000.png")
    else:
        (davis / "JPEGImages" / "480p" / "dog" / "00004.jpg").write_text("no picture")
    made = built(davis, bench)
    assert [clip.id for clip in made.benchmark.clips] == ["bear", "swan"]
    ((key, reason),) = made.report.failed.items()
    assert key in ("tracks dog", "cut dog")
    assert {"black": "empty_mask", "size": "32x24", "frame": "00004.jpg"}[broken] in reason
    assert not made.report.traces


def test_a_clip_whose_prompts_are_wrong_is_left_out_and_the_others_go_on(mtbench: Path, bench: Path) -> None:
    clip = mtbench / "good"
    for folder in ("videos", "masks", "trajectories"):
        shutil.copytree(mtbench / folder, clip / folder)
    shutil.copy(mtbench / "prompts.txt", clip)
    for path in list(clip.rglob("square*")):
        path.rename(path.with_name(path.name.replace("square", "good")))
    other = mtbench / "bad"
    other.mkdir()
    for name in ("videos", "masks", "trajectories", "prompts.txt"):
        (mtbench / name).rename(other / name)
    (mtbench / "eval_prompts.txt").unlink()
    (other / "eval_prompts.txt").write_text("A robot.\nA robot.\n")
    made = built(mtbench, bench)
    assert [clip.id for clip in made.benchmark.clips] == ["good"]
    assert list(made.report.failed) == ["describe square"]
    assert "stands twice" in made.report.failed["describe square"]


def test_a_source_of_which_nothing_can_be_made_is_one_sentence(davis: Path, bench: Path) -> None:
    for name in ("bear", "dog", "swan"):
        empty_masks(davis, name)
    with pytest.raises(
        ItemError, match=r"no sequence of .* could be made into a clip; the first failure: tracks bear: "
    ):
        built(davis, bench)


def test_rejections_are_listed_with_their_reasons(davis: Path, bench: Path) -> None:
    empty_masks(davis, "bear")
    made = built(davis, bench, source={"select": {"min_frames": 8}})
    assert [clip.id for clip in made.benchmark.clips] == ["dog"]
    listed = json.loads((bench / "benchmark.json").read_text())["rejected"]
    assert [entry["sequence"] for entry in listed] == ["bear", "swan"]
    assert "all background" in listed[0]["reason"]
    assert "6 frames" in listed[1]["reason"]


def test_a_selection_that_nothing_passes_is_one_sentence(davis: Path, bench: Path) -> None:
    with pytest.raises(InputError, match=r"none of 3 sequences of .* passes --select \(bear: .*\); loosen a criterion"):
        built(davis, bench, source={"select": {"min_frames": 100}})


def test_a_limit_takes_the_first_by_name(davis: Path, bench: Path) -> None:
    assert [clip.id for clip in built(davis, bench, source={"limit": 1}).benchmark.clips] == ["bear"]


def test_few_points_and_no_mask_are_flagged_in_the_manifest(davis: Path, bench: Path) -> None:
    small = np.zeros((48, 64), np.uint8)
    small[20, 15:20] = 1
    write_mask(davis / "Annotations" / "480p" / "bear" / "00000.png", small)
    shutil.rmtree(davis / "Annotations" / "480p" / "dog")
    made = built(davis, bench).benchmark
    assert made.by_id["bear"].flags == ("few_points",)
    assert made.by_id["dog"].flags == ("no_mask",)
    assert made.by_id["dog"].masks is None
    assert made.by_id["dog"].category == "camera"


def test_an_object_that_appears_later_is_recorded_where_it_appears(davis: Path, bench: Path) -> None:
    for frame in range(2):
        write_mask(davis / "Annotations" / "480p" / "bear" / f"{frame:05d}.png", np.zeros((48, 64), np.uint8))
    tracks = built(davis, bench).benchmark.by_id["bear"].tracks
    assert tracks is not None
    assert tracks.query_frame == 2


def test_a_second_build_keeps_everything(davis: Path, bench: Path) -> None:
    built(davis, bench)
    before = bytes_of(bench)
    again = built(davis, bench)
    assert (len(again.report.kept), again.report.done) == (6, [])
    assert bytes_of(bench) == before


def test_two_workers_give_the_bytes_of_one(davis: Path, tmp_path: Path) -> None:
    built(davis, tmp_path / "one")
    built(davis, tmp_path / "two", jobs=2)
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "one")


def test_a_clip_is_the_same_whatever_other_clips_there_are(davis: Path, tmp_path: Path) -> None:
    alone = built(davis, tmp_path / "all").benchmark.by_id["dog"]
    for kind in ("JPEGImages", "Annotations"):
        (davis / kind / "480p" / "bear").rename(davis / kind / "480p" / "zebra")
    (davis / "ImageSets" / "2017" / "val.txt").write_text("zebra\ndog\n")
    assert built(davis, tmp_path / "some").benchmark.by_id["dog"] == alone


def test_another_seed_draws_other_points_and_prompts(davis: Path, tmp_path: Path) -> None:
    first = built(davis, tmp_path / "first").benchmark.by_id["dog"]
    other = built(davis, tmp_path / "other", seed=1).benchmark.by_id["dog"]
    assert first.prompts != other.prompts
    queries = [read_tracks(tmp_path / name / "tracks" / "dog.npz").queries for name in ("first", "other")]
    assert (queries[0] != queries[1]).any()


@pytest.mark.parametrize(
    ("settings", "differs"),
    [
        ({"seed": 1}, "seed"),
        ({"follow": {"points": 21}}, "follow"),
        ({"cut": {"frames": 4}}, "cut"),
        ({"name": "x"}, "name"),
    ],
    ids=["seed", "points", "frames", "name"],
)
def test_other_settings_into_the_same_folder_are_refused_and_named(
    davis: Path, bench: Path, settings: dict[str, Any], differs: str
) -> None:
    built(davis, bench)
    before = bytes_of(bench)
    with pytest.raises(InputError, match=rf"other settings \({differs} differ\)"):
        built(davis, bench, **settings)
    assert bytes_of(bench) == before
    built(davis, bench, existing="redo", **settings)
    assert bytes_of(bench) != before


def test_a_manifest_changed_by_hand_is_not_overwritten_but_by_redo(davis: Path, bench: Path) -> None:
    built(davis, bench)
    before = bytes_of(bench)
    manifest = bench / "metadata.jsonl"
    manifest.write_text(manifest.read_text().replace("single_object", "human"))
    with pytest.raises(InputError, match="was changed since it was built"):
        built(davis, bench)
    assert "human" in manifest.read_text()
    built(davis, bench, existing="redo")
    assert bytes_of(bench) == before


@pytest.mark.parametrize("existing", ["keep", "redo"])
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(davis: Path, bench: Path, existing: str) -> None:
    bench.mkdir()
    (bench / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="holds files and is no benchmark in the making"):
        built(davis, bench, existing=existing)
    assert [path.name for path in bench.iterdir()] == ["thesis.tex"]


def test_existing_error_refuses_a_folder_that_was_built(davis: Path, bench: Path) -> None:
    built(davis, bench)
    with pytest.raises(InputError, match="--existing is error"):
        built(davis, bench, existing="error")


def test_a_misspelt_tracker_is_refused_before_anything_is_written(davis: Path, bench: Path) -> None:
    with pytest.raises(InputError, match="did you mean dis"):
        built(davis, bench, follow={"tracker": "diss"})
    assert not bench.exists()


def test_a_trajectory_file_that_holds_code_is_refused_and_not_run(mtbench: Path, bench: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (mtbench / "sprung",)

    torch.save(Trap(), mtbench / "trajectories" / "square.pth")
    with pytest.raises(ItemError, match="could run code"):
        built(mtbench, bench, follow={"tracker": "dataset"})
    assert not (mtbench / "sprung").exists()
