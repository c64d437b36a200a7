"""What a network file system does that a local one does not, done here to one process on a local folder.

NFS answers from its cache, also "no such file", until the folder is opened (nfs(5), close-to-open); it has
``flock`` as locks of byte ranges, exclusive only on a file open for writing; and a file that another host
removed is a stale handle.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from store_content import CHILDREN, artifact, assert_whole, fingerprint, held_number, names, publish

from vdata_resources.language.answer_cache import AnswerCache
from vdata_resources.store import DamagedVersion, LockTimeout, Store, shared
from vdata_resources.store.shared import look_again

ASK = ("readlink", "stat", "lstat")
LOOK = ("open", "listdir", "scandir")
CHANGE = ("mkdir", "replace", "rename", "symlink", "unlink", "rmdir")
ORIGINALS = {name: getattr(os, name) for name in (*ASK, *LOOK, *CHANGE)}


class Cache:
    """Links and files, and whether there are any, as a host remembers them until it looks again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answers: dict[tuple[str, str], Any] = {}
        for name in ASK:
            monkeypatch.setattr(os, name, self._remembering(name, getattr(os, name)))
        monkeypatch.setattr(os, "open", self._asking_the_folder_above(os.open))
        for name in LOOK:
            monkeypatch.setattr(os, name, self._forgetting(getattr(os, name)))
        for name in CHANGE:
            monkeypatch.setattr(os, name, self._forgetting_all(getattr(os, name)))

    def _remembering(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(path: Any, *args: Any, **options: Any) -> Any:
            if isinstance(path, int) or options.get("dir_fd") is not None:
                return ask(path, *args, **options)
            key = (name, os.fspath(path))
            if key not in self._answers:
                try:
                    self._answers[key] = ask(path, *args, **options)
                except FileNotFoundError as error:
                    self._answers[key] = error
            if isinstance(self._answers[key], FileNotFoundError):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
            return self._answers[key]

        return answer

    def _asking_the_folder_above(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """What the cache says is not there cannot be opened."""

        def acted(path: Any, flags: int, *args: Any, **options: Any) -> Any:
            if not flags & os.O_CREAT and options.get("dir_fd") is None:
                os.stat(path)
            return act(path, flags, *args, **options)

        return acted

    def _forgetting(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(path: Any = ".", *args: Any, **options: Any) -> Any:
            result = act(path, *args, **options)
            if not isinstance(path, int):
                self._answers = {
                    key: v for key, v in self._answers.items() if self._holds(path, Path(key[1]))
                }
            return result

        return acted

    @staticmethod
    def _holds(opened: Any, path: Path) -> bool:
        """Whether an answer outlives the opening of a folder: of what is right in it none does."""
        if not path.is_relative_to(opened) or path == Path(opened):
            return True
        entry, *deeper = path.relative_to(opened).parts
        return bool(deeper) and os.access(os.path.join(opened, entry), os.F_OK)

    def _forgetting_all(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """A host knows what it changed itself."""

        def acted(*args: Any, **options: Any) -> Any:
            self._answers.clear()
            return act(*args, **options)

        return acted


def elsewhere(act: Callable[..., object], *args: object) -> None:
    """Another host acts: a process that was started before this one has a cache."""
    child = CHILDREN.Process(target=_without_cache, args=(act, *args))
    child.start()
    child.join()
    assert child.exitcode == 0


def _without_cache(act: Callable[..., object], *args: object) -> None:
    for name, original in ORIGINALS.items():
        setattr(os, name, original)
    act(*args)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Cache:
    return Cache(monkeypatch)


def test_the_cache_of_these_tests_is_stale_until_a_folder_is_opened(tmp_path: Path, cache: Cache) -> None:
    folder = tmp_path / "a"
    assert not folder.is_dir()
    elsewhere(os.mkdir, folder)
    assert not folder.is_dir()
    assert look_again(folder)
    assert folder.is_dir()


def test_a_step_reads_what_another_host_has_just_published(tmp_path: Path, cache: Cache) -> None:
    target = artifact(tmp_path)
    assert target.current() is None
    elsewhere(publish, target, 1)
    assert held_number(target) == 1
    elsewhere(publish, target, 2)
    assert held_number(target) == 2


def test_partitions_that_another_host_has_just_published_are_listed(tmp_path: Path, cache: Cache) -> None:
    store = Store(tmp_path)
    assert store.partitions("pets", "retrieval") == []
    elsewhere(publish, store.artifact("pets", "retrieval", "cat"), 1)
    assert store.partitions("pets", "retrieval") == ["cat"]
    with store.artifact("pets", "retrieval", "dog").draft(fingerprint(1)):
        assert store.partitions("pets", "retrieval") == ["cat"]
    elsewhere(publish, store.artifact("pets", "retrieval", "dog"), 1)
    assert store.partitions("pets", "retrieval") == ["cat", "dog"]


def test_a_writer_never_removes_what_another_host_has_just_published(tmp_path: Path, cache: Cache) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    assert held_number(target) == 1
    elsewhere(publish, target, 2)
    with target.draft(fingerprint(3)) as draft:
        assert draft.id.startswith("000003-")
    assert held_number(target) == 2


def test_a_version_that_another_host_pruned_meanwhile_is_not_damage(tmp_path: Path, cache: Cache) -> None:
    target = artifact(tmp_path, keep=1)
    for number in range(1, 5):
        elsewhere(publish, target, number)
        current = target.current()
        assert current is not None
        assert assert_whole(current) == number


def test_a_version_moved_away_on_another_host_while_it_is_leased_is_not_missed(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = artifact(tmp_path, keep=1)
    publish(target, 1)
    assert held_number(target) == 1
    lock = fcntl.flock

    def overtaken(file: Any, operation: int) -> None:
        if operation == fcntl.LOCK_SH:
            monkeypatch.setattr(fcntl, "flock", lock)
            elsewhere(publish, target, 2)
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", overtaken)
    assert held_number(target) == 2


def test_a_stale_handle_is_a_version_that_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    lock = fcntl.flock

    def stale_once(file: Any, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        publish(target, 2)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(fcntl, "flock", stale_once)
    assert held_number(target) == 2

    def stale(path: Path) -> bytes:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    monkeypatch.setattr(Path, "read_bytes", stale)
    with pytest.raises(DamagedVersion, match="was removed: materialize it again"):
        target.current()


def test_an_error_of_the_disk_is_no_missing_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = artifact(tmp_path)
    publish(target, 1)

    def broken(path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(OSError, match="Input/output error"):
        target.current()


def test_locks_of_byte_ranges_serve_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of open files over all bytes ask for the modes of opening that NFS asks for."""
    import struct

    def byte_range(file: Any, operation: int) -> None:
        kinds = {fcntl.LOCK_SH: fcntl.F_RDLCK, fcntl.LOCK_EX: fcntl.F_WRLCK, fcntl.LOCK_UN: fcntl.F_UNLCK}
        kind = kinds[operation & ~fcntl.LOCK_NB]
        command = fcntl.F_OFD_SETLK if operation & fcntl.LOCK_NB else fcntl.F_OFD_SETLKW
        fcntl.fcntl(file, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))

    monkeypatch.setattr(fcntl, "flock", byte_range)
    target = artifact(tmp_path, keep=1, lock_timeout=0)
    publish(target, 1)
    with target.reading() as first, target.draft(fingerprint(2)):
        with pytest.raises(LockTimeout):
            publish(target, 3)
        assert assert_whole(first) == 1
    with target.reading():
        publish(target, 2)
        assert [name[:6] for name in names(target.folder / "versions")] == ["000001", "000002"]
    publish(target, 3)
    assert [name[:6] for name in names(target.folder / "versions")] == ["000003"]


MOUNTS = {
    "nfs-nolock": ("nfs", "rw,vers=3,nolock,local_lock=all", "mount it without local_lock=all, nolock"),
    "nfs-flock": ("nfs", "rw,vers=3,local_lock=flock,addr=10.0.0.1", "mount it without local_lock=flock"),
    "nfs4-nocto": ("nfs4", "rw,vers=4.2,nocto,local_lock=none", "mount it without nocto"),
    "lustre": ("lustre", "rw,checksum,localflock,lazystatfs", "mount it without localflock"),
    "cifs": ("cifs", "rw,vers=3.1.1,nobrl", "mount it without nobrl"),
    "sshfs": ("fuse.sshfs", "rw,user_id=0", "for object storage set VDATA_PUBLISH_TO"),
    "gcsfuse": ("fuse.gcsfuse", "rw,user_id=0", "for object storage set VDATA_PUBLISH_TO"),
}


def _mounted(tmp_path: Path, kind: str, options: str) -> Path:
    device = tmp_path.stat().st_dev
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 253:9999 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        f"40 22 {os.major(device)}:{os.minor(device)} / /data rw,noatime - {kind} server:/data {options}\n"
    )
    return table


@pytest.mark.parametrize(("kind", "options", "remedy"), MOUNTS.values(), ids=MOUNTS.keys())
def test_a_mount_whose_locks_other_hosts_do_not_see_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, remedy: str
) -> None:
    monkeypatch.setattr(shared, "MOUNTS", _mounted(tmp_path, kind, options))
    with pytest.raises(OSError, match="other hosts do not see") as caught:
        publish(artifact(tmp_path), 1)
    assert caught.value.strerror == (
        f"/data is a {kind} file system whose locks or files other hosts do not see in time; "
        f"{remedy}, or point VDATA_HOME elsewhere (deploy/storage.md)"
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("nfs4", "rw,vers=4.2,hard,local_lock=none"),
        ("nfs", "rw,vers=3,local_lock=posix"),
        ("lustre", "rw,flock"),
        ("ext4", "rw"),
        ("gpfs", "rw"),
    ],
)
def test_a_mount_with_locks_for_all_hosts_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str
) -> None:
    monkeypatch.setattr(shared, "MOUNTS", _mounted(tmp_path, kind, options))
    publish(artifact(tmp_path), 1)
    assert held_number(artifact(tmp_path)) == 1


@pytest.mark.parametrize(
    ("kind", "journal"),
    [("ext4", "wal"), ("xfs", "wal"), ("overlay", "wal"), ("nfs4", "delete"), ("lustre", "delete")],
)
def test_answers_are_journalled_as_the_file_system_bears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, journal: str
) -> None:
    monkeypatch.setattr(shared, "MOUNTS", _mounted(tmp_path, kind, "rw"))
    file = tmp_path / "answers.sqlite"
    with AnswerCache(file), closing(sqlite3.connect(file)) as database:
        ((found,),) = database.execute("PRAGMA journal_mode")
    assert found == journal
