"""How much neighbouring regions of a picture differ, shading set aside.

Lab's a and b divided by L + 16 do not change when a surface is lit more or less (in CIELAB all three scale
with the cube root of the light), so that a ball's dark side, a box's faces and a shadow on the floor are
like what they belong to; lightness counts only where there is no hue to go by.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Labels = NDArray[np.intp]

# Chroma as a surface of lightness 44 would have it; darker than 8 it is noise.
REFERENCE, DARKEST = 60.0, 8.0
# Chroma beyond this is compressed: among strong colours, hue counts and not how strong they are.
COMPRESSED = 20.0
# A blurred step of height 1 rises this steeply.
STEP_STEEPNESS = 0.4
# Chroma from which hue alone tells surfaces apart, and below which lightness has to.
HUED, GREY = 18.0, 5.0
HUED_LIGHT, GREY_LIGHT = 0.12, 0.6
# Gloss and ambient light change how colourful a surface is, but hardly its hue.
PALER = 0.35
LIGHT_BINS, CHROMA_BINS, CHROMA_LIMIT = 16, 24, 60.0
COLOUR_SHAPE = LIGHT_BINS, CHROMA_BINS, CHROMA_BINS
COLOUR_BINS = LIGHT_BINS * CHROMA_BINS**2


@dataclass(frozen=True, eq=False)
class Colours:
    """A picture as lightness and chroma.

    Attributes:
        values: (height, width, 3) lightness 0 to 100, and two axes of chroma that light does not change.
        steps: (height, width, 2) how steep lightness and chroma are, as the height of a step.
    """

    values: Array
    steps: Array


@dataclass
class Border:
    """What lies between two regions: neighbouring pixel pairs, and the sums of their steps."""

    length: float
    light: float
    chroma: float


def colours_of(pixels: NDArray[np.uint8]) -> Colours:
    """A picture, (height, width, 3) RGB, as lightness, chroma and their steps."""
    from scipy.ndimage import gaussian_gradient_magnitude
    from skimage.color import rgb2lab

    lab: Array = rgb2lab(pixels).astype(np.float32)
    lightness = lab[..., :1]
    chroma: Array = lab[..., 1:] * (REFERENCE / (np.maximum(lightness, DARKEST) + 16))
    strength = np.maximum(np.hypot(chroma[..., :1], chroma[..., 1:]), COMPRESSED)
    chroma *= COMPRESSED * (1 + np.log(strength / COMPRESSED)) / strength
    values = np.concatenate([lightness, chroma], axis=-1)
    light, a, b = (gaussian_gradient_magnitude(values[..., channel], 1.0) for channel in range(3))
    steps: Array = np.stack([light, np.hypot(a, b)], axis=-1) / np.float32(STEP_STEEPNESS)
    return Colours(values, steps)


def colour_bins(colours: Colours) -> Labels:
    """(height, width) number of every pixel's colour, below :data:`COLOUR_BINS`."""
    light, a, b = np.moveaxis(colours.values, -1, 0)
    light = np.clip(light * (LIGHT_BINS / 100), 0, LIGHT_BINS - 1).astype(np.intp)
    a, b = (
        np.clip((chroma / CHROMA_LIMIT + 1) * (CHROMA_BINS / 2), 0, CHROMA_BINS - 1).astype(np.intp)
        for chroma in (a, b)
    )
    return (light * CHROMA_BINS + a) * CHROMA_BINS + b


def neighbours_of(labels: Labels, colours: Colours, count: int) -> list[dict[int, Border]]:
    """Of every region its neighbours, and the border with each, which both share."""
    pairs, steps = [], []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        one, other = labels[first], labels[second]
        apart = one != other
        low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
        pairs.append(low * count + high)
        steps.append(np.maximum(colours.steps[first], colours.steps[second])[apart])
    keys, where = np.unique(np.concatenate(pairs), return_inverse=True)
    both = np.concatenate(steps)
    lengths = np.bincount(where, minlength=len(keys))
    lights, chromas = (np.bincount(where, both[:, channel], len(keys)) for channel in range(2))
    found: list[dict[int, Border]] = [{} for _ in range(count)]
    for key, length, light, chroma in zip(
        keys.tolist(), lengths.tolist(), lights.tolist(), chromas.tolist(), strict=True
    ):
        one, other = divmod(key, count)
        found[one][other] = found[other][one] = Border(length, light, chroma)
    return found


def means_of(labels: Labels, colours: Colours) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels of each region, (n,), and its mean values, (n, 3)."""
    areas = np.bincount(labels.ravel()).astype(float)
    sums = [np.bincount(labels.ravel(), colours.values[..., channel].ravel()) for channel in range(3)]
    return areas, np.stack(sums, axis=-1) / areas[:, None]


def difference(one: list[float], other: list[float], border: Border) -> float:
    """How much two neighbours of these mean values differ, at their border or as wholes if that is less."""
    hues = [math.hypot(region[1], region[2]) for region in (one, other)]
    hued = min(1.0, max(0.0, (min(hues) - GREY) / (HUED - GREY)))
    paler = abs(hues[0] - hues[1])
    apart = math.hypot(one[1] - other[1], one[2] - other[2])
    turned = math.sqrt(max(0.0, apart * apart - paler * paler))
    chroma = math.hypot(turned, paler * (1 + hued * (PALER - 1)))
    light = min(abs(one[0] - other[0]), border.light / border.length)
    weight = GREY_LIGHT + hued * (HUED_LIGHT - GREY_LIGHT)
    return min(chroma, border.chroma / border.length) + weight * light
