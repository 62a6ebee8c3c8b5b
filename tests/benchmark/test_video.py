from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from benchmark import video_decord, video_pyav
from benchmark.errors import InputError, ItemError, OutputError, Unavailable
from benchmark.video import iter_video, probe_video, read_images, read_video, write_video
from benchmark.video_write import exact_rate
from tests.benchmark.clips import cut, encode, encode_sound, flip, moving_picture, trim, turn

FRAMES = moving_picture(48, 64, 12)
LONG = moving_picture(48, 64, 60)
SHARED_CLIPS = sorted((Path(__file__).parents[3] / "shared" / "data").rglob("*.mp4"))

needs_decord = pytest.mark.skipif(not video_decord.installed(), reason="decord is not installed")


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean difference in grey levels."""
    assert a.shape == b.shape, f"shapes differ: {a.shape} and {b.shape}"
    return float(np.abs(a.astype(int) - b).mean())


def colour_chart() -> np.ndarray:
    """Draw 27 corners and middles of the RGB cube and five natural colours in 24-pixel patches, uint8 [96, 192, 3]."""
    levels = (0, 128, 255)
    colours = [(r, g, b) for r in levels for g in levels for b in levels]
    colours += [(115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177)]
    return np.array(colours, np.uint8).reshape(4, 8, 3).repeat(24, axis=0).repeat(24, axis=1)


# --- reading: both readers give the same bytes -----------------------------------------------------------------------

ALIKE = {
    "h264": {},
    "h264 tagged BT.709": {"matrix": 1},
    "h264 tagged BT.601": {"matrix": 5},
    "h264 in full range": {"pix_fmt": "yuvj420p"},
    "h264 with full chroma": {"pix_fmt": "yuv444p"},
    "hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "vp9": {"codec": "libvpx-vp9"},
    "mpeg4": {"codec": "mpeg4"},
    "varying frame rate": {"ticks": [0, 1, 3, 4, 9, 10, 11, 12, 20, 21, 22, 30]},
}
UNLIKE = {
    "10 bits": {"pix_fmt": "yuv420p10le"},
    "interlaced": {"options": {"x264-params": "interlaced=1:tff=1", "flags": "+ildct+ilme"}},
    "av1": {"codec": "libsvtav1", "options": {"svtav1-params": "lp=1"}},
}


@needs_decord
@pytest.mark.parametrize("kind", ALIKE)
def test_decord_and_pyav_give_the_same_bytes(tmp_path: Path, kind: str):
    path = encode(tmp_path / "clip.mp4", FRAMES, **ALIKE[kind])
    by_decord, by_pyav = read_video(path, reader="decord"), read_video(path, reader="pyav")
    assert (by_decord.frames == by_pyav.frames).all(), f"{kind}: the readers disagree"
    assert len(by_pyav.frames) == 12, "one frame per coded frame, none repeated or dropped"


@needs_decord
@pytest.mark.shared
@pytest.mark.skipif(not SHARED_CLIPS, reason="../shared is absent")
def test_decord_and_pyav_give_the_same_bytes_on_real_clips():
    for path in SHARED_CLIPS:
        by_decord, by_pyav = read_video(path, reader="decord"), read_video(path, reader="pyav")
        assert (by_decord.frames == by_pyav.frames).all(), f"{path.name}: the readers disagree"
        assert probe_video(path).frames == len(by_pyav.frames)


@pytest.mark.parametrize("kind", [*ALIKE, *UNLIKE, "rotated", "odd size", "trimmed"])
def test_what_is_read_does_not_depend_on_decord_being_there(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "clip.mp4"
    if kind == "rotated":
        turn(encode(path, FRAMES), 90)
    elif kind == "odd size":
        encode(path, FRAMES[:, :47, :63], codec="mpeg4")
    elif kind == "trimmed":
        trim(encode(path, FRAMES), 3)
    else:
        encode(path, FRAMES, **(ALIKE | UNLIKE)[kind])
    with_decord = read_video(path).frames
    monkeypatch.setattr(video_decord, "installed", lambda: False)
    assert (read_video(path).frames == with_decord).all(), f"{kind}: another machine reads other bytes"


@needs_decord
@pytest.mark.parametrize("kind", [*UNLIKE, "rotated"])
def test_decord_by_name_refuses_what_it_would_read_otherwise(tmp_path: Path, kind: str):
    path = encode(tmp_path / "clip.mp4", FRAMES, **UNLIKE.get(kind, {}))
    if kind == "rotated":
        turn(path, 180)
    with pytest.raises(ItemError, match=r"clip\.mp4: decord cannot be used for it \(.+\); read it with reader='auto'"):
        read_video(path, reader="decord")


@needs_decord
def test_plain_files_are_read_by_decord(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = encode(tmp_path / "clip.mp4", FRAMES)
    expected = read_video(path, reader="pyav").frames
    monkeypatch.setattr(video_pyav, "blocks", lambda *_, **__: pytest.fail("PyAV converted the frames"))
    assert (read_video(path).frames == expected).all()


def test_where_decord_gives_up_pyav_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = encode(tmp_path / "clip.mp4", FRAMES)
    expected = read_video(path, reader="pyav").frames

    def gives_up(path: Path, batch: int):
        yield expected[:batch]
        raise video_decord.DecordFailed("tired")

    monkeypatch.setattr(video_decord, "installed", lambda: True)
    monkeypatch.setattr(video_decord, "blocks", gives_up)
    assert (np.concatenate(list(iter_video(path, 5))) == expected).all()


def test_decord_by_name_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(video_decord, "installed", lambda: False)
    with pytest.raises(Unavailable, match="pip install decord"):
        read_video(encode(tmp_path / "clip.mp4", FRAMES), reader="decord")


# --- reading: what is displayed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("degrees", "quarters"), [(90, -1), (180, 2), (270, 1)])
def test_display_rotation_is_applied(tmp_path: Path, degrees: int, quarters: int):
    stored = read_video(encode(tmp_path / "stored.mp4", FRAMES)).frames
    path = turn(encode(tmp_path / "turned.mp4", FRAMES), degrees)
    upright = np.rot90(stored, quarters, axes=(1, 2))
    assert (read_video(path).frames == upright).all()
    info = probe_video(path)
    assert (info.height, info.width) == upright.shape[1:3]


def test_a_varying_frame_rate_gives_every_coded_frame_and_the_average_rate(tmp_path: Path):
    path = encode(tmp_path / "clip.mp4", FRAMES, ticks=[0, 1, 3, 4, 9, 10, 11, 12, 20, 21, 22, 30])
    video = read_video(path)
    nearest = [int(np.argmin([distance(frame, source) for source in FRAMES])) for frame in video.frames]
    assert nearest == list(range(12)), "a frame is repeated, dropped or out of order"
    assert 8 < video.fps < 14, "12 frames in a little over a second"


def test_frames_hidden_by_an_edit_list_are_left_out_without_complaint(tmp_path: Path):
    whole = read_video(encode(tmp_path / "whole.mp4", FRAMES)).frames
    path = trim(encode(tmp_path / "trimmed.mp4", FRAMES), 3)
    video = read_video(path)
    assert (video.frames == whole[3:]).all()
    assert video.flags == ()
    assert probe_video(path).frames == 9


def test_probing_tells_what_reading_finds(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 29.97)
    info, video = probe_video(path), read_video(path)
    assert (info.frames, info.height, info.width, 3) == video.frames.shape
    assert info.fps == video.fps == pytest.approx(30000 / 1001, abs=1e-9)


def test_a_single_frame_is_a_video(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES[:1], 24)
    assert read_video(path).frames.shape == (1, 48, 64, 3)
    assert probe_video(path).fps == 24


@pytest.mark.parametrize("batch", [1, 5, 12, 100])
def test_streaming_gives_the_same_frames(tmp_path: Path, batch: int):
    path = encode(tmp_path / "clip.mp4", FRAMES)
    blocks = list(iter_video(path, batch))
    assert max(map(len, blocks)) <= batch
    assert (np.concatenate(blocks) == read_video(path).frames).all()


# --- reading: what is broken -----------------------------------------------------------------------------------------


def sound_only(path: Path) -> None:
    encode_sound(path)


def cut_before_its_index(path: Path) -> None:
    data = encode(path, LONG).read_bytes()
    path.write_bytes(data[: data.index(b"moov")])


def cut_within_its_index(path: Path) -> None:
    data = encode(path, LONG).read_bytes()
    path.write_bytes(data[: data.index(b"stsd")])


def cut_in_half(path: Path) -> None:
    write_video(path, LONG, 24)
    cut(path, 0.5)


def damaged_in_the_middle(path: Path) -> None:
    write_video(path, LONG, 24)
    flip(path, 0.6)


def text(path: Path) -> None:
    path.write_text("This is not a video.\n" * 20)


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nother.mp4\n")


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (sound_only, "only sound"),
        (cut_before_its_index, "cut short: make or copy it again"),
        (cut_within_its_index, "cut short: make or copy it again"),
        (cut_in_half, "of 60 frames can be decoded, expected at least 90 %"),
        (damaged_in_the_middle, "of 60 frames can be decoded, expected at least 90 %"),
        (text, "not a video that can be read"),
        (playlist, "not a video that can be read"),
        (empty, "not a video that can be read"),
        (folder, "is not a file"),
        (missing, "is missing"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_and_nothing_else_is_printed(
    tmp_path: Path, make: Callable[[Path], None], message: str, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(ItemError, match=message) as caught:
        read_video(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path)), "the message does not name the file"
    assert "\n" not in sentence
    assert "; " in sentence, "the message does not say what to do"
    assert capfd.readouterr() == ("", ""), "something was printed beside the error"


def test_a_file_without_a_readable_first_frame_is_refused(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 24)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 5])
    for look in (probe_video, read_video):
        with pytest.raises(ItemError, match=r"clip\.mp4: not one frame can be decoded"):
            look(path)


def test_a_short_damaged_tail_is_left_out_and_flagged(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    path = tmp_path / "clip.mp4"
    write_video(path, LONG, 24)
    whole = read_video(path)
    video = read_video(cut(path, 0.995))
    assert whole.flags == ()
    assert video.flags == ("partial_decode",)
    assert 54 <= len(video.frames) < 60
    assert (video.frames == whole.frames[: len(video.frames)]).all(), "the prefix is not the first frames, unchanged"
    assert capfd.readouterr() == ("", "")


def test_streaming_a_damaged_file_ends_in_the_same_error(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    cut_in_half(path)
    with pytest.raises(ItemError, match="of 60 frames can be decoded"):
        list(iter_video(path, 4))


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["pyav", pytest.param("decord", marks=needs_decord)])
@pytest.mark.parametrize("size", [(96, 192), (95, 191), (96, 191), (95, 192)])
def test_a_colour_chart_comes_back_within_three_grey_levels(tmp_path: Path, reader, size: tuple[int, int]):
    chart = colour_chart()[: size[0], : size[1]]
    path = tmp_path / "chart.mp4"
    write_video(path, np.repeat(chart[None], 4, axis=0), 24)
    frames = read_video(path, reader=reader).frames
    assert frames.shape[1:3] == size, "the size is not kept exactly"
    assert distance(frames[2], chart) < 1.5, "colours drift on the way"


def test_colours_are_tagged_so_that_players_know(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 24)
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (6, 1, 1, 1)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(23.976, "24000/1001"), (29.97, "30000/1001"), (59.94, "60000/1001"), (6, "6"), (24, "24"), (30, "30"),
     (12.5, "25/2"), (30000 / 1001, "30000/1001"), (0.5, "1/2"), (23.98, "1199/50")],
)  # fmt: skip
def test_frame_rates_are_exact_and_constant(tmp_path: Path, fps: float, rate: str):
    path = tmp_path / "clip.mp4"
    settings = write_video(path, FRAMES, fps)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = sorted(p.pts * p.time_base for p in container.demux(stream) if p.size and p.pts is not None)
        assert str(stream.average_rate) == settings.rate == rate
    assert {b - a for a, b in pairwise(times)} == {1 / Fraction(rate)}


@pytest.mark.parametrize("fps", [0, -24, float("nan"), float("inf")])
def test_a_frame_rate_that_is_none_is_refused(fps: float):
    with pytest.raises(InputError, match="expected frames per second of at least"):
        exact_rate(fps)


def test_the_same_frames_give_the_same_bytes_on_one_core_as_on_all(tmp_path: Path):
    here, there = tmp_path / "here.mp4", tmp_path / "there.mp4"
    write_video(here, moving_picture(64, 96, 30), 24)
    script = (
        "import os, sys; from pathlib import Path\n"
        "if hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "from benchmark.video import write_video; from tests.benchmark.clips import moving_picture\n"
        "write_video(Path(sys.argv[1]), iter(moving_picture(64, 96, 30)), 24)\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", script, str(there)], check=True, cwd=root, env=environment)
    assert hashlib.sha256(here.read_bytes()).digest() == hashlib.sha256(there.read_bytes()).digest()


def test_the_index_comes_first_and_no_date_is_written(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 24)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the file cannot be played while it loads"
    created = data.index(b"mvhd") + 8
    assert data[created : created + 8] == bytes(8), "dates of creation and change are written"


def test_a_second_encoding_hardly_changes_a_video(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 24)
    first = read_video(path).frames
    write_video(path, first, 24)
    assert distance(read_video(path).frames, first) < 1.5


def test_encoder_settings_are_plain_values_that_say_what_was_done(tmp_path: Path):
    even = write_video(tmp_path / "even.mp4", FRAMES, 24)
    odd = write_video(tmp_path / "odd.mp4", FRAMES[:, :47], 24)
    assert (even.pix_fmt, odd.pix_fmt) == ("yuv420p", "yuv444p")
    recorded = json.loads(json.dumps(asdict(even)))
    assert recorded["codec"] == "libx264"
    assert recorded["pyav"] == av.__version__
    for path, settings in [("even.mp4", even), ("odd.mp4", odd)]:
        with av.open(str(tmp_path / path)) as container:
            assert container.streams.video[0].codec_context.pix_fmt == settings.pix_fmt


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames to write"),
        ([FRAMES[0], FRAMES[0][:40]], r"uint8 \[40, 64, 3\], expected uint8 \[48, 64, 3\]"),
        ([FRAMES[0].astype(np.float32)], r"float32 \[48, 64, 3\], expected uint8 \[H, W, 3\]"),
        ([FRAMES[0][..., 0]], r"uint8 \[48, 64\], expected uint8 \[H, W, 3\]"),
    ],
)
def test_frames_that_are_no_video_are_refused(tmp_path: Path, frames: list[np.ndarray], message: str):
    with pytest.raises(ItemError, match=message):
        write_video(tmp_path / "clip.mp4", frames, 24)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, a disk that is always full, on this system")
def test_a_full_disk_is_told_in_one_sentence():
    with pytest.raises(OutputError, match=r"^/dev/full: cannot be written \(No space left on device\); free some"):
        write_video(Path("/dev/full"), FRAMES, 24)


def test_a_missing_output_folder_is_told_in_one_sentence(tmp_path: Path):
    with pytest.raises(OutputError, match=r"cannot be written \(No such file or directory\)"):
        write_video(tmp_path / "nowhere" / "clip.mp4", FRAMES, 24)


def test_an_error_of_the_frames_source_is_not_blamed_on_the_disk(tmp_path: Path):
    def frames():
        yield FRAMES[0]
        raise ItemError("source.mp4: broken; repair it")

    with pytest.raises(ItemError, match=r"source\.mp4"):
        write_video(tmp_path / "clip.mp4", frames(), 24)


# --- frame folders ---------------------------------------------------------------------------------------------------


def save(path: Path, array: np.ndarray, mode: str | None = None) -> Path:
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path)
    return path


def test_every_kind_of_image_becomes_rgb(tmp_path: Path):
    rgb = FRAMES[0] // 64 * 64
    grey = rgb[..., 0]
    alpha = np.dstack([rgb, np.zeros_like(grey)])
    palette = Image.fromarray(rgb).quantize(256, dither=Image.Dither.NONE)
    palette.save(tmp_path / "palette.png", transparency=0)
    paths = [
        save(tmp_path / "rgb.png", rgb),
        save(tmp_path / "rgba.png", alpha),
        save(tmp_path / "grey.png", grey),
        save(tmp_path / "grey-alpha.png", grey, "LA"),
        save(tmp_path / "grey16.png", grey.astype(np.uint16) * 257),
        tmp_path / "palette.png",
    ]
    replicated = np.repeat(grey[..., None], 3, axis=2)
    expected = [rgb, rgb, replicated, replicated, replicated, np.asarray(palette.convert("RGB"))]
    for path, image, wanted in zip(paths, read_images(paths), expected, strict=True):
        assert (image == wanted).all(), f"{path.name} is not read as it should be"


def test_images_shown_turned_are_read_turned(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    Image.fromarray(FRAMES[0]).save(tmp_path / "phone.png", exif=exif)
    assert (read_images([tmp_path / "phone.png"])[0] == np.rot90(FRAMES[0], -1)).all()


@pytest.mark.parametrize("kind", ["other size", "missing", "text", "cut", "32 bits"])
def test_a_bad_image_is_refused_by_name(tmp_path: Path, kind: str):
    good, bad = save(tmp_path / "good.png", FRAMES[0]), tmp_path / "bad.png"
    if kind == "other size":
        save(bad, FRAMES[0][:40])
    elif kind == "text":
        bad.write_text("not an image")
    elif kind == "cut":
        cut(save(bad, FRAMES[0]), 0.5)
    elif kind == "32 bits":
        bad = tmp_path / "bad.tif"
        save(bad, FRAMES[0][..., 0].astype(np.float32))
    with pytest.raises(ItemError, match=r"bad\.(png|tif): .+; ") as caught:
        read_images([good, bad])
    assert "\n" not in str(caught.value)


def test_a_folder_without_frames_is_refused():
    with pytest.raises(ItemError, match="no image files"):
        read_images([])
