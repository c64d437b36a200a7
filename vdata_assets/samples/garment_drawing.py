"""Pictures of sample garments: laid flat, or worn by a person without a head, in a studio."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from vdata_assets.samples.backgrounds import noise
from vdata_assets.samples.camera import turn
from vdata_assets.samples.garment_bottoms import lower
from vdata_assets.samples.garment_fabrics import Cloth
from vdata_assets.samples.garment_kinds import Article
from vdata_assets.samples.garment_shapes import Line, Outline, Piece, person, upper
from vdata_assets.samples.patterns import linear, srgb
from vdata_assets.samples.shapes import Array
from vdata_assets.samples.variants import Draws

Mask = NDArray[np.bool_]

WIDTH, HEIGHT = 96, 128
FINER = 2
BACKDROPS = ("#f2f2f0", "#e6e8ea", "#efe6da", "#dfe6ea", "#ecdfe0", "#d5d9d3", "#c9ccd1", "#f7f5f2")
SKINS = ("#ecc9ae", "#d9a680", "#b57f58", "#7f5338", "#e3d8cd")
OTHERS = ("#f4f3f0", "#d8d9da", "#44474d", "#e7dcc8")
TONES = {"dark": "#20201f", "light": "#e9e6df", "stitch": "#d08a3c"}
LINE_STRENGTH = {"dark": 0.55, "light": 0.8, "stitch": 0.9}
ROLE_TONES = {"inside": 0.4, "trim": 0.78}
WORN_SHARE = 0.7
UPRIGHT_SHARE = 0.25
SHADOW_DROP = 4
# Where a colour block may end, as a share of the garment's length.
SPLIT = (0.45, 0.65)


@dataclass(frozen=True)
class View:
    """How a picture is taken.

    Attributes:
        name: front, side, back, full or additional.
        worn: whether by a person, else laid flat.
        scale: pixels of the finer grid a garment unit.
        squash: width over what it is from the front.
        shear: how far a point moves to the right for each unit downwards.
        roll: turn in degrees.
        x: where the garment's middle is, finer pixels.
        y: the same, downwards.
    """

    name: str
    worn: bool
    scale: float
    squash: float
    shear: float
    roll: float
    x: float
    y: float

    @property
    def matrix(self) -> Array:
        """From garment units to finer pixels, without the shift."""
        cos, sin = math.cos(math.radians(self.roll)), math.sin(math.radians(self.roll))
        lean = np.array([[self.squash, self.shear], [0, 1]])
        return self.scale * (np.array([[cos, -sin], [sin, cos]]) @ lean)

    def seen(self, outline: Array) -> Array:
        """Points of the garment, (n, 2), as finer pixels."""
        return outline @ self.matrix.T + (self.x, self.y)


SQUASH = {"side": (0.72, 0.84), "additional": (0.88, 1.0)}
CLOSENESS = {"full": (0.72, 0.82), "additional": (0.98, 1.06)}
# How far a garment may be off the middle, as a share of the picture, where there is room.
SHIFT = 0.05


def drawn(article: Article, variant: int, name: str, picture: str, seed: int) -> Image.Image:
    """A picture of an article: RGB, 96 x 128 pixels.

    Args:
        article: what it shows.
        variant: position in its colours.
        name: of the view: front, side, back, full or additional.
        picture: key of everything that differs between pictures of one article.
        seed: of all choices.
    """
    its = article.draws(seed)
    draws = article.draws(seed, picture)

    def measure(part: str, usual: float) -> float:
        return usual * its.uniform(f"size-{part}", 0.9, 1.1)

    outline = (lower if article.kind.body == "lower" else upper)(article, measure, name == "back")
    view = view_of(outline, name, draws)
    cloth = cloth_of(article, variant, outline, its)
    people = person(article.kind.body == "lower") if view.worn else []
    pieces = [*outline.behind, *people, *outline.before]
    return _painted(pieces, outline.lines, view, cloth, draws)


def view_of(outline: Outline, name: str, draws: Draws) -> View:
    """How a picture is taken of an outline."""
    width, height = WIDTH * FINER, HEIGHT * FINER
    worn = name == "full" or draws.uniform("worn", 0, 1) < WORN_SHARE
    reach = outline.reach + 0.02
    fitting = min(0.46 * width / reach, 0.9 * height / (outline.bottom - outline.top))
    near = draws.uniform("near", *CLOSENESS.get(name, (0.86, 1.0)))
    scale = fitting * near
    middle = (outline.top + outline.bottom) / 2
    beside = width / 2 - reach * scale
    above = (height - (outline.bottom - outline.top) * scale) / 2
    return View(
        name=name,
        worn=worn,
        scale=scale,
        squash=draws.uniform("squash", *SQUASH.get(name, (0.94, 1.02))),
        shear=draws.uniform("shear", -0.06, 0.06),
        roll=draws.uniform("roll", -3.5, 3.5),
        x=width / 2 + draws.uniform("x", -1, 1) * min(SHIFT * width, beside),
        y=height / 2 - middle * scale + draws.uniform("y", -1, 1) * min(SHIFT * height, above),
    )


def cloth_of(article: Article, variant: int, outline: Outline, its: Draws) -> Cloth:
    """What a variant of an article is made of."""
    colour, accent = article.colours[variant]
    upright = article.pattern == "stripe" and its.uniform("upright", 0, 1) < UPRIGHT_SHARE
    return Cloth(
        material=article.material,
        pattern=article.pattern,
        colour=colour,
        accent=accent,
        repeat=its.uniform("repeat", 0.24, 0.38),
        slant=its.uniform("slant", -6, 6) + (90 if upright else 0),
        split=outline.top + its.uniform("split", *SPLIT) * (outline.bottom - outline.top),
        emblem=int(its.uniform("emblem", 0, 4)),
        uneven=noise(its.generator("cloth")),
    )


def _painted(
    pieces: list[Piece], lines: tuple[Line, ...], view: View, cloth: Cloth, draws: Draws
) -> Image.Image:
    owner = np.asarray(_owners(pieces, view))
    colours = _backdrop(owner > 0, draws)
    skin, other = (
        linear(draws.choice(what, options)) for what, options in (("skin", SKINS), ("other", OTHERS))
    )
    behind = colours.copy()
    for role, colour in (("person", skin), ("other", other)):
        numbers = [number for number, piece in enumerate(pieces, 1) if piece.role == role]
        colours[:, np.isin(owner, numbers)] = colour[:, None]
    # Through holes of an upper or whole garment its wearer is seen, where there is one.
    if view.worn:
        behind[:] = skin[:, None, None]
    for number, piece in enumerate(pieces, 1):
        if piece.role in ("cloth", "inside", "trim"):
            _cover(colours, behind, owner == number, piece, view, cloth)
    colours *= _shade(owner, draws)
    for line_tone in TONES:
        drawn_lines = [line for line in lines if line.tone == line_tone]
        if drawn_lines:
            share = LINE_STRENGTH[line_tone] * _inked(drawn_lines, view) * (owner > 0)
            colours += share * (linear(TONES[line_tone])[:, None, None] - colours)
    steps = range(FINER)
    whole = np.mean([colours[:, down::FINER, right::FINER] for down in steps for right in steps], axis=0)
    return Image.fromarray(np.round(255 * srgb(whole.transpose(1, 2, 0))).astype(np.uint8))


def _owners(pieces: list[Piece], view: View) -> Image.Image:
    owners = Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    canvas = ImageDraw.Draw(owners)
    for number, piece in enumerate(pieces, 1):
        canvas.polygon([tuple(point) for point in view.seen(piece.outline)], fill=number)
    return owners


def _inked(lines: list[Line], view: View) -> Array:
    inked = Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    canvas = ImageDraw.Draw(inked)
    for line in lines:
        along = view.seen(line.points)
        width = max(1.0, line.width * view.scale)
        if not line.dots:
            canvas.line([tuple(point) for point in along], fill=255, width=round(width), joint="curve")
            continue
        for share in np.linspace(0, 1, line.dots):
            x, y = along[0] + share * (along[-1] - along[0])
            canvas.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(inked, dtype=np.float32) / 255


def _cover(colours: Array, behind: Array, mask: Mask, piece: Piece, view: View, cloth: Cloth) -> None:
    """Lay a piece of cloth over the colours, in place."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return
    x, y = np.linalg.inv(view.matrix) @ np.stack([columns + 0.5 - view.x, rows + 0.5 - view.y])
    x, y = x.astype(np.float32), y.astype(np.float32)
    u, v = turn(x - piece.origin[0], y - piece.origin[1], -piece.angle)
    plain = cloth if piece.role == "cloth" else replace(cloth, pattern="solid")
    own, cover = plain.at(u, v, y, piece.front)
    if piece.role != "cloth":
        own, cover = own * ROLE_TONES[piece.role], np.ones_like(cover)
    colours[:, rows, columns] = cover * own + (1 - cover) * behind[:, rows, columns]


def _backdrop(covered: Mask, draws: Draws) -> Array:
    """A paper wall, lighter to one side, with the soft shadow of what is before it."""
    colour = linear(draws.choice("backdrop", BACKDROPS)) * draws.uniform("backdrop-light", 0.7, 1.0)
    across = np.linspace(-1, 1, WIDTH * FINER, dtype=np.float32)
    down = np.linspace(-1, 1, HEIGHT * FINER, dtype=np.float32)[:, None]
    light = 1 + draws.uniform("wall-x", -0.35, 0.35) * across + draws.uniform("wall-y", -0.3, 0.2) * down
    cast = np.zeros_like(covered)
    cast[SHADOW_DROP:] = np.roll(covered, round(draws.uniform("shadow", -6, 6)), 1)[:-SHADOW_DROP]
    shadow = _blurred(cast, 5)
    return colour[:, None, None] * light * (1 - 0.35 * shadow)


def _shade(owner: NDArray[np.uint8], draws: Draws) -> Array:
    """Light on the pieces: dark along their seams, rounder towards the sides, brighter to one side."""
    seams = np.zeros(owner.shape, bool)
    seams[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    seams[1:] |= owner[1:] != owner[:-1]
    garment = owner > 0
    seam = 1 - 0.75 * np.minimum(1, 2.2 * _blurred(seams, 1.6))
    rounded = 0.55 + 0.45 * _blurred(garment, 9) ** 1.5
    across = np.linspace(-1, 1, WIDTH * FINER, dtype=np.float32)
    lit = draws.uniform("light", 0.82, 1.12) * (1 + draws.uniform("light-x", -0.18, 0.18) * across)
    return np.where(garment, seam * rounded * lit, np.float32(1))


def _blurred(mask: Mask, radius: float) -> Array:
    image = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, dtype=np.float32) / 255
