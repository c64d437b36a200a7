"""Seeded draws for many pairs of images at once."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vdata_assets.seeding import seeded_ints


def draw_keys(seed: int, purpose: str, ids: Iterable[str]) -> NDArray[np.uint64]:
    """One seeded 64-bit integer an id, for :func:`pair_draws` or as a draw of its own."""
    return seeded_ints(seed, purpose, ids)


def pair_draws(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A uniform float in [0, 1) for every pair of keys, with numpy's broadcasting.

    The draw of a pair depends on its two keys alone. So taking the image with the highest draw is a uniform
    choice that a further image changes only if it is chosen itself (rendezvous hashing, Thaler and
    Ravishankar 1998). The keys are mixed by the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    """
    mixed = left ^ right
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)
