"""The product shelf: for every kind of object its shapes and how it is built.

A kind builds a solid, about one unit high, from a shape's name, a look and the concept's own measures.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vdata_assets.samples.objects import (
    Look,
    Part,
    Size,
    Solid,
    across,
    around,
    draped,
    flat,
)
from vdata_assets.samples.shapes import (
    box,
    capsule,
    carved,
    leaning,
    mirrored,
    pillow,
    ring,
    shifted,
    sphere,
    turned,
)


@dataclass(frozen=True)
class Kind:
    """A kind of product.

    Attributes:
        build: makes the solid.
        shapes: the names of its silhouettes.
        colours: the colours it is sold in; few, so that concepts share them and negatives are hard.
        turn: how far a view turns it to either side, in degrees.
    """

    build: Callable[[str, Look, Size], Solid]
    shapes: tuple[str, ...]
    colours: tuple[str, ...]
    turn: float


def one_colour(name: str) -> Look:
    """A look without a pattern."""
    return Look(name, name, "plain")


def mug(shape: str, look: Look, size: Size) -> Solid:
    """A mug of coffee with a handle."""
    height = size("height", {"straight": 0.95, "tapered": 1.0, "barrel": 0.9, "wide": 0.68}[shape])
    bottom, middle, top = {
        "straight": (0.40, 0.41, 0.41),
        "tapered": (0.28, 0.36, 0.46),
        "barrel": (0.34, 0.48, 0.40),
        "wide": (0.36, 0.50, 0.56),
    }[shape]
    middle = size("middle", middle)
    profile = [(0.0, bottom - 0.05), (0.05, bottom), (height / 2, middle), (height, top)]
    reach = size("handle", 0.21)
    handle = ring(
        (middle + top) / 2, height * 0.53, (reach, height * 0.29), 0.05, 4 if shape == "straight" else 2
    )
    inside = turned([(0.05, bottom - 0.04), (height / 2, middle - 0.03), (height, top - 0.03)])
    coffee = turned([(0.06, bottom - 0.05), (height / 2, middle - 0.045), (height * 0.88, top - 0.05)])
    return Solid(
        (
            Part(turned(profile, wall=0.035), look, around(8, 3.0), gloss=1.0),
            Part(carved(handle, inside), one_colour(look.accent), gloss=1.0),
            Part(coffee, one_colour("walnut"), gloss=0.8),
        )
    )


def vase(shape: str, look: Look, size: Size) -> Solid:
    """An empty vase."""
    neck, belly = size("neck", 1.0), size("belly", 1.0)
    profile = {
        "bottle": [(0, 0.27), (0.05, 0.30), (0.35, 0.36), (0.75, 0.13), (1.15, 0.10), (1.2, 0.13)],
        "amphora": [(0, 0.17), (0.05, 0.18), (0.7, 0.44), (0.98, 0.17), (1.1, 0.16), (1.16, 0.24)],
        "flared": [(0, 0.26), (0.05, 0.28), (0.3, 0.27), (0.7, 0.21), (1.1, 0.36), (1.15, 0.40)],
        "globe": [(0, 0.20), (0.05, 0.26), (0.42, 0.50), (0.8, 0.22), (0.86, 0.18), (0.9, 0.22)],
    }[shape]
    knots = [(y, r * (neck if y > 0.72 else belly)) for y, r in profile]
    return Solid((Part(turned(knots, wall=0.03), look, around(10, 3.6), gloss=0.9),))


def robot(shape: str, look: Look, size: Size) -> Solid:
    """A toy robot."""
    width = size("width", {"square": 0.30, "round": 0.31, "slim": 0.22, "stout": 0.38}[shape])
    torso_height = size("torso", {"square": 0.25, "round": 0.28, "slim": 0.31, "stout": 0.24}[shape])
    hip = 0.26
    waist = hip + torso_height
    shoulder = hip + 2 * torso_height
    if shape == "round":
        torso = turned(
            [(hip, 0.12), (hip + 0.06, 0.22), (waist, width), (shoulder - 0.06, 0.22), (shoulder, 0.12)]
        )
        head, head_height = sphere(0, shoulder + 0.20, 0, 0.21), 0.41
    else:
        torso = box(waist, (width, torso_height, 0.2), 0.05)
        head_size = (width * 0.8, 0.16, 0.16)
        head, head_height = box(shoulder + 0.18, head_size, 0.04), 0.34
    eyes_at = (width * 0.34, shoulder + 0.2, 0.15)
    top = shoulder + head_height
    hand = (width + 0.16, waist - 0.12, 0.12)
    accent = one_colour(look.accent)
    return Solid(
        (
            Part(torso, look, across(3.2), gloss=0.6),
            Part(head, one_colour(look.colour), gloss=0.6),
            Part(
                mirrored(capsule((width + 0.02, shoulder - 0.1, 0), hand, 0.06)),
                one_colour("charcoal"),
                gloss=0.4,
            ),
            Part(mirrored(sphere(*hand, 0.085)), accent, gloss=0.6),
            Part(mirrored(shifted(box(0.15, (0.085, 0.16, 0.13), 0.04), width * 0.5)), accent, gloss=0.6),
            Part(mirrored(sphere(*eyes_at, 0.06)), one_colour("white"), gloss=1.0, glow=0.25),
            Part(mirrored(sphere(eyes_at[0], eyes_at[1], 0.196, 0.03)), one_colour("charcoal"), gloss=1.0),
            Part(capsule((0, top - 0.05, 0), (0, top + 0.1, 0), 0.018), one_colour("charcoal"), gloss=0.5),
            Part(sphere(0, top + 0.13, 0, 0.05), accent, gloss=0.8, glow=0.2),
        )
    )


def cushion(shape: str, look: Look, size: Size) -> Solid:
    """A cushion that leans back."""
    half = {"square": (0.5, 0.5), "round": (0.52, 0.52), "lumbar": (0.62, 0.36), "tall": (0.36, 0.54)}[shape]
    half = (size("width", half[0]), size("height", half[1]))
    squareness = 2 if shape == "round" else 4
    cover = pillow(half, size("thickness", 0.19), squareness)
    piping = ring(0, 0, (half[0] * 0.985, half[1] * 0.985), 0.025, 2)
    parts = [Part(leaning(cover, 14, half[1] + 0.02), look, flat(4.0), gloss=0.0)]
    if shape == "round":
        parts.append(Part(leaning(piping, 14, half[1] + 0.02), one_colour(look.accent), gloss=0.0))
        button = sphere(0, 0, 0.2, 0.05)
        parts.append(Part(leaning(button, 14, half[1] + 0.02), one_colour(look.accent), gloss=0.2))
    return Solid(tuple(parts))


def picnic_basket(shape: str, look: Look, size: Size) -> Solid:
    """A wicker basket under a cloth."""
    squareness = {"oval": 2, "rectangular": 4, "round": 2, "deep": 4}[shape]
    radius, depth, height = {
        "oval": (0.52, 0.66, 0.46),
        "rectangular": (0.50, 0.66, 0.44),
        "round": (0.44, 1.0, 0.46),
        "deep": (0.38, 0.8, 0.62),
    }[shape]
    radius, height = size("radius", radius), size("height", height)
    wicker = turned([(0, radius * 0.80), (height, radius)], depth, squareness)
    cloth = turned(
        [
            (height * 0.62, radius * 1.0),
            (height * 0.96, radius * 1.05),
            (height + 0.03, radius * 1.02),
            (height + 0.09, radius * 0.7),
            (height + 0.12, radius * 0.2),
        ],
        depth,
        squareness,
    )
    handle = ring(0, height * 0.9, (radius * 0.92, size("handle", 0.42)), 0.032)
    return Solid(
        (
            Part(cloth, look, draped(4.5, height + 0.1), gloss=0.0),
            Part(wicker, Look("straw", "walnut", "wicker"), around(18, 9.0), gloss=0.1),
            Part(handle, one_colour("walnut"), gloss=0.2),
        )
    )


def lamp(shape: str, look: Look, size: Size) -> Solid:
    """A table lamp, lit."""
    bottom, top, height = {
        "cone": (0.42, 0.18, 0.46),
        "drum": (0.36, 0.34, 0.40),
        "bell": (0.44, 0.16, 0.46),
        "dome": (0.42, 0.10, 0.36),
    }[shape]
    bottom, height = size("shade", bottom), size("shade height", height)
    lower = size("stem", 0.62)
    middle = {"bell": 0.24, "dome": 0.36}.get(shape, (bottom + top) / 2)
    shade = turned([(lower, bottom), (lower + height / 2, middle), (lower + height, top)], wall=0.02)
    foot = {
        "cone": [(0, 0.22), (0.03, 0.24), (0.06, 0.05), (0.3, 0.03), (0.7, 0.025)],
        "drum": [(0, 0.15), (0.06, 0.19), (0.24, 0.23), (0.46, 0.07), (0.7, 0.03)],
        "bell": [(0, 0.19), (0.04, 0.20), (0.1, 0.07), (0.3, 0.15), (0.5, 0.05), (0.7, 0.03)],
        "dome": [(0, 0.24), (0.04, 0.24), (0.08, 0.04), (0.4, 0.035), (0.7, 0.03)],
    }[shape]
    base = one_colour("brass" if shape in ("cone", "dome") else look.accent)
    return Solid(
        (
            Part(shade, look, around(12, 4.5), gloss=0.0, glow=0.3),
            Part(turned(foot), base, gloss=0.9),
        )
    )


def candle(shape: str, look: Look, size: Size) -> Solid:
    """A burning candle on a dish."""
    radius, height = {"pillar": (0.24, 0.8), "slim": (0.13, 1.0), "stubby": (0.34, 0.5)}[shape]
    radius, height = size("radius", radius), size("height", height)
    wax = turned([(0.05, radius), (height - 0.04, radius), (height, radius - 0.03)])
    melt = turned([(height - 0.01, radius - 0.035), (height + 0.008, radius - 0.045)])
    flame = turned(
        [(height + 0.07, 0.01), (height + 0.12, 0.05), (height + 0.2, 0.03), (height + 0.26, 0.005)]
    )
    dish = turned([(0, radius + 0.1), (0.04, radius + 0.2), (0.07, radius + 0.21)], wall=0.02)
    return Solid(
        (
            Part(wax, look, around(8, 4.0), gloss=0.4, glow=0.05),
            Part(melt, one_colour(look.colour), gloss=0.6, glow=0.15),
            Part(flame, one_colour("flame"), gloss=0.0, glow=1.2),
            Part(capsule((0, height, 0), (0, height + 0.09, 0), 0.012), one_colour("charcoal"), gloss=0.0),
            Part(dish, one_colour("brass"), gloss=0.9),
        )
    )


KINDS: dict[str, Kind] = {
    "mug": Kind(mug, ("straight", "tapered", "barrel", "wide"), ("cream", "teal", "terracotta", "navy"), 80),
    "vase": Kind(vase, ("bottle", "amphora", "flared", "globe"), ("white", "sky", "sage", "plum"), 180),
    "toy robot": Kind(robot, ("square", "round", "slim", "stout"), ("red", "mustard", "sky", "teal"), 50),
    "cushion": Kind(cushion, ("square", "round", "lumbar", "tall"), ("coral", "sage", "navy", "cream"), 40),
    "picnic basket": Kind(
        picnic_basket, ("oval", "rectangular", "round", "deep"), ("red", "sky", "white", "mustard"), 60
    ),
    "lamp": Kind(lamp, ("cone", "drum", "bell", "dome"), ("cream", "rose", "terracotta", "charcoal"), 180),
    "candle": Kind(candle, ("pillar", "slim", "stubby"), ("white", "rose", "sage", "red"), 180),
}
