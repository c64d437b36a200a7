"""Run lengths from the three forms in which they are stored, in bulk. Bad ones get a reason, no runs.

Every byte is checked here: pycocotools 2.0.11 reads uninitialised memory or hangs on malformed strings.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from vdata_assets.masks.run_lengths import MOST_PIXELS, RunLengths, cut

MASKS_AT_ONCE = 2048  # bounds what is copied out of a column, or decoded into too large an array, at a time
SIGN, MORE = 0x10, 0x20  # bits of COCO's characters
MOST_BITS = 35  # of a number, 5 a character: they hold every run and every difference
NULL = -(2**63)  # stands for a null in a list of integers

SOUND, NO_MASK, NO_RUNS, NO_COCO, NO_DIGIT, UNFINISHED, LONG_NUMBER, NULL_RUN, NEGATIVE, LONG = range(10)

Kernel = Callable[[NDArray[np.uint8], NDArray[np.int64], bool], tuple[Any, ...]]


@dataclass(frozen=True)
class Read:
    """Masks that were read.

    Attributes:
        runs: one entry a mask; without runs if there is a reason.
        reasons: String, why a mask could not be read; null if it was.
    """

    runs: RunLengths
    reasons: pl.Series


@dataclass(frozen=True)
class Scan:
    """What a look at the runs of masks gives, one value a mask.

    Attributes:
        codes: SOUND or what is wrong.
        places: where it is wrong: the character of a string, the position in a list.
        counts: number of runs; 0 if something is wrong.
        totals: sum of all runs, in pixels.
        areas: sum of the runs of ones, in pixels.
    """

    codes: NDArray[np.uint8]
    places: NDArray[np.int64]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    areas: NDArray[np.int64]

    def reasons(self, strings: pl.Series | None = None) -> list[str | None]:
        """What is wrong with each mask, for people; None if nothing is.

        Args:
            strings: what was scanned, to quote characters from; None for integers.
        """
        found: list[str | None] = [None] * len(self.codes)
        for mask in np.flatnonzero(self.codes).tolist():
            code, place = int(self.codes[mask]), int(self.places[mask])
            # All before the first bad character is ASCII, so its byte is its position.
            character = strings[mask][place] if strings is not None and code in (NO_COCO, NO_DIGIT) else ""
            found[mask] = _reason(code, place, character)
        return found


def _reason(code: int, place: int, character: str) -> str:
    return {
        NO_MASK: "there is no mask",
        NO_RUNS: "there are no run lengths",
        NO_COCO: f"character {character!r} at {place} is no COCO run length",
        NO_DIGIT: f"character {character!r} at {place} is neither a digit nor a space",
        UNFINISHED: f"the string ends inside the number at {place}",
        LONG_NUMBER: f"the number at {place} has more than {MOST_BITS // 5} characters",
        NULL_RUN: f"the run length at {place} is null",
        NEGATIVE: f"the run length at {place} is negative",
        LONG: f"run lengths sum to more than {MOST_PIXELS} at {place}",
    }[code]


def read_text(texts: pl.Series) -> Read:
    """Read run lengths that are written in decimal, with spaces between: ``"25985 3 252 6"``."""
    return _read(texts, _decode_text)


def read_compressed(counts: pl.Series) -> Read:
    """Read COCO's compressed strings, as ``pycocotools.mask.encode`` writes them.

    A number is 5 bits a character from 48 on, lowest first, with 0x20 for "more follows"; bit 0x10 of its
    last character is its sign. From the fourth run on it is the difference to the run two before
    (``rleToString`` of cocoapi's maskApi.c).
    """
    return _read(counts, _decode_compressed)


def read_lists(counts: pl.Series) -> Read:
    """Read COCO's uncompressed counts: a List(Int64) of masks."""
    if counts.dtype != pl.List(pl.Int64):
        raise ValueError(f"column {counts.name!r} is {counts.dtype}, not lists of Int64: cast it")
    lists = counts.to_arrow()
    offsets = lists.offsets.to_numpy()
    values = lists.values.slice(offsets[0], offsets[-1] - offsets[0]) if len(lists) else lists.values
    lengths = np.array(values.fill_null(NULL).to_numpy())
    offsets = offsets - offsets[0]
    scan = scan_integers(lengths, offsets)
    scan.codes[counts.is_null().to_numpy()] = NO_MASK
    sound = scan.codes == SOUND
    kept = lengths[np.repeat(sound, np.diff(offsets))]
    return Read(
        RunLengths(kept, cut(np.where(sound, scan.counts, 0))),
        pl.Series("reason", scan.reasons(), pl.String),
    )


def scan_compressed(counts: pl.Series) -> Iterator[tuple[slice, Scan]]:
    """Look at COCO's compressed strings without keeping their runs, piece by piece of the series."""
    for piece in _pieces(len(counts)):
        yield piece, _decoded(counts[piece], _decode_compressed, keep=False)[0]


def scan_integers(lengths: NDArray[np.int64], offsets: NDArray[np.int64]) -> Scan:
    """Look at run lengths; ``NULL`` is one that is missing."""
    return Scan(*_scan_integers(lengths, offsets))


def _pieces(masks: int) -> Iterator[slice]:
    return (slice(start, start + MASKS_AT_ONCE) for start in range(0, masks, MASKS_AT_ONCE))


def _read(strings: pl.Series, kernel: Kernel) -> Read:
    runs: list[RunLengths] = []
    reasons: list[str | None] = []
    for piece in _pieces(len(strings)):
        scan, lengths = _decoded(strings[piece], kernel, keep=True)
        runs.append(RunLengths(lengths, cut(scan.counts)))
        reasons += scan.reasons(strings[piece])
    return Read(RunLengths.concat(runs), pl.Series("reason", reasons, pl.String))


def _decoded(strings: pl.Series, kernel: Kernel, keep: bool) -> tuple[Scan, NDArray[np.int64]]:
    """The scan of some strings, and the runs of the sound ones if they shall be kept."""
    if strings.dtype != pl.String:
        raise ValueError(f"column {strings.name!r} is {strings.dtype}, not strings: cast it")
    array = strings.to_arrow()
    _, offset_bytes, text = array.buffers()
    offsets = np.frombuffer(offset_bytes, np.int64)[array.offset : array.offset + len(array) + 1]
    characters = np.frombuffer(text if text is not None else b"", np.uint8)
    # Numba compiles anew for arrays that may be written to.
    offsets.flags.writeable = characters.flags.writeable = False
    *scanned, lengths = kernel(characters, offsets, keep)
    scan = Scan(*scanned)
    scan.codes[strings.is_null().to_numpy()] = NO_MASK
    return scan, lengths


@njit(cache=True, nogil=True)
def _decode_compressed(characters, offsets, keep):  # type: ignore[no-untyped-def]
    """The arrays of a Scan, and the runs of all sound masks (none if they need not be kept)."""
    masks = len(offsets) - 1
    codes, places, counts, totals, areas = _blank(masks)
    # At most one run a character; pages that are never touched cost nothing.
    lengths = np.empty(offsets[masks] - offsets[0] if keep else 0, np.int64)
    kept = 0
    for mask in range(masks):
        at, end = offsets[mask], offsets[mask + 1]
        code, start, first, count, total, area = SOUND, at, kept, 0, 0, 0
        last, before_last = np.int64(0), np.int64(0)
        while at < end:
            start, value = at, np.int64(characters[at]) - 48
            if 0 <= value < MORE:  # one character, as most numbers are
                run, at = (value ^ SIGN) - SIGN, at + 1
            else:
                run, at, code = _long_number(characters, at, end)
            if code == NO_COCO:
                start = at
            if code != SOUND:
                break
            if count > 2:
                run += before_last
            if run < 0:
                code = NEGATIVE
                break
            total += run
            if total > MOST_PIXELS:
                code = LONG
                break
            if count & 1:
                area += run
            if keep:
                lengths[kept] = run
                kept += 1
            before_last, last = last, run
            count += 1
        if code == SOUND and count == 0:
            code = NO_RUNS
        if code == SOUND:
            counts[mask], totals[mask], areas[mask] = count, total, area
        else:
            codes[mask], places[mask], kept = code, start - offsets[mask], first
    return codes, places, counts, totals, areas, lengths[:kept].copy()


@njit(cache=True, nogil=True)
def _long_number(characters, at, end):  # type: ignore[no-untyped-def]
    """A number of COCO's, where it ends or is at fault, and the code."""
    number, bits = np.int64(0), 0
    while at < end:
        value = np.int64(characters[at]) - 48
        if value < 0 or value > 63:
            return number, at, NO_COCO
        if bits == MOST_BITS:
            return number, at, LONG_NUMBER
        number |= (value & 0x1F) << bits
        bits, at = bits + 5, at + 1
        if value < MORE:
            return number - ((value & SIGN) >> 4 << bits), at, SOUND
    return number, at, UNFINISHED


@njit(cache=True, nogil=True)
def _decode_text(characters, offsets, keep):  # type: ignore[no-untyped-def]
    """As :func:`_decode_compressed`, of decimal numbers."""
    masks = len(offsets) - 1
    codes, places, counts, totals, areas = _blank(masks)
    lengths = np.empty(offsets[masks] - offsets[0] if keep else 0, np.int64)
    kept = 0
    for mask in range(masks):
        at, end = offsets[mask], offsets[mask + 1]
        code, start, first, count, total, area = SOUND, at, kept, 0, 0, 0
        while at < end:
            if characters[at] == 32:
                at += 1
                continue
            start, run = at, np.int64(0)
            while at < end and characters[at] != 32:
                digit = np.int64(characters[at]) - 48
                if digit < 0 or digit > 9:
                    code, start = NO_DIGIT, at
                    break
                run = 10 * run + digit
                if total + run > MOST_PIXELS:
                    code = LONG
                    break
                at += 1
            if code != SOUND:
                break
            total += run
            if count & 1:
                area += run
            if keep:
                lengths[kept] = run
                kept += 1
            count += 1
        if code == SOUND and count == 0:
            code = NO_RUNS
        if code == SOUND:
            counts[mask], totals[mask], areas[mask] = count, total, area
        else:
            codes[mask], places[mask], kept = code, start - offsets[mask], first
    return codes, places, counts, totals, areas, lengths[:kept].copy()


@njit(cache=True, nogil=True)
def _scan_integers(lengths, offsets):  # type: ignore[no-untyped-def]
    """The arrays of a Scan."""
    masks = len(offsets) - 1
    codes, places, counts, totals, areas = _blank(masks)
    for mask in range(masks):
        start, end = offsets[mask], offsets[mask + 1]
        code, at, total, area = SOUND, start, 0, 0
        if start == end:
            code = NO_RUNS
        while at < end:
            run = lengths[at]
            if run < 0:
                code = NULL_RUN if run == NULL else NEGATIVE
            elif run > MOST_PIXELS - total:
                code = LONG
            if code != SOUND:
                break
            total += run
            if (at - start) & 1:
                area += run
            at += 1
        if code == SOUND:
            counts[mask], totals[mask], areas[mask] = end - start, total, area
        else:
            codes[mask], places[mask] = code, at - start
    return codes, places, counts, totals, areas


@njit(cache=True, nogil=True)
def _blank(masks):  # type: ignore[no-untyped-def]
    """The arrays of a Scan, to be filled in."""
    codes, zeros = np.zeros(masks, np.uint8), np.zeros(masks, np.int64)
    return codes, zeros, zeros.copy(), zeros.copy(), zeros.copy()
