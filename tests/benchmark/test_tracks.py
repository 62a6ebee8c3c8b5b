from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import ItemError
from benchmark.tracks import Tracks, read_tracks, write_tracks

N, T = 4, 6


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "points": rng.uniform(0, 99, (N, T, 2)).astype(np.float32),
        "visible": rng.uniform(size=(N, T)) > 0.5,
        "queries": rng.uniform(0, 5, (N, 3)).astype(np.float32),
    }


def save(path: Path, values: dict[str, np.ndarray]) -> None:
    np.savez(path, allow_pickle=True, **values)


def refusal(path: Path) -> str:
    with pytest.raises(ItemError) as refused:
        read_tracks(path)
    message = str(refused.value)
    assert str(path) in message
    assert "run vmtbench build again" in message
    return message


def test_tracks_are_read_as_they_were_written_and_their_bytes_are_the_same(tmp_path: Path) -> None:
    tracks = Tracks(**arrays())
    for name in ("a", "b"):
        write_tracks(tmp_path / f"{name}.npz", tracks)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = read_tracks(tmp_path / "a.npz")
    for name, value in arrays().items():
        found = getattr(read, name)
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value)


def test_no_tracks_at_all_are_tracks(tmp_path: Path) -> None:
    none = Tracks(np.zeros((0, T, 2), np.float32), np.zeros((0, T), bool), np.zeros((0, 3), np.float32))
    write_tracks(tmp_path / "a.npz", none)
    assert read_tracks(tmp_path / "a.npz").points.shape == (0, T, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["points", "queries"])
def test_positions_that_are_not_finite_are_refused(tmp_path: Path, name: str, value: float) -> None:
    broken = arrays()
    broken[name][1, 0] = value
    save(tmp_path / "a.npz", broken)
    assert "NaN or infinite positions in 1 of 4 tracks" in refusal(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"points": np.zeros((T, N, 2), np.float32)},
        {"points": np.zeros((N, T, 3), np.float32)},
        {"points": np.zeros((N * T, 2), np.float32)},
        {"points": np.zeros((N, T, 2), np.float64)},
        {"points": np.zeros((N, T, 2), "U3")},
        {"visible": np.ones((N, T), np.float32)},
        {"visible": np.ones((N, T - 1), bool)},
        {"queries": np.zeros((N, 2), np.float32)},
        {"queries": np.zeros((N + 1, 3), np.float32)},
    ],
)
def test_arrays_of_other_shapes_or_types_are_refused(tmp_path: Path, change: dict[str, np.ndarray]) -> None:
    save(tmp_path / "a.npz", {**arrays(), **change})
    assert "expected float32 [N, T, 2], bool [N, T] and float32 [N, 3]" in refusal(tmp_path / "a.npz")


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=arrays()["points"], visible=arrays()["visible"])
    assert "queries" in refusal(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", ["text", "empty", "single array", "cut", "damaged", "folder", "none"])
def test_a_file_that_is_no_tracks_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.npz"
    write_tracks(path, Tracks(**arrays()))
    data = bytearray(path.read_bytes())
    data[120:140] = bytes(20)
    path.unlink()
    if kind == "text":
        path.write_text("no tracks")
    elif kind == "empty":
        path.touch()
    elif kind == "single array":
        with path.open("wb") as file:
            np.save(file, arrays()["points"])
    elif kind == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "damaged":
        path.write_bytes(data)
    elif kind == "folder":
        path.mkdir()
    refusal(path)


class Trap:
    """Pickled, it makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.mkdir, (self.path,)


def test_no_code_of_a_tracks_file_is_run(tmp_path: Path) -> None:
    path, sprung = tmp_path / "a.npz", tmp_path / "sprung"
    trapped = np.empty(1, object)
    trapped[0] = Trap(sprung)
    save(path, {**arrays(), "points": trapped})
    refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("points.npy", pickle.dumps(Trap(sprung)))
    refusal(path)
    path.write_bytes(pickle.dumps(Trap(sprung)))
    refusal(path)
    assert not sprung.exists(), "code from the file was run"
