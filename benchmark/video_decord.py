"""decord: reads the files for which its bytes are known to equal PyAV's."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.video_pyav import Contents

_CODECS = {"h264", "hevc", "vp9", "mpeg4"}
_FULL_CHROMA = {"yuv444p", "yuvj444p"}
_HALF_CHROMA = {"yuv420p", "yuvj420p"}
_MATRICES = {1, 2, 5, 6, 9}  # H.273 codes: BT.709, untagged, BT.601 (625 and 525 lines), BT.2020


class DecordFailed(Exception):
    """decord gave up on a file; the message is its own."""


def installed() -> bool:
    """Tell whether decord is on this machine."""
    return importlib.util.find_spec("decord") is not None


def unlike(contents: Contents) -> str | None:
    """Say why decord would not give the same bytes as PyAV for such a file; None when it would.

    The lists are what was measured: equal bytes for these codecs, pixel formats and matrices; different ones for odd
    sizes with halved chroma (other chroma interpolation), more than 8 bits (other dithering), edit lists (decord
    repeats frames that are not to be shown) and interlaced frames (fields converted together or apart).
    """
    if contents.codec not in _CODECS:
        return f"codec {contents.codec}"
    even = contents.height % 2 == 0 and contents.width % 2 == 0
    if contents.pix_fmt not in _FULL_CHROMA and not (contents.pix_fmt in _HALF_CHROMA and even):
        return f"{contents.pix_fmt} of {contents.width}x{contents.height}"
    if contents.matrix not in _MATRICES:
        return f"colour matrix {contents.matrix}"
    if contents.turns:
        return "display rotation"
    if not contents.plain:
        return "edit list or missing time stamps"
    return None


def blocks(path: Path, batch: int) -> Iterator[np.ndarray]:
    """Decode a file to RGB.

    Yields:
        uint8 [<= batch, H, W, 3].

    Raises:
        DecordFailed: decord cannot open or decode it.
    """
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        # one thread: parallelism is over items, and the bytes must not hang on the number of cores
        video = decord.VideoReader(str(path.absolute()), num_threads=1)
        for start in range(0, len(video), batch):
            yield video.get_batch(range(start, min(start + batch, len(video)))).asnumpy()
    except (decord.DECORDError, RuntimeError, AssertionError) as error:
        raise DecordFailed(str(error).strip().splitlines()[0]) from error
