"""Masks of objects: reading every kind that data sets ship, and writing one kind."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.errors import ItemError
from benchmark.files import write_bytes_atomic

SOFT_THRESHOLD = 128
"""Grey level from which a soft mask counts as foreground."""


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask as uint8 [H, W]: the index of a palette picture, the level of a grey one, else the largest channel.

    Opacity is dropped; a picture of one bit has the values 0 and 255.

    Raises:
        ItemError: the file is missing, is no picture, is cut short, or has more than 8 bits per channel.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in ("1", "L", "P", "LA", "PA", "RGB", "RGBA"):
                raise ItemError(f"mask {path} has pixels of kind {image.mode}, expected 8-bit indices, grey or RGB")
            values = np.asarray(image.convert("L") if image.mode == "1" else image)
            bands = image.getbands()
    except FileNotFoundError:
        raise ItemError(f"mask {path} is missing; restore it from the data set") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ItemError(f"mask {path} cannot be read as a picture ({error}); restore it from the data set") from error
    if values.ndim == 2:
        return values
    return values[:, :, : 3 if "G" in bands else 1].max(axis=2)


def foreground(mask: NDArray[np.uint8], *, soft: bool) -> NDArray[np.bool_]:
    """Return the object pixels bool [H, W] of a mask uint8 [H, W].

    A soft mask is a grey picture with blurred edges, foreground from `SOFT_THRESHOLD`; otherwise every value but 0 is.
    """
    return mask >= SOFT_THRESHOLD if soft else mask > 0


def object_indices(mask: NDArray[np.uint8], *, soft: bool) -> NDArray[np.uint8]:
    """Return uint8 [H, W]: 0 = background, 1.. = objects, whatever kind of mask uint8 [H, W] was read.

    No data set numbers objects from `SOFT_THRESHOLD`, so a mask with such a value is a picture of one object, black and
    white (DAVIS 2016) or grey, even where `soft` does not say so.
    """
    if soft or (mask >= SOFT_THRESHOLD).any():
        return foreground(mask, soft=True).astype(np.uint8)
    return mask


def write_mask(path: Path, mask: NDArray[np.uint8]) -> None:
    """Write a mask uint8 [H, W] as an indexed PNG in the colours of DAVIS; equal masks give equal bytes.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    image = Image.fromarray(mask)
    image.putpalette(_palette().tobytes())
    _write_png(path, image)


def write_soft_mask(path: Path, mask: NDArray[np.uint8]) -> None:
    """Write a soft mask uint8 [H, W] as a grey PNG; equal masks give equal bytes.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    _write_png(path, Image.fromarray(mask))


def _write_png(path: Path, image: Image.Image) -> None:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    write_bytes_atomic(path, buffer.getvalue())


def _palette() -> NDArray[np.uint8]:
    """Return the colours uint8 [256, 3] of PASCAL VOC and DAVIS: the index's bits dealt out to R, G, B from the top."""
    index = np.arange(256)
    colours = np.zeros((256, 3), dtype=np.uint8)
    for place in range(8):
        for channel in range(3):
            colours[:, channel] |= ((index >> (3 * place + channel) & 1) << (7 - place)).astype(np.uint8)
    return colours
