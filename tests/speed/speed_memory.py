"""Memory of scoring: whether it stays flat over many videos, and what one long, large video takes."""

from __future__ import annotations

import resource
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import make_benchmark, make_videos, memory
from numpy.typing import NDArray
from speed_weights import write_weights

from benchmark.engine import WorkOptions
from benchmark.generated import video_path
from benchmark.progress import Outcome
from benchmark.video import write_video
from metrics.protocol import read_protocol
from metrics.scoring import score
from metrics.settings import JudgeSettings


def many(videos: int = 100, *, every: int = 10) -> list[dict[str, Any]]:
    """Score `videos` small videos in one process and read its memory after each `every`."""
    readings: list[dict[str, Any]] = []

    class Reader:
        """A reporter that looks at memory."""

        done = 0

        def start(self, step: str, total: int) -> None: ...

        def advance(self, key: str, outcome: Outcome, message: str = "") -> None:
            self.done += 1
            if self.done % every == 0:
                readings.append({"what": f"memory after {self.done} videos", "rss_mb": memory()})

        def stop(self) -> None: ...

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bench = make_benchmark(root, clips=5, prompts=4, frames=16, size=(192, 256))
        out, first = make_videos(bench, root / "out", ("recolour",)), "recolour"
        copies = -(-videos // sum(len(clip.prompts) for clip in bench.clips))
        for number in range(1, copies):
            shutil.copytree(out / first, out / f"{first}-{number}")
            for path in (out / f"{first}-{number}").glob(
                "*/*.mp4"
            ):  # other bytes, so that nothing is found in the cache
                with path.open("ab") as file:
                    file.write(b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
        protocols = [read_protocol(name) for name in ("mtbench", "ditflow")]
        settings = JudgeSettings(weights=write_weights(root / "weights"))
        score(out, bench, root / "scores", protocols, settings=settings, options=WorkOptions(reporter=Reader()))
    return readings


def large(frames: int = 1000, size: tuple[int, int] = (1080, 1920)) -> dict[str, Any]:
    """Score one video of `frames` frames and (height, width) `size` under mtbench; nothing of it is in any cache."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bench = make_benchmark(root, clips=1, prompts=1, frames=16, size=(270, 480))
        clip = bench.clips[0]
        path = video_path(root / "out", "long", clip.id, clip.prompts[0].id, 0, several=False)
        path.parent.mkdir(parents=True)
        write_video(path, drifting_noise(frames, size), clip.video.fps)
        settings = JudgeSettings(weights=write_weights(root / "weights"))
        with peaks() as found:
            scored = score(root / "out", bench, root / "scores", [read_protocol("mtbench")], settings=settings)
        failed = scored.report.failed or scored.unavailable
    return {"what": f"one video, {frames} frames of {size[1]}x{size[0]}", "failed": failed, **found}


def drifting_noise(count: int, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of a smooth random texture that drifts by 3 px across and 1 px down per frame."""
    import cv2

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (size[0] // 8, size[1] // 8, 3), np.uint8)
    texture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    for t in range(count):
        yield np.roll(texture, (t, 3 * t), axis=(0, 1))


class peaks:
    """Watch this process every 50 ms, and give the most of it that was resident, all in all and beside files."""

    def __enter__(self) -> dict[str, float]:
        self._found, self._over = {"rss_mb": 0.0, "anonymous_mb": 0.0}, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self._found

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._found["rss_mb"] = max(self._found["rss_mb"], memory())
            self._found["anonymous_mb"] = max(self._found["anonymous_mb"], memory("RssAnon"))

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
