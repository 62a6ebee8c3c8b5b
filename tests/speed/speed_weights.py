"""Random weights in the layouts that the loaders read: tiny ones for any machine, or of the real sizes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

IMAGENET: dict[str, Any] = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
CLIP_PIXELS = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}


@dataclass(frozen=True)
class Size:
    """How large the networks are: width, layers and heads of the vision transformers, B and L apart."""

    base: tuple[int, int, int]
    large: tuple[int, int, int]
    text: tuple[int, int, int]
    vocabulary: int = 49408


SIZES = {
    "tiny": Size(base=(64, 2, 1), large=(64, 2, 1), text=(32, 2, 2)),
    "full": Size(base=(768, 12, 12), large=(1024, 24, 16), text=(512, 12, 8)),
}


def write_weights(folder: Path, size: str = "tiny", *, amt: bool = False) -> Path:
    """Write the backbones of `metrics.backbones`, with random weights that are the same each time, and return `folder`.

    AMT-S comes in its one size, only when asked for, and needs the package `vbench`.
    """
    shape = SIZES[size]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _write_clip(folder / "clip-vit-b-32", shape.base, shape.text, shape.vocabulary, patch=32, embed=512)
        _write_clip(folder / "clip-vit-l-14", shape.large, shape.text, shape.vocabulary, patch=14, embed=768)
        _write_dino2(folder / "dinov2-base", shape.base)
        _write_dino1(folder / "dino-vitb16-hf", shape.base)
        _write_vbench_dino(folder / "dino-vitb16", shape.base)
        (folder / "laion-aesthetic").mkdir()
        head = torch.nn.Linear(768, 1).state_dict()
        torch.save(head, folder / "laion-aesthetic" / "sa_0_4_vit_l_14_linear.pth")
        if amt:
            _write_amt(folder / "amt-s")
    return folder


def _write_clip(
    folder: Path, vision: tuple[int, int, int], text: tuple[int, int, int], vocabulary: int, *, patch: int, embed: int
) -> None:
    import open_clip
    from safetensors.torch import save_file

    width, layers, heads = vision
    config = {
        "embed_dim": embed,
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": 224,
            "layers": layers,
            "width": width,
            "head_width": width // heads,
            "patch_size": patch,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": vocabulary,
            "width": text[0],
            "layers": text[1],
            "heads": text[2],
        },
    }
    model = open_clip.CLIP(**config)
    folder.mkdir(parents=True)
    described = json.dumps({"model_cfg": config, "preprocess_cfg": CLIP_PIXELS})
    (folder / "open_clip_config.json").write_text(described, encoding="utf-8")
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")


def _write_dino2(folder: Path, vision: tuple[int, int, int]) -> None:
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    width, layers, heads = vision
    config = Dinov2Config(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, image_size=518, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)
    crop = {"height": 224, "width": 224}
    BitImageProcessor(size={"shortest_edge": 256}, crop_size=crop, resample=3, **IMAGENET).save_pretrained(folder)


def _write_dino1(folder: Path, vision: tuple[int, int, int]) -> None:
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    width, layers, heads = vision
    config = ViTConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * width
    )
    ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    ViTImageProcessor(size={"height": 224, "width": 224}, resample=3, **IMAGENET).save_pretrained(folder)


def _write_vbench_dino(folder: Path, vision: tuple[int, int, int]) -> None:
    from timm.models.vision_transformer import VisionTransformer

    width, layers, heads = vision
    model = VisionTransformer(
        img_size=224, patch_size=16, embed_dim=width, depth=layers, num_heads=heads, num_classes=0
    )
    folder.mkdir()
    torch.save(model.state_dict(), folder / "dino_vitbase16_pretrain.pth")


def _write_amt(folder: Path) -> None:
    from importlib import import_module

    network = import_module("vbench.third_party.amt.networks.AMT-S").Model()
    folder.mkdir()
    torch.save({"state_dict": network.state_dict()}, folder / "amt-s.pth")
