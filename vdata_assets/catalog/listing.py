"""What lies under a dataset's root, whatever its layout: one walk, no file opened."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import xxhash

# What a file's name says that its bytes are, as Pillow names it.
EXTENSIONS = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "bmp": "BMP",
    "webp": "WEBP",
    "tiff": "TIFF",
    "tif": "TIFF",
    "gif": "GIF",
}
IGNORED_FOLDERS = frozenset({"__MACOSX"})

# <split>/<category>/<concept>/<negatives>: a linked folder any deeper is in no layout, and not following
# it bounds the walk however the links are knotted.
DEEPEST_LINK = 4


@dataclass(frozen=True)
class Folder:
    """A folder that holds image files.

    Attributes:
        parts: names of the folders from the root down to this one; empty for the root itself.
        images: names of its image files that can be opened.
        refused: name and reason of image files that must not or cannot be opened.
    """

    parts: tuple[str, ...]
    images: list[str]
    refused: list[tuple[str, str]]

    @property
    def prefix(self) -> str:
        """What stands before a file's name in its path relative to the root."""
        return "".join(f"{part}/" for part in self.parts)


@dataclass
class Listing:
    """All that one walk found. Names are as the file system gives them: see :func:`display`.

    Attributes:
        folders: folders with image files, in no particular order.
        problems: path and problem of folders that were not entered.
        other_files: files that are no images by their extension or are hidden; a hidden folder or a
            ``__MACOSX`` folder counts as one.
    """

    folders: list[Folder] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    other_files: int = 0


def display(name: str) -> str:
    r"""The name as valid text: bytes that are not UTF-8 are shown as ``\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_image_name(name: str) -> bool:
    """Whether the file's extension, in any case, is one of :data:`EXTENSIONS`."""
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in EXTENSIONS


def list_files(root: str | Path) -> Listing:
    """Walk the tree under ``root`` once.

    Links are followed as long as they stay inside the root. A linked folder that leaves the root, leads
    back to a folder above itself or stands deeper than any layout reaches is a problem, not entered.

    Raises:
        ValueError: ``root`` is missing, is no folder or cannot be listed.
    """
    _require_folder(root)
    listing = Listing()
    todo: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), (os.path.realpath(root),))]
    while todo:
        parts, real_folders = todo.pop()
        try:
            with os.scandir(os.path.join(root, *parts)) as entries:
                todo += _take(entries, parts, real_folders, listing)
        except OSError as error:
            if not parts:
                raise ValueError(f"root: {root} cannot be listed: {error.strerror}") from error
            listing.problems.append(("/".join(parts), f"the folder cannot be listed: {error.strerror}"))
    return listing


def listing_digest(root: str | Path) -> str:
    """A data version of the raw tree: 32 hex digits over the image files' paths, sizes and times.

    It changes when an image file is added, removed, renamed or written (size or mtime in nanoseconds),
    and with nothing else: not with the order in which the file system lists, nor with hidden and other
    files. No file is opened.

    Raises:
        ValueError: ``root`` is missing, is no folder or cannot be listed.
    """
    listing = list_files(root)
    lines = sorted([*_stamps(os.fspath(root), listing), *(_line(*problem) for problem in listing.problems)])
    digest = xxhash.xxh3_128()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _stamps(root: str, listing: Listing) -> Iterator[bytes]:
    for folder in listing.folders:
        for path in map(folder.prefix.__add__, folder.images):
            yield _line(path, _stamp(f"{root}/{path}"))
        for name, reason in folder.refused:
            yield _line(folder.prefix + name, reason)


def _stamp(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError as error:  # gone since it was listed, or in a folder that may be listed but not entered
        return str(error.strerror)
    return f"{stat.st_size}\x00{stat.st_mtime_ns}"


def _line(path: str, stamp: str) -> bytes:
    # A NUL can stand in no path, so no two different listings give the same bytes.
    return os.fsencode(f"{path}\x00{stamp}\x00")


def _require_folder(root: str | Path) -> None:
    wanted = "set it to the folder that holds the images as <category>/<concept>/"
    if not os.path.exists(root):
        raise ValueError(f"root: {root} does not exist: {wanted}")
    if not os.path.isdir(root):
        raise ValueError(f"root: {root} is a file: {wanted}")


def _take(
    entries: Iterable["os.DirEntry[str]"],
    parts: tuple[str, ...],
    real_folders: tuple[str, ...],
    listing: Listing,
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Put a folder's entries into the listing; the folders to enter, with where they and those above are."""
    folder = Folder(parts, [], [])
    enter = []
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name in IGNORED_FOLDERS:
            listing.other_files += 1
        # DirEntry.is_dir raises on a link that leads to itself; os.path.isdir says no.
        elif os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir():
            problem, real = _where(entry, real_folders)
            if problem:
                listing.problems.append(("/".join((*parts, name)), problem))
            else:
                enter.append(((*parts, name), (*real_folders, real)))
        elif not is_image_name(name):
            listing.other_files += 1
        elif reason := _refusal(entry, parts, real_folders[0]):
            folder.refused.append((name, reason))
        else:
            folder.images.append(name)
    if folder.images or folder.refused:
        listing.folders.append(folder)
    return enter


def _inside(real: str, folder: str) -> bool:
    return real == folder or real.startswith(folder.rstrip("/") + "/")


def _where(entry: "os.DirEntry[str]", real_folders: tuple[str, ...]) -> tuple[str | None, str]:
    """Why a folder is not entered, if so, and where it really is."""
    if not entry.is_symlink():
        return None, f"{real_folders[-1]}/{entry.name}"
    real = os.path.realpath(entry.path)
    if not _inside(real, real_folders[0]):
        return "a linked folder that leaves the root is not followed: copy the folder into the root", real
    if any(_inside(above, real) for above in real_folders):
        return "a linked folder that leads back to a folder above it is not followed: remove the link", real
    if len(real_folders) > DEEPEST_LINK:
        return "a linked folder this deep is in no layout and is not followed: remove the link", real
    return None, real


def _refusal(entry: "os.DirEntry[str]", parts: tuple[str, ...], real_root: str) -> str | None:
    """Why an image file must not be opened, if so."""
    if not all(map(_is_utf8, (*parts, entry.name))):
        return "its path is not UTF-8"
    if entry.is_symlink():
        if not os.path.exists(entry.path):
            return "a link that leads nowhere"
        if not _inside(os.path.realpath(entry.path), real_root):
            return "a link that leaves the root"
    # A pipe or device would block whoever opens it.
    return None if entry.is_file() else "not a regular file"


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
