"""A tiny benchmark of rendered clips, made once, and real processes that are killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.files import sha256_of_file
from benchmark.manifest import BenchmarkInfo, Clip
from benchmark.masks import write_mask
from benchmark.rendered.catalogue import resting_crate, sliding_tiles, tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.rendered.scene import Scene
from benchmark.store import Benchmark, read_benchmark, write_benchmark
from benchmark.tracks import write_tracks
from benchmark.video import write_video

FRAMES, HEIGHT, WIDTH = 5, 64, 96
SECONDS = 60
"""After which a child process is given up."""


def _write_clip(root: Path, scene: Scene, *, annotated: bool = True) -> Clip:
    """Render a scene into a benchmark folder; without annotations it has a video and prompts alone."""
    made = render(scene)
    video, tracks = root / "videos" / f"{scene.name}.mp4", root / "tracks" / f"{scene.name}.npz"
    video.parent.mkdir(parents=True, exist_ok=True)
    encoder = write_video(video, made.frames, scene.fps)
    record: dict[str, Any] = {
        "file_name": f"videos/{scene.name}.mp4",
        "id": scene.name,
        "source": {"dataset": "rendered", "sequence": scene.name},
        "video": {
            "fps": scene.fps,
            "frames": scene.frames,
            "height": scene.height,
            "width": scene.width,
            "sha256": sha256_of_file(video),
            "encoder": asdict(encoder),
        },
        "caption": scene.caption,
        "verb": scene.verb,
        "category": scene.category,
        "prompts": [
            {"id": "p0", "kind": "caption", "text": scene.caption},
            {"id": "p1", "kind": "foreground_background", "text": f"A robot is {scene.verb} on the moon."},
        ],
    }
    if annotated:
        for frame, mask in enumerate(made.masks):
            write_mask(root / "masks" / scene.name / f"{frame:05d}.png", mask)
        write_tracks(tracks, made.tracks)
        record |= {
            "objects": [{"index": index, "category": name} for index, name in enumerate(scene.objects, start=1)],
            "masks": {"folder": f"masks/{scene.name}", "frames": range(scene.frames), "annotator": "rendered"},
            "tracks": {
                "file": f"tracks/{scene.name}.npz",
                "sha256": sha256_of_file(tracks),
                "tracker": "exact",
                "sampler": "rendered",
                "points": len(made.tracks.points),
                "query_frame": 0,
                "visible_share": float(made.tracks.visible.mean()),
            },
            "difficulty": {"recipe": "rendered", "level": "easy", "clusters": 1},
        }
    return Clip.model_validate(record)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Three clips of 5 frames, 96x64, with two prompts each; the last has neither masks nor tracks. Change nothing."""
    root = tmp_path_factory.mktemp("bench")
    scenes = [
        replace(scene, frames=FRAMES, height=HEIGHT, width=WIDTH)
        for scene in (resting_crate(), sliding_tiles(), tumbling_dumbbell())
    ]
    clips = [_write_clip(root, scene, annotated=scene.name != "tumbling-dumbbell") for scene in scenes]
    return write_benchmark(root, BenchmarkInfo(name="tiny"), clips)


@pytest.fixture
def own_bench(bench: Benchmark, tmp_path: Path) -> Benchmark:
    """A copy of `bench` that a test may change."""
    return read_benchmark(shutil.copytree(bench.root, tmp_path / "own_bench"))


@dataclass(frozen=True)
class Script:
    """A Python program in a file of its own, run in a real child process."""

    path: Path

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start it in a process group of its own."""
        command = [sys.executable, str(self.path), *map(str, arguments)]
        return subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def run(self, *arguments: object) -> str:
        """Run it to its end and return what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
        return out


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Script]:
    """Write a program; what it defines at its top can be sent to worker processes."""

    def write(text: str, name: str = "program.py") -> Script:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Script(path)

    return write


@pytest.fixture
def names_in() -> Callable[[Path], list[str]]:
    """Names of what lies in a folder, sorted."""
    return lambda folder: sorted(path.name for path in folder.iterdir())


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def ended() -> Callable[[int], bool]:
    """Wait at most 10 s for a process, by its number, to end; a zombie that nobody has waited for has ended."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc to see whether a process runs")

    def wait(process: int) -> bool:
        until = time.monotonic() + 10
        while _runs(process) and time.monotonic() < until:
            time.sleep(0.02)
        return not _runs(process)

    return wait


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Write a module that this process and its workers can import, and import it."""
    folder = tmp_path / "modules"

    def write(name: str, text: str) -> Any:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return write


_KILLED_EVERYWHERE = """
import os, shutil, signal, sys
from pathlib import Path

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}

def content(root):
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and counts(path)}

def counts(path):
    return path.name != "lock"

def killed_before_event(number, root):
    child = os.fork()
    if child == 0:
        seen = 0
        def watch(event, _):
            nonlocal seen
            seen += event in EVENTS
            if event in EVENTS and seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        work(root)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
{body}

root = Path(sys.argv[1])
def fresh():
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    begin(root)

fresh()
work(root)
expected, number = content(root), 0
while True:
    fresh()
    number += 1
    if not killed_before_event(number, root):
        break
    left = sorted(content(root))
    work(root)
    again = content(root)
    different = sorted(name for name in {*expected, *again} if expected.get(name) != again.get(name))
    assert not different, f"killed before event {number}, which left {left}, these differ afterwards: {different}"
print(number - 1)
"""


@pytest.fixture
def killed_everywhere(script: Callable[[str], Script], tmp_path: Path) -> Callable[[str], int]:
    """Run a program that defines `begin(root)` and `work(root)`, killed by SIGKILL before each of its file operations.

    After each kill `work(root)` runs again, and must leave the bytes of an uninterrupted run. Returns the number of
    kills.
    """

    def run(body: str) -> int:
        program = script(_KILLED_EVERYWHERE.replace("{body}", textwrap.dedent(body)))
        return int(program.run(tmp_path / "killed" / "root"))

    return run
