"""Writers that are killed (SIGKILL) at any moment leave a whole current version and a store that works on."""

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from store_content import CHILDREN, artifact, fingerprint, held_number, names, publish, write
from waiting import PATIENCE_SECONDS

from vdata_resources.store import Artifact

KEEP = 2
KILLS_AT_WORK = 20
WATCHED = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.symlink",
    "os.remove",
    "os.rmdir",
    "os.listdir",
    "fcntl.flock",
}


def _die_at(event_number: int) -> None:
    """Kill this process just before the given file operation, counting from now."""
    events = count(1)

    def watch(event: str, _: object) -> None:
        if event in WATCHED and next(events) == event_number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _publish_and_die(root: Path, event_number: int) -> None:
    _die_at(event_number)
    publish(artifact(root, KEEP), 3)


def _reject_and_die(root: Path, event_number: int) -> None:
    _die_at(event_number)
    with artifact(root, KEEP).draft(fingerprint(3)) as draft:
        write(draft, 3)
        draft.reject({})


def _leftovers(target: Artifact) -> set[str]:
    """What a killed writer left in the folder, by kind."""
    current = target.current()
    assert current is not None
    kinds = {name.partition("-")[0] for name in names(target.folder / "versions") if name.startswith(".")}
    kinds |= {
        "newer"
        for name in names(target.folder / "versions")
        if not name.startswith(".") and name > current.id
    }
    return kinds | (
        {"link"} if any(name.startswith(".current-next-") for name in names(target.folder)) else set()
    )


def _assert_works_on(target: Artifact) -> None:
    """The next writer cleans up and publishes, with a number above all others."""
    before = names(target.folder / "versions") + names(target.folder / "rejected")
    version = publish(target, 99)
    current = max(name for name in before if not name.startswith("."))
    assert version.id > current or current.endswith(fingerprint(3)[:8]), (
        "only what was never seen is replaced"
    )
    assert held_number(target) == 99
    kept = names(target.folder / "versions")
    assert len(kept) == KEEP
    assert not [name for name in kept if name.startswith(".")]
    assert names(target.folder)[:2] == [".lock", "current"]


@pytest.mark.parametrize(
    ("crash", "after", "leaves"),
    [
        (_publish_and_die, {2, 3}, {".draft", ".pruned", "link", "newer"}),
        (_reject_and_die, {2}, {".draft"}),
    ],
    ids=["publish", "reject"],
)
def test_killed_before_each_file_operation(
    tmp_path: Path, crash: Callable[[Path, int], None], after: set[int], leaves: set[str]
) -> None:
    for number in (1, 2):
        publish(artifact(tmp_path / "before", KEEP), number)
    seen: set[str] = set()
    published: list[int] = []
    for event_number in count(1):
        root = tmp_path / f"killed-{event_number}"
        shutil.copytree(tmp_path / "before", root, symlinks=True)
        child = CHILDREN.Process(target=crash, args=(root, event_number))
        child.start()
        child.join()
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        target = artifact(root, KEEP)
        seen |= _leftovers(target)
        published.append(held_number(target))
        _assert_works_on(target)
        shutil.rmtree(root)
    assert set(published) == after
    assert published == sorted(published), "one moment divides the old version from the new"
    assert seen == leaves
    assert len(published) > 20


def _publish_forever(root: Path, first: int) -> None:
    target = artifact(root, KEEP)
    for number in count(first):
        publish(target, number)
        with target.draft(fingerprint(number)) as draft:
            write(draft, number)
            draft.reject({})


def test_killed_at_random_moments(tmp_path: Path) -> None:
    target = artifact(tmp_path, KEEP)
    publish(target, 1)
    moments = random.Random(5)
    last, last_id, at_work = 1, "", 0
    while at_work < KILLS_AT_WORK:  # However slow the machine, so many children published before they died.
        child = CHILDREN.Process(target=_publish_forever, args=(tmp_path, last + 1))
        child.start()
        child.join(moments.uniform(0.0, 0.06))
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        current = target.current()
        assert current is not None
        assert current.id >= last_id
        number = held_number(target)
        assert number >= last
        at_work += number > last
        last, last_id = number, current.id
    _assert_works_on(target)


def _hold_a_draft(root: Path, held: object) -> None:
    with artifact(root).draft(fingerprint(1)) as draft:
        write(draft, 1)
        held.set()  # type: ignore[attr-defined]
        signal.pause()


def test_a_killed_writer_s_lock_is_free_at_once(tmp_path: Path) -> None:
    held = CHILDREN.Event()
    child = CHILDREN.Process(target=_hold_a_draft, args=(tmp_path, held))
    child.start()
    assert held.wait(PATIENCE_SECONDS)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    folder = artifact(tmp_path).folder
    assert (folder / ".lock.holder").exists()
    publish(artifact(tmp_path, lock_timeout=0), 2)
    assert names(folder) == [".lock", "current", "versions"]
