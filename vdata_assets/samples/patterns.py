"""Colours and printed patterns: what is painted on a surface, as a function of where on it.

A pattern maps surface coordinates, in repeats, to the share of the accent colour in [0, 1]. Every pattern
has period 1 in u, so a whole number of repeats closes around a vessel without a seam.
"""

from collections.abc import Callable

import numpy as np

from vdata_assets.samples.shapes import Array

COLOURS = {
    "cream": "#efe2c4",
    "white": "#f2f0ec",
    "teal": "#1f8a8a",
    "navy": "#27406f",
    "sky": "#74b2dc",
    "terracotta": "#c65f3a",
    "mustard": "#dda32c",
    "sage": "#8bab86",
    "coral": "#ee7765",
    "plum": "#7b3c6c",
    "rose": "#e29ea4",
    "red": "#c4302d",
    "charcoal": "#3b4047",
    "walnut": "#7a5034",
    "straw": "#cda262",
    "brass": "#b98b3e",
    "flame": "#ffc061",
    "yellow": "#e3c31c",
    "green": "#2f9a44",
    "blue": "#2c62c4",
    "purple": "#83309f",
}

# Two accents that look well with each colour; a concept takes one of them.
ACCENTS = {
    "cream": ("terracotta", "navy"),
    "white": ("sky", "red"),
    "teal": ("cream", "mustard"),
    "navy": ("white", "mustard"),
    "sky": ("white", "navy"),
    "terracotta": ("cream", "charcoal"),
    "mustard": ("white", "plum"),
    "sage": ("cream", "plum"),
    "coral": ("cream", "teal"),
    "plum": ("rose", "mustard"),
    "rose": ("white", "plum"),
    "red": ("white", "navy"),
    "charcoal": ("coral", "cream"),
}

Pattern = Callable[[Array, Array], Array]


def linear(hex_colour: str) -> Array:
    """An sRGB colour ``#rrggbb`` as three linear intensities in [0, 1] (IEC 61966-2-1)."""
    code = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb(intensity: Array) -> Array:
    """Linear intensities as sRGB values in [0, 1]: the inverse of :func:`linear`."""
    clipped = np.clip(intensity, 0, 1)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)


def mix(share: Array, low: Array, high: Array) -> Array:
    """Colours, shape (3, n), between ``low`` (share 0) and ``high`` (share 1), which are (3,) or (3, n)."""
    low, high = low.reshape(3, -1), high.reshape(3, -1)
    return low + share * (high - low)


def step(edge: float, value: Array, softness: float | Array = 0.03) -> Array:
    """0 below the edge, 1 above it, with a smooth ramp of ``2 * softness`` in between."""
    ramp = np.clip((value - (edge - softness)) / (2 * softness), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def band(value: Array, width: float) -> Array:
    """1 on a band of ``width`` around every integer, else 0."""
    return 1 - step(width / 2, np.abs(value - np.round(value)))


def plain(u: Array, v: Array) -> Array:
    """No accent."""
    return np.zeros_like(u)


def stripes(u: Array, v: Array) -> Array:
    """Bands along u, a broad and a thin one each repeat."""
    return np.maximum(band(v, 0.42), band(v + 0.5, 0.1))


def dots(u: Array, v: Array) -> Array:
    """Round dots in staggered rows."""
    shift = 0.5 * (np.round(2 * v) % 2)
    du, dv = u + shift, v * 2
    return 1 - step(0.29, np.hypot(du - np.round(du), (dv - np.round(dv)) * 0.6))


def checks(u: Array, v: Array) -> Array:
    """Gingham: crossing half-tone bands, full where they cross."""
    return (band(u, 0.5) + band(v, 0.5)) / 2


def zigzag(u: Array, v: Array) -> Array:
    """Chevrons."""
    return band(v + 0.5 * np.abs(u - np.round(u)) * 2, 0.4)


def floral(u: Array, v: Array) -> Array:
    """Five-petalled flowers in staggered rows."""
    row = np.round(1.4 * v)
    du, dv = u + 0.5 * (row % 2), v - row / 1.4
    du = du - np.round(du)
    radius = np.hypot(du, dv)
    petals = 0.25 + 0.12 * np.cos(5 * np.arctan2(du, dv))
    return (1 - step(0.0, radius - petals)) * step(0.09, radius)


def wicker(u: Array, v: Array) -> Array:
    """Basket weave: osiers over and under the uprights, dark between them."""
    row = np.round(v)
    over = np.cos(np.pi * (2 * u + row))
    return np.clip(0.45 - 0.35 * over + 1.6 * (np.abs(v - row) - 0.25), 0, 1)


PATTERNS: dict[str, Pattern] = {
    "plain": plain,
    "stripes": stripes,
    "dots": dots,
    "checks": checks,
    "zigzag": zigzag,
    "floral": floral,
    "wicker": wicker,
}
# What a concept may be printed with; the others belong to a material.
PRINTS = ("plain", "stripes", "dots", "checks", "zigzag", "floral")
