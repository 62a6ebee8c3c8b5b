"""The command line, run in this process or as processes of its own, and a tiny chain from clips to videos."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from benchmark.masks import write_mask
from benchmark.rendered.catalogue import resting_crate, sliding_tiles, tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.video import write_video
from vmtbench import api
from vmtbench.cli import main

FRAMES, HEIGHT, WIDTH = 8, 64, 96


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    def refuses(self, *words: str) -> None:
        """Check that the command did not start: status 2, and one line on stderr that holds all `words`."""
        assert self.status == 2, self
        self._is_one_line("vmtbench: ", words)

    def stops(self, *words: str) -> None:
        """Check that the command gave up halfway: status 1, and one line on stderr that holds all `words`."""
        assert self.status == 1, self
        self._is_one_line("vmtbench: ", words)

    def fails(self, items: int, *words: str) -> None:
        """Check that so many items failed: status 1, and on stderr a line for each that holds all `words`."""
        assert self.status == 1, self
        lines = self.err.splitlines()
        assert len(lines) == items, self
        for line in lines:
            assert line.startswith("failed "), line
            assert not [word for word in words if word not in line], line

    def succeeds(self) -> None:
        """Check that all was done and nothing complained of."""
        assert (self.status, self.err) == (0, ""), self

    def _is_one_line(self, start: str, words: tuple[str, ...]) -> None:
        assert self.err.startswith(start), self
        assert len(self.err.splitlines()) == 1, self
        assert not [word for word in words if word not in self.err], self


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command line in this process."""

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["vmtbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capfd.readouterr()
        return Result(int(leaving.value.code or 0), out, err)

    return run


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., BaseProcess]:
    """Start the command line as a process of its own, forked from a server that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["vmtbench.cli", "annotate.build", "methods.controls", "metrics.scoring", "pandas"])

    def run(*arguments: object) -> BaseProcess:
        monkeypatch.setattr(sys, "argv", ["vmtbench", *map(str, arguments)])  # handed on to the process
        process = context.Process(target=main)
        process.start()
        return process

    return run


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rendered videos of 8 frames, 96x64, with masks and captions, as `vmtbench build` reads them."""
    folder = tmp_path_factory.mktemp("source") / "clips"
    scenes = [
        replace(scene, frames=FRAMES, height=HEIGHT, width=WIDTH)
        for scene in (resting_crate(), sliding_tiles(), tumbling_dumbbell())
    ]
    (folder / "masks").mkdir(parents=True)
    for scene in scenes:
        clip = render(scene)
        write_video(folder / f"{scene.name}.mp4", clip.frames, scene.fps)
        for frame, mask in enumerate(clip.masks):
            write_mask(folder / "masks" / scene.name / f"{frame:05d}.png", mask)
    lines = [f'{scene.name},"{scene.caption}"\n' for scene in scenes]
    (folder / "captions.csv").write_text("clip,caption\n" + "".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def own_clips(clips: Path, tmp_path: Path) -> Path:
    """A copy of `clips` that a test may change."""
    return shutil.copytree(clips, tmp_path / "clips")


@pytest.fixture(scope="session")
def made(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark built of `clips`. Change nothing."""
    folder = tmp_path_factory.mktemp("made") / "bench"
    assert not api.build(clips, folder).report.failed
    return folder


@pytest.fixture
def own_made(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` that a test may change."""
    return shutil.copytree(made, tmp_path / "bench")


@pytest.fixture(scope="session")
def videos(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The videos of the control `copy` for `made`. Change nothing."""
    folder = tmp_path_factory.mktemp("generated") / "out"
    assert not api.run(["copy"], made, folder).failed
    return folder


@pytest.fixture
def own_videos(videos: Path, tmp_path: Path) -> Path:
    """A copy of `videos` that a test may change."""
    return shutil.copytree(videos, tmp_path / "out")


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, bytes]]:
    """Return every file below a folder, by its path in it, but for the lock."""

    def read(folder: Path) -> dict[str, bytes]:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    return read
