"""The colour of a region, as people would name it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.rules.colours import (
    LIKELY,
    NAMES,
    POSSIBLE,
    ColourMap,
    Lab,
    lab_of,
    possible_names,
    sure_name,
)
from vdata_assets.dataengine.rules.geometry import Mask, Shape, eroded

# Shares of a region that may be called by its name, at least, and by another's, at most.
EVEN = 0.7
STAINED = 0.1
# Quantiles of lightness between which a region is lit, neither shaded nor glossy.
LIT = (0.5, 0.9)
SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class RegionColour:
    """The colour of a region's inside.

    Attributes:
        lab: median CIELAB of its lit side, shape (3,): people see past shades and highlights.
        name: the basic term that it surely has; None if there is none.
        possible: terms that the median or more than a few of its pixels may be called.
    """

    lab: Lab
    name: str | None
    possible: frozenset[str]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], colours: ColourMap, shape: Shape) -> "RegionColour":
        """Measure a region a little inside its mask, where edges do not blur it."""
        rows, columns = np.nonzero(inside_of(shape))
        step = -(-rows.size // SAMPLE)
        rows, columns = rows[::step], columns[::step]
        lab = lab_of(pixels[rows, columns])
        dark, bright = np.quantile(lab[:, 0], LIT)
        lit = np.median(lab[(lab[:, 0] >= dark) & (lab[:, 0] <= bright)], axis=0).astype(np.float32)
        sample = ColourMap(colours.index[rows, columns])
        name = sure_name(lit)
        if name is not None and sample.called(name, POSSIBLE).mean() < EVEN:
            name = None
        seen = {other for other in NAMES if sample.called(other, LIKELY).mean() > STAINED}
        return cls(lit, name, possible_names(lit) | seen)


def inside_of(shape: Shape) -> Mask:
    """The mask without its edge of 3, 2 or 1 px, if half of it is left; else all of it."""
    x0, y0, x1, y1 = shape.box
    window = (slice(y0, y1 + 1), slice(x0, x1 + 1))
    mask = np.pad(shape.mask[window], 3)
    inside = mask
    for radius in (3, 2, 1):
        smaller = eroded(mask, radius)
        if 2 * np.count_nonzero(smaller) >= shape.area:
            inside = smaller
            break
    out = np.zeros_like(shape.mask)
    out[window] = inside[3:-3, 3:-3]
    return out
