"""One asset, or one partition of it, in the store: its current version, reading it, making the next."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vdata_resources.store import durable
from vdata_resources.store.draft import Draft
from vdata_resources.store.errors import DamagedVersion, NotPublished, full_disk_named
from vdata_resources.store.history import History
from vdata_resources.store.locks import lease, writer_lock
from vdata_resources.store.names import MANIFEST, check_fingerprint
from vdata_resources.store.shared import GONE, look_again
from vdata_resources.store.version import Version, read_version


@dataclass(frozen=True)
class Artifact:
    """What is published under one name. Any number of processes read it; one at a time writes it.

    Attributes:
        name: dataset, asset and partition, for messages.
        folder: where it is kept.
        keep: number of published versions kept, and of rejected candidates.
        lock_timeout: seconds to wait for another writer.
    """

    name: str
    folder: Path
    keep: int
    lock_timeout: float

    def current(self) -> Version | None:
        """The published version, or None. To read its files, hold it by :meth:`reading`: it may be pruned.

        Raises:
            DamagedVersion: its folder or manifest is gone or changed.
        """
        return self._at_current(Path.read_bytes)

    def refusal(self) -> dict[str, Any] | None:
        """The report of the newest rejected candidate, if it came after the published version; else None."""
        return History(self.folder).newest_report()

    @contextmanager
    def reading(self) -> Iterator[Version]:
        """The published version, held: it is not pruned while the block lasts.

        Raises:
            NotPublished: there is none.
            DamagedVersion: its folder or manifest is gone or changed.
        """
        with ExitStack() as leases:
            version = self._at_current(lambda manifest: leases.enter_context(lease(manifest)))
            if version is None:
                raise NotPublished(f"{self.name} is not published: materialize it first")
            yield version

    def reusable(self, fingerprint: str) -> Version | None:
        """The current version if it was made from the same inputs and is whole, else None.

        Raises:
            ValueError: the fingerprint is no lower-case hexadecimal digest.
        """
        check_fingerprint(fingerprint)
        try:
            version = self.current()
        except DamagedVersion:
            return None  # It is made again, which mends it.
        if version is None or version.fingerprint != fingerprint or version.missing_files():
            return None
        return version

    @contextmanager
    def draft(self, fingerprint: str) -> Iterator[Draft]:
        """A draft of the next version; other writers of this artifact wait until the block ends.

        Unless it is published or rejected in the block, the draft is deleted.

        Args:
            fingerprint: digest of what the version is made from, lower-case hexadecimal.

        Raises:
            ValueError: the fingerprint is no lower-case hexadecimal digest.
            LockTimeout: another writer held the lock for too long; says which.
            OutOfSpace: the disk or quota is full, for the store or the caller; the draft is deleted.
        """
        check_fingerprint(fingerprint)
        history = History(self.folder)
        with full_disk_named(self.folder):
            durable.make_folder(history.versions)
            with writer_lock(self.folder, self.lock_timeout):
                history.clean()
                draft = Draft(history, fingerprint, self.keep)
                try:
                    yield draft
                finally:
                    draft.close()

    def _at_current(self, read_manifest: Callable[[Path], bytes]) -> Version | None:
        """The version that ``current`` points to, by its manifest.

        Between reading the link and the manifest, writers may publish newer versions and prune this one:
        then the link has moved, and is followed again. What another host published is seen at once.
        """
        history = History(self.folder)
        gone = None
        while look_again(self.folder) and (version := history.current_id()) is not None:
            path = history.versions / version
            try:
                return read_version(path, read_manifest(path / MANIFEST))
            except OSError as error:
                if error.errno not in GONE:
                    raise
                if version == gone:
                    raise DamagedVersion(f"{self.name}: {path} was removed: materialize it again") from error
                gone = version
        return None
