"""Backbones that turn frames and prompts into features, each loaded in one place from a folder of weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmark.errors import InputError

BATCH = 32
"""Frames that go through a backbone at once."""


@dataclass(frozen=True)
class ClipEncoder:
    """CLIP by open_clip: both towers, and the preprocessing that belongs to the weights."""

    model: Any
    preprocess: Any
    tokenizer: Any
    device: str

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
    """DINO by transformers: the class token after the final layer norm."""

    model: Any
    processor: Any
    device: str

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
        InputError: the folder's files are not what open_clip can load.
    """
    import open_clip

    name = f"local-dir:{folder.resolve()}"
    try:
        loaded: Any = open_clip.create_model_from_pretrained(name, return_transform=True)
        tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # the library raises whatever the broken part first meets
        raise _unusable("CLIP", folder, error) from error
    model, preprocess = loaded
    return ClipEncoder(model.to(device).eval(), preprocess, tokenizer, device)


def load_dino(folder: Path, device: str) -> DinoEncoder:
    """Load DINO (v1's `vit` or v2's `dinov2`) and its processor from a folder in transformers' layout.

    DINO has no pooler; the one that transformers would add to a `vit` is left out (see `metrics.temporal.pooled`).

    Raises:
        InputError: the folder's files are not what transformers can load.
    """
    from transformers import AutoConfig, AutoImageProcessor, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()

    options: dict[str, Any] = {"use_safetensors": True, "dtype": torch.float32, "output_loading_info": True}
    try:
        if AutoConfig.from_pretrained(folder, local_files_only=True).model_type == "vit":
            options["add_pooling_layer"] = False
        model, info = AutoModel.from_pretrained(folder, local_files_only=True, **options)
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library raises whatever the broken part first meets
        raise _unusable("DINO", folder, error) from error
    if missing := sorted(info["missing_keys"]):  # which transformers fills with random numbers
        raise _unusable("DINO", folder, ValueError(f"{len(missing)} tensors are missing, first {missing[0]}"))
    return DinoEncoder(model.to(device).eval(), processor, device)


def _unusable(kind: str, folder: Path, error: Exception) -> InputError:
    found = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InputError(f"{kind} weights in {folder} cannot be loaded ({found}); fetch them again")


def _batches(frames: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(frames), BATCH):
        yield frames[start : start + BATCH]
