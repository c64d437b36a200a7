"""Writing so that what was written is still there after a power cut."""

import ctypes
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

# Files from which on their file system is synced as a whole: each sync of a file waits for the journal,
# a millisecond on a fast disk.
BULK = 64

_log = logging.getLogger(__name__)


def sync(path: Path) -> None:
    """Put a file's bytes, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: Path) -> int:
    """0, or the number of the error. By syncfs(2): Python has sync(2) alone, for all file systems."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return ctypes.get_errno() if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) else 0
    finally:
        os.close(descriptor)


def sync_all(folder: Path, files: Sequence[Path]) -> None:
    """Put files of a folder on the disk; many by syncing their file system first, all at once.

    Each file is synced all the same, which is quick then: only that tells for certain that the disk has it.

    Raises:
        OSError: the disk could not take what was written.
    """
    if len(files) >= BULK and (code := _sync_file_system(folder)):
        raise OSError(code, os.strerror(code), str(folder))
    for file in files:
        sync(file)


def write(path: Path, content: bytes) -> None:
    """Write a file and put it on the disk; its folder's entry is the caller's to sync."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and the folders above it, each entry on the disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, both folders' entries on the disk."""
    os.rename(source, target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def discard(folder: Path) -> None:
    """Delete a folder that no reader can reach; what cannot be deleted now is left to the next writer.

    A network file system keeps deleted files as long as a process has them open, which must not fail a
    publication that has already happened.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        _log.warning("could not delete %s, the next writer tries again: %s", folder, error)
