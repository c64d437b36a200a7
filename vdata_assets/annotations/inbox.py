"""The inbox: a folder that export ZIPs are dropped into, each one partition."""

from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_128_hexdigest

from vdata_assets.catalog.partitions import own_key

ENDING = ".zip"


@dataclass(frozen=True)
class Dropped:
    """A ZIP in the inbox.

    Attributes:
        key: partition key, from the file's name alone.
        path: the file.
        state: digest of name, size and time of the ZIP and of all that is named like it: its video, its
            frames. The same twice in a row: nobody is writing it. Changed: it is to be imported again.
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
    except OSError as error:
        raise ValueError(
            f"root: the inbox {inbox} cannot be listed ({error.strerror}): make the folder, or set root"
        ) from error
    archives = [entry for entry in entries if _is_export(entry)]
    dropped = (Dropped(_key(path), path, _state(path, entries)) for path in archives)
    return {export.key: export for export in sorted(dropped, key=lambda export: export.key)}


def _is_export(path: Path) -> bool:
    return path.suffix.lower() == ENDING and not path.name.startswith(".") and path.is_file()


def _key(path: Path) -> str:
    """From the name without its ending; from the whole name where the ending is not written as usual."""
    return own_key(path.stem if path.suffix == ENDING else path.name)


def _state(archive: Path, entries: list[Path]) -> str:
    """Digest of name, size and time of the archive and its companions, which have its name before a dot."""
    companions = (
        path
        for path in entries
        if path == archive or (path.name.startswith(f"{archive.stem}.") and not _is_export(path))
    )
    return xxh3_128_hexdigest(
        "\n".join(line for path in companions for line in _stats(path)).encode(errors="surrogateescape")
    )


def _stats(path: Path) -> list[str]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = []
    for file in files:
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue  # It went while we looked: the next look tells.
        found.append(f"{path.name}/{file.name}:{stat.st_size}:{stat.st_mtime_ns}")
    return found
