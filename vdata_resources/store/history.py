"""The folders of one artifact: which versions there are, which one is current, and which may go.

Every change is made under the artifact's lock; readers hold none. What a killed writer leaves is a draft,
a version moved aside for deletion, or a whole version that ``current`` never pointed to.
"""

import errno
import json
import logging
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from vdata_resources.store import durable
from vdata_resources.store.errors import DamagedVersion
from vdata_resources.store.locks import if_unleased
from vdata_resources.store.names import (
    CURRENT,
    MANIFEST,
    REJECTED,
    REPORT,
    SCRATCH,
    VERSIONS,
    version_id,
    version_number,
)

DRAFT_PREFIX = ".draft-"
_PRUNED_PREFIX = ".pruned-"
_NEXT_LINK_PREFIX = ".current-next-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class History:
    """Published and rejected versions of one artifact, in its folder."""

    folder: Path

    @property
    def versions(self) -> Path:
        """The folder of published versions and of the draft."""
        return self.folder / VERSIONS

    @property
    def rejected(self) -> Path:
        """The folder of candidates that an audit refused."""
        return self.folder / REJECTED

    def scratch(self, fingerprint: str) -> Path:
        """A folder for the unfinished work of one fingerprint, that of any other one being given up."""
        folder = self.folder / SCRATCH
        for other in _names(folder):
            if other != fingerprint:
                durable.discard(folder / other)
        durable.make_folder(folder / fingerprint)
        return folder / fingerprint

    def current_id(self) -> str | None:
        """The id of the published version, or None.

        Raises:
            DamagedVersion: ``current`` is not a link that the store made.
        """
        link = self.folder / CURRENT
        try:
            target = PurePosixPath(os.readlink(link))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise DamagedVersion(f"{link} is not a link: remove it, then materialize again") from error
        if target.parent != PurePosixPath(VERSIONS) or version_number(target.name) is None:
            raise DamagedVersion(
                f"{link} points to {target}, not to {VERSIONS}/<id>: remove it, then materialize again"
            )
        return target.name

    def next_id(self, fingerprint: str) -> str:
        """The id of a version to be: its number is above that of any published or rejected one."""
        numbers = [number for folder in (self.versions, self.rejected) for number, _ in _ids(folder)]
        return version_id(max(numbers, default=0) + 1, fingerprint)

    def clean(self) -> None:
        """Remove what dead writers left: drafts, half-deleted versions, versions newer than the current."""
        for leftover in _names(self.folder):
            if leftover.startswith(_NEXT_LINK_PREFIX):
                (self.folder / leftover).unlink()
        for leftover in _names(self.versions):
            if leftover.startswith((DRAFT_PREFIX, _PRUNED_PREFIX)):
                durable.discard(self.versions / leftover)
        current = self.current_id()
        published = (version_number(current) if current else None) or 0
        for number, version in _ids(self.versions):
            if number > published:
                self._remove(self.versions / version)

    def publish(self, draft: Path, version: str) -> Path:
        """Make a finished draft the current version; the link's replacement is the moment of publication."""
        target = self.versions / version
        link = self.folder / f"{_NEXT_LINK_PREFIX}{draft.name.removeprefix(DRAFT_PREFIX)}"
        link.symlink_to(f"{VERSIONS}/{version}")
        durable.move(draft, target)
        try:
            os.replace(link, self.folder / CURRENT)
        except OSError:
            # A server may have done what it could not confirm.
            if self.current_id() != version:
                durable.discard(target)
            raise
        durable.sync(self.folder)
        durable.discard(self.folder / SCRATCH)
        return target

    def reject(self, draft: Path, version: str) -> Path:
        """Put a draft among the rejected candidates."""
        durable.make_folder(self.rejected)
        durable.move(draft, self.rejected / version)
        return self.rejected / version

    def prune(self, keep: int) -> None:
        """Remove all published versions but the newest ``keep``, the current one first, and those read."""
        for version in _all_but_newest(self.versions, keep):
            self._remove(self.versions / version)

    def prune_rejected(self, keep: int) -> None:
        """Remove all but the newest ``keep`` rejected candidates."""
        for candidate in _all_but_newest(self.rejected, keep):
            self._remove(self.rejected / candidate)

    def newest_report(self) -> dict[str, Any] | None:
        """The report of the newest rejected candidate if its number is above the published one's."""
        current = self.current_id()
        published = (version_number(current) if current else None) or 0
        newer = [version for number, version in _ids(self.rejected) if number > published]
        if not newer:
            return None
        report: dict[str, Any] = json.loads((self.rejected / newer[-1] / REPORT).read_bytes())
        return report

    def _remove(self, version: Path) -> None:
        """Remove a version unless a reader holds it; no reader ever sees a part of it.

        Failing to is no reason to fail a publication that has already happened.
        """
        manifest = version / MANIFEST
        aside = self.versions / f"{_PRUNED_PREFIX}{version.name}"
        try:
            # Nobody can hold what has no manifest: a rejected candidate, a damaged version.
            with if_unleased(manifest) if manifest.exists() else nullcontext(True) as unleased:
                if not unleased:
                    return
                os.rename(version, aside)
        except OSError as error:
            _log.warning("could not remove %s, the next writer tries again: %s", version, error)
        durable.discard(aside)


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def _ids(folder: Path) -> list[tuple[int, str]]:
    """Number and id of each version in a folder, oldest first."""
    numbered = ((version_number(name), name) for name in _names(folder))
    return sorted((number, name) for number, name in numbered if number is not None)


def _all_but_newest(folder: Path, keep: int) -> list[str]:
    return [name for _, name in _ids(folder)[:-keep]]
