"""Masks at another size, without a picture in between."""

import numpy as np
from numpy.typing import NDArray

from vdata_assets.masks.lines import scale_lines
from vdata_assets.masks.run_lengths import MOST_PIXELS, RunLengths, per_mask
from vdata_assets.masks.validate import require_size


def scaled(
    runs: RunLengths,
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
    to_heights: NDArray[np.int64],
    to_widths: NDArray[np.int64],
) -> RunLengths:
    """Column-major masks at other heights and widths.

    A pixel is what the source has under its centre: (row, column) of H x W takes
    ((2 row + 1) h // 2H, (2 column + 1) w // 2W) of h x w, in whole numbers; on a pixel's edge, the one after
    it. Pillow's NEAREST and torch's nearest-exact do the same, but are rounded either way on such an edge.
    A mask may become empty when it shrinks.

    Row-major masks are scaled by swapping heights and widths, both of the source and the target. Scaling
    before reordering bounds the work by the target, whatever size the source claims.

    Args:
        runs: n column-major masks; one without runs stays so.
        heights: int64 of shape (n,), rows of the masks.
        widths: likewise, columns.
        to_heights: likewise, rows wanted.
        to_widths: likewise, columns wanted.

    Raises:
        ValueError: a mask's runs do not sum to height times width, or a wanted size is none.
    """
    heights, widths, to_heights, to_widths = per_mask(
        len(runs), heights=heights, widths=widths, to_heights=to_heights, to_widths=to_widths
    )
    require_size(runs, heights, widths)
    impossible = (to_heights < 1) | (to_widths < 1) | (to_heights > MOST_PIXELS // np.maximum(to_widths, 1))
    if impossible.any():
        mask = int(impossible.argmax())
        raise ValueError(f"mask {mask}: {to_widths[mask]} x {to_heights[mask]} pixels is no size of a mask")
    return RunLengths(*scale_lines(runs.lengths, runs.offsets, widths, heights, to_widths, to_heights))
