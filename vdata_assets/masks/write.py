"""Run lengths as text, in bulk, in the one shortest form that encoding the decoded mask gives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from vdata_assets.masks.read import MORE, SIGN
from vdata_assets.masks.run_lengths import MOST_PIXELS, RunLengths


def write_compressed(runs: RunLengths) -> pl.Series:
    """COCO compressed strings, equal to what ``pycocotools.mask.encode`` gives for the decoded masks.

    See :func:`~vdata_assets.masks.read.read_compressed` for the coding. Runs between which one of length 0
    stands are joined. A mask without runs is null.

    Raises:
        ValueError: a run is negative or longer than a mask may be.
    """
    return _written(runs, _encode_compressed, most_characters=7)


def write_text(runs: RunLengths) -> pl.Series:
    """Decimal run lengths with spaces between; as :func:`write_compressed` otherwise."""
    return _written(runs, _encode_text, most_characters=11)


def canonical(runs: RunLengths) -> RunLengths:
    """The same masks with no run of length 0 but a first one, as encoding a picture gives them.

    Raises:
        ValueError: a run is negative or longer than a mask may be.
    """
    bad = (runs.lengths < 0) | (runs.lengths > MOST_PIXELS)
    if bad.any():
        raise ValueError(f"lengths: {runs.lengths[bad.argmax()]} at {bad.argmax()} is no run length")
    return RunLengths(*_join(runs.lengths, runs.offsets))


def _written(runs: RunLengths, kernel: Callable[..., Any], most_characters: int) -> pl.Series:
    import pyarrow as pa

    runs = canonical(runs)
    # Pages that are never touched cost nothing.
    characters = np.empty(len(runs.lengths) * most_characters, np.uint8)
    offsets = np.zeros(len(runs) + 1, np.int64)
    kernel(runs.lengths, runs.offsets, characters, offsets)
    written = characters[: offsets[-1]].copy()
    present = np.packbits(np.diff(runs.offsets) > 0, bitorder="little")
    buffers = [pa.py_buffer(array) for array in (present, offsets, written)]
    return pl.Series("rle", pa.LargeStringArray.from_buffers(len(runs), buffers[1], buffers[2], buffers[0]))


@njit(cache=True, nogil=True)
def _join(lengths, offsets):  # type: ignore[no-untyped-def]
    """Lengths and offsets without runs of length 0 but first ones."""
    masks = len(offsets) - 1
    joined, new_offsets = np.empty(len(lengths), np.int64), np.zeros(masks + 1, np.int64)
    kept = 0
    for mask in range(masks):
        start, first = offsets[mask], kept
        for at in range(start, offsets[mask + 1]):
            if lengths[at] == 0 and at > start:
                continue
            if kept > first and (kept - first - 1) & 1 == (at - start) & 1:
                joined[kept - 1] += lengths[at]
            else:
                joined[kept] = lengths[at]
                kept += 1
        new_offsets[mask + 1] = kept
    return joined[:kept].copy(), new_offsets


@njit(cache=True, nogil=True)
def _encode_compressed(lengths, offsets, characters, ends):  # type: ignore[no-untyped-def]
    """Write every mask's string, one after the other, and where each ends."""
    end = 0
    for mask in range(len(offsets) - 1):
        start = offsets[mask]
        for at in range(start, offsets[mask + 1]):
            number = lengths[at]
            if at - start > 2:
                number -= lengths[at - 2]
            more = True
            while more:
                value = number & 0x1F
                number >>= 5
                more = number != (-1 if value & SIGN else 0)
                characters[end] = 48 + (value | MORE if more else value)
                end += 1
        ends[mask + 1] = end


@njit(cache=True, nogil=True)
def _encode_text(lengths, offsets, characters, ends):  # type: ignore[no-untyped-def]
    """Write every mask's string, one after the other, and where each ends."""
    end = 0
    for mask in range(len(offsets) - 1):
        for at in range(offsets[mask], offsets[mask + 1]):
            if at > offsets[mask]:
                characters[end] = 32
                end += 1
            digits, rest = 1, lengths[at] // 10
            while rest:
                digits, rest = digits + 1, rest // 10
            rest = lengths[at]
            for place in range(end + digits - 1, end - 1, -1):
                characters[place] = 48 + rest % 10
                rest //= 10
            end += digits
        ends[mask + 1] = end
