"""Where generated videos lie: `<out>/<method>/<clip>/<prompt>.mp4`, or the layout of MTBench's own evaluation."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Set
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
    known = {*bench.by_id, *(naming(text) for naming in _NAMINGS for text in _texts(bench))}
    folders = {name: out / name for name in sorted(_folders(out) - {STATE_FOLDER, SCORES_FOLDER})}
    if known & folders.keys():
        return {out.resolve().name: out}
    methods = {name: folder for name, folder in folders.items() if known & _folders(folder)}
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
    there = _folders(folder)
    by_text = {} if there & bench.by_id.keys() else _folders_by_text(there, bench)
    owners: dict[str, set[str]] = defaultdict(set)
    for clip in bench.clips:
        for prompt in clip.prompts:
            owners[by_text.get(prompt.text, "")].add(clip.id)
    samples: list[Generated] = []
    for clip in bench.clips:
        for prompt in clip.prompts:
            if name := by_text.get(prompt.text):
                found = _find_by_text(folder / name, clip, owners[name])
            else:
                found = _find_by_id(folder / clip.id, prompt)
            found = found or {0: folder / clip.id / f"{prompt.id}.mp4"}
            samples += [Generated(method, clip, prompt, seed, path) for seed, path in sorted(found.items())]
    return samples


def _folders(path: Path) -> set[str]:
    return {child.name for child in path.iterdir() if child.is_dir()}


def _texts(bench: Benchmark) -> set[str]:
    return {prompt.text for clip in bench.clips for prompt in clip.prompts}


def _find_by_id(folder: Path, prompt: Prompt) -> dict[int, Path]:
    """Return a prompt's videos by seed; a run with several seeds repeats that of an earlier run with one."""
    plain = folder / f"{prompt.id}.mp4"
    found = {_recorded_seed(plain): plain} if plain.exists() else {}
    for path in sorted(folder.glob(f"{prompt.id}@*.mp4")):
        seed = path.stem.rpartition("@")[2]
        if seed.removeprefix("-").isdecimal():
            found[int(seed)] = path
    return found


def _find_by_text(folder: Path, clip: Clip, owners: Set[str]) -> dict[int, Path]:
    """Return the videos of a prompt's folder that belong to `clip`, numbered in the order of their names."""
    videos = sorted(folder.glob("*.mp4"))
    return dict(enumerate(path for path in videos if len(owners) == 1 or _owner(path, owners) == clip.id))


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


def _without_stop(text: str) -> str:
    return text.strip().replace(" ", "_").removesuffix(".")


def _without_last_character(text: str) -> str:
    return text.strip().replace(" ", "_")[:-1]


_NAMINGS = (_without_stop, _without_last_character)
"""How MTBench's scripts make a folder's name of a prompt."""


def _folders_by_text(there: Set[str], bench: Benchmark) -> dict[str, str]:
    """Return prompt texts with their folders among those `there`, by the naming that finds more folders."""
    texts = _texts(bench)
    found = [{text: naming(text) for text in texts if naming(text) in there} for naming in _NAMINGS]
    return max(found, key=lambda folders: len({*folders.values()}))
