"""What holds of one region, or of one compared with another: true, false, or too close to call.

Positions are those in the picture, x to the right and y downwards. Everything has a margin, so that what is
called true nobody disputes, and what is called false neither; in between the answer is None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot

import numpy as np

from vdata_assets.dataengine.rules.colours import colour_difference
from vdata_assets.dataengine.rules.scene import Scene

# Shares of the picture's side.
SIDE_MARGIN = 0.05
MIDDLE_MARGIN = 0.03
CORNER = 0.4
# A region that is to the left, but more than twice as far up or down, is too close to call.
SLANT = 0.5
AREA_RATIO = 1.3
# CIEDE2000.
SAME_COLOUR = 10.0
OTHER_COLOUR = 20.0
# Pixels at working size.
TOUCH = 2.0
CLEAR = 10.0
TOUCH_LENGTH = 10
# Shares of a region.
INSIDE = 0.98
OUTSIDE = 0.02
# Distances from the line between two regions, as shares of its length.
IN_LINE = 0.2
OUT_OF_LINE = 0.75


@dataclass(frozen=True)
class Finding:
    """Whether something holds, None if it is too close to call, and the figures."""

    truth: bool | None
    figures: str


def placed(scene: Scene, index: int, predicate: str) -> Finding:
    """Whether a region is in a half or corner of the picture."""
    words = predicate.split()
    left = _side(scene, index, words) if {"left", "right"} & set(words) else None
    upper = _level(scene, index, words) if {"upper", "lower"} & set(words) else None
    parts = [part for part in (left, upper) if part is not None]
    figures = ", ".join(part.figures for part in parts)
    if any(part.truth is False for part in parts):
        return Finding(False, figures)
    return Finding(None if any(part.truth is None for part in parts) else True, figures)


def _side(scene: Scene, index: int, words: list[str]) -> Finding:
    x0, _, x1, _ = scene.shapes[index].box
    share = CORNER if "corner" in words else 0.5
    return _share(x0, x1, scene.width, "right" in words, share, "columns")


def _level(scene: Scene, index: int, words: list[str]) -> Finding:
    _, y0, _, y1 = scene.shapes[index].box
    share = CORNER if "corner" in words else 0.5
    return _share(y0, y1, scene.height, "lower" in words, share, "rows")


def _share(first: int, last: int, side: int, far: bool, share: float, what: str) -> Finding:
    """Whether pixels first to last lie in the near or far share of a side."""
    figures = f"{what} {first} to {last} of {side}"
    near_end, far_end = (side - 1 - last, side - 1 - first) if far else (first, last)
    margin = MIDDLE_MARGIN * side
    if far_end < share * side - margin:
        return Finding(True, figures)
    # A corner has no sharp end, a half has.
    beyond = share * side + (margin if share == 0.5 else 2 * margin)
    return Finding(False if near_end > beyond else None, figures)


def related(scene: Scene, index: int, anchor: int, predicate: str) -> Finding:
    """Whether a relation holds of a region and another."""
    return RELATED[predicate](scene, index, anchor)


def _left_of(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index], scene.shapes[anchor]
    ahead, aside = other.x - one.x, abs(other.y - one.y)
    return _before(one.box[2], other.box[0], ahead, aside, scene.width, "right edge at column", "left edge")


def _right_of(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index], scene.shapes[anchor]
    ahead, aside = one.x - other.x, abs(other.y - one.y)
    return _before(-one.box[0], -other.box[2], ahead, aside, scene.width, "left edge at column", "right edge")


def _above(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index], scene.shapes[anchor]
    ahead, aside = other.y - one.y, abs(other.x - one.x)
    return _before(one.box[3], other.box[1], ahead, aside, scene.height, "lower edge at row", "upper edge")


def _below(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index], scene.shapes[anchor]
    ahead, aside = one.y - other.y, abs(other.x - one.x)
    return _before(-one.box[1], -other.box[3], ahead, aside, scene.height, "upper edge at row", "lower edge")


def _before(end: int, start: int, ahead: float, aside: float, side: int, edge: str, other: str) -> Finding:
    """Whether one thing ends before the other starts.

    Args:
        end: where the one ends.
        start: where the other starts.
        ahead: how far the other's centre is ahead of the one's.
        aside: how far it is aside.
        side: of the picture.
        edge: what ``end`` is.
        other: what ``start`` is.
    """
    figures = f"{edge} {abs(end)}, the other's {other} at {abs(start)}, centres {ahead:.0f} px apart"
    if ahead <= 0:
        return Finding(False, figures)
    clear = end < start and ahead >= SIDE_MARGIN * side and ahead >= SLANT * aside
    return Finding(True if clear else None, figures)


def _touching(scene: Scene, index: int, anchor: int) -> Finding:
    # Masks that were shrunk touch nothing any more.
    scene = scene.base or scene
    contact = scene.contacts.get((anchor, index))
    if contact is None:
        return Finding(False, f"more than {CLEAR:.0f} px apart")
    if contact.gap == 0 and scene.scale == 1:
        return Finding(None, "the masks overlap")
    # Of neighbouring pixels the distance is 1 at every resolution; at a coarse one they may share a pixel.
    gap = max(contact.gap - 1, 0) * scene.scale + 1
    length = contact.length * scene.scale
    figures = f"{gap:.0f} px apart, {length} px of it close"
    if gap <= TOUCH and length >= TOUCH_LENGTH:
        return Finding(True, figures)
    return Finding(False if gap > CLEAR else None, figures)


def _inside(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index], scene.shapes[anchor]
    x0, y0, x1, y1 = one.box
    window = (slice(y0, y1 + 1), slice(x0, x1 + 1))
    share = float(np.count_nonzero(one.mask[window] & other.filled[window]) / one.area)
    figures = f"{share:.0%} of it inside"
    if share >= INSIDE and AREA_RATIO * one.area <= other.filled_area:
        return Finding(True, figures)
    return Finding(False if share <= OUTSIDE else None, figures)


def _same_colour(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.colours[index], scene.colours[anchor]
    if one.name is None or other.name is None:
        return Finding(None, "a colour without a sure name")
    difference = colour_difference(one.lab, other.lab)
    figures = f"{one.name} and {other.name}, CIEDE2000 {difference:.1f}"
    if one.name == other.name:
        return Finding(True if difference <= SAME_COLOUR else None, figures)
    disjoint = one.name not in other.possible and other.name not in one.possible
    return Finding(False if difference >= OTHER_COLOUR and disjoint else None, figures)


def _larger(scene: Scene, index: int, anchor: int) -> Finding:
    one, other = scene.shapes[index].area, scene.shapes[anchor].area
    figures = f"{one} px against {other} px"
    if one >= AREA_RATIO * other:
        return Finding(True, figures)
    return Finding(False if other >= AREA_RATIO * one else None, figures)


def _smaller(scene: Scene, index: int, anchor: int) -> Finding:
    finding = _larger(scene, index, anchor)
    return Finding(None if finding.truth is None else not finding.truth, finding.figures)


RELATED: dict[str, Callable[[Scene, int, int], Finding]] = {
    "left of": _left_of,
    "right of": _right_of,
    "above": _above,
    "below": _below,
    "touching": _touching,
    "inside": _inside,
    "same colour": _same_colour,
    "larger": _larger,
    "smaller": _smaller,
}


def between(scene: Scene, index: int, first: int, second: int) -> Finding:
    """Whether a region lies between two others: in line with their centres, and beyond neither."""
    one, start, end = (scene.shapes[i] for i in (index, first, second))
    dx, dy = end.x - start.x, end.y - start.y
    length = hypot(dx, dy)
    if length < SIDE_MARGIN * max(scene.width, scene.height):
        return Finding(None, "the two are too close to each other")
    along = ((one.x - start.x) * dx + (one.y - start.y) * dy) / length**2
    across = abs((one.x - start.x) * dy - (one.y - start.y) * dx) / length**2
    figures = f"{along:.0%} of the way from the one to the other, {across:.0%} of it aside"
    if along <= 0 or along >= 1 or across >= OUT_OF_LINE:
        return Finding(False, figures)
    axis = 0 if abs(dx) >= abs(dy) else 1
    near, far = (start, end) if (dx, dy)[axis] > 0 else (end, start)
    free = near.box[axis + 2] < one.box[axis] and one.box[axis + 2] < far.box[axis]
    return Finding(True if free and across <= IN_LINE else None, figures)
