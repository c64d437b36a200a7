"""A JSON document whose bulk is one array, element by element, without holding the document."""

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vdata_assets.annotations.errors import BadExport

MAX_HELD_BYTES = 1 << 28
WINDOW = 1 << 18  # bytes looked at in one go: marks take 16 bytes for each
BEGIN, CUT, END = 0, 1, 2
# What is known after a byte: nesting, whether inside a string, after a backslash, inside the array; how much
# of the key the string at hand or just read matches (-1: it is another).
DEPTH, STRING, ESCAPED, INSIDE, MATCHED = range(5)


class ArrayStream:
    """The elements of an array in a JSON document's top-level object.

    Iterate once. Elements are cut at commas, brackets and strings minded, and not looked into: whoever
    decodes them finds what is malformed in them. Afterwards :attr:`rest` is the document with the array
    empty.

    Args:
        pieces: the document's bytes, UTF-8.
        key: of the array.
        file: the document's name, for messages.

    Attributes:
        rest: the document without the elements; whole when the iteration has ended.

    Raises:
        BadExport: an element, or the rest, has more than 256 MiB.
    """

    def __init__(self, pieces: Iterator[bytes], key: str, file: str) -> None:
        self._pieces = pieces
        self._file = file
        self._key = np.frombuffer(key.encode(), np.uint8)
        self.rest = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        state = np.zeros(5, np.int64)
        element, cut = bytearray(), False
        for piece in _windows(self._pieces):
            data = np.frombuffer(piece, np.uint8)
            places, kinds = _marks(data, self._key, state)
            start = 0
            for place, kind in zip(places.tolist(), kinds.tolist(), strict=True):
                if kind == BEGIN:
                    self.rest += piece[start : place + 1]
                    start, cut = place + 1, False
                    continue
                element += piece[start:place]
                # An empty array has no element; one after a comma is missing, which its reader has to say.
                if kind == CUT or cut or element.strip():
                    yield bytes(element)
                element.clear()
                start, cut = (place + 1, True) if kind == CUT else (place, False)
            (element if state[INSIDE] else self.rest).extend(piece[start:])
            if max(len(element), len(self.rest)) > MAX_HELD_BYTES:
                raise BadExport(
                    f"{self._file}: a part has more than {MAX_HELD_BYTES >> 20} MiB: export fewer frames"
                )


def _windows(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), WINDOW):
            yield piece[start : start + WINDOW]


@njit(cache=True, nogil=True)
def _marks(
    data: NDArray[np.uint8], key: NDArray[np.uint8], state: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the array begins, is cut at a comma, and ends; the state is carried on."""
    places = np.empty(len(data), np.int64)
    kinds = np.empty(len(data), np.int64)
    found = 0
    depth, string, escaped, inside, matched = state
    for place in range(len(data)):
        byte = data[place]
        if string:
            if escaped:
                escaped = 0
                matched = -1
            elif byte == ord("\\"):
                escaped = 1
            elif byte == ord('"'):
                string = 0
            elif depth == 1 and matched >= 0:
                matched = matched + 1 if matched < len(key) and key[matched] == byte else -1
        elif byte == ord('"'):
            string = 1
            if depth == 1:
                matched = 0
        elif byte == ord("{") or byte == ord("["):
            if byte == ord("[") and depth == 1 and matched == len(key):
                inside = 1
                places[found], kinds[found] = place, BEGIN
                found += 1
            depth += 1
        elif byte == ord("}") or byte == ord("]"):
            depth -= 1
            if inside and depth == 1:
                inside = 0
                matched = -1
                places[found], kinds[found] = place, END
                found += 1
        elif byte == ord(",") and inside and depth == 2:
            places[found], kinds[found] = place, CUT
            found += 1
    state[DEPTH], state[STRING], state[ESCAPED], state[INSIDE], state[MATCHED] = (
        depth, string, escaped, inside, matched,
    )  # fmt: skip
    return places[:found].copy(), kinds[:found].copy()
