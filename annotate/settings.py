"""Everything that decides what a built benchmark holds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benchmark.manifest import Record
from benchmark.selection import Criteria


class SourceSettings(Record):
    """Which sequences of which data set.

    Attributes:
        format: a name of `benchmark.readers`; None recognises the data set by its shape.
        split, year, resolution, fps: as `benchmark.readers.read_dataset` takes them.
        select: what a sequence must be to be taken; None takes all.
        limit: at most so many sequences, in the order of their names.
    """

    format: str | None = None
    split: str | None = None
    year: str | None = None
    resolution: str | None = None
    fps: float | None = Field(default=None, gt=0)
    select: Criteria | None = None
    limit: int | None = Field(default=None, ge=1)


class CutSettings(Record):
    """How long and how large clips are to be; None leaves them as they are.

    Attributes:
        frames: frames to pick, evenly over the sequence; a shorter one keeps all and is flagged `short_clip`.
        size: (height, width) in pixels.
        fit: what happens when the shape differs: `crop` cuts the longer side, `pad` adds black bars.
    """

    frames: int | None = Field(default=None, ge=2)
    size: tuple[int, int] | None = None
    fit: Literal["crop", "pad"] = "crop"


class FollowSettings(Record):
    """How points are chosen and followed.

    Attributes:
        tracker: a name of `annotate.trackers`, or `dataset` for the tracks that came with the data set.
        points: query points to draw on the object.
        sampler: the variant of `annotate.sampler`.
    """

    tracker: str = "dis"
    points: int = Field(default=100, ge=1)
    sampler: Literal["v1", "det-official"] = "v1"


class BuildSettings(Record):
    """All settings of a build; `name` is the benchmark's, its source folder's when None."""

    source: SourceSettings = SourceSettings()
    cut: CutSettings = CutSettings()
    follow: FollowSettings = FollowSettings()
    name: str | None = None
    seed: int = 0
