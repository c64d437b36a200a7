"""Regions worth naming, from masks that nobody asked for, each called by the colour that it surely has."""

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import MAX_REGIONS, Caption
from vdata_assets.dataengine.rules.colours import ColourMap
from vdata_assets.dataengine.rules.evidence import CUTS, LEAST_PIXELS, MOST_SHARE
from vdata_assets.dataengine.rules.geometry import Mask, Shape
from vdata_assets.dataengine.rules.region_colour import RegionColour
from vdata_resources.segmenters.protocol import MaskProposal

LEAST_SCORE = 0.3
LEAST_AREA = 1000
LEAST_SHARE = 2e-3
# Of the smaller of two masks.
OVERLAP = 0.05
# What lies on two borders and covers so much is background.
BACKGROUND = 0.25
LARGE, SMALL = 0.1, 0.01
ELONGATED = 2.5


def captions(pixels: NDArray[np.uint8], proposals: list[MaskProposal]) -> list[Caption]:
    """Name at most :data:`~vdata_assets.dataengine.annotator.MAX_REGIONS` regions that do not overlap.

    Regions of one colour share a label; each is a caption of its own, with its own box. What has no sure
    colour is called a region.

    Args:
        pixels: (height, width, 3) RGB.
        proposals: best first.
    """
    colours = ColourMap.of(pixels)
    taken: list[Mask] = []
    found: list[Caption] = []
    for proposal in proposals:
        if len(found) == MAX_REGIONS:
            break
        if proposal.score < LEAST_SCORE or not proposal.mask.any():
            continue
        shape = Shape.of(proposal.mask)
        if not worth_naming(shape) or any(_overlap(shape.mask, mask) > OVERLAP for mask in taken):
            continue
        taken.append(shape.mask)
        found.append(_caption(shape, RegionColour.of(pixels, colours, shape)))
    return found


def worth_naming(shape: Shape) -> bool:
    """Whether a mask is large enough to be seen, and not what other things lie on."""
    height, width = shape.mask.shape
    x0, y0, x1, y1 = shape.box
    share = shape.area / shape.mask.size
    cuts = sum((x0 == 0, y0 == 0, x1 == width - 1, y1 == height - 1))
    large = shape.area >= max(LEAST_PIXELS, min(LEAST_AREA, LEAST_SHARE * shape.mask.size))
    return large and share <= MOST_SHARE and cuts <= CUTS and not (cuts == CUTS and share > BACKGROUND)


def _overlap(one: Mask, other: Mask) -> float:
    """Share of the smaller mask that is in both."""
    both = np.count_nonzero(one & other)
    return float(both / min(np.count_nonzero(one), np.count_nonzero(other)))


def _caption(shape: Shape, colour: RegionColour) -> Caption:
    label = f"{colour.name} region" if colour.name else "region"
    return Caption(label, _attributes(shape, colour), place_of(shape), (shape.box,))


def _attributes(shape: Shape, colour: RegionColour) -> tuple[str, ...]:
    """Colour, size and shape, where they are clear."""
    share = shape.area / shape.mask.size
    rows, columns = np.nonzero(shape.mask)
    # Standard deviations along the main axes: of a rectangle, they are as its sides.
    short, long = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(np.stack([rows, columns]))), 1e-6))
    return tuple(
        word
        for word, holds in (
            (colour.name or "", colour.name is not None),
            ("large", share >= LARGE),
            ("small", share <= SMALL),
            ("elongated", long >= ELONGATED * short),
        )
        if holds
    )


def place_of(shape: Shape) -> str:
    """Which ninth of the picture its centre is in: "upper left", "centre", "right"."""
    height, width = shape.mask.shape
    row = ("upper", "", "lower")[min(2, int(3 * shape.y / height))]
    column = ("left", "", "right")[min(2, int(3 * shape.x / width))]
    return " ".join(word for word in (row, column) if word) or "centre"
