"""PyAV: says what a video file holds and whether it is whole, and decodes any that FFmpeg can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import ItemError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

# FFmpeg guesses a format from the bytes: without a list, a playlist named .mp4 would open other files and addresses.
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif",
    "protocol_whitelist": "file",
}


@dataclass(frozen=True)
class Contents:
    """What the packets and the first frame of a video file tell.

    Attributes:
        declared: frames that the file says it holds for display.
        packets: frames whose data is there, whole or not.
        height, width: pixels, after display rotation.
        turns: quarter turns counter-clockwise that bring a stored frame upright.
        fps: frames per second, on average.
        codec, pix_fmt: FFmpeg's names.
        matrix: colour matrix as tagged (H.273 code; 2 when untagged).
        plain: every packet is shown, once, at a time of its own.
        steady: and these times are equally far apart.
    """

    declared: int
    packets: int
    height: int
    width: int
    turns: int
    fps: float
    codec: str
    pix_fmt: str
    matrix: int
    plain: bool
    steady: bool


def look(path: Path) -> Contents:
    """Read every packet and decode one frame.

    Raises:
        ItemError: the file is missing, holds no video, or not even its first frame can be decoded.
    """
    from av.error import FFmpegError

    first = next(_decoded(path), None)
    if first is None:
        raise ItemError(
            f"{path}: not one frame can be decoded; the file is damaged or cut short: make or copy it again"
        )
    turns = round(first.rotation / 90) % 4
    height, width = (first.height, first.width) if turns % 2 == 0 else (first.width, first.height)

    with _opened(path) as (container, stream):
        packets = shown = 0
        times: set[int | None] = set()
        try:
            for packet in container.demux(stream):
                if packet.size:
                    packets += 1
                    shown += not packet.is_discard
                    times.add(packet.pts)
        except FFmpegError:
            pass  # a cut file: what was counted up to here is what there is
        declared = max(_promised(container, stream), packets) - (packets - shown)
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            raise ItemError(f"{path}: the file states no frame rate, expected a constant one; encode it again")
        plain = shown == packets == len(times) and None not in times
        steps = np.diff(sorted(time for time in times if time is not None))
        return Contents(
            declared=declared,
            packets=shown,
            height=height,
            width=width,
            turns=turns,
            fps=float(rate),
            codec=stream.codec_context.name,
            pix_fmt=first.format.name,
            matrix=first.colorspace,
            plain=plain,
            steady=plain and len(set(steps.tolist())) <= 1,
        )


def damage(path: Path, contents: Contents) -> str | None:
    """Decode to the end without converting; say what is not as a plain, whole file has it, or None."""
    count = 0
    for frame in _decoded(path):
        count += 1
        if frame.interlaced_frame:
            return "interlaced frames"
        if frame.format.name != contents.pix_fmt or frame.colorspace != contents.matrix:
            return "colour format changes on the way"
    return None if count == contents.declared else "damaged frames"


def blocks(path: Path, contents: Contents, batch: int, *, skip: int = 0) -> Iterator[np.ndarray]:
    """Decode a file to RGB, from frame `skip` up to the first damaged frame.

    Yields:
        uint8 [<= batch, H, W, 3], upright.

    Raises:
        ItemError: the size changes on the way, or FFmpeg cannot convert the colours.
    """
    frames = islice(_decoded(path), skip, None)
    rgb = _upright(path, frames, contents)
    while block := list(islice(rgb, batch)):
        yield np.stack(block)


def _upright(path: Path, frames: Iterator[VideoFrame], contents: Contents) -> Iterator[np.ndarray]:
    from av.error import FFmpegError
    from av.video.reformatter import VideoReformatter

    reformatter = VideoReformatter()
    for frame in frames:
        try:
            image = reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
        except FFmpegError as error:
            raise ItemError(f"{path}: its {frame.format.name} colours cannot become RGB; encode it again") from error
        image = np.rot90(image, contents.turns)
        if image.shape != (contents.height, contents.width, 3):
            found = f"{image.shape[1]}x{image.shape[0]}"
            expected = f"{contents.width}x{contents.height}"
            raise ItemError(f"{path}: a frame is {found} where the first is {expected}; encode it again at one size")
        yield image


def _decoded(path: Path) -> Iterator[VideoFrame]:
    """Decode frames in display order up to the first damaged one.

    Past damage the decoder is not emptied: between the frames that wait in it some would be missing.
    """
    from av.error import FFmpegError

    with _opened(path) as (container, stream):
        stream.thread_count = 1  # with more, how far past damage the decoder got would depend on the machine
        packets = 0
        demuxed = container.demux(stream)
        while True:
            try:
                packet = next(demuxed, None)
                if packet is None or packet.is_corrupt or (not packet.size and packets < _promised(container, stream)):
                    return
                packets += 1
                frames = packet.decode()
            except FFmpegError:
                return
            for frame in frames:
                if frame.is_corrupt:
                    return
                yield frame


def _promised(container: InputContainer, stream: VideoStream) -> int:
    """Count the packets the file's index lists; 0 for formats whose index does not list them all."""
    return len(stream.index_entries) if "mp4" in container.format.name.split(",") else 0


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    import av
    from av.error import FFmpegError

    if not path.is_file():
        found = "is not a file" if path.exists() else "is missing"
        raise ItemError(f"{path}: the video {found}; give a video file")
    try:
        container = av.open(str(path.absolute()), options=dict(_OPTIONS))
    except (FFmpegError, OSError, ValueError) as error:
        raise _not_a_video(path, getattr(error, "strerror", None) or str(error)) from error
    with container:
        if not container.streams.video:
            if not container.streams.audio:
                raise _not_a_video(path, "no video stream found")
            raise ItemError(f"{path}: the file holds no video stream, only sound; give a file with pictures")
        yield container, container.streams.video[0]


def _not_a_video(path: Path, found: str) -> ItemError:
    return ItemError(
        f"{path}: not a video that can be read ({found}), expected MP4, MOV, MKV, WebM, AVI or GIF; "
        "the file is something else or cut short: make or copy it again"
    )
