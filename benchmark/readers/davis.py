"""DAVIS 2016 and 2017: `JPEGImages/<resolution>`, `Annotations/<resolution>`, `ImageSets/<year>/<split>.txt`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from benchmark.errors import InputError
from benchmark.readers.listing import files_with, images_in, lines_of, masks_of, subfolders
from benchmark.registry import unknown
from benchmark.sequence import Sequence

SHAPE = "JPEGImages/480p (or 1080p, Full-Resolution) with a folder of frames per sequence"
OPTIONS = ("split", "year", "resolution")
RESOLUTIONS = ("480p", "1080p", "Full-Resolution")

FPS = 24.0
"""All sequences were captured or resampled at 24 fps: Perazzi et al., CVPR 2016, section 3."""


def looks_like(path: Path) -> bool:
    """Say whether `path` has the shape of DAVIS."""
    return bool(_resolutions(path))


def read(
    path: Path, *, split: str | None = None, year: str | None = None, resolution: str | None = None
) -> list[Sequence]:
    """List the sequences of a split of DAVIS.

    Masks are paired with frames by name, so the test sets, which annotate the first frame only, read alike. The masks
    do not say how many objects they hold until they are decoded, so `objects` is empty.

    Args:
        path: the folder that holds `JPEGImages`.
        split: for example `train`, `val` or `test-dev`; None reads the only split there is, or, where there are
            several or none, every sequence on disk.
        year: `2016` or `2017`; None prefers 2017.
        resolution: `480p`, `1080p` or `Full-Resolution`; None takes the first of these that is there.

    Raises:
        InputError: a split, year or resolution that is not there, or a split that names a missing sequence.
    """
    resolution = _choose_resolution(path, resolution)
    years = _years(path, resolution)
    year = _choose_year(path, years, year, split)
    split_file = _choose_split(years[year], split) if year in years else None
    frames = path / "JPEGImages" / resolution
    names = _names_in(split_file, frames) if split_file else [folder.name for folder in subfolders(frames)]
    sequences = [_sequence(path, resolution, name, f"davis-{year}" if year else "davis") for name in names]
    return [sequence for sequence in sequences if sequence.images]


def _sequence(path: Path, resolution: str, name: str, dataset: str) -> Sequence:
    images = images_in(path / "JPEGImages" / resolution / name)
    masks = masks_of(images, path / "Annotations" / resolution / name)
    return Sequence(dataset=dataset, name=name, images=images, fps=FPS, masks=masks)


def _resolutions(path: Path) -> list[str]:
    return [name for name in RESOLUTIONS if (path / "JPEGImages" / name).is_dir()]


def _choose_resolution(path: Path, resolution: str | None) -> str:
    there = _resolutions(path)
    if not there:
        raise InputError(f"{path} is not DAVIS: expected {SHAPE}; check the path")
    if resolution is not None and resolution not in there:
        raise InputError(f"{path / 'JPEGImages'} has no {resolution!r}; choose --resolution {' or '.join(there)}")
    return resolution or there[0]


def _years(path: Path, resolution: str) -> dict[str, Path]:
    """Return year -> folder of split files; the first release (2016) kept them under the name of the resolution."""
    folders = {folder.name: folder for folder in subfolders(path / "ImageSets")}
    years = {name: folder for name, folder in folders.items() if name.isdecimal() and len(name) == 4}
    return {"2016": folders[resolution], **years} if resolution in folders else years


def _choose_year(path: Path, years: dict[str, Path], year: str | None, split: str | None) -> str:
    if year is not None or split is not None:
        if not years:
            raise InputError(f"{path / 'ImageSets'} holds no split files; leave out --split and --year")
        if year is not None and year not in years:
            raise InputError(f"{path / 'ImageSets'} has no year {year!r}; choose --year {' or '.join(sorted(years))}")
    if year is not None:
        return year
    newest_first = sorted(years, key=lambda name: (name == "2017", name), reverse=True)
    with_split = [name for name in newest_first if (years[name] / f"{split}.txt").is_file()]
    return next(iter(with_split + newest_first), "")


def _choose_split(folder: Path, split: str | None) -> Path | None:
    splits = {file.stem: file for file in files_with(folder, (".txt",))}
    if split is None:
        return next(iter(splits.values())) if len(splits) == 1 else None
    if split not in splits:
        raise unknown(f"split in {folder}", split, splits)
    return splits[split]


def _names_in(split_file: Path, frames: Path) -> list[str]:
    """Return the sequences a split names: one per line (2017), or a frame and its mask per line (2016)."""
    names = list(dict.fromkeys(_name_in(line, split_file) for line in lines_of(split_file)))
    missing = [name for name in names if not (frames / name).is_dir()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"split file {split_file} names sequence {missing[0]!r}{more}, but there is no folder "
            f"{frames / missing[0]}; add it, or take it out of the split file"
        )
    if empty := [name for name in names if not images_in(frames / name)]:
        raise InputError(
            f"split file {split_file} names sequence {empty[0]!r}, but {frames / empty[0]} holds no frames; "
            "download it again, or take it out of the split file"
        )
    return names


def _name_in(line: str, split_file: Path) -> str:
    first = PurePosixPath(line.split()[0])
    name = first.parent.name if first.suffix else line
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        raise InputError(
            f"split file {split_file} holds the line {line!r}, expected a sequence's name or "
            "'/JPEGImages/480p/<sequence>/<frame>.jpg /Annotations/480p/<sequence>/<frame>.png'"
        )
    return name
