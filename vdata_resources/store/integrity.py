"""Whether what is published is still what was written, byte by byte."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xxhash

from vdata_resources.parallel import ordered_map
from vdata_resources.store.artifact import Artifact
from vdata_resources.store.errors import DamagedVersion
from vdata_resources.store.history import History
from vdata_resources.store.locks import lease
from vdata_resources.store.names import MANIFEST, version_number
from vdata_resources.store.shared import GONE
from vdata_resources.store.version import Version, read_version, to_json


@dataclass(frozen=True)
class Inspection:
    """What was found of one published version.

    Attributes:
        version: its id.
        current: whether it is the one that readers get.
        files: how many files its manifest lists.
        bytes: their sizes together, as the manifest says.
        damages: what is wrong, by POSIX path within the artifact's folder; empty if all is well.
    """

    version: str
    current: bool
    files: int
    bytes: int
    damages: dict[str, str]


def inspect(artifact: Artifact) -> Iterator[Inspection]:
    """Every published version, oldest first, all its files read and hashed.

    A version that is pruned before its turn comes is left out; while it is read it is not pruned.
    """
    history = History(artifact.folder)
    try:
        current = history.current_id()
    except DamagedVersion as damaged:
        yield Inspection("", True, 0, 0, {"current": str(damaged)})
        return
    if current is None:
        return
    published = version_number(current) or 0
    names = sorted(os.listdir(history.versions)) if history.versions.is_dir() else []
    for name in names:
        number = version_number(name)
        # What has a higher number than the current one was never published: the next writer removes it.
        if number is not None and number <= published:
            found = _inspect_version(artifact.folder, history.versions / name, name == current)
            if found is not None:
                yield found
    if current not in names:
        yield Inspection(current, True, 0, 0, {f"versions/{current}": "is missing"})


def _inspect_version(folder: Path, path: Path, current: bool) -> Inspection | None:
    inside = path.relative_to(folder).as_posix()
    try:
        with lease(path / MANIFEST) as manifest:
            version = read_version(path, manifest)
            wrong = {f"{inside}/{name}": problem for name, problem in damages(version).items()}
            size = sum(record["bytes"] for record in version.files.values())
            return Inspection(path.name, current, len(version.files), size, wrong)
    except DamagedVersion as damaged:
        return Inspection(path.name, current, 0, 0, {f"{inside}/{MANIFEST}": str(damaged)})
    except OSError as error:
        if error.errno not in GONE:
            raise
        if not path.is_dir():
            return None
        return Inspection(path.name, current, 0, 0, {f"{inside}/{MANIFEST}": "is missing"})


def damages(version: Version) -> dict[str, str]:
    """What is wrong with a version, held by the caller, by file: gone, changed, or not of the manifest.

    Args:
        version: every file of it is read.
    """
    wrong = {}
    if xxhash.xxh3_128_hexdigest(to_json(version.files or version.metadata)) != version.digest:
        wrong[MANIFEST] = "its list of files is not the one that was written"
    names = sorted(version.files)
    for name, problem in zip(names, ordered_map(lambda name: _damage(version, name), names), strict=True):
        if problem:
            wrong[name] = problem
    for inner, _, found in os.walk(version.path):
        for name in found:
            listed = Path(inner, name).relative_to(version.path).as_posix()
            if listed not in version.files and listed != MANIFEST:
                wrong[listed] = "is not in the manifest"
    return wrong


def _damage(version: Version, name: str) -> str | None:
    record = version.files[name]
    try:
        with (version.path / name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != record["bytes"]:
                return f"has {size:,} bytes instead of {record['bytes']:,}"
            digest = hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if digest == record["xxh3_128"] else "has other content"
