"""How a garment's cloth looks, point by point: its pattern's colours in its material.

Lengths are garment units: a person's shoulders are one wide. Colours are linear, shape (3, n).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vdata_assets.samples.camera import turn
from vdata_assets.samples.garment_kinds import COLOURS
from vdata_assets.samples.patterns import band, dots, floral, linear, mix, step, stripes
from vdata_assets.samples.shapes import Array

Noise = Callable[[Array, Array], Array]
SHIFT = 40.0
EMBLEM = (0.0, -0.42)
LACE_CELL = 0.105


@dataclass(frozen=True)
class Cloth:
    """What a garment is made of.

    Attributes:
        material: tag.
        pattern: tag.
        colour: main colour, a name in ``COLOURS``.
        accent: the pattern's colour, a name in ``COLOURS``.
        repeat: size of the pattern's repeat.
        slant: the pattern's turn in degrees.
        split: where a colour block ends, downwards.
        emblem: which chest emblem a graphic is, 0 to 3.
        uneven: value noise of this article.
    """

    material: str
    pattern: str
    colour: str
    accent: str
    repeat: float
    slant: float
    split: float
    emblem: int
    uneven: Noise

    def at(self, u: Array, v: Array, y: Array, front: bool) -> tuple[Array, Array]:
        """Colours, and the share of cloth that is no hole, at points of the garment.

        Args:
            u: across the part that the point lies on.
            v: along it.
            y: downwards in the whole garment.
            front: whether the part is the front, where a graphic is.
        """
        main, accent = linear(COLOURS[self.colour]), linear(COLOURS[self.accent])
        share = self._pattern_share(u, v, y, front)
        colours = mix(share, main, accent)
        tone, light, cover = MATERIALS[self.material](u, v, self.uneven)
        return colours * tone + light, cover

    def _pattern_share(self, u: Array, v: Array, y: Array, front: bool) -> Array:
        du, dv = turn(u, v, self.slant)
        du, dv = du / self.repeat, dv / self.repeat
        match self.pattern:
            case "stripe":
                return stripes(du, dv)
            case "plaid":
                lines = np.maximum(band(du + 0.5, 0.1), band(dv + 0.5, 0.1))
                broad = (band(du, 0.34) + band(dv, 0.34)) / 2
                return np.maximum(0.6 * broad**2, 0.8 * lines)
            case "floral":
                return floral(du * 0.8, dv * 0.8)
            case "polka_dot":
                return dots(du, dv)
            case "color_block":
                return step(self.split, y, 0.012)
            case "animal_print":
                return leopard(du * 1.6, dv * 1.6, self.uneven)
            case "graphic":
                return emblem(self.emblem, u, v) if front else np.zeros_like(u)
            case _:
                return np.zeros_like(u)


def leopard(u: Array, v: Array, uneven: Noise) -> Array:
    """Broken rings of differing size around jittered centres."""
    row = np.round(v)
    u = u + 0.5 * (row % 2)
    column = np.round(u)
    du = u - column + 0.5 * uneven(column * 3, row * 5) - 0.25
    dv = v - row + 0.4 * uneven(column * 7 + 11, row * 3) - 0.2
    away = np.hypot(du, dv) / (0.75 + 0.6 * uneven(column * 2 + 5, row * 9))
    ring = step(0.13, away, 0.04) * (1 - step(0.34, away, 0.04))
    return ring * step(0.3, uneven(u * 2.3 + 7, v * 2.3 + 3), 0.08)


def emblem(number: int, u: Array, v: Array) -> Array:
    """A large sign on the chest: a ringed disc, a star, lines of writing or a mountain before a sun."""
    x, y = (u - EMBLEM[0]) / 0.26, (v - EMBLEM[1]) / 0.26
    away = np.hypot(x, y)
    match number:
        case 0:
            return np.maximum(1 - step(0.55, away, 0.05), step(0.75, away, 0.05) * (1 - step(1, away, 0.05)))
        case 1:
            point = np.abs((np.arctan2(x, -y) / (2 * np.pi / 5) + 0.5) % 1 - 0.5) * 2
            return 1 - step(1.05 - 0.6 * point, away, 0.05)
        case 2:
            line = np.abs(y * 2 - np.round(y * 2)) < 0.3
            letters = np.sin(x * 11 + np.round(y * 2) * 2.3) > -0.55
            return (line & letters & (np.abs(y) < 0.75) & (np.abs(x) < 1.05)).astype(np.float32)
        case _:
            hill = (y > 0.9 * np.abs(x + 0.2) - 0.5) & (y < 0.7)
            sun = np.hypot(x - 0.5, y + 0.55) < 0.32
            return (hill | sun).astype(np.float32)


Texture = Callable[[Array, Array, Noise], tuple[Array, Array | float, Array]]
"""Factor of the colour, light added to it, and the share that is no hole."""


def _whole(u: Array) -> Array:
    return np.ones_like(u)


def cotton(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Plain: soft folds only."""
    return 0.9 + 0.2 * uneven(u * 5 + SHIFT, v * 2 + SHIFT), 0.0, _whole(u)


def denim(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Twill: steep diagonal lines with white threads, worn where it is stretched."""
    twill = 0.5 + 0.5 * np.sin(2 * np.pi * (u + 0.6 * v) / 0.062)
    threads = uneven(u * 55 + SHIFT, v * 9 + SHIFT)
    worn = np.clip(1.6 * uneven(u * 3 + 13, v * 1.3 + 29) - 0.75, 0, 1)
    return 0.7 + 0.2 * twill + 0.3 * threads, 0.05 * threads + 0.14 * worn, _whole(u)


def knit(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Upright ribs of small loops."""
    across = u / 0.1
    rib = np.cos(2 * np.pi * across)
    loops = np.sin(2 * np.pi * (v / 0.055 + np.abs(across - np.round(across)) * 1.5))
    return 0.82 + 0.3 * rib + 0.1 * loops, 0.0, _whole(u)


def leather(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Deep, with hard highlights that fade along its creases."""
    crease = uneven(u * 5 + 1.5 * v + SHIFT, v * 1.6 - u + SHIFT)
    strength = np.clip(2.2 * uneven(u * 3 + 9, v * 3 + 71) - 0.6, 0, 1)
    gloss = np.clip(1 - np.abs(crease - 0.55) / 0.07, 0, 1) * strength
    grain = uneven(u * 40 + 3, v * 40 + 3)
    return 0.4 + 0.45 * crease + 0.15 * grain, 0.3 * gloss, _whole(u)


def lace(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """A net of small holes, between scattered close-worked rosettes."""
    a, b = (u + v) / LACE_CELL, (u - v) / LACE_CELL
    hole = 1 - step(0.4, np.hypot(a - np.round(a), b - np.round(b)), 0.06)
    x, y = u / 0.36, v / 0.36
    rosette = 1 - step(0.3, np.hypot(x - np.round(x), y - np.round(y)), 0.05)
    return 0.95 + 0.12 * rosette, 0.0, 1 - 0.85 * hole * (1 - rosette)


def satin(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Broad flowing highlights."""
    flow = 2.2 * u + 0.7 * v + 1.3 * uneven(u * 1.7 + SHIFT, v * 0.9 + SHIFT)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * 1.1 * flow)
    return 0.62 + 0.5 * wave, 0.36 * wave**5, _whole(u)


def velvet(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Deep, with patches of pile that catch the light."""
    pile = uneven(u * 7 + SHIFT, v * 3 + SHIFT)
    speckle = uneven(u * 45 + 9, v * 45 + 9)
    caught = np.clip(pile - 0.5, 0, 1)
    return 0.4 + 0.3 * pile + 1.2 * caught + 0.25 * speckle, 0.0, _whole(u)


def fleece(u: Array, v: Array, uneven: Noise) -> tuple[Array, Array | float, Array]:
    """Small round tufts."""
    tufts = uneven(u * 17 + SHIFT, v * 17 + SHIFT)
    fine = uneven(u * 34 + 5, v * 34 + 5)
    return 0.5 + 0.65 * tufts + 0.25 * fine, 0.0, _whole(u)


MATERIALS: dict[str, Texture] = {
    "cotton": cotton,
    "denim": denim,
    "knit": knit,
    "leather": leather,
    "lace": lace,
    "satin": satin,
    "velvet": velvet,
    "fleece": fleece,
}
