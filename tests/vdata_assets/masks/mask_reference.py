"""Slow, obvious answers about masks, on pictures and one number at a time; and where test masks come from."""

from itertools import groupby

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

pictures = st.lists(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)), max_size=4)
"""A few masks of different sizes, empty and full ones among them."""


def sides(masks):
    """Heights and widths."""
    shapes = np.array([mask.shape for mask in masks], np.int64).reshape(-1, 2)
    return shapes[:, 0], shapes[:, 1]


def run_list(mask, order="column"):
    """A mask's runs, zeros first."""
    pixels = [pixel for line in (mask if order == "row" else mask.T) for pixel in line]
    runs = [len(list(equal)) for _, equal in groupby(pixels)]
    return [0, *runs] if pixels[0] else runs


def run_lists(runs):
    """The runs of every mask as a list."""
    return [piece.tolist() for piece in np.split(runs.lengths, runs.offsets[1:-1])][: len(runs)]


def scaled_picture(mask, height, width):
    """Each pixel is the one under its centre."""
    h, w = mask.shape
    return np.array(
        [
            [
                mask[(2 * row + 1) * h // (2 * height), (2 * column + 1) * w // (2 * width)]
                for column in range(width)
            ]
            for row in range(height)
        ]
    )


def box(mask):
    """[x, y, width, height] of the pixels; zeros if there is none."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return [0, 0, 0, 0]
    left, top = columns.min(), rows.min()
    return [left, top, columns.max() - left + 1, rows.max() - top + 1]


def coco(mask):
    """pycocotools' own encoding of a picture."""
    from pycocotools.mask import encode

    return encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
