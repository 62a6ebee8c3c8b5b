from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import InputError
from benchmark.manifest import CATEGORIES
from benchmark.rendered.catalogue import BRICK, WOOD, demo_scenes, resting_crate, sliding_tiles, swimming_fish
from benchmark.rendered.motion import Bend, Curve, Pose, Stretch, Twist, forward, inverse
from benchmark.rendered.render import POINTS, RenderedClip, render
from benchmark.rendered.scene import Layer, Scene
from benchmark.rendered.shapes import Capsule, Disc, Polygon, Union, fish, rectangle, star
from benchmark.rendered.textures import TILE, paint, sample
from benchmark.rendered.tracking import front, track

MOTIONS = (
    Bend(swing=13, wavelength=120, period=-22),
    Stretch(Curve(swing=0.2)),
    Twist(Curve(0.1, 0.02), radius=50),
    Pose(x=Curve(-24, 2.0), y=Curve(swing=9), angle=Curve(0.3, 0.05), size=Curve(0.8, 0.02)),
)
WHITE = replace(BRICK, colours=((255, 255, 255), (255, 255, 255)), contrast=0.0)
BLACK = replace(BRICK, colours=((0, 0, 0), (0, 0, 0)), contrast=0.0)


@pytest.fixture(scope="module")
def clips() -> list[RenderedClip]:
    return [render(scene) for scene in demo_scenes()]


def _look_up(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    spots = points.astype(np.float32)[None]
    return cv2.remap(image.astype(np.float32), spots[..., 0], spots[..., 1], cv2.INTER_CUBIC)[0]


def _clear_of_edges(scene: Scene, points: np.ndarray, t: int, margin: float) -> np.ndarray:
    """Which points see one and the same layer all around them, `margin` px away."""
    around = margin * np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
    owners = front(scene, points[:, None] + around, t)
    return (owners == owners[:, :1]).all(1)


def _scene(*layers: Layer, **settings) -> Scene:
    defaults = {"caption": "a disc is resting", "verb": "resting", "category": "single_object", "objects": ("disc",)}
    return Scene(name="test", layers=layers, **{**defaults, **settings})


def test_the_colour_at_a_visible_track_point_stays_the_same(clips):
    for clip in clips:
        rng = np.random.default_rng(1)
        spots = rng.uniform((2, 2), (clip.scene.width - 3, clip.scene.height - 3), (300, 2))
        tracks = track(clip.scene, np.column_stack([np.full(300, 5), spots]))
        truth = _look_up(clip.frames[5], spots)
        for t in range(clip.scene.frames):
            points = tracks.points[:, t].astype(np.float64)
            usable = _clear_of_edges(clip.scene, points, t, 2.5) & _clear_of_edges(clip.scene, spots, 5, 2.5)
            usable &= tracks.visible[:, t]
            error = np.abs(_look_up(clip.frames[t], points) - truth)[usable]
            assert usable.sum() > 100, f"{clip.scene.name}, frame {t}: only {usable.sum()} points could be judged"
            assert error.mean() < 3, f"{clip.scene.name}, frame {t}: mean colour error {error.mean():.2f} of 255"


def test_a_track_half_a_pixel_off_would_be_noticed(clips):
    for clip in clips:
        points = clip.tracks.points[:, 0].astype(np.float64)
        inner = points[_clear_of_edges(clip.scene, points, 0, 2.5)]
        shift = np.abs(_look_up(clip.frames[0], inner + 0.5) - _look_up(clip.frames[0], inner)).mean()
        assert shift > 4, f"{clip.scene.name}: half a pixel changes the colour by only {shift:.2f} of 255"


def test_visible_track_points_lie_on_the_mask_of_their_object(clips):
    for clip in clips:
        own = clip.masks[0][tuple(clip.tracks.queries[:, [2, 1]].astype(int).T)]
        for t in range(clip.scene.frames):
            points = clip.tracks.points[:, t].astype(np.float64)
            usable = clip.tracks.visible[:, t] & _clear_of_edges(clip.scene, points, t, 1.5)
            x, y = np.rint(points[usable]).astype(int).T
            assert (clip.masks[t][y, x] == own[usable]).all(), f"{clip.scene.name}, frame {t}: point off its mask"


def test_masks_name_the_nearest_layer_at_every_pixel_centre(clips):
    for clip in clips:
        scene = clip.scene
        y, x = np.mgrid[: scene.height, : scene.width]
        indices = np.array([layer.mask for layer in scene.layers])
        for t in (0, scene.frames - 1):
            expected = indices[front(scene, np.stack([x, y], -1).astype(float), t)]
            assert (clip.masks[t] == expected).all(), f"{scene.name}, frame {t}: mask differs from the layers"


def test_every_clip_has_the_stated_types_and_shapes(clips):
    for clip in clips:
        scene, tracks = clip.scene, clip.tracks
        size = (scene.frames, scene.height, scene.width)
        assert (clip.frames.dtype, clip.frames.shape) == (np.uint8, (*size, 3))
        assert (clip.masks.dtype, clip.masks.shape) == (np.uint8, size)
        assert (tracks.points.dtype, tracks.points.shape) == (np.float32, (POINTS, scene.frames, 2))
        assert (tracks.visible.dtype, tracks.visible.shape) == (np.bool_, (POINTS, scene.frames))
        assert (tracks.queries.dtype, tracks.queries.shape) == (np.float32, (POINTS, 3))
        assert set(np.unique(clip.masks)) == set(range(len(scene.objects) + 1)), scene.name


def test_the_same_scene_gives_the_same_bytes(clips):
    again = render(demo_scenes()[3])
    assert again.frames.tobytes() == clips[3].frames.tobytes(), "frames differ"
    assert again.masks.tobytes() == clips[3].masks.tobytes(), "masks differ"
    assert again.tracks.points.tobytes() == clips[3].tracks.points.tobytes(), "tracks differ"


def test_another_seed_tracks_other_points_of_the_same_frames(clips):
    other = render(replace(resting_crate(), seed=1))
    assert (other.frames == clips[0].frames).all(), "the seed of the points changed the frames"
    assert (other.tracks.queries != clips[0].tracks.queries).any(), "the seed did not change the points"


def test_background_points_follow_the_pan():
    scene = _scene(Layer(BRICK), camera=Pose(x=Curve(0, -2.5), y=Curve(0, 1.25)), objects=())
    tracks = track(scene, np.array([[4, 100, 60]], np.float32))
    expected = [100, 60] + (np.arange(scene.frames) - 4)[:, None] * [-2.5, 1.25]
    assert np.abs(tracks.points[0] - expected).max() < 1e-3, "the background does not move with the camera"


def test_objects_at_rest_move_with_the_camera_as_the_background_does():
    tracks = track(resting_crate(), np.array([[0, 180, 110], [0, 60, 40]], np.float32))
    crate, wall = tracks.points - tracks.points[:, :1]
    assert np.abs(crate - wall).max() < 1e-3, "crate and wall move apart"


def test_the_camera_zooms_about_the_centre_of_the_image():
    scene = _scene(Layer(BRICK), camera=Pose(size=Curve(1, 0.01)), width=101, height=51, objects=())
    points = track(scene, np.array([[0, 50, 25], [0, 60, 25]], np.float32)).points
    assert np.abs(points[0] - [50, 25]).max() < 1e-4, "the centre moved"
    assert points[1, 10] == pytest.approx([50 + 10 * 1.1, 25]), "a zoom of 1.1 is off"


def test_the_centre_of_the_top_left_pixel_is_the_origin():
    dot = Layer(WHITE, Disc(3), (Pose(Curve(-128.0), Curve(-96.0)),), mask=1)
    clip = render(_scene(Layer(BLACK), dot, width=257, height=193, frames=1))
    assert clip.masks[0, 0, 0] == 1, "the disc about (0, 0) misses the top-left pixel"
    assert (clip.masks[0, :4, 0] == clip.masks[0, 0, :4]).all(), "the disc about (0, 0) is not symmetric"
    assert clip.masks[0].sum() == 11, "a quarter of a disc of radius 3 about a pixel centre holds 11 pixels"


def test_edges_are_anti_aliased_at_any_size():
    areas = []
    for size in (0.5, 1.0, 2.0):
        disc = Layer(WHITE, Disc(20), (Pose(size=Curve(size)),), mask=1)
        image = render(_scene(Layer(BLACK), disc, frames=1)).frames[0, ..., 0] / 255
        soft = ((image > 0.01) & (image < 0.99)).sum() / (2 * np.pi * 20 * size)
        assert 0.7 < soft < 1.8, f"size {size}: {soft:.2f} soft pixels per px of outline, expected about 1.3"
        areas.append(image.sum() / (np.pi * (20 * size) ** 2))
    assert np.allclose(areas, 1, atol=0.01), f"area covered, relative to the disc: {areas}"


def test_a_nearer_object_hides_a_farther_one():
    far = Layer(WHITE, Disc(20), mask=1)
    near = Layer(WOOD, rectangle(40, 80), (Pose(x=Curve(-80, 8)),), mask=2)
    clip = render(_scene(Layer(BLACK), far, near, objects=("disc", "board"), frames=21))
    tracks = track(clip.scene, np.array([[0, 127.5, 95.5], [10, 127.5, 95.5]], np.float32))
    hidden = np.abs(-80 + 8 * np.arange(21)) <= 20
    assert (tracks.visible[0] == ~hidden).all(), "the point on the disc is not hidden exactly under the board"
    assert tracks.visible[1].all(), "the point on the board, queried where it hides the disc, is never hidden"
    assert np.allclose(tracks.points[0], [127.5, 95.5], atol=1e-3), "the hidden point was moved"
    assert (clip.masks[10][85:105, 120:136] == 2).all(), "the mask shows the farther object"


def test_points_out_of_frame_are_not_visible_but_still_known():
    scene = _scene(Layer(BRICK), camera=Pose(x=Curve(0, -10)), objects=())
    tracks = track(scene, np.array([[0, 95, 50]], np.float32))
    assert (tracks.visible[0] == (np.arange(scene.frames) < 10)).all(), "visible does not end at the frame's edge"
    assert tracks.points[0, 20, 0] == pytest.approx(-105), "the position out of frame is lost"


def test_a_track_does_not_depend_on_the_frame_it_is_started_from():
    scene = sliding_tiles()
    start = track(scene, render(scene).tracks.queries)
    rows = start.visible[:, 12]
    middle = np.column_stack([np.full(rows.sum(), 12), start.points[rows, 12]])
    again = track(scene, middle)
    near_edge = ~_clear_of_edges(scene, start.points[rows, 12].astype(float), 12, 0.01)
    error = np.abs(again.points - start.points[rows])[~near_edge].max()
    assert error < 1e-3, f"started from frame 12, tracks differ by {error} px"


@pytest.mark.parametrize("motions", [*((motion,) for motion in MOTIONS), MOTIONS], ids=lambda m: type(m[-1]).__name__)
def test_inverse_undoes_forward(motions):
    points = np.random.default_rng(0).uniform(-200, 200, (500, 1, 2))
    times = np.linspace(0, 24, 13)
    error = np.abs(inverse(motions, forward(motions, points, times), times) - points).max()
    assert error < 1e-9, f"round trip is off by {error} px"


@given(st.integers(0, 5), st.integers(0, 23), st.floats(0, 255), st.floats(0, 191))
def test_every_pixel_maps_back_onto_itself(number: int, t: int, x: float, y: float):
    scene = demo_scenes()[number]
    for layer in scene.layers:
        back = scene.to_image(layer, scene.to_layer(layer, np.array([x, y]), t), t)
        assert np.abs(back - [x, y]).max() < 1e-6, f"{scene.name}: ({x}, {y}) came back as {back}"


@pytest.mark.parametrize(
    "shape",
    [Disc(20, (3, 4)), Capsule((-20, 0), (15, 9), 8), rectangle(50, 30), star(5, 40, 20), fish(60)],
    ids=lambda shape: type(shape).__name__,
)
def test_outside_a_shape_its_distance_is_that_to_the_nearest_point_of_it(shape):
    y, x = np.mgrid[-60:61, -60:61] * 1.0
    grid = np.stack([x, y], -1)
    inside = grid[shape.distance(grid) <= 0]
    far = np.array([[70.0, 10.0], [-65.0, -50.0], [5.0, 80.0]])
    nearest = np.linalg.norm(far[:, None] - inside, axis=-1).min(1)
    assert np.abs(shape.distance(far) - nearest).max() < 1, "distance differs from a search over pixels"
    assert np.linalg.norm(inside, axis=-1).max() <= shape.reach, "the shape is larger than its reach"


def test_a_rectangle_has_the_size_asked_for():
    edges = np.array([[25.0, 0.0], [-25.0, 0.0], [0.0, 15.0], [0.0, -15.0]])
    assert np.allclose(rectangle(50, 30).distance(edges), 0), "the outline is not at half the width and height"
    assert rectangle(50, 30, rounding=0).distance(np.zeros(2)) == -15, "the centre is not half the height inside"


def test_a_polygon_may_have_notches_and_level_edges():
    notched = Polygon(((-10, -10), (10, -10), (10, 10), (0, 0), (-10, 10)))
    signs = np.sign(notched.distance(np.array([[0.0, -5.0], [0.0, 5.0], [8.0, 7.0], [0.0, -11.0], [11.0, -10.0]])))
    assert signs.tolist() == [-1, 1, -1, 1, 1], "inside and outside are confused"


def test_a_union_covers_what_its_parts_cover():
    both = Union((Disc(5, (-10, 0)), Disc(5, (10, 0))))
    assert (both.distance(np.array([[-10.0, 0], [10, 0], [0, 0]])) <= 0).tolist() == [True, True, False]


def test_textures_are_seamless_detailed_and_made_by_their_seed():
    tile = paint(WOOD)
    seam = np.abs(tile[:, 0] - tile[:, -1]).mean()
    inner = np.abs(np.diff(tile, axis=1)).mean()
    assert seam < 2 * inner, f"neighbours across the seam differ by {seam:.1f}, elsewhere by {inner:.1f}"
    assert tile.std() > 15, "too plain to be tracked"
    assert (paint(WOOD) == tile).all(), "the same texture was painted differently"
    assert (paint(replace(WOOD, seed=99)) != tile).any(), "the seed changes nothing"


def test_textures_are_read_from_their_centre_and_repeat():
    tile = paint(BRICK)
    spots = np.array([[[0.0, 0.0], [TILE, -TILE], [3.0, 7.0]]])
    centre = TILE // 2
    expected = tile[[centre, centre, centre + 7], [centre, centre, centre + 3]]
    assert np.allclose(sample(tile, spots)[0], expected, atol=0.01)


@pytest.mark.parametrize(
    "queries",
    [np.zeros((3, 2)), np.zeros(3), np.array([[24, 5, 5]]), np.array([[-1, 5, 5]]), np.array([[0.5, 5, 5]])],
    ids=["two columns", "flat", "after the end", "before the start", "between frames"],
)
def test_queries_that_no_frame_can_answer_are_refused(queries):
    with pytest.raises(InputError, match="queries"):
        track(resting_crate(), queries)


def test_queries_with_nan_are_refused():
    with pytest.raises(InputError, match="finite"):
        track(resting_crate(), np.array([[0, np.nan, 5]]))


def test_demo_scenes_cover_the_categories_and_say_what_they_show():
    scenes = demo_scenes()
    assert {scene.category for scene in scenes} == set(CATEGORIES)
    assert max(Counter(scene.name for scene in scenes).values()) == 1, "names repeat"
    for scene in scenes:
        assert f" {scene.verb} " in scene.caption, f"{scene.name}: the caption lacks the verb"
        assert {layer.mask for layer in scene.layers} == set(range(len(scene.objects) + 1)), scene.name


def test_motion_is_slow_enough_for_optical_flow(clips):
    for clip in clips:
        steps = np.linalg.norm(np.diff(clip.tracks.points, axis=1), axis=-1)
        assert steps.max() < 8, f"{clip.scene.name}: a point moves {steps.max():.1f} px in a frame"
        assert steps.mean() > 1, f"{clip.scene.name}: points move only {steps.mean():.1f} px a frame"


def test_every_fish_of_the_hard_scene_has_a_way_of_its_own():
    scene = swimming_fish()
    centres = np.stack([scene.to_image(layer, np.zeros((2, 2)), np.array([0, 23])) for layer in scene.layers[1:]])
    ways = centres[:, 1] - centres[:, 0]
    gaps = np.linalg.norm(ways[:, None] - ways, axis=-1)[np.triu_indices(len(ways), 1)]
    assert len(ways) >= 7
    assert gaps.min() > 40, f"two fish travel within {gaps.min():.0f} px of each other"
