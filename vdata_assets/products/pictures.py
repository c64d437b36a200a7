"""The pictures of products: bytes that the source holds, and files under the root."""

import os
import posixpath
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl
import xxhash

from vdata_assets.catalog.listing import list_files
from vdata_assets.products.sources import Log
from vdata_resources.images import UnreadableImage, probe
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

FOLDER = "pictures"
EXTENSIONS = {"JPEG": "jpg", "JPEG2000": "jp2"}
LONGEST_SHOWN = 120

EMBEDDED_COLUMNS = {
    "embedded": pl.Boolean,
    "picture": pl.String,
    "content_hash": pl.String,
    "width": pl.UInt32,
    "height": pl.UInt32,
    "reason": pl.String,
}
PLACES = {"path": pl.String, "picture": pl.String, "reason": pl.String}


class Content(NamedTuple):
    """What a picture's bytes are; as the columns of the same names."""

    content_hash: str
    width: int | None
    height: int | None
    format: str | None
    reason: str | None


class EmbeddedPictures:
    """Pictures out of a source, each content written once as ``pictures/<2 digits>/<hash>.<format>``."""

    def __init__(self, out: Path, total: int, log: Log) -> None:
        self._out = out
        self._written: set[str] = set()
        self._progress = Progress("products: pictures", total, "rows", log)

    def add(self, pictures: Sequence[bytes | None]) -> pl.DataFrame:
        """Write the pictures of some rows.

        Args:
            pictures: the bytes, or None for a row that has none.

        Returns:
            The columns of ``EMBEDDED_COLUMNS``, in order. Bytes that are no picture are not written.
        """
        held = (data for data in pictures if data is not None)
        contents = ordered_map(content_of, held, chunk=8)
        rows = [self._row(data, contents) for data in pictures]
        self._progress.advance(len(rows))
        return pl.DataFrame(rows, schema=EMBEDDED_COLUMNS, orient="row")

    def _row(self, data: bytes | None, contents: Iterator[Content]) -> tuple[object, ...]:
        if data is None:
            return (False, *[None] * 5)
        content = next(contents)
        name = content.content_hash
        picture = None
        if content.format is not None:
            extension = EXTENSIONS.get(content.format, content.format.lower())
            picture = f"{FOLDER}/{name[:2]}/{name}.{extension}"
            if name not in self._written:
                file = self._out / picture
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
                self._written.add(name)
        return True, picture, name, content.width, content.height, content.reason


def content_of(data: bytes) -> Content:
    """What a picture's bytes are, by their hash and header."""
    name = xxhash.xxh3_128_hexdigest(data)
    try:
        header = probe(data)
    except UnreadableImage as error:
        return Content(name, None, None, None, error.reason)
    return Content(name, header.width, header.height, header.format, None)


def located(root: Path, paths: Iterable[str], find: Literal["path", "name"]) -> pl.DataFrame:
    """Where the files are that a source's paths name; no file is opened.

    A path that is absolute, has ``..``, a backslash or a NUL is refused, and so is a link that leaves root.

    Args:
        root: that the paths are relative to.
        paths: as the source has them, distinct.
        find: ``path``: the path is taken as it is; ``name``: its last part is looked up among the names, or
            else the stems, of all image files under root.

    Returns:
        Columns path; picture: relative to root, null where it must not be opened; reason: why not, else null.
    """
    place = _by_name(root) if find == "name" else _by_path(root)
    rows = []
    for path in paths:
        refused = refusal(path)
        picture, reason = (None, refused) if refused else place(posixpath.normpath(path))
        rows.append((path, picture, reason))
    return pl.DataFrame(rows, schema=PLACES, orient="row")


def refusal(path: str) -> str | None:
    """Why a path of a source is not looked at, if so."""
    if "\0" in path:
        fault = "has a NUL"
    elif "\\" in path:
        fault = "has a backslash: write /"
    elif path.startswith("/"):
        fault = "is absolute: write it relative to the root"
    elif ".." in path.split("/"):
        fault = "has ..: write it relative to the root"
    else:
        return None
    return f"the picture's path {_shown(path)} {fault}"


class _Place(NamedTuple):
    picture: str | None
    reason: str | None


_Finder = Callable[[str], _Place]


def _by_path(root: Path) -> _Finder:
    real_root = os.path.realpath(root)

    @cache
    def leaves(path: str) -> bool:
        return not Path(os.path.realpath(root / path)).is_relative_to(real_root)

    def place(path: str) -> _Place:
        if leaves(posixpath.dirname(path)):
            return _Place(None, f"the picture's path {_shown(path)} leaves the root by a link")
        try:
            mode = os.lstat(root / path).st_mode
            if stat.S_ISLNK(mode):
                if leaves(path):
                    return _Place(None, f"the picture {_shown(path)} is a link that leaves the root")
                mode = os.stat(root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return _Place(None, f"there is no file {_shown(path)} under the root")
        except OSError as error:
            return _Place(None, f"the file {_shown(path)} cannot be read: {error.strerror}")
        # A pipe or device would block whoever opens it.
        if not stat.S_ISREG(mode):
            return _Place(None, f"{_shown(path)} is no regular file")
        return _Place(path, None)

    return place


def _by_name(root: Path) -> _Finder:
    names: dict[str, list[_Place]] = defaultdict(list)
    stems: dict[str, list[_Place]] = defaultdict(list)
    for folder in list_files(root).folders:
        there = [(name, _Place(folder.prefix + name, None)) for name in folder.images]
        there += [(name, _Place(None, f"the picture {_shown(name)}: {why}")) for name, why in folder.refused]
        for name, entry in there:
            names[name].append(entry)
            stems[posixpath.splitext(name)[0]].append(entry)

    def place(path: str) -> _Place:
        name = posixpath.basename(path)
        found = names.get(name) or stems.get(name) or []
        if len(found) == 1:
            return found[0]
        return _Place(None, f"{len(found) or 'no'} files named {_shown(name)} under the root: one is needed")

    return place


def _shown(path: str) -> str:
    return repr(path if len(path) <= LONGEST_SHOWN else f"{path[:LONGEST_SHOWN]}...")
