"""Areas and boxes of masks, from their runs."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vdata_assets.masks.run_lengths import RunLengths, per_mask


def areas(runs: RunLengths) -> NDArray[np.int64]:
    """Pixels of each mask, int64 of shape (n,); 0 without runs."""
    found = np.zeros(len(runs), np.int64)
    _areas(runs.lengths, runs.offsets, found)
    return found


def boxes(runs: RunLengths, heights: NDArray[np.int64]) -> NDArray[np.int32]:
    """Bounding boxes of column-major masks.

    Args:
        runs: n masks.
        heights: int64 of shape (n,), rows.

    Returns:
        int32 of shape (n, 4): x, y, width, height in pixels, as COCO; zeros for a mask without a pixel.

    Raises:
        ValueError: there is not one height for each mask, or it is not positive.
    """
    (heights,) = per_mask(len(runs), heights=heights)
    if len(runs) and heights.min() < 1:
        raise ValueError(f"heights: {heights.min()} at {heights.argmin()} is no number of rows")
    found = np.zeros((len(runs), 4), np.int32)
    _boxes(runs.lengths, runs.offsets, heights, found)
    return found


@njit(cache=True, nogil=True)
def _areas(lengths, offsets, found):  # type: ignore[no-untyped-def]
    """Sum every mask's runs of ones."""
    for mask in range(len(offsets) - 1):
        for at in range(offsets[mask] + 1, offsets[mask + 1], 2):
            found[mask] += lengths[at]


@njit(cache=True, nogil=True)
def _boxes(lengths, offsets, heights, found):  # type: ignore[no-untyped-def]
    """Write the box of every mask that has pixels."""
    for mask in range(len(offsets) - 1):
        height = heights[mask]
        left, top, right, bottom = np.int64(-1), height, np.int64(0), np.int64(0)
        position = np.int64(0)
        for at in range(offsets[mask], offsets[mask + 1]):
            length = lengths[at]
            if (at - offsets[mask]) & 1 and length > 0:
                start, stop = position, position + length - 1
                first, last = start // height, stop // height
                if left < 0:
                    left = first
                right = last
                if first < last:  # the run goes over the foot of a column and the head of the next
                    top, bottom = 0, height - 1
                else:
                    top, bottom = min(top, start - first * height), max(bottom, stop - last * height)
            position += length
        if left >= 0:
            found[mask, 0], found[mask, 1] = left, top
            found[mask, 2], found[mask, 3] = right - left + 1, bottom - top + 1
