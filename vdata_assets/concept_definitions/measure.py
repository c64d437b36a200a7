"""What can be measured of the object in the middle of a photo: its colours, its pattern, its outline.

Figure and ground are told apart by where colours are: a colour that is more frequent in the middle than
along the border is the object's. Where that gives no clear figure, nothing is measured.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEFINITION = 1
"""Raise it with any change that moves a measure."""

SIDE = 128
MIN_SIDE = 16
LIGHTNESS_BINS, CHROMA_BINS, CHROMA_LIMIT = 6, 12, 72.0
CENTRE_SIGMA = 0.4
BORDER_SHARE = 0.08
BLUR_PIXELS = 2.0
FIGURE_FROM = 0.62
MIN_FIGURE, MAX_FIGURE = 0.04, 0.75
MAX_ON_BORDER = 0.15
EDGE = 9.0  # CIELAB units a pixel
SURFACE_INSET = 4  # pixels: the outline itself is no pattern

COLOURS = (
    "black",
    "grey",
    "white",
    "red",
    "orange",
    "brown",
    "beige",
    "yellow",
    "green",
    "turquoise",
    "blue",
    "purple",
    "pink",
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Measures:
    """What a figure looks like.

    Attributes:
        colours: share of the figure's pixels by colour, a name of :data:`COLOURS`; the shares add up to 1.
        edges: share of the figure's inner pixels where the colour changes abruptly.
        tallness: height of the outline's box over its width.
    """

    colours: dict[str, float]
    edges: float
    tallness: float


def measure(pixels: NDArray[np.uint8]) -> Measures | None:
    """Measure the object in the middle of a photo.

    Args:
        pixels: (height, width, 3) RGB.

    Returns:
        None where nothing stands out from the border.
    """
    from skimage.color import rgb2lab

    image = Image.fromarray(pixels)
    scale = SIDE / max(image.size)
    width, height = (max(MIN_SIDE, round(side * scale)) for side in image.size)
    lab = rgb2lab(np.asarray(image.resize((width, height), Image.Resampling.BOX)))
    figure = _figure(lab)
    if figure is None:
        return None
    rows, columns = (np.flatnonzero(figure.any(axis=axis)) for axis in (1, 0))
    return Measures(
        colours=_shares(lab[figure]),
        edges=_edges(lab, figure),
        tallness=float((rows[-1] - rows[0] + 1) / (columns[-1] - columns[0] + 1)),
    )


def named(lab: Array) -> NDArray[np.intp]:
    """Index in :data:`COLOURS` of each colour, by its CIELAB lightness, chroma and hue.

    The bounds lie between the focal colours of the basic terms (Sturges and Whitfield 1995); beige and
    turquoise are added.

    Args:
        lab: (n, 3) CIELAB, D65.
    """
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    dark = (lightness < 20) & (chroma < 18)
    warm = (hue >= 20) & (hue < 112)
    rules = [
        (dark | ((chroma < 9) & (lightness < 30)), "black"),
        ((chroma < 9) & (lightness >= 80), "white"),
        (chroma < 9, "grey"),
        ((hue < 48) & (lightness >= 62) & (chroma < 55), "pink"),
        (warm & (hue >= 45) & (lightness >= 62) & (chroma < 38), "beige"),
        (warm & (hue >= 82) & (lightness >= 55), "yellow"),
        (warm & (hue >= 48) & (lightness >= 58), "orange"),
        (warm & (hue < 95) & ((chroma < 38) | (hue >= 50)), "brown"),
        ((hue >= 12) & warm & (hue < 50), "red"),
        ((hue >= 0) & (hue < 20) & (chroma >= 38), "red"),
        (hue < 20, "purple"),
        ((hue < 172), "green"),
        ((hue < 222), "turquoise"),
        ((hue < 306), "blue"),
        ((hue >= 335) & (lightness >= 62), "pink"),
    ]
    indices = [COLOURS.index(name) for _, name in rules]
    return np.select([rule for rule, _ in rules], indices, COLOURS.index("purple")).astype(np.intp)


def _figure(lab: Array) -> NDArray[np.bool_] | None:
    """The object's pixels: the piece of figure colours that weighs most around the middle, holes filled."""
    from scipy import ndimage

    likely = _likelihood(lab) >= FIGURE_FROM
    pieces, count = ndimage.label(ndimage.binary_opening(likely, iterations=1))
    if not count:
        return None
    weights = ndimage.sum_labels(_centre(likely.shape), pieces, np.arange(1, count + 1))
    figure = ndimage.binary_fill_holes(pieces == int(weights.argmax()) + 1)
    on_border = figure[_border(figure.shape)].mean()
    if not MIN_FIGURE <= figure.mean() <= MAX_FIGURE or on_border > MAX_ON_BORDER:
        return None
    return np.asarray(figure)


def _likelihood(lab: Array) -> Array:
    """How much each pixel's colour belongs to the middle rather than to the border, 0 to 1."""
    from scipy.ndimage import gaussian_filter

    lightness = np.clip(lab[..., 0] / 100 * LIGHTNESS_BINS, 0, LIGHTNESS_BINS - 1).astype(np.intp)
    a, b = (
        np.clip((lab[..., axis] / CHROMA_LIMIT + 1) / 2 * CHROMA_BINS, 0, CHROMA_BINS - 1).astype(np.intp)
        for axis in (1, 2)
    )
    bins = (lightness * CHROMA_BINS + a) * CHROMA_BINS + b
    count = LIGHTNESS_BINS * CHROMA_BINS**2
    centre, border = _centre(bins.shape), _border(bins.shape)
    inside = np.bincount(bins.ravel(), centre.ravel(), count) / centre.sum()
    outside = np.bincount(bins[border], minlength=count) / border.sum()
    share = inside / np.maximum(inside + outside, np.finfo(float).tiny)
    return np.asarray(gaussian_filter(share[bins], BLUR_PIXELS))


def _centre(shape: tuple[int, ...]) -> Array:
    """A Gaussian around the middle; sigma in half sides."""
    along = [
        np.exp(-(((np.arange(side) + 0.5) / side * 2 - 1) ** 2) / (2 * CENTRE_SIGMA**2)) for side in shape
    ]
    return np.outer(*along)


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    border = np.ones(shape, np.bool_)
    height, width = (max(1, int(side * BORDER_SHARE)) for side in shape)
    border[height:-height, width:-width] = False
    return border


def _shares(lab: Array) -> dict[str, float]:
    counts = np.bincount(named(lab), minlength=len(COLOURS))
    return {name: float(count / len(lab)) for name, count in zip(COLOURS, counts, strict=True)}


def _edges(lab: Array, figure: NDArray[np.bool_]) -> float:
    from scipy import ndimage

    surface = ndimage.binary_erosion(figure, iterations=SURFACE_INSET)
    if not surface.any():
        return 0.0
    steps = [ndimage.gaussian_gradient_magnitude(lab[..., axis], 1.0) for axis in range(3)]
    return float((np.sqrt(sum(step**2 for step in steps))[surface] > EDGE).mean())
