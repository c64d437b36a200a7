"""On which grid text masks were drawn: they do not say."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_SQUARE = 32
"""Smallest side that is taken for a tool's own grid: the public tool's is 256."""

Sides = NDArray[np.int64]


def text_grids(totals: Sides, sizes: Sequence[tuple[Sides, Sides]]) -> tuple[Sides, Sides]:
    """Heights and widths of masks that are known by their number of pixels only.

    A mask has the first of the given sizes that has as many pixels; else, if that is the square of 32 or
    more, it is on such a square: the public tool stores 256 x 256 whatever the video's size.

    Args:
        totals: int64 of shape (n,), pixels of the masks.
        sizes: pairs of heights and widths, int64 of shape (n,): the video's, the picture's.

    Returns:
        Heights and widths, int64 of shape (n,); 0 where nothing fits.
    """
    side = np.floor(np.sqrt(totals) + 0.5).astype(np.int64)
    square = (side * side == totals) & (side >= LEAST_SQUARE)
    heights, widths = np.where(square, side, 0), np.where(square, side, 0)
    for known_heights, known_widths in reversed(sizes):
        fits = known_heights * known_widths == totals
        heights, widths = np.where(fits, known_heights, heights), np.where(fits, known_widths, widths)
    return heights, widths
