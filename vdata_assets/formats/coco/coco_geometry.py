"""Boxes and areas of COCO annotations held against their masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vdata_assets.masks.measure import areas, boxes
from vdata_assets.masks.read import read_compressed
from vdata_assets.masks.segmentations import Segmentation, compressed_all

Box = tuple[float, float, float, float]

EDGE_PIXELS, EDGE_SHARE = 2.0, 0.01
AREA_SHARE = 0.05
PLACES = 6
"""Decimals of a pixel that are kept: sums and differences are exact to them."""


@dataclass(frozen=True)
class Measured:
    """What a mask measures.

    Attributes:
        box: left, top, right, bottom in pixels, right and bottom exclusive.
        area: pixels.
    """

    box: Box
    area: int

    def has_box(self, box: Sequence[float], width: int, height: int) -> bool:
        """Whether a box is the mask's.

        An edge may be off by 2 pixels or a hundredth of the picture's longer side, whichever is more: COCO's
        boxes are those of the polygons, which are not cut at whole pixels.

        Args:
            box: left, top, right, bottom.
            width: of the picture.
            height: likewise.
        """
        most = max(EDGE_PIXELS, EDGE_SHARE * max(width, height))
        return all(abs(edge - own) <= most for edge, own in zip(box, self.box, strict=True))

    def has_area(self, area: float) -> bool:
        """Whether an area is the mask's: off by a twentieth and the half of its box's outline at most."""
        left, top, right, bottom = self.box
        return abs(area - self.area) <= AREA_SHARE * self.area + (right - left) + (bottom - top)


def measured(
    segmentations: Sequence[Segmentation], heights: Sequence[int], widths: Sequence[int]
) -> list[tuple[str, Measured] | str]:
    """Masks as compressed run lengths with what they measure, or what is wrong with them; many at once.

    Args:
        segmentations: in any form of COCO's.
        heights: of the picture of each.
        widths: likewise.
    """
    masks = compressed_all(segmentations, heights, widths)
    sound = [place for place, (counts, _) in enumerate(masks) if counts is not None]
    runs = read_compressed(pl.Series([masks[place][0] for place in sound], dtype=pl.String)).runs
    found = boxes(runs, np.array([heights[place] for place in sound], np.int64)).tolist()
    sizes = (
        Measured((float(x), float(y), float(x + width), float(y + high)), area)
        for (x, y, width, high), area in zip(found, areas(runs).tolist(), strict=True)
    )
    return [str(problem) if counts is None else (counts, next(sizes)) for counts, problem in masks]


def corners(bbox: Sequence[float]) -> Box:
    """Left, top, right, bottom of x, y, width, height."""
    x, y, width, height = bbox
    return round(x, PLACES), round(y, PLACES), round(x + width, PLACES), round(y + height, PLACES)


def sides(box: Box) -> list[float]:
    """X, y, width, height of left, top, right, bottom."""
    left, top, right, bottom = box
    return [left, top, round(right - left, PLACES), round(bottom - top, PLACES)]
