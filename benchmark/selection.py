"""Choosing foreground-centric, dynamic sequences; every one that is left out has its reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from benchmark.errors import InputError
from benchmark.manifest import Record
from benchmark.masks import foreground, object_indices, read_mask
from benchmark.registry import unknown
from benchmark.sequence import Sequence
from benchmark.video import iter_video, probe_video, read_images

MOTION_HEIGHT = 192
"""Height in pixels to which larger frames are reduced before motion is measured."""

MOTION_PAIRS = 4
"""Pairs of neighbouring frames on which motion is measured."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Criteria(Record):
    """What a sequence must have to become a clip.

    The defaults leave out what no motion can be transferred from: too short, (almost) no object, nothing but object, or
    still.
    """

    min_frames: int = Field(default=8, ge=2, description="frames on disk")
    min_area: Share = Field(default=0.005, description="least share of the first frame that its objects cover")
    max_area: Share = Field(default=0.75, description="largest share of the first frame that its objects cover")
    min_motion: Speed = Field(default=0.0005, description="frame heights per original frame, see `motion_of`")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Criteria:
        if self.min_area > self.max_area:
            raise ValueError(f"min_area {self.min_area:g} is larger than max_area {self.max_area:g}")
        return self


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


def reason_against(sequence: Sequence, criteria: Criteria) -> str | None:
    """Return why `sequence` does not meet `criteria`, cheapest criterion first; None when it meets them all.

    A sequence without any masks is judged by its length and motion alone: nothing is known of its objects.

    Raises:
        ItemError: one of its files is missing or cannot be read.
    """
    frames = _frame_count(sequence)
    if frames < criteria.min_frames:
        return f"it has {frames} frame{'s' if frames != 1 else ''}, expected at least {criteria.min_frames}"
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
    lengths = []
    for start, first, second in _frame_pairs(sequence):
        objects = _objects_at(sequence, start) if sequence.masks else None
        if objects is None or objects.any():
            lengths.append(mean_flow(first, second, objects))
    return float(np.mean(lengths)) / sequence.frame_step if lengths else 0.0


def mean_flow(first: NDArray[np.uint8], second: NDArray[np.uint8], where: NDArray[np.bool_] | None) -> float:
    """Return the mean length of the optical flow from `first` to `second` in frame heights.

    Args:
        first: uint8 [H, W, 3] RGB.
        second: uint8 [H, W, 3] RGB.
        where: bool [h, w], pixels to average over, of any size; None averages over all.
    """
    import cv2

    height = min(MOTION_HEIGHT, first.shape[0])
    size = (max(1, round(first.shape[1] * height / first.shape[0])), height)
    before, after = (
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for frame in (first, second)
    )
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = estimator.calc(before, after, np.zeros((*before.shape, 2), np.float32))
    lengths = np.linalg.norm(flow, axis=2) / height
    if where is None:
        return float(lengths.mean())
    weights = cv2.resize(where.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return float(np.average(lengths, weights=weights))


def _reason_against_object(sequence: Sequence, criteria: Criteria) -> str | None:
    if 0 not in sequence.masks:
        first = min(sequence.masks)
        return f"its first frame has no mask (frame {first} is the first that has one), expected an object there"
    area = float(_objects_at(sequence, 0).mean())
    if area == 0:
        return f"the mask of its first frame, {sequence.masks[0]}, is all background, expected an object there"
    if not criteria.min_area <= area <= criteria.max_area:
        bounds = f"{criteria.min_area:g} to {criteria.max_area:g}"
        return f"its objects cover {area:.3g} of the first frame, expected {bounds}"
    return None


def _objects_at(sequence: Sequence, frame: int) -> NDArray[np.bool_]:
    """Return the object pixels bool [H, W] of a frame that has a mask."""
    mask = object_indices(read_mask(sequence.masks[frame]), soft=sequence.soft_masks)
    return foreground(mask, soft=False)


def _frame_count(sequence: Sequence) -> int:
    return len(sequence.images) if sequence.video is None else probe_video(sequence.video).frames


def _frame_pairs(sequence: Sequence) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield (index, frame, next frame) for the pairs on which motion is measured."""
    starts = _pair_starts(sequence)
    if sequence.video is None:
        for start in starts:
            first, second = read_images(sequence.images[start : start + 2])
            yield start, first, second
    else:
        frames = chain.from_iterable(iter_video(sequence.video, batch=16))
        for start, (first, second) in enumerate(pairwise(frames)):
            if start in starts:
                yield start, first, second


def _pair_starts(sequence: Sequence) -> list[int]:
    possible = [start for start in range(_frame_count(sequence) - 1) if start in sequence.masks or not sequence.masks]
    count = min(MOTION_PAIRS, len(possible))
    return [possible[place] for place in np.linspace(0, len(possible) - 1, count).astype(int)]
