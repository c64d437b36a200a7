"""One asset, or one partition of it, in object storage: its current version, and sending the next."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import xxhash

from vdata_resources.object_store.connection import PART, WORKERS
from vdata_resources.object_store.errors import ObjectStorageError, explained
from vdata_resources.object_store.mirrored_version import MirroredVersion, read_manifest
from vdata_resources.parallel import ordered_map
from vdata_resources.store import DamagedVersion, Version
from vdata_resources.store.names import CURRENT, MANIFEST, VERSIONS, version_number
from vdata_resources.store.version import file_record

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Of a multipart upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MAX_PARTS = 10_000
_DIGEST = "[0-9a-f]{32}"


class Pointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of ``current``: a version's id, and xxh3-128 of its manifest."""

    version: str
    manifest: str

    @property
    def folder(self) -> str:
        """The name of the version's folder."""
        return f"{self.version}-{self.manifest}"


@dataclass(frozen=True)
class Mirror:
    """The published versions of one artifact in object storage. Any number of processes read them.

    Writers take turns by the artifact's lock in the store that they publish in.

    Attributes:
        url: where it is kept, for messages.
    """

    url: str
    _key: str = field(repr=False)
    _file_system: "AbstractFileSystem" = field(repr=False)

    def current(self) -> MirroredVersion | None:
        """The version that was mirrored last, or None.

        Raises:
            DamagedVersion: ``current`` or the manifest it names is gone, or not what was written.
            ObjectStorageError: object storage cannot be read.
        """
        gone = None
        while (pointer := self._pointer()) is not None:
            url, folder = f"{self.url}/{VERSIONS}/{pointer.folder}", self._folder(pointer.folder)
            try:
                with explained(url):
                    content = self._file_system.cat_file(f"{folder}/{MANIFEST}")
            except FileNotFoundError as error:
                if pointer == gone:
                    raise DamagedVersion(f"{url} was removed: materialize the asset") from error
                gone = pointer  # A writer may have pruned it meanwhile: then `current` has moved.
                continue
            try:
                if xxhash.xxh3_128_hexdigest(content) != pointer.manifest:
                    raise ValueError("its digest is another")
                manifest = read_manifest(content)
            except ValueError as error:
                raise DamagedVersion(
                    f"{url}/{MANIFEST} is not what was published ({error}): remove it, then "
                    "materialize the asset"
                ) from error
            return MirroredVersion(pointer.version, url, content, manifest, folder, self._file_system)
        return None

    def publish(self, version: Version) -> bool:
        """Send a published version: its files, then its manifest, then ``current`` names it.

        Objects that a killed or failed attempt has sent are not sent again.

        Args:
            version: held by the caller, under the artifact's lock.

        Returns:
            Whether anything was to be done: False if it is the current version here already.

        Raises:
            DamagedVersion: a file is not what the version's manifest says.
            ObjectStorageError: object storage cannot be written, or a file's name is not UTF-8; what was
                current stays so.
        """
        content = (version.path / MANIFEST).read_bytes()
        pointer = Pointer(version.id, xxhash.xxh3_128_hexdigest(content))
        folder = self._folder(pointer.folder)
        with explained(self.url):
            if self._names(pointer) and self._file_system.exists(f"{folder}/{MANIFEST}"):
                return False
            self._send_files(version, folder)
            self._file_system.pipe_file(f"{folder}/{MANIFEST}", content)
            self._file_system.pipe_file(f"{self._key}/{CURRENT}", msgspec.json.encode(pointer))
        return True

    def versions(self) -> list[str]:
        """Ids of the versions that are there whole, oldest first.

        Raises:
            ObjectStorageError: object storage cannot be read.
        """
        return [folder.rpartition("-")[0] for folder in self._folders() if self._is_whole(folder)]

    def prune(self, keep: int) -> None:
        """Remove all but the newest ``keep`` versions, the current one first, and what was never completed.

        A manifest goes before its files, so nobody begins to read half a version. Not while another process
        sends a version of this artifact.

        Raises:
            ValueError: ``keep`` is below 1.
            DamagedVersion: ``current`` is not what was written.
            ObjectStorageError: object storage cannot be written.
        """
        if keep < 1:
            raise ValueError(f"keep {keep} is below 1: the current version is always kept")
        pointer = self._pointer()
        current = pointer.folder if pointer else None
        folders = self._folders()
        whole = {folder for folder in folders if self._is_whole(folder)}
        others = [folder for folder in folders if folder in whole and folder != current]
        kept = {current, *others[max(0, len(others) - (keep - 1)) :]}
        with explained(self.url):
            for folder in folders:
                if folder not in kept:
                    if folder in whole:
                        self._file_system.rm_file(f"{self._folder(folder)}/{MANIFEST}")
                    objects = self._file_system.find(self._folder(folder))
                    for _ in ordered_map(self._file_system.rm_file, objects, WORKERS, 4 * WORKERS):
                        pass

    def _send_files(self, version: Version, folder: str) -> None:
        for name in version.files:
            try:
                name.encode()
            except UnicodeEncodeError:
                raise ObjectStorageError(
                    f"{version.path} has a file {name!r}, whose name is not UTF-8, as object storage "
                    "needs it: rename it"
                ) from None
        there = self._sizes(folder)
        missing = [name for name, record in version.files.items() if there.get(name) != record["bytes"]]
        for _ in ordered_map(
            lambda name: self._send_file(version, name, folder), missing, WORKERS, 4 * WORKERS
        ):
            pass
        there = self._sizes(folder)
        lost = [name for name, record in version.files.items() if there.get(name) != record["bytes"]]
        if lost:
            raise ObjectStorageError(
                f"{self.url}: {len(lost)} objects are not there as they were sent, the first is {lost[0]!r}: "
                "run it again, or rename the file"
            )

    def _send_file(self, version: Version, name: str, folder: str) -> None:
        path, record = version.file(name), version.files[name]
        if file_record(path) != record:
            raise DamagedVersion(
                f"{path} changed after it was published: remove {version.path}, then materialize the asset"
            )
        chunk = max(PART, -(-record["bytes"] // _MAX_PARTS))
        self._file_system.put_file(str(path), f"{folder}/{name}", chunksize=chunk)

    def _sizes(self, folder: str) -> dict[str, int]:
        """Size of each object in a version's folder, by its name in it."""
        objects = self._file_system.find(folder, detail=True)
        return {key.removeprefix(f"{folder}/"): info["size"] for key, info in objects.items()}

    def _names(self, pointer: Pointer) -> bool:
        """Whether ``current`` names this version; a damaged one does not, and is replaced."""
        try:
            return self._pointer() == pointer
        except DamagedVersion:
            return False

    def _pointer(self) -> Pointer | None:
        url = f"{self.url}/{CURRENT}"
        try:
            with explained(url):
                content = self._file_system.cat_file(f"{self._key}/{CURRENT}")
        except FileNotFoundError:
            return None
        try:
            pointer = msgspec.json.decode(content, type=Pointer)
            if not _is_folder(pointer.folder):
                raise ValueError("it names no version")
        except ValueError as error:
            raise DamagedVersion(
                f"{url} is damaged ({error}): remove it, then materialize the asset"
            ) from error
        return pointer

    def _folder(self, name: str) -> str:
        return f"{self._key}/{VERSIONS}/{name}"

    def _folders(self) -> list[str]:
        """Names of the versions' folders, whole or not, oldest first."""
        try:
            with explained(self.url):
                keys = self._file_system.ls(f"{self._key}/{VERSIONS}", detail=False)
        except FileNotFoundError:
            return []
        names = (key.rstrip("/").rpartition("/")[2] for key in keys)
        return sorted((name for name in names if _is_folder(name)), key=_number)

    def _is_whole(self, folder: str) -> bool:
        with explained(self.url):
            return bool(self._file_system.exists(f"{self._folder(folder)}/{MANIFEST}"))


def _number(folder: str) -> int:
    return version_number(folder.rpartition("-")[0]) or 0


def _is_folder(name: str) -> bool:
    version, _, digest = name.rpartition("-")
    return version_number(version) is not None and re.fullmatch(_DIGEST, digest) is not None
