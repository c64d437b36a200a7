"""A published version: its manifest, and the files that the manifest lists."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import xxhash

from vdata_resources.parallel import ordered_map
from vdata_resources.store import durable
from vdata_resources.store.errors import DamagedVersion
from vdata_resources.store.names import MANIFEST


class FileRecord(TypedDict):
    """What a manifest says of a file: its size, and its xxh3-128 hash in hexadecimal."""

    bytes: int
    xxh3_128: str


@dataclass(frozen=True)
class Version:
    """One published version of an artifact. Its folder never changes; a lease keeps it from being pruned.

    Attributes:
        id: its sequence number and the start of its fingerprint, e.g. ``000012-5f3a90c1``.
        path: its folder.
        fingerprint: what it was made from: digest of inputs, settings and code.
        digest: what it is: xxh3-128 of its files' names and contents; of its metadata if it has no files.
        files: record of each file by its POSIX path within the folder.
        metadata: what its writer says about it.
        report: what its audit found.
    """

    id: str
    path: Path
    fingerprint: str
    digest: str
    files: Mapping[str, FileRecord]
    metadata: dict[str, Any]
    report: dict[str, Any]

    def file(self, name: str) -> Path:
        """The path of a file of this version.

        Args:
            name: its POSIX path within the version, as the manifest lists it.

        Raises:
            FileNotFoundError: the manifest lists no such file.
        """
        if name not in self.files:
            raise FileNotFoundError(
                f"no file {name!r} in {self.path}, only {', '.join(self.files) or 'metadata'}"
            )
        return self.path / name

    def missing_files(self) -> list[str]:
        """Names of files that are absent or have another size than the manifest says, sorted."""
        return [
            name for name, record in self.files.items() if not _has_size(self.path / name, record["bytes"])
        ]


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def read_version(path: Path, manifest: bytes) -> Version:
    """The version in a folder.

    Args:
        path: its folder.
        manifest: content of its manifest.

    Raises:
        DamagedVersion: the manifest is not what the store wrote.
    """
    try:
        return Version(id=path.name, path=path, **json.loads(manifest))
    except (ValueError, TypeError) as error:
        raise DamagedVersion(f"{path / MANIFEST} is damaged ({error}): materialize it again") from error


def write_manifest(
    folder: Path,
    fingerprint: str,
    metadata: dict[str, Any],
    report: dict[str, Any],
    known: Mapping[str, FileRecord],
) -> None:
    """Put a draft's files on the disk, then its manifest, which is the same for the same content.

    Args:
        folder: the draft's.
        fingerprint: of what it was made from.
        metadata: what its writer says about it.
        report: what its audit found.
        known: records of files that are links to a published version's: on the disk, and never changed.

    Raises:
        ValueError: the folder holds something that no version may hold, or a value is not a JSON value.
        TypeError: a value is not a JSON value.
    """
    names = [path.relative_to(folder).as_posix() for path in _sorted_files(folder)]
    unknown = [name for name in names if name not in known]
    fresh = ordered_map(lambda name: file_record(folder / name), unknown, chunk=16)
    files = {name: known[name] for name in names if name in known}
    files |= zip(unknown, fresh, strict=True)
    durable.sync_all(folder, [folder / name for name in unknown])
    content = to_json(files or metadata)
    manifest = {
        "fingerprint": fingerprint,
        "digest": xxhash.xxh3_128_hexdigest(content),
        "files": files,
        "metadata": metadata,
        "report": report,
    }
    durable.write(folder / MANIFEST, to_json(manifest))
    for inner, _, _ in os.walk(folder, topdown=False):
        durable.sync(Path(inner))


def to_json(value: object) -> bytes:
    """A value as JSON that depends on nothing but the value.

    Raises:
        ValueError: a number is not finite.
        TypeError: a value is not a JSON value.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    # Names of files need not be UTF-8: Python's escape of such a byte is JSON's escape too.
    return text.encode(errors="backslashreplace")


def _sorted_files(folder: Path) -> Iterator[Path]:
    """All files below a draft's folder.

    Raises:
        ValueError: an entry is neither file nor folder, or it is named as the manifest.
    """
    if os.path.lexists(folder / MANIFEST):
        raise ValueError(f"a draft cannot hold a {MANIFEST}, the store writes it: rename yours")
    for inner, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(folders + names):
            path = Path(inner, name)
            inside = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise ValueError(
                    f"a draft cannot hold a symbolic link, {inside!r}: write a copy of its target"
                )
            if stat.S_ISREG(mode):
                yield path
            elif not stat.S_ISDIR(mode):
                raise ValueError(f"a draft cannot hold {inside!r}, which is neither file nor folder")


def file_record(path: Path) -> FileRecord:
    """What a manifest says of this file; reads all of it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, xxhash.xxh3_128)
        return {"bytes": file.tell(), "xxh3_128": digest.hexdigest()}
