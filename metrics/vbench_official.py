"""The official VBench 0.1.5 as a peer of our own formulas: run in its environment, its answer read back.

It takes weights from a folder laid out for it, and downloads what is not there.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from benchmark.errors import InputError, ItemError
from benchmark.files import fingerprint, make_output_folder, replace_atomically
from benchmark.registry import unknown
from metrics.result import Score
from metrics.vbench_environment import DIMENSIONS, environment_python, last_line, run_logged

# VBench's own launcher starts a process group on GPUs and nothing else; this does the same without one.
_DRIVER = """
import sys, torch
from vbench import VBench
device, videos, output, *dimensions = sys.argv[1:]
VBench(torch.device(device), None, output).evaluate(
    videos_path=videos, name="vmtbench", dimension_list=dimensions, local=True, mode="custom_input"
)
"""

# OpenAI's code reads TorchScript archives; open_clip names the same tensors alike, so the names alone are nested.
_EXPORT = """
import sys, torch
from safetensors.torch import load_file
source, target = sys.argv[1:]
root = torch.nn.Module()
for name, tensor in load_file(source).items():
    module = root
    *folders, leaf = name.split(".")
    for folder in folders:
        if folder not in module._modules:
            module.add_module(folder, torch.nn.Module())
        module = module._modules[folder]
    module.register_buffer(leaf, tensor)
torch.jit.script(root).save(target)
"""

# Our name of the weights, our file, and where VBench or torch.hub look for it.
_PLACES = (
    ("dino-vitb16", "dino_vitbase16_pretrain.pth", "dino_model/dino_vitbase16_pretrain.pth"),
    ("dino-vitb16", "dino_vitbase16_pretrain.pth", "torch/hub/checkpoints/dino_vitbase16_pretrain.pth"),
    ("dino-vitb16", "facebookresearch_dino_main", "dino_model/facebookresearch_dino_main"),
    ("laion-aesthetic", "sa_0_4_vit_l_14_linear.pth", "aesthetic_model/emb_reader/sa_0_4_vit_l_14_linear.pth"),
    ("amt-s", "amt-s.pth", "amt_model/amt-s.pth"),
    ("clip-vit-b-32", "open_clip_model.safetensors", "clip_model/ViT-B-32.pt"),
    ("clip-vit-l-14", "open_clip_model.safetensors", "clip_model/ViT-L-14.pt"),
)


@dataclass(frozen=True)
class OfficialRun:
    """What VBench answered.

    Attributes:
        scores: for each dimension one score per video, in the order of the videos; its one term is VBench's number.
        means: VBench's own benchmark mean of each dimension, frame-weighted for the two consistencies.
    """

    scores: Mapping[str, tuple[Score, ...]]
    means: Mapping[str, Score]


def run_official(
    videos: Sequence[Path],
    dimensions: Sequence[str],
    cache: Path,
    log: Path,
    *,
    weights: Mapping[str, Path],
    device: str = "cpu",
) -> OfficialRun:
    """Run VBench's own code on videos, each an MP4 file of 3 frames or more.

    Args:
        videos: MP4 files.
        dimensions: of `DIMENSIONS`.
        cache: folder that holds the environment, and the weights as VBench wants them.
        log: file that keeps what VBench printed.
        weights: folders of `dino-vitb16`, `clip-vit-b-32`, `clip-vit-l-14`, `laion-aesthetic` and `amt-s`, as many of
            them as there are; VBench downloads the others.
        device: `cpu` or `cuda`.

    Raises:
        Unavailable: the environment is not there.
        InputError: no video, one that is not MP4, an unknown dimension, or weights that are broken.
        ItemError: VBench failed; the message names the log.
    """
    python = environment_python(cache)
    _check(videos, dimensions)
    log.unlink(missing_ok=True)
    home = _lay_out(weights, cache.absolute() / "vbench-weights", python, log)
    variables = {"VBENCH_CACHE_DIR": str(home), "TORCH_HOME": str(home / "torch")}
    with tempfile.TemporaryDirectory(prefix="vbench-", dir=cache.absolute()) as made:
        work, names = Path(made), [f"{index:06d}.mp4" for index in range(len(videos))]
        (work / "videos").mkdir()
        for name, video in zip(names, videos, strict=True):
            (work / "videos" / name).symlink_to(video.resolve())
        # isolated, so that nothing of this process's Python reaches the other one
        command = [str(python), "-Iu", "-c", _DRIVER, device, str(work / "videos"), str(work), *dimensions]
        if status := run_logged(command, log, work, variables):
            raise ItemError(f"VBench stopped with exit status {status} ({last_line(log)}); see {log}")
        return _read(work / "vmtbench_eval_results.json", names, dimensions, log)


def _check(videos: Sequence[Path], dimensions: Sequence[str]) -> None:
    for dimension in dimensions:
        if dimension not in DIMENSIONS:
            raise unknown("VBench dimension", dimension, DIMENSIONS)
    if not videos or not dimensions:
        raise InputError("VBench has nothing to do; name at least one video and one dimension")
    for video in videos:
        if video.suffix != ".mp4":
            raise InputError(f"{video} is not an .mp4 file, which is all that VBench reads; encode it as one")


def _read(path: Path, names: Sequence[str], dimensions: Sequence[str], log: Path) -> OfficialRun:
    try:
        answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values = {
            dimension: {Path(row["video_path"]).name: row["video_results"] for row in answer[dimension][1]}
            for dimension in dimensions
        }
        scores = {dimension: tuple(_score(of_video[name]) for name in names) for dimension, of_video in values.items()}
        return OfficialRun(scores, {dimension: _score(answer[dimension][0]) for dimension in dimensions})
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ItemError(f"VBench's answer cannot be read ({type(error).__name__}: {error}); see {log}") from error


def _score(value: float) -> Score:
    if not math.isfinite(value):
        return Score.undefined("nonfinite", "VBench's own number is not finite; look at the video", n_total=1)
    return Score.ok(value, n_used=1)


def _lay_out(weights: Mapping[str, Path], root: Path, python: Path, log: Path) -> Path:
    """Lay out weights under `root` as VBench looks for them, a folder for each set of them, and return it."""
    given = [
        (weights[name] / file, place)
        for name, file, place in _PLACES
        if name in weights and (weights[name] / file).exists()
    ]
    state = {place: (str(path.resolve()), path.stat().st_mtime_ns, path.stat().st_size) for path, place in given}
    home = root / (fingerprint(state)[:12] if state else "downloaded")
    make_output_folder(home)
    with FileLock(home / "lock"):
        for path, place in given:
            target = home / place
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".safetensors":
                _export_clip(path, target, python, log)
            else:
                target.symlink_to(path.resolve())
    return home


def _export_clip(path: Path, target: Path, python: Path, log: Path) -> None:
    with replace_atomically(target) as part:
        if run_logged([str(python), "-Iu", "-c", _EXPORT, str(path.resolve()), str(part)], log, target.parent):
            raise InputError(f"CLIP weights in {path} cannot be given to VBench ({last_line(log)}); fetch them again")
