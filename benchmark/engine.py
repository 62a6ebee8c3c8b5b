"""The work engine: every long step is a list of items, and being interrupted is normal.

An item is done when its record file is there and holds the fingerprint of the item's inputs. The record is written
last and atomically, so a step killed at any moment and started again does what is missing and nothing else. Items
and their results are picklable, and no state lives outside the output folder: another executor needs nothing more.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from benchmark.errors import InputError, OutputError, TransientError, VmtbenchError
from benchmark.files import STATE_FOLDER, fingerprint, make_output_folder, remove, write_json_atomic
from benchmark.progress import Reporter, Silent, reported

ATTEMPTS = 3
"""How often an item that failed in a way that may pass is tried in all."""


class Existing(StrEnum):
    """What to do with results that are there already."""

    KEEP = "keep"
    REDO = "redo"
    ERROR = "error"


@dataclass(frozen=True)
class Item:
    """One piece of work.

    Attributes:
        key: unique readable name; seeds are made from it, never from the order of work.
        inputs: JSON-able values that the result depends on.
        work: picklable; writes the outputs and returns what the record is to hold.
        record: the file that says the item is done, `{"fingerprint": …, **result}`.
        outputs: what `work` writes beside the record.
        guard_outputs: what stands there without a record of the engine is somebody's own and is not overwritten.
    """

    key: str
    inputs: Mapping[str, Any]
    work: Callable[[], Mapping[str, Any]]
    record: Path
    outputs: tuple[Path, ...] = ()
    guard_outputs: bool = False

    @property
    def fingerprint(self) -> str:
        """Hash of the inputs."""
        return fingerprint(self.inputs)


@dataclass(frozen=True)
class WorkOptions:
    """How a long step is worked through; the same on every command."""

    jobs: int = 1
    existing: Existing = Existing.KEEP
    reporter: Reporter = field(default_factory=Silent)


@dataclass
class Report:
    """What became of each item of a step, by key, and the traces of unexpected errors."""

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)

    def add(self, other: Report) -> None:
        """Take in the outcome of another step."""
        self.done += other.done
        self.kept += other.kept
        self.failed |= other.failed
        self.traces |= other.traces


@dataclass(frozen=True)
class _Outcome:
    status: Literal["done", "failed", "stop"]
    message: str = ""
    trace: str = ""


@contextmanager
def claim_folder(path: Path) -> Iterator[None]:
    """Make `path` and hold it for one process, so that two runs into one folder cannot mix.

    Raises:
        InputError: nothing can be written there, or another process holds it.
    """
    from filelock import FileLock, Timeout

    make_output_folder(path)
    make_output_folder(path / STATE_FOLDER)
    lock = FileLock(path / STATE_FOLDER / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"another vmtbench run is writing to {path}; wait for it to end, or choose another output folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def run_items(step: str, items: Sequence[Item], options: WorkOptions) -> Report:
    """Do every item that is not done yet, go on past those that fail, and say what became of each.

    Raises:
        InputError: two items share a key, or results are there and `existing` is `error`.
        OutputError: the disk is full or the folder cannot be written; what was done stays done.
    """
    _refuse_doubles(items)
    report = Report()
    with reported(options.reporter, step, len(items)):
        waiting = []
        for item in items:
            state = _state(item, options.existing)
            if state == "do":
                waiting.append(item)
            elif state == "keep":
                report.kept.append(item.key)
                options.reporter.advance(item.key, "kept")
            else:
                _note(report, item.key, _Outcome("failed", state), options.reporter)
        execute = _in_this_process if options.jobs == 1 or len(waiting) < 2 else _in_workers
        with closing(execute(waiting, options.jobs)) as outcomes:
            for item, outcome in outcomes:
                if outcome.status == "stop":
                    done = len(report.done) + len(report.kept)
                    raise OutputError(f"{outcome.message} ({done} of {len(items)} items are done and kept)")
                _note(report, item.key, outcome, options.reporter)
    return report


def read_record(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the record at `path`, or None when it is missing, unreadable or made from other inputs."""
    record = _load(path)
    return record if record is not None and record.get("fingerprint") == fingerprint else None


def _load(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _refuse_doubles(items: Sequence[Item]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.key in seen:
            raise InputError(f"item {item.key!r} stands twice in one step, expected each key once")
        seen.add(item.key)


def _state(item: Item, existing: Existing) -> str:
    """Return `do`, `keep`, or the reason why the item must not be done."""
    there = [path for path in item.outputs if path.exists()]
    recorded = item.record.exists()
    if existing is Existing.ERROR and (there or recorded):
        path = (there or [item.record])[0]
        raise InputError(f"{path} exists and --existing is error; use --existing keep or redo, or another folder")
    if existing is Existing.REDO:
        return "do"
    if read_record(item.record, item.fingerprint) is not None and len(there) == len(item.outputs):
        return "keep"
    if item.guard_outputs and (there or recorded) and "fingerprint" not in (_load(item.record) or {}):
        path = (there or [item.record])[0]
        return f"{path} was not made by vmtbench and is kept; move it away, or run with --existing redo"
    return "do"


def _note(report: Report, key: str, outcome: _Outcome, reporter: Reporter) -> None:
    if outcome.status == "done":
        report.done.append(key)
        reporter.advance(key, "done")
        return
    message = " ".join(outcome.message.split())
    report.failed[key] = message
    if outcome.trace:
        report.traces[key] = outcome.trace
    reporter.advance(key, "failed", message)


def _perform(item: Item) -> _Outcome:
    """Do one item and write its record; runs in this process or in a worker."""
    outcome = _attempt(item)
    if item.guard_outputs and outcome.status == "failed":
        remove(item.record)
    return outcome


def _take_over(item: Item) -> None:
    """Mark guarded outputs as the engine's before they are made: a run killed halfway must know its own again."""
    write_json_atomic(item.record, {"fingerprint": ""})
    for path in item.outputs:
        remove(path)


def _attempt(item: Item) -> _Outcome:
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.2, max=5),
    )
    try:
        if item.guard_outputs:
            _take_over(item)
        result = retrying(item.work)
        write_json_atomic(item.record, {"fingerprint": item.fingerprint, **result})
    except RetryError as error:
        last = error.last_attempt.exception()
        return _Outcome("failed", f"{last} (tried {ATTEMPTS} times)", traceback.format_exc())
    except OutputError as error:
        return _Outcome("stop", str(error))
    except VmtbenchError as error:
        return _Outcome("failed", str(error))
    except MemoryError:
        return _Outcome("failed", "this machine's memory ran out; use fewer --jobs or smaller clips")
    except Exception as error:
        return _unexpected(error)
    return _Outcome("done")


def _unexpected(error: Exception) -> _Outcome:
    found = f"unexpected {type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))
    return _Outcome("failed", f"{found}; run again with --debug for the trace and report it", trace)


def _in_this_process(items: Sequence[Item], jobs: int) -> Generator[tuple[Item, _Outcome], None, None]:
    for item in items:
        yield item, _perform(item)


def _in_workers(items: Sequence[Item], jobs: int) -> Generator[tuple[Item, _Outcome], None, None]:
    """Yield outcomes as workers finish; only a few items are handed out ahead, however many there are."""
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    from pebble import ProcessExpired, ProcessPool

    pool = ProcessPool(jobs, initializer=_follow_parent, context=multiprocessing.get_context("spawn"))
    queue: list[tuple[Item, int]] = [(item, 1) for item in reversed(items)]
    running: dict[Future[_Outcome], tuple[Item, int]] = {}
    finished = False
    try:
        while queue or running:
            while queue and len(running) < 2 * jobs:
                item, attempt = queue.pop()
                running[pool.submit(_perform, None, item)] = item, attempt
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                item, attempt = running.pop(future)
                try:
                    yield item, future.result()
                except ProcessExpired as death:
                    if attempt < ATTEMPTS:
                        queue.append((item, attempt + 1))
                        continue
                    found = f"its worker died {attempt} times (exit status {death.exitcode})"
                    yield item, _Outcome("failed", f"{found}, most likely out of memory; use fewer --jobs")
                except Exception as error:  # the item could not be sent to a worker
                    yield item, _unexpected(error)
        finished = True
    finally:
        if finished:
            pool.close()
        else:
            pool.stop()
        pool.join()


def _follow_parent() -> None:
    """End this worker when the process that started it is gone, however that happened."""
    import multiprocessing
    import os
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_and_leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_leave, daemon=True).start()


def failures(report: Report) -> Iterable[tuple[str, str]]:
    """Return (key, reason) of failed items in the order of their keys."""
    return sorted(report.failed.items())
