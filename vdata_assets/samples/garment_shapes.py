"""Outlines of garments as worn from the front: the pieces of cloth, and the person in them.

Lengths are garment units, x to the right and y downwards; a person's shoulders are one wide. For upper and
full-body garments the waist is at y = 0 and the shoulders at -1; for lower ones the waist is at -1.2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vdata_assets.samples.garment_kinds import Article
from vdata_assets.samples.shapes import Array

Measure = Callable[[str, float], float]
"""A measure of an article by its name and usual value."""

Role = Literal["cloth", "inside", "trim", "person", "other"]
Tone = Literal["dark", "light", "stitch"]
LOWER_SHIFT = -1.2
ARM, ARM_TURN = 1.3, 17.0
SHOULDER = (0.43, -0.86)


@dataclass(frozen=True)
class Piece:
    """A filled outline.

    Attributes:
        role: cloth in the light, the inside of it, trimming of the accent's colour, the person, or another
            garment that the person wears.
        outline: (n, 2) points.
        origin: where the cloth's own coordinates start.
        angle: degrees that they are turned by.
        front: whether it is the front of the body, on which an emblem is.
    """

    role: Role
    outline: Array
    origin: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    front: bool = False


@dataclass(frozen=True)
class Line:
    """A drawn line, or a row of dots along it: seams, zips, buttons.

    Attributes:
        points: (n, 2).
        tone: dark, light, or stitch (the orange of denim).
        width: thickness.
        dots: how many dots to put along it instead of a line; 0 for a line.
    """

    points: Array
    tone: Tone
    width: float = 0.02
    dots: int = 0


@dataclass(frozen=True)
class Outline:
    """A garment, from what is behind to what is before.

    Attributes:
        behind: what is behind the person who wears it.
        before: what is before them, from back to front.
        lines: drawn over them.
        top: where it begins.
        bottom: where it ends.
        reach: how far it goes to either side.
    """

    behind: tuple[Piece, ...]
    before: tuple[Piece, ...]
    lines: tuple[Line, ...]
    top: float
    bottom: float
    reach: float


def points(*pairs: tuple[float, float]) -> Array:
    """Points as an array."""
    return np.array(pairs, dtype=np.float64)


def mirrored(right: Array) -> Array:
    """The whole of what is symmetric, from its right half."""
    return np.concatenate([right, right[::-1] * (-1, 1)])


def bow(start: tuple[float, float], pull: tuple[float, float], end: tuple[float, float]) -> Array:
    """A quadratic Bezier curve."""
    t = np.linspace(0, 1, 9)[:, None]
    return (1 - t) ** 2 * points(start) + 2 * t * (1 - t) * points(pull) + t**2 * points(end)


def shoulder(x: float) -> float:
    """Height of the shoulder line."""
    return -1.17 + 0.36 * abs(x)


def limb(profile: tuple[tuple[float, float], ...], origin: tuple[float, float], angle: float) -> Array:
    """Outline of something long: half widths by distance along it, hanging down and turned outwards."""
    along, half = np.array(profile).T
    outline = np.concatenate([np.stack([half, along], 1), np.stack([-half, along], 1)[::-1]])
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return outline @ np.array([[cos, -sin], [sin, cos]]) + origin


def pair(piece: Piece) -> tuple[Piece, Piece]:
    """A piece of the right side and its mirror image."""
    x, y = piece.origin
    other = Piece(piece.role, piece.outline * (-1, 1), (-x, y), -piece.angle, piece.front)
    return piece, other


def person(lower: bool) -> list[Piece]:
    """Neck, trunk, arms and legs; above a lower garment the trunk wears something else."""
    shift = LOWER_SHIFT if lower else 0.0
    trunk = np.concatenate(
        [
            points((0.11, -1.42), (0.11, -1.16)),
            bow((0.11, -1.16), (0.3, -1.06), (0.45, -0.92)),
            points((0.4, -0.5), (0.31, 0), (0.42, 0.35), (0.42, 0.6)),
        ]
    )
    leg = limb(((0, 0.2), (0.9, 0.13), (1.1, 0.13), (2.2, 0.07)), (0.22, 0.35), 2)
    arm = limb(((-0.05, 0.07), (0.1, 0.105), (0.7, 0.075), (ARM, 0.05)), SHOULDER, ARM_TURN)
    down = (0, shift)
    worn: Role = "other" if lower else "person"
    return [
        *pair(Piece("person", leg + down)),
        *pair(Piece(worn, arm + down)),
        Piece(worn, mirrored(trunk) + down),
    ]


SLEEVES: dict[str, tuple[tuple[tuple[float, float], ...], float]] = {
    "cap": (((-0.1, 0.1), (0.02, 0.17), (0.2, 0.2), (0.22, 0.18)), 38),
    "short_sleeve": (((-0.12, 0.08), (0, 0.17), (0.46, 0.17)), 24),
    "three_quarter": (((-0.12, 0.08), (0, 0.17), (0.4, 0.15), (0.86, 0.125)), 19),
    "long_sleeve": (((-0.12, 0.08), (0, 0.17), (0.5, 0.14), (1.24, 0.095)), 17),
    "puff": (((-0.14, 0.1), (-0.04, 0.24), (0.16, 0.31), (0.34, 0.28), (0.44, 0.13), (0.49, 0.14)), 26),
    "bell": (((-0.12, 0.08), (0, 0.16), (0.5, 0.125), (0.8, 0.19), (1.08, 0.36)), 20),
}


def sleeves(article: Article, measure: Measure, roomy: float, lowered: bool) -> list[Piece]:
    """Both sleeves, and the cuffs of knitted ones."""
    if article.sleeve in (None, "sleeveless"):
        return []
    profile, angle = SLEEVES[article.sleeve]
    origin = (0.5, -0.66) if lowered else SHOULDER
    longer, wider = measure("sleeve-length", 1), roomy * measure("sleeve-width", 1)
    made = tuple((along * longer, half * wider) for along, half in profile)
    turned = angle + measure("sleeve-turn", 10) - 10
    found = [*pair(Piece("cloth", limb(made, origin, turned), origin, turned))]
    if cuffed(article) and article.sleeve in ("long_sleeve", "three_quarter", "short_sleeve"):
        end, half = made[-1]
        cuff = limb(((end - 0.09, half * 0.95), (end + 0.02, half * 0.85)), origin, turned)
        found += pair(Piece("trim", cuff, origin, turned))
    return found


def cuffed(article: Article) -> bool:
    """Whether hem and cuffs have a band."""
    return article.category in ("Sweaters", "Hoodies") or (
        article.category == "Jackets" and article.neckline == "crew"
    )


OPENINGS: dict[str, tuple[float, float]] = {
    "crew": (0.2, 0.15),
    "scoop": (0.29, 0.42),
    "boat": (0.42, 0.08),
    "v_neck": (0.23, 0.56),
    "square": (0.29, 0.36),
    "collared": (0.16, 0.27),
    "turtleneck": (0.16, 0.02),
}
BUST = -0.68
# Where garments begin that leave the shoulders bare.
BARE_TOPS = {"strapless": -0.9, "off_shoulder": -0.9, "halter": -1.25}


def opening(neckline: str, deep: float) -> Array:
    """Right half of the front's upper edge, from the middle to the shoulder."""
    half, depth = OPENINGS[neckline]
    top, bottom = shoulder(half), shoulder(half) + depth * deep
    if neckline in ("v_neck", "collared"):
        return points((0, bottom), (half, top))
    if neckline == "square":
        return points((0, bottom), (half - 0.02, bottom), (half, top))
    angles = np.linspace(math.pi / 2, 0, 10)
    return np.stack([half * np.cos(angles), top + (bottom - top) * np.sin(angles)], 1)


def upper_edge(article: Article, width: float, deep: float) -> Array:
    """Right half of the front from the middle of its upper edge to the armpit."""
    neckline = article.neckline or "crew"
    armpit = (width, -0.52)
    if neckline == "strapless":
        return np.concatenate([bow((0, BUST + 0.08), (0.1, BUST - 0.04), (0.3, BUST - 0.05)), points(armpit)])
    if neckline == "off_shoulder":
        return np.concatenate([bow((0, BUST - 0.04), (0.3, BUST - 0.07), (0.6, BUST - 0.16)), points(armpit)])
    if neckline == "halter":
        neck = points((0, -0.98), (0.1, -1.13), (0.19, -1.14))
        return np.concatenate([neck, bow((0.19, -1.14), (0.2, -0.68), armpit)])
    edge = opening(neckline, deep)
    start = float(edge[-1][0])
    if article.sleeve == "sleeveless":
        tip = max(0.38, start + 0.1)
        return np.concatenate([edge, bow((tip, shoulder(tip)), (0.27, -0.58), armpit)])
    return np.concatenate([edge, points((0.42, shoulder(0.42)), (0.52, -0.94), armpit)])


# Half widths at armpit, waist and hem, and the hem's height.
UPPER: dict[str, tuple[float, float, float, float]] = {
    "Tees": (0.46, 0.44, 0.46, 0.6),
    "Shirts": (0.47, 0.43, 0.48, 0.74),
    "Sweaters": (0.53, 0.53, 0.47, 0.62),
    "Cardigans": (0.5, 0.49, 0.55, 0.95),
    "Jackets": (0.57, 0.53, 0.52, 0.5),
    "Hoodies": (0.56, 0.58, 0.52, 0.68),
    "Tanks": (0.41, 0.38, 0.43, 0.56),
    "Dresses": (0.42, 0.33, 0.62, 1.3),
}
ROOMY = {"Sweaters": 1.15, "Hoodies": 1.2, "Jackets": 1.15, "Cardigans": 1.08}


def upper(article: Article, measure: Measure, back: bool) -> Outline:
    """An upper or full-body garment; its back has the same neckline, less deep, and no fastening."""
    width, waist, hem, bottom = (
        measure(name, value)
        for name, value in zip(("chest", "waist", "hem", "length"), UPPER[article.category], strict=True)
    )
    if article.category == "Dresses":
        hem, bottom = hem * measure("flare", 1) ** 3, bottom * measure("flare-length", 1) ** 1.5
    side = [upper_edge(article, width, 0.55 if back else 1), points((waist, -0.02))]
    if article.category == "Dresses":
        side.append(bow((waist, 0.02), (waist + 0.08, 0.3), (hem, bottom)))
    dip = 0.1 if article.category == "Shirts" else 0.03
    side.append(bow((hem, bottom - dip), (hem * 0.5, bottom + dip), (0, bottom)))
    body = mirrored(np.concatenate(side))
    neckline = article.neckline or "crew"
    bare = neckline in BARE_TOPS
    behind: list[Piece] = []
    if article.category == "Hoodies":
        hood = mirrored(bow((0, -1.58), (0.4, -1.6), (0.36, -1.02)))
        behind += [Piece("cloth", hood), Piece("inside", hood * (0.62, 0.8) + (0, -0.22))]
    elif not bare:
        half = OPENINGS[neckline][0]
        inside = points((0, shoulder(half) + 0.04), (half, shoulder(half)), (half + 0.08, -1.0), (0.3, -0.5))
        behind.append(Piece("inside", mirrored(inside)))
    pieces = sleeves(article, measure, ROOMY.get(article.category, 1), neckline == "off_shoulder")
    pieces.append(Piece("cloth", body, front=True))
    if cuffed(article):
        pieces.append(Piece("trim", mirrored(points((hem, bottom - 0.13), (hem * 0.96, bottom + 0.02)))))
    more, lines = fittings(article, back, waist, hem, bottom)
    pieces += more
    top = -1.6 if article.category == "Hoodies" else BARE_TOPS.get(neckline, -1.35)
    reach = float(max(np.abs(piece.outline[:, 0]).max() for piece in pieces))
    return Outline(tuple(behind), tuple(pieces), tuple(lines), top, bottom, reach)


def fittings(
    article: Article, back: bool, waist: float, hem: float, bottom: float
) -> tuple[list[Piece], list[Line]]:
    """Collars, rims, fastenings and pockets of an upper garment."""
    pieces: list[Piece] = []
    lines: list[Line] = []
    neckline = article.neckline or "crew"
    if neckline == "turtleneck":
        pieces.append(Piece("trim", mirrored(points((0.16, -1.4), (0.19, -1.08)))))
        lines.append(Line(points((-0.17, -1.25), (0.17, -1.25)), "dark", 0.015))
    elif neckline == "collared":
        if back:
            pieces.append(Piece("trim", mirrored(points((0.14, -1.22), (0.2, -1.04)))))
        else:
            wide = 0.1 if article.category == "Jackets" else 0.0
            flap = (
                (0.11, -1.22),
                (0.18, -1.14),
                (0.25 + wide, -0.98),
                (0.14 + wide, -0.84 + wide),
                (0, -0.87),
            )
            pieces += pair(Piece("trim", points(*flap)))
    elif neckline in OPENINGS:
        rim = opening(neckline, 0.55 if back else 1)
        lines.append(Line(mirrored(rim[::-1]), "dark", 0.045 if neckline == "crew" else 0.025))
    elif neckline == "off_shoulder":
        band = np.concatenate(
            [bow((0, BUST - 0.05), (0.3, BUST - 0.08), (0.62, BUST - 0.18)), points((0.6, -0.62))]
        )
        pieces.append(
            Piece("trim", mirrored(np.concatenate([band, bow((0.6, -0.62), (0.3, -0.5), (0, -0.48))])))
        )
    start = float(opening(neckline, 1)[0][1]) if neckline in OPENINGS else BUST
    match article.category:
        case "Cardigans" if not back:
            gap = points((0.02, start), (0.13, bottom + 0.06))
            pieces.append(Piece("other", mirrored(gap)))
            lines.append(Line(points((0.06, start + 0.15), (0.17, bottom - 0.1)), "light", 0.05, 6))
        case "Shirts" if not back:
            lines.append(Line(points((0.05, start), (0.05, bottom - 0.05)), "dark", 0.015))
            lines.append(Line(points((0, start + 0.08), (0, bottom - 0.12)), "light", 0.045, 6))
        case "Jackets":
            if not back:
                lines.append(Line(points((0, start), (0, bottom)), "light", 0.035))
                for x in (-1, 1):
                    lines.append(Line(points((x * 0.36, 0.02), (x * 0.22, 0.28)), "dark", 0.03))
            lines.append(Line(points((-hem, bottom - 0.11), (hem, bottom - 0.11)), "dark", 0.018))
        case "Hoodies" if not back:
            pocket = points((-0.22, 0.12), (0.22, 0.12), (0.34, 0.46), (-0.34, 0.46), (-0.22, 0.12))
            lines.append(Line(pocket, "dark", 0.022))
            for x in (-1, 1):
                lines.append(Line(points((x * 0.1, start - 0.02), (x * 0.12, start + 0.32)), "light", 0.025))
        case "Dresses":
            lines.append(Line(points((-waist, 0), (waist, 0)), "dark", 0.025))
    if article.material == "denim":
        for x in (-1, 1):
            lines.append(Line(points((x * 0.12, -0.45), (x * 0.36, -0.45)), "stitch", 0.016))
    return pieces, lines
