from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from annotate.cut import cut
from annotate.settings import CutSettings
from benchmark.errors import ItemError
from benchmark.files import sha256_of_file
from benchmark.masks import read_mask, write_mask
from benchmark.sequence import Sequence
from benchmark.video import probe_video, read_video, write_video

Pictures = Callable[..., NDArray[np.uint8]]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return tmp_path / "bench"


@pytest.fixture
def filmed(tmp_path: Path, pictures: Pictures) -> Sequence:
    """The square as an H.264 file of constant rate, with the mask of frame 0."""
    write_video(tmp_path / "square.mp4", pictures(), 8)
    mask = tmp_path / "square.png"
    write_mask(mask, (pictures()[0].min(axis=2) >= 130).astype(np.uint8))
    return Sequence(dataset="folder", name="square", video=tmp_path / "square.mp4", masks={0: mask})


def masks_of(bench: Path, clip: str) -> list[str]:
    return sorted(path.name for path in (bench / "masks" / clip).iterdir())


def test_frames_become_a_video_and_masks_of_the_same_size(bear: Sequence, bench: Path, mask_of: Pictures) -> None:
    made = cut(bear, "bear", bench, CutSettings())
    video = read_video(bench / "videos" / "bear.mp4")
    assert video.frames.shape == (8, 48, 64, 3)
    assert made["video"]["encoder"]["codec"] == "libx264"
    assert made["video"] | {"encoder": None} == {
        "fps": 24.0,
        "frames": 8,
        "height": 48,
        "width": 64,
        "sha256": sha256_of_file(bench / "videos" / "bear.mp4"),
        "encoder": None,
    }
    assert made["mask_frames"] == list(range(8))
    assert masks_of(bench, "bear") == [f"{frame:05d}.png" for frame in range(8)]
    np.testing.assert_array_equal(read_mask(bench / "masks" / "bear" / "00003.png"), mask_of(3))
    assert (made["picked"], made["geometry"], made["objects"], made["flags"]) == (None, None, [1], [])


def test_the_video_shows_the_frames(bear: Sequence, bench: Path, pictures: Pictures) -> None:
    cut(bear, "bear", bench, CutSettings())
    difference = np.abs(read_video(bench / "videos" / "bear.mp4").frames.astype(int) - pictures())
    assert difference.mean() < 4


def test_an_h264_file_of_constant_rate_is_taken_over_byte_for_byte(filmed: Sequence, bench: Path) -> None:
    made = cut(filmed, "square", bench, CutSettings())
    assert filmed.video is not None
    assert (bench / "videos" / "square.mp4").read_bytes() == filmed.video.read_bytes()
    assert made["video"]["encoder"] is None
    assert made["mask_frames"] == [0]


@pytest.mark.parametrize(
    "settings", [CutSettings(frames=8), CutSettings(size=(48, 64)), CutSettings(frames=20)], ids=str
)
def test_settings_that_change_nothing_leave_the_file_as_it_is(
    filmed: Sequence, bench: Path, settings: CutSettings
) -> None:
    assert cut(filmed, "square", bench, settings)["video"]["encoder"] is None


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_a_file_of_another_kind_is_encoded_again(filmed: Sequence, tmp_path: Path, bench: Path, suffix: str) -> None:
    assert filmed.video is not None
    other = filmed.video.rename(tmp_path / f"square.{suffix}")
    made = cut(replace(filmed, video=other), "square", bench, CutSettings())
    assert made["video"]["encoder"] is not None
    assert probe_video(bench / "videos" / "square.mp4").frames == 8


def test_a_resampled_file_is_encoded_again(filmed: Sequence, bench: Path) -> None:
    assert cut(filmed, "square", bench, CutSettings(frames=4))["video"]["encoder"] is not None
    assert cut(filmed, "square", bench, CutSettings(size=(24, 32)))["video"]["encoder"] is not None


def test_picked_frames_are_even_keep_their_duration_and_their_masks(
    bear: Sequence, bench: Path, pictures: Pictures, mask_of: Pictures
) -> None:
    made = cut(bear, "bear", bench, CutSettings(frames=3))
    assert made["picked"] == [0, 3, 7]
    assert made["video"]["fps"] == pytest.approx(24 * 2 / 7, abs=1e-6)
    video = read_video(bench / "videos" / "bear.mp4")
    assert video.fps == pytest.approx(made["video"]["fps"], abs=1e-6)
    assert np.abs(video.frames.astype(int) - pictures()[[0, 3, 7]]).mean() < 4
    for frame, source in enumerate([0, 3, 7]):
        np.testing.assert_array_equal(read_mask(bench / "masks" / "bear" / f"{frame:05d}.png"), mask_of(source))
    assert made["mask_frames"] == [0, 1, 2]


@pytest.mark.parametrize("frames", [9, 100])
def test_a_sequence_shorter_than_asked_keeps_all_and_is_flagged(bear: Sequence, bench: Path, frames: int) -> None:
    made = cut(bear, "bear", bench, CutSettings(frames=frames))
    assert (made["video"]["frames"], made["picked"], made["flags"]) == (8, None, ["short_clip"])


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_video_and_masks_go_through_the_same_map(bear: Sequence, bench: Path, fit: str) -> None:
    made = cut(bear, "bear", bench, CutSettings.model_validate({"size": (96, 96), "fit": fit}))
    frames = read_video(bench / "videos" / "bear.mp4").frames
    mask = read_mask(bench / "masks" / "bear" / "00002.png")
    assert frames.shape[1:3] == mask.shape == (96, 96)
    assert made["geometry"]["scaled_width"] == (128 if fit == "crop" else 96)
    bright = frames[2].min(axis=2) > 125
    assert (bright == (mask > 0)).mean() > 0.98, "the square is not where its mask is"


def test_a_mask_of_another_size_than_its_frame_is_refused(bear: Sequence, bench: Path) -> None:
    Image.new("L", (32, 24), 1).save(bear.masks[2])
    with pytest.raises(ItemError, match=r"00002\.png is 32x24, expected 64x48 like its frame"):
        cut(bear, "bear", bench, CutSettings())
    assert not (bench / "videos" / "bear.mp4").exists()


def test_a_soft_mask_counts_from_its_middle_grey(bear: Sequence, bench: Path) -> None:
    grey = np.zeros((48, 64), np.uint8)
    grey[10:20, 10:20], grey[10:20, 20] = 255, 127
    Image.fromarray(grey).save(bear.masks[0])
    cut(replace(bear, masks={0: bear.masks[0]}, soft_masks=True), "bear", bench, CutSettings())
    assert read_mask(bench / "masks" / "bear" / "00000.png").sum() == 100
    np.testing.assert_array_equal(read_mask(bench / "soft_masks" / "bear" / "00000.png"), grey)


@pytest.mark.parametrize("settings", [CutSettings(size=(96, 96)), CutSettings(size=(24, 40), fit="pad")], ids=str)
def test_a_soft_mask_goes_through_the_map_of_its_clip(bear: Sequence, bench: Path, settings: CutSettings) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    Image.fromarray(grey).save(bear.masks[0])
    cut(replace(bear, masks={0: bear.masks[0]}, soft_masks=True), "bear", bench, settings)
    indexed, soft = (read_mask(bench / folder / "bear" / "00000.png") for folder in ("masks", "soft_masks"))
    assert indexed.shape == soft.shape == settings.size
    np.testing.assert_array_equal(indexed, soft >= 128)
    assert set(np.unique(soft)) <= {0, *np.unique(grey)}, "levels were mixed"


def test_masks_of_indices_have_no_soft_ones_and_a_second_cut_leaves_none(bear: Sequence, bench: Path) -> None:
    cut(replace(bear, soft_masks=True), "bear", bench, CutSettings())
    assert (bench / "soft_masks" / "bear").is_dir()
    cut(bear, "bear", bench, CutSettings())
    assert not (bench / "soft_masks" / "bear").exists()


def test_a_second_cut_leaves_no_mask_of_the_first(bear: Sequence, bench: Path) -> None:
    cut(bear, "bear", bench, CutSettings())
    cut(bear, "bear", bench, CutSettings(frames=2))
    assert masks_of(bench, "bear") == ["00000.png", "00001.png"]


def test_a_damaged_tail_is_left_out_and_flagged(filmed: Sequence, bench: Path, pictures: Pictures) -> None:
    assert filmed.video is not None
    write_video(filmed.video, pictures().repeat(8, axis=0), 8)
    data = filmed.video.read_bytes()
    filmed.video.write_bytes(data[:-20])
    made = cut(replace(filmed, masks={}), "square", bench, CutSettings())
    assert made["flags"] == ["partial_decode"]
    assert made["video"]["encoder"] is not None
    assert made["video"]["frames"] == len(read_video(bench / "videos" / "square.mp4").frames) < 64


@pytest.mark.parametrize("kind", ["video", "frames"])
def test_one_frame_is_no_clip(bear: Sequence, filmed: Sequence, bench: Path, pictures: Pictures, kind: str) -> None:
    assert filmed.video is not None
    write_video(filmed.video, pictures(1), 8)
    single = filmed if kind == "video" else replace(bear, images=bear.images[:1])
    with pytest.raises(ItemError, match="has 1 frame, expected at least 2"):
        cut(single, "clip", bench, CutSettings())
