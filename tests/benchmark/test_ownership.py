from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.engine import Existing, claim_folder
from benchmark.errors import InputError
from benchmark.ownership import begin_build, finish_build, refuse_foreign_folder
from benchmark.store import MANIFEST_FILE, Benchmark, read_benchmark

SETTINGS = {"frames": 16, "size": [64, 96]}


@pytest.fixture
def built(own_bench: Benchmark) -> Benchmark:
    """A benchmark whose build has come to its end."""
    with claim_folder(own_bench.root):
        begin_build(own_bench.root, SETTINGS, Existing.KEEP)
        return finish_build(own_bench.root, own_bench.info, own_bench.clips)


def test_a_new_an_empty_and_a_claimed_folder_may_be_built_in(tmp_path: Path) -> None:
    refuse_foreign_folder(tmp_path / "new")
    refuse_foreign_folder(tmp_path)
    with claim_folder(tmp_path):
        pass
    refuse_foreign_folder(tmp_path)


def test_a_benchmark_in_the_making_may_be_built_in(built: Benchmark) -> None:
    refuse_foreign_folder(built.root)
    (built.root / MANIFEST_FILE).unlink()
    refuse_foreign_folder(built.root)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="holds files and is no benchmark in the making; choose a new or empty folder"):
        refuse_foreign_folder(tmp_path)


def test_another_commands_output_folder_is_refused(tmp_path: Path) -> None:
    with claim_folder(tmp_path):
        (tmp_path / "method.json").touch()
    with pytest.raises(InputError, match="is no benchmark in the making"):
        refuse_foreign_folder(tmp_path)


def test_the_same_settings_go_on_and_others_are_named(built: Benchmark) -> None:
    begin_build(built.root, SETTINGS, Existing.KEEP)
    with pytest.raises(InputError, match=r"was built with other settings \(frames, seed differ\)"):
        begin_build(built.root, {**SETTINGS, "frames": 8, "seed": 1}, Existing.KEEP)


def test_error_refuses_a_build_that_is_there(built: Benchmark) -> None:
    with pytest.raises(InputError, match="exists and --existing is error"):
        begin_build(built.root, SETTINGS, Existing.ERROR)


def test_a_manifest_changed_by_hand_is_not_built_over(built: Benchmark) -> None:
    path = built.root / MANIFEST_FILE
    path.write_text(path.read_text().replace("moon", "beach"))
    with pytest.raises(InputError, match=r"metadata\.jsonl was changed since it was built"):
        begin_build(built.root, SETTINGS, Existing.KEEP)
    begin_build(built.root, SETTINGS, Existing.REDO)
    assert not path.exists()


def test_redo_empties_the_folder_of_what_a_build_writes_and_of_nothing_else(
    built: Benchmark, names_in: Callable[[Path], list[str]]
) -> None:
    (built.root / "README.md").touch()
    begin_build(built.root, {"frames": 8}, Existing.REDO)
    assert names_in(built.root) == [".vmtbench", "README.md"]
    refuse_foreign_folder(built.root)
    begin_build(built.root, {"frames": 8}, Existing.KEEP)


def test_a_build_that_finishes_again_with_other_clips_goes_on_the_next_time(built: Benchmark) -> None:
    finish_build(built.root, built.info, built.clips[:2])
    begin_build(built.root, SETTINGS, Existing.KEEP)
    assert len(read_benchmark(built.root).clips) == 2


@pytest.mark.parametrize("existing", list(Existing)[:2])
def test_a_build_killed_at_any_moment_goes_on(
    killed_everywhere: Callable[[str], int], own_bench: Benchmark, existing: Existing
) -> None:
    (own_bench.root / "README.md").touch()
    body = f"""
from benchmark.engine import Existing, claim_folder
from benchmark.ownership import begin_build, finish_build, refuse_foreign_folder
from benchmark.store import read_benchmark

bench = read_benchmark(Path({str(own_bench.root)!r}))

def build(root, clips, existing):
    refuse_foreign_folder(root)
    with claim_folder(root):
        begin_build(root, {SETTINGS!r}, existing)
        finish_build(root, bench.info, clips)

def begin(root):
    build(root, bench.clips, Existing.KEEP)
    (root / "README.md").touch()

def work(root):
    build(root, bench.clips[:2], Existing.{existing.name})
"""
    assert killed_everywhere(body) > 15
