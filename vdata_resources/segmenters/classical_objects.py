"""Which surfaces of a picture are objects, and how sure that is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_resources.segmenters.classical_colours import (
    COLOUR_BINS,
    COLOUR_SHAPE,
    Border,
    Colours,
    Labels,
    colour_bins,
    difference,
    means_of,
    neighbours_of,
)

# What takes so large a share of the picture's edge, or of the picture, is what the objects are in front of.
BACKGROUND_EDGE, BACKGROUND_AREA = 0.12, 0.45
# A colour this share as frequent in the background as the commonest there is half the background's.
COMMON_COLOUR = 0.05
BLUR = (1.5, 0.7, 0.7)
# A part is enclosed by so much of its outline, and at most so large beside the whole.
ENCLOSED, ENCLOSED_AREA, TINY_AREA = 0.85, 0.35, 0.03
# What is seen through a hole belongs to a neighbour that differs so little.
SAME_THING = 12.0
SHARP = Border(1, math.inf, math.inf)
# Values of the measures at which their marks are 1/2.
HALF_CONTRAST, HALF_SPREAD = 10.0, 20.0
# Roundness of a region whose mark for compactness is full; a square has 0.79.
COMPACT = 0.4
SMALL_SHARE = 0.002


@dataclass(frozen=True)
class Objects:
    """What stands out.

    Attributes:
        labels: (height, width), 0 to n - 1.
        background: (n,) whether a region is what the objects are in front of.
        scores: (n,) how likely a region is one object, 0 to 1; 0 for background.
    """

    labels: Labels
    background: NDArray[np.bool_]
    scores: NDArray[np.float64]


def objects(labels: Labels, colours: Colours) -> Objects:
    """Find the objects among a picture's surfaces.

    Parts that an object encloses join it, unless the background is seen through; what is seen through the
    hole of another thing joins the rest of it. A score is the product of marks for contrast along the
    outline, evenness of colour, rarity of the colour in the background, compactness, size, and how little
    of the outline is the picture's edge.

    Args:
        labels: (height, width), 0 to n - 1.
        colours: the picture at this size.
    """
    labels = _compact(_with_enclosed_parts(labels, _background(labels), colours))
    labels = _compact(_with_parts_seen_through(labels, _background(labels), colours))
    background = _background(labels)
    return Objects(labels, background, _scores(labels, background, colours))


def _edge_pixels(labels: Labels) -> NDArray[np.intp]:
    """Labels along the picture's edge."""
    return np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])


def _background(labels: Labels) -> NDArray[np.bool_]:
    count = int(labels.max()) + 1
    edge = _edge_pixels(labels)
    at_edge = np.bincount(edge, minlength=count)
    large = np.bincount(labels.ravel()) >= BACKGROUND_AREA * labels.size
    return (at_edge >= BACKGROUND_EDGE * edge.size) | (large & (at_edge > 0))


def _rarity(labels: Labels, background: NDArray[np.bool_], colours: Colours) -> NDArray[np.float64]:
    """Of each region, how little its colours occur in the background, 0 to 1."""
    from scipy.ndimage import gaussian_filter

    count = len(background)
    bins = colour_bins(colours)
    seen = np.bincount(bins[background[labels]], minlength=COLOUR_BINS).reshape(COLOUR_SHAPE)
    behind = gaussian_filter(seen.astype(float), BLUR, mode="constant").ravel()
    common = behind / max(1.0, behind.max()) / COMMON_COLOUR
    keys, counts = np.unique(labels * COLOUR_BINS + bins, return_counts=True)
    region, colour = np.divmod(keys, COLOUR_BINS)
    areas = np.bincount(labels.ravel(), minlength=count)
    shares = counts / areas[region]
    rare = np.bincount(region, shares * shares / (shares + common[colour]), count)
    return np.asarray(rare, np.float64)


def _with_enclosed_parts(labels: Labels, background: NDArray[np.bool_], colours: Colours) -> Labels:
    """Labels with enclosed parts, the smallest first, given to what encloses them."""
    count = len(background)
    rarity = _rarity(labels, background, colours)
    areas = np.bincount(labels.ravel(), minlength=count).astype(float)
    neighbours = neighbours_of(labels, colours, count)
    target = np.arange(count)
    for region in np.argsort(areas, kind="stable").tolist():
        lengths: dict[int, float] = {}
        for other, border in neighbours[region].items():
            lengths[int(target[other])] = lengths.get(int(target[other]), 0) + border.length
        lengths.pop(region, None)
        if background[region] or not lengths:
            continue
        around, length = max(lengths.items(), key=lambda item: (item[1], -item[0]))
        share = areas[region] / areas[around]
        if background[around] or length < ENCLOSED * sum(lengths.values()) or share > ENCLOSED_AREA:
            continue
        if rarity[region] > 0.5 or share < TINY_AREA:
            target[target == region] = around
            areas[around] += areas[region]
    return target[labels]


def _with_parts_seen_through(labels: Labels, background: NDArray[np.bool_], colours: Colours) -> Labels:
    """Labels where what is seen through a hole of one thing joins what it is a part of, behind that thing."""
    from scipy.ndimage import binary_fill_holes, find_objects

    count = len(background)
    means = means_of(labels, colours)[1].tolist()
    areas = np.bincount(labels.ravel(), minlength=count)
    neighbours = neighbours_of(labels, colours, count)
    target = np.arange(count)
    for front, window in enumerate(find_objects(labels + 1)):
        if background[front] or len(neighbours[front]) < 2:
            continue
        seen = labels[window]
        own = seen == front
        inside = np.bincount(seen[binary_fill_holes(own) & ~own], minlength=count)
        behind = [other for other in neighbours[front] if not inside[other] and not background[other]]
        for part in np.flatnonzero((inside == areas) & ~background).tolist():
            alike = [
                (difference(means[part], means[whole], SHARP), whole)
                for whole in behind
                if areas[whole] > areas[part]
            ]
            if alike and min(alike)[0] < SAME_THING:
                target[part] = min(alike)[1]
    return target[labels]


def _compact(labels: Labels) -> Labels:
    """The same regions numbered without gaps."""
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _scores(labels: Labels, background: NDArray[np.bool_], colours: Colours) -> NDArray[np.float64]:
    count = len(background)
    areas, means = means_of(labels, colours)
    values = means.tolist()
    neighbours = neighbours_of(labels, colours, count)
    at_edge = np.bincount(_edge_pixels(labels), minlength=count)
    outline = np.array([sum(border.length for border in around.values()) for around in neighbours])
    contrast = np.array(
        [
            sum(
                border.length * difference(values[region], values[other], border)
                for other, border in around.items()
            )
            for region, around in enumerate(neighbours)
        ]
    ) / np.maximum(outline, 1)
    spread2 = (
        sum(
            np.bincount(
                labels.ravel(), (colours.values[..., channel].ravel() - means[labels.ravel(), channel]) ** 2
            )
            for channel in (1, 2)
        )
        / areas
    )
    marks = np.stack(
        [
            contrast / (contrast + HALF_CONTRAST),
            1 / (1 + spread2 / HALF_SPREAD**2),
            _rarity(labels, background, colours),
            np.minimum(1, 4 * np.pi * areas / np.maximum(outline + at_edge, 1) ** 2 / COMPACT) ** 0.5,
            np.minimum(1, areas / labels.size / SMALL_SHARE) ** 0.5,
            1 - at_edge / np.maximum(outline + at_edge, 1),
        ]
    )
    return np.where(background, 0, marks.prod(axis=0))
