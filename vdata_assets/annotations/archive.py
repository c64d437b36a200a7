"""The export ZIP: refused if anything in it is hostile or damaged, else read entry by entry."""

import os
import re
import stat
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from struct import Struct
from typing import BinaryIO

import xxhash

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.labels import hidden_character
from vdata_assets.annotations.settings import ExportSettings
from vdata_assets.annotations.zip_directory import (
    DEFLATED,
    LOCAL_MARK,
    STORED,
    Entry,
    read_at,
    read_directory,
)

LOCAL = Struct("<4s5H3L2H")
ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
IGNORED_FOLDER = "__MACOSX"
IGNORED_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
RATIO_FROM = 1_000_000  # bytes: below, even an extreme ratio does no harm
MAX_NAME_BYTES = 1024
PACKED_PIECE = 1 << 16  # inflates to 64 MiB at most
DIGEST_PIECE = 1 << 20
METHODS = {9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
DRIVE = re.compile(r"[A-Za-z]:")


class Archive:
    """An open export whose directory is sound.

    Attributes:
        file: the ZIP's name, for messages.
        names: its files in the directory's order; folders and what desktops leave behind are not among them.
    """

    def __init__(self, descriptor: int, file: str, entries: Sequence[Entry]) -> None:
        self.file = file
        self._descriptor = descriptor
        self._entries = {entry.name: entry for entry in entries}
        self.names: Sequence[str] = tuple(self._entries)

    @cached_property
    def digest(self) -> str:
        """xxh3-128 of the ZIP file's bytes, 32 hex digits."""
        digest = xxhash.xxh3_128()
        offset = 0
        while piece := os.pread(self._descriptor, DIGEST_PIECE, offset):
            digest.update(piece)
            offset += len(piece)
        return digest.hexdigest()

    def size(self, name: str) -> int:
        """Bytes of an entry, unpacked."""
        return self._entries[name].size

    def read(self, name: str) -> bytes:
        """The content of an entry, its CRC checked. Threads may read at once.

        Raises:
            BadExport: the entry is damaged, or is not what the directory says.
        """
        entry = self._entries[name]
        return b"".join(self._unpacked(entry, max(entry.packed, 1)))

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of an entry piece by piece, without ever holding all of it; the CRC comes last.

        Raises:
            BadExport: as for :meth:`read`.
        """
        return self._unpacked(self._entries[name], PACKED_PIECE)

    def copy(self, name: str, out: BinaryIO) -> None:
        """Write the content of an entry to a file.

        Raises:
            BadExport: as for :meth:`read`; what was written then is to be thrown away.
        """
        for piece in self.pieces(name):
            out.write(piece)

    def _unpacked(self, entry: Entry, step: int) -> Iterator[bytes]:
        offset, left = self._content(entry), entry.packed
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None
        crc = size = 0
        while left:
            piece = read_at(self._descriptor, offset, min(step, left))
            if not piece:
                raise self._bad(entry, "is cut off: the ZIP is truncated or still being written")
            offset += len(piece)
            left -= len(piece)
            if inflate is not None:
                try:
                    # One byte more than declared is enough to know that the directory lies.
                    piece = inflate.decompress(piece, entry.size - size + 1)
                except zlib.error:
                    raise self._bad(entry, "cannot be unpacked: it is damaged") from None
            size += len(piece)
            if size > entry.size:
                raise self._bad(entry, f"unpacks to more than the {entry.size} bytes it declares")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size < entry.size or (inflate is not None and not inflate.eof):
            raise self._bad(entry, f"unpacks to {size} of the {entry.size} bytes it declares")
        if crc != entry.crc:
            raise self._bad(entry, f"has the CRC {crc:08x}, not {entry.crc:08x} as it declares")

    def _content(self, entry: Entry) -> int:
        """Where an entry's packed bytes start in the file."""
        header = read_at(self._descriptor, entry.offset, LOCAL.size + len(entry.raw_name))
        if len(header) < LOCAL.size or not header.startswith(LOCAL_MARK):
            raise self._bad(entry, "is not where the directory says")
        *_, name_length, extra_length = LOCAL.unpack_from(header)
        if header[LOCAL.size : LOCAL.size + name_length] != entry.raw_name:
            raise self._bad(entry, "has another name in its own header than in the directory")
        return entry.offset + LOCAL.size + name_length + extra_length

    def _bad(self, entry: Entry, problem: str) -> BadExport:
        return BadExport(f"{self.file}: entry {entry.name!r} {problem}; copy or export the ZIP again")


@contextmanager
def open_archive(path: Path, settings: ExportSettings) -> Iterator[Archive]:
    """Open an export ZIP and check its directory; nothing is unpacked yet.

    Raises:
        BadExport: the file is no ZIP or not whole, an entry is hostile or cannot be read, a limit of the
            settings is passed, or the file changed while it was open.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        entries = read_directory(descriptor, path.name, settings.max_entries)
        for entry in entries:
            problem = _problem(entry, settings)
            if problem is not None:
                raise BadExport(f"{path.name}: entry {entry.name!r} {problem}")
        files = [entry for entry in entries if _is_wanted(entry)]
        _require_one_each(files, path.name)
        total = sum(entry.size for entry in entries)
        if total > settings.max_total_bytes:
            raise BadExport(
                f"{path.name} unpacks to {total} bytes, more than the {settings.max_total_bytes} of "
                "max_total_bytes: raise it if the archive is meant to be so large"
            )
        yield Archive(descriptor, path.name, files)
        after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise BadExport(
                f"{path.name} changed while it was read: it is still being written; wait, then retry"
            )
    finally:
        os.close(descriptor)


def _is_wanted(entry: Entry) -> bool:
    parts = entry.name.split("/")
    return bool(parts[-1]) and IGNORED_FOLDER not in parts[:-1] and parts[-1] not in IGNORED_FILES


def _problem(entry: Entry, settings: ExportSettings) -> str | None:
    """Why the archive is refused because of an entry; None if it is sound."""
    problem = _name_problem(entry.name)
    if problem is not None:
        return problem
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        return "is a symbolic link: pack the file that it leads to"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is no regular file: pack the archive without it"
    if entry.flags & ENCRYPTED_FLAGS:
        return "is encrypted: pack the archive without a password"
    if entry.method not in (STORED, DEFLATED):
        method = METHODS.get(entry.method, f"method {entry.method}")
        return f"is packed with {method}: pack the archive with deflate, as ZIP tools do by default"
    if entry.method == STORED and entry.size != entry.packed:
        return (
            f"declares {entry.size} bytes and holds {entry.packed}: the archive is damaged; export it again"
        )
    if entry.size > max(RATIO_FROM, settings.max_ratio * entry.packed):
        return (
            f"unpacks from {entry.packed} to {entry.size} bytes, more than {settings.max_ratio:g} times: it "
            "is taken for a bomb; raise max_ratio if it is none"
        )
    return None


def _name_problem(name: str) -> str | None:
    hidden = hidden_character(name)
    if hidden is not None:
        return f"has the control character {hidden} in its name: rename it"
    if "\\" in name:
        return "has a backslash in its name: pack the archive with forward slashes"
    if name.startswith("/") or DRIVE.match(name):
        return "has an absolute name: pack the archive with relative names"
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        return "leads out of the archive: pack it without '..' in names"
    if not all(parts) or "." in parts:
        return "has an empty or '.' folder in its name: pack the archive with plain names"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"has a name of more than {MAX_NAME_BYTES} bytes: shorten it"
    return None


def _require_one_each(entries: Sequence[Entry], file: str) -> None:
    """Refuse names that are the same, or would be on a file system that ignores case or normalisation."""
    seen: dict[str, str] = {}
    for entry in entries:
        key = unicodedata.normalize("NFC", entry.name).casefold()
        if key in seen:
            raise BadExport(
                f"{file}: entries {seen[key]!r} and {entry.name!r} have the same name: keep one of them"
            )
        seen[key] = entry.name
