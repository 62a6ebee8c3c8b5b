"""The rules that a protocol chooses among; what carries them out is elsewhere, so that this loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Alignment = Literal["linspace-exact", "linspace-trunc", "truncate", "equal"]
"""How tracks of unequal length are matched; see `metrics.alignment`."""

ZeroSteps = Literal["match", "undefined"]
"""What steps without length are worth; see `metrics.steps`."""

Box = Literal["inclusive", "exclusive"]
"""Whether a box around an object holds its last row and column; see `annotate.grids`."""

Foreground = Literal["half", "non-zero"]
"""From what level a pixel of a soft mask is the object's: from half of full white, or from 1, as official code has it.
A mask of indices knows no such question."""


@dataclass(frozen=True)
class FrameRule:
    """Which frames a metric looks at, and at what size; None leaves them as they are.

    Attributes:
        count: frames to pick, evenly over the whole video (`linspace-exact`); a shorter video keeps all.
        size: (height, width) to which every frame is stretched.
    """

    count: int | None = None
    size: tuple[int, int] | None = None


ALL_FRAMES = FrameRule()
