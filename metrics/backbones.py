"""The backbones there are: where each is loaded, what it needs, and how its reference architecture is known."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.errors import Unavailable
from benchmark.files import fingerprint, sha256_of_file
from benchmark.registry import load, unknown
from benchmark.store import read_json
from benchmark.weights import locate, weights_named

INSTALL = "pip install 'vmtbench[models]'"


@dataclass(frozen=True)
class Backbone:
    """One backbone; its weights have the same name.

    Attributes:
        loader: `module:function` of (folder, device) -> the loaded model.
        library: the package it is an architecture of.
        config: the file of its weights that tells the architecture, if one does.
        reference: what that file says of the reference's architecture.
    """

    loader: str
    library: str
    config: str = ""
    reference: dict[str, Any] = field(default_factory=dict)


BACKBONES = {
    "clip-vit-b-32": Backbone(
        "metrics.encoders:load_clip",
        "open_clip",
        "open_clip_config.json",
        {"embed_dim": 512, "image_size": 224, "layers": 12, "patch_size": 32, "quick_gelu": True, "width": 768},
    ),
    "clip-vit-l-14": Backbone(
        "metrics.encoders:load_clip",
        "open_clip",
        "open_clip_config.json",
        {"embed_dim": 768, "image_size": 224, "layers": 24, "patch_size": 14, "quick_gelu": True, "width": 1024},
    ),
    "dinov2-base": Backbone(
        "metrics.encoders:load_dino",
        "transformers",
        "config.json",
        {"model_type": "dinov2", "hidden_size": 768, "num_hidden_layers": 12, "patch_size": 14},
    ),
    "dino-vitb16-hf": Backbone(
        "metrics.encoders:load_dino",
        "transformers",
        "config.json",
        {"model_type": "vit", "hidden_size": 768, "num_hidden_layers": 12, "patch_size": 16},
    ),
    "dino-vitb16": Backbone("metrics.vbench_backbones:load_vbench_dino", "timm"),
    "laion-aesthetic": Backbone("metrics.vbench_backbones:load_aesthetic_head", "torch"),
    "amt-s": Backbone("metrics.vbench_backbones:load_amt", "torch"),
}


def backbone_folder(name: str, weights: Path | None) -> Path:
    """Return the folder with the weights of a backbone.

    Raises:
        Unavailable: its weights or its library are not here.
        InputError: the name is unknown, or its weights lack a file.
    """
    if name not in BACKBONES:
        raise unknown("backbone", name, BACKBONES)
    folder, library = locate(name, weights), BACKBONES[name].library
    if importlib.util.find_spec(library) is None:
        raise Unavailable(library, "is not installed", INSTALL)
    return folder


def backbone_identity(name: str, weights: Path | None) -> str:
    """Return the hash of a backbone's weights on this machine, or why there are none.

    This is part of every score's fingerprint: when weights arrive, what was `unavailable` is scored again.
    """
    try:
        folder = backbone_folder(name, weights)
    except Unavailable as missing:
        return str(missing)
    return fingerprint({path.name: sha256_of_file(path) for path in _files(name, folder)})


def backbone_mark(name: str, weights: Path | None) -> str:
    """Return how a backbone as it is here differs from the reference's architecture; empty when it does not.

    Weights that are not here are no other weights, and have no mark either.

    Raises:
        InputError: the weights' configuration cannot be read.
    """
    backbone = BACKBONES[name]
    try:
        folder = backbone_folder(name, weights)
    except Unavailable:
        return ""
    if not backbone.config:
        return ""
    config = read_json(folder / backbone.config, f"the configuration of {name}; fetch it again")
    model = config.get("model_cfg", config)
    found = {**model, **model.get("vision_cfg", {})}
    return ",".join(f"{key}={found.get(key)}" for key, value in backbone.reference.items() if found.get(key) != value)


def load_backbone(name: str, weights: Path | None, device: str) -> Any:
    """Return a backbone, loaded once per process and again when its files change.

    Raises:
        Unavailable: its weights or its library are not here.
        InputError: its weights are here and broken.
    """
    folder = backbone_folder(name, weights)
    state = tuple((path.stat().st_size, path.stat().st_mtime_ns) for path in _files(name, folder))
    return _loaded(name, folder, device, state)


@lru_cache(maxsize=8)
def _loaded(name: str, folder: Path, device: str, state: tuple[tuple[int, int], ...]) -> Any:
    return load(BACKBONES[name].loader)(folder, device)


def _files(name: str, folder: Path) -> list[Path]:
    return sorted(path for pattern in weights_named(name).files for path in folder.glob(pattern))
