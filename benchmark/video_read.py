"""Reading video files: the same RGB bytes whichever decoder does the work.

decord converts with the FFmpeg it carries, PyAV with another. Both give the same bytes for what `video_decord`
lists, and for nothing else: they scale the chroma of odd sizes and of 10-bit files differently, and decord passes
over damage in silence, each FFmpeg patching the holes its own way. So `auto` lets decord read a file only after
PyAV has decoded it to the end and found it whole and of a kind that both read alike; everything else PyAV reads.
What comes back is therefore the same on a machine that has no decord.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmark import video_decord, video_pyav
from benchmark.errors import ItemError, Unavailable
from benchmark.files import output_errors
from benchmark.video_pyav import Contents

if sys.platform != "win32":
    from mmap import MADV_DONTNEED

Reader = Literal["auto", "decord", "pyav"]

_BATCH = 16

LARGE = 2**30
"""Bytes of RGB above which a video is kept on disk where there is a folder for that."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds, as it is displayed.

    Attributes:
        frames: frames present in the file (counted, not taken from its header).
        height, width: pixels, after display rotation.
        fps: frames per second, on average when the rate varies.
    """

    frames: int
    height: int
    width: int
    fps: float


@dataclass(frozen=True)
class Video:
    """A decoded video.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB, in display order and display rotation, one per coded frame.
        fps: frames per second, on average when the rate varies.
        flags: `partial_decode` when a damaged tail of at most a tenth of the frames was left out.
    """

    frames: np.ndarray
    fps: float
    flags: tuple[str, ...]


def probe_video(path: Path) -> VideoInfo:
    """Look at a video file: every packet is read, one frame is decoded.

    Raises:
        ItemError: the file is missing, holds no video, or not even its first frame can be decoded.
    """
    contents = video_pyav.look(path)
    return VideoInfo(contents.packets, contents.height, contents.width, contents.fps)


def is_ready(path: Path) -> bool:
    """Say whether a file is already as benchmarks hold videos: whole, upright MP4 with 8-bit H.264 of constant rate.

    Raises:
        ItemError: as `probe_video`.
    """
    contents = video_pyav.look(path)
    return (
        path.suffix.lower() == ".mp4"
        and contents.codec == "h264"
        and contents.pix_fmt in ("yuv420p", "yuvj420p", "yuv444p", "yuvj444p")
        and contents.turns == 0
        and contents.steady
        and video_pyav.damage(path, contents) is None
    )


def read_video(path: Path, *, reader: Reader = "auto", scratch: Path | None = None) -> Video:
    """Read a whole video, into memory or, if it is large, into a nameless file that is gone when nothing uses it.

    How many frames a file declares is known from the index of MP4 and MOV; of the other formats, what is there counts.

    Colours follow the file's own tags (matrix and range); without tags, BT.601 in limited range. Display rotation
    is applied; pixels that are not square stay as stored, since nothing rescales a clip silently. Alpha is dropped.

    Args:
        path: the file; MP4/MOV, Matroska/WebM, AVI or GIF.
        reader: `auto`, or one decoder by name; `decord` refuses files that it would not read like PyAV.
        scratch: folder for a video of more than `LARGE` bytes; None keeps every video in memory.

    Raises:
        ItemError: as `probe_video`, and when fewer than 90 % of the declared frames can be decoded.
        Unavailable: `reader="decord"` where decord is not installed.
        OutputError: the disk of `scratch` is full or cannot be written to.
    """
    contents = video_pyav.look(path)
    shape = (contents.packets, contents.height, contents.width, 3)
    if scratch is None or math.prod(shape) <= LARGE:
        frames = _in_memory(_blocks(path, contents, reader, _BATCH), shape)
    else:
        # The same bytes, without decord, which goes on holding several MB for each frame it has read.
        blocks = _blocks(path, contents, "pyav" if reader == "auto" else reader, _BATCH)
        frames = _on_disk(scratch, blocks, shape)
    return Video(frames, contents.fps, _flags(path, len(frames), contents))


def iter_video(path: Path, batch: int, *, reader: Reader = "auto") -> Iterator[np.ndarray]:
    """Stream the frames that `read_video` would give, holding `batch` of them at a time.

    Yields:
        uint8 [<= batch, H, W, 3], RGB.

    Raises:
        ItemError: as `read_video`; damage shows only when it is reached, so after the frames before it.
        Unavailable: as `read_video`.
    """
    contents = video_pyav.look(path)
    count = 0
    for block in _blocks(path, contents, reader, batch):
        count += len(block)
        yield block
    _flags(path, count, contents)


def _in_memory(blocks: Iterator[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    frames, count = np.empty(shape, np.uint8), 0
    for block in blocks:
        frames[count : count + len(block)] = block
        count += len(block)
    return frames[:count]


def _on_disk(scratch: Path, blocks: Iterator[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    count = 0
    with output_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        # Nameless from the start, so that it is gone however this process ends; what is mapped outlives the handle.
        with tempfile.TemporaryFile(dir=scratch) as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block).data)
                count += len(block)
            if count == 0:  # and nothing can be mapped
                return np.empty((0, *shape[1:]), np.uint8)
            file.flush()
            # Copy on write, as torch takes no arrays that cannot be written to.
            return _Mapped.of(mmap(file.fileno(), 0, access=ACCESS_COPY), (count, *shape[1:]))


class _Mapped(np.ndarray):
    """Frames in a file: memory holds those that were asked for last, and nobody may change them."""

    _mapping: mmap | None = None

    @classmethod
    def of(cls, mapping: mmap, shape: tuple[int, ...]) -> _Mapped:
        frames = cls(shape, np.uint8, mapping)
        frames._mapping = mapping
        return frames

    def __getitem__(self, index: Any) -> Any:
        if self._mapping is not None and sys.platform != "win32":
            self._mapping.madvise(MADV_DONTNEED)
        return np.asarray(super().__getitem__(index))


def _flags(path: Path, count: int, contents: Contents) -> tuple[str, ...]:
    """Judge how much of a file came out, by the rule for corrupt tails of the metrics specification, section 14."""
    if 10 * count < 9 * contents.declared:
        raise ItemError(
            f"{path}: only the first {count} of {contents.declared} frames can be decoded, expected at least 90 %; "
            "the file is damaged or cut short: make or copy it again"
        )
    return ("partial_decode",) if count < contents.declared else ()


def _blocks(path: Path, contents: Contents, reader: Reader, batch: int) -> Iterator[np.ndarray]:
    done = 0
    if reader != "pyav":
        reason = _why_not_decord(path, contents, reader)
        if reason is None:
            try:
                for block in video_decord.blocks(path, batch):
                    yield block
                    done += len(block)
                return
            except video_decord.DecordFailed as failure:
                reason = str(failure)
        if reader == "decord":
            raise ItemError(f"{path}: decord cannot be used for it ({reason}); read it with reader='auto'")
    yield from video_pyav.blocks(path, contents, batch, skip=done)


def _why_not_decord(path: Path, contents: Contents, reader: Reader) -> str | None:
    """Say what keeps decord from giving PyAV's bytes; None when nothing does."""
    if not video_decord.installed():
        if reader == "decord":
            raise Unavailable("decord", "is not installed", "pip install decord")
        return "decord is not installed"
    return video_decord.unlike(contents) or video_pyav.damage(path, contents)
