"""The directory of a ZIP file, read without trusting it.

The standard library's zipfile holds every entry in memory before anyone can count them, keeps the last of
several with one name, cuts names at a NUL, and does not see in this Python release that entries overlap.
Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16, 4.4 and 4.5.3.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from vdata_assets.annotations.errors import BadExport

STORED, DEFLATED = 0, 8

END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END_MARK, END_64_MARK, LOCATOR_64_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
CENTRAL_MARK, LOCAL_MARK = b"PK\x01\x02", b"PK\x03\x04"
LOCAL_HEADER_BYTES = 30  # before the name
MAX_COMMENT = 0xFFFF
IN_EXTRA_16, IN_EXTRA_32 = 0xFFFF, 0xFFFFFFFF
ZIP64_EXTRA = 1
UTF8_FLAG = 0x800
MOST_BYTES_AN_ENTRY = 4096  # of the directory: name, extra fields and comment; 30 to 200 are usual


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the directory.

    Attributes:
        name: as stored; nothing is checked.
        raw_name: its bytes, which the entry's own header repeats.
        flags: general purpose bits.
        method: of compression.
        crc: CRC-32 of the content.
        packed: bytes in the file.
        size: bytes of the content.
        offset: of the entry's own header, from the file's start.
        mode: type and permissions as Unix has them, 0 if the directory does not say.
    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int


def read_directory(descriptor: int, file: str, max_entries: int) -> list[Entry]:
    """The entries of a ZIP file in the order of its directory.

    Args:
        descriptor: of the file, open for reading.
        file: its name, for messages.
        max_entries: most entries that are read.

    Raises:
        BadExport: the file is no ZIP, is cut off or damaged, or has more entries.
    """
    length = os.fstat(descriptor).st_size
    directory_end, size, start = _find_directory(descriptor, file, length)
    shift = directory_end - size - start  # bytes that stand before the archive, as in self-extracting ones
    if shift < 0:
        raise BadExport(
            f"{file}: its directory does not lie in the file: it is damaged; copy it again, whole"
        )
    if size > max_entries * MOST_BYTES_AN_ENTRY:
        raise BadExport(
            f"{file}: its directory has {size} bytes, too many for {max_entries} entries: raise max_entries"
        )
    data = read_at(descriptor, directory_end - size, size)
    entries: list[Entry] = []
    for entry in _entries(data, file, shift):
        if len(entries) == max_entries:
            raise BadExport(f"{file} has more than {max_entries} entries: raise max_entries, or split it")
        entries.append(entry)
    _require_apart(entries, directory_end - size, file)
    return entries


def read_at(descriptor: int, offset: int, count: int) -> bytes:
    """Bytes of a file at a place; fewer at its end. May be called from several threads at once."""
    data = os.pread(descriptor, count, offset)
    if len(data) == count or not data:
        return data
    pieces = [data]
    while data and (count := count - len(data)):  # one call reads at most 2 GiB
        offset += len(data)
        data = os.pread(descriptor, count, offset)
        pieces.append(data)
    return b"".join(pieces)


def _find_directory(descriptor: int, file: str, length: int) -> tuple[int, int, int]:
    """Where the directory ends in the file, its size, and where the archive says that it starts."""
    tail_start = max(0, length - MAX_COMMENT - END.size)
    tail = read_at(descriptor, tail_start, length - tail_start)
    at = tail.rfind(END_MARK)
    if at < 0 or len(tail) < at + END.size:
        raise BadExport(f"{file} {_no_archive(read_at(descriptor, 0, 4))}")
    end = tail_start + at
    _, disk, first_disk, _, _, size, start, _ = END.unpack_from(tail, at)
    if disk or first_disk:
        raise BadExport(f"{file} is one part of several: join them to one ZIP")
    locator = read_at(descriptor, end - LOCATOR_64.size, LOCATOR_64.size) if end >= LOCATOR_64.size else b""
    if not locator.startswith(LOCATOR_64_MARK):
        return end, size, start
    # Bytes before the archive shift the record from where the locator says; it stands before the locator.
    end_64 = end - LOCATOR_64.size - END_64.size
    record = read_at(descriptor, end_64, END_64.size) if end_64 >= 0 else b""
    if len(record) < END_64.size or not record.startswith(END_64_MARK):
        raise BadExport(f"{file}: its ZIP64 directory is damaged; copy it again, whole")
    fields = END_64.unpack(record)
    return end_64, fields[8], fields[9]


def _no_archive(first: bytes) -> str:
    if not first:
        return "is empty: it is still being written, or was not copied; copy it again"
    if first == LOCAL_MARK:
        return "has no end: it is truncated or still being written; copy it again, whole"
    return f"is no ZIP archive (it starts with {first.hex(' ')}): drop the ZIP that the tool exported"


def _entries(data: bytes, file: str, shift: int) -> Iterator[Entry]:
    at = 0
    while at < len(data):
        if len(data) < at + CENTRAL.size or data[at : at + 4] != CENTRAL_MARK:
            raise BadExport(f"{file}: its directory is damaged at byte {at}; copy it again, whole")
        (_, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length,
         disk, _, attributes, offset) = CENTRAL.unpack_from(data, at)  # fmt: skip
        at += CENTRAL.size
        raw_name = data[at : at + name_length]
        extra = data[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        if at > len(data):
            raise BadExport(f"{file}: its directory ends inside an entry; copy it again, whole")
        name = _decoded(raw_name, flags, file)
        size, packed, offset, disk = _from_extra(extra, (size, packed, offset, disk), file, name)
        if disk:
            raise BadExport(f"{file}: entry {name!r} is in another part of the archive: join them to one ZIP")
        yield Entry(name, raw_name, flags, method, crc, packed, size, offset + shift, attributes >> 16)


def _decoded(raw_name: bytes, flags: int, file: str) -> str:
    try:
        return raw_name.decode()  # many tools write UTF-8 without saying so
    except UnicodeDecodeError:
        if flags & UTF8_FLAG:
            raise BadExport(
                f"{file}: the name of entry {raw_name!r} is no UTF-8 though it says so: pack it again"
            ) from None
        return raw_name.decode("cp437")


def _from_extra(
    extra: bytes, fields: tuple[int, int, int, int], file: str, name: str
) -> tuple[int, int, int, int]:
    """Size, packed size, offset and disk, those that do not fit taken from the ZIP64 extra field."""
    size, packed, offset, disk = fields
    wanted = [size == IN_EXTRA_32, packed == IN_EXTRA_32, offset == IN_EXTRA_32, disk == IN_EXTRA_16]
    if not any(wanted):
        return fields
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        content = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == ZIP64_EXTRA:
            layout = "<" + "".join(code for code, there in zip("QQQL", wanted, strict=True) if there)
            if len(content) < struct.calcsize(layout):
                break
            values = iter(struct.unpack_from(layout, content))
            found = [next(values) if there else old for there, old in zip(wanted, fields, strict=True)]
            return found[0], found[1], found[2], found[3]
    raise BadExport(f"{file}: entry {name!r} has no sizes: the directory is damaged; copy it again, whole")


def _require_apart(entries: list[Entry], directory: int, file: str) -> None:
    """Refuse entries that share bytes, as in bombs that unpack the same data many times."""
    ends = directory
    for entry in sorted(entries, key=lambda entry: entry.offset, reverse=True):
        if entry.offset + LOCAL_HEADER_BYTES + len(entry.raw_name) + entry.packed > ends:
            raise BadExport(
                f"{file}: entry {entry.name!r} overlaps what follows it: the archive is damaged or a bomb; "
                "export it again"
            )
        ends = entry.offset
