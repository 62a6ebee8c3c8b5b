from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import InputError, OutputError
from benchmark.files import (
    fingerprint,
    inside,
    make_output_folder,
    output_errors,
    relative_path_problem,
    replace_atomically,
    seed_of,
    sha256_of_file,
    write_bytes_atomic,
    write_json_atomic,
    write_text_atomic,
)

Names = Callable[[Path], list[str]]
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


def _write_half(path: Path) -> None:
    path.write_text("half")
    raise ZeroDivisionError


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, names_in: Names) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_text_atomic(path, "old\n")
    with pytest.raises(ZeroDivisionError), replace_atomically(path) as temporary:
        _write_half(temporary)
    assert path.read_bytes() == b"old\n"
    assert names_in(path.parent) == ["file.txt"], "half a file was left"
    write_bytes_atomic(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_a_killed_run_left_behind_is_overwritten(tmp_path: Path, names_in: Names) -> None:
    (tmp_path / ".part.file").mkdir()
    (tmp_path / ".part.file" / "half").touch()
    write_bytes_atomic(tmp_path / "file", b"whole")
    assert names_in(tmp_path) == ["file"]


def test_a_folder_is_replaced_whole(tmp_path: Path, names_in: Names) -> None:
    path = tmp_path / "masks"
    for name in ("old", "new"):
        with replace_atomically(path) as temporary:
            temporary.mkdir()
            (temporary / name).touch()
    assert names_in(path) == ["new"]


def test_json_is_indented_utf8_and_refuses_nan(tmp_path: Path) -> None:
    write_json_atomic(tmp_path / "a.json", {"name": "å"})
    assert (tmp_path / "a.json").read_bytes() == '{\n "name": "å"\n}\n'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_atomic(tmp_path / "a.json", float("nan"))
    assert json.loads((tmp_path / "a.json").read_text()) == {"name": "å"}


def write_to_a_full_disk(path: Path) -> None:
    with replace_atomically(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(b"x" * 100_000)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path: Path, names_in: Names) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"file: the disk is full; free space"):
        write_to_a_full_disk(path)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("number", "found"), [(errno.EROFS, "read-only"), (errno.EACCES, "permission"), (errno.EDQUOT, "quota")]
)
def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path, number: int, found: str) -> None:
    with pytest.raises(OutputError, match=found), output_errors(tmp_path / "file"):
        raise OSError(number, os.strerror(number), str(tmp_path / ".part.file"))


def test_a_file_that_cannot_be_read_meanwhile_is_no_output_error(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), output_errors(tmp_path / "out" / "file"):
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / "bench" / "video.mp4"))


def test_an_output_folder_is_made_and_left_empty(tmp_path: Path, names_in: Names) -> None:
    make_output_folder(tmp_path / "a" / "b")
    assert names_in(tmp_path / "a" / "b") == []


@pytest.mark.parametrize("action", ["exists", "mkdir", "touch"])
def test_a_read_only_output_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS if action == "touch" else errno.EACCES, "refused")

    monkeypatch.setattr(Path, action, refuse)
    with pytest.raises(
        InputError, match=r"cannot write in .*out: (the file system is read-only|permission was denied)"
    ):
        make_output_folder(tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match="permission was denied"):
        make_output_folder(tmp_path)
    tmp_path.chmod(0o755)


def test_a_file_or_what_lies_below_one_is_no_output_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, expected a folder"):
        make_output_folder(tmp_path / "file")
    with pytest.raises(InputError, match="cannot write in"):
        make_output_folder(tmp_path / "file" / "below")


def test_a_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "file").startswith("ba7816bf8f01cfea")


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(values: dict[str, object]) -> None:
    assert fingerprint(values) == fingerprint(dict(reversed(values.items())))
    assert fingerprint(values) != fingerprint({**values, "one more": 1})


def test_a_seed_depends_on_the_key_and_the_runs_seed_alone() -> None:
    assert seed_of("bear/p0") == 3536619513029189907, "seeds changed: nothing made before can be made again"
    assert len({seed_of(key, seed) for key in ("bear/p0", "bear/p1") for seed in range(100)}) == 200
    assert all(0 <= seed_of(str(number)) < 2**63 for number in range(100))


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "is empty"),
        (".", "names the folder itself"),
        ("./", "names the folder itself"),
        ("a\0b", "holds a NUL character"),
        ("/etc/passwd", "is not a relative path"),
        ("~/x", "is not a relative path"),
        ("C:/x", "is not a relative path"),
        ("a\\b", "is not a relative path"),
        ("../x", "climbs out"),
        ("videos/../../x", "climbs out"),
        ("masks/..", "climbs out"),
    ],
)
def test_a_path_that_may_leave_its_folder_is_refused(tmp_path: Path, path: str, problem: str) -> None:
    assert problem in (relative_path_problem(path) or "")
    with pytest.raises(InputError, match=problem):
        inside(tmp_path, path)


@given(st.text(max_size=30))
def test_any_text_is_a_plain_path_or_has_a_problem(text: str) -> None:
    if relative_path_problem(text) is None:
        assert Path(os.path.normpath(Path("root") / text)).parts[0] == "root"


def test_a_link_may_stay_in_its_folder_and_not_leave_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "videos").mkdir(parents=True)
    (root / "here").symlink_to(root / "videos")
    (root / "out").symlink_to(tmp_path)
    assert inside(root, "here/a.mp4") == root / "here" / "a.mp4"
    with pytest.raises(InputError, match="leads out of its folder through a symbolic link"):
        inside(root, "out/a.mp4")
