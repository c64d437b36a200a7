"""Pictures with masks drawn in, as the language model sees them and as people look at them.

Every view is a JPEG of the picture's size: the same bytes for the same input. At 768 pixels it takes a tenth
of the time and bytes of a PNG, and full colour resolution keeps lines and digits sharp.
"""

import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vdata_assets.dataengine.annotator import Box, Picture, Region
from vdata_assets.masks.dense import inclusive_box
from vdata_assets.reports.fonts import font
from vdata_assets.reports.palette import LABEL_COLOURS

VERSION = 1
"""Changes whenever a view does: answers depend on what was seen."""

QUALITY = 90
DIMMED = 0.3
RED = (255, 0, 0)
WHITE = (255, 255, 255)
BOX_COLOUR = "#F0E442"
CASING = "#1A1A1A"
RED_FILL = 0.45
REGION_FILL = 0.45
MIN_TEXT = 13
TEXT_SHARE = 36
"""The picture's long side over the height of the digits."""

GRID = 64
"""Cells along a mask's longer side among which the place of its number is sought."""

Mask = NDArray[np.bool_]
Colour = tuple[int, int, int] | str


def plain(picture: Picture) -> bytes:
    """The picture as it is."""
    return _encoded(Image.fromarray(picture.pixels))


def dimmed_with_box(picture: Picture, mask: Mask) -> bytes:
    """The picture with everything outside the mask dimmed, and the mask's box in yellow around it.

    Raises:
        ValueError: the mask is not of the picture's size.
    """
    whole = _drawing(picture, mask)
    dimmed = whole.point([round(value * DIMMED) for value in range(256)] * 3)
    drawn = Image.composite(whole, dimmed, Image.fromarray(mask))
    if mask.any():
        left, top, right, bottom = inclusive_box(mask)
        height, width = mask.shape
        draw = ImageDraw.Draw(drawn)
        # Outside the mask, so that no pixel of it is hidden, unless it touches the picture's edge.
        for distance, colour in ((3, CASING), (2, BOX_COLOUR), (1, BOX_COLOUR)):
            corners = (
                max(0, left - distance),
                max(0, top - distance),
                min(width - 1, right + distance),
                min(height - 1, bottom + distance),
            )
            draw.rectangle(corners, outline=colour)
    return _encoded(drawn)


def red_overlay(picture: Picture, mask: Mask) -> bytes:
    """The picture with the mask in translucent red, its edge in red and a white line around it.

    Raises:
        ValueError: the mask is not of the picture's size.
    """
    return _painted_red(picture, [mask])


def answer_overlay(picture: Picture, regions: Sequence[Region], indices: Iterable[int]) -> bytes:
    """The picture with the regions of those indices as in :func:`red_overlay`, all else untouched.

    Raises:
        ValueError: there is no region of an index, or a mask is not of the picture's size.
    """
    masks = {region.index: region.mask for region in regions}
    wanted = sorted(set(indices))
    if unknown := [index for index in wanted if index not in masks]:
        raise ValueError(f"regions {unknown} of {picture.run}: there are only {sorted(masks)}")
    return _painted_red(picture, [masks[index] for index in wanted])


def numbered(picture: Picture, regions: Sequence[Region]) -> bytes:
    """The picture with every region in a colour of its own and its index in it.

    Smaller regions lie on larger ones. A number stands well inside what can be seen of its region, and where
    no other number stands, as far as there is room.

    Raises:
        ValueError: a mask is not of the picture's size.
    """
    drawn = _drawing(picture, *(region.mask for region in regions))
    order = sorted(regions, key=lambda region: (-int(np.count_nonzero(region.mask)), region.index))
    for region in order:
        _tint(drawn, region.mask, _colour(region.index), REGION_FILL)
        _draw_lines(drawn, region.mask, _colour(region.index), CASING)
    hidden = np.zeros(picture.pixels.shape[:2], bool)
    tags: list[Box] = []
    draw = ImageDraw.Draw(drawn)
    # The smallest first: it has the least room.
    for region in reversed(order):
        _draw_number(draw, region, hidden, tags)
        hidden |= region.mask
    return _encoded(drawn)


def _drawing(picture: Picture, *masks: Mask) -> Image.Image:
    for mask in masks:
        if mask.shape != picture.pixels.shape[:2]:
            raise ValueError(f"mask of shape {mask.shape} on a picture of {picture.pixels.shape[:2]}")
    return Image.fromarray(picture.pixels)


def _encoded(drawn: Image.Image) -> bytes:
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def _painted_red(picture: Picture, masks: list[Mask]) -> bytes:
    drawn = _drawing(picture, *masks)
    if masks:
        _tint(drawn, np.logical_or.reduce(masks), RED, RED_FILL)
    for mask in masks:
        _draw_lines(drawn, mask, RED, WHITE)
    return _encoded(drawn)


def _tint(drawn: Image.Image, mask: Mask, colour: Colour, opacity: float) -> None:
    if around := _around(mask):
        left, top, right, bottom = around
        fill = mask[top:bottom, left:right] * np.uint8(round(255 * opacity))
        drawn.paste(colour, around, Image.fromarray(fill))


def _draw_lines(drawn: Image.Image, mask: Mask, inner: Colour, outer: Colour) -> None:
    """Colour the mask's outermost pixels, and the pixels that touch it from outside; 4-connected."""
    if around := _around(mask):
        left, top, right, bottom = around
        inside = mask[top:bottom, left:right]
        drawn.paste(outer, around, Image.fromarray(_dilated(inside) & ~inside))
        drawn.paste(inner, around, Image.fromarray(inside & _dilated(~inside)))


def _around(mask: Mask) -> Box | None:
    """The mask's box and a pixel around it, in the picture: left, top, right, bottom, exclusive."""
    if not mask.any():
        return None
    left, top, right, bottom = inclusive_box(mask)
    height, width = mask.shape
    return max(0, left - 1), max(0, top - 1), min(width, right + 2), min(height, bottom + 2)


def _dilated(mask: Mask) -> Mask:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _colour(index: int) -> str:
    return LABEL_COLOURS[index % len(LABEL_COLOURS)]


def _draw_number(draw: ImageDraw.ImageDraw, region: Region, hidden: Mask, tags: list[Box]) -> None:
    """The region's index in white on a dark tag.

    Args:
        draw: of the drawing.
        region: whose index.
        hidden: the pixels that smaller regions cover.
        tags: the tags that are drawn; this one is added.
    """
    height, width = region.mask.shape
    face = font(max(MIN_TEXT, max(height, width) // TEXT_SHARE), bold=True)
    text = str(region.index)
    tag_width = min(width, round(face.getlength(text)) + 8)
    tag_height = min(height, round(face.size) + 6)
    centre = _tag_centre(region.mask, hidden, tags, (tag_width, tag_height))
    if centre is None:
        return
    left = min(max(0, centre[0] - tag_width // 2), width - tag_width)
    top = min(max(0, centre[1] - tag_height // 2), height - tag_height)
    corners = (left, top, left + tag_width - 1, top + tag_height - 1)
    draw.rectangle(corners, fill=CASING, outline=_colour(region.index))
    draw.text((left + tag_width / 2, top + tag_height / 2), text, "#FFFFFF", face, anchor="mm")
    tags.append(corners)


def _tag_centre(mask: Mask, hidden: Mask, tags: list[Box], size: tuple[int, int]) -> tuple[int, int] | None:
    """Well inside what is seen of the mask, and clear of other tags if there is such a place.

    A mask that the tag would cover has it above or below.
    """
    if not mask.any():
        return None
    left, top, right, bottom = inclusive_box(mask)
    width, height = size
    if right - left < width and bottom - top < height:
        above = top - 2 - height // 2
        return (left + right) // 2, above if above >= height // 2 else bottom + 2 + height // 2
    seen = mask & ~hidden
    across, along = height // 2 + 1, width // 2 + 1
    for ground in (seen, mask):
        clear = ground.copy()
        for left, top, right, bottom in tags:
            clear[max(0, top - across) : bottom + across + 1, max(0, left - along) : right + along + 1] = (
                False
            )
        if place := _innermost(clear):
            return place
    return _innermost(seen) or _innermost(mask)


def _innermost(mask: Mask) -> tuple[int, int] | None:
    """A pixel of the mask about as far from its edge as any: x, y; None if it has none.

    The mask is thinned on a grid of about :data:`GRID` cells until nothing is left; what goes last is
    innermost.
    """
    if not mask.any():
        return None
    left, top, right, bottom = inclusive_box(mask)
    step = max(1, max(right - left, bottom - top) // GRID)
    cells = mask[top : bottom + 1 : step, left : right + 1 : step]
    if not cells.any():
        step, cells = 1, mask[top : bottom + 1, left : right + 1]
    core = np.pad(cells, 1)
    while (thinner := core & ~_dilated(~core)).any():
        core = thinner
    rows, columns = np.nonzero(core)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return left + (int(columns[nearest]) - 1) * step, top + (int(rows[nearest]) - 1) * step
