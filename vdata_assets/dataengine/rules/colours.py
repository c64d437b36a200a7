"""Colours by name, and by how sure the name is.

A colour's memberships in the eleven basic terms are those of the surveyed colours around it
(:mod:`~vdata_assets.dataengine.rules.survey`), weighted by a Gaussian of their distance in CIELAB (D65):
colour terms are fuzzy sets (R. Benavente, M. Vanrell, R. Baldrich, Parametric fuzzy sets for automatic color
naming, JOSA A 25, 2008). A name is sure where nearly all of them agree, and possible where some use it.
Between the two nothing is claimed.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.rules.survey import NAMED

NAMES = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")

# Shares of the surveyed colours around. A name is used to tell one thing from others: it is enough that most
# would use it, if nothing else in the picture is ever called that.
SURE = 0.65
LIKELY = 0.5
POSSIBLE = 0.15
FAINT = 0.08
# Standard deviation, in CIELAB units. Leaving each of the 736 colours out in turn, only three get a sure name
# that their own does not hold: "very dark brown" (black), and two that are salmon, so orange or pink (red).
SPREAD = 6.0
# A colour further from all that were named has no sure name.
FAR = 20.0

# What monitors show as neutral is hardly in the survey: CIELAB lightness and terms of greys.
NEUTRALS = (
    (0, "black"),
    (4, "black"),
    (9, "black"),
    (14, "black"),
    (20, "black/grey"),
    (26, "black/grey"),
    (33, "grey"),
    (40, "grey"),
    (48, "grey"),
    (56, "grey"),
    (64, "grey"),
    (72, "grey"),
    (79, "grey"),
    (86, "white/grey"),
    (91, "white/grey"),
    (96, "white"),
    (100, "white"),
)

# So many tinted colours of the survey does one grey stand for.
NEUTRAL_WEIGHT = 4

# Light, and its red, green and blue, as multiples of what a picture has.
LIGHTS = (0.6, 1.0, 1.6, 2.5)
CASTS = ((1.0, 1.0, 1.0), (1.15, 1.0, 0.85), (0.85, 1.0, 1.15))

BITS = 5
COARSE_BITS = 4
CHUNK = 4096

Lab = NDArray[np.float32]


def lab_of(rgb: NDArray[np.uint8]) -> Lab:
    """CIELAB (D65) of sRGB colours, shape (..., 3)."""
    from skimage.color import rgb2lab

    lab: Lab = rgb2lab(rgb.astype(np.float32) / np.float32(255)).astype(np.float32)
    return lab


@lru_cache(maxsize=1)
def _survey() -> tuple[Lab, NDArray[np.float32]]:
    """The named colours and their weights for the terms, (n, 3) and (n, 11); several terms share alike."""
    rows = [(terms, code) for terms, codes in NAMED.items() for code in codes.split()]
    rgb = np.array([list(bytes.fromhex(code)) for _, code in rows], np.uint8)
    neutral = np.array([[lightness, 0, 0] for lightness, _ in NEUTRALS], np.float32)
    terms = [terms for terms, _ in rows] + [terms for _, terms in NEUTRALS]
    shares = np.zeros((len(terms), len(NAMES)), np.float32)
    for row, names in enumerate(terms):
        for name in names.split("/"):
            shares[row, NAMES.index(name)] = 1 / (names.count("/") + 1)
    shares[len(rows) :] *= NEUTRAL_WEIGHT
    return np.concatenate([lab_of(rgb), neutral]), shares


def memberships(lab: Lab) -> NDArray[np.float32]:
    """How far colours belong to each of :data:`NAMES`: (n, 3) CIELAB to (n, 11), rows sum to 1."""
    prototypes, shares = _survey()
    out = np.empty((len(lab), len(NAMES)), np.float32)
    for start in range(0, len(lab), CHUNK):
        some = lab[start : start + CHUNK]
        # Squared distances but for the colours' own squares, which the quotient cancels.
        squares = (prototypes**2).sum(axis=1) - 2 * (some @ prototypes.T)
        # Relative to the nearest, so that colours far from all still have neighbours.
        nearness = np.exp((squares.min(axis=1, keepdims=True) - squares) / np.float32(2 * SPREAD**2))
        belonging = nearness @ shares
        out[start : start + CHUNK] = belonging / belonging.sum(axis=1, keepdims=True)
    return out


def sure_name(lab: Lab) -> str | None:
    """The basic term that one colour, shape (3,), surely has; None if there is none."""
    row = memberships(lab[None])[0]
    distance = np.sqrt(((lab - _survey()[0]) ** 2).sum(axis=-1).min())
    best = int(row.argmax())
    return NAMES[best] if row[best] >= SURE and distance <= FAR else None


def possible_names(lab: Lab) -> frozenset[str]:
    """Terms that people may use for one colour, shape (3,)."""
    row = memberships(lab[None])[0]
    return frozenset(name for name, share in zip(NAMES, row, strict=True) if share >= POSSIBLE)


@lru_cache(maxsize=1)
def _all_memberships() -> NDArray[np.float32]:
    """Of every colour at 5 bits a channel: a row a name."""
    levels = np.arange(1 << BITS, dtype=np.uint8) * (1 << (8 - BITS)) + (1 << (7 - BITS))
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.ascontiguousarray(memberships(lab_of(rgb)).T)


@lru_cache(maxsize=2)
def _under_lights(casts: bool) -> NDArray[np.float32]:
    """The largest memberships of every colour at 4 bits a channel in other light: a row a name.

    Who sees a picture makes up for its light: a yellow line in the dusk has brown pixels, and is yellow.

    Args:
        casts: in warmer and colder light too, not only in more and less.
    """
    step = 1 << (8 - COARSE_BITS)
    levels = np.arange(1 << COARSE_BITS, dtype=np.float64) * step + step / 2
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    largest = np.zeros((len(NAMES), len(rgb)), np.float32)
    for cast in CASTS if casts else CASTS[:1]:
        for light in LIGHTS:
            lit = linear * light * np.array(cast)
            lit /= np.maximum(lit.max(axis=1, keepdims=True), 1)
            shown = np.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit ** (1 / 2.4) - 0.055)
            seen = memberships(lab_of(np.rint(255 * shown).astype(np.uint8)))
            largest = np.maximum(largest, seen.T)
    return largest


@dataclass(frozen=True, eq=False)
class ColourMap:
    """What every pixel of a picture may be called.

    Attributes:
        index: int32 of shape (height, width): the pixels at 5 bits a channel.
    """

    index: NDArray[np.int32]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "ColourMap":
        """Of an RGB picture, shape (height, width, 3)."""
        coarse = (pixels >> (8 - BITS)).astype(np.int32)
        return cls((coarse[..., 0] << (2 * BITS)) | (coarse[..., 1] << BITS) | coarse[..., 2])

    def called(self, name: str, share: float) -> NDArray[np.bool_]:
        """Where at least such a share of people use a name, bool of shape (height, width)."""
        return _all_memberships()[NAMES.index(name)][self.index] >= share

    def perhaps(self, name: str, share: float, *, casts: bool) -> NDArray[np.bool_]:
        """Where at least such a share of people may use a name, whatever the light."""
        fine, coarse = self.index, BITS - COARSE_BITS
        index = np.zeros_like(fine)
        for channel in (2, 1, 0):
            level = (fine >> (channel * BITS + coarse)) & ((1 << COARSE_BITS) - 1)
            index |= level << (channel * COARSE_BITS)
        return _under_lights(casts)[NAMES.index(name)][index] >= share


def colour_difference(one: Lab, other: Lab) -> float:
    """CIEDE2000 of two colours, each of shape (3,): 1 is just visible."""
    from skimage.color import deltaE_ciede2000

    return float(deltaE_ciede2000(one.astype(np.float64), other.astype(np.float64)))
