"""The generation run: every clip, prompt and seed of a benchmark through one method, resumable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.engine import Item, Report, WorkOptions, claim_folder, run_items
from benchmark.errors import InputError
from benchmark.files import replace_atomically, sha256_of_file, write_json_atomic
from benchmark.generated import SCORES_FOLDER, video_path
from benchmark.manifest import Prompt
from benchmark.source import Source
from benchmark.store import Benchmark
from methods.adapter import Method, Request
from methods.meter import Meter
from methods.registry import CONTROLS, load_method


@dataclass(frozen=True)
class MethodSpec:
    """What names one row of results: its label, the registered method behind it, and that method's settings."""

    label: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.label or self.label.startswith(".") or "/" in self.label or self.label == SCORES_FOLDER:
            raise InputError(f"a method cannot be called {self.label!r}; choose a name that can be a folder's")

    def load(self) -> Method:
        """Make the method; raises `InputError` when its name or settings are wrong."""
        return load_method(self.method, self.settings)


def specs_for(names: Sequence[str], *, command: str | None = None, timeout: float = 3600) -> list[MethodSpec]:
    """Return what to run for names given by a user: `controls` stands for all controls, `command` names one program.

    Raises:
        InputError: no method is named, or a command is given together with several names.
    """
    if command is not None:
        if len(names) > 1:
            raise InputError(f"--command makes one method, found the names {', '.join(names)}; give at most one")
        label = names[0] if names else "command"
        return [MethodSpec(label, "command", {"template": command, "timeout": timeout})]
    if not names:
        raise InputError("no method is named; name one or more of vmtbench list methods, or give --command")
    wanted = [name for given in names for name in (CONTROLS if given == "controls" else (given,))]
    return [MethodSpec(name, name) for name in dict.fromkeys(wanted)]


def run_method(
    spec: MethodSpec, bench: Benchmark, out: Path, *, seeds: Sequence[int] = (0,), options: WorkOptions | None = None
) -> Report:
    """Generate `<out>/<label>/<clip>/<prompt>.mp4` for every clip, prompt and seed, each with a `.json` beside it.

    Raises:
        InputError: the method or its settings are unknown, its label is a clip's id, or `out` cannot be written to or
            is in use.
        OutputError: the disk filled up on the way; what was made stays.
    """
    if spec.label in bench.by_id:
        raise InputError(f"a method cannot be called {spec.label!r} like a clip of the benchmark; choose another name")
    facts = _facts(spec, spec.load())
    items = [
        _item(spec, facts, bench.source(clip), prompt, seed, out, several=len(seeds) > 1)
        for clip in bench.clips
        for prompt in clip.prompts
        for seed in seeds
    ]
    with claim_folder(out / spec.label):
        write_json_atomic(out / spec.label / "method.json", facts)
        try:
            return run_items(f"run {spec.label}", items, options or WorkOptions())
        finally:
            _release()


def _facts(spec: MethodSpec, method: Method) -> dict[str, Any]:
    return {"label": spec.label, "method": spec.method, "version": method.version, "settings": dict(method.settings)}


def _item(
    spec: MethodSpec, facts: dict[str, Any], source: Source, prompt: Prompt, seed: int, out: Path, *, several: bool
) -> Item:
    video = video_path(out, spec.label, source.clip.id, prompt.id, seed, several=several)
    return Item(
        key=f"{spec.label}/{source.clip.id}/{video.stem}",
        inputs={**facts, "source": source.clip.video.sha256, "prompt": prompt.model_dump(mode="json"), "seed": seed},
        work=partial(_generate, spec, facts, source, prompt, seed, video),
        record=video.with_suffix(".json"),
        outputs=(video,),
        guard_outputs=True,
    )


def _generate(
    spec: MethodSpec, facts: dict[str, Any], source: Source, prompt: Prompt, seed: int, video: Path
) -> dict[str, Any]:
    from dataclasses import asdict

    from benchmark.video import probe_video

    prepared = _prepare(spec, source)
    with replace_atomically(video) as temporary:
        with Meter() as meter:
            prepared.method.generate(source, prepared.state, Request(prompt, seed, temporary))
        info = probe_video(temporary)
        sha256 = sha256_of_file(temporary)
    return {
        **facts,
        "seed": seed,
        "prompt": prompt.text,
        "seconds": {"prepare": prepared.seconds, "generate": meter.seconds},
        "peak_memory_bytes": meter.peak_memory_bytes,
        "device": meter.device,
        "video": {**asdict(info), "sha256": sha256},
    }


@dataclass(frozen=True)
class _Prepared:
    """A loaded method and what it prepared for one clip, kept for that clip's next prompt."""

    spec: MethodSpec
    root: Path
    clip: str
    method: Method
    state: Any
    seconds: float


_prepared: list[_Prepared] = []


def _prepare(spec: MethodSpec, source: Source) -> _Prepared:
    last = _prepared[0] if _prepared else None
    if last and (last.spec, last.root, last.clip) == (spec, source.root, source.clip.id):
        return last
    method = last.method if last and last.spec == spec else spec.load()
    _release()
    with Meter() as meter:
        state = method.prepare(source)
    _prepared.append(_Prepared(spec, source.root, source.clip.id, method, state, meter.seconds))
    return _prepared[0]


def _release() -> None:
    """Let the method free what it holds for the clip that was prepared last."""
    if _prepared:
        _prepared.pop().method.release()
