"""Locks of the kernel (``flock``): one writer an artifact, and leases that keep versions from pruning."""

import errno
import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vdata_resources.store.errors import FULL, LockTimeout
from vdata_resources.store.shared import GONE, check_mount, look_again

LOCK = ".lock"
HOLDER = ".lock.holder"

_POLL_SECONDS = 0.1
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)

_log = logging.getLogger(__name__)


@contextmanager
def writer_lock(folder: Path, timeout: float) -> Iterator[None]:
    """Holds the lock of an artifact's folder; the kernel frees it if the process dies.

    Args:
        folder: the artifact's folder; it exists.
        timeout: seconds to wait for another writer.

    Raises:
        LockTimeout: names the lock file and the process that holds it.
        OSError: the file system gives no locks, or none that other hosts see.
    """
    check_mount(folder)
    path = folder / LOCK
    with _acquired(path, timeout):
        look_again(folder)
        try:
            _name_holder(folder / HOLDER)
            yield
        finally:
            (folder / HOLDER).unlink(missing_ok=True)


def _acquired(path: Path, timeout: float) -> AbstractContextManager[object]:
    # A marker file, filelock's answer to a file system without flock, would outlive a killed writer.
    lock = FileLock(path, fallback_to_soft=False, preserve_lock_file=True, poll_interval=_POLL_SECONDS)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        _log.warning("waiting up to %g s for %s, held by %s", timeout, path, _holder(path))
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise OSError(
            error.errno,
            f"{os.strerror(error.errno)}: this file system gives no flock locks; "
            "mount it with them or point VDATA_HOME elsewhere",
            str(path),
        ) from error
    try:
        return lock.acquire(timeout=timeout)
    except Timeout:
        raise LockTimeout(
            f"waited {timeout:g} s for {path}, held by {_holder(path)}: "
            "let that run end or stop it, then try again"
        ) from None


def _name_holder(file: Path) -> None:
    try:
        file.write_text(f"pid {os.getpid()} on {socket.gethostname()}")
    except OSError as error:
        # On a full disk the writer goes on: what it cleans up first may be what fills the disk.
        if error.errno not in FULL:
            raise


def _holder(path: Path) -> str:
    try:
        return path.with_name(HOLDER).read_text() or "an unknown process"
    except OSError as error:
        if error.errno not in GONE:
            raise
        return "an unknown process"


@contextmanager
def lease(manifest: Path) -> Iterator[bytes]:
    """Keeps the manifest's version from being pruned while the block lasts; gives the manifest's content.

    Raises:
        FileNotFoundError: the version is gone, or went while the lease was taken.
        OSError: it went on another host (ESTALE).
    """
    with manifest.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        # A pruner, maybe on another host, may have moved the version away between the two lines above.
        look_again(manifest.parent.parent)
        manifest.stat()
        try:
            yield file.read()
        finally:
            # Closing alone would leave the lock to processes forked meanwhile.
            fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def if_unleased(manifest: Path) -> Iterator[bool]:
    """Whether nobody holds a lease on the version, and nobody can take one until the block ends."""
    # Network file systems grant an exclusive lock only on a file that is open for writing.
    with manifest.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
