"""The one interface of everything that makes videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmark.manifest import Prompt
from benchmark.source import Source


@dataclass(frozen=True)
class Request:
    """One video to make: the prompt, the seed of every random choice, and the file to write."""

    prompt: Prompt
    seed: int
    output: Path


class Method(Protocol):
    """A motion-transfer method.

    The runner calls `prepare` once per clip and `generate` once per prompt and seed, in one process per device; it
    measures time and memory, checks what was written and moves it into place. `state` is whatever `prepare` returned:
    extracted features, tuned weights, or None.
    """

    version: str

    @property
    def settings(self) -> Mapping[str, Any]:
        """JSON-able settings that the videos depend on."""
        ...

    def prepare(self, source: Source) -> Any:
        """Do what is shared by all prompts of a clip."""
        ...

    def generate(self, source: Source, state: Any, request: Request) -> None:
        """Write one video to `request.output`.

        Raises:
            ItemError: this video cannot be made; the run goes on with the next.
        """
        ...

    def release(self) -> None:
        """Free what `prepare` and `generate` hold on the device."""
        ...
