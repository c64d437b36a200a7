"""What an object stands on and before: a floor at y = 0 and a wall behind it, each a paint in scene units."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vdata_assets.samples.camera import turn
from vdata_assets.samples.patterns import linear, mix, step
from vdata_assets.samples.shapes import Array

Paint = Callable[[Array, Array, Array], Array]
"""Linear colours, shape (3, n), at n points: two coordinates in the plane, and how wide a pixel is there."""

NOISE_CELLS = 64
WALL = -2.2
"""Where the wall stands, on the z axis."""


@dataclass(frozen=True)
class Background:
    """A place.

    Attributes:
        floor: paint over (x, z).
        wall: paint over (x, y).
        seamless: the floor bends up into the wall, as a photographer's paper roll does.
    """

    floor: Paint
    wall: Paint
    seamless: bool = False


def noise(random: np.random.Generator) -> Callable[[Array, Array], Array]:
    """Value noise in [0, 1] with features of size 1: random values on a lattice, smoothly joined."""
    lattice = random.random((NOISE_CELLS, NOISE_CELLS), dtype=np.float32)

    def at(u: Array, v: Array) -> Array:
        iu, iv = np.floor(u), np.floor(v)
        fu, fv = u - iu, v - iv
        fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
        u0, v0 = iu.astype(np.int32) % NOISE_CELLS, iv.astype(np.int32) % NOISE_CELLS
        u1, v1 = (u0 + 1) % NOISE_CELLS, (v0 + 1) % NOISE_CELLS
        near = lattice[u0, v0] * (1 - fu) + lattice[u1, v0] * fu
        far = lattice[u0, v1] * (1 - fu) + lattice[u1, v1] * fu
        return near * (1 - fv) + far * fv

    return at


def painted(colour: Array, random: np.random.Generator, amount: float = 0.08) -> Paint:
    """Plaster of one colour, a little uneven."""
    uneven = noise(random)

    def paint(u: Array, v: Array, width: Array) -> Array:
        return colour[:, None] * (1 - amount + 2 * amount * uneven(u * 1.7 + 31, v * 1.7 + 17))

    return paint


def one_of(random: np.random.Generator, *hex_colours: str) -> Array:
    """One of some colours, linear."""
    return linear(hex_colours[int(random.integers(len(hex_colours)))])


def studio(random: np.random.Generator) -> Background:
    """A paper roll with a soft glow in its middle."""
    colour = one_of(random, "#dfe5ea", "#f0dfd0", "#cfe0d8", "#e6d3da", "#b9c4d0", "#e9dfb8", "#9aa8b8")
    centre = float(random.uniform(-0.6, 0.6))

    def backdrop(x: Array, y: Array, width: Array) -> Array:
        glow = np.exp(-((x - centre) ** 2 + (y - 0.6) ** 2) / 5)
        return colour[:, None] * (0.62 + 0.5 * glow)

    def paper(x: Array, z: Array, width: Array) -> Array:
        return backdrop(x, (WALL - z) * 0.3, width)

    return Background(paper, backdrop, seamless=True)


def wood(random: np.random.Generator) -> Background:
    """A table of planks before a painted wall."""
    dark, light = (
        (linear("#7d5433"), linear("#b98a5a")),
        (linear("#a57c52"), linear("#d9b98c")),
        (linear("#4f382b"), linear("#7d5d47")),
    )[int(random.integers(3))]
    grain, tone = noise(random), noise(random)
    breadth = float(random.uniform(0.32, 0.5))
    start = float(random.uniform(0, 9))

    def planks(x: Array, z: Array, width: Array) -> Array:
        across = z / breadth + start
        plank = np.floor(across)
        along = x + plank * 0.37
        rings = 0.5 + 0.5 * np.sin(9 * grain(along * 0.8 + plank * 7.3, across * 2.6) + 14 * (across - plank))
        fine = grain(along * 2.5 + plank * 3.1, across * 24)
        share = 0.40 * rings + 0.35 * fine + 0.45 * tone(plank * 5.7 + 0.5, plank * 1.3) - 0.1
        gap = step(0.47, np.abs(across - plank - 0.5), 0.01 + width / breadth)
        return mix(np.clip(share, 0, 1), dark, light) * (1 - 0.7 * gap)

    wall = one_of(random, "#dcd6c8", "#b8c4bd", "#c9b3a2", "#8fa0a8", "#e6e0d6")
    return Background(planks, painted(wall, random))


def tiles(random: np.random.Generator) -> Background:
    """Ceramic tiles on wall and floor, with grout."""
    colour = one_of(random, "#e8ebe9", "#9fc0c0", "#c9d6df", "#e3cdb6", "#6f8c95")
    other = colour * (0.55 if random.random() < 0.5 else 0.93)
    grout = linear("#b9b4aa")
    size = float(random.uniform(0.36, 0.52))
    tone = noise(random)

    def tiled(high: Array) -> Paint:
        def paint(u: Array, v: Array, width: Array) -> Array:
            iu, iv = np.floor(u / size), np.floor(v / size)
            edge = np.maximum(np.abs(u / size - iu - 0.5), np.abs(v / size - iv - 0.5))
            glaze = mix((iu + iv) % 2, colour, high) * (0.9 + 0.2 * tone(iu * 3.3, iv * 5.1))
            return mix(step(0.47, edge, 0.01 + width / size), glaze, grout)

        return paint

    return Background(tiled(other), tiled(colour))


def cloth(random: np.random.Generator) -> Background:
    """A table-cloth with a woven stripe, before a curtain."""
    pairs = (("#e9e2d2", "#b9482f"), ("#dbe3ea", "#5b7fa8"), ("#e7e4dc", "#7b9a76"), ("#efe3c2", "#d09a3a"))
    ground, stripe = (linear(colour) for colour in pairs[int(random.integers(len(pairs)))])
    crease = noise(random)
    turn = float(random.uniform(-0.5, 0.5))
    period = float(random.uniform(0.45, 0.8))

    def woven(x: Array, z: Array, width: Array) -> Array:
        u = (x + turn * z) / period
        v = (z - turn * x) / period
        soft = 0.02 + width / period
        lines = 0.55 * (step(0.4, np.abs(u - np.round(u)), soft) + step(0.4, np.abs(v - np.round(v)), soft))
        folds = 0.86 + 0.28 * crease(x * 2.2 + 5, z * 2.2 + 9)
        return mix(np.clip(lines, 0, 1), ground, stripe) * folds

    curtain = one_of(random, "#a8b3b9", "#cdbfae", "#93a59a", "#c3a5a0")
    sway = noise(random)

    def folds(x: Array, y: Array, width: Array) -> Array:
        wave = 0.5 + 0.5 * np.sin(x * 8 + 2.5 * sway(x * 1.5 + 20, y * 0.3 + 20))
        return curtain[:, None] * (0.72 + 0.36 * wave)

    return Background(woven, folds)


def terrazzo(random: np.random.Generator) -> Background:
    """Stone chips in cement, before plaster."""
    chips = [linear(colour) for colour in ("#b7694c", "#5d7076", "#d9b878", "#8b8f8c")]
    ground = one_of(random, "#e4dfd6", "#d6dad8", "#c9c3bb")
    fields = [noise(random) for _ in chips]

    def stone(x: Array, z: Array, width: Array) -> Array:
        colours = np.broadcast_to(ground[:, None], (3, x.size))
        for number, (chip, field) in enumerate(zip(chips, fields, strict=True)):
            # Each kind of chip has a lattice of its own direction, so that none shows.
            u, v = turn(x * 6 + 40, z * 6 + 40, 37 * number + 20)
            share = step(0.76, field(u, v), 0.02 + 6 * width)
            colours = mix(share, colours, chip)
        return colours

    wall = one_of(random, "#c6ccd0", "#d8c3b0", "#a9b8ae", "#e2dccf")
    return Background(stone, painted(wall, random, 0.12))


def garden(random: np.random.Generator) -> Background:
    """A stone slab before out-of-focus greenery with spots of light."""
    deep, bright = linear("#3f6b3a"), linear("#a9c777")
    slab = painted(one_of(random, "#b8b2a6", "#a4a39d", "#c9bda6"), random, 0.16)
    leaves = noise(random)
    spots = random.uniform((-2.5, 0.0, 0.10, 0.15), (2.5, 2.6, 0.30, 0.55), (22, 4)).astype(np.float32)
    tint = linear("#fff2c4")

    def greenery(x: Array, y: Array, width: Array) -> Array:
        colours = mix(leaves(x * 1.4 + 20, y * 1.4 + 20), deep, bright)
        for cx, cy, radius, strength in spots:
            disc = 1 - step(1.0, np.hypot(x - cx, y - cy) / radius, 0.18)
            colours = mix(disc * strength, colours, tint)
        return colours

    return Background(slab, greenery)


BACKGROUNDS: dict[str, Callable[[np.random.Generator], Background]] = {
    "studio": studio,
    "wood": wood,
    "tiles": tiles,
    "cloth": cloth,
    "terrazzo": terrazzo,
    "garden": garden,
}
