from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from benchmark.errors import ItemError, OutputError
from benchmark.masks import foreground, object_indices, read_mask, write_mask, write_soft_mask
from benchmark.readers import read_dataset

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

INDICES = np.array([[0, 1, 2], [3, 0, 20]], dtype=np.uint8)
SOFT = np.array([[0, 1, 127], [128, 254, 255]], dtype=np.uint8)


def save(path: Path, values: np.ndarray, mode: str | None = None) -> Path:
    image = Image.fromarray(values)
    (image.convert(mode) if mode else image).save(path)
    return path


def test_an_indexed_mask_reads_as_its_indices_and_not_its_colours(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.png", INDICES)
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        assert image.convert("RGB").getpixel((1, 0)) == (128, 0, 0), "object 1 is dark red in DAVIS"
        assert image.convert("RGB").getpixel((2, 0)) == (0, 128, 0), "object 2 is dark green in DAVIS"
        assert image.convert("RGB").getpixel((0, 1)) == (128, 128, 0), "object 3 is olive in DAVIS"
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), INDICES)


def test_a_soft_mask_is_written_as_a_grey_picture_with_all_its_levels(tmp_path: Path) -> None:
    write_soft_mask(tmp_path / "mask.png", SOFT)
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "L"
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), SOFT)


def test_a_grey_mask_keeps_its_levels(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_mask(save(tmp_path / "mask.png", SOFT)), SOFT)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "la.png", SOFT, "LA")), SOFT)


def test_a_coloured_mask_is_foreground_where_any_channel_is(tmp_path: Path) -> None:
    colours = np.zeros((1, 4, 3), dtype=np.uint8)
    colours[0, 1, 0], colours[0, 2, 1], colours[0, 3, 2] = 255, 200, 130
    mask = read_mask(save(tmp_path / "mask.png", colours))
    np.testing.assert_array_equal(foreground(mask, soft=True), [[False, True, True, True]])


def test_opacity_is_not_foreground(tmp_path: Path) -> None:
    opaque_black = np.zeros((2, 2, 4), dtype=np.uint8)
    opaque_black[..., 3] = 255
    assert not read_mask(save(tmp_path / "mask.png", opaque_black)).any()


def test_a_one_bit_mask_is_black_and_white(tmp_path: Path) -> None:
    mask = read_mask(save(tmp_path / "mask.png", np.array([[False, True]])))
    np.testing.assert_array_equal(mask, [[0, 255]])


def test_a_soft_mask_is_foreground_from_128_and_an_indexed_one_from_1() -> None:
    np.testing.assert_array_equal(foreground(SOFT, soft=True), [[False, False, False], [True, True, True]])
    np.testing.assert_array_equal(foreground(INDICES, soft=False), [[False, True, True], [True, False, True]])


def test_object_indices_leave_indices_and_make_pictures_one_object() -> None:
    np.testing.assert_array_equal(object_indices(INDICES, soft=False), INDICES)
    one = [[0, 0, 0], [1, 1, 1]]
    np.testing.assert_array_equal(object_indices(SOFT, soft=True), one)
    np.testing.assert_array_equal(object_indices(SOFT, soft=False), one, "a grey picture was not told by its levels")
    black_and_white = np.array([[0, 255]], dtype=np.uint8)
    np.testing.assert_array_equal(object_indices(black_and_white, soft=False), [[0, 1]])


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 255)))
def test_what_is_written_is_read_back_and_equal_masks_give_equal_bytes(tmp_path_factory, mask: np.ndarray) -> None:
    first, second = (tmp_path_factory.mktemp("masks") / "mask.png" for _ in range(2))
    write_mask(first, mask)
    write_mask(second, np.asfortranarray(mask))
    np.testing.assert_array_equal(read_mask(first), mask)
    assert first.read_bytes() == second.read_bytes()


def test_a_mask_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match=r"none\.png is missing"):
        read_mask(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ItemError, match=r"text\.png cannot be read as a picture"):
        read_mask(tmp_path / "text.png")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    data = save(tmp_path / "whole.png", noise).read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ItemError, match=r"cut\.png cannot be read as a picture"):
        read_mask(tmp_path / "cut.png")


def test_a_mask_of_16_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="pixels of kind I;16, expected 8-bit"):
        read_mask(save(tmp_path / "mask.png", np.full((2, 2), 300, dtype=np.uint16)))


def test_a_mask_that_cannot_be_written_is_an_output_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"mask\.png: the disk is full"):
        write_mask(tmp_path / "mask.png", INDICES)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_real_soft_mask_agrees_with_the_published_count() -> None:
    (dance,) = read_dataset(SHARED / "MTBench" / "dance-twirl")
    mask = read_mask(dance.masks[0])
    assert (mask > 0).sum() == 20197
    assert foreground(mask, soft=dance.soft_masks).sum() == 19103
    davis = read_dataset(SHARED / "DAVIS")[0]
    indexed = foreground(read_mask(davis.masks[0]), soft=davis.soft_masks)
    both = foreground(mask, soft=True)
    assert (indexed & both).sum() / (indexed | both).sum() > 0.97, "the masks of one video differ between data sets"
