"""What is wrong with masks, in bulk, found on their runs without a picture of any."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.masks.read import NO_RUNS, SOUND, Scan, scan_compressed, scan_integers
from vdata_assets.masks.run_lengths import MOST_PIXELS, RunLengths, per_mask


def problems(runs: RunLengths, heights: NDArray[np.int64], widths: NDArray[np.int64]) -> pl.Series:
    """Why masks are unsound: no runs, a negative run, another size than the image's, or no pixel.

    Args:
        runs: n masks.
        heights: int64 of shape (n,), the images' rows.
        widths: likewise, their columns.

    Returns:
        String; null: the mask is sound.

    Raises:
        ValueError: there is not one height and width for each mask.
    """
    heights, widths = per_mask(len(runs), heights=heights, widths=widths)
    found = _problems(scan_integers(runs.lengths, runs.offsets), heights, widths)
    return pl.Series("reason", found, pl.String)


def problems_of_compressed(
    rle: pl.Series, heights: NDArray[np.int64], widths: NDArray[np.int64]
) -> pl.Series:
    """Why COCO compressed strings are unsound, malformed ones included; a null is no mask.

    Runs are not kept, so memory does not grow with the masks.

    Args:
        rle: String, n masks.
        heights: int64 of shape (n,), the images' rows.
        widths: likewise, their columns.

    Returns:
        String; null: the mask is sound, and pycocotools reads it.

    Raises:
        ValueError: there is not one height and width for each mask.
    """
    heights, widths = per_mask(len(rle), heights=heights, widths=widths)
    found: list[str | None] = []
    for piece, scan in scan_compressed(rle):
        found += _problems(scan, heights[piece], widths[piece], rle[piece])
    return pl.Series("reason", found, pl.String)


def require_size(runs: RunLengths, heights: NDArray[np.int64], widths: NDArray[np.int64]) -> None:
    """Refuse masks that do not fill their picture; those that are empty or have no runs do no harm.

    Args:
        runs: n masks.
        heights: int64 of shape (n,), the pictures' rows.
        widths: likewise, their columns.

    Raises:
        ValueError: names the first such mask.
    """
    scan = scan_integers(runs.lengths, runs.offsets)
    bad = (scan.codes != NO_RUNS) & ((scan.codes != SOUND) | ~_fits(scan, heights, widths))
    if bad.any():
        mask = int(bad.argmax())
        raise ValueError(f"mask {mask}: {_problems(scan, heights, widths)[mask]}")


def _fits(scan: Scan, heights: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the runs sum to the pixels. A product of larger sides might overflow."""
    possible = (heights > 0) & (widths > 0) & (heights <= MOST_PIXELS) & (widths <= MOST_PIXELS)
    return possible & (heights * widths == scan.totals)


def _problems(
    scan: Scan, heights: NDArray[np.int64], widths: NDArray[np.int64], strings: pl.Series | None = None
) -> list[str | None]:
    found = scan.reasons(strings)
    fits = _fits(scan, heights, widths)
    for mask in np.flatnonzero((scan.codes == SOUND) & ~(fits & (scan.areas > 0))).tolist():
        height, width, total = int(heights[mask]), int(widths[mask]), int(scan.totals[mask])
        found[mask] = (
            "the mask is empty"
            if fits[mask]
            else f"run lengths sum to {total}, the image has {width} x {height} = {width * height} pixels: "
            "the mask is of another size"
        )
    return found
