"""Masks as arrays of pixels, one at a time: for pictures and comparisons, not for bulk work."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.masks.read import read_compressed
from vdata_assets.masks.run_lengths import RunLengths, cut
from vdata_assets.masks.validate import problems_of_compressed

Order = Literal["row", "column"]


def decoded(rle: str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask of a COCO compressed string, bool of shape (height, width).

    Raises:
        ValueError: the string is malformed, of another size, or an empty mask.
    """
    strings = pl.Series([rle], dtype=pl.String)
    (problem,) = problems_of_compressed(strings, np.array([height]), np.array([width]))
    if problem is not None:
        raise ValueError(problem)
    return dense(read_compressed(strings).runs, 0, height, width)


def dense(
    runs: RunLengths, index: int, height: int, width: int, order: Order = "column"
) -> NDArray[np.bool_]:
    """One mask of many, bool of shape (height, width).

    Args:
        runs: the masks.
        index: which one.
        height: rows.
        width: columns.
        order: how the runs go through the picture.

    Raises:
        ValueError: the runs are not those of a picture of this size.
    """
    lengths = runs.lengths[runs.offsets[index] : runs.offsets[index + 1]]
    if (lengths < 0).any() or lengths.sum() != height * width:
        raise ValueError(
            f"mask {index}: run lengths sum to {lengths.sum()}, not to {width} x {height} = {width * height}"
        )
    pixels = np.repeat(np.arange(len(lengths)) & 1 == 1, lengths)
    return pixels.reshape(height, width) if order == "row" else pixels.reshape(width, height).T


def inclusive_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the mask's outermost pixels.

    Raises:
        ValueError: the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError("the mask is empty: it has no box")
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def runs_of(masks: Sequence[NDArray[np.bool_]], order: Order = "column") -> RunLengths:
    """Runs of pictures; zero is not in the mask, anything else is.

    Args:
        masks: each of shape (height, width), of any size.
        order: how the runs shall go through the picture.

    Raises:
        ValueError: a picture is not of two dimensions, or has no pixel.
    """
    lengths = [np.empty(0, np.int64)]
    for index, mask in enumerate(masks):
        if mask.ndim != 2 or not mask.size:
            raise ValueError(f"mask {index}: shape {mask.shape} is no picture")
        pixels = mask.astype(bool).ravel(order="C" if order == "row" else "F")
        turns = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
        bounds = np.concatenate([[0] if pixels[0] else [], [0], turns, [pixels.size]])
        lengths.append(np.diff(bounds).astype(np.int64))
    return RunLengths(np.concatenate(lengths), cut(np.array([len(runs) for runs in lengths[1:]], np.int64)))
