"""What the readers share: folders, frame files and text files listed in a fixed order, none of them decoded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import InputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg"})


def subfolders(folder: Path) -> list[Path]:
    """Return the visible folders in `folder`, sorted by name; none when it does not exist."""
    return [path for path in _visible(folder) if path.is_dir()]


def files_with(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the visible files in `folder` with one of `suffixes` in any case, frame 2 before frame 10."""
    wanted = frozenset(suffixes)
    return sorted((path for path in _visible(folder) if path.suffix.lower() in wanted), key=_natural)


def images_in(folder: Path) -> tuple[Path, ...]:
    """Return the frame files of `folder` in order."""
    return tuple(files_with(folder, IMAGE_SUFFIXES))


def masks_of(images: Iterable[Path], folder: Path) -> dict[int, Path]:
    """Return frame index -> mask in `folder`, for the frames that have a mask of the same name there."""
    masks = {path.stem: path for path in files_with(folder, (".png",))}
    return {index: masks[image.stem] for index, image in enumerate(images) if image.stem in masks}


def lines_of(path: Path) -> list[str]:
    """Return the lines of a text file without surrounding spaces, empty lines, a byte-order mark or carriage returns.

    Raises:
        InputError: the file is not UTF-8 text.
    """
    return [line.strip() for line in text_of(path).splitlines() if line.strip()]


def text_of(path: Path) -> str:
    """Return the text of a UTF-8 file; raises `InputError` when it is something else or cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the file") from None


def _visible(folder: Path) -> list[Path]:
    # Names with a leading dot are the file system's own notes, such as `._00000.jpg` after a copy from macOS.
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
