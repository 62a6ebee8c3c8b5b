"""The records of a benchmark folder: `benchmark.json` and the lines of `metadata.jsonl`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from benchmark.files import relative_path_problem

SCHEMA_VERSION = 1

Category = Literal["camera", "single_object", "multiple_objects", "human"]
Level = Literal["easy", "medium", "hard"]
PromptKind = Literal["caption", "subject", "scene", "foreground_background"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
LEVELS: tuple[Level, ...] = get_args(Level)
PROMPT_KINDS: tuple[PromptKind, ...] = get_args(PromptKind)


def _stays_inside(path: str) -> str:
    if problem := relative_path_problem(path):
        raise ValueError(f"the path {problem}")
    return path


RelativePath = Annotated[str, AfterValidator(_stays_inside)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """Base of every record: unknown fields are refused, values never change, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ClipSource(Record):
    """Where a clip comes from and what was done to it on the way in."""

    dataset: Text
    sequence: Text
    frame_step: int = Field(default=1, ge=1, description="frames of the original recording per frame of the data set")
    frames: tuple[int, ...] | None = Field(
        default=None, description="frames picked from the sequence; None when all were"
    )
    geometry: dict[str, Any] | None = Field(
        default=None, description="the map from source to clip pixels; None when unchanged"
    )


class VideoFacts(Record):
    """What the clip's video file holds."""

    fps: float = Field(gt=0)
    frames: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    sha256: Sha256
    encoder: dict[str, Any] | None = Field(
        default=None, description="encoder settings; None when the file was taken as it was"
    )


class ObjectFacts(Record):
    """One annotated object: its index in the masks and its category where the data set names one."""

    index: int = Field(ge=1, le=255)
    category: str | None = None


class Prompt(Record):
    """One evaluation prompt of a clip."""

    id: Identifier
    kind: PromptKind
    text: Text


def _have_distinct_ids(prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    ids = [prompt.id for prompt in prompts]
    if twice := sorted({prompt for prompt in ids if ids.count(prompt) > 1}):
        raise ValueError(f"prompt id {twice[0]!r} stands twice, expected each once")
    return prompts


class MaskFacts(Record):
    """The masks of a clip: `<folder>/<frame, five digits>.png`, 0 = background, 1.. = objects."""

    folder: RelativePath
    soft_folder: RelativePath | None = Field(
        default=None, description="the grey masks that these were thresholded from, under the same names"
    )
    frames: tuple[int, ...] = Field(description="0-based frames that have a mask")
    annotator: str


class TrackFacts(Record):
    """The point tracks of a clip and what made them."""

    file: RelativePath
    sha256: Sha256
    tracker: str
    tracker_settings: dict[str, Any] = Field(default_factory=dict)
    sampler: str = Field(description="how the query points were chosen")
    points: int = Field(ge=0)
    query_frame: int = Field(ge=0)
    visible_share: float = Field(ge=0, le=1)


class Difficulty(Record):
    """How many distinct motions a clip holds, by `recipe`, or as its data set labels it."""

    recipe: str
    level: Level
    clusters: int = Field(ge=1)
    silhouette: float | None = None
    reason: str = ""
    unstable: bool = False


class Clip(Record):
    """One clip: a line of `metadata.jsonl`.

    `file_name` is the video's path inside the folder; under that name Hugging Face's VideoFolder finds it, and makes a
    column `video` of it. What the file holds therefore stands as `video_file` in the manifest.
    """

    model_config = ConfigDict(populate_by_name=True)

    file_name: RelativePath
    id: Identifier
    source: ClipSource
    video: VideoFacts = Field(alias="video_file")
    objects: tuple[ObjectFacts, ...] = ()
    caption: Text
    verb: str
    category: Category
    prompts: Annotated[tuple[Prompt, ...], AfterValidator(_have_distinct_ids)]
    masks: MaskFacts | None = None
    tracks: TrackFacts | None = None
    difficulty: Difficulty | None = None
    licence: str = "unknown"
    flags: tuple[str, ...] = ()


class Rejected(Record):
    """A sequence of the data set that did not become a clip, and why."""

    sequence: str
    reason: str


class BenchmarkInfo(Record):
    """`benchmark.json`: the benchmark's name, how it was made, and what was left out."""

    name: Text
    schema_version: Literal[1] = SCHEMA_VERSION
    settings: dict[str, Any] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
