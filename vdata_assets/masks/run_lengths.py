"""Many masks as one array of run lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_PIXELS = 2**31 - 1
"""Pixels that the runs of one mask may cover: what COCO's 7 characters a number are sure to hold."""


@dataclass(frozen=True, slots=True, eq=False)
class RunLengths:
    """Run lengths of many masks, one mask after the other.

    The first run of a mask is of zeros (of length 0 if its first pixel is set), then ones and zeros take
    turns. A mask that could not be read has no runs.

    Attributes:
        lengths: int64, the runs of all masks, in pixels.
        offsets: int64 of shape (n + 1,): mask i is ``lengths[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: the offsets do not cut the lengths into masks.
    """

    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, array in (("lengths", self.lengths), ("offsets", self.offsets)):
            if array.dtype != np.int64 or array.ndim != 1:
                raise ValueError(f"{name}: {array.dtype} of {array.ndim} dimensions, not int64 of one")
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != len(self.lengths):
            raise ValueError(f"offsets do not lead from 0 to the {len(self.lengths)} lengths")
        if (np.diff(self.offsets) < 0).any():
            raise ValueError("offsets decrease")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, indices: NDArray[np.int64]) -> "RunLengths":
        """The masks at these positions, in this order; one may be taken several times.

        Raises:
            IndexError: a position is outside.
        """
        starts, stops = self.offsets[:-1][indices], self.offsets[1:][indices]
        offsets = cut(stops - starts)
        lengths = np.empty(offsets[-1], np.int64)
        _copy(self.lengths, starts, stops, lengths)
        return RunLengths(lengths, offsets)

    @staticmethod
    def concat(parts: Sequence["RunLengths"]) -> "RunLengths":
        """The masks of all parts, one part after the other."""
        none = np.empty(0, np.int64)
        sizes = np.concatenate([none, *(np.diff(part.offsets) for part in parts)])
        return RunLengths(np.concatenate([none, *(part.lengths for part in parts)]), cut(sizes))


def per_mask(masks: int, **values: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Copies of the values as int64 arrays.

    Raises:
        ValueError: there is not one value for each of so many masks.
    """
    for name, array in values.items():
        if np.shape(array) != (masks,):
            raise ValueError(f"{name} of shape {np.shape(array)} for {masks} masks")
    return [np.array(array, np.int64) for array in values.values()]


def cut(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Offsets of pieces of these sizes."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


@njit(cache=True, nogil=True)
def _copy(source, starts, stops, target):  # type: ignore[no-untyped-def]
    """Pieces of the source, one after the other, into the target."""
    at = 0
    for i in range(len(starts)):
        for j in range(starts[i], stops[i]):
            target[at] = source[j]
            at += 1
