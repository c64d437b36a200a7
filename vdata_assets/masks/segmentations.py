"""Masks as COCO files have them: polygons, or run lengths compressed or not.

Format: cocodataset.org, "Data format".
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import polars as pl
from msgspec import Meta, Struct

from vdata_assets.masks.read import read_lists
from vdata_assets.masks.run_lengths import MOST_PIXELS
from vdata_assets.masks.validate import problems, problems_of_compressed
from vdata_assets.masks.write import write_compressed

Side = Annotated[int, Meta(ge=1, le=65_535)]
"""Pixels of a picture's side."""


class RunLengthMask(Struct):
    """Run lengths, column-major.

    Attributes:
        size: height and width.
        counts: compressed, or the runs' lengths themselves.
    """

    size: tuple[Side, Side]
    counts: str | list[Annotated[int, Meta(ge=-MOST_PIXELS, le=MOST_PIXELS)]]


Segmentation = RunLengthMask | Sequence[Sequence[float]]
"""Run lengths, or polygons of x and y in turn, in pixels."""


def compressed(segmentation: Segmentation, height: int, width: int) -> str:
    """The compressed run lengths of a mask in any of the forms; compressed ones stay as they are.

    Args:
        segmentation: of an object. Polygons may be outside of the picture by a pixel.
        height: of its picture.
        width: likewise.

    Raises:
        ValueError: it is malformed, of another size than its picture, or empty.
    """
    ((counts, problem),) = compressed_all([segmentation], [height], [width])
    if counts is None:
        raise ValueError(problem)
    return counts


def compressed_all(
    segmentations: Sequence[Segmentation], heights: Sequence[int], widths: Sequence[int]
) -> list[tuple[str, None] | tuple[None, str]]:
    """Masks as :func:`compressed` has them, or what is wrong with them; much faster than one by one.

    Args:
        segmentations: of objects.
        heights: of the picture of each.
        widths: likewise.
    """
    texts: list[str] = []
    unread: list[str | None] = []
    for segmentation, height, width in zip(segmentations, heights, widths, strict=True):
        try:
            texts.append(_text(segmentation, height, width))
            unread.append(None)
        except ValueError as error:
            texts.append("")
            unread.append(str(error))
    strings = pl.Series(texts, dtype=pl.String)
    unsound = problems_of_compressed(strings, np.array(heights, np.int64), np.array(widths, np.int64))
    reasons = [own or other for own, other in zip(unread, unsound, strict=True)]
    return [
        (text, None) if reason is None else (None, reason)
        for text, reason in zip(texts, reasons, strict=True)
    ]


def _text(segmentation: Segmentation, height: int, width: int) -> str:
    """Compressed run lengths that may still be unsound."""
    if not isinstance(segmentation, RunLengthMask):
        return _painted(segmentation, height, width)
    if segmentation.size != (height, width):
        raise ValueError(f"segmentation.size is {list(segmentation.size)}, its image's {[height, width]}")
    if isinstance(segmentation.counts, str):
        return segmentation.counts
    read = read_lists(pl.Series([segmentation.counts], dtype=pl.List(pl.Int64)))
    (unread,) = read.reasons
    (unsound,) = problems(read.runs, np.array([height]), np.array([width]))
    if problem := unread or unsound:
        raise ValueError(problem)
    return str(write_compressed(read.runs)[0])


def _painted(polygons: Sequence[Sequence[float]], height: int, width: int) -> str:
    from pycocotools import mask as coco_mask

    for polygon in polygons:
        values = np.array(polygon, dtype=np.float64)
        if len(polygon) < 6 or len(polygon) % 2 or not np.isfinite(values).all():
            raise ValueError(f"a polygon of {len(polygon)} numbers: give x and y of at least three corners")
        if values.min() < -1 or values[0::2].max() > width + 1 or values[1::2].max() > height + 1:
            raise ValueError(f"a polygon leaves its image of {width} x {height} pixels")
    if not polygons:
        raise ValueError("segmentation has no polygon")
    lists = [list(polygon) for polygon in polygons]
    merged = coco_mask.merge(coco_mask.frPyObjects(lists, height, width))
    return str(merged["counts"].decode("ascii"))
