"""``checksums.sha256``: what ``sha256sum --check`` of GNU coreutils takes."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vdata_assets.formats.about import CHECKSUMS
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_resources.parallel import ordered_map

HEX = 64
MOST_LINE = 1 << 16
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


@dataclass(frozen=True)
class Digest:
    """A file's content.

    Attributes:
        sha256: 64 hex digits.
        size: in bytes.
    """

    sha256: str
    size: int


def digests(folder: Path) -> dict[str, Digest]:
    """What every file under a folder holds but the checksums' own, by relative POSIX path, sorted.

    A file is read a piece at a time. Links are files like others; folders that are links are not entered.
    """
    names = sorted(name for name in _files(folder) if name != CHECKSUMS)
    found = ordered_map(digest, (folder / name for name in names), chunk=16)
    return dict(zip(names, found, strict=True))


def digest(file: Path) -> Digest:
    """SHA-256 and size of a file."""
    with file.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
        return Digest(found, source.tell())


def write_checksums(folder: Path, known: Mapping[str, Digest] | None = None) -> Path:
    """Write the digest of every file under a folder; ``sha256sum -c checksums.sha256`` there checks them.

    Args:
        folder: of the export.
        known: digests of files that need not be read again.

    Returns:
        The file.
    """
    known = known or {}
    names = sorted(name for name in _files(folder) if name != CHECKSUMS)
    target = folder / CHECKSUMS
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for name in names:
            found = known.get(name) or digest(folder / name)
            said = "".join(ESCAPES.get(character, character) for character in name)
            file.write(f"{'' if said == name else chr(92)}{found.sha256}  {said}\n")
    return target


def verify_checksums(folder: Path, report: Report) -> int:
    """Compare every file under a folder with ``checksums.sha256``; the number of lines.

    Problems: a line that is none, a path that leaves the folder (it is not opened), a file that is gone, has
    other bytes, or is not listed.
    """
    listed: set[str] = set()
    number = 0
    with (folder / CHECKSUMS).open("rb") as source:
        while line := source.readline(MOST_LINE):
            number += 1
            rule = _verified(folder, line, listed)
            if rule is not None:
                said = line.decode(errors="replace").rstrip("\r\n")
                report(Problem(CHECKSUMS, number, "line", shown(said), rule))
    for name in sorted(set(_files(folder)) - listed - {CHECKSUMS}):
        report(Problem(CHECKSUMS, 0, "files", shown(name), "is listed: write the checksums again"))
    return number


def _verified(folder: Path, line: bytes, listed: set[str]) -> str | None:
    """What is wrong with a line; None if its file is as it says."""
    text = line.decode(errors="surrogateescape").rstrip("\r\n")
    escaped = text.startswith("\\")
    text = text[escaped:]
    value, parting, name = text[:HEX], text[HEX : HEX + 2], text[HEX + 2 :]
    if len(value) != HEX or set(value.lower()) - set("0123456789abcdef") or parting not in ("  ", " *"):
        return "is 64 hex digits, two spaces and a path"
    if escaped:
        name = name.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
    if path_fault(name) is not None or not (folder / name).resolve().is_relative_to(folder.resolve()):
        return "is of a file in the folder: it is not opened"
    listed.add(name)
    if not (folder / name).is_file():
        return "is of a file that is there"
    found = digest(folder / name).sha256
    return None if found == value.lower() else f"is of a file with these bytes: it has {found}"


def _files(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        for name in names:
            yield (Path(where) / name).relative_to(folder).as_posix()
