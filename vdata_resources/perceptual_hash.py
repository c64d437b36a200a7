"""Perceptual hashes: images that look alike differ in few of 64 bits."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from vdata_resources.images import UnreadableImage, load_luma
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

HASH_SIDE = 8
DECODED_SIDE = 64  # twice what the hash looks at
COMMIT_EVERY = 256
LOCK_SECONDS = 60.0
# The name states the method, so a cache of another one is never read.
TABLE = f"phash_{HASH_SIDE}x{HASH_SIDE}_of_{DECODED_SIDE}_luma"


def perceptual_hash(image: Image.Image) -> int:
    """The 64-bit DCT hash (pHash, hackerfactor.com 2011; ``imagehash.phash``) as an unsigned integer.

    On a flat picture, whose frequencies are all near their median, bits are arbitrary: decoding a JPEG at
    another scale may flip several, where a photo changes by 4 at most.
    """
    from imagehash import phash

    return int(str(phash(image, hash_size=HASH_SIDE)), 16)


def perceptual_hash_of(source: Path | bytes) -> int:
    """The hash of an image file, a JPEG decoded at 1/2, 1/4 or 1/8 of its size where it is large enough.

    Raises:
        UnreadableImage: the file cannot be read or decoded.
    """
    return perceptual_hash(load_luma(source, DECODED_SIDE))


def hamming(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The number of differing bits, 0 to 64, of uint64 hashes, elementwise with broadcasting."""
    return np.bitwise_count(np.bitwise_xor(np.asarray(a, np.uint64), np.asarray(b, np.uint64)))


def perceptual_hashes(
    files: Mapping[str, Path],
    cache: Path,
    workers: int | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> dict[str, int | None]:
    """The perceptual hash of every file, in the order of ``files``, decoding only what is not in the cache.

    Several processes may share the cache, and one that is killed loses at most the last 256 hashes.

    Args:
        files: content hash -> a file with that content.
        cache: SQLite file, made if it is missing; its folder too.
        workers: decoding threads; None for one a core.
        log: where progress goes.

    Returns:
        Content hash -> hash; None where the file cannot be decoded, which is not cached.

    Raises:
        ValueError: ``cache`` is not an SQLite file.
    """
    cache.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(cache, timeout=LOCK_SECONDS)) as connection:
        known = _known(connection, cache, files)
        missing = [content for content in files if content not in known]
        progress = Progress("perceptual hash", len(missing), "images", log)
        fresh: list[tuple[str, str]] = []
        hashes = ordered_map(_hash_of_file, (files[content] for content in missing), workers)
        for content, value in zip(missing, hashes, strict=True):
            known[content] = value
            if value is not None:
                fresh.append((content, f"{value:016x}"))
            if len(fresh) == COMMIT_EVERY:
                _remember(connection, fresh)
                fresh = []
            progress.advance()
        _remember(connection, fresh)
    return {content: known[content] for content in files}


def _hash_of_file(path: Path) -> int | None:
    try:
        return perceptual_hash_of(path)
    except UnreadableImage:
        return None


def _known(connection: sqlite3.Connection, cache: Path, files: Mapping[str, Path]) -> dict[str, int | None]:
    try:
        with connection:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (content TEXT PRIMARY KEY, hash TEXT NOT NULL)"
            )
        return dict(_rows(connection, list(files)))
    except sqlite3.OperationalError:  # locked for a minute, disk full: not the file's fault
        raise
    except sqlite3.DatabaseError as error:
        raise ValueError(f"cache: {cache} is no cache of perceptual hashes ({error}): delete it") from error


def _rows(connection: sqlite3.Connection, contents: Sequence[str]) -> Iterator[tuple[str, int]]:
    query = f"SELECT hash FROM {TABLE} WHERE content = ?"  # noqa: S608 - the table's name is ours
    for content in contents:
        for (value,) in connection.execute(query, (content,)):
            yield content, int(value, 16)


def _remember(connection: sqlite3.Connection, rows: Sequence[tuple[str, str]]) -> None:
    with connection:
        connection.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?)", rows)  # noqa: S608
