"""Writing video files: H.264 in MP4 at a constant rate, the same bytes on every machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import InputError, ItemError, OutputError

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_BT709 = 1  # H.273 code of the primaries and of the transfer curve that RGB frames are taken to have
_SMPTE170M = 6  # H.273 code of the BT.601 matrix
_LIMITED = 1  # FFmpeg's code of the 16..235 range
_ANY_SIZE = ("H", "W", 3)


@dataclass(frozen=True)
class EncoderSettings:
    """How a video was encoded, as it is recorded in a manifest (`dataclasses.asdict` gives JSON).

    Attributes:
        codec, preset, crf, x264_params: what the encoder was told.
        pix_fmt: yuv420p, which every player shows; yuv444p when the height or width is odd, since H.264 with halved
            chroma can only have even sizes and a clip's size is kept exactly.
        rate: frames per second as a fraction.
        colour: matrix/primaries/transfer/range. The matrix is BT.601 because readers that ignore the tag assume it.
        pyav, libavcodec: versions of the libraries, which also decide the bytes.
    """

    pix_fmt: str
    rate: str
    pyav: str
    libavcodec: str
    codec: str = "libx264"
    preset: str = "medium"
    crf: int = 12
    # one thread and no choice by processor: other numbers of threads give other bytes
    x264_params: str = "threads=1:lookahead-threads=1:cpu-independent=1"
    colour: str = "smpte170m/bt709/bt709/limited"


def write_video(path: Path, frames: np.ndarray | Iterable[np.ndarray], fps: float) -> EncoderSettings:
    """Encode frames to exactly `path` (an MP4 whatever its suffix); frames are taken one at a time.

    At CRF 12 the dense flow of DAVIS clips moves by a median of 0.03-0.09 px; 720x480 takes 40-60 kB per frame.

    Args:
        path: the file to write; its folder exists. After an error a partial file may be left there.
        frames: uint8 [T, H, W, 3] or T arrays uint8 [H, W, 3], RGB.
        fps: frames per second; 23.976, 29.97 and the like become the fractions they stand for.

    Raises:
        InputError: `fps` is not a number of at least 0.001.
        ItemError: there are no frames, they differ in size or type, or the encoder refuses them.
        OutputError: the file cannot be written (disk full, read-only, no such folder).
    """
    import av

    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ItemError(f"{path}: there are no frames to write, expected at least one; check what made them")
    _check(path, first, _ANY_SIZE)
    height, width = first.shape[:2]
    settings = EncoderSettings(
        pix_fmt="yuv420p" if height % 2 == 0 and width % 2 == 0 else "yuv444p",
        rate=str(exact_rate(fps)),
        pyav=av.__version__,
        libavcodec=".".join(map(str, av.library_versions["libavcodec"])),
    )
    with _disk_errors(path):
        # bitexact leaves out the name of the library; faststart puts the index first
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        container = av.open(str(path.absolute()), "w", format="mp4", options=options)
    try:
        stream = _add_stream(container, settings, height, width)
        for packet in _encoded(path, stream, settings, chain([first], frames)):
            with _disk_errors(path):
                container.mux(packet)
    finally:
        with _disk_errors(path):
            container.close()
    return settings


def exact_rate(fps: float) -> Fraction:
    """Turn a frame rate into the fraction it stands for: 29.97 is 30000/1001, 12.5 is 25/2.

    Raises:
        InputError: the rate is not a number of at least 0.001.
    """
    if not (math.isfinite(fps) and fps >= 0.001):
        raise InputError(f"fps is {fps}, expected frames per second of at least 0.001; correct the frame rate")
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if abs(fps - ntsc) < 2e-6 * fps:  # 23.976 and 29.97 are 1e-6 off
        return ntsc
    return Fraction(fps).limit_denominator(1001)


def _add_stream(container: OutputContainer, settings: EncoderSettings, height: int, width: int) -> VideoStream:
    options = {"crf": str(settings.crf), "preset": settings.preset, "x264-params": settings.x264_params}
    stream = container.add_stream("libx264", rate=Fraction(settings.rate), options=options)
    stream.height, stream.width, stream.pix_fmt = height, width, settings.pix_fmt
    stream.thread_count = 1
    stream.colorspace, stream.color_range = _SMPTE170M, _LIMITED
    stream.color_primaries, stream.color_trc = _BT709, _BT709
    return stream


def _encoded(
    path: Path, stream: VideoStream, settings: EncoderSettings, frames: Iterable[np.ndarray]
) -> Iterator[Packet]:
    from av import VideoFrame
    from av.error import FFmpegError
    from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

    reformatter = VideoReformatter()
    # area: the mean of the pixels that share a chroma sample, which is what both readers replicate
    averaged = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    for index, image in enumerate(frames):
        _check(path, image, (stream.height, stream.width, 3))
        frame = reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
            format=settings.pix_fmt,
            dst_colorspace=Colorspace.SMPTE170M,
            dst_color_range=ColorRange.MPEG,
            interpolation=averaged,
            threads=1,
        )
        frame.pts, frame.time_base = index, 1 / Fraction(settings.rate)
        try:
            yield from stream.encode(frame)
        except FFmpegError as error:
            size = f"{stream.width}x{stream.height}"
            raise ItemError(f"{path}: {settings.codec} cannot encode frames of {size}; change their size") from error
    yield from stream.encode()


def _check(path: Path, image: np.ndarray, expected: tuple[int | str, ...]) -> None:
    fits = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if not fits or expected not in (_ANY_SIZE, image.shape):
        found = f"{image.dtype} [{', '.join(map(str, image.shape))}]"
        wanted = f"uint8 [{', '.join(map(str, expected))}]"
        raise ItemError(f"{path}: a frame is {found}, expected {wanted} for every frame; correct what makes the frames")


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); free some space or give another output folder"
        ) from error
