"""The networks behind VBench's four dimensions, with VBench's own preprocessing (specification §7).

Frames stay float32 of 0 to 255 while they are resized, without antialiasing, so that bicubic overshoot is kept.
Everything runs in float32; VBench runs CLIP in float16 on a GPU.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from benchmark.errors import InputError, Unavailable
from metrics.encoders import BATCH, ClipEncoder

DINO_FILE = "dino_vitbase16_pretrain.pth"
AESTHETIC_FILE = "sa_0_4_vit_l_14_linear.pth"
AMT_FILE = "amt-s.pth"

SIDE = 224
"""Pixels of the shorter side that CLIP and DINO see."""

DINO_HEAD_WIDTH = 64
"""Channels of an attention head in every DINO network, tiny to base."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)

INSTALL_AMT = "pip install --no-deps vbench==0.1.5"


@dataclass(frozen=True)
class VBenchClip:
    """A CLIP image tower behind VBench's preprocessing; the weights are those of an encoder that is loaded anyway."""

    clip: ClipEncoder

    def encode_frames(self, frames: NDArray[np.uint8]) -> Tensor:
        """Embed frames uint8 RGB [F, H, W, 3] as float32 [F, D]: 512 for ViT-B/32, 768 for ViT-L/14."""
        return _in_batches(lambda pixels: self.clip.model.encode_image(pixels), clip_pixels, frames, self.clip.device)


@dataclass(frozen=True)
class VBenchDino:
    """DINO v1 from its authors' own weights, held by timm: the class token after the final layer norm."""

    model: Any
    device: str

    def encode_frames(self, frames: NDArray[np.uint8]) -> Tensor:
        """Embed frames uint8 RGB [F, H, W, 3] as float32 [F, D], 768 for ViT-B/16, at their own aspect."""
        return _in_batches(self._class_token, dino_pixels, frames, self.device)

    def _class_token(self, pixels: Tensor) -> Tensor:
        # Neither timm's patch embedding nor its position embedding does here what DINO's authors do: the one refuses
        # sides that the patch size does not divide, the other samples the grid at other places and antialiases.
        patches = self.model.patch_embed.proj(pixels)
        tokens = torch.cat([self.model.cls_token.expand(len(pixels), -1, -1), patches.flatten(2).transpose(1, 2)], 1)
        positions = dino_positions(self.model.pos_embed, pixels.shape[2:], patches.shape[2:])
        return self.model.norm(self.model.blocks(tokens + positions))[:, 0]


@dataclass(frozen=True)
class AmtInterpolator:
    """AMT-S, the network of the installed `vbench` package, which guesses the frame halfway between two."""

    model: Any
    device: str
    smallest: int = 128
    """Least height and width in pixels; below, the coarsest level of its correlation pyramid has one cell, whose
    coordinates it divides by zero."""

    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        """Guess the frame between two, float32 [1, 3, H, W] in [0, 1], H and W multiples of 16."""
        halfway = torch.full((1, 1, 1, 1), 0.5, device=self.device)
        with torch.inference_mode():
            return self.model(before.to(self.device), after.to(self.device), halfway, eval=True)["imgt_pred"]


def clip_pixels(frames: NDArray[np.uint8]) -> Tensor:
    """Prepare frames uint8 RGB [F, H, W, 3] for CLIP: float32 [F, 3, 224, 224], resized bicubic and centre-cropped."""
    from torchvision.transforms.functional import InterpolationMode, center_crop, normalize, resize

    resized = resize(_as_float(frames), [SIDE], InterpolationMode.BICUBIC, antialias=False)
    return normalize(center_crop(resized, [SIDE, SIDE]) / 255, list(CLIP_MEAN), list(CLIP_STD))


def dino_pixels(frames: NDArray[np.uint8]) -> Tensor:
    """Prepare frames uint8 RGB [F, H, W, 3] for DINO: float32 [F, 3, h, w], shorter side 224, bilinear, no crop."""
    from torchvision.transforms.functional import InterpolationMode, normalize, resize

    resized = resize(_as_float(frames), [SIDE], InterpolationMode.BILINEAR, antialias=False)
    return normalize(resized / 255, list(IMAGENET_MEAN), list(IMAGENET_STD))


def dino_positions(embedding: Tensor, size: tuple[int, ...], grid: tuple[int, ...]) -> Tensor:
    """Bring a position embedding to another patch grid as DINO's published code does.

    Args:
        embedding: [1, 1 + n·n, D], class token first, for the square grid of the training size.
        size: height and width of the frame in pixels.
        grid: height and width of the frame in whole patches.

    Returns:
        [1, 1 + grid height · grid width, D].
    """
    side = round((embedding.shape[1] - 1) ** 0.5)
    if tuple(grid) == (side, side) and size[0] == size[1]:
        return embedding
    square = embedding[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2)
    # The tenth of a patch keeps the size from being rounded down; it also shifts where the grid is sampled.
    scale = [(patches + 0.1) / side for patches in grid]
    resized = F.interpolate(square, scale_factor=scale, mode="bicubic")
    return torch.cat([embedding[:, :1], resized.flatten(2).transpose(1, 2)], 1)


def load_vbench_dino(folder: Path, device: str) -> VBenchDino:
    """Load DINO v1 from a folder with `dino_vitbase16_pretrain.pth`; its size is read from the weights.

    Raises:
        Unavailable: timm is not installed.
        InputError: the file is not the weights of a DINO vision transformer.
    """
    try:
        from timm.models.vision_transformer import VisionTransformer
    except ImportError:
        raise Unavailable("timm", "is not installed", "pip install 'vmtbench[models]'") from None
    path = folder / DINO_FILE
    with _unusable("DINO", path):
        state = torch.load(path, map_location="cpu", weights_only=True)
        width, _, patch, _ = state["patch_embed.proj.weight"].shape
        model = VisionTransformer(
            img_size=round((state["pos_embed"].shape[1] - 1) ** 0.5) * patch,
            patch_size=patch,
            embed_dim=width,
            depth=sum(name.endswith(".norm1.weight") for name in state),
            num_heads=width // DINO_HEAD_WIDTH,
            num_classes=0,
        )
        model.load_state_dict(state)
    return VBenchDino(model.to(device).eval(), device)


def load_aesthetic_head(folder: Path, device: str) -> tuple[Tensor, Tensor]:
    """Load LAION's linear head from `sa_0_4_vit_l_14_linear.pth`: weight float32 [1, D] and bias [1].

    Raises:
        InputError: the file is not a linear layer with one output.
    """
    path = folder / AESTHETIC_FILE
    with _unusable("aesthetic", path):
        state = torch.load(path, map_location="cpu", weights_only=True)
        head = torch.nn.Linear(state["weight"].shape[1], 1)
        head.load_state_dict(state)
    return head.weight.detach().to(device), head.bias.detach().to(device)


def load_amt(folder: Path, device: str) -> AmtInterpolator:
    """Load AMT-S from a folder with `amt-s.pth`.

    Raises:
        Unavailable: the package `vbench`, which brings the network, cannot be imported.
        InputError: the file is not a checkpoint of AMT-S.
    """
    try:
        with _unchanged_process():
            network = importlib.import_module("vbench.third_party.amt.networks.AMT-S")
    except ImportError as error:
        raise Unavailable("the package vbench", f"cannot be imported ({error})", INSTALL_AMT) from None
    path = folder / AMT_FILE
    with _unusable("AMT-S", path):
        # Its authors' trainer saves the optimizer too, whose learning rate is a number of numpy's.
        with torch.serialization.safe_globals(_NUMPY_NUMBERS):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        model = network.Model()
        model.load_state_dict(checkpoint["state_dict"])
    return AmtInterpolator(model.to(device).eval(), device)


_SCALAR: Any = np.float64(0).__reduce__()[0]
_NUMPY_NUMBERS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    type(np.dtype(np.float64)),
]


@contextmanager
def _unchanged_process() -> Iterator[None]:
    """Undo what importing `vbench` does to this process: it logs everything, and lets Pillow read broken pictures."""
    from PIL import ImageFile

    root = logging.getLogger()
    before = root.level, root.handlers[:], ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        yield
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        ImageFile.LOAD_TRUNCATED_IMAGES = before[2]


@contextmanager
def _unusable(kind: str, path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the libraries raise whatever the broken part first meets
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{kind} weights in {path} cannot be loaded ({found}); fetch them again") from error


def _as_float(frames: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()


def _in_batches(
    network: Callable[[Tensor], Tensor],
    prepare: Callable[[NDArray[np.uint8]], Tensor],
    frames: NDArray[np.uint8],
    device: str,
) -> Tensor:
    with torch.inference_mode():
        parts = [
            network(prepare(frames[start : start + BATCH]).to(device)).float().cpu()
            for start in range(0, len(frames), BATCH)
        ]
    return torch.cat(parts)
