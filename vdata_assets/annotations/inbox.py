"""The inbox: a folder that export ZIPs are dropped into, each one partition."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_128_hexdigest

from vdata_assets.catalog.partitions import own_key

ENDING = ".zip"
VIDEOS = "videos"
VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm")


@dataclass(frozen=True)
class Dropped:
    """A ZIP in the inbox.

    Attributes:
        key: partition key, from the file's name alone.
        path: the file.
        state: digest of name, size and time of the ZIP and of its pictures: the video and the folder that
            are named like it or, if there are none, all videos that are named like no ZIP. The same twice in
            a row: nobody is writing it. Changed: it is to be imported again.
    """

    key: str
    path: Path
    state: str


def dropped_exports(inbox: Path) -> dict[str, Dropped]:
    """The ZIPs of the inbox by partition key, ordered by key. Names that start with a dot are left out.

    Raises:
        ValueError: the inbox is no folder or cannot be listed; says what to do.
    """
    try:
        entries = sorted(inbox.iterdir())
        videos = sorted((inbox / VIDEOS).iterdir()) if (inbox / VIDEOS).is_dir() else []
    except OSError as error:
        raise ValueError(
            f"root: the inbox {inbox} cannot be listed ({error.strerror}): make the folder, or set root"
        ) from error
    archives = [entry for entry in entries if _is_export(entry)]
    own = {archive: _companions(archive, [*entries, *videos]) for archive in archives}
    taken = {path for paths in own.values() for path in paths}
    shared = [path for path in (*entries, *videos) if path not in taken and _is_video(path)]
    dropped = (
        Dropped(_key(archive), archive, media_state([archive, *(own[archive] or shared)]))
        for archive in archives
    )
    return {export.key: export for export in sorted(dropped, key=lambda export: export.key)}


def media_state(paths: Iterable[Path]) -> str:
    """Digest of name, size and time of files, and of the files in folders; what is absent leaves no trace."""
    lines = (line for path in paths for line in _stats(path))
    return xxh3_128_hexdigest("\n".join(lines).encode(errors="surrogateescape"))


def _is_export(path: Path) -> bool:
    return path.suffix.lower() == ENDING and not path.name.startswith(".") and path.is_file()


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_ENDINGS


def _key(path: Path) -> str:
    """From the name without its ending; from the whole name where the ending is not written as usual."""
    return own_key(path.stem if path.suffix == ENDING else path.name)


def _companions(archive: Path, others: Iterable[Path]) -> list[Path]:
    """What is named like the archive: its video, and its folder of frames."""
    return [
        path
        for path in others
        if (path.name == archive.stem or path.name.startswith(f"{archive.stem}.")) and not _is_export(path)
    ]


def _stats(path: Path) -> list[str]:
    found = []
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue  # It went while we looked: the next look tells.
        found.append(f"{path.name}/{file.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return found
