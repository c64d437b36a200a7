"""Masks drawn onto the picture that they belong to, to see at a glance whether they cover their objects."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

from vdata_assets.reports.fonts import drawable, fitted, font
from vdata_assets.reports.palette import LABEL_COLOURS
from vdata_assets.seeding import seeded_int

FILL = 0.4
CASING = "#1A1A1A"
TEXT_SIZE = 11
PADDING = 2
# Rec. 709 luma above which black text reads better than white.
BRIGHT = 140
HALF = 128

Corners = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Shape:
    """A mask at the drawing's size.

    Attributes:
        label: as given.
        fill: mode L, the opacity of the fill.
        inside: mode L, 255 in the mask.
        box: left, top, right, bottom in pixels, the last two exclusive.
    """

    label: str
    fill: Image.Image
    inside: Image.Image
    box: Corners

    @property
    def extent(self) -> int:
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


def overlay(
    picture: Image.Image,
    masks: Iterable[tuple[str, NDArray[np.bool_]]],
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """The picture with translucent masks, their outlines, boxes and labels.

    A colour belongs to a label, in every picture. Larger objects are drawn first, so that none hides another.
    A mask too small for a pixel of the drawing is drawn as the pixels that it touches; an empty one is not
    drawn.

    Args:
        picture: any mode that converts to RGB.
        masks: label and mask of each object, taken one at a time; a mask of shape (height, width) is
            laid over the whole picture, whatever its size.
        size: width and height of the drawing in pixels, by default the picture's.

    Returns:
        An RGB image: the same pixels for the same input.

    Raises:
        ValueError: a mask has not two dimensions, or no pixels.
    """
    drawn = picture.convert("RGB")
    if size is not None and size != drawn.size:
        drawn = drawn.resize(size, Image.Resampling.LANCZOS)
    shapes = [shape for label, mask in masks if (shape := _shape(label, mask, drawn.size))]
    shapes.sort(key=lambda shape: -shape.extent)
    for shape in shapes:
        drawn.paste(label_colour(shape.label), mask=shape.fill)
    draw = ImageDraw.Draw(drawn)
    for shape in shapes:
        _draw_outline(drawn, draw, shape)
    tags: dict[Corners, str] = {}
    for shape in shapes:
        _draw_tag(draw, shape, drawn.size, tags)
    return drawn


def label_colour(label: str) -> str:
    """The label's colour, ``#RRGGBB``: always the same; labels share colours when there are many."""
    return LABEL_COLOURS[seeded_int(0, "label-colour", label) % len(LABEL_COLOURS)]


def _shape(label: str, mask: NDArray[np.bool_], size: tuple[int, int]) -> _Shape | None:
    """The mask at the drawing's size; None if it is empty."""
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"mask of {label!r} has shape {mask.shape}: give one of (height, width)")
    coverage = Image.fromarray(mask.astype(np.uint8) * 255)
    if coverage.size != size:
        coverage = coverage.resize(size, Image.Resampling.BOX)
    threshold = min(HALF, int(np.asarray(coverage).max()))
    if threshold:
        inside = coverage.point([255 * (value >= threshold) for value in range(256)])
    elif mask.any():
        # So small a share of a pixel that it was rounded to none.
        inside = _touched(mask, size)
    else:
        return None
    left, top, right, bottom = inside.getbbox() or (0, 0, *size)
    fill = ImageChops.lighter(coverage, inside).point([round(value * FILL) for value in range(256)])
    return _Shape(label, fill, inside, (left, top, right, bottom))


def _touched(mask: NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    """Mode L, 255 where the mask has any pixel."""
    width, height = size
    rows, columns = np.nonzero(mask)
    touched = np.zeros((height, width), np.uint8)
    touched[rows * height // mask.shape[0], columns * width // mask.shape[1]] = 255
    return Image.fromarray(touched)


def _draw_outline(drawn: Image.Image, draw: ImageDraw.ImageDraw, shape: _Shape) -> None:
    """The mask's outline, dark outside and coloured inside so that it shows on any ground, and its box."""
    colour = label_colour(shape.label)
    width, height = drawn.size
    left, top, right, bottom = shape.box
    around = (max(0, left - 2), max(0, top - 2), min(width, right + 2), min(height, bottom + 2))
    inside = shape.inside.crop(around)
    outer = ImageChops.subtract(inside.filter(ImageFilter.MaxFilter(3)), inside)
    inner = ImageChops.subtract(inside, inside.filter(ImageFilter.MinFilter(3)))
    drawn.paste(CASING, around, outer)
    drawn.paste(colour, around, inner)
    draw.rectangle((left - 1, top - 1, right, bottom), outline=colour)


def _draw_tag(
    draw: ImageDraw.ImageDraw, shape: _Shape, size: tuple[int, int], tags: dict[Corners, str]
) -> None:
    """The label on its colour: above the box, below it or in it, where no other label stands yet.

    In a crowd it is left out if the label stands elsewhere already: the colour tells.

    Args:
        draw: of the drawing.
        shape: whose label.
        size: width and height of the drawing.
        tags: the labels that are drawn, by where they stand; this one is added.
    """
    width, height = size
    face = font(TEXT_SIZE)
    text = fitted(shape.label, face, width - 2 * PADDING) if drawable(shape.label) else "(no label)"
    tag_width = min(width, round(face.getlength(text)) + 2 * PADDING)
    tag_height = min(height, TEXT_SIZE + 2 * PADDING)
    left, top, _, bottom = shape.box
    x = min(max(0, left - 1), width - tag_width)
    places = [
        (x, y, x + tag_width, y + tag_height)
        for y in (top - tag_height - 1, bottom + 1, top)
        if 0 <= y <= height - tag_height
    ] or [(x, 0, x + tag_width, tag_height)]
    free = [place for place in places if not any(_overlap(place, other) for other in tags)]
    if not free and shape.label in tags.values():
        return
    place = (free or places)[0]
    tags[place] = shape.label
    colour = label_colour(shape.label)
    red, green, blue = ImageColor.getrgb(colour)[:3]
    ink = "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > BRIGHT else "#FFFFFF"
    draw.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
    draw.text((place[0] + PADDING, place[1] + tag_height // 2), text, ink, face, anchor="lm")


def _overlap(one: Corners, other: Corners) -> bool:
    """Whether two rectangles share a pixel."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
