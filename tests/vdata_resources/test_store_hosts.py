"""Several hosts on one shared folder: each a process with a host name, a network and process ids of its own.

The ids are equal on all of them, as in containers: nothing may be decided by a process id.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_content import artifact, fingerprint, held_number, names, publish
from waiting import PATIENCE_SECONDS

from vdata_resources.store import LockTimeout

UNSHARE = ["unshare", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
PROGRAM = Path(__file__).with_name("store_host.py")
Host = Callable[..., "subprocess.Popen[str]"]


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "hostname", "hosta"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _may_unshare(), reason="unshare is not permitted here: run as root")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Starts a host that does something with the store in ``tmp_path``; all are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *act: object) -> "subprocess.Popen[str]":
        command = [sys.executable, str(PROGRAM), str(act[0]), str(tmp_path), *map(str, act[1:])]
        started.append(
            subprocess.Popen(
                [*UNSHARE, "sh", "-c", 'hostname "$0" && exec "$@"', name, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().rstrip("\n")
    assert line, process.stderr.read()
    return line


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def ended(process: "subprocess.Popen[str]") -> None:
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors


def test_hosts_are_told_apart_by_name_and_wait_for_each_other(tmp_path: Path, host: Host) -> None:
    holder = host("hosta", "hold")
    assert told(holder) == "pid 1 on hosta"
    folder = artifact(tmp_path).folder
    with pytest.raises(LockTimeout, match=r"held by pid 1 on hosta: let that run end or stop it"):
        publish(artifact(tmp_path, lock_timeout=0), 2)
    other = host("hostb", "write_in_turn", 2, 1)
    assert len(names(folder / "versions")) == 1, "the draft of a live host stays"
    go_on(holder)
    ended(holder)
    ended(other)
    assert held_number(artifact(tmp_path)) == 2


def test_a_host_that_is_killed_with_the_lock_frees_it_and_its_draft_is_removed(
    tmp_path: Path, host: Host
) -> None:
    publish(artifact(tmp_path), 7)
    holder = host("hosta", "hold")
    told(holder)
    waiting = host("hostb", "write_in_turn", 8, 1)
    holder.kill()
    ended(waiting)
    target = artifact(tmp_path)
    assert held_number(target) == 8
    assert names(target.folder) == [".lock", "current", "versions"]
    assert [name[:6] for name in names(target.folder / "versions")] == ["000001", "000002"]


def test_writers_on_several_hosts_take_turns(tmp_path: Path, host: Host) -> None:
    writers = [host(f"host{n}", "write_in_turn", n * 100, 20) for n in (1, 2, 3)]
    for writer in writers:
        ended(writer)
    current = artifact(tmp_path).current()
    assert current is not None
    assert current.id.startswith("000060-"), "no number was given twice"


def test_a_reader_on_another_host_sees_whole_versions_in_order(tmp_path: Path, host: Host) -> None:
    publish(artifact(tmp_path, keep=1), 1)
    reader = host("hosta", "read_until", 60)
    assert told(reader) == "reading"
    writer = host("hostb", "publish_all", 2, 60)
    assert int(told(reader)) > 3, "versions changed while they were read"
    ended(writer)
    ended(reader)


def test_what_another_host_reads_is_not_pruned_until_it_ends_or_dies(tmp_path: Path, host: Host) -> None:
    target = artifact(tmp_path, keep=1)
    publish(target, 1)
    reader = host("hosta", "lease")
    assert told(reader) == "1"
    ended(host("hostb", "publish_all", 2, 4))
    go_on(reader)
    assert told(reader) == "1"
    assert [name[:6] for name in names(target.folder / "versions")] == ["000001", "000004"]
    reader.kill()
    reader.wait()
    ended(host("hostb", "publish_all", 5, 5))
    assert [name[:6] for name in names(target.folder / "versions")] == ["000005"]


def test_a_host_that_lost_its_lock_publishes_nothing(tmp_path: Path, host: Host) -> None:
    """A file server gives the locks of a host that it cannot reach to others, as a new lock file does."""
    target = artifact(tmp_path)
    publish(target, 7)
    lost = host("hosta", "cut_off")
    version = told(lost)
    (target.folder / ".lock").unlink()
    other = host("hostb", "cut_off")
    assert told(other) == version, "both make the same version"
    go_on(lost)
    assert "this host lost its lock" in told(lost)
    ended(lost)
    assert held_number(target) == 7
    go_on(other)
    ended(other)
    assert held_number(target) == 1
    assert [name[:6] for name in names(target.folder / "versions")] == ["000001", "000002"]
    assert fingerprint(1)[:8] in version
