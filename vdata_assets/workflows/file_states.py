"""Whether files outside the store changed, by size and time; none is opened."""

import os
from pathlib import Path


def file_state(file: Path | None) -> str:
    """Size and time of a file, so that a change of it is seen; empty for none or one that is missing."""
    if file is None or not file.is_file():
        return ""
    stat = file.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def tree_state(root: Path | None) -> str:
    """Digest of path, size and time of all files below a folder; empty for none or one that is missing."""
    from xxhash import xxh3_128

    if root is None or not root.is_dir():
        return ""
    digest = xxh3_128()
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            stat = os.lstat(os.path.join(folder, name))
            place = os.fsencode(os.path.relpath(os.path.join(folder, name), root))
            digest.update(b"%s\0%d\0%d\0" % (place, stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()
