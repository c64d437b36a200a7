"""A version in object storage: its manifest, and its files, which are checked when they are fetched."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import xxhash
from filelock import FileLock

from vdata_resources.object_store.connection import WORKERS
from vdata_resources.object_store.errors import explained
from vdata_resources.parallel import ordered_map
from vdata_resources.store import DamagedVersion, FileRecord, NotPublished, Version, durable
from vdata_resources.store.names import MANIFEST
from vdata_resources.store.version import file_record

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What a ``manifest.json`` holds; see :class:`~vdata_resources.store.version.Version`."""

    fingerprint: str
    digest: str
    files: dict[str, FileRecord]
    metadata: dict[str, Any]
    report: dict[str, Any]


def read_manifest(content: bytes) -> Manifest:
    """The manifest, if it is one whose files all belong into one folder.

    Raises:
        ValueError: it is not what the store writes, or a file's name leads out of the folder.
    """
    manifest = msgspec.json.decode(content, type=Manifest)
    for name in manifest.files:
        parts = name.split("/")
        above = {"/".join(parts[:length]) for length in range(1, len(parts))}
        if (
            {"", ".", ".."} & {*parts}
            or "\0" in name
            or parts[0] == MANIFEST
            or above & manifest.files.keys()
        ):
            raise ValueError(f"it lists a file {name!r}, which no version can hold")
    return manifest


@dataclass(frozen=True)
class MirroredVersion:
    """One published version in object storage. It may be pruned while it is read; then reading says so.

    Attributes:
        id: as in the store it was published in, e.g. ``000012-5f3a90c1``.
        url: where its files are.
        content: its manifest, byte by byte.
        manifest: the same, read.
    """

    id: str
    url: str
    content: bytes = field(repr=False)
    manifest: Manifest = field(repr=False)
    _folder: str = field(repr=False)
    _file_system: "AbstractFileSystem" = field(repr=False)

    @property
    def files(self) -> Mapping[str, FileRecord]:
        """Record of each file by its POSIX path within the version."""
        return self.manifest.files

    @property
    def metadata(self) -> dict[str, Any]:
        """What its writer says about it."""
        return self.manifest.metadata

    def read(self, name: str) -> bytes:
        """A file's content, checked.

        Raises:
            FileNotFoundError: the manifest lists no such file.
            DamagedVersion: the object is not what was published, or gone.
            NotPublished: the version was pruned meanwhile.
            ObjectStorageError: object storage cannot be read.
        """
        record = self._record(name)
        with self._still_there(name):
            content: bytes = self._file_system.cat_file(f"{self._folder}/{name}")
        if record != {"bytes": len(content), "xxh3_128": xxhash.xxh3_128_hexdigest(content)}:
            raise self._damaged(name)
        return content

    def open(self, name: str) -> BinaryIO:
        """A file to read parts of, unchecked; the caller closes it. Raises as :meth:`read`."""
        self._record(name)
        with self._still_there(name):
            file: BinaryIO = self._file_system.open(f"{self._folder}/{name}", "rb")
        return file

    def fetch(self, folder: Path) -> Version:
        """Copy the version to a local folder that is there whole, every file checked, or not at all.

        What a killed fetch left beside it (``.<name>.<digest>.part``) is taken over.

        Args:
            folder: does not exist, or holds this version already. Its parent may be missing.

        Returns:
            The version in the folder.

        Raises:
            FileExistsError: the folder holds something else.
            DamagedVersion: an object is not what was published, or gone.
            NotPublished: the version was pruned meanwhile.
            ObjectStorageError: object storage cannot be read.
            OSError: the disk is full.
        """
        folder = folder.absolute()
        durable.make_folder(folder.parent)
        part = folder.with_name(f".{folder.name}.{xxhash.xxh3_64_hexdigest(self.content)}.part")
        lock = folder.with_name(f".{folder.name}.lock")
        with FileLock(lock, fallback_to_soft=False, preserve_lock_file=True):
            version = Version(
                self.id,
                folder,
                self.manifest.fingerprint,
                self.manifest.digest,
                self.manifest.files,
                self.manifest.metadata,
                self.manifest.report,
            )
            if os.path.lexists(folder):
                present = folder / MANIFEST
                if not present.is_file() or present.read_bytes() != self.content or version.missing_files():
                    raise FileExistsError(f"{folder} holds something else than {self.url}: name a new folder")
                return version
            part.mkdir(exist_ok=True)
            for name in self.files:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
            for _ in ordered_map(
                lambda name: self._fetch(name, part / name), self.files, WORKERS, 4 * WORKERS
            ):
                pass
            durable.sync_all(part, [part / name for name in self.files])
            durable.write(part / MANIFEST, self.content)
            durable.move(part, folder)
        return version

    def _fetch(self, name: str, target: Path) -> None:
        record = self._record(name)
        if target.is_file() and file_record(target) == record:
            return
        with self._still_there(name):
            self._file_system.get_file(f"{self._folder}/{name}", str(target))
        if file_record(target) != record:
            target.unlink()
            raise self._damaged(name)

    def _record(self, name: str) -> FileRecord:
        if name not in self.files:
            raise FileNotFoundError(
                f"no file {name!r} in {self.url}, only {', '.join(self.files) or 'metadata'}"
            )
        return self.files[name]

    @contextmanager
    def _still_there(self, name: str) -> Iterator[None]:
        try:
            with explained(f"{self.url}/{name}"):
                yield
        except FileNotFoundError as error:
            with explained(self.url):
                pruned = not self._file_system.exists(f"{self._folder}/{MANIFEST}")
            if pruned:
                raise NotPublished(f"{self.url} was pruned meanwhile: read the current version") from error
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> DamagedVersion:
        return DamagedVersion(
            f"{self.url}/{name} is not what was published: remove {self.url} with all its objects, then "
            "materialize the asset, which uploads them again"
        )
