"""Sending published versions: readers see whole ones only, whatever becomes of the sender."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mirror_content
import msgspec
import pytest
from mirror_content import FILES, number_of, publish
from s3_server import Keys

from vdata_resources.object_store import Mirror, ObjectStorageError, ObjectStore
from vdata_resources.object_store.connection import connect
from vdata_resources.store import Artifact, DamagedVersion, Store

Watch = Callable[[Callable[[str], None]], None]


class Died(BaseException):
    """The sender's death."""


def test_a_published_version_is_mirrored_as_it_is(source: Artifact, mirror: Mirror, keys: Keys) -> None:
    assert mirror.current() is None
    assert mirror.versions() == []
    version = publish(source, 1)
    assert mirror.publish(version)
    current = mirror.current()
    assert current is not None
    assert (current.id, current.files, current.metadata) == (version.id, version.files, version.metadata)
    assert number_of(current) == 1
    folder = current.url.removeprefix(f"{mirror.url}/")
    assert keys.all() == sorted([f"{folder}/{name}" for name in (*FILES, "manifest.json")] + ["current"])
    assert keys.get(f"{folder}/manifest.json") == (version.path / "manifest.json").read_bytes()
    digest = folder.rpartition("-")[2]
    assert msgspec.json.decode(keys.get("current")) == {"version": version.id, "manifest": digest}


def test_manifest_and_current_are_written_last(source: Artifact, mirror: Mirror, before_write: Watch) -> None:
    written: list[str] = []
    before_write(written.append)
    mirror.publish(publish(source, 1))
    assert sorted(written[:-2]) == sorted(name.rpartition("/")[2] for name in FILES)
    assert written[-2:] == ["manifest.json", "current"]


def test_the_same_version_twice_does_nothing(source: Artifact, mirror: Mirror, before_write: Watch) -> None:
    version = publish(source, 1)
    assert mirror.publish(version)
    written: list[str] = []
    before_write(written.append)
    assert not mirror.publish(version)
    assert written == []


def test_a_reader_in_the_middle_sees_the_old_version(
    source: Artifact, mirror: Mirror, before_write: Watch
) -> None:
    mirror.publish(publish(source, 1))
    seen: list[int] = []
    before_write(lambda key: seen.append(number_of(mirror.current())))
    mirror.publish(publish(source, 2))
    assert seen == [1] * (len(FILES) + 2)
    assert number_of(mirror.current()) == 2


@pytest.mark.parametrize("fatal", ["rows.txt", "b b.txt", "manifest.json", "current"])
def test_a_sender_that_dies_before_a_write_is_completed_by_the_next_one(
    source: Artifact, mirror: Mirror, before_write: Watch, fatal: str
) -> None:
    mirror.publish(publish(source, 1))
    version = publish(source, 2)
    sent: Counter[str] = Counter()
    alive = False

    def die(key: str) -> None:
        if key == fatal and not alive:
            raise Died
        sent[key] += 1

    before_write(die)
    with pytest.raises(Died):
        mirror.publish(version)
    assert number_of(mirror.current()) == 1
    alive = True
    assert mirror.publish(version)
    assert number_of(mirror.current()) == 2
    assert {sent[name.rpartition("/")[2]] for name in FILES} == {1}, "what is there is not sent again"


def test_a_sender_that_is_killed_leaves_the_old_version(
    tmp_path: Path, source: Artifact, url: str, mirror: Mirror, keys: Keys
) -> None:
    first = publish(source, 1)
    mirror.publish(first)
    version = publish(source, 2)
    program = [sys.executable, mirror_content.__file__, os.fspath(tmp_path / "home"), url]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert number_of(mirror.current()) == 1
    assert any(f"versions/{version.id}-" in key for key in keys.all()), "it was killed half-way"
    assert mirror.versions() == [first.id]
    assert mirror.publish(version)
    assert number_of(mirror.current()) == 2


@pytest.mark.parametrize("size", [8 * 2**20 + 1, 20 * 2**20], ids=["in ranges", "in parts"])
def test_large_files_are_sent_and_fetched_in_parts(
    tmp_path: Path, source: Artifact, mirror: Mirror, size: int
) -> None:
    content = os.urandom(size)
    mirror.publish(publish(source, 1, {"large": content}))
    current = mirror.current()
    assert current is not None
    assert current.fetch(tmp_path / "fetched").file("large").read_bytes() == content


def test_a_version_without_files_is_mirrored(source: Artifact, mirror: Mirror) -> None:
    mirror.publish(publish(source, 1, {}))
    current = mirror.current()
    assert current is not None
    assert (current.files, current.metadata) == ({}, {"number": 1})


def test_a_version_that_was_changed_on_the_disk_is_not_mirrored(source: Artifact, mirror: Mirror) -> None:
    mirror.publish(publish(source, 1))
    version = publish(source, 2)
    (version.path / "c").write_bytes(b"3")
    with pytest.raises(DamagedVersion) as caught:
        mirror.publish(version)
    assert str(caught.value) == (
        f"{version.path / 'c'} changed after it was published: "
        f"remove {version.path}, then materialize the asset"
    )
    assert number_of(mirror.current()) == 1


def test_an_object_that_is_not_there_afterwards_is_noticed(
    source: Artifact, mirror: Mirror, url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish(source, 1, {"a": b"1", "b": b"22"})
    monkeypatch.setattr(connect(url)[0], "put_file", lambda *_, **__: None)
    with pytest.raises(ObjectStorageError) as caught:
        mirror.publish(version)
    assert str(caught.value) == (
        f"{mirror.url}: 2 objects are not there as they were sent, the first is 'a': "
        "run it again, or rename the file"
    )
    assert keys.all() == []


def test_a_name_that_is_not_utf_8_is_refused(source: Artifact, mirror: Mirror) -> None:
    version = publish(source, 1, {os.fsdecode(b"caf\xe9"): b"1"})
    with pytest.raises(
        ObjectStorageError, match=r"whose name is not UTF-8, as object storage needs it: rename"
    ):
        mirror.publish(version)


def test_the_same_id_with_other_content_does_not_touch_the_old_version(
    tmp_path: Path, source: Artifact, mirror: Mirror
) -> None:
    """A store that was lost and made anew counts from one again."""
    first = publish(source, 1)
    mirror.publish(first)
    old = mirror.current()
    anew = publish(Store(tmp_path / "anew").artifact("pets", "retrieval", "cat"), 1, {"c": b"another"})
    assert anew.id == first.id
    mirror.publish(anew)
    assert number_of(old) == 1
    current = mirror.current()
    assert current is not None
    assert current.read("c") == b"another"


@pytest.mark.parametrize("keep", [1, 3])
def test_old_versions_are_pruned_manifest_first(
    source: Artifact, mirror: Mirror, keys: Keys, before_write: Watch, keep: int
) -> None:
    ids = []
    for number in range(1, 5):
        version = publish(source, number)
        ids.append(version.id)
        mirror.publish(version)
    assert mirror.versions() == ids
    removed: list[str] = []
    before_write(removed.append)
    mirror.prune(keep)
    assert mirror.versions() == ids[-keep:]
    assert removed[:: len(FILES) + 1] == ["manifest.json"] * (4 - keep)
    assert len({key.split("/")[1] for key in keys.all() if key != "current"}) == keep
    assert number_of(mirror.current()) == 4


def test_pruning_keeps_the_current_version_and_removes_what_was_never_completed(
    source: Artifact, mirror: Mirror, keys: Keys
) -> None:
    versions = [publish(source, number) for number in (1, 2, 3)]
    for version in (versions[1], versions[2], versions[0]):
        mirror.publish(version)
    keys.put(f"versions/000009-aaaaaaaa-{'0' * 32}/c", b"half")
    keys.put("versions/notes.txt", b"of somebody")
    mirror.prune(1)
    assert mirror.versions() == [versions[0].id]
    assert number_of(mirror.current()) == 1
    assert not [key for key in keys.all() if "000009" in key]
    assert "versions/notes.txt" in keys.all()


def test_pruning_a_name_like_a_pattern_touches_no_other_artifact(source: Artifact, url: str) -> None:
    store = ObjectStore(f"{url}/")
    pattern, other = store.artifact("pets", "retrieval", "c*"), store.artifact("pets", "retrieval", "cat")
    other.publish(publish(source, 1))
    for number in (2, 3):
        pattern.publish(publish(source, number))
    pattern.prune(1)
    assert (number_of(pattern.current()), number_of(other.current())) == (3, 1)


def test_keep_is_checked(mirror: Mirror) -> None:
    with pytest.raises(ValueError, match=r"^keep 0 is below 1: the current version is always kept$"):
        mirror.prune(0)


@pytest.mark.parametrize("scheme", ["memory://", "file://"])
def test_other_file_systems_of_fsspec_serve_too(tmp_path: Path, source: Artifact, scheme: str) -> None:
    mirror = ObjectStore(f"{scheme}{tmp_path}/bucket").artifact("pets", "retrieval", "cat")
    for number in (1, 2):
        mirror.publish(publish(source, number))
    mirror.prune(1)
    current = mirror.current()
    assert number_of(current) == 2
    assert len(mirror.versions()) == 1
    assert current is not None
    assert current.fetch(tmp_path / "fetched").metadata == {"number": 2}
