"""Reading folders of frames: one image file per frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import ItemError


def read_images(paths: Sequence[Path]) -> np.ndarray:
    """Read image files, in the order given, as one video.

    Palettes are looked up, grey is replicated, alpha is dropped (no background is mixed in), and of 16-bit samples the
    high byte is kept. EXIF orientation is applied, like the display rotation of a video file: a frame and the mask
    drawn on it by someone who saw it upright then agree. (Frames cut from video, DAVIS and YouTube-VOS among them,
    carry none.)

    Returns:
        uint8 [T, H, W, 3], RGB.

    Raises:
        ItemError: there are no paths, a file is not a readable image, or its size is not the first one's.
    """
    if not paths:
        raise ItemError("no image files were given, expected one per frame; check the folder of frames")
    first = _read_rgb(paths[0])
    frames = np.empty((len(paths), *first.shape), np.uint8)
    frames[0] = first
    for index, path in enumerate(paths[1:], start=1):
        image = _read_rgb(path)
        if image.shape != first.shape:
            raise ItemError(
                f"{path}: the image is {image.shape[1]}x{image.shape[0]}, expected {first.shape[1]}x{first.shape[0]} "
                f"as {paths[0].name}; give frames of one size"
            )
        frames[index] = image
    return frames


def _read_rgb(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):  # `convert` would clip it to 255 instead of scaling
                return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
            if image.mode in ("I", "F"):
                raise ItemError(
                    f"{path}: the image has {image.mode} samples of 32 bits, expected 8 or 16; convert it to PNG"
                )
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise ItemError(f"{path}: the frame is missing; copy the data set again") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ItemError(f"{path}: not an image that can be read ({error}); make or copy it again") from error
