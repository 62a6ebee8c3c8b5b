from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmark.masks import write_mask
from benchmark.sequence import Sequence
from benchmark.video import write_video

FRAMES, HEIGHT, WIDTH = 8, 48, 64


def _pictures(count: int = FRAMES) -> NDArray[np.uint8]:
    """A textured square that moves right by 2 px per frame over a textured ground, uint8 [T, 48, 64, 3]."""
    rng = np.random.default_rng(0)
    ground = rng.integers(60, 120, (HEIGHT // 4, WIDTH // 4, 3)).repeat(4, 0).repeat(4, 1)
    square = rng.integers(130, 255, (5, 5, 3)).repeat(4, 0).repeat(4, 1)
    frames = np.repeat(ground[None], count, axis=0)
    for t in range(count):
        frames[t, 14:34, 10 + 2 * t : 30 + 2 * t] = square
    return frames.astype(np.uint8)


def _mask(frame: int, index: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[14:34, 10 + 2 * frame : 30 + 2 * frame] = index
    return mask


@pytest.fixture
def pictures() -> Callable[..., NDArray[np.uint8]]:
    """Render a square that moves right by 2 px per frame, uint8 [T, 48, 64, 3]."""
    return _pictures


@pytest.fixture
def mask_of() -> Callable[..., NDArray[np.uint8]]:
    """Return the square's mask in a frame, uint8 [48, 64]."""
    return _mask


def _write_davis(root: Path, name: str, count: int) -> None:
    frames, masks = (root / kind / "480p" / name for kind in ("JPEGImages", "Annotations"))
    frames.mkdir(parents=True)
    for t, picture in enumerate(_pictures(count)):
        Image.fromarray(picture).save(frames / f"{t:05d}.jpg", quality=98, subsampling=0)
        write_mask(masks / f"{t:05d}.png", _mask(t))


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    """A data set in the shape of DAVIS: `bear` and `dog` of 8 frames, `swan` of 6; every frame has its mask."""
    root = tmp_path / "DAVIS"
    for name, count in (("bear", FRAMES), ("dog", FRAMES), ("swan", 6)):
        _write_davis(root, name, count)
    split = root / "ImageSets" / "2017" / "val.txt"
    split.parent.mkdir(parents=True)
    split.write_text("bear\ndog\nswan\n")
    return root


@pytest.fixture
def bear(davis: Path) -> Sequence:
    """The sequence `bear` of `davis`."""
    images, masks = (davis / kind / "480p" / "bear" for kind in ("JPEGImages", "Annotations"))
    return Sequence(
        dataset="davis-2017",
        name="bear",
        images=tuple(sorted(images.iterdir())),
        fps=24.0,
        masks=dict(enumerate(sorted(masks.iterdir()))),
    )


def _trajectories() -> torch.Tensor:
    """Twelve points that move with the square, [8, 12, 3] of (x / W, y / H, visible); hidden at frame 0 and at 7."""
    rng = np.random.default_rng(1)
    start = rng.integers([13, 15], [29, 33], (12, 2))
    xy = start[None] + np.array([2, 0]) * (np.arange(FRAMES)[:, None, None] - 1)
    visible = np.ones((FRAMES, 12, 1))
    visible[[0, 7]] = 0
    return torch.from_numpy(np.concatenate([xy / [WIDTH, HEIGHT], visible], axis=2).astype(np.float32))


@pytest.fixture
def mtbench(tmp_path: Path) -> Path:
    """A data set in the shape of MTBench with the one clip `square`: soft masks, trajectories, two prompts."""
    root = tmp_path / "MTBench"
    for folder in ("videos", "masks/square", "trajectories"):
        (root / folder).mkdir(parents=True)
    write_video(root / "videos" / "square.mp4", _pictures(), 8)
    soft = Image.fromarray(_mask(0, 255)).resize((WIDTH // 2, HEIGHT // 2)).resize((WIDTH, HEIGHT))
    for t in range(12):
        soft.save(root / "masks" / "square" / f"{t:05d}.png")
    torch.save(_trajectories(), root / "trajectories" / "square.pth")
    (root / "prompts.txt").write_text("A square is sliding over a carpet.")
    (root / "eval_prompts.txt").write_text(" A robot is sliding on the moon. \nA cat is sliding on ice.")
    return root
