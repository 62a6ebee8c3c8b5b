from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pebble
import pytest

from benchmark.engine import (
    ATTEMPTS,
    Existing,
    Item,
    Report,
    WorkOptions,
    claim_folder,
    failures,
    read_record,
    run_items,
)
from benchmark.errors import InputError, ItemError, OutputError, TransientError
from benchmark.files import replace_atomically, write_bytes_atomic

WORK = """
import os, time
from functools import partial
from pathlib import Path
from benchmark.engine import Item
from benchmark.errors import OutputError
from benchmark.files import seed_of, write_bytes_atomic, write_text_atomic

def write(root, key):
    value = str(seed_of(key))
    write_text_atomic(root / f"{key}.txt", value * 100)
    return {"value": value}

def item(root, key, work=None, **more):
    outputs = (root / f"{key}.txt",)
    return Item(key, {"key": key}, work or partial(write, root, key), root / f"{key}.json", outputs, **more)

def slow(root, key):
    time.sleep(0.05)
    return write(root, key)

def die(root, key):
    os._exit(9)

def die_once(root, key):
    mark = root / f"{key}.died"
    if mark.exists():
        return write(root, key)
    mark.touch()
    os._exit(9)

def fill_disk(root, key):
    raise OutputError("the disk is full")

def sleep(root, key):
    (root / f"worker-{os.getpid()}").touch()
    time.sleep(60)
"""


@pytest.fixture
def work(importable: Callable[[str, str], Any]) -> Any:
    return importable("engine_work", WORK)


class Counted:
    """Work that counts how often it was done."""

    def __init__(self, path: Path, *errors: Exception) -> None:
        self.path, self.errors, self.times = path, list(errors), 0

    def __call__(self) -> Mapping[str, Any]:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        write_bytes_atomic(self.path, b"made")
        return {"value": 1}


def item(root: Path, key: str = "a", *errors: Exception, inputs: Any = 0, guard: bool = False) -> tuple[Item, Counted]:
    counted = Counted(root / f"{key}.mp4", *errors)
    record, outputs = root / f"{key}.json", (counted.path,)
    return Item(key, {"inputs": inputs}, counted, record, outputs, guard_outputs=guard), counted


def run(*items: Item, jobs: int = 1, existing: Existing = Existing.KEEP) -> Report:
    return run_items("step", items, WorkOptions(jobs=jobs, existing=existing))


def tree(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.suffix in (".txt", ".json")}


# What is done is kept.


def test_what_is_done_and_unchanged_is_kept(tmp_path: Path) -> None:
    thing, counted = item(tmp_path)
    assert run(thing).done == ["a"]
    assert run(thing).kept == ["a"]
    assert counted.times == 1, "an item that was done was done again"
    assert read_record(thing.record, thing.fingerprint) == {"fingerprint": thing.fingerprint, "value": 1}


def test_only_the_item_whose_input_changed_is_done_again(tmp_path: Path) -> None:
    run(item(tmp_path, "a", inputs=0)[0], item(tmp_path, "b", inputs=0)[0])
    report = run(item(tmp_path, "a", inputs=1)[0], item(tmp_path, "b", inputs=0)[0])
    assert (report.done, report.kept) == (["a"], ["b"])


def test_a_record_of_other_inputs_is_not_read(tmp_path: Path) -> None:
    run(item(tmp_path, inputs=0)[0])
    other = item(tmp_path, inputs=1)[0]
    assert read_record(other.record, other.fingerprint) is None


@pytest.mark.parametrize("damage", ["no output", "no record", "broken record", "other record"])
def test_an_item_without_its_output_or_record_is_done_again(tmp_path: Path, damage: str) -> None:
    thing, counted = item(tmp_path)
    run(thing)
    {
        "no output": lambda: thing.outputs[0].unlink(),
        "no record": lambda: thing.record.unlink(),
        "broken record": lambda: thing.record.write_text('{"finger'),
        "other record": lambda: thing.record.write_text("[]"),
    }[damage]()
    assert run(thing).done == ["a"]
    assert counted.times == 2


def test_redo_does_everything_again_and_error_refuses_what_is_there(tmp_path: Path) -> None:
    thing, counted = item(tmp_path)
    run(thing)
    assert run(thing, existing=Existing.REDO).done == ["a"]
    with pytest.raises(InputError, match=r"a\.mp4 exists and --existing is error"):
        run(thing, existing=Existing.ERROR)
    assert counted.times == 2


def test_two_items_of_one_key_are_refused_before_any_work(tmp_path: Path) -> None:
    (first, counted), (second, _) = item(tmp_path), item(tmp_path)
    with pytest.raises(InputError, match="'a' stands twice"):
        run(first, second)
    assert counted.times == 0


# What fails does not stop the rest, unless nothing can be written.


def test_the_rest_goes_on_past_an_item_that_fails(tmp_path: Path) -> None:
    report = run(item(tmp_path, "a", ItemError("no frames"))[0], item(tmp_path, "b")[0])
    assert (report.done, report.failed, report.traces) == (["b"], {"a": "no frames"}, {})
    assert not (tmp_path / "a.json").exists(), "a failed item has a record and would be taken for done"
    assert run(item(tmp_path, "a")[0]).done == ["a"]


def test_an_unexpected_error_fails_its_item_in_one_line_and_keeps_the_trace(tmp_path: Path) -> None:
    report = run(item(tmp_path, "a", ZeroDivisionError("one\n\n  two"))[0], item(tmp_path, "b")[0])
    assert report.failed["a"].startswith("unexpected ZeroDivisionError: one two; run again with --debug")
    assert "Traceback" in report.traces["a"]
    assert report.done == ["b"]


def test_memory_that_runs_out_fails_the_item_with_a_cure(tmp_path: Path) -> None:
    assert "fewer --jobs" in run(item(tmp_path, "a", MemoryError())[0]).failed["a"]


def test_a_failure_that_passes_is_tried_again(tmp_path: Path) -> None:
    thing, counted = item(tmp_path, "a", TransientError("busy"))
    assert run(thing).done == ["a"]
    assert counted.times == 2


def test_a_failure_that_stays_is_given_up(tmp_path: Path) -> None:
    thing, counted = item(tmp_path, "a", *[TransientError("busy")] * 9)
    assert run(thing).failed == {"a": f"busy (tried {ATTEMPTS} times)"}
    assert counted.times == ATTEMPTS


def test_failures_are_listed_by_key(tmp_path: Path) -> None:
    report = run(*(item(tmp_path, key, ItemError(key))[0] for key in "cab"))
    assert failures(report) == [("a", "a"), ("b", "b"), ("c", "c")]


def write_to_a_full_disk(path: Path) -> Mapping[str, Any]:
    with replace_atomically(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(b"x" * 100_000)
    return {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_stops_the_step_and_keeps_what_was_done(tmp_path: Path, work: Any, jobs: int) -> None:
    run(work.item(tmp_path, "a"))
    rest = [work.item(tmp_path, key) for key in ("c", "d")]
    full = work.item(tmp_path, "b", partial(work.fill_disk, tmp_path, "b"))
    if jobs == 1:
        full = work.item(tmp_path, "b", partial(write_to_a_full_disk, tmp_path / "b.txt"))
    with pytest.raises(OutputError, match=r"disk is full.*\((\d) of 4 items are done and kept\)"):
        run(work.item(tmp_path, "a"), full, *rest, jobs=jobs)
    assert not list(tmp_path.glob(".part.*")), "half a file was left"
    assert not (tmp_path / "b.txt").exists()
    again = run(*(work.item(tmp_path, key) for key in "abcd"))
    assert "a" in again.kept
    assert {*again.kept, *again.done} == {*"abcd"}


# What is somebody's own is not overwritten.


@pytest.mark.parametrize("beside", [None, '{"model": "mine"}', "[1]", "no JSON"])
def test_somebodys_own_video_is_kept_whatever_lies_beside_it(tmp_path: Path, beside: str | None) -> None:
    thing, counted = item(tmp_path, guard=True)
    counted.path.write_bytes(b"mine")
    if beside is not None:
        thing.record.write_text(beside)
    assert "was not made by vmtbench and is kept" in run(thing).failed["a"]
    assert counted.path.read_bytes() == b"mine"
    assert counted.times == 0
    assert run(thing, existing=Existing.REDO).done == ["a"]


def test_a_file_in_the_place_of_the_record_is_kept(tmp_path: Path) -> None:
    thing, _ = item(tmp_path, guard=True)
    thing.record.write_text('{"model": "mine"}')
    assert "a.json was not made by vmtbench" in run(thing).failed["a"]
    assert thing.record.read_text() == '{"model": "mine"}'


def test_a_guarded_item_of_the_engines_own_is_made_anew_when_its_inputs_change(tmp_path: Path) -> None:
    run(item(tmp_path, inputs=0, guard=True)[0])
    assert run(item(tmp_path, inputs=1, guard=True)[0]).done == ["a"]


def test_a_guarded_item_that_fails_leaves_neither_a_record_nor_an_output_of_other_inputs(tmp_path: Path) -> None:
    run(item(tmp_path, inputs=0, guard=True)[0])
    assert run(item(tmp_path, "a", ItemError("no"), inputs=1, guard=True)[0]).failed == {"a": "no"}
    assert not list(tmp_path.iterdir()), "what was made from other inputs would be taken for this item's"


# Workers.


def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path, work: Any) -> None:
    trees = []
    for jobs in (1, 3):
        root = tmp_path / str(jobs)
        root.mkdir()
        report = run(*(work.item(root, key) for key in "abcdef"), jobs=jobs)
        assert sorted(report.done) == [*"abcdef"]
        trees.append(tree(root))
    assert trees[0] == trees[1]


def test_a_worker_that_dies_is_replaced_and_its_item_tried_again(tmp_path: Path, work: Any) -> None:
    kinds = {"a": work.die, "b": work.die_once}
    report = run(
        *(work.item(tmp_path, key, partial(kinds.get(key, work.write), tmp_path, key)) for key in "abcd"), jobs=2
    )
    assert sorted(report.done) == ["b", "c", "d"]
    assert report.failed == {
        "a": f"its worker died {ATTEMPTS} times (exit status 9), most likely out of memory; use fewer --jobs"
    }


def test_work_that_cannot_be_sent_to_a_worker_fails_alone(tmp_path: Path, work: Any) -> None:
    unsendable = work.item(tmp_path, "a", lambda: {})
    report = run(unsendable, work.item(tmp_path, "b"), work.item(tmp_path, "c"), jobs=2)
    assert sorted(report.done) == ["b", "c"]
    assert "pickle" in report.failed["a"]


def test_few_items_are_handed_out_ahead(tmp_path: Path, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    submit, futures, ahead = pebble.ProcessPool.submit, [], []

    def noted(*arguments: Any) -> Any:
        ahead.append(sum(not future.done() for future in futures))
        futures.append(submit(*arguments))
        return futures[-1]

    monkeypatch.setattr(pebble.ProcessPool, "submit", noted)
    report = run(*(work.item(tmp_path, f"k{number}") for number in range(30)), jobs=2)
    assert len(report.done) == 30
    assert max(ahead) < 4, "the memory of a run would grow with the number of its items"


def test_a_stop_ends_all_workers_at_once(tmp_path: Path, work: Any) -> None:
    keys = [f"k{number:02d}" for number in range(60)]
    items = [work.item(tmp_path, key, partial(work.slow, tmp_path, key)) for key in keys]
    items[0] = work.item(tmp_path, "full", partial(work.fill_disk, tmp_path, "full"))
    with pytest.raises(OutputError) as stopped:
        run(*items, jobs=2)
    assert stopped.tb is not None, "the trace holds the step's frames, and its workers must be gone all the same"
    assert not multiprocessing.active_children()
    assert len(list(tmp_path.glob("k*.txt"))) < 20, "items went on to be done after the disk was full"


# Killed at any moment.


@pytest.mark.parametrize("guard", [False, True])
def test_a_step_killed_before_any_of_its_file_operations_ends_in_the_same_bytes(
    killed_everywhere: Callable[[str], int], guard: bool
) -> None:
    body = f"""{WORK}
from benchmark.engine import WorkOptions, claim_folder, run_items

def begin(root):
    earlier = Item("b", {{"key": "old"}}, partial(write, root, "b"), root / "b.json", (root / "b.txt",))
    run_items("earlier", [earlier], WorkOptions())

def work(root):
    with claim_folder(root):
        report = run_items("step", [item(root, key, guard_outputs={guard}) for key in "abc"], WorkOptions())
    assert not report.failed, report.failed
"""
    assert killed_everywhere(body) > 20


IN_WORKERS = f"""{WORK}
import sys
from benchmark.engine import WorkOptions, claim_folder, run_items

if __name__ == "__main__":
    root, do = Path(sys.argv[1]), globals()[sys.argv[2]]
    with claim_folder(root):
        items = [item(root, key, partial(do, root, key)) for key in "abcdefghijkl"]
        report = run_items("step", items, WorkOptions(jobs=2))
    assert not report.failed, report.failed
"""


def wait_for(count: int, root: Path, pattern: str) -> None:
    until = time.monotonic() + 30
    while len(list(root.glob(pattern))) < count:
        assert time.monotonic() < until, f"waited in vain for {count} times {pattern}"
        time.sleep(0.005)


def test_workers_do_not_outlive_a_run_that_is_killed(
    tmp_path: Path, script: Callable[[str], Any], ended: Callable[[int], bool]
) -> None:
    killed = script(IN_WORKERS).start(tmp_path, "sleep")
    wait_for(2, tmp_path, "worker-*")
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()  # and no more: workers share its output, so reading that to its end would wait for them
    assert all(ended(int(path.name.removeprefix("worker-"))) for path in tmp_path.glob("worker-*"))


def test_a_run_with_workers_that_is_killed_ends_in_the_same_bytes(tmp_path: Path, script: Callable[[str], Any]) -> None:
    program = script(IN_WORKERS)
    root, whole = tmp_path / "killed", tmp_path / "whole"
    for more in (1, 4, 7):
        killed = program.start(root, "slow")
        wait_for(more, root, "*.json")
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    program.run(root, "slow")
    program.run(whole, "slow")
    assert tree(root) == tree(whole)
    assert len(tree(root)) == 24


# One run per folder.

HOLD = """
    import sys, time
    from pathlib import Path
    from benchmark.engine import claim_folder
    with claim_folder(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
"""


def test_a_second_run_into_one_folder_is_refused_until_the_first_has_ended(
    tmp_path: Path, script: Callable[[str], Any]
) -> None:
    holder = script(HOLD).start(tmp_path / "out")
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(InputError, match=r"another vmtbench run is writing to .*out; wait for it to end"),
        claim_folder(tmp_path / "out"),
    ):
        pass
    holder.kill()
    holder.communicate()
    with claim_folder(tmp_path / "out"):
        pass
    with claim_folder(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, expected a folder"), claim_folder(tmp_path / "file"):
        pass
