from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.readers import davis, read_dataset

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "DAVIS"


def make(root: Path, *names: str, resolution: str = "480p", frames: int = 3, masks: int | None = None) -> Path:
    """Lay out sequences whose files are no pictures: reading must not open them."""
    for name in names:
        for kind, suffix, count in (("JPEGImages", "jpg", frames), ("Annotations", "png", masks or frames)):
            folder = root / kind / resolution / name
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i:05d}.{suffix}").write_text("no picture")
    return root


def write_split(root: Path, split: str, *lines: str, year: str = "2017") -> Path:
    file = root / "ImageSets" / year / f"{split}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines))
    return file


def names(sequences: list) -> list[str]:
    return [sequence.name for sequence in sequences]


def test_a_split_of_2017_lists_its_sequences_and_opens_no_picture(tmp_path: Path) -> None:
    make(tmp_path, "bear", "camel", "dog")
    write_split(tmp_path, "train", "dog", "bear")
    write_split(tmp_path, "val", "camel")
    sequences = read_dataset(tmp_path, split="train")
    assert names(sequences) == ["bear", "dog"]
    bear = sequences[0]
    assert [image.name for image in bear.images] == ["00000.jpg", "00001.jpg", "00002.jpg"]
    assert {i: mask.name for i, mask in bear.masks.items()} == {0: "00000.png", 1: "00001.png", 2: "00002.png"}
    assert (bear.dataset, bear.fps, bear.frame_step, bear.soft_masks) == ("davis-2017", 24.0, 1, False)


def test_without_a_split_the_only_one_is_read_and_several_mean_all_on_disk(tmp_path: Path) -> None:
    make(tmp_path, "bear", "camel", "dog")
    write_split(tmp_path, "val", "camel")
    assert names(davis.read(tmp_path)) == ["camel"]
    write_split(tmp_path, "train", "bear")
    assert names(davis.read(tmp_path)) == ["bear", "camel", "dog"]


def test_pairs_of_frame_and_mask_name_a_sequence_of_2016(tmp_path: Path) -> None:
    make(tmp_path, "bear", "dog")
    pairs = [f"/JPEGImages/480p/bear/{i:05d}.jpg /Annotations/480p/bear/{i:05d}.png " for i in range(3)]
    write_split(tmp_path, "train", *pairs, year="2016")
    sequences = davis.read(tmp_path, year="2016")
    assert names(sequences) == ["bear"]
    assert sequences[0].dataset == "davis-2016"


def test_the_first_release_keeps_its_splits_under_the_resolution(tmp_path: Path) -> None:
    make(tmp_path, "bear", resolution="1080p")
    write_split(tmp_path, "val", "/JPEGImages/1080p/bear/00000.jpg /Annotations/1080p/bear/00000.png", year="1080p")
    (sequence,) = davis.read(tmp_path, split="val")
    assert (sequence.dataset, sequence.images[0].parts[-3]) == ("davis-2016", "1080p")


def test_2017_is_preferred_but_a_split_only_in_2016_is_found(tmp_path: Path) -> None:
    make(tmp_path, "bear", "dog")
    write_split(tmp_path, "val", "dog", year="2017")
    write_split(tmp_path, "val", "bear", year="2016")
    write_split(tmp_path, "old", "bear", year="2016")
    assert names(davis.read(tmp_path, split="val")) == ["dog"]
    assert davis.read(tmp_path, split="old")[0].dataset == "davis-2016"


def test_full_resolution_is_chosen_by_name_and_480p_by_default(tmp_path: Path) -> None:
    make(tmp_path, "bear")
    make(tmp_path, "bear", resolution="Full-Resolution")
    assert davis.read(tmp_path)[0].images[0].parts[-3] == "480p"
    full = davis.read(tmp_path, resolution="Full-Resolution")[0]
    assert full.images[0].parts[-3] == full.masks[0].parts[-3] == "Full-Resolution"
    with pytest.raises(InputError, match=r"'720p'.*480p or Full-Resolution"):
        davis.read(tmp_path, resolution="720p")


def test_a_test_split_has_masks_of_first_frames_only(tmp_path: Path) -> None:
    make(tmp_path, "aerobatics", masks=1)
    write_split(tmp_path, "test-dev", "aerobatics")
    assert set(davis.read(tmp_path, split="test-dev")[0].masks) == {0}


@pytest.mark.parametrize("split", ["val", None])
def test_a_split_that_names_a_missing_sequence_is_refused(tmp_path: Path, split: str | None) -> None:
    make(tmp_path, "bear")
    file = write_split(tmp_path, "val", "bear", "unicorn")
    with pytest.raises(InputError) as error:
        davis.read(tmp_path, split=split)
    for part in (str(file), "'unicorn'", str(tmp_path / "JPEGImages" / "480p" / "unicorn")):
        assert part in str(error.value), f"the error does not name {part}"


def test_a_sequence_without_frames_in_a_split_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "bear")
    (tmp_path / "JPEGImages" / "480p" / "empty").mkdir()
    write_split(tmp_path, "val", "bear", "empty")
    with pytest.raises(InputError, match=r"'empty'.*holds no frames"):
        davis.read(tmp_path)


@pytest.mark.parametrize("line", ["../secret", "..", "a/b", "/JPEGImages/480p/../00000.jpg"])
def test_a_split_line_cannot_climb_out_of_the_folder(tmp_path: Path, line: str) -> None:
    make(tmp_path, "bear")
    write_split(tmp_path, "val", line)
    with pytest.raises(InputError, match="expected a sequence's name"):
        davis.read(tmp_path)


def test_a_misspelt_split_gets_the_nearest_name(tmp_path: Path) -> None:
    make(tmp_path, "bear")
    write_split(tmp_path, "train", "bear")
    with pytest.raises(InputError, match="did you mean train"):
        davis.read(tmp_path, split="trian")


def test_a_split_or_year_that_is_not_there_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "bear")
    with pytest.raises(InputError, match="holds no split files"):
        davis.read(tmp_path, split="val")
    write_split(tmp_path, "val", "bear")
    with pytest.raises(InputError, match="no year '2016'; choose --year 2017"):
        davis.read(tmp_path, year="2016")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_real_davis_is_read() -> None:
    sequences = read_dataset(SHARED, split="val")
    assert names(sequences) == ["dance-twirl", "snowboard"]
    assert [(len(sequence.images), len(sequence.masks)) for sequence in sequences] == [(49, 49), (49, 49)]
