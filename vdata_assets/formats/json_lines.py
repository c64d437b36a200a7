"""Rows as JSON lines or as one JSON array, read and written a row at a time.

UTF-8 throughout. Readers take what people have: a byte order mark, CRLF, blank lines, an array of any layout.
A row that cannot be read is a :class:`~vdata_assets.formats.problems.Problem` under the file's name, and the
rows around it are read. Numbering is from 1: lines of a file of lines, elements of an array.
"""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from vdata_assets.annotations.errors import BadExport
from vdata_assets.formats.problems import Problem, Report, shown

Row = dict[str, Any]
Numbered = Iterator[tuple[int, Row]]
Reader = Callable[..., Numbered]
"""One of :func:`read_lines`, :func:`read_array` and :func:`read_rows`."""
Writer = Callable[[Path, Iterable[Mapping[str, Any]]], int]
"""One of :func:`write_lines` and :func:`write_array`."""

MAX_ROW_BYTES = 1 << 28
"""Longest row that is read, 256 MiB: ten pictures of 10 MB inline take 140 MB."""

PIECE = 1 << 20
WRAPPED = b'{"rows":', b"}"
FILE, ROW = "file", "row"
"""Fields of a problem that is not in one field."""

NO_ARRAY = "the file has to be one JSON array of objects: [{...}, {...}]"


def read_rows(file: Path, report: Report, limit: int = MAX_ROW_BYTES, *, strict: bool = False) -> Numbered:
    """The rows of a file of either kind: an array if its first character is ``[``, else lines.

    Arguments as of :func:`read_lines`.

    Raises:
        OSError: the file cannot be opened.
    """
    with file.open("rb") as source:
        first = _first(source)
    yield from (read_array if first == b"[" else read_lines)(file, report, limit, strict=strict)


def read_lines(file: Path, report: Report, limit: int = MAX_ROW_BYTES, *, strict: bool = False) -> Numbered:
    """The rows of a file of JSON lines, with the numbers of their lines.

    Args:
        file: blank lines and a byte order mark are passed over; lines end with LF or CRLF.
        report: told of every line that is no JSON object.
        limit: bytes of the longest line that is read.
        strict: report what ``json.loads`` of one line after another fails at and this reader does not: a byte
            order mark, a blank line.

    Raises:
        OSError: the file cannot be opened.
    """
    with file.open("rb") as source:
        if not _skip_mark(source, file, report, strict):
            return
        number = 0
        while line := source.readline(limit + 1):
            number += 1
            if len(line) > limit and not line.endswith(b"\n"):
                more = iter(lambda: source.readline(PIECE), b"")
                length = len(line) + sum(len(piece) for piece in _until_line_end(more))
                report(_too_long(file, number, f"a line of {length} bytes", limit))
            elif line.strip():
                row = decoded_row(line, file, number, report)
                if row is not None:
                    yield number, row
            elif strict:
                report(Problem(file.name, number, "line", "blank", "trainers read every line: remove it"))


def read_array(file: Path, report: Report, limit: int = MAX_ROW_BYTES, *, strict: bool = False) -> Numbered:
    """The rows of a file that is one JSON array, with their numbers; memory holds one of them.

    Args:
        file: a byte order mark is passed over.
        report: told of every element that is no JSON object, and of what makes the file no array. An element
            over 256 MiB ends the reading.
        limit: bytes of the longest element that is read.
        strict: report what ``json.load`` fails at and this reader does not: a byte order mark.

    Raises:
        OSError: the file cannot be opened.
    """
    from vdata_assets.annotations.json_stream import MAX_HELD_BYTES, ArrayStream  # numba takes a second

    with file.open("rb") as source:
        first = _first(source)
    with file.open("rb") as source:
        if not _skip_mark(source, file, report, strict):
            return
        if first != b"[":
            report(Problem(file.name, 0, FILE, f"begins with {first.decode('latin-1')!r}", NO_ARRAY))
            return
        stream = ArrayStream(chain(WRAPPED[:1], pieces(source), WRAPPED[1:]), "rows", file.name)
        number = 0
        try:
            for number, element in enumerate(stream, start=1):
                if len(element) > limit:
                    report(_too_long(file, number, f"an element of {len(element)} bytes", limit))
                    continue
                row = decoded_row(element, file, number, report)
                if row is not None:
                    yield number, row
        except BadExport:
            rule = f"at most {MAX_HELD_BYTES} bytes an element; nothing after it was read"
            report(Problem(file.name, number + 1, ROW, "an element without an end", rule))
            return
    around = b"".join(stream.rest.split())
    if not around.startswith(WRAPPED[0] + b"[]"):
        report(Problem(file.name, 0, FILE, "ends within the array", NO_ARRAY))
    elif around != WRAPPED[0] + b"[]" + WRAPPED[1]:
        after = around.removeprefix(WRAPPED[0] + b"[]").removesuffix(WRAPPED[1]).decode("utf-8", "replace")
        report(Problem(file.name, 0, FILE, f"goes on after the array: {shown(after)}", NO_ARRAY))


def check_rows(
    read: Reader, file: Path, report: Report, check: Callable[[int, Row], object], *, strict: bool = True
) -> int:
    """Show every row of a file to a check; the number of rows, with those that cannot be read.

    Args:
        read: how the file is read.
        file: what is read.
        report: told of what cannot be read.
        check: given number and row.
        strict: as of :func:`read_lines`.

    Raises:
        OSError: the file cannot be opened.
    """
    rows = 0

    def unreadable(problem: Problem) -> None:
        nonlocal rows
        rows += problem.field == ROW
        report(problem)

    for number, row in read(file, unreadable, strict=strict):
        rows += 1
        check(number, row)
    return rows


def write_lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as JSON lines, UTF-8 and LF; the number of rows.

    Raises:
        ValueError: a text has a lone surrogate (``UnicodeEncodeError``).
    """
    with file.open("wb") as target:
        number = 0
        for number, row in enumerate(_encoded(rows), start=1):  # noqa: B007 - is returned
            target.write(row + b"\n")
    return number


def write_array(file: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as one JSON array, UTF-8 and a row a line; the number of rows.

    Raises:
        ValueError: a text has a lone surrogate (``UnicodeEncodeError``).
    """
    return _write_array(file, _encoded(rows))


def array_of_lines(lines: Path, array: Path) -> int:
    """Write the rows of a file that :func:`write_lines` made as one JSON array; the number of rows."""
    with lines.open("rb") as rows:
        return _write_array(array, (row.rstrip(b"\n") for row in rows))


def _encoded(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    return map(encoder.encode, rows)


def _write_array(file: Path, rows: Iterable[bytes]) -> int:
    with file.open("wb") as target:
        number = 0
        for number, row in enumerate(rows, start=1):
            target.write((b"[\n" if number == 1 else b",\n") + row)
        target.write(b"\n]\n" if number else b"[]\n")
    return number


def decoded_row(content: bytes, file: Path, number: int, report: Report) -> Row | None:
    """The row that some bytes are; None if they are none, which is reported."""
    try:
        row = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        value = shown(content.strip()[:200].decode("utf-8", "replace"))
        report(Problem(file.name, number, ROW, value, f"has to be a JSON object in UTF-8: {error}"))
        return None
    if not isinstance(row, dict):
        report(Problem(file.name, number, ROW, shown(row), "has to be a JSON object"))
        return None
    return row


def _skip_mark(source: BinaryIO, file: Path, report: Report, strict: bool) -> bool:
    """Pass over a byte order mark of UTF-8; whether the file may be UTF-8, reported if not."""
    start = source.read(len(BOM_UTF8))
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        report(Problem(file.name, 0, FILE, "UTF-16", "has to be UTF-8: save it as such"))
        return False
    if strict and start == BOM_UTF8:
        report(Problem(file.name, 0, FILE, "a byte order mark", "json.load refuses it: save without"))
    source.seek(len(BOM_UTF8) if start == BOM_UTF8 else 0)
    return True


def _first(source: BinaryIO) -> bytes:
    """The first character that is neither blank nor of a byte order mark; empty if there is none."""
    starts = (piece.removeprefix(BOM_UTF8).lstrip() for piece in pieces(source))
    return next((piece[:1] for piece in starts if piece), b"")


def _too_long(file: Path, number: int, value: str, limit: int) -> Problem:
    return Problem(file.name, number, ROW, value, f"at most {limit} bytes a row: split it")


def pieces(source: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    return iter(lambda: source.read(PIECE), b"")


def _until_line_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if piece.endswith(b"\n"):
            return
