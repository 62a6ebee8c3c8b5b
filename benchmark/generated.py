"""Where generated videos lie: `<out>/<method>/<clip>/<prompt>.mp4`, or the layout of MTBench's own evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import InputError
from benchmark.files import STATE_FOLDER
from benchmark.manifest import Clip, Prompt
from benchmark.store import Benchmark

SCORES_FOLDER = "scores"
"""Default place of scores inside an output folder; no method can have this name."""


@dataclass(frozen=True)
class Generated:
    """One generated video, there or expected: what it was made from and where it lies."""

    method: str
    clip: Clip
    prompt: Prompt
    seed: int
    path: Path

    @property
    def key(self) -> str:
        """Unique readable name."""
        return f"{self.method}/{self.clip.id}/{sample_name(self.prompt.id, self.seed, several=True)}"


def sample_name(prompt: str, seed: int, *, several: bool) -> str:
    """Return a sample's file name without suffix: the seed is part of it only when there are several."""
    return f"{prompt}@{seed}" if several else prompt


def video_path(out: Path, method: str, clip: str, prompt: str, seed: int, *, several: bool) -> Path:
    """Return where vmtbench puts a generated video."""
    return out / method / clip / f"{sample_name(prompt, seed, several=several)}.mp4"


def list_methods(out: Path, bench: Benchmark) -> dict[str, Path]:
    """Return the method folders below `out` by name; `out` itself may be one method's folder.

    Raises:
        InputError: `out` is no folder, or holds nothing that belongs to a clip of the benchmark.
    """
    if not out.is_dir():
        raise InputError(f"{out} is not a folder, expected generated videos as {out}/METHOD/CLIP/PROMPT.mp4")
    own = (STATE_FOLDER, SCORES_FOLDER)
    folders = [path for path in sorted(out.iterdir()) if path.is_dir() and path.name not in own]
    if any(_belongs(path.name, bench) for path in folders):
        return {out.resolve().name: out}
    methods = {path.name: path for path in folders if any(_belongs(child.name, bench) for child in path.iterdir())}
    if not methods:
        raise InputError(
            f"{out} holds no folder of generated videos of benchmark {bench.info.name!r}, expected "
            f"METHOD/CLIP/PROMPT.mp4, or METHOD/the_prompt_text/*.mp4 as MTBench's evaluation has it"
        )
    return methods


def list_generated(method: str, folder: Path, bench: Benchmark) -> list[Generated]:
    """Return every sample that a complete method folder holds, in manifest order, whether its file is there or not.

    Raises:
        InputError: in MTBench's layout, a folder's prompt belongs to several clips and its files do not say to which.
    """
    by_text = any((folder / name).is_dir() for clip in bench.clips for p in clip.prompts for name in _text_names(p))
    find = _find_by_text if by_text else _find_by_id
    samples: list[Generated] = []
    for clip in bench.clips:
        for prompt in clip.prompts:
            found = list(find(folder, clip, prompt, bench)) or [(0, folder / clip.id / f"{prompt.id}.mp4")]
            samples += [Generated(method, clip, prompt, seed, path) for seed, path in sorted(found)]
    return samples


def _belongs(name: str, bench: Benchmark) -> bool:
    return name in bench.by_id or any(name in _text_names(p) for clip in bench.clips for p in clip.prompts)


def _find_by_id(folder: Path, clip: Clip, prompt: Prompt, bench: Benchmark) -> Iterator[tuple[int, Path]]:
    plain = folder / clip.id / f"{prompt.id}.mp4"
    if plain.exists():
        yield _recorded_seed(plain), plain
    for path in (folder / clip.id).glob(f"{prompt.id}@*.mp4"):
        seed = path.stem.rpartition("@")[2]
        if seed.isdecimal():
            yield int(seed), path


def _find_by_text(folder: Path, clip: Clip, prompt: Prompt, bench: Benchmark) -> Iterator[tuple[int, Path]]:
    names = _text_names(prompt)
    owners = {other.id for other in bench.clips for p in other.prompts if names & _text_names(p)}
    for name in sorted(names):
        videos = sorted((folder / name).glob("*.mp4"))
        if len(owners) > 1:
            videos = [path for path in videos if _owner(path, owners) == clip.id]
        yield from enumerate(videos)


def _recorded_seed(video: Path) -> int:
    """Return the seed in the `.json` beside a video that vmtbench made; 0 for anyone else's."""
    try:
        return int(json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _owner(path: Path, owners: Iterable[str]) -> str:
    for clip in sorted(owners, key=len, reverse=True):
        if path.stem == clip or path.stem.startswith((f"{clip}_", f"{clip}-", f"{clip}.")):
            return clip
    raise InputError(
        f"{path} lies in the folder of a prompt that clips {', '.join(sorted(owners))} share; "
        "rename the file so that it begins with its clip's id"
    )


def _text_names(prompt: Prompt) -> set[str]:
    """Folder names that MTBench's scripts make of a prompt: one drops a final stop, the other any last character."""
    name = prompt.text.strip().replace(" ", "_")
    return {name.removesuffix("."), name[:-1]}
