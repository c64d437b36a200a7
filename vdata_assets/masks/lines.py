"""The kernels that go through run-coded pictures line by line: a line is a column, or a row if row-major.

They share one file because Numba's cache of a kernel does not see changes to what it calls in other files.
A picture under work is a list of ascending pixel positions at which it turns from zeros to ones or back.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def scale_lines(lengths, offsets, lines, line_lengths, to_lines, to_line_lengths):  # type: ignore[no-untyped-def]
    """Lengths and offsets of the masks at other sizes; see :func:`~vdata_assets.masks.scale.scaled`."""
    masks = len(offsets) - 1
    out, out_offsets = np.empty(2 * len(lengths) + 64, np.int64), np.zeros(masks + 1, np.int64)
    kept = 0
    for mask in range(masks):
        first, end = offsets[mask], offsets[mask + 1]
        out_offsets[mask + 1] = kept
        if first == end:
            continue
        source, target = line_lengths[mask], to_line_lengths[mask]
        turns = np.empty(min(source, end - first) + 2, np.int64)
        out_first, at, begin = kept, first, np.int64(0)
        for line in range(to_lines[mask]):
            source_line = (2 * line + 1) * lines[mask] // (2 * to_lines[mask])
            count, at, begin = _turns_of_line(
                lengths, first, end, at, begin, source_line * source, source, turns
            )
            out = _with_room(out, kept, count + 1)
            for turn in range(count):
                # The first target pixel whose centre lies at or after the source pixel's edge.
                pixel = (2 * target * turns[turn] + source - 1) // source // 2
                kept = _turn(out, out_first, kept, line * target + pixel)
        kept = _turns_to_lengths(out, out_first, kept, to_lines[mask] * target)
        out_offsets[mask + 1] = kept
    return out[:kept].copy(), out_offsets


@njit(cache=True, nogil=True)
def transpose_lines(lengths, offsets, lines, line_lengths):  # type: ignore[no-untyped-def]
    """Lengths and offsets of the masks whose lines go across the given ones.

    Where two neighbouring lines differ, the crossing lines turn. These places come in order of the lines and
    are sorted by crossing line, by counting.
    """
    masks = len(offsets) - 1
    out, out_offsets = np.empty(2 * len(lengths) + 64, np.int64), np.zeros(masks + 1, np.int64)
    crossings, crossing_lines = np.empty(1024, np.int64), np.empty(1024, np.int64)
    kept = 0
    for mask in range(masks):
        first, end = offsets[mask], offsets[mask + 1]
        out_offsets[mask + 1] = kept
        if first == end:
            continue
        length, line_count = line_lengths[mask], lines[mask]
        turns = np.empty((2, min(length, end - first) + 2), np.int64)
        before, count_before = turns[0], 0
        begins = np.zeros(length + 1, np.int64)  # where the crossings of each crossing line begin
        found, at, begin = 0, first, np.int64(0)
        for line in range(line_count):
            here = turns[(line + 1) & 1]
            count, at, begin = _turns_of_line(lengths, first, end, at, begin, line * length, length, here)
            i, j, differs, start = 0, 0, False, np.int64(0)
            while i < count_before or j < count:
                if i < count_before and j < count and before[i] == here[j]:
                    i, j = i + 1, j + 1
                    continue
                if j == count or (i < count_before and before[i] < here[j]):
                    place = before[i]
                    i += 1
                else:
                    place = here[j]
                    j += 1
                if differs:
                    crossings = _with_room(crossings, found, place - start)
                    crossing_lines = _with_room(crossing_lines, found, place - start)
                    for crossed in range(start, place):
                        crossings[found], crossing_lines[found] = line, crossed
                        begins[crossed + 1] += 1
                        found += 1
                differs, start = not differs, place
            before, count_before = here, count
        for crossed in range(length):
            begins[crossed + 1] += begins[crossed]
        ordered, fill = np.empty(found, np.int64), begins[:length].copy()
        for crossing in range(found):
            crossed = crossing_lines[crossing]
            ordered[fill[crossed]] = crossings[crossing]
            fill[crossed] += 1
        out = _with_room(out, kept, found + length + 1)
        out_first = kept
        for crossed in range(length):
            for crossing in range(begins[crossed], begins[crossed + 1]):
                kept = _turn(out, out_first, kept, crossed * line_count + ordered[crossing])
            if (begins[crossed + 1] - begins[crossed]) & 1:
                kept = _turn(out, out_first, kept, (crossed + 1) * line_count)
        kept = _turns_to_lengths(out, out_first, kept, length * line_count)
        out_offsets[mask + 1] = kept
    return out[:kept].copy(), out_offsets


@njit(cache=True, nogil=True)
def _turns_of_line(lengths, first, end, at, begin, line_start, line_length, turns):  # type: ignore[no-untyped-def]
    """Write where a line turns, counted from its start, as if zeros stood before and after it.

    Returns the number of turns, and the run that holds the line's start with where it begins: what to pass
    as ``at`` and ``begin`` for this line and later ones.
    """
    while at + 1 < end and begin + lengths[at] <= line_start:
        begin += lengths[at]
        at += 1
    run, stop, count = at, begin + lengths[at], 0
    if (run - first) & 1:
        turns[0] = 0
        count = 1
    while stop < line_start + line_length and run + 1 < end:
        place = stop - line_start
        run += 1
        stop += lengths[run]
        # A run of length 0 is none: the turns before and after it are one and the same place.
        if count > 0 and turns[count - 1] == place:
            count -= 1
        else:
            turns[count] = place
            count += 1
    if count & 1:
        turns[count] = line_length
        count += 1
    return count, at, begin


@njit(cache=True, nogil=True)
def _turn(out, first, kept, position):  # type: ignore[no-untyped-def]
    """Add a turn to the picture that begins at ``first``: two at one place are none. Returns the new end."""
    if kept > first and out[kept - 1] == position:
        return kept - 1
    out[kept] = position
    return kept + 1


@njit(cache=True, nogil=True)
def _turns_to_lengths(out, first, kept, pixels):  # type: ignore[no-untyped-def]
    """Replace a picture's turns by run lengths. Returns the new end; one more place must be free."""
    if kept == first or out[kept - 1] < pixels:
        out[kept] = pixels
        kept += 1
    for at in range(kept - 1, first, -1):
        out[at] -= out[at - 1]
    return kept


@njit(cache=True, nogil=True)
def _with_room(array, kept, needed):  # type: ignore[no-untyped-def]
    """The array, or a larger copy, with room for so many more values."""
    if kept + needed <= len(array):
        return array
    larger = np.empty(2 * (kept + needed), np.int64)
    larger[:kept] = array[:kept]
    return larger
