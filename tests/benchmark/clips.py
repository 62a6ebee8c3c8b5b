"""Small video files made on the spot, whole and broken."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream


def moving_picture(height: int, width: int, count: int) -> np.ndarray:
    """Render a smooth coloured pattern that drifts, uint8 [T, H, W, 3]."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    frames = [
        [128 + 100 * np.sin((columns + 2 * t) / 9 + k) * np.cos((rows - t) / 7 + 2 * k) for k in range(3)]
        for t in range(count)
    ]
    return np.clip(np.array(frames), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def encode(
    path: Path,
    frames: np.ndarray,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    matrix: int | None = None,
    ticks: list[int] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode frames as other people's tools do: any codec, untagged colours, `ticks` of 1/24 s for a varying rate."""
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot encode with {codec}")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(24), options=options or {})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], pix_fmt
        if matrix is not None:
            stream.colorspace = matrix
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt, dst_colorspace=matrix)
            frame.pts, frame.time_base = (index if ticks is None else ticks[index]), Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def encode_sound(path: Path) -> Path:
    """Write an MP4 that holds a second of silence and no pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 16000
        container.mux(stream.encode(samples))
        container.mux(stream.encode())
    return path


def turn(path: Path, degrees: int) -> Path:
    """Set the display rotation of an MP4, clockwise, as a phone does: only the matrix in its track header changes."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    fixed = [cosine << 16, sine << 16, 0, -sine << 16, cosine << 16, 0, 0, 0, 1 << 30]
    data[matrix : matrix + 36] = struct.pack(">9i", *fixed)
    path.write_bytes(data)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first share of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def trim(path: Path, frames: int) -> Path:
    """Hide the first frames of a 24 fps MP4 by its edit list, as cutting without encoding does."""
    data = bytearray(path.read_bytes())
    (ticks,) = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)
    entry = data.index(b"elst") + 12
    duration, start = struct.unpack_from(">Ii", data, entry)
    struct.pack_into(">Ii", data, entry, duration - 1000 * frames // 24, start + ticks * frames // 24)
    path.write_bytes(data)
    return path


def flip(path: Path, share: float) -> Path:
    """Damage a file: invert 40 bytes at a share of its length."""
    data = bytearray(path.read_bytes())
    start = int(share * len(data))
    data[start : start + 40] = bytes(255 - value for value in data[start : start + 40])
    path.write_bytes(data)
    return path
