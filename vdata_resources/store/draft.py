"""A version in the making: a folder that nobody reads until it is published."""

import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from vdata_resources.store import durable
from vdata_resources.store.history import DRAFT_PREFIX, History
from vdata_resources.store.names import MANIFEST, REPORT
from vdata_resources.store.shared import look_again
from vdata_resources.store.version import FileRecord, Version, read_version, to_json, write_manifest

# Another file system, one without hard links, or a file with as many links as it may have.
NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)


class Draft:
    """A version in the making, held by one writer under the artifact's lock.

    Attributes:
        id: the id that the version gets.
        path: the folder to write files into; empty at first, gone once published or rejected.
    """

    def __init__(self, history: History, fingerprint: str, keep: int) -> None:
        self.id = history.next_id(fingerprint)
        # A name of its own: a host that was cut off so long that its lock went to another one must never
        # meet that one's draft of the same id.
        self.path = history.versions / f"{DRAFT_PREFIX}{self.id}-{uuid.uuid4().hex[:8]}"
        self._history = history
        self._fingerprint = fingerprint
        self._keep = keep
        self._ended = False
        self._linked: dict[str, FileRecord] = {}
        self._folders: set[Path] = set()
        self.path.mkdir()

    @property
    def scratch(self) -> Path:
        """A folder for work that shall outlive a killed process, such as a training's state.

        The next draft of the same fingerprint finds what was left in it; one of another fingerprint, and a
        publication, delete it. It is made when it is first asked for.
        """
        return self._history.scratch(self._fingerprint)

    def link(self, version: Version, name: str, target: str) -> None:
        """Put a file of a published version into the draft as a hard link: at no cost in time and space.

        Published files never change, so its record is taken over and its bytes are not read again. Where
        there can be no link it is a copy.

        Args:
            version: held by the caller.
            name: the file's POSIX path within the version.
            target: its POSIX path within the draft; missing folders are made.

        Raises:
            FileNotFoundError: the version lists no such file.
            FileExistsError: the draft has a file of the target's name.
        """
        source, place = version.file(name), self.path / target
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        try:
            os.link(source, place)
        except OSError as error:
            if error.errno not in NO_LINK:
                raise
            shutil.copyfile(source, place)
            return
        self._linked[target] = version.files[name]

    def publish(self, metadata: dict[str, Any], report: dict[str, Any]) -> Version:
        """Make the draft the artifact's current version, all of it at one moment, then prune old versions.

        Metadata and report are kept in the manifest, which is the same for the same content: what varies
        from run to run (times, rates) belongs in a log.

        Args:
            metadata: what to tell readers, as JSON values.
            report: what the audit found, as JSON values.

        Raises:
            RuntimeError: the draft was published or rejected before, or another host has removed it.
            ValueError: the folder holds a symbolic link, a file named ``manifest.json``, or something that
                is neither file nor folder; or a number in metadata or report is not finite.
            TypeError: metadata or report hold what is not a JSON value.
            OutOfSpace: the disk is full; the current version stays.
        """
        self._require_open()
        write_manifest(self.path, self._fingerprint, metadata, report, self._linked)
        version = self._history.publish(self.path, self.id)
        self._ended = True
        self._history.prune(self._keep)
        return read_version(version, (version / MANIFEST).read_bytes())

    def reject(self, report: dict[str, Any]) -> Path:
        """Keep the candidate and its report apart for people to look at; the current version stays.

        Args:
            report: what the audit found, as JSON values; written to ``report.json``.

        Returns:
            The candidate's folder.

        Raises:
            RuntimeError: the draft was published or rejected before, or another host has removed it.
            ValueError: the folder holds a ``report.json``; or a number in the report is not finite.
            TypeError: the report holds what is not a JSON value.
            OutOfSpace: the disk is full.
        """
        self._require_open()
        target = self.path / REPORT
        if target.exists():
            raise ValueError(f"a rejected draft cannot hold a {REPORT}, the store writes it: rename yours")
        durable.write(target, to_json(report))
        candidate = self._history.reject(self.path, self.id)
        self._ended = True
        self._history.prune_rejected(self._keep)
        return candidate

    def close(self) -> None:
        """Delete whatever was not published or rejected."""
        self._ended = True
        durable.discard(self.path)

    def _require_open(self) -> None:
        if self._ended:
            raise RuntimeError(f"draft {self.id} is closed: it was published, rejected or abandoned before")
        if not look_again(self.path):
            raise RuntimeError(
                f"{self.path} was removed while it was written: this host lost its lock, for example because "
                "it could not reach the file server; what was published before stands, run it again"
            )
