"""The files in a tar archive from anywhere, found by their headers; nothing is extracted.

``tarfile`` takes a header of any size into memory and follows links; here these are problems. Headers are
those of POSIX.1-2001 (ustar and pax) and GNU tar.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import Problem, Report, shown

BLOCK = tarfile.BLOCKSIZE
MOST_HEADER_BYTES = 1 << 16
GZIP = b"\x1f\x8b"
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        name: as it stands there.
        offset: where its bytes begin in the archive.
        size: of the file in bytes.
    """

    name: str
    offset: int
    size: int

    def read(self, source: BinaryIO) -> bytes:
        """Its bytes."""
        source.seek(self.offset)
        return source.read(self.size)


def members(source: BinaryIO, file: Path, report: Report) -> Iterator[Member]:
    """The regular files of an archive in order; what is not one, or leaves its folder, is a problem.

    Args:
        source: the archive, opened; it may be moved in between.
        file: its name, for problems.
        report: told of every problem. A header that cannot be read, or an archive that is cut, ends it.
    """

    def problem(name: str, value: object, rule: str) -> None:
        report(Problem(file.name, 0, name, shown(value), rule))

    end = source.seek(0, SEEK_END)
    place, broken = 0, False
    stated: dict[str, str] = {}
    while True:
        source.seek(place)
        block = source.read(BLOCK)
        if not place and block.startswith(GZIP):
            return problem("", "gzip", "is a plain tar archive: decompress it")
        if block.count(b"\0") == BLOCK:
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            return problem(f"byte {place}", str(error), "is a tar header: the rest is not read")
        start = place + BLOCK
        name, size = stated.get("path", header.name), _size(stated, header.size)
        if header.type in (*PAX, *LONG_NAMES, tarfile.XGLTYPE):
            size = header.size
        if not 0 <= size <= end - start:
            return problem(
                name, size, "is as long as its header says: the archive is cut, the rest is not read"
            )
        place = start + -(-size // BLOCK) * BLOCK
        if header.type in (*PAX, *LONG_NAMES, tarfile.XGLTYPE):
            if size > MOST_HEADER_BYTES:
                problem(name, size, f"is a header of at most {MOST_HEADER_BYTES} bytes; its file is left out")
                broken = True
            elif header.type in PAX:
                stated |= _pax(source.read(size))
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                stated["path"] = source.read(size).rstrip(b"\0").decode(errors="surrogateescape")
            continue
        fault = _fault(header, name, stated)
        if broken:
            pass
        elif fault is not None:
            problem(_text(name), header.linkname or header.type, fault)
        elif header.type in REGULAR:
            yield Member(name, start, size)
        stated, broken = {}, False


def _fault(header: tarfile.TarInfo, name: str, stated: dict[str, str]) -> str | None:
    if header.type == tarfile.DIRTYPE:
        return None
    if header.type not in REGULAR:
        return f"is a file, not {KINDS.get(header.type, 'of an unknown kind')}; it is left out"
    if any(key.startswith("GNU.sparse") for key in stated):
        return "is a file, not a sparse file; it is left out"
    if _text(name) != name:
        return "has a name in UTF-8; it is left out"
    fault = path_fault(name)
    return fault and f"{fault}; it is left out"


def _text(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _size(stated: dict[str, str], size: int) -> int:
    text = stated.get("size", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else size


def _pax(content: bytes) -> dict[str, str]:
    """Records ``<length> <key>=<value>\\n``; what follows a broken one is left out."""
    found: dict[str, str] = {}
    while content:
        digits, space, _ = content[:20].partition(b" ")
        if not space or not digits.isdigit() or not len(digits) + 3 < int(digits) <= len(content):
            break
        key, _, value = content[len(digits) + 1 : int(digits) - 1].partition(b"=")
        found[key.decode(errors="replace")] = value.decode(errors="surrogateescape")
        content = content[int(digits) :]
    return found
