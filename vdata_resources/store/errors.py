"""What can go wrong in the store; each message says what to do about it."""
# ruff: noqa: N818 (the names say what is the case, as the domain puts it)

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotPublished(LookupError):
    """The artifact has no published version."""


class DamagedVersion(RuntimeError):
    """Something other than the store changed or removed files of a published version."""


class LockTimeout(TimeoutError):
    """Another writer held the artifact's lock for longer than the time-out."""


class OutOfSpace(OSError):
    """The disk or the quota was full while a draft was written; what was published still stands."""


FULL = (errno.ENOSPC, errno.EDQUOT)

# Libraries in Rust and C++ (polars, faiss) pass on the system's text without its number, and numpy says
# only how many items fitted.
_SAYS_FULL = {
    **{re.escape(os.strerror(code)): code for code in FULL},
    r"\d+ requested and \d+ written": errno.ENOSPC,
}


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Raises any error that a full disk or quota caused, whatever library met it, as OutOfSpace.

    Args:
        folder: what is being written; named where the error names no file.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OutOfSpace) or (full := _full_disk(error)) is None:
            raise
        number, path = full
        raise OutOfSpace(
            number, f"{os.strerror(number)}: free space or point VDATA_HOME elsewhere", str(path or folder)
        ) from error


def _full_disk(error: BaseException | None) -> tuple[int, str | None] | None:
    """The number and the file of the first error in the chain of causes that says that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return error.errno, error.filename
        for text, number in _SAYS_FULL.items():
            if getattr(error, "errno", None) is None and re.search(text, str(error)):
                return number, None
        error = error.__cause__ or error.__context__
    return None
