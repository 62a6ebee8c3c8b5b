"""Ready scenes for the demo and for tests, easy to hard by their number of distinct motions."""

from __future__ import annotations

import numpy as np

from benchmark.rendered.motion import Bend, Curve, Pose, Stretch, Twist
from benchmark.rendered.scene import Layer, Scene
from benchmark.rendered.shapes import Capsule, Disc, Polygon, Union, fish, rectangle, star
from benchmark.rendered.textures import Texture

GRASS = Texture(((74, 128, 52), (118, 164, 70)), "stripes", period=64, grain=(3, 9), contrast=0.28, seed=1)
SAND = Texture(((214, 184, 134), (198, 164, 112)), "ripples", period=26, grain=(3, 3), contrast=0.1, seed=2)
BRICK = Texture(((206, 198, 186), (150, 74, 56)), "bricks", period=32, grain=(4, 4), contrast=0.16, seed=3)
WATER = Texture(((28, 92, 132), (44, 124, 156)), "ripples", period=32, grain=(9, 4), contrast=0.16, seed=4)
WOOD = Texture(((92, 60, 36), (170, 122, 76)), "planks", period=37, grain=(24, 3), contrast=0.2, seed=5)
SLATE = Texture(((92, 98, 108), (122, 128, 136)), "checks", period=64, grain=(4, 4), contrast=0.18, seed=6)


def demo_scenes() -> list[Scene]:
    """Six clips of 24 frames, 256x192: two easy, two medium, two hard, with every category of the manifest."""
    return [resting_crate(), tumbling_dumbbell(), sliding_tiles(), twirling_flower(), swimming_fish(), dancing_puppet()]


def resting_crate() -> Scene:
    """Easy, camera: nothing moves but the camera, which pans."""
    checks = Texture(((232, 196, 84), (176, 88, 40)), "checks", period=24, seed=10)
    return Scene(
        name="resting-crate",
        caption="a checkered crate is resting in front of a brick wall",
        verb="resting",
        category="camera",
        objects=("crate",),
        layers=(Layer(BRICK), Layer(checks, rectangle(84, 70), (_joint(24, 18, angle=0.12),), mask=1)),
        camera=Pose(x=Curve(26, -2.4), y=Curve(0, swing=8, period=32)),
    )


def tumbling_dumbbell() -> Scene:
    """Easy, single object: a rigid body turns as it crosses the frame, and the camera follows a little."""
    stripes = Texture(((240, 236, 226), (196, 52, 64)), "stripes", period=16, seed=20)
    dumbbell = Union((Disc(23, (-36, 0)), Disc(23, (36, 0)), Capsule((-36, 0), (36, 0), 7)))
    path = Pose(x=Curve(-52, 3.4), y=Curve(8, swing=22, period=48), angle=Curve(0.3, 0.06))
    return Scene(
        name="tumbling-dumbbell",
        caption="a striped dumbbell is tumbling over a grassy field",
        verb="tumbling",
        category="single_object",
        objects=("dumbbell",),
        layers=(Layer(GRASS), Layer(stripes, dumbbell, (path,), mask=1)),
        camera=Pose(x=Curve(0, -0.6)),
    )


def sliding_tiles() -> Scene:
    """Medium, multiple objects: five shapes cross each other's ways while they turn, breathe and grow."""
    triangle = Polygon(((-26, 20), (26, 20), (0, -24)), rounding=8)
    tiles = (
        (rectangle(58, 50), "dots", ((36, 62, 120), (240, 208, 96)), Pose(Curve(-88, 3.0), Curve(-56, 0.4), Curve(0.2))),
        (Disc(30), "stripes", ((244, 240, 228), (44, 110, 92)), Pose(Curve(84, -2.6), Curve(-44, 0.9), Curve(0, 0.02))),
        (triangle, "checks", ((206, 72, 52), (248, 196, 120)), Pose(Curve(-72, 0.6), Curve(62, -2.6), Curve(0, -0.02))),
        (star(5, 40, 22), "stripes", ((250, 220, 90), (196, 96, 30)), Pose(Curve(78, -0.4), Curve(48, 0.6), Curve(0.3))),
        (rectangle(70, 36, 12), "dots", ((120, 60, 120), (236, 190, 220)), Pose(Curve(4, 0.5), Curve(-14, 2.7), Curve(0))),
    )
    return Scene(
        name="sliding-tiles",
        caption="five painted tiles are sliding over a wooden floor",
        verb="sliding",
        category="multiple_objects",
        objects=("square", "disc", "triangle", "star", "bar"),
        layers=(
            Layer(WOOD),
            *(
                Layer(Texture(colours, pattern, period=15, seed=30 + index), shape, (_BREATH, path), mask=index)
                for index, (shape, pattern, colours, path) in enumerate(tiles, start=1)
            ),
        ),
        camera=Pose(x=Curve(0, -0.5), y=Curve(0, 0.3)),
    )


def twirling_flower() -> Scene:
    """Medium, single object: five petals go round, and the flower curls as it goes."""
    stripes = Texture(((250, 236, 150), (214, 84, 130)), "stripes", period=17, seed=40)
    turns = 2 * np.pi * np.arange(5) / 5
    petals = (Disc(17, (float(44 * np.cos(turn)), float(44 * np.sin(turn)))) for turn in turns)
    stems = (Capsule((0, 0), (float(40 * np.cos(turn)), float(40 * np.sin(turn))), 4) for turn in turns)
    path = Pose(x=Curve(-26, 1.6), y=Curve(6, swing=10, period=40), angle=Curve(0, -0.05))
    return Scene(
        name="twirling-flower",
        caption="a striped flower is twirling over blue water",
        verb="twirling",
        category="single_object",
        objects=("flower",),
        layers=(
            Layer(WATER),
            Layer(stripes, Union((*petals, *stems)), (Twist(Curve(swing=0.25, period=24), radius=60), path), mask=1),
        ),
        camera=Pose(x=Curve(0, -0.8)),
    )


def swimming_fish() -> Scene:
    """Hard, multiple objects: eight fish swim towards the eight winds and meet over the sand."""
    ways = (  # start x, y; px per frame in x, y; length
        (-96, -72, 3.1, 0.0, 54),
        (96, 70, -3.0, 0.0, 56),
        (100, -66, 0.0, 2.8, 54),
        (-100, 64, 0.0, -2.9, 56),
        (-72, -30, 2.1, 2.1, 56),
        (76, 44, -2.2, -2.2, 54),
        (40, -62, -2.3, 2.2, 54),
        (-40, 66, 2.2, -2.1, 54),
    )
    return Scene(
        name="swimming-fish",
        caption="eight spotted fish are swimming over a sandy reef",
        verb="swimming",
        category="multiple_objects",
        objects=("fish",) * len(ways),
        layers=(Layer(SAND), *(_fish(index, *way) for index, way in enumerate(ways, start=1))),
        camera=Pose(x=Curve(0, 0.3), size=Curve(1, 0.001)),
    )


def dancing_puppet() -> Scene:
    """Hard, human: ten body parts swing from each other's joints."""
    body = (Pose(x=Curve(-14, 1.2), y=Curve(2, swing=4, period=16), angle=Curve(0, swing=0.12, period=24)),)
    left_arm, right_arm = (_limb(x, -22, angle=a, swing=s, period=30) for x, a, s in ((-20, 1.7, 0.4), (20, -1.6, 0.4)))
    left_leg, right_leg = (_limb(x, 28, angle=a, swing=s, period=30) for x, a, s in ((-11, 0.3, 0.2), (11, -0.3, -0.2)))
    left_hand, right_hand = (_limb(0, 31, angle=a, swing=s, period=24) for a, s in ((0.7, 0.4), (-0.7, -0.4)))
    left_foot, right_foot = (_limb(0, 30, angle=a, swing=s, period=24) for a, s in ((0.1, 0.3), (-0.1, 0.3)))
    red, blue, skin = ((228, 84, 72), (150, 30, 44)), ((92, 132, 200), (36, 62, 130)), ((246, 208, 170), (214, 150, 110))
    parts = (
        (blue, Capsule((0, 0), (0, 30), 9), (left_leg, *body)),
        (blue, Capsule((0, 0), (0, 28), 8), (left_foot, left_leg, *body)),
        (blue, Capsule((0, 0), (0, 30), 9), (right_leg, *body)),
        (blue, Capsule((0, 0), (0, 28), 8), (right_foot, right_leg, *body)),
        (red, rectangle(44, 66, 14), body),
        (skin, Disc(19, (0, -14)), (_limb(0, -34, angle=0, swing=0.3, period=12), *body)),
        (red, Capsule((0, 0), (0, 31), 8), (left_arm, *body)),
        (skin, Capsule((0, 0), (0, 26), 7), (left_hand, left_arm, *body)),
        (red, Capsule((0, 0), (0, 31), 8), (right_arm, *body)),
        (skin, Capsule((0, 0), (0, 26), 7), (right_hand, right_arm, *body)),
    )
    return Scene(
        name="dancing-puppet",
        caption="a paper puppet is dancing on a slate terrace",
        verb="dancing",
        category="human",
        objects=("puppet",),
        layers=(
            Layer(SLATE),
            *(
                Layer(Texture(colours, "checks", period=14, seed=60 + number), shape, motions, mask=1)
                for number, (colours, shape, motions) in enumerate(parts)
            ),
        ),
        camera=Pose(x=Curve(0, -0.8)),
    )


_BREATH = Stretch(Curve(swing=0.06, period=20))


def _joint(x: float, y: float, angle: float) -> Pose:
    return Pose(Curve(x), Curve(y), Curve(angle))


def _limb(x: float, y: float, angle: float, swing: float, period: float) -> Pose:
    """A limb that hangs from (x, y) of its parent and swings about `angle`."""
    return Pose(Curve(x), Curve(y), Curve(angle, swing=swing, period=period))


def _fish(index: int, x: float, y: float, dx: float, dy: float, length: float) -> Layer:
    hue = np.array([(240, 130, 40), (60, 110, 180), (230, 80, 110), (110, 160, 60), (150, 80, 180)][index % 5])
    skin = Texture((tuple(hue.tolist()), (250, 240, 220)), "dots", period=11, seed=50 + index)
    beat = Bend(swing=1.3, wavelength=length, period=-16, phase=index / 8)
    path = Pose(Curve(x, dx), Curve(y, dy), Curve(float(np.arctan2(dy, dx))))
    return Layer(skin, fish(length), (beat, path), mask=index)
