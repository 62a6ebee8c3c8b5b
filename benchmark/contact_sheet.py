"""One picture of a clip: some of its frames with masks and tracks drawn on them, for a person to check at a glance."""

from __future__ import annotations

import io
import math
from bisect import bisect_right
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.colors import hsv_to_rgb
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmark.errors import ItemError
from benchmark.files import write_bytes_atomic
from benchmark.manifest import Clip
from benchmark.masks import read_mask
from benchmark.resample import pick_frames
from benchmark.source import Source
from benchmark.tracks import Tracks

TILE = 480
"""Longer side of a frame on the sheet, px; frames are scaled to it, up or down."""
TAIL = 8
"""Frames for which a point's way is drawn behind it."""

_MARGIN, _GAP = 20, 14  # px around the sheet, and between tiles
_TITLE_HEIGHT, _LABEL_HEIGHT = 52, 30  # px of the lines above the sheet and above each tile
_TITLE_SIZE, _LABEL_SIZE = 28, 19  # px of their letters
_PAPER, _INK, _PALE = (255, 255, 255), (24, 26, 32), (112, 116, 126)
_MASK_OPACITY = 0.35
_DOT, _TAIL_WIDTH = 3.6, 2.2  # px: radius of a point, width of its tail
_FINER = 3  # tracks are drawn so many times larger and shrunk, which smooths their edges


def contact_sheet(source: Source, *, columns: int = 4, rows: int = 2) -> NDArray[np.uint8]:
    """Draw evenly picked frames of a clip, first and last included, under a line that says what it is.

    Where a frame has a mask, its objects are tinted and outlined in the mask's own colours. Visible points are
    filled dots with a fading tail over the last `TAIL` frames, no further back than they were visible without a
    break; points out of sight are rings. A track keeps one colour: its hue is the direction in which it starts, seen
    from the middle of all starting points.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        ItemError: the video, a mask or the tracks cannot be read, or do not fit each other.
    """
    frames, tracks = source.frames, source.tracks
    if tracks and tracks.points.shape[1] != len(frames):
        raise ItemError(
            f"the tracks of clip {source.clip.id!r} have {tracks.points.shape[1]} frames, expected {len(frames)} like "
            "its video; run vmtbench inspect to see which of the two is wrong"
        )
    picked = pick_frames(len(frames), columns * rows)
    tiles = [_tile(source, frames[t], tracks, t) for t in picked]
    return np.asarray(_arranged(source.clip, tiles, columns))


def write_contact_sheet(path: Path, source: Source) -> None:
    """Write a clip's contact sheet as PNG, whole or not at all; equal clips give equal bytes.

    Raises:
        ItemError: as `contact_sheet`.
        OutputError: the disk is full or the folder cannot be written.
    """
    buffer = io.BytesIO()
    Image.fromarray(contact_sheet(source)).save(buffer, format="PNG", compress_level=6)
    write_bytes_atomic(path, buffer.getvalue())


def _tile(source: Source, frame: NDArray[np.uint8], tracks: Tracks | None, t: int) -> Image.Image:
    """Return frame t with its mask and tracks, under a line with its number."""
    height, width = frame.shape[:2]
    scale = TILE / max(height, width)
    picture = Image.fromarray(frame).resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS)
    if mask := source.mask(t):
        picture = _tinted(picture, mask, (height, width))
    seen = ""
    if tracks and len(tracks.points):
        layer = _drawn_tracks(tracks, t, scale, picture.size)
        picture.paste(layer, mask=layer)
        seen = f"{tracks.visible[:, t].sum()}/{len(tracks.visible)} visible"
    tile = Image.new("RGB", (picture.width, picture.height + _LABEL_HEIGHT), _PAPER)
    tile.paste(picture, (0, _LABEL_HEIGHT))
    draw, base = ImageDraw.Draw(tile), _LABEL_HEIGHT - 9
    draw.text((0, base), f"frame {t}", _INK, _font(_LABEL_SIZE), anchor="ls")
    draw.text((tile.width, base), seen, _PALE, _font(_LABEL_SIZE), anchor="rs")
    return tile


def _tinted(picture: Image.Image, path: Path, size: tuple[int, int]) -> Image.Image:
    """Tint and outline each object of a mask of `size` (height, width) on a picture of the same frame."""
    mask = read_mask(path)
    if mask.shape != size:
        raise ItemError(
            f"mask {path} is {mask.shape[1]}x{mask.shape[0]}, expected {size[1]}x{size[0]} like its video; "
            "run vmtbench inspect to see which of the two is wrong"
        )
    with Image.open(path) as image:
        colours = np.asarray(image.convert("RGB"))
    tinted = np.asarray(picture)
    for index in np.unique(mask[mask > 0]):
        inside = mask == index
        colour = colours[inside][0].astype(float)
        share = cv2.resize(inside.astype(np.float32), picture.size, interpolation=cv2.INTER_AREA)
        tinted = np.rint(tinted + _MASK_OPACITY * share[..., None] * (colour - tinted)).astype(np.uint8)
        outlines, _ = cv2.findContours((share >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tinted, outlines, -1, colour.tolist(), 2, cv2.LINE_AA)
    return Image.fromarray(tinted)


def _drawn_tracks(tracks: Tracks, t: int, scale: float, size: tuple[int, int]) -> Image.Image:
    """Return the points at frame t and their tails on a transparent picture of `size` (width, height)."""
    layer = Image.new("RGBA", (size[0] * _FINER, size[1] * _FINER))
    draw = ImageDraw.Draw(layer)
    places = ((tracks.points + 0.5) * scale * _FINER).astype(float)  # + 0.5: pixel centres to pixel corners
    colours = _track_colours(tracks.queries)
    for age in range(min(TAIL, t), 0, -1):
        ink = round(255 * (1 - age / (TAIL + 1)))
        for n in np.flatnonzero(tracks.visible[:, t - age : t + 1].all(axis=1)):
            way = [tuple(places[n, t - age]), tuple(places[n, t - age + 1])]
            draw.line(way, (*colours[n], ink), round(_TAIL_WIDTH * _FINER))
    for n in np.argsort(tracks.visible[:, t], kind="stable"):  # rings first, so that no dot hides under one
        if tracks.visible[n, t]:
            draw.circle(tuple(places[n, t]), _DOT * _FINER, (*colours[n], 255), (0, 0, 0, 255), _FINER)
        else:
            draw.circle(tuple(places[n, t]), 0.8 * _DOT * _FINER, None, (*colours[n], 200), _FINER)
    return layer.resize(size, Image.Resampling.BOX)


def _track_colours(queries: NDArray[np.float32]) -> list[tuple[int, int, int]]:
    """Return a colour per track: neighbours at the start, queries [N, 3] of (t, x, y), have like hues."""
    x, y = (queries[:, 1:] - queries[:, 1:].mean(axis=0)).T
    hues = np.arctan2(y, x) / (2 * math.pi) % 1
    colours = hsv_to_rgb(np.stack([hues, np.full_like(hues, 0.85), np.ones_like(hues)], axis=1))
    return [(red, green, blue) for red, green, blue in np.rint(255 * colours).astype(int).tolist()]


def _arranged(clip: Clip, tiles: list[Image.Image], columns: int) -> Image.Image:
    """Lay tiles of one size out in rows, under the clip's title."""
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    width, height = tiles[0].width + _GAP, tiles[0].height + _GAP
    top = _MARGIN + _TITLE_HEIGHT
    sheet = Image.new("RGB", (2 * _MARGIN + columns * width - _GAP, top + rows * height - _GAP + _MARGIN), _PAPER)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        sheet.paste(tile, (_MARGIN + column * width, top + row * height))
    _write_title(ImageDraw.Draw(sheet), clip, sheet.width - 2 * _MARGIN)
    return sheet


def _write_title(draw: ImageDraw.ImageDraw, clip: Clip, width: int) -> None:
    """Write the clip's id in bold and what is known of it, cut to `width` px."""
    facts = [clip.category.replace("_", " ")]
    if rated := clip.difficulty:
        facts.append(f"{rated.level} ({rated.clusters} cluster{'s' if rated.clusters != 1 else ''})")
    facts.append(" ".join(clip.caption.split()))
    bold, plain = _font(_TITLE_SIZE, bold=True), _font(_TITLE_SIZE)
    name = _cut(clip.id, bold, width)
    start = bold.getlength(name + "  ")
    base = _MARGIN + _TITLE_SIZE
    draw.text((_MARGIN, base), name, _INK, bold, anchor="ls")
    draw.text((_MARGIN + start, base), _cut("  ·  ".join(facts), plain, width - start), _INK, plain, anchor="ls")


def _cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Shorten a text to `width` px, with an ellipsis; to nothing where there is no room at all."""
    if font.getlength(text) <= width:
        return text
    kept = bisect_right(range(1, len(text)), width, key=lambda length: font.getlength(f"{text[:length]}…"))
    return f"{text[:kept].rstrip()}…" if kept else ""


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which matplotlib carries, so that letters are the same on every machine."""
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
