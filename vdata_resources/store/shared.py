"""What differs on a file system that several hosts share: caches, stale handles, locks of one host alone."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# A network file system's word for a file that another host removed while it was open or cached here.
GONE = (errno.ENOENT, errno.ESTALE)

MOUNTS = Path("/proc/self/mountinfo")

# Options with which a lock holds on the host that took it alone, or (nocto) with which a host may not
# see for a minute what others wrote. nfs(5), mount.lustre(8), mount.cifs(8).
_UNSAFE_OPTIONS = {
    "nfs": {"nolock", "local_lock=all", "local_lock=flock", "nocto"},
    "nfs4": {"nolock", "local_lock=all", "local_lock=flock", "nocto"},
    "lustre": {"localflock"},
    "cifs": {"nobrl"},
    "smb3": {"nobrl"},
}
# They replace files in steps, and lock on one host alone, whatever the options.
_UNSAFE_TYPES = {"fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone"}


_LOCAL_TYPES = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}


def look_again(folder: Path) -> bool:
    """Have a network file system ask its server what is in a folder now; whether the folder is there.

    Until a folder is opened, NFS may answer for a minute from its cache, also that there is no such
    folder (nfs(5), "close-to-open cache consistency"). Elsewhere this costs microseconds.
    """
    if _opened(folder):
        return True
    return folder.parent != folder and look_again(folder.parent) and _opened(folder)


def _opened(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except NotADirectoryError:
        return False
    except OSError as error:
        if error.errno not in GONE:
            raise
        return False
    return True


def check_mount(folder: Path) -> None:
    """Refuse a file system whose locks other hosts do not see: two writers would delete each other's work.

    Args:
        folder: an existing folder of the store.

    Raises:
        OSError: names the mount point, its type and the option to change.
    """
    mount = _mount_of(folder)
    if mount is None:
        return
    unsafe = sorted(mount.options & _UNSAFE_OPTIONS.get(mount.kind, set()))
    if unsafe:
        remedy = f"mount it without {', '.join(unsafe)}"
    elif mount.kind in _UNSAFE_TYPES:
        remedy = "for object storage set VDATA_PUBLISH_TO"
    else:
        return
    raise OSError(
        errno.ENOLCK,
        f"{mount.point} is a {mount.kind} file system whose locks or files other hosts do not see in time; "
        f"{remedy}, or point VDATA_HOME elsewhere (deploy/storage.md)",
        str(folder),
    )


def sqlite_journal(folder: Path) -> Literal["WAL", "DELETE"]:
    """The journal with which several processes may write an SQLite file in this existing folder.

    The write-ahead log is the quicker one, but its index is memory that all writers share, so they must be on
    one host (sqlite.org/wal.html).
    """
    mount = _mount_of(folder)
    return "WAL" if mount is None or mount.kind in _LOCAL_TYPES else "DELETE"


@dataclass(frozen=True)
class _Mount:
    point: str
    kind: str
    options: frozenset[str]


def _mount_of(folder: Path) -> _Mount | None:
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in MOUNTS.read_text(errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, super_options) = before.split(" "), after.split(" ", 2)
        if fields[2] == number:
            return _Mount(fields[4], kind, frozenset({*fields[5].split(","), *super_options.split(",")}))
    return None
