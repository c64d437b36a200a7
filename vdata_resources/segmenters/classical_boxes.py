"""The object in a box that somebody drew: what differs in colour from what is around the box."""

import numpy as np
from numpy.typing import NDArray

from vdata_resources.segmenters.classical_colours import COLOUR_BINS, COLOUR_SHAPE, colour_bins, colours_of

Box = tuple[int, int, int, int]

# The surroundings reach so far beyond the box, as a share of its sides, and at least so many pixels.
AROUND, LEAST_AROUND = 0.3, 4
ROUNDS = 3
BLUR = (1.0, 0.7, 0.7)
SMOOTHING = 0.015
# More than this share of a colour is inside: of one that is as frequent around it, half is.
DISTINCT = 0.55
# Less of the box than this is no object; smaller pieces than this share of the largest are left out.
LEAST_OF_BOX, LEAST_PIECE = 0.05, 0.25


def box_of(mask: NDArray[np.bool_]) -> Box:
    """x0, y0, x1, y1 of a mask that is not empty, inclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def box_iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes of pixels."""
    wide = min(one[2], other[2]) - max(one[0], other[0]) + 1
    high = min(one[3], other[3]) - max(one[1], other[1]) + 1
    shared = max(0, wide) * max(0, high)
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (one, other)]
    return shared / (sum(areas) - shared)


def distinct_in_box(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.bool_]:
    """What in a box has colours that are rarer around it, bool of shape (height, width); it may be empty.

    Histograms of both sides are drawn up in turn with the division between them, as GrabCut does with its
    mixtures (Rother, Kolmogorov and Blake 2004), smoothing in the place of cuts. With nothing around the
    box, the box's own rim is what the object is told from.

    Args:
        pixels: (height, width, 3) RGB.
        box: x0, y0, x1, y1, inclusive, inside the picture.
    """
    from scipy.ndimage import gaussian_filter

    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = box
    out_x = max(LEAST_AROUND, round(AROUND * (x1 - x0 + 1)))
    out_y = max(LEAST_AROUND, round(AROUND * (y1 - y0 + 1)))
    left, top = max(0, x0 - out_x), max(0, y0 - out_y)
    window = np.s_[top : min(height, y1 + 1 + out_y), left : min(width, x1 + 1 + out_x)]
    inside = np.zeros((height, width), bool)
    inside[y0 : y1 + 1, x0 : x1 + 1] = True
    inside = inside[window]
    middle = _middle(inside.shape, (x0 - left, y0 - top, x1 - left, y1 - top))
    bins = colour_bins(colours_of(np.ascontiguousarray(pixels[window])))
    own, around = inside & (middle > 0.5), ~inside
    if not around.any():
        around = inside & (middle < 0.1)
    surroundings = around
    share = np.zeros(inside.shape)
    for _ in range(ROUNDS):
        if not own.any() or not surroundings.any():
            break
        of_object, of_rest = (_histogram(bins[which]) for which in (own, surroundings))
        share = (of_object / np.maximum(of_object + of_rest, 1e-12))[bins]
        sigma = SMOOTHING * np.hypot(x1 - x0 + 1, y1 - y0 + 1)
        own = inside & ~around & (gaussian_filter(share, sigma) > DISTINCT)
        surroundings = ~own
    found = np.zeros((height, width), bool)
    found[window] = _main_pieces(own, int(inside.sum()))
    return found


def _middle(shape: tuple[int, ...], box: Box) -> NDArray[np.float64]:
    """1 in the middle of the box, falling to 0 on the ellipse that fills it, and 0 outside."""
    x0, y0, x1, y1 = box
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    down = (rows - (y0 + y1) / 2) / ((y1 - y0 + 1) / 2)
    across = (columns - (x0 + x1) / 2) / ((x1 - x0 + 1) / 2)
    return np.maximum(0.0, 1 - down**2 - across**2)


def _histogram(bins: NDArray[np.intp]) -> NDArray[np.float64]:
    """Shares of the colours, blurred, as one row."""
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(bins, minlength=COLOUR_BINS).reshape(COLOUR_SHAPE)
    return gaussian_filter(counts / bins.size, BLUR, mode="constant").ravel()


def _main_pieces(mask: NDArray[np.bool_], box_area: int) -> NDArray[np.bool_]:
    """The large pieces with their holes filled; nothing if that is little of the box."""
    from scipy.ndimage import binary_fill_holes, label

    pieces, count = label(mask)
    if not count:
        return mask
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    large = areas >= LEAST_PIECE * areas.max()
    large[0] = False
    kept = binary_fill_holes(large[pieces])
    return kept if kept.sum() >= LEAST_OF_BOX * box_area else np.zeros_like(mask)
