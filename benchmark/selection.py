"""Choosing foreground-centric, dynamic sequences; every one that is left out has its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from benchmark.errors import InputError, ItemError
from benchmark.manifest import Record, Rejected
from benchmark.registry import unknown
from benchmark.sequence import Sequence

MOTION_HEIGHT = 192
"""Height in pixels to which larger frames are reduced before motion is measured."""

MOTION_PAIRS = 4
"""Pairs of neighbouring frames on which motion is measured."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Criteria(Record):
    """What a sequence must have to become a clip.

    The defaults leave out what no motion can be transferred from: too short, (almost) no object, nothing but object, or
    still.
    """

    min_frames: int = Field(8, ge=2, description="frames on disk")
    min_area: Share = Field(0.005, description="least share of the first frame that all objects cover together")
    max_area: Share = Field(0.75, description="largest share of the first frame that all objects cover together")
    min_motion: float = Field(0.0005, ge=0, allow_inf_nan=False, description="frame heights per frame; see `motion_of`")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Criteria:
        if self.min_area > self.max_area:
            raise ValueError(f"min_area {self.min_area:g} is larger than max_area {self.max_area:g}")
        return self


@dataclass(frozen=True)
class Selection:
    """The sequences that were judged.

    Attributes:
        accepted: those that meet every criterion, in the order given.
        rejected: those that do not, each with its first reason.
        unreadable: those that could not be judged because a file of theirs cannot be read, each with the error.
    """

    accepted: tuple[Sequence, ...]
    rejected: tuple[Rejected, ...]
    unreadable: tuple[Rejected, ...]


def parse_criteria(text: str) -> Criteria:
    """Read criteria as the command line gives them, for example `min_frames=24,min_area=0.01`.

    Raises:
        InputError: a part is not `key=value`, a key is unknown or stands twice, or a value is out of its range.
    """
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InputError(f"--select holds {part!r}, expected key=value, for example min_frames=24")
        if key not in Criteria.model_fields:
            raise unknown("criterion in --select", key, Criteria.model_fields)
        if key in values:
            raise InputError(f"--select gives {key} twice, expected it once; take one away")
        values[key] = value
    try:
        return Criteria.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]}={values[str(first['loc'][0])]}" if first["loc"] else text
        raise InputError(f"--select {where}: {first['msg']}; correct the value") from None


def select(sequences: Iterable[Sequence], criteria: Criteria, *, limit: int | None = None) -> Selection:
    """Sort `sequences` into accepted, rejected and unreadable; stop once `limit` are accepted."""
    accepted: list[Sequence] = []
    rejected: list[Rejected] = []
    unreadable: list[Rejected] = []
    for sequence in sequences:
        if limit is not None and len(accepted) >= limit:
            break
        try:
            reason = reason_against(sequence, criteria)
        except ItemError as error:
            unreadable.append(Rejected(sequence=sequence.name, reason=str(error)))
            continue
        if reason is None:
            accepted.append(sequence)
        else:
            rejected.append(Rejected(sequence=sequence.name, reason=reason))
    return Selection(tuple(accepted), tuple(rejected), tuple(unreadable))


def reason_against(sequence: Sequence, criteria: Criteria) -> str | None:
    """Return why `sequence` does not meet `criteria`, cheapest criterion first; None when it meets them all.

    A sequence without any masks is judged by its length and motion alone: nothing is known of its objects.

    Raises:
        ItemError: one of its files is missing or cannot be read.
    """
    frames = _frame_count(sequence)
    if frames < criteria.min_frames:
        return f"it has {_frames(frames)}, expected at least {criteria.min_frames}"
    if sequence.masks and (reason := _reason_against_object(sequence, criteria)):
        return reason
    if criteria.min_motion > 0 and (motion := motion_of(sequence)) < criteria.min_motion:
        what = "its objects move" if sequence.masks else "it moves"
        return f"{what} {motion:.3g} frame heights per frame, expected at least {criteria.min_motion:g}"
    return None


def motion_of(sequence: Sequence) -> float:
    """Return how fast the objects of a sequence move in the picture, in frame heights per original frame.

    It is the mean length of DIS optical flow (Kroeger et al., ECCV 2016) over the object pixels, or over all pixels
    where the sequence has no masks, averaged over up to `MOTION_PAIRS` pairs of neighbouring frames spread evenly over
    the frames that have a mask, and divided by the frame step. Camera motion counts: the objects cross the picture.

    Raises:
        ItemError: a frame or mask cannot be read.
    """
    starts = _pair_starts(sequence, _frame_count(sequence))
    lengths = []
    for start, pair in zip(starts, _frame_pairs(sequence, starts), strict=True):
        objects = _objects_at(sequence, start)
        if objects is None or objects.any():
            lengths.append(mean_flow(pair[0], pair[1], objects))
    return float(np.mean(lengths)) / sequence.frame_step if lengths else 0.0


def mean_flow(first: NDArray[np.uint8], second: NDArray[np.uint8], where: NDArray[np.bool_] | None) -> float:
    """Return the mean length of the optical flow from `first` to `second` in frame heights.

    Args:
        first: uint8 [H, W, 3] RGB.
        second: uint8 [H, W, 3] RGB.
        where: bool [h, w], pixels to average over, of any size; None averages over all.
    """
    height = min(MOTION_HEIGHT, first.shape[0])
    size = (max(1, round(first.shape[1] * height / first.shape[0])), height)
    small = [cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA) for frame in (first, second)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(small[0], small[1], np.zeros((*size[::-1], 2), np.float32))
    lengths = np.linalg.norm(flow, axis=2) / height
    if where is None:
        return float(lengths.mean())
    weights = cv2.resize(where.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return float(np.average(lengths, weights=weights))


def _reason_against_object(sequence: Sequence, criteria: Criteria) -> str | None:
    if 0 not in sequence.masks:
        return f"its first frame has no mask (its first annotated frame is {min(sequence.masks)}), expected an object there"
    objects = _objects_at(sequence, 0)
    assert objects is not None
    area = float(objects.mean())
    if area == 0:
        return f"mask {sequence.masks[0]} of its first frame is all background, expected an object there"
    if not criteria.min_area <= area <= criteria.max_area:
        bounds = f"{criteria.min_area:g} to {criteria.max_area:g}"
        return f"its objects cover {area:.3g} of the first frame, expected {bounds}"
    return None
