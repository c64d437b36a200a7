"""Names in the store: of datasets, assets and partitions, and the ids of versions."""

import re

VERSIONS = "versions"
REJECTED = "rejected"
CURRENT = "current"
SCRATCH = "scratch"
MANIFEST = "manifest.json"
REPORT = "report.json"

# A partition's folder stands beside these when its asset was once published without partitions.
RESERVED = frozenset({VERSIONS, REJECTED, CURRENT, SCRATCH})

_MAX_BYTES = 200
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]|\.\.|^\.|^$")
_ID = re.compile(r"(\d{6,})-[0-9a-f]{8}")
_FINGERPRINT = re.compile(r"[0-9a-f]{8,}")


def check_name(kind: str, name: str) -> str:
    """The name, if it can be a folder of the store.

    Args:
        kind: what is named, e.g. ``"dataset"``; for the message.
        name: the name.

    Raises:
        ValueError: it is empty, starts with a dot, holds a slash, a backslash, two dots in a row or a
            control character, is longer than 200 bytes, or is a partition named as the store's own folders.
    """
    if _FORBIDDEN.search(name) or len(name.encode(errors="surrogateescape")) > _MAX_BYTES:
        raise ValueError(
            f"{kind} {name!r} cannot be a folder name: use 1 to {_MAX_BYTES} bytes, no leading dot, "
            "no '..', no slash, backslash or control character"
        )
    if kind == "partition" and name in RESERVED:
        raise ValueError(
            f"partition {name!r} is one of the store's own folders: {', '.join(sorted(RESERVED))}"
        )
    return name


def check_fingerprint(fingerprint: str) -> str:
    """The fingerprint, if it is one.

    Raises:
        ValueError: it is no lower-case hexadecimal digest of at least 8 digits.
    """
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(
            f"fingerprint {fingerprint!r} is not a lower-case hexadecimal digest of 8 digits or more"
        )
    return fingerprint


def version_id(number: int, fingerprint: str) -> str:
    """The id of an artifact's version: its sequence number and the start of its fingerprint."""
    return f"{number:06d}-{fingerprint[:8]}"


def version_number(name: str) -> int | None:
    """The sequence number in a version's id, or None if the name is not an id."""
    match = _ID.fullmatch(name)
    return int(match[1]) if match else None
