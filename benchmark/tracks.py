"""Point tracks in memory and on disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ItemError
from benchmark.files import write_bytes_atomic


@dataclass(frozen=True)
class Tracks:
    """Points followed through a clip.

    Attributes:
        points: float32 [N, T, 2], pixels (x, y); the centre of the top-left pixel is (0, 0).
        visible: bool [N, T].
        queries: float32 [N, 3], (t, x, y): the frame and position each track was started from.
    """

    points: NDArray[np.float32]
    visible: NDArray[np.bool_]
    queries: NDArray[np.float32]


def write_tracks(path: Path, tracks: Tracks) -> None:
    """Write `tracks` as a compressed `.npz` whose bytes depend on the values alone."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        points=tracks.points.astype(np.float32),
        visible=tracks.visible.astype(bool),
        queries=tracks.queries.astype(np.float32),
    )
    write_bytes_atomic(path, buffer.getvalue())


def read_tracks(path: Path) -> Tracks:
    """Read a tracks file without running code from it.

    Raises:
        ItemError: the file is missing, is no `.npz`, lacks an array, has arrays of other types or shapes, or
            holds NaN.
    """
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array")
        with arrays:
            tracks = Tracks(arrays["points"], arrays["visible"], arrays["queries"])
    except FileNotFoundError:
        raise ItemError(f"tracks file {path} is missing; run vmtbench build again on the same folder") from None
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise ItemError(
            f"tracks file {path} cannot be read ({error}), expected an .npz with points, visible and queries; "
            "delete it and run vmtbench build again"
        ) from error
    _check(path, tracks)
    return tracks


def _check(path: Path, tracks: Tracks) -> None:
    count, length = tracks.points.shape[:2] if tracks.points.ndim == 3 else (-1, -1)
    found = [(array.dtype.name, array.shape) for array in (tracks.points, tracks.visible, tracks.queries)]
    if found != [("float32", (count, length, 2)), ("bool", (count, length)), ("float32", (count, 3))]:
        listed = ", ".join(f"{name} {list(shape)}" for name, shape in found)
        raise ItemError(
            f"tracks file {path} has points, visible and queries of {listed}, expected float32 [N, T, 2], bool [N, T] "
            "and float32 [N, 3]; delete it and run vmtbench build again"
        )
    if not (np.isfinite(tracks.points).all() and np.isfinite(tracks.queries).all()):
        bad = int((~np.isfinite(tracks.points).all(axis=(1, 2)) | ~np.isfinite(tracks.queries).all(axis=1)).sum())
        raise ItemError(
            f"tracks file {path} holds NaN or infinite positions in {bad} of {count} tracks, expected finite ones; "
            "delete it and run vmtbench build again"
        )
