"""The embedded image encoder: colour, gradients and texture, without weights, key or GPU."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vdata_resources.encoders.decoding import decoded_batches
from vdata_resources.encoders.protocol import EncodedBatch, Inspected, Log, l2_normalised
from vdata_resources.library_versions import library_versions

Array = npt.NDArray[Any]

SIDE = 128
BATCH_SIZE = 32
DEFINITION = 1  # raise it with any change that moves a vector

LIGHTNESS_BINS, CHROMA_BINS, CHROMA_LIMIT = 4, 8, 60.0
COLOUR_BINS = LIGHTNESS_BINS * CHROMA_BINS**2
ORIENTATIONS, CELL_SIDE, BLOCK_CELLS = 8, 32, 2
GRADIENT_BINS = (SIDE // CELL_SIDE - BLOCK_CELLS + 1) ** 2 * BLOCK_CELLS**2 * ORIENTATIONS
LBP_POINTS, LBP_RADIUS, TEXTURE_BINS = 8, 2, 59
COLOUR_WEIGHT, GRADIENT_WEIGHT, TEXTURE_WEIGHT = 1.0, 2.0, 0.5

CENTRE_SIGMA = 0.4
BORDER_SHARE = 0.12
BLUR_PIXELS = 3.0
FOREGROUND_POWER = 3


class DescriptorEncoder:
    """A photo's main object as one vector of length 603 of three blocks, each of length 1 before weighting.

    - Colour (256 values): a CIELAB histogram, 4 x 8 x 8 bins. A pixel counts by how near the centre it is
      and by how much more frequent its colour is near the centre than along the border, so that a
      background fades. Hellinger-scaled (square roots), so that cosine compares distributions.
    - Gradients (288): histograms of oriented gradients (Dalal and Triggs 2005), 32-pixel cells in blocks
      of 2 x 2.
    - Texture (59): local binary patterns (Ojala, Pietikainen and Maenpaa 2002), 8 points, radius 2,
      weighted as the colours are and Hellinger-scaled.

    The image is resized to 128 x 128 whatever its proportions. The vector tells objects of distinct colour
    and shape apart; it knows nothing of meaning. Leave-one-out top-1 accuracy on 74 photos of 14 objects
    over differing backgrounds is about 0.85 (chance 0.07), on 160 photos of 10 kinds of garment, whose
    colour says nothing, about 0.19 (chance 0.10).

    The vector of an image does not depend on other images, batches or workers.
    """

    dim = COLOUR_BINS + GRADIENT_BINS + TEXTURE_BINS

    @property
    def identity(self) -> str:
        """The definition's number and the versions of the libraries that compute it."""
        libraries = library_versions("numpy", "pillow", "scikit-image", "scipy")
        return f"DescriptorEncoder definition={DEFINITION} {libraries}"

    def encode_images(
        self,
        paths: Sequence[Path],
        inspect: Callable[[Image.Image], Inspected],
        workers: int | None = None,
        log: Log = lambda line: None,
    ) -> Iterator[EncodedBatch[Inspected]]:
        """See :class:`~vdata_resources.encoders.protocol.ImageEncoder`; the descriptor needs nothing."""
        batches = decoded_batches(
            paths, self.describe, inspect, min_side=SIDE, batch_size=BATCH_SIZE, workers=workers, log=log
        )
        for batch in batches:
            vectors = np.array(batch.prepared, dtype=np.float32).reshape(-1, self.dim)
            yield EncodedBatch(batch.indices, vectors, batch.inspected, batch.errors)

    def describe(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """The vector of one RGB image: (603,) float32 of length 1."""
        small = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        gray = np.asarray(small.convert("L"))
        colours = _colour_bins(np.asarray(small))
        weights = self._centre * _foreground(colours, self._centre) ** FOREGROUND_POWER
        blocks = (
            (COLOUR_WEIGHT, _hellinger(np.bincount(colours.ravel(), weights.ravel(), COLOUR_BINS))),
            (GRADIENT_WEIGHT, _gradients(gray)),
            (TEXTURE_WEIGHT, _hellinger(_texture(gray, weights))),
        )
        return l2_normalised(
            np.concatenate([np.sqrt(weight) * l2_normalised(block) for weight, block in blocks])
        )

    @cached_property
    def _centre(self) -> Array:
        """(128, 128) Gaussian around the centre; sigma in half sides."""
        offsets = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
        along = np.exp(-(offsets**2) / (2 * CENTRE_SIGMA**2))
        return np.outer(along, along)


def _colour_bins(rgb: Array) -> Array:
    """(128, 128) index of every pixel's CIELAB bin."""
    from skimage.color import rgb2lab

    lightness, a, b = np.moveaxis(rgb2lab(rgb), -1, 0)
    lightness_bin = np.clip(lightness / 100 * LIGHTNESS_BINS, 0, LIGHTNESS_BINS - 1).astype(np.intp)
    a_bin, b_bin = (
        np.clip((chroma / CHROMA_LIMIT + 1) / 2 * CHROMA_BINS, 0, CHROMA_BINS - 1).astype(np.intp)
        for chroma in (a, b)
    )
    return (lightness_bin * CHROMA_BINS + a_bin) * CHROMA_BINS + b_bin


def _foreground(colours: Array, centre: Array) -> Array:
    """(128, 128) in 0..1: how much a pixel's colour belongs to the centre rather than to the border."""
    from scipy.ndimage import gaussian_filter

    width = int(SIDE * BORDER_SHARE)
    border = np.ones_like(colours, dtype=bool)
    border[width:-width, width:-width] = False
    inside = np.bincount(colours.ravel(), centre.ravel(), COLOUR_BINS) / centre.sum()
    outside = np.bincount(colours[border], minlength=COLOUR_BINS) / border.sum()
    share = inside / np.maximum(inside + outside, np.finfo(float).tiny)
    return gaussian_filter(share[colours], BLUR_PIXELS)


def _gradients(gray: Array) -> Array:
    from skimage.feature import hog

    return hog(gray / 255, ORIENTATIONS, (CELL_SIDE, CELL_SIDE), (BLOCK_CELLS, BLOCK_CELLS))


def _texture(gray: Array, weights: Array) -> Array:
    from skimage.feature import local_binary_pattern

    patterns = local_binary_pattern(gray, LBP_POINTS, LBP_RADIUS, method="nri_uniform").astype(np.intp)
    return np.bincount(patterns.ravel(), weights.ravel(), TEXTURE_BINS)


def _hellinger(histogram: Array) -> Array:
    return np.sqrt(histogram)
