"""Backbones that turn frames and prompts into features, each loaded in one place from a folder of weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmark.errors import InputError, Unavailable
from benchmark.weights import locate

BATCH = 32
"""Frames that go through a backbone at once."""


@dataclass(frozen=True)
class ClipEncoder:
    """CLIP by open_clip: both towers, and the preprocessing that belongs to the weights.

    `mark` is empty when the architecture is the reference's, else it says what is not.
    """

    model: Any
    preprocess: Any
    tokenizer: Any
    device: str
    mark: str

    def encode_frames(self, frames: NDArray[np.uint8]) -> Tensor:
        """Embed frames uint8 RGB [F, H, W, 3] as float32 [F, D], resized and cropped as specification §5 says."""
        batches = []
        for batch in _batches(frames):
            pixels = torch.stack([self.preprocess(Image.fromarray(frame)) for frame in batch]).to(self.device)
            with torch.inference_mode():
                batches.append(self.model.encode_image(pixels).float().cpu())
        return torch.cat(batches)

    def encode_text(self, prompt: str) -> tuple[Tensor, tuple[str, ...]]:
        """Embed a prompt as float32 [D]; the flag `prompt_truncated` tells of one longer than the text tower reads."""
        tokens = self.tokenizer([prompt]).to(self.device)
        truncated = len(self.tokenizer.encode(prompt)) + 2 > tokens.shape[1]
        with torch.inference_mode():
            features = self.model.encode_text(tokens).float().cpu()[0]
        return features, ("prompt_truncated",) if truncated else ()


@dataclass(frozen=True)
class DinoEncoder:
    """DINOv2 by transformers: the class token after the final layer norm; `mark` is as in `ClipEncoder`."""

    model: Any
    processor: Any
    device: str
    mark: str

    def encode_frames(self, frames: NDArray[np.uint8]) -> Tensor:
        """Embed frames uint8 RGB [F, H, W, 3] as float32 [F, D], preprocessed as the weights' own processor says."""
        batches = []
        for batch in _batches(frames):
            pixels = self.processor(images=list(batch), return_tensors="pt")["pixel_values"].to(self.device)
            with torch.inference_mode():
                batches.append(self.model(pixel_values=pixels).last_hidden_state[:, 0].float().cpu())
        return torch.cat(batches)


def load_clip(folder: Path, device: str) -> ClipEncoder:
    """Load CLIP from a folder with `open_clip_config.json` and `open_clip_model.safetensors`.

    Raises:
        Unavailable: open_clip is not installed.
        InputError: the folder's files are not what open_clip can load.
    """
    try:
        import open_clip
    except ImportError:
        raise Unavailable("open_clip", "is not installed", "pip install 'vmtbench[models]'") from None
    name = f"local-dir:{folder.resolve()}"
    try:
        model: Any
        model, preprocess = open_clip.create_model_from_pretrained(name, device=device)  # pyright: ignore
        tokenizer = open_clip.get_tokenizer(name)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"CLIP weights in {folder} cannot be loaded ({error}); fetch them again") from error
    width = int(getattr(model.visual, "output_dim", 0))
    patch = getattr(getattr(model.visual, "conv1", None), "kernel_size", (0,))[0]
    mark = "" if (width, patch) == (512, 32) else f"width {width}, patch {patch}"
    return ClipEncoder(model.eval(), preprocess, tokenizer, device, mark)


def load_dino(folder: Path, device: str) -> DinoEncoder:
    """Load DINOv2 and its processor from a folder in transformers' layout.

    Raises:
        Unavailable: transformers is not installed.
        InputError: the folder's files are not what transformers can load.
    """
    try:
        from transformers import AutoImageProcessor, AutoModel
    except ImportError:
        raise Unavailable("transformers", "is not installed", "pip install 'vmtbench[models]'") from None
    try:
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, RuntimeError, ValueError, KeyError, ImportError) as error:
        raise InputError(f"DINO weights in {folder} cannot be loaded ({error}); fetch them again") from error
    config = model.config
    shape = (config.model_type, config.hidden_size, config.num_hidden_layers, config.patch_size)
    mark = "" if shape == ("dinov2", 768, 12, 14) else "{}, width {}, {} layers, patch {}".format(*shape)
    return DinoEncoder(model.to(device).eval(), processor, device, mark)


_LOADERS = {"clip-vit-b-32": load_clip, "dinov2-base": load_dino}


@lru_cache(maxsize=4)
def load_encoder(name: str, weights: Path | None, device: str) -> ClipEncoder | DinoEncoder:
    """Return the encoder `name`, loaded once per process.

    Raises:
        Unavailable: its weights or its library are not here.
        InputError: its weights are here and broken.
    """
    return _LOADERS[name](locate(name, weights), device)


def _batches(frames: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(frames), BATCH):
        yield frames[start : start + BATCH]
