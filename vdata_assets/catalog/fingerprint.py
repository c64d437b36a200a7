"""What one image file is, from one read of it. Imports little: every scanning process loads it."""

from collections.abc import Iterable
from hashlib import blake2b
from os import fsencode
from typing import NamedTuple

import xxhash

from vdata_resources.images import UnreadableImage, probe


class Fingerprint(NamedTuple):
    """A file's identity and header; the columns of the same names in the catalog's table."""

    image_id: str
    content_hash: str | None
    width: int | None
    height: int | None
    format: str | None
    bytes: int | None
    reason: str | None


def image_id(path: str, content_hash: str | None) -> str:
    """32 hex digits of blake2b over the relative path, as the file system has it, and the content hash."""
    return blake2b(fsencode(path) + b"\x1f" + (content_hash or "").encode(), digest_size=16).hexdigest()


def unopened(path: str, reason: str) -> Fingerprint:
    """The fingerprint of a file that is not or cannot be opened."""
    return Fingerprint(image_id(path, None), None, None, None, None, None, reason)


def fingerprint(root: str, path: str) -> Fingerprint:
    """Read a file once; hash its bytes and read its header. A bad file gets a reason, no exception.

    Args:
        root: the dataset's root.
        path: relative to the root.
    """
    try:
        with open(f"{root}/{path}", "rb", buffering=0) as file:
            data = file.readall()
    except OSError as error:
        return unopened(path, f"the file cannot be read: {error.strerror}")
    content_hash = xxhash.xxh3_128_hexdigest(data)
    key = image_id(path, content_hash)
    try:
        header = probe(data)
    except UnreadableImage as error:
        return Fingerprint(key, content_hash, None, None, None, len(data), error.reason)
    return Fingerprint(key, content_hash, header.width, header.height, header.format, len(data), None)


def fingerprints(root: str, paths: Iterable[str]) -> list[Fingerprint]:
    """The fingerprint of each file, in order."""
    return [fingerprint(root, path) for path in paths]
