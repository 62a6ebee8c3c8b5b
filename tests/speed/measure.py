"""What the speed scripts share: clocks, memory, and a small benchmark with videos to score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from annotate.build import build
from annotate.settings import BuildSettings, FollowSettings
from benchmark.masks import write_mask
from benchmark.rendered.catalogue import demo_scenes
from benchmark.rendered.render import render
from benchmark.store import Benchmark, write_benchmark
from benchmark.video import write_video
from methods.run import MethodSpec, run_method


@dataclass
class Spent:
    """Seconds by the clock on the wall, and of all cores together."""

    wall: float = 0
    cpu: float = 0

    def per(self, count: int) -> Spent:
        """Share it among `count` pieces of work."""
        return Spent(self.wall / count, self.cpu / count)


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure a block in this process."""
    result = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield result
    result.wall, result.cpu = time.perf_counter() - wall, time.process_time() - cpu


def best_of(work: Callable[[], Any], repeats: int = 3) -> Spent:
    """Return the shortest of each clock over `repeats` calls after a first that is not counted."""
    work()
    runs = []
    for _ in range(repeats):
        with spent() as run:
            work()
        runs.append(run)
    return Spent(min(run.wall for run in runs), min(run.cpu for run in runs))


def memory(field: str = "VmRSS") -> float:
    """Return a size of this process in MB, by its name in Linux' `/proc/self/status`."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) / 1000


def make_benchmark(folder: Path, clips: int, prompts: int, frames: int, size: tuple[int, int]) -> Benchmark:
    """Render clips of `frames` frames and (height, width) `size`, and build a benchmark of them, tracked by DIS."""
    source = folder / "clips"
    for scene in demo_scenes()[:clips]:
        made = render(replace(scene, frames=frames, height=size[0], width=size[1]))
        (source / "masks" / scene.name).mkdir(parents=True)
        write_video(source / f"{scene.name}.mp4", made.frames, 12)
        write_mask(source / "masks" / scene.name / "00000.png", (made.masks[0] > 0).astype("uint8"))
    settings = BuildSettings(follow=FollowSettings(points=100), name="speed")
    bench = build(source, folder / "bench", settings).benchmark
    fewer = [clip.model_copy(update={"prompts": clip.prompts[:prompts]}) for clip in bench.clips]
    return write_benchmark(bench.root, bench.info, fewer)


def make_videos(bench: Benchmark, out: Path, methods: tuple[str, ...] = ("recolour",)) -> Path:
    """Let control methods make a video of every clip and prompt, each with other bytes, and return `out`."""
    for name in methods:
        run_method(MethodSpec(name, name), bench, out)
    return out
