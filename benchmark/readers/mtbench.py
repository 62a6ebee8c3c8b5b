"""MTBench (the DeT paper's benchmark) as its authors publish it: one folder per clip, or one folder with all clips."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import InputError, ItemError
from benchmark.files import inside
from benchmark.readers.listing import VIDEO_SUFFIXES, files_with, lines_of, subfolders
from benchmark.sequence import Sequence
from benchmark.tracks import Tracks

SHAPE = "videos/ beside prompts.txt, videos.txt or trajectories/, in the folder or in one folder per clip"
OPTIONS = ()

QUERY_FRAME = 1
"""Frame at which the published tracks were started.

The points were sampled on the mask of frame 0, but the annotation script put its column of ones where the tracker
expects the time, so the tracker was asked at frame 1: there every position is an integer pixel of the original video
and every point is visible, which holds at frame 0 for only a part of them.
"""


def looks_like(path: Path) -> bool:
    """Say whether `path` has the shape of MTBench or of one of its clips."""
    return _is_clip_folder(path) or any(_is_clip_folder(folder) for folder in subfolders(path))


def read(path: Path) -> list[Sequence]:
    """List the clips of MTBench.

    A video is a clip when `videos.txt` lists it; without that file, when it has masks or a trajectory under its name
    (others, such as `videos/tracker.mp4`, are pictures of a result). The masks were made from the original recordings,
    whose frames are not those of the videos, so only mask 00000 is kept. In a folder of several clips, line i of each
    `.txt` file belongs to line i of `videos.txt`, and the evaluation prompts are shared out evenly in order.

    Raises:
        InputError: an index file names a missing file or climbs out of its folder, files that go together have
            different numbers of lines, or two clips have one name.
    """
    folders = [path] if _is_clip_folder(path) else [folder for folder in subfolders(path) if _is_clip_folder(folder)]
    sequences = [sequence for folder in folders for sequence in _clips_of(folder)]
    names = [sequence.name for sequence in sequences]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path} holds two clips named {twice[0]!r}, expected each name once; rename one of them")
    return sequences


def load_trajectories(path: Path, width: int, height: int) -> Tracks:
    """Read a published trajectory file: a tensor [T, N, 3] of (x / width, y / height, visible).

    The tracks' queries are the positions at frame `QUERY_FRAME`. Positions outside the picture are kept as they are.

    Args:
        path: the `.pth` file; no code in it is run.
        width: width of the clip's video in pixels.
        height: height of the clip's video in pixels.

    Returns:
        `Tracks` in pixels: points float32 [N, T, 2], visible bool [N, T], queries float32 [N, 3].

    Raises:
        ItemError: the file is missing or no tensor file, would run code, has another shape, or holds NaN.
    """
    values = _load_tensor(path)
    if values.ndim != 3 or values.shape[2] != 3 or values.shape[0] <= QUERY_FRAME or values.shape[1] == 0:
        raise ItemError(
            f"trajectory file {path} has shape {list(values.shape)}, expected [T, N, 3] with T > {QUERY_FRAME} frames "
            "and at least one point; download it again"
        )
    if broken := int((~np.isfinite(values)).any(axis=(0, 2)).sum()):
        raise ItemError(
            f"trajectory file {path} holds NaN or infinite values in {broken} of {values.shape[1]} tracks, expected "
            "finite ones; download it again"
        )
    by_track = values.transpose(1, 0, 2)
    points = (by_track[:, :, :2] * [width, height]).astype(np.float32)
    times = np.full((len(points), 1), QUERY_FRAME, dtype=np.float32)
    queries = np.concatenate([times, points[:, QUERY_FRAME]], axis=1)
    return Tracks(points, by_track[:, :, 2] > 0.5, queries)


def _load_tensor(path: Path) -> NDArray[np.float64]:
    import torch

    try:
        tensor = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ItemError(f"trajectory file {path} is missing; download it again") from None
    except pickle.UnpicklingError as error:
        raise ItemError(
            f"trajectory file {path} is refused because it holds something other than tensors, which could run code "
            "when loaded; get it from a source that you trust, saved as one tensor"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ItemError(f"trajectory file {path} is no readable tensor file; download it again") from error
    if not isinstance(tensor, torch.Tensor):
        raise ItemError(f"trajectory file {path} holds a {type(tensor).__name__}, expected one tensor [T, N, 3]")
    return tensor.to(torch.float64).numpy()


def _is_clip_folder(path: Path) -> bool:
    beside = ("prompts.txt", "videos.txt", "trajectories")
    return (path / "videos").is_dir() and any((path / name).exists() for name in beside)


def _clips_of(folder: Path) -> list[Sequence]:
    videos = _listed(folder, "videos.txt") or _videos_with_annotations(folder)
    masks = _listed(folder, "masks.txt") or [folder / "masks" / video.stem for video in videos]
    tracks = _listed(folder, "trajectories.txt") or [folder / "trajectories" / f"{video.stem}.pth" for video in videos]
    captions = _lines(folder, "prompts.txt")
    prompts = _lines(folder, "eval_prompts.txt")
    for name, lines in (("masks.txt", masks), ("trajectories.txt", tracks), ("prompts.txt", captions)):
        if lines and len(lines) != len(videos):
            raise InputError(
                f"{folder / name} has {len(lines)} lines for {len(videos)} videos, expected one line per video; "
                "correct it"
            )
    if len(prompts) % len(videos):
        raise InputError(
            f"{folder / 'eval_prompts.txt'} has {len(prompts)} prompts for {len(videos)} videos, expected the same "
            "number for each; correct it"
        )
    share = len(prompts) // len(videos)
    return [
        Sequence(
            dataset="mtbench",
            name=video.stem,
            video=video,
            masks={0: first} if (first := masks[i] / "00000.png").is_file() else {},
            soft_masks=True,
            caption=captions[i] if captions else None,
            prompts=tuple(prompts[i * share : (i + 1) * share]),
            tracks=tracks[i] if tracks[i].is_file() else None,
        )
        for i, video in enumerate(videos)
    ]


def _listed(folder: Path, name: str) -> list[Path]:
    """Return the paths an index file lists, all of which must be there; none when there is no such file."""
    paths = []
    for line in _lines(folder, name):
        try:
            path = inside(folder, line)
        except InputError as error:
            raise InputError(f"index file {folder / name}: {error}") from None
        if not path.exists():
            raise InputError(f"index file {folder / name} names {line!r}, but there is no {path}; add it or correct it")
        paths.append(path)
    return paths


def _lines(folder: Path, name: str) -> list[str]:
    path = folder / name
    return lines_of(path) if path.is_file() else []


def _videos_with_annotations(folder: Path) -> list[Path]:
    videos = [
        video
        for video in files_with(folder / "videos", VIDEO_SUFFIXES)
        if (folder / "masks" / video.stem).is_dir() or (folder / "trajectories" / f"{video.stem}.pth").is_file()
    ]
    if not videos:
        raise InputError(
            f"{folder} has no videos.txt, and no video in {folder / 'videos'} has masks or a trajectory under its "
            "name; write videos.txt with one 'videos/<clip>.mp4' per line"
        )
    return videos
