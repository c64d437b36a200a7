"""Many processes at once: readers never see a torn, mixed or missing version, writers take turns."""

import fcntl
import shutil
import socket
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from store_content import (
    CHILDREN,
    artifact,
    assert_whole,
    fingerprint,
    held_number,
    names,
    publish,
    write_in_turn,
)
from waiting import PATIENCE_SECONDS

from vdata_resources.store import LockTimeout, Store
from vdata_resources.store.history import History

VERSIONS = 150


def _read_until(root: Path, stop: Any, answers: Any) -> None:
    """Read until told to stop; answer with the numbers read, or with what went wrong."""
    store, target = Store(root), artifact(root)
    numbers: list[int] = []
    try:
        while not stop.is_set():
            numbers.append(held_number(target))
            current = target.current()
            assert current is not None
            assert current.metadata["number"] >= numbers[-1]
            assert store.partitions("pets", "retrieval") == ["cat"]
        assert numbers == sorted(numbers)
    except Exception:
        answers.put(traceback.format_exc())
    else:
        answers.put(numbers)


@pytest.mark.parametrize("keep", [1, 2])
def test_readers_always_see_one_whole_version(tmp_path: Path, keep: int) -> None:
    writer = artifact(tmp_path, keep)
    publish(writer, 1)
    stop, answers = CHILDREN.Event(), CHILDREN.Queue()
    readers = [CHILDREN.Process(target=_read_until, args=(tmp_path, stop, answers)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, VERSIONS + 1):
        publish(writer, number)
    stop.set()
    seen = [answers.get(timeout=PATIENCE_SECONDS) for _ in readers]
    for reader in readers:
        reader.join()
    for numbers in seen:
        assert isinstance(numbers, list), numbers
        assert len(set(numbers)) > 3, "versions changed while they were read"
    publish(writer, VERSIONS + 1)
    assert len(names(writer.folder / "versions")) == keep


def _write_in_turn(root: Path, first: int, rounds: int, answers: Any) -> None:
    try:
        write_in_turn(root, first, rounds)
    except Exception:
        answers.put(traceback.format_exc())
    else:
        answers.put("done")


def test_two_writers_take_turns(tmp_path: Path) -> None:
    answers = CHILDREN.Queue()
    writers = [CHILDREN.Process(target=_write_in_turn, args=(tmp_path, n, 20, answers)) for n in (100, 200)]
    for writer in writers:
        writer.start()
    assert [answers.get(timeout=PATIENCE_SECONDS) for _ in writers] == ["done", "done"]
    for writer in writers:
        writer.join()
    current = artifact(tmp_path).current()
    assert current is not None
    assert current.id.startswith("000040-"), "no number was given twice"
    assert assert_whole(current) in (119, 219)


def test_threads_of_one_process_take_turns_too(tmp_path: Path) -> None:
    threads = [threading.Thread(target=publish, args=(artifact(tmp_path), n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    current = artifact(tmp_path).current()
    assert current is not None
    assert current.id.startswith("000004-")


def test_partitions_do_not_wait_for_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path, lock_timeout=0)
    with (
        store.artifact("pets", "retrieval", "cat").draft(fingerprint(1)),
        store.artifact("pets", "retrieval", "dog").draft(fingerprint(1)),
        store.artifact("pets", "retrieval").draft(fingerprint(1)),
    ):
        pass


def _hold(root: Path, held: Any, release: Any) -> None:
    with artifact(root).draft(fingerprint(1)):
        held.set()
        release.wait(PATIENCE_SECONDS)


def test_who_holds_the_lock_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    held, release = CHILDREN.Event(), CHILDREN.Event()
    child = CHILDREN.Process(target=_hold, args=(tmp_path, held, release))
    child.start()
    assert held.wait(PATIENCE_SECONDS)
    target = artifact(tmp_path, lock_timeout=0.2)
    holder = f"{target.folder / '.lock'}, held by pid {child.pid} on {socket.gethostname()}"
    with pytest.raises(LockTimeout) as caught:
        publish(target, 2)
    assert str(caught.value) == f"waited 0.2 s for {holder}: let that run end or stop it, then try again"
    assert caplog.messages == [f"waiting up to 0.2 s for {holder}"]
    release.set()
    child.join()
    publish(target, 2)
    assert names(target.folder) == [".lock", "current", "versions"]


def test_a_holder_without_a_name_is_unknown(tmp_path: Path) -> None:
    target = artifact(tmp_path, lock_timeout=0)
    publish(target, 1)
    with (target.folder / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockTimeout, match="held by an unknown process: let that run end"):
            publish(target, 2)


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(
        OSError, match="this file system gives no flock locks; mount it with them or point VD"
    ):
        publish(artifact(tmp_path), 1)


def test_a_version_that_is_read_is_not_pruned(tmp_path: Path) -> None:
    target = artifact(tmp_path, keep=1)
    publish(target, 1)
    with target.reading() as first, target.reading() as also_first:
        publish(target, 2)
        with target.reading() as second:
            for number in (3, 4, 5):
                publish(target, number)
            assert [assert_whole(version) for version in (first, also_first, second)] == [1, 1, 2]
        assert held_number(target) == 5
        publish(target, 6)
        assert [name[:6] for name in names(target.folder / "versions")] == ["000001", "000006"]
    publish(target, 7)
    assert [name[:6] for name in names(target.folder / "versions")] == ["000007"]


def test_a_version_pruned_before_it_is_opened_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = artifact(tmp_path), artifact(tmp_path, keep=1)
    publish(writer, 1)
    followed = History.current_id
    versions = iter([2, 3])

    def then_overtaken(history: History) -> str | None:
        found = followed(history)
        monkeypatch.setattr(History, "current_id", followed)
        publish(writer, next(versions))
        return found

    monkeypatch.setattr(History, "current_id", then_overtaken)
    assert held_number(reader) == 2
    monkeypatch.setattr(History, "current_id", then_overtaken)
    current = reader.current()
    assert current is not None
    assert assert_whole(current) == 3


def test_a_version_pruned_before_it_is_leased_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = artifact(tmp_path, keep=1)
    first = publish(target, 1)
    lock = fcntl.flock

    def overtaken(file: Any, operation: int) -> None:
        if operation == fcntl.LOCK_SH:
            monkeypatch.setattr(fcntl, "flock", lock)
            publish(target, 2)
            assert not first.path.exists()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", overtaken)
    assert held_number(target) == 2


def test_what_cannot_be_deleted_now_is_deleted_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    target = artifact(tmp_path, keep=1)
    publish(target, 1)

    def busy(folder: Path) -> None:
        raise OSError(16, "Device or resource busy", str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", busy)
        publish(target, 2)
    assert held_number(target) == 2
    assert "the next writer tries again: [Errno 16] Device or resource busy" in caplog.text
    assert names(target.folder / "versions")[0].startswith(".pruned-000001")
    publish(target, 3)
    assert [name[:6] for name in names(target.folder / "versions")] == ["000003"]
