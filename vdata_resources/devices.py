"""The GPUs of this machine: which there are, and one of them for each step that is at work.

A device is known by its UUID, which stays the same however a scheduler, a container or CUDA_VISIBLE_DEVICES
renumbers. A lease is a kernel lock (``flock``), so a killed process gives its device back.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

Device = Literal["auto", "cpu", "cuda"]
VISIBLE = "CUDA_VISIBLE_DEVICES"
GPUS_TAG = "vdata/gpus"
"""Tag of a step: how many GPUs it asks for."""

_POLL_SECONDS = 1.0
_LISTED = re.compile(r"\(UUID: ((?:GPU|MIG)-[0-9A-Za-z/-]+)\)")
_log = logging.getLogger(__name__)
# CUDA reads CUDA_VISIBLE_DEVICES once: what a process had first, it keeps.
_bound: list[str] = []


class GpuUnavailable(RuntimeError):  # noqa: N818 - it describes the environment
    """A step demands a GPU where there is none. The message names the setting to change."""


def present_gpus() -> list[str]:
    """UUIDs of the devices that this process may use, in the driver's order; of a divided GPU, its parts.

    Raises:
        RuntimeError: the driver does not answer, or CUDA_VISIBLE_DEVICES names what is not there.
    """
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60)  # noqa: S607
    except FileNotFoundError:
        return []
    if listed.returncode:
        said = (listed.stdout + listed.stderr).strip()
        # The client is installed and there is no device: a machine like any other without a GPU.
        if "No devices were found" in said or "couldn't communicate with the NVIDIA driver" in said:
            return []
        raise RuntimeError(f"nvidia-smi -L failed with {listed.returncode}: {said}")
    whole: list[list[str]] = []
    for line in listed.stdout.splitlines():
        found = _LISTED.search(line)
        if found and found[1].startswith("GPU-"):
            whole.append([found[1]])
        elif found and whole:
            whole[-1].append(found[1])
    return _visible([gpu[1:] or gpu for gpu in whole])


def _visible(gpus: Sequence[Sequence[str]]) -> list[str]:
    """Those of the driver's devices that CUDA_VISIBLE_DEVICES lets this process see."""
    everything = [part for gpu in gpus for part in gpu]
    wanted = os.environ.get(VISIBLE)
    if wanted is None:
        return everything
    chosen = []
    for name in filter(None, (name.strip() for name in wanted.split(","))):
        if name == "-1" or name.lower() in ("nodevfiles", "void"):
            break  # As CUDA has it: what comes after is not seen.
        if name.isdigit() and int(name) < len(gpus):
            chosen.append(gpus[int(name)][0])
            continue
        named = [part for part in everything if part.startswith(name)]
        if len(named) != 1:
            raise RuntimeError(
                f"{VISIBLE}: {name!r} of {wanted!r} is none of {', '.join(everything) or 'none'}"
            )
        chosen += named
    return chosen


@contextmanager
def leased_gpu(device: Device, setting: str, folder: Path | None = None) -> Iterator[str | None]:
    """One GPU for this process alone while the block lasts, as its only one in CUDA_VISIBLE_DEVICES.

    Waits, and says so, while every device of the machine is at work in another process that asks here.

    Args:
        device: ``cpu`` takes none; ``auto`` takes none where there is none; ``cuda`` demands one.
        setting: name of the setting that ``device`` comes from, for the error.
        folder: of the locks; one of this machine and user unless given.

    Yields:
        The device's UUID, or None.

    Raises:
        GpuUnavailable: ``cuda``, and there is none.
    """
    gpus = [] if device == "cpu" else present_gpus()
    if not gpus:
        if device == "cuda":
            raise GpuUnavailable(
                f"{setting}: 'cuda' is set and this machine has no GPU: "
                "set 'auto' or 'cpu', or run where there is one"
            )
        yield None
        return
    lock, uuid = _first_free([gpu for gpu in gpus if gpu in _bound] or gpus, folder or _lock_folder())
    _bound[:] = [uuid]
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = uuid
    try:
        yield uuid
    finally:
        if before is None:
            del os.environ[VISIBLE]
        else:
            os.environ[VISIBLE] = before
        lock.release()


def _lock_folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"vdata-gpus-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise RuntimeError(
            f"{folder} is not a folder of this user: remove it, or set TMPDIR to a folder of yours"
        )
    return folder


def _first_free(gpus: Sequence[str], folder: Path) -> tuple[FileLock, str]:
    waiting = False
    while True:
        for uuid in gpus:
            lock = FileLock(folder / f"{uuid.replace('/', '_')}.lock", preserve_lock_file=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock, uuid
        if not waiting:
            _log.warning("every GPU of this machine is at work (%s): waiting for one", ", ".join(gpus))
            waiting = True
        time.sleep(_POLL_SECONDS)


def pool_slots() -> int:
    """How many steps of the pool ``gpu`` run at a time: one a device, and one where there is none."""
    return max(1, len(present_gpus()))


if __name__ == "__main__":
    sys.stdout.write(f"{pool_slots()}\n")
