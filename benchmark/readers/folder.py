"""A plain folder of clips: video files and folders of frames, with optional `masks/` and `captions.csv`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from benchmark.errors import InputError
from benchmark.readers.listing import VIDEO_SUFFIXES, files_with, images_in, masks_of, subfolders, text_of
from benchmark.sequence import Sequence

SHAPE = "video files or folders of frames, beside them if wanted masks/ and captions.csv"
OPTIONS = ("fps",)


def looks_like(path: Path) -> bool:
    """Say whether `path` holds video files or folders of frames."""
    return bool(files_with(path, VIDEO_SUFFIXES)) or bool(_frame_folders(path))


def read(path: Path, *, fps: float | None = None) -> list[Sequence]:
    """List the clips of a folder: each video file, and each folder that holds frames.

    Masks lie in `masks/<clip>/`, named as the frame they belong to: as the frame file, or for a video by the frame's
    number from 0. A single `masks/<clip>.png` belongs to frame 0. Captions are the rows of `captions.csv`, whose header
    names a column `clip` or `video` (a name, with or without suffix) and a column `caption`; rows of other clips are
    passed over.

    Args:
        path: the folder.
        fps: frames per second of the folders of frames, which do not tell it; not used for video files.

    Raises:
        InputError: two clips have one name, a folder of frames has no frame rate, a mask is named after no frame, or
            masks or captions are there and none belongs to a clip.
    """
    videos = files_with(path, VIDEO_SUFFIXES)
    frame_folders = _frame_folders(path)
    clips = [(video.stem, video, ()) for video in videos]
    clips += [(folder.name, None, images_in(folder)) for folder in frame_folders]
    names = [name for name, _, _ in clips]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path} holds two clips named {twice[0]!r}, expected each name once; rename one of them")
    if frame_folders and fps is None:
        raise InputError(f"{frame_folders[0]} holds frames, which do not tell their rate; name it with --fps")
    captions = _captions(path / "captions.csv", names)
    masks = path / "masks"
    sequences = [
        Sequence(
            dataset="folder",
            name=name,
            images=images,
            video=video,
            fps=fps if images else None,
            masks=_first_mask(masks, name) | _masks(masks / name, images),
            caption=captions.get(name),
        )
        for name, video, images in clips
    ]
    if (subfolders(masks) or files_with(masks, (".png",))) and not any(sequence.masks for sequence in sequences):
        raise InputError(f"no mask in {masks} belongs to a clip, expected masks/<clip>/00000.png or masks/<clip>.png")
    return sequences


def _frame_folders(path: Path) -> list[Path]:
    return [folder for folder in subfolders(path) if folder.name != "masks" and images_in(folder)]


def _masks(folder: Path, images: tuple[Path, ...]) -> dict[int, Path]:
    """Return frame index -> mask of a folder of frames, or of a video when there are no `images`."""
    files = files_with(folder, (".png",))
    if not images:
        if odd := [mask for mask in files if not mask.stem.isdecimal()]:
            raise InputError(f"mask {odd[0]} is not named by its frame's number from 0, expected for example 00000.png")
        return {int(mask.stem): mask for mask in files}
    stems = {image.stem for image in images}
    if strays := [mask for mask in files if mask.stem not in stems]:
        raise InputError(f"mask {strays[0]} is named after no frame of {images[0].parent}; rename it or take it away")
    return masks_of(images, folder)


def _first_mask(masks: Path, name: str) -> dict[int, Path]:
    mask = masks / f"{name}.png"
    return {0: mask} if mask.is_file() else {}


def _captions(path: Path, names: list[str]) -> dict[str, str]:
    """Return clip name -> caption from a table; empty when there is no such file."""
    if not path.is_file():
        return {}
    rows = csv.DictReader(io.StringIO(text_of(path)), skipinitialspace=True)
    columns = [(column or "").strip().lower() for column in rows.fieldnames or []]
    rows.fieldnames = columns
    key = next((column for column in ("clip", "video") if column in columns), None)
    if key is None or "caption" not in columns:
        found = ", ".join(columns) or "nothing"
        raise InputError(
            f"{path} has the columns {found}, expected 'clip' (or 'video') and 'caption' in its first line"
        )
    captions: dict[str, str] = {}
    for row in rows:
        line = f"{path}, line {rows.line_num}"
        clip, caption = _clip_name(row[key] or ""), (row["caption"] or "").strip()
        if not clip or not caption or None in row:
            raise InputError(f"{line}: expected a clip and a caption; quote a caption with commas")
        if captions.setdefault(clip, caption) != caption:
            raise InputError(f"{line}: clip {clip!r} has two captions, expected one; delete one")
    if captions and not captions.keys() & set(names):
        raise InputError(f"{path} names no clip of {path.parent} (its first is {next(iter(captions))!r}); correct it")
    return captions


def _clip_name(value: str) -> str:
    path = Path(value.strip())
    return path.stem if path.suffix.lower() in VIDEO_SUFFIXES else path.name
