"""Pruning without a publication: old versions, rejected candidates, and what killed writers left.

The current version, those that somebody reads, and the newest ``keep`` stay; so does a rejected candidate
that is newer than what is published, for it says why there is nothing newer. Partitions whose raw files
vanished keep what they published: nothing here removes the last version of anything.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vdata_resources.store import durable
from vdata_resources.store.errors import DamagedVersion, LockTimeout
from vdata_resources.store.history import History
from vdata_resources.store.locks import writer_lock
from vdata_resources.store.names import version_number
from vdata_resources.store.survey import Place

Kind = Literal["old version", "rejected candidate", "left by a killed writer"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Removable:
    """A folder that may go.

    Attributes:
        place: whose it is.
        kind: why it may go.
        path: the folder.
        bytes: what its removal frees: files that other versions link to are not counted.
    """

    place: Place
    kind: Kind
    path: Path
    bytes: int


def prune(place: Place, rejected_before: float, *, dry_run: bool) -> list[Removable]:
    """Remove what may go at a place. What a reader holds stays, and all while a writer is at work.

    Args:
        place: one artifact.
        rejected_before: POSIX time; candidates that were rejected earlier may go.
        dry_run: nothing is removed.

    Returns:
        What is gone, or with ``dry_run`` what would go.
    """
    if not _removable(place, rejected_before):
        return []
    history = History(place.artifact.folder)
    try:
        with writer_lock(place.artifact.folder, timeout=0):
            going = _removable(place, rejected_before)
            if dry_run:
                return going
            history.clean()
            history.prune(place.artifact.keep)
            for one in going:
                if one.kind == "rejected candidate":
                    durable.discard(one.path)
    except LockTimeout:
        _log.warning("%s/%s: a writer is at work, it prunes by itself", place.dataset, place.name)
        return []
    return [one for one in going if not one.path.exists()]


def _removable(place: Place, rejected_before: float) -> list[Removable]:
    history = History(place.artifact.folder)
    try:
        current = history.current_id()
    except DamagedVersion as damaged:
        _log.warning("%s/%s is left as it is: %s", place.dataset, place.name, damaged)
        return []
    published = (version_number(current) if current else None) or 0
    kinds: list[tuple[Kind, Iterable[Path]]] = [
        ("old version", _old_versions(history, published, place.artifact.keep)),
        ("rejected candidate", _outdated_candidates(history, published, rejected_before)),
        ("left by a killed writer", _leftovers(history, published)),
    ]
    return [Removable(place, kind, path, _freed(path)) for kind, paths in kinds for path in paths]


def _old_versions(history: History, published: int, keep: int) -> list[Path]:
    numbered = [(number, path) for number, path in _numbered(history.versions) if number <= published]
    return [path for _, path in numbered[:-keep]]


def _outdated_candidates(history: History, published: int, before: float) -> Iterator[Path]:
    for number, path in _numbered(history.rejected):
        if number < published and path.stat().st_mtime < before:
            yield path


def _leftovers(history: History, published: int) -> Iterator[Path]:
    if not history.versions.is_dir():
        return
    for path in sorted(history.versions.iterdir()):
        # Drafts, versions moved aside for deletion, and whole ones that `current` never pointed to.
        if path.name.startswith(".") or (version_number(path.name) or 0) > published:
            yield path


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    found = ((version_number(path.name), path) for path in folder.iterdir())
    return sorted((number, path) for number, path in found if number is not None)


def _freed(folder: Path) -> int:
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.lstat(os.path.join(inner, name))
            except FileNotFoundError:
                continue  # Its writer goes on meanwhile.
            total += stat.st_size if stat.st_nlink == 1 else 0
    return total
