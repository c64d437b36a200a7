"""Tables with several things of one colour each on them, and the exact mask of everything that is seen.

Things are of clearly different colours, some of the same; some touch or partly hide another, which then is
of another colour. Everything is decided by the seed and the picture's name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.samples.backgrounds import BACKGROUNDS, Background
from vdata_assets.samples.lighting import LIGHTS, Light
from vdata_assets.samples.objects import Look, Part, Size, Solid
from vdata_assets.samples.products import mug, vase
from vdata_assets.samples.shapes import Distance, box, sphere, turned
from vdata_assets.samples.stage import PITCH, SPRITE_SCALE, panorama, place, shadow, sprite
from vdata_assets.samples.variants import Draws

COLOURS = ("red", "yellow", "green", "blue", "purple")
PLACES = ("studio", "wood", "tiles")
WHITE_LIGHTS = ("daylight", "overcast")
SCALE = 0.35
# Free pixels around the things, and between two of one colour, at a picture width of 512.
MARGIN, GAP = 6, 12
# No more than this share of a thing is hidden, as far as boxes around it tell.
HIDDEN = 0.3
# Nor is more than this of a thing before another: within its outline it could as well be printed on it.
BEFORE = 0.7
ATTEMPTS = 400
SMALLEST = 0.6
# Sprites are drawn this much finer than they are put in, so that their outlines come out smooth.
FINER = 1.3
GLOSS = 0.3


def _moulded(distance: Callable[[], Distance]) -> Callable[[Look], Solid]:
    return lambda look: Solid((Part(distance(), look, gloss=GLOSS),))


def _lathed(*knots: tuple[float, float]) -> Callable[[Look], Solid]:
    return _moulded(lambda: turned(knots))


def _of_product(build: Callable[[str, Look, Size], Solid], shape: str) -> Callable[[Look], Solid]:
    def built(look: Look) -> Solid:
        product = build(shape, look, lambda measure, value: value)
        return Solid(tuple(replace(part, gloss=GLOSS) for part in product.parts))

    return built


@dataclass(frozen=True)
class Shape:
    """A kind of thing.

    Attributes:
        build: makes it in a colour.
        radius: half its width, in scene units.
        height: in scene units.
    """

    build: Callable[[Look], Solid]
    radius: float
    height: float


SHAPES = {
    "ball": Shape(_moulded(lambda: sphere(0, 0.36, 0, 0.36)), 0.36, 0.72),
    "box": Shape(_moulded(lambda: box(0.3, (0.36, 0.3, 0.3), 0.03)), 0.46, 0.6),
    "can": Shape(_lathed((0, 0.27), (0.02, 0.28), (0.78, 0.28), (0.8, 0.27)), 0.28, 0.8),
    "cone": Shape(_lathed((0, 0.38), (0.03, 0.38), (0.9, 0.02)), 0.38, 0.9),
    "mug": Shape(_of_product(mug, "straight"), 0.55, 0.95),
    "vase": Shape(_of_product(vase, "amphora"), 0.44, 1.16),
}


@dataclass(frozen=True)
class Thing:
    """Something on the table. Lengths in scene units.

    Attributes:
        shape: name in :data:`SHAPES`.
        colour: name in :data:`COLOURS`.
        x: to the right of the table's middle.
        z: towards the camera.
        size: factor.
        yaw: its turn in degrees.
    """

    shape: str
    colour: str
    x: float
    z: float
    size: float
    yaw: float

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class StillLife:
    """What is in a picture and how large the picture is, in pixels; the name and the seed decide the rest."""

    name: str
    width: int
    height: int
    count: int


@dataclass(frozen=True)
class Drawn:
    """A picture and what is in it.

    Attributes:
        image: RGB.
        things: from far to near.
        owner: (height, width): position in ``things`` of what covers at least half of a pixel; -1: none.
    """

    image: Image.Image
    things: tuple[Thing, ...]
    owner: NDArray[np.int16]


@dataclass(frozen=True)
class _View:
    """How the table lies in a picture."""

    width: int
    height: int

    @property
    def wide(self) -> int:
        """Width of the panorama that the picture is the middle of."""
        return max(self.width, self.height)

    def at(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Column and row of a point of the scene, and how many pixels a unit is there."""
        column, row, pixels = place(x, y, z, self.wide, self.height, SCALE)
        return column - (self.wide - self.width) / 2, row, pixels

    def box(self, thing: Thing) -> tuple[float, float, float, float]:
        """About where a thing is seen: left, top, right, bottom in pixels."""
        shape = SHAPES[thing.shape]
        column, base, pixels = self.at(thing.x, 0.0, thing.z)
        _, top, _ = self.at(thing.x, shape.height * thing.size, thing.z)
        radius = shape.radius * thing.size * pixels
        front = radius * math.sin(math.radians(PITCH))
        return column - radius, top - front, column + radius, base + front


def drawn(still_life: StillLife, seed: int) -> Drawn:
    """Draw the table and, from far to near, what stands on it.

    Raises:
        ValueError: so many things do not fit into the picture.
    """
    draws = Draws(seed, ("still life", still_life.name))
    kind = LIGHTS[draws.choice("light", WHITE_LIGHTS)]
    light = Light(kind, draws.uniform("azimuth", -60, 60), sum(kind.elevation) / 2)
    background = BACKGROUNDS[draws.choice("place", PLACES)](draws.generator("texture"))
    width, height = still_life.width, still_life.height
    view = _View(width, height)
    left = (view.wide - width) // 2
    image = panorama(background, light, view.wide, height, SCALE).crop((left, 0, left + width, height))
    things = tuple(sorted(_arranged(still_life, view, seed), key=lambda thing: thing.z))
    owner = np.full((height, width), -1, np.int16)
    for number, thing in enumerate(things):
        layer = _layer(thing, view, background, light, image)
        image.paste(layer, mask=layer)
        owner[np.asarray(layer.getchannel("A")) >= 128] = number
    return Drawn(image, things, owner)


def _layer(
    thing: Thing, view: _View, background: Background, light: Light, image: Image.Image
) -> Image.Image:
    """The thing alone, RGBA, of the picture's size; its shadow is put into the picture."""
    shape = SHAPES[thing.shape]
    column, row, pixels = view.at(thing.x, 0.0, thing.z)
    spot = shadow(shape.radius * thing.size * pixels, 0.0)
    image.paste((0, 0, 0), (round(column - spot.width / 2), round(row - spot.height / 2)), spot)
    solid = shape.build(Look(thing.colour, thing.colour, "plain"))
    centre, radius = solid.bounds
    column, row, pixels = view.at(thing.x, centre * thing.size, thing.z)
    side = 2 * radius / SPRITE_SCALE * thing.size * pixels
    figure = sprite(solid, thing.yaw, background, light, 4 * max(12, math.ceil(FINER * side / 4)))
    cut = figure.image.resize((round(side), round(side)), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", image.size)
    layer.paste(cut, (round(column - side / 2), round(row - side / 2)))
    return layer


def _arranged(still_life: StillLife, view: _View, seed: int) -> list[Thing]:
    """One thing after the other, each tried again, a little smaller every time, until it fits."""
    things: list[Thing] = []
    for number in range(still_life.count):
        draws = Draws(seed, ("still life", still_life.name, str(number)))
        tries = (
            _tried(replace(draws, keys=(*draws.keys, str(attempt))), attempt, things)
            for attempt in range(ATTEMPTS)
        )
        fitting = next((thing for thing in tries if _fits(thing, things, view)), None)
        if fitting is None:
            raise ValueError(
                f"{still_life.name}: {still_life.count} things do not fit into "
                f"{still_life.width} x {still_life.height} pixels"
            )
        things.append(fitting)
    return things


def _tried(draws: Draws, attempt: int, others: list[Thing]) -> Thing:
    """A thing anywhere on the table, the second often beside the first."""
    shape, colour = draws.choice("shape", tuple(SHAPES)), draws.choice("colour", COLOURS)
    size = draws.uniform("size", 0.7, 1.6) * (1 - (1 - SMALLEST) * attempt / ATTEMPTS)
    x, z = draws.uniform("x", -2, 2), draws.uniform("z", -1.8, 1.2)
    if len(others) == 1 and draws.uniform("beside", 0, 1) < 0.7:
        (first,) = others
        reach = SHAPES[first.shape].radius * first.size + SHAPES[shape].radius * size
        side = 1 if draws.uniform("side", 0, 1) < 0.5 else -1
        x = first.x + side * reach * draws.uniform("near", 0.7, 0.95)
        z = first.z + draws.uniform("before", -0.4, 0.4)
    return Thing(shape, colour, x, z, size, draws.uniform("yaw", -40, 40))


def _fits(thing: Thing, others: list[Thing], view: _View) -> bool:
    """Whether it is in the picture, hides little and is little hidden, and is apart from its colour."""
    unit = view.wide / 512
    own = view.box(thing)
    left, top, right, bottom = own
    if min(left, top, view.width - right, view.height - bottom) < MARGIN * unit:
        return False
    for other in others:
        box = view.box(other)
        across = min(right, box[2]) - max(left, box[0])
        down = min(bottom, box[3]) - max(top, box[1])
        if thing.colour == other.colour and max(-across, -down) < GAP * unit:
            return False
        far, near = (own, box) if thing.z < other.z else (box, own)
        shared = max(across, 0) * max(down, 0)
        if shared > min(HIDDEN * _area(far), BEFORE * _area(near)):
            return False
    return True


def _area(box: tuple[float, float, float, float]) -> float:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)
