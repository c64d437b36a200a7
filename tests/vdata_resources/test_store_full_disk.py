"""A disk that is really full: the error says so, the draft is gone, what was published stands."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from store_content import artifact, fingerprint, held_number, names, publish, write

from vdata_resources.store import Artifact, Draft, OutOfSpace

SmallDisk = Callable[[str], Path]
HINT = "free space or point VDATA_HOME elsewhere"
NOISE = np.random.default_rng(0).random(300_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Mounts a file system in memory with the given options, e.g. ``size=1m``."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("mounting a small file system needs root")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


def _bytes(folder: Path) -> None:
    (folder / "x.bin").write_bytes(NOISE.tobytes())


def _many_files(folder: Path) -> None:
    for number in range(1000):
        (folder / f"{number}.txt").write_text("x" * 4096)


def _parquet(folder: Path) -> None:
    pl.DataFrame({"x": NOISE}).write_parquet(folder / "x.parquet")


def _csv(folder: Path) -> None:
    pl.DataFrame({"x": NOISE}).write_csv(folder / "x.csv")


def _array(folder: Path) -> None:
    np.save(folder / "x.npy", NOISE)


def _picture(folder: Path) -> None:
    Image.fromarray((NOISE[:270_000] * 255).astype(np.uint8).reshape(300, 900)).resize((3000, 3000)).save(
        folder / "x.png"
    )


def _wrapped(folder: Path) -> None:
    try:
        _bytes(folder)
    except OSError as error:
        raise RuntimeError("could not save") from error


def _save(target: Artifact, number: int, save: Callable[[Path], None]) -> None:
    with target.draft(fingerprint(number)) as draft:
        save(draft.path)
        draft.publish({"number": number}, {})


@pytest.mark.parametrize("save", [_bytes, _many_files, _parquet, _csv, _array, _picture, _wrapped])
def test_a_full_disk_is_named_whoever_writes(small_disk: SmallDisk, save: Callable[[Path], None]) -> None:
    target = artifact(small_disk("size=1m"))
    publish(target, 1)
    with pytest.raises(OutOfSpace) as caught:
        _save(target, 2, save)
    assert str(caught.value).startswith(f"[Errno 28] No space left on device: {HINT}: '{target.folder}")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.__cause__ is not None
    assert held_number(target) == 1
    assert len(names(target.folder / "versions")) == 1
    publish(target, 3)
    assert held_number(target) == 3


@pytest.mark.parametrize("unit", ["nr_inodes", "nr_blocks"])
def test_the_disk_is_full_at_any_step(small_disk: SmallDisk, unit: str) -> None:
    """Limits from nothing left to just enough stop the writer at one step after the other."""
    folder = small_disk("size=10m")
    target = artifact(folder)
    publish(target, 1)
    usage = os.statvfs(folder)
    used = usage.f_files - usage.f_ffree if unit == "nr_inodes" else usage.f_blocks - usage.f_bfree
    stopped = 0
    for limit in count(used):
        subprocess.run(["mount", "-o", f"remount,{unit}={limit}", str(folder)], check=True)
        try:
            publish(target, 2)
        except OutOfSpace:
            stopped += 1
            assert held_number(target) == 1
        else:
            break
        assert len(names(target.folder / "versions")) == 1
    assert stopped >= 5
    assert held_number(target) == 2


def test_a_killed_writer_s_draft_that_fills_the_disk_is_removed_first(small_disk: SmallDisk) -> None:
    target = artifact(small_disk("size=1m"))
    publish(target, 1)
    left = target.folder / "versions" / f".draft-000002-{fingerprint(2)[:8]}"
    left.mkdir()
    with pytest.raises(OSError, match="No space left"):
        _bytes(left)
    publish(target, 3)
    assert held_number(target) == 3


@pytest.mark.parametrize(("published", "stands"), [(False, 1), (True, 2)], ids=["before", "after"])
def test_a_disk_that_fails_around_the_moment_of_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool, stands: int
) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    replace = os.replace

    def full(source: Path, link: Path) -> None:
        if published:
            replace(source, link)
        raise OSError(errno.ENOSPC, "No space left on device", str(link))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OutOfSpace):
            publish(target, 2)
    assert held_number(target) == stands
    assert len(names(target.folder / "versions")) == stands


def _to_full_device(_: Draft) -> None:
    Path("/dev/full").write_text("x")


def _over_quota(_: Draft) -> None:
    raise OSError(errno.EDQUOT, "Disk quota exceeded", "/home/me/x")


def _quota_in_words(_: Draft) -> None:
    raise RuntimeError("write error: Disk quota exceeded (os error 122)")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (_to_full_device, f"[Errno 28] No space left on device: {HINT}: '{{folder}}'"),
        (_over_quota, f"[Errno 122] Disk quota exceeded: {HINT}: '/home/me/x'"),
        (_quota_in_words, f"[Errno 122] Disk quota exceeded: {HINT}: '{{folder}}'"),
    ],
)
def test_the_message_names_the_file_or_the_artifact(
    tmp_path: Path, fill: Callable[[Draft], None], message: str
) -> None:
    target = artifact(tmp_path)
    publish(target, 1)
    with pytest.raises(OutOfSpace) as caught, target.draft(fingerprint(2)) as draft:
        fill(draft)
    assert str(caught.value) == message.format(folder=target.folder)
    assert not draft.path.exists()
    assert held_number(target) == 1


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), ValueError("bad row"), KeyError(28)]
)
def test_other_errors_pass_as_they_are(tmp_path: Path, error: Exception) -> None:
    target = artifact(tmp_path)
    with pytest.raises(type(error)) as caught, target.draft(fingerprint(2)) as draft:
        write_and_fail(draft, error)
    assert caught.value is error
    assert names(target.folder / "versions") == []


def write_and_fail(draft: Draft, error: Exception) -> None:
    write(draft, 2)
    raise error
