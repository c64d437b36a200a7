"""A picture's division into surfaces: small pieces, merged as long as shading could explain the step."""

import heapq
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vdata_resources.segmenters.classical_colours import (
    Colours,
    Labels,
    colours_of,
    difference,
    means_of,
    neighbours_of,
)

Pixel = TypeVar("Pixel", np.intp, np.bool_)

WORKING_SIDE = 384
PIECE_SCALE, PIECE_SMOOTHING, PIECE_PIXELS, PIECE_LIGHT = 40.0, 0.5, 12, 0.4
MOST_PIECES = 2000
MERGED_BELOW = 9.0
# Regions smaller than this share of the picture merge at twice the difference.
SMALL_SHARE = 0.0006
SMALLEST_INSIDE = 0.0003
STEEP_LIGHT = 0.35
# Shared outline, as a share of the picture's long side, by which two pieces touch.
TOUCHING = 0.008


def surfaces(pixels: NDArray[np.uint8]) -> tuple[Labels, Colours]:
    """Divide a picture into surfaces.

    Those are found at a long side of at most 384 pixels; then all that is no surface's inside, edges and
    slivers, goes to the surface that it adjoins at the full size, where the picture is steepest
    (watershed, Vincent and Soille 1991).

    Args:
        pixels: (height, width, 3) RGB.

    Returns:
        Labels of shape (height, width), 0 to n - 1; and the colours at that size.
    """
    whole = colours_of(pixels)
    small = colours_of(shrunk(pixels, WORKING_SIDE, smooth=True))
    pieces, surface = _insides(_merged(_pieces(small), small))
    return _rejoined(_grown(pieces, whole), surface, whole), whole


def _insides(labels: Labels) -> tuple[Labels, Labels]:
    """The connected insides of regions, large enough ones alone.

    Returns:
        Pieces, numbered from 1 where all neighbours are of the same region, 0 elsewhere; and the region of
        each number.
    """
    from scipy.ndimage import maximum_filter, minimum_filter
    from skimage.measure import label

    inside = maximum_filter(labels, 3) == minimum_filter(labels, 3)
    pieces = label(np.where(inside, labels + 1, 0), connectivity=1)
    large = np.bincount(pieces.ravel()) >= SMALLEST_INSIDE * labels.size
    large[0] = False
    if not large.any():
        return np.ones_like(labels), np.zeros(2, np.intp)
    surface = np.zeros(large.sum() + 1, np.intp)
    numbers = np.where(large, np.cumsum(large), 0)
    surface[numbers[pieces]] = labels
    return numbers[pieces], surface


def _rejoined(pieces: Labels, surface: Labels, colours: Colours) -> Labels:
    """Labels from 0 of the surfaces, of which pieces that lie side by side are one again.

    Mixed colours along a third thing's outline may have bridged two; that does not bring them together.
    """
    count = len(surface)
    least = TOUCHING * max(pieces.shape)
    first = np.arange(count)
    for one, around in enumerate(neighbours_of(pieces, colours, count)):
        for other, border in around.items():
            if one < other and surface[one] == surface[other] and border.length >= least:
                old, new = sorted((int(first[one]), int(first[other])), reverse=True)
                first[first == old] = new
    return np.unique(first[pieces], return_inverse=True)[1].reshape(pieces.shape)


def _grown(insides: Labels, colours: Colours) -> Labels:
    """Labels from 1 of the whole picture, from those of the insides at working size."""
    from scipy.ndimage import binary_dilation
    from skimage.segmentation import watershed

    height, width = colours.values.shape[:2]
    markers = stretched(insides, height, width)
    open_ = markers == 0
    if open_.any():
        steepness = np.hypot(colours.steps[..., 1], STEEP_LIGHT * colours.steps[..., 0])
        # The floods start next to what is open: further inside there is nothing to decide.
        around = binary_dilation(open_, np.ones((3, 3), bool))
        markers = np.where(open_, watershed(steepness, markers, mask=around), markers)
    return markers


def stretched(picture: NDArray[Pixel], height: int, width: int) -> NDArray[Pixel]:
    """A picture of labels or a mask at another size, each pixel that of the nearest one."""
    rows = (np.arange(height) * 2 + 1) * picture.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * picture.shape[1] // (2 * width)
    return picture[rows[:, None], columns]


def shrunk(pixels: NDArray[np.uint8], side: int, *, smooth: bool = False) -> NDArray[np.uint8]:
    """The picture with a long side of at most so many pixels; smooth: less its specks."""
    height, width = pixels.shape[:2]
    share = side / max(height, width)
    small = Image.fromarray(pixels)
    if share < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        small = small.resize(size, Image.Resampling.BOX)
    return np.asarray(small.filter(ImageFilter.MedianFilter(3)) if smooth else small)


def _pieces(colours: Colours) -> Labels:
    """Small pieces of one colour (Felzenszwalb and Huttenlocher 2004)."""
    from skimage.segmentation import felzenszwalb

    weighed = colours.values * np.array([PIECE_LIGHT, 1, 1], np.float32) / 100
    smallest = PIECE_PIXELS
    while True:
        pieces = felzenszwalb(weighed, PIECE_SCALE, PIECE_SMOOTHING, smallest, channel_axis=-1)
        if pieces.max() < MOST_PIECES:
            return pieces.astype(np.intp)
        smallest *= 2  # merging takes time by their number, and so many pieces are noise


def _merged(labels: Labels, colours: Colours) -> Labels:
    """Join neighbours, the likest first, until no two are alike enough."""
    count = int(labels.max()) + 1
    areas, values = (array.tolist() for array in means_of(labels, colours))
    neighbours = neighbours_of(labels, colours, count)
    small = SMALL_SHARE * labels.size
    parent = list(range(count))
    versions = [0] * count

    def entry(one: int, other: int) -> tuple[float, int, int, int, int]:
        cost = difference(values[one], values[other], neighbours[one][other])
        if min(areas[one], areas[other]) < small:
            cost *= 0.5
        return cost, one, other, versions[one], versions[other]

    queue = [entry(one, other) for one in range(count) for other in neighbours[one] if one < other]
    heapq.heapify(queue)
    while queue:
        cost, one, other, version, other_version = heapq.heappop(queue)
        if cost > MERGED_BELOW:
            break
        if versions[one] != version or versions[other] != other_version:
            continue
        if areas[one] < areas[other]:
            one, other = other, one
        total = areas[one] + areas[other]
        values[one] = [
            (areas[one] * a + areas[other] * b) / total
            for a, b in zip(values[one], values[other], strict=True)
        ]
        areas[one] = total
        parent[other] = one
        versions[one] += 1
        versions[other] = -1
        for third, border in neighbours[other].items():
            del neighbours[third][other]
            if third == one:
                continue
            joint = neighbours[one].get(third)
            if joint is None:
                neighbours[one][third] = neighbours[third][one] = border
            else:
                joint.length += border.length
                joint.light += border.light
                joint.chroma += border.chroma
        neighbours[other] = {}
        for third in neighbours[one]:
            heapq.heappush(queue, entry(*sorted((one, third))))
    roots = np.arange(count)
    for region in range(count):
        root = region
        while parent[root] != root:
            root = parent[root]
        roots[region] = root
    return np.unique(roots[labels], return_inverse=True)[1].reshape(labels.shape)
