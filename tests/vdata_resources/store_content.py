"""Content whose wholeness a test can tell: every file of a version repeats the version's one number."""

import multiprocessing
import os
from pathlib import Path

import xxhash

from vdata_resources.store import Artifact, Draft, Store, Version

# Forked children start in a millisecond, and use nothing that a thread of the test process could hold.
CHILDREN = multiprocessing.get_context("fork")

FILES = {"rows.txt": 30_000, "images/a.txt": 5_000, "images/b.txt": 1}


def artifact(root: Path, keep: int = 2, lock_timeout: float = 30) -> Artifact:
    return Store(root, keep, lock_timeout).artifact("pets", "retrieval", "cat")


def fingerprint(number: int) -> str:
    return xxhash.xxh3_128_hexdigest(str(number).encode())


def write(draft: Draft, number: int) -> None:
    for name, repeats in FILES.items():
        path = draft.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * repeats)


def publish(target: Artifact, number: int) -> Version:
    with target.draft(fingerprint(number)) as draft:
        write(draft, number)
        return draft.publish({"number": number}, {"findings": [number]})


def assert_whole(version: Version) -> int:
    """Reads all of a version; gives its number."""
    number: int = version.metadata["number"]
    assert version.fingerprint == fingerprint(number)
    assert version.report == {"findings": [number]}
    assert sorted(version.files) == sorted(FILES)
    for name, record in version.files.items():
        content = version.file(name).read_bytes()
        assert content == f"{number}\n".encode() * FILES[name], (version.id, name)
        assert record == {"bytes": len(content), "xxh3_128": xxhash.xxh3_128_hexdigest(content)}
    return number


def held_number(target: Artifact) -> int:
    with target.reading() as version:
        return assert_whole(version)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def write_in_turn(root: Path, first: int, rounds: int) -> None:
    """Publishes again and again; nobody else is ever inside at the same time."""
    inside = root / "inside"
    for number in range(first, first + rounds):
        with artifact(root).draft(fingerprint(number)) as draft:
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            write(draft, number)
            draft.publish({"number": number}, {"findings": [number]})
            inside.unlink()
