from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.errors import ItemError, OutputError
from metrics.cache import Arrays, Cache

MADE: Arrays = {
    "points": np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32),
    "visible": np.array([True, False]),
    "flags": np.array(["partial_decode"]),
    "none": np.array((), dtype=np.str_),
}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def calls() -> list[int]:
    return []


@pytest.fixture
def compute(calls: list[int]) -> Callable[[], Arrays]:
    def make() -> Arrays:
        calls.append(1)
        return MADE

    return make


def files(cache: Cache) -> list[Path]:
    assert cache.folder is not None
    return sorted(cache.folder.rglob("*.npz"))


def test_what_was_computed_comes_back_to_the_last_bit_and_is_computed_once(
    cache: Cache, compute: Callable[[], Arrays], calls: list[int]
) -> None:
    for _ in range(3):
        found = cache.arrays({"kind": "tracks", "video": "a"}, compute)
        assert found.keys() == MADE.keys()
        for name, array in MADE.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype
    assert len(calls) == 1


def test_another_key_is_computed_anew_and_another_order_of_it_is_not(
    cache: Cache, compute: Callable[[], Arrays], calls: list[int]
) -> None:
    for key in ({"a": 1, "b": [2, None]}, {"b": [2, None], "a": 1}, {"a": 1, "b": [2, 0]}, {"a": 1}):
        cache.arrays(key, compute)
    assert len(calls) == len(files(cache)) == 3


def test_another_cache_on_the_same_folder_knows_it_too(cache: Cache, compute: Callable[[], Arrays]) -> None:
    cache.arrays({"a": 1}, compute)
    Cache(cache.folder).arrays({"a": 1}, lambda: pytest.fail("it was computed again"))


def test_without_a_folder_nothing_is_kept(compute: Callable[[], Arrays], calls: list[int]) -> None:
    for _ in range(2):
        assert Cache().arrays({"a": 1}, compute) is MADE
    assert len(calls) == 2


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "gone"])
def test_a_damaged_file_is_computed_again(
    cache: Cache, compute: Callable[[], Arrays], calls: list[int], damage: str
) -> None:
    cache.arrays({"a": 1}, compute)
    (file,) = files(cache)
    whole = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes({"cut": whole[: len(whole) // 2], "text": b"no arrays", "empty": b""}[damage])
    cache.arrays({"a": 1}, compute)
    assert len(calls) == 2
    assert file.read_bytes() == whole


def test_an_error_of_the_computation_passes_and_leaves_nothing(cache: Cache, compute: Callable[[], Arrays]) -> None:
    def fail() -> Arrays:
        raise ItemError("the video cannot be decoded")

    with pytest.raises(ItemError, match="cannot be decoded"):
        cache.arrays({"a": 1}, fail)
    assert files(cache) == []
    assert cache.arrays({"a": 1}, compute) is MADE, "what failed holds a lock"


def test_a_full_disk_is_an_output_error(
    cache: Cache, compute: Callable[[], Arrays], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="disk is full"):
        cache.arrays({"a": 1}, compute)


def test_two_workers_that_want_the_same_compute_it_once(tmp_path: Path, script: Callable[[str], Any]) -> None:
    program = script(
        """
        import sys, time
        from pathlib import Path
        import numpy as np
        from metrics.cache import Cache

        root, name = Path(sys.argv[1]), sys.argv[2]

        def compute():
            (root / f"computing-{name}").touch()
            time.sleep(0.5)
            return {"by": np.array(name)}

        print(Cache(root / "cache").arrays({"a": 1}, compute)["by"])
        """
    )
    workers = [program.start(tmp_path, name) for name in ("first", "second")]
    said = {worker.communicate(timeout=60)[0] for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(said) == len(list(tmp_path.glob("computing-*"))) == 1
