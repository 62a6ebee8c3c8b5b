from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.readers import folder, read_dataset
from benchmark.sequence import Sequence

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips"


def touch(root: Path, *paths: str) -> Path:
    """Make files that are neither videos nor pictures: reading must not open them."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("nothing")
    return root


def by_name(path: Path, fps: float | None = None) -> dict[str, Sequence]:
    return {sequence.name: sequence for sequence in read_dataset(path, format="folder", fps=fps)}


def test_videos_of_any_common_kind_are_clips_and_none_is_opened(tmp_path: Path) -> None:
    clips = by_name(touch(tmp_path, "b.mp4", "a.MOV", "c.webm", "notes.txt", "._b.mp4"))
    assert list(clips) == ["a", "b", "c"]
    assert clips["a"] == Sequence(dataset="folder", name="a", video=tmp_path / "a.MOV")


def test_a_folder_of_frames_is_a_clip_with_its_frames_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "run/frame10.png", "run/frame2.png", "run/frame1.png", "run/._frame1.png", "empty/readme.txt")
    clips = by_name(tmp_path, fps=12.0)
    assert list(clips) == ["run"]
    assert [image.name for image in clips["run"].images] == ["frame1.png", "frame2.png", "frame10.png"]
    assert (clips["run"].fps, clips["run"].video) == (12.0, None)


def test_frames_without_a_rate_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "run/0.png", "run/1.png")
    with pytest.raises(InputError, match="run holds frames, which do not tell their rate; name it with --fps"):
        folder.read(tmp_path)


def test_a_video_keeps_its_own_rate_whatever_the_frames_have(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b/0.jpg")
    assert {name: clip.fps for name, clip in by_name(tmp_path, fps=12.0).items()} == {"a": None, "b": 12.0}


def test_masks_belong_to_the_frame_they_are_named_after(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "masks/a/00000.png", "masks/a/00012.png", "b.mp4", "masks/b.png", "c.mp4")
    touch(tmp_path, "d/7.jpg", "d/8.jpg", "d/9.jpg", "masks/d/8.png")
    clips = by_name(tmp_path, fps=12.0)
    masks = tmp_path / "masks"
    assert clips["a"].masks == {0: masks / "a" / "00000.png", 12: masks / "a" / "00012.png"}
    assert clips["b"].masks == {0: masks / "b.png"}
    assert clips["c"].masks == {}
    assert clips["d"].masks == {1: masks / "d" / "8.png"}


def test_a_mask_that_is_named_after_no_frame_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "one", "a.mp4", "masks/a/first.png")
    with pytest.raises(InputError, match=r"first\.png is not named by its frame's number"):
        folder.read(tmp_path / "one")
    touch(tmp_path / "two", "a/0.jpg", "masks/a/00000.png")
    with pytest.raises(InputError, match=r"00000\.png is named after no frame"):
        folder.read(tmp_path / "two", fps=12.0)


def test_masks_of_which_none_belongs_to_a_clip_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "masks/aa/00000.png")
    with pytest.raises(InputError, match=r"no mask in .* belongs to a clip"):
        folder.read(tmp_path)


def test_a_clip_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a/0.jpg")
    with pytest.raises(InputError, match="two clips named 'a'"):
        folder.read(tmp_path, fps=12.0)


@pytest.mark.parametrize(
    "table",
    [
        "clip,caption\na,A dog runs.\nother,Not here.\n",
        "Video,Caption\r\na.mp4,A dog runs.",
        '\ufeffid,caption,video\n1, "A dog runs.",a\n',
    ],
)
def test_captions_are_found_by_the_header(tmp_path: Path, table: str) -> None:
    touch(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "captions.csv").write_text(table, encoding="utf-8", newline="")
    assert {name: clip.caption for name, clip in by_name(tmp_path).items()} == {"a": "A dog runs.", "b": None}


def test_a_quoted_caption_may_hold_commas(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    (tmp_path / "captions.csv").write_text('clip,caption\na,"A dog, wet, runs."\n')
    assert by_name(tmp_path)["a"].caption == "A dog, wet, runs."


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "has the columns nothing, expected 'clip'"),
        ("name,caption\na,A dog.\n", "has the columns name, caption, expected 'clip'"),
        ("clip,text\na,A dog.\n", "has the columns clip, text, expected 'clip'"),
        ("clip,caption\na\n", "line 2: expected a clip and a caption"),
        ("clip,caption\na,\n", "line 2: expected a clip and a caption"),
        ("clip,caption\na,A dog, wet\n", "line 2: expected a clip and a caption; quote"),
        ("clip,caption\na,A dog.\na.mp4,A cat.\n", "line 3: clip 'a' has two captions"),
        ("clip,caption\nz,A dog.\n", "names no clip of .*its first is 'z'"),
    ],
)
def test_a_captions_table_that_cannot_be_used_is_explained(tmp_path: Path, table: str, message: str) -> None:
    touch(tmp_path, "a.mp4")
    (tmp_path / "captions.csv").write_text(table)
    with pytest.raises(InputError, match=rf"captions\.csv.*{message}"):
        folder.read(tmp_path)


def test_a_captions_table_in_another_encoding_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    (tmp_path / "captions.csv").write_bytes("clip,caption\na,café\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"captions\.csv is not UTF-8 text"):
        folder.read(tmp_path)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_real_clips_are_read() -> None:
    assert [sequence.name for sequence in read_dataset(SHARED)] == ["bmx-trees", "paragliding", "rallye"]
