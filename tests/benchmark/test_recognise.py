from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.readers import FORMATS, read_dataset, recognise

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("nothing")
    return root


@pytest.mark.parametrize(
    ("expected", "paths"),
    [
        ("davis", ["JPEGImages/480p/bear/00000.jpg", "ImageSets/2017/val.txt"]),
        ("davis", ["JPEGImages/Full-Resolution/bear/00000.jpg"]),
        ("davis", ["JPEGImages/1080p/bear/00000.jpg"]),
        ("youtube-vos", ["JPEGImages/0a1b/00000.jpg", "meta.json"]),
        ("youtube-vos", ["train/JPEGImages/0a1b/00000.jpg", "train/meta.json"]),
        ("youtube-vos", ["train_all_frames/JPEGImages/0a1b/00000.jpg"]),
        ("mtbench", ["videos/dog.mp4", "trajectories/dog.pth"]),
        ("mtbench", ["dog/videos/dog.mp4", "dog/prompts.txt"]),
        ("folder", ["dog.mp4"]),
        ("folder", ["dog.mp4", "masks/dog/00000.png", "captions.csv"]),
        ("folder", ["dog/00000.png"]),
    ],
)
def test_a_data_set_is_recognised_by_its_shape(tmp_path: Path, expected: str, paths: list[str]) -> None:
    assert recognise(touch(tmp_path, *paths)) == expected


def test_an_empty_folder_is_refused_with_all_that_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty; looked for") as error:
        recognise(tmp_path)
    for name in FORMATS:
        assert f"{name}: " in str(error.value), f"the error does not say what {name} looks like"


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no data set that is known; looked for"):
        recognise(touch(tmp_path, "notes.txt", "masks/dog/00000.png"))


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        recognise(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"clip\.mp4 is a file"):
        recognise(touch(tmp_path, "clip.mp4") / "clip.mp4")
    with pytest.raises(InputError, match="nowhere is not a folder"):
        read_dataset(tmp_path / "nowhere", format="davis")


def test_a_misspelt_format_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown format 'devis', expected .*; did you mean davis"):
        read_dataset(tmp_path, format="devis")


def test_an_option_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"format 'folder' has no option --split, --year \(its options: --fps\)"):
        read_dataset(touch(tmp_path, "dog.mp4"), split="val", year="2017")


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="expected a positive number of frames per second"):
        read_dataset(touch(tmp_path, "dog/0.png"), fps=fps)


@pytest.mark.parametrize("name", ["davis", "youtube-vos", "mtbench", "folder"])
def test_a_format_without_sequences_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "JPEGImages" / "480p").mkdir(parents=True)
    touch(tmp_path, "meta.json")
    (tmp_path / "meta.json").write_text('{"videos": {}}')
    with pytest.raises(InputError, match="holds no sequence"):
        read_dataset(tmp_path, format=name)


def test_sequences_come_sorted_by_name_whatever_the_order_on_disk(tmp_path: Path) -> None:
    names = ["walk", "Bear", "a10", "a2"]
    touch(tmp_path, *[f"{name}.mp4" for name in names])
    assert [sequence.name for sequence in read_dataset(tmp_path)] == sorted(names)


def test_importing_the_readers_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'cv2', 'av', 'decord', 'PIL', 'numpy'}"
    code = f"import sys, benchmark.readers; print(sorted({heavy} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
@pytest.mark.parametrize(
    ("folder", "expected"),
    [("DAVIS", "davis"), ("YouTube-VOS/valid", "youtube-vos"), ("MTBench", "mtbench"), ("clips", "folder")],
)
def test_the_real_data_sets_are_recognised(folder: str, expected: str) -> None:
    assert recognise(SHARED / folder) == expected
