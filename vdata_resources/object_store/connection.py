"""How object storage is reached: fsspec's file system of a URL, with bounded patience and memory."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Objects that are sent or fetched at a time, and how much of a large one at once: at most 16 x 4 x 8 MiB.
WORKERS = 16
PARTS = 4
PART = 8 * 2**20

# Five rounds of s3fs, with growing waits, of two attempts each (measured): a closed port is given up after
# 2 s, a host that lets nobody in after 20 s, one that takes a request and never answers after 160 s.
_S3: dict[str, Any] = {
    "max_concurrency": PARTS,
    "default_block_size": PART,
    "use_listings_cache": False,
    "config_kwargs": {
        "max_pool_connections": WORKERS * PARTS,
        "retries": {"total_max_attempts": 2, "mode": "standard"},
    },
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": _S3,
    "s3a": _S3,
    "gs": {"use_listings_cache": False},
    "gcs": {"use_listings_cache": False},
    "file": {"auto_mkdir": True},
    "local": {"auto_mkdir": True},
}


def check_url(url: str) -> str:
    """The URL, if it is one of a place and no more.

    Raises:
        ValueError: it has no scheme, or holds credentials, options or a chain; it is not repeated then.
    """
    scheme, separator, rest = url.partition("://")
    if "@" in rest or "?" in rest or "#" in rest:
        raise ValueError(
            "VDATA_PUBLISH_TO holds credentials or options: write s3://bucket/prefix alone, "
            "credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if not separator or not scheme or not rest.strip("/") or "::" in url or ".." in rest.split("/"):
        raise ValueError(f"VDATA_PUBLISH_TO {url!r} is no place in object storage: write s3://bucket/prefix")
    return url.rstrip("/")


def connect(url: str) -> "tuple[AbstractFileSystem, str]":
    """The file system of a URL, and the URL's path in it. Instances are shared by fsspec, a process each.

    Raises:
        ValueError: there is no file system of this scheme, or its package is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        file_system, path = url_to_fs(url, **_OPTIONS.get(urlsplit(url).scheme, {}))
    except (ImportError, ValueError) as error:
        raise ValueError(
            f"VDATA_PUBLISH_TO {url}: {error}; for s3:// install vdata's extra `team`"
        ) from error
    return file_system, path.rstrip("/")
