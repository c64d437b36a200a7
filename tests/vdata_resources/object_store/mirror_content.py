"""Versions to mirror."""

import os
import signal
import sys
import threading
from pathlib import Path

import xxhash

from vdata_resources.object_store import MirroredVersion, ObjectStore
from vdata_resources.object_store.connection import connect
from vdata_resources.store import Artifact, Store, Version

FILES = {"rows.txt": b"rows of %d\n" * 1000, "images/a.txt": b"a of %d", "images/b b.txt": b"", "c": b"%d"}


def publish(source: Artifact, number: int, files: dict[str, bytes] | None = None) -> Version:
    """Publish a version locally whose files repeat its number, or the files given."""
    if files is None:
        files = {name: content.replace(b"%d", b"%d" % number) for name, content in FILES.items()}
    with source.draft(xxhash.xxh3_128_hexdigest(b"%d" % number)) as draft:
        for name, content in files.items():
            path = draft.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return draft.publish({"number": number}, {"findings": []})


def number_of(version: MirroredVersion | None) -> int:
    """Reads all of a version; gives its number."""
    assert version is not None
    number: int = version.metadata["number"]
    for name, content in FILES.items():
        assert version.read(name) == content.replace(b"%d", b"%d" % number)
    assert sorted(version.files) == sorted(FILES)
    return number


def killed_half_way(home: Path, url: str) -> None:
    """Sends the current version, and is killed once one of its files is there."""
    file_system, _ = connect(url)
    put_file, sent = file_system.put_file, threading.Event()

    def put(path: str, key: str, **options: object) -> None:
        if key.endswith("rows.txt"):
            sent.wait()
            os.kill(os.getpid(), signal.SIGKILL)
        put_file(path, key, **options)
        sent.set()

    file_system.put_file = put
    with Store(home).artifact("pets", "retrieval", "cat").reading() as version:
        ObjectStore(url).artifact("pets", "retrieval", "cat").publish(version)


if __name__ == "__main__":
    killed_half_way(Path(sys.argv[1]), sys.argv[2])
