from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark import progress
from benchmark.engine import Item, WorkOptions, run_items
from benchmark.errors import ItemError
from benchmark.progress import Bar, PlainLines, Silent, reported, reporter_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that stands still but for what a test lets pass."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def passed(seconds: float) -> None:
        now[0] += seconds

    return passed


def test_a_plain_line_says_step_count_outcome_and_time_left(pass_time: Callable[[float], None]) -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.start("cut", 3)
    pass_time(60)
    lines.advance("bear", "done")
    lines.advance("dog", "failed", "no frames")
    lines.stop()
    assert stream.getvalue() == "cut 1/3 done bear, 0:02:00 left\ncut 2/3 failed dog, 0:00:30 left: no frames\n"


def test_more_than_a_day_left_is_not_cut_to_hours(pass_time: Callable[[float], None]) -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.start("run", 31)
    pass_time(3600)
    lines.advance("bear", "done")
    assert "1 day, 6:00:00 left" in stream.getvalue()


def test_what_was_kept_is_summed_up_and_does_not_shorten_the_time_left(pass_time: Callable[[float], None]) -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.start("cut", 12)
    for number in range(10):
        lines.advance(f"clip{number}", "kept")
    pass_time(60)
    lines.advance("bear", "done")
    lines.stop()
    assert stream.getvalue().splitlines() == [
        "cut 11/12 done bear, 0:01:00 left",
        "cut: 10 of 12 were done before and kept",
    ]


def test_a_bar_counts_and_prints_failures_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    with reported(bar, "cut", 2):
        bar.advance("bear", "done")
        bar.advance("dog", "failed", "field [bold] is wrong")
    err = capsys.readouterr().err
    assert "failed dog: field [bold] is wrong" in err
    assert "2/2" in err


def test_a_step_of_nothing_has_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with reported(Bar(), "cut", 0):
        pass
    assert "0/0" in capsys.readouterr().err


def test_a_terminal_gets_a_bar_a_log_lines_and_quiet_nothing() -> None:
    assert isinstance(reporter_for(Terminal(), quiet=False), Bar)
    assert isinstance(reporter_for(io.StringIO(), quiet=False), PlainLines)
    assert isinstance(reporter_for(Terminal(), quiet=True), Silent)


def test_a_reporter_is_stopped_however_the_step_ends() -> None:
    stopped = []

    class Reporter(Silent):
        def stop(self) -> None:
            stopped.append(True)

    with pytest.raises(KeyboardInterrupt), reported(Reporter(), "cut", 1):
        raise KeyboardInterrupt
    assert stopped == [True]


def test_the_engine_reports_each_item_once(tmp_path: Path) -> None:
    def fail() -> dict[str, int]:
        raise ItemError("no frames")

    stream = io.StringIO()
    items = [Item("a", {}, dict, tmp_path / "a.json"), Item("b", {}, fail, tmp_path / "b.json")]
    for _ in range(2):
        run_items("cut", items, WorkOptions(reporter=PlainLines(stream)))
    lines = [line.split(", ")[0] for line in stream.getvalue().splitlines()]
    assert lines == ["cut 1/2 done a", "cut 2/2 failed b", "cut 2/2 failed b", "cut: 1 of 2 were done before and kept"]
    assert all(line.endswith("left: no frames") for line in stream.getvalue().splitlines() if " failed " in line)
