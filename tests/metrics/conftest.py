from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from annotate import trackers
from annotate.build import build
from annotate.settings import BuildSettings, FollowSettings
from benchmark.masks import write_mask
from benchmark.rendered.catalogue import sliding_tiles, tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.store import Benchmark, read_benchmark, write_benchmark
from benchmark.video import write_video
from methods.run import MethodSpec, run_method

# The first example pays for starting torch, which on a busy machine exceeds any sensible deadline.
settings.register_profile("metrics", deadline=None)
settings.load_profile("metrics")

CLIP_CONFIG = {
    "model_cfg": {
        "embed_dim": 16,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 224, "layers": 2, "width": 64, "head_width": 32, "patch_size": 32},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    },
}


@pytest.fixture(autouse=True, scope="session")
def _offline() -> None:
    """No test of this folder may ask the hub for anything, nor a process that it starts."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def save_clip(folder: Path, *, quick_gelu: bool = True, seed: int = 0) -> None:
    """Write a tiny random CLIP in open_clip's own layout."""
    import open_clip
    from safetensors.torch import save_file

    config = CLIP_CONFIG["model_cfg"] | {"quick_gelu": quick_gelu}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(**config)
        for tensor in model.parameters():  # livelier than as initialised, so that frames and prompts differ
            tensor.data += 0.1 * torch.randn_like(tensor)
        model.logit_scale.data.fill_(torch.log(torch.tensor(100.0)))
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(CLIP_CONFIG | {"model_cfg": config}), encoding="utf-8")
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")


def save_dino(folder: Path, *, seed: int = 0) -> None:
    """Write a tiny random DINOv2 and the image processor of the real one, in transformers' own layout."""
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    config = Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=518, patch_size=14)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(
        size={"shortest_edge": 256},
        crop_size={"height": 224, "width": 224},
        resample=3,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights with a tiny CLIP and a tiny DINOv2. Change nothing."""
    folder = tmp_path_factory.mktemp("weights")
    save_clip(folder / "clip-vit-b-32")
    save_dino(folder / "dinov2-base")
    return folder


@pytest.fixture
def own_weights(weights: Path, tmp_path: Path) -> Path:
    """A copy of `weights` that a test may change."""
    return shutil.copytree(weights, tmp_path / "own_weights")


@pytest.fixture(scope="session")
def other_clip() -> Callable[[Path, bool], None]:
    """Write another tiny CLIP than that of `weights`, with or without the quick GELU."""
    return lambda folder, quick_gelu: save_clip(folder, quick_gelu=quick_gelu, seed=1)


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hub's cache is an empty folder, whatever the machine has."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Two clips of 9 frames, 160x120, with 30 points each, tracked by DIS, and two prompts. Change nothing."""
    source, root = tmp_path_factory.mktemp("clips"), tmp_path_factory.mktemp("built") / "bench"
    for scene in (sliding_tiles(), tumbling_dumbbell()):
        made = render(replace(scene, frames=9, height=120, width=160))
        write_video(source / f"{scene.name}.mp4", made.frames, 12)
        mask = source / "masks" / scene.name / "00000.png"
        write_mask(mask, (made.masks[0] > 0).astype(np.uint8))
    settings = BuildSettings(follow=FollowSettings(points=30), name="tracked")
    made = build(source, root, settings).benchmark
    clips = [clip.model_copy(update={"prompts": clip.prompts[:2]}) for clip in made.clips]
    return write_benchmark(root, made.info, clips)


@pytest.fixture
def own_tracked(tracked: Benchmark, tmp_path: Path) -> Benchmark:
    """A copy of `tracked` that a test may change."""
    return read_benchmark(shutil.copytree(tracked.root, tmp_path / "own_tracked"))


@pytest.fixture(scope="session")
def videos(tracked: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What five control methods make of `tracked`. Change nothing."""
    out = tmp_path_factory.mktemp("videos")
    for name in ("copy", "recolour", "jitter", "static", "reverse"):
        assert not run_method(MethodSpec(name, name), tracked, out).failed
    return out


@pytest.fixture
def own_videos(videos: Path, tmp_path: Path) -> Path:
    """The videos of `copy` and `static`, which a test may change."""
    for name in ("copy", "static"):
        shutil.copytree(videos / name, tmp_path / "own_videos" / name)
    return tmp_path / "own_videos"


_RESTING = """
import numpy as np
from benchmark.tracks import Tracks

asked = []

class Resting:
    name = "resting"
    settings = {"strength": 1}
    grid_scale = "corners"

    def track(self, frames, queries, *, support_grid=True):
        asked.append((frames.shape, queries, support_grid))
        points = np.repeat(queries[:, None, 1:], len(frames), axis=1)
        return Tracks(points, np.ones(points.shape[:2], bool), queries)
"""


@pytest.fixture
def resting(importable: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Register a tracker `resting` that moves no point; the list tells what each call was asked: the frames' shape, the
    queries, and whether support may be added."""
    module = importable("resting_tracker", _RESTING)
    monkeypatch.setitem(trackers.TRACKERS, "resting", "resting_tracker:Resting")
    trackers._loaded.cache_clear()
    yield module.asked
    trackers._loaded.cache_clear()


def lively(state: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """Random weights in the shapes of `state`, of numbers that float16 holds, scale weights of norms about 1."""
    rng, filled = np.random.default_rng(seed), {}
    for name in sorted(state):
        noise = 0.1 * rng.standard_normal(tuple(state[name].shape)) + (state[name].ndim == 1 and "weight" in name)
        filled[name] = torch.from_numpy(np.asarray(noise, np.float16).astype(np.float32))
    return filled


def save_vbench_clip(folder: Path, patch: int, seed: int) -> None:
    """Write a tiny random CLIP whose heads have 64 channels, which OpenAI's own code takes for granted."""
    import open_clip
    from safetensors.torch import save_file

    config = {
        "embed_dim": 768,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 224, "layers": 2, "width": 128, "head_width": 64, "patch_size": patch},
        "text_cfg": {"context_length": 77, "vocab_size": 512, "width": 64, "heads": 1, "layers": 1},
    }
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(CLIP_CONFIG | {"model_cfg": config}), encoding="utf-8")
    save_file(lively(open_clip.CLIP(**config).state_dict(), seed), folder / "open_clip_model.safetensors")


@pytest.fixture(scope="session")
def vbench_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny random weights for VBench's dimensions but motion smoothness. Change nothing."""
    from timm.models.vision_transformer import VisionTransformer

    root = tmp_path_factory.mktemp("vbench_weights")
    save_vbench_clip(root / "clip-vit-b-32", patch=32, seed=1)
    save_vbench_clip(root / "clip-vit-l-14", patch=28, seed=2)
    for name in ("dino-vitb16", "laion-aesthetic"):
        (root / name).mkdir()
    dino = VisionTransformer(img_size=224, patch_size=16, embed_dim=64, depth=2, num_heads=1, num_classes=0)
    torch.save(lively(dino.state_dict(), seed=3), root / "dino-vitb16" / "dino_vitbase16_pretrain.pth")
    head = torch.nn.Linear(768, 1).state_dict()
    torch.save(lively(head, seed=4), root / "laion-aesthetic" / "sa_0_4_vit_l_14_linear.pth")
    return root


@pytest.fixture(scope="session")
def save_vit() -> Callable[[Path, bool], Any]:
    """Write a tiny random ViT as DINO v1 is published, or with a pooler beside it, and return the model."""
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    def save(folder: Path, pooler: bool) -> Any:
        config = ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
        with torch.random.fork_rng():
            torch.manual_seed(5)
            model = ViTModel(config, add_pooling_layer=pooler).eval()
            for tensor in model.parameters():  # livelier than as initialised, so that frames differ
                tensor.data += 0.1 * torch.randn_like(tensor)
        model.save_pretrained(folder)
        ViTImageProcessor(
            size={"height": 224, "width": 224},
            resample=3,
            image_mean=[0.485, 0.456, 0.406],
            image_std=[0.229, 0.224, 0.225],
        ).save_pretrained(folder)
        return model

    return save


@pytest.fixture(scope="session")
def every_weights(
    weights: Path,
    vbench_weights: Path,
    save_vit: Callable[[Path, bool], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder of tiny random weights of every backbone but AMT-S. Change nothing."""
    folder = shutil.copytree(weights, tmp_path_factory.mktemp("every") / "weights")
    for name in ("clip-vit-l-14", "dino-vitb16", "laion-aesthetic"):
        shutil.copytree(vbench_weights / name, folder / name)
    save_vit(folder / "dino-vitb16-hf", False)
    return folder


@pytest.fixture(scope="session")
def official() -> Callable[[str], Any]:
    """Import a module of the installed package `vbench` without what that does to logging and Pillow, or skip."""
    from PIL import ImageFile

    def load(name: str) -> Any:
        root = logging.getLogger()
        before = root.level, root.handlers[:], ImageFile.LOAD_TRUNCATED_IMAGES
        try:
            return pytest.importorskip(
                name, reason="pip install --no-deps vbench==0.1.5 clip-anytorch omegaconf imageio"
            )
        finally:
            root.level, root.handlers[:], ImageFile.LOAD_TRUNCATED_IMAGES = before

    return load


@pytest.fixture(scope="session")
def amt_weights(tmp_path_factory: pytest.TempPathFactory, official: Callable[[str], Any]) -> Path:
    """A folder with random AMT-S weights in a checkpoint as its authors' trainer writes it. Change nothing."""
    module = official("vbench.third_party.amt.networks.AMT-S")
    with torch.random.fork_rng():
        torch.manual_seed(6)
        network = module.Model()
    folder = tmp_path_factory.mktemp("amt-s")
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-4)
    optimizer.param_groups[0]["lr"] = np.float64(2e-5)
    checkpoint = {"epoch": 299, "state_dict": network.state_dict(), "optim": optimizer.state_dict()}
    torch.save(checkpoint, folder / "amt-s.pth")
    return folder
