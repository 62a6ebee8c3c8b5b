from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.readers import read_dataset, youtube_vos
from benchmark.sequence import SourceObject

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "YouTube-VOS" / "valid"


def make(
    split: Path,
    *,
    files: Iterable[int] = range(0, 50, 5),
    annotated: Iterable[int] | None = range(0, 50, 5),
    masks: Iterable[int] = (),
    name: str = "0a1b2c",
) -> Path:
    """Lay out one video whose files are no pictures; `annotated` None leaves out meta.json."""
    for kind, suffix, numbers in (("JPEGImages", "jpg", files), ("Annotations", "png", masks)):
        folder = split / kind / name
        folder.mkdir(parents=True)
        for number in numbers:
            (folder / f"{number:05d}.{suffix}").write_text("no picture")
    if annotated is not None:
        objects = {"1": {"category": "dog", "frames": [f"{number:05d}" for number in annotated]}}
        write_meta(split, {name: {"objects": objects}})
    return split


def write_meta(split: Path, videos: dict) -> None:
    (split / "meta.json").write_text(json.dumps({"videos": videos}))


@pytest.mark.parametrize(
    ("files", "annotated", "fps", "frame_step"),
    [
        (range(0, 50, 5), range(0, 50, 5), 6.0, 5),
        (range(50), range(0, 50, 5), 30.0, 1),
        (range(10), range(10), 6.0, 5),
    ],
    ids=["every fifth frame", "all frames", "every fifth numbered anew"],
)
def test_the_frame_rate_is_told_by_files_and_annotations(
    tmp_path: Path, files: range, annotated: range, fps: float, frame_step: int
) -> None:
    make(tmp_path / "train", files=files, annotated=annotated)
    (sequence,) = read_dataset(tmp_path)
    assert (sequence.fps, sequence.frame_step) == (fps, frame_step)


@pytest.mark.parametrize(
    ("files", "annotated", "found"),
    [
        (range(50), None, "no annotated frames"),
        (range(50), [0], "no annotated frames"),
        ([0], range(0, 50, 5), "too few numbered frames"),
        (range(0, 50, 5), range(10), "steps of 5 and annotations in steps of 1"),
        (range(10), range(0, 50, 5), "up to 9 and annotations up to 45"),
    ],
)
def test_a_frame_rate_that_nothing_tells_is_asked_for_and_not_guessed(
    tmp_path: Path, files: Iterable[int], annotated: Iterable[int] | None, found: str
) -> None:
    make(tmp_path / "train_all_frames", files=files, annotated=annotated)
    with pytest.raises(InputError, match=f"{found}.*--fps"):
        youtube_vos.read(tmp_path)
    (sequence,) = youtube_vos.read(tmp_path, fps=30.0)
    assert (sequence.fps, sequence.frame_step) == (30.0, 1)


def test_objects_have_their_category_and_late_ones_their_masks(tmp_path: Path) -> None:
    make(tmp_path, masks=(0, 10))
    objects = {
        "2": {"category": "cat", "frames": ["00010", "00015"]},
        "1": {"frames": ["00000", "00005", "00010"]},
    }
    write_meta(tmp_path, {"0a1b2c": {"objects": objects}})
    (sequence,) = youtube_vos.read(tmp_path)
    assert sequence.objects == (SourceObject(1, None), SourceObject(2, "cat"))
    assert {i: mask.name for i, mask in sequence.masks.items()} == {0: "00000.png", 2: "00010.png"}


def test_masks_of_frames_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, files=range(10, 50, 5), masks=(0, 5, 10, 12, 15))
    (sequence,) = youtube_vos.read(tmp_path)
    assert {i: mask.name for i, mask in sequence.masks.items()} == {0: "00010.png", 1: "00015.png"}


def test_a_video_that_meta_does_not_name_has_no_objects_but_the_frame_rate_of_its_release(tmp_path: Path) -> None:
    make(tmp_path, name="known")
    folder = tmp_path / "JPEGImages" / "unknown"
    folder.mkdir()
    for number in range(0, 20, 5):
        (folder / f"{number:05d}.jpg").write_text("no picture")
    unknown = {sequence.name: sequence for sequence in youtube_vos.read(tmp_path)}["unknown"]
    assert (unknown.objects, unknown.fps) == ((), 6.0)


def test_all_frames_take_the_annotations_of_the_split_beside_them(tmp_path: Path) -> None:
    make(tmp_path / "train", masks=(0, 5))
    make(tmp_path / "train_all_frames", files=range(50), annotated=None)
    (sequence,) = youtube_vos.read(tmp_path, split="train_all_frames")
    assert (len(sequence.images), sequence.fps, sorted(sequence.masks)) == (50, 30.0, [0, 5])
    assert sequence.objects == (SourceObject(1, "dog"),)


def test_several_splits_are_chosen_from_by_name(tmp_path: Path) -> None:
    make(tmp_path / "train", name="one")
    make(tmp_path / "valid", name="two")
    with pytest.raises(InputError, match="holds 2 splits; choose --split train or valid"):
        youtube_vos.read(tmp_path)
    with pytest.raises(InputError, match="no split 'test'; choose --split train or valid"):
        youtube_vos.read(tmp_path, split="test")
    assert youtube_vos.read(tmp_path, split="valid")[0].name == "two"
    assert youtube_vos.read(tmp_path / "valid", split="valid")[0].name == "two"
    with pytest.raises(InputError, match="itself a split"):
        youtube_vos.read(tmp_path / "valid", split="train")


def test_the_edition_is_recorded_when_it_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    assert youtube_vos.read(tmp_path)[0].dataset == "youtube-vos"
    assert youtube_vos.read(tmp_path, year="2019")[0].dataset == "youtube-vos-2019"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"videos": {"a": {"objects": {"1": {"frames": ["x"]}}}}}'])
def test_a_broken_meta_file_is_named(tmp_path: Path, text: str) -> None:
    make(tmp_path)
    (tmp_path / "meta.json").write_text(text)
    with pytest.raises(InputError, match=r"meta\.json cannot be used"):
        youtube_vos.read(tmp_path)


def test_an_object_number_that_no_mask_can_hold_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    write_meta(tmp_path, {"0a1b2c": {"objects": {"300": {"frames": ["00000", "00005"]}}}})
    with pytest.raises(InputError, match="'0a1b2c' has object '300', expected numbers from 1 to 255"):
        youtube_vos.read(tmp_path)


def test_a_frame_that_is_not_named_by_a_number_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "JPEGImages" / "0a1b2c" / "cover.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"cover\.jpg is not named by its frame number"):
        youtube_vos.read(tmp_path)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
@pytest.mark.parametrize("path", [SHARED, SHARED.parent])
def test_the_real_youtube_vos_is_read(path: Path) -> None:
    sequences = read_dataset(path)
    assert [(s.name, len(s.images), len(s.masks), s.fps, s.frame_step) for s in sequences] == [
        ("0a7a2514aa", 10, 10, 6.0, 5),
        ("3e03f623bb", 10, 10, 6.0, 5),
    ]
    assert [sequence.objects[0].category for sequence in sequences] == ["person", "snowboard"]
