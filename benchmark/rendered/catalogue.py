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
    """Six clips of 24 frames, 256x192: two easy, two medium, one hard, and a puppet."""
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
    stripes = Texture(((202, 196, 184), (176, 46, 58)), "stripes", period=16, seed=20)
    dumbbell = Union((Disc(30, (-42, 0)), Disc(30, (42, 0)), Capsule((-42, 0), (42, 0), 8)))
    path = Pose(x=Curve(-40, 2.6), y=Curve(0, swing=14, period=48), angle=Curve(0.3, 0.045))
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
        (rectangle(58, 50), "dots", ((36, 62, 120), (240, 208, 96)), _slide(-88, 3.0, -56, 0.4, 0.2)),
        (Disc(30), "stripes", ((204, 200, 188), (44, 110, 92)), _slide(84, -2.6, -44, 0.9, 0.0, 0.02)),
        (triangle, "checks", ((206, 72, 52), (248, 196, 120)), _slide(-72, 0.6, 62, -2.6, 0.0, -0.02)),
        (star(5, 40, 22), "stripes", ((214, 184, 76), (176, 84, 28)), _slide(78, -0.4, 48, 0.6, 0.3)),
        (rectangle(70, 36, 12), "dots", ((120, 60, 120), (236, 190, 220)), _slide(4, 0.5, -14, 2.7, 0.0, growth=0.006)),
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
    stripes = Texture(((214, 196, 116), (190, 70, 112)), "stripes", period=17, seed=40)
    tips = [(float(46 * np.cos(turn)), float(46 * np.sin(turn))) for turn in 2 * np.pi * np.arange(5) / 5]
    flower = Union((*(Disc(20, tip) for tip in tips), *(Capsule((0, 0), tip, 2) for tip in tips)))
    path = Pose(x=Curve(-26, 1.6), y=Curve(6, swing=10, period=40), angle=Curve(0, -0.04))
    return Scene(
        name="twirling-flower",
        caption="a striped flower is twirling over blue water",
        verb="twirling",
        category="single_object",
        objects=("flower",),
        layers=(
            Layer(WATER),
            Layer(stripes, flower, (Twist(Curve(swing=0.15), radius=60), path), mask=1),
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
    """Human: ten parts swing from each other's joints; motion changes by degrees along a limb, so no count is right."""
    red, blue = ((228, 84, 72), (150, 30, 44)), ((92, 132, 200), (36, 62, 130))
    skin = ((246, 208, 170), (214, 150, 110))
    body = (Pose(x=Curve(-14, 1.2), y=Curve(2, swing=4, period=24), angle=Curve(swing=0.08)),)
    left_arm, right_arm = _limb(-20, -22, 1.7, swing=0.4, period=30), _limb(20, -22, -1.6, swing=0.4, period=30)
    left_hand, right_hand = _limb(0, 31, 0.7, swing=0.2, period=30), _limb(0, 31, -0.7, swing=-0.2, period=30)
    left_leg, right_leg = _limb(-11, 28, 0.3, swing=0.25, period=30), _limb(11, 28, -0.3, swing=-0.25, period=30)
    left_foot, right_foot = _limb(0, 30, 0.1, swing=0.15, period=30), _limb(0, 30, -0.1, swing=-0.15, period=30)
    head = _limb(0, -34, 0.0, swing=0.3)
    parts = (
        (blue, Capsule((0, 0), (0, 30), 9), (left_leg, *body)),
        (blue, Capsule((0, 0), (0, 28), 8), (left_foot, left_leg, *body)),
        (blue, Capsule((0, 0), (0, 30), 9), (right_leg, *body)),
        (blue, Capsule((0, 0), (0, 28), 8), (right_foot, right_leg, *body)),
        (red, rectangle(44, 66, 14), body),
        (skin, Disc(19, (0, -14)), (head, *body)),
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
                Layer(Texture(colours, "checks", period=14, contrast=0.16, seed=60 + number), shape, motions, mask=1)
                for number, (colours, shape, motions) in enumerate(parts)
            ),
        ),
        camera=Pose(x=Curve(0, -0.8)),
    )


_BREATH = Stretch(Curve(swing=0.06, period=20))


def _joint(x: float, y: float, angle: float) -> Pose:
    return Pose(Curve(x), Curve(y), Curve(angle))


def _slide(x: float, dx: float, y: float, dy: float, angle: float, spin: float = 0.0, growth: float = 0.0) -> Pose:
    return Pose(Curve(x, dx), Curve(y, dy), Curve(angle, spin), Curve(1.0, growth))


def _limb(x: float, y: float, angle: float, swing: float, period: float = 24) -> Pose:
    """Limb that hangs from (x, y) of its parent and swings about `angle`."""
    return Pose(Curve(x), Curve(y), Curve(angle, swing=swing, period=period))


def _fish(index: int, x: float, y: float, dx: float, dy: float, length: float) -> Layer:
    hue = ((240, 130, 40), (60, 110, 180), (230, 80, 110), (110, 160, 60), (150, 80, 180))[index % 5]
    skin = Texture((hue, (212, 202, 182)), "dots", period=11, seed=50 + index)
    beat = Bend(swing=1.3, wavelength=length, period=-16, phase=index / 8)
    path = Pose(Curve(x, dx), Curve(y, dy), Curve(float(np.arctan2(dy, dx))))
    return Layer(skin, fish(length), (beat, path), mask=index)
