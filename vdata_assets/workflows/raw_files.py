"""Whether the raw files that published data was made of are still there, and still the same."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xxhash

from vdata_assets.annotations.inbox import dropped_exports
from vdata_assets.workflows import tables
from vdata_assets.workflows.annotation_tables import imported_state
from vdata_assets.workflows.dataset import Dataset
from vdata_resources.parallel import ordered_map
from vdata_resources.store import DamagedVersion, NotPublished, Store

# Where each workflow publishes which raw files it found: asset, table, column of the path below the root.
LISTED = (
    ("catalog", "catalog.parquet", "path"),
    ("catalog", "images.parquet", "path"),
    ("images", "images.parquet", "path"),
    ("products", "products.parquet", "picture"),
)


@dataclass(frozen=True)
class RawFiles:
    """The raw files of a dataset as they are now.

    Attributes:
        read: how many were compared.
        changed: what became of those that are not as they were, by path below the root.
    """

    read: int
    changed: dict[str, str]


def compare_raw_files(store: Store, dataset: Dataset) -> RawFiles:
    """Read every raw file that the published tables list, and compare it by its content.

    A damaged table is not read here: what is published is asked after elsewhere.
    """
    listed = dict(_listed_files(store, dataset))
    problems = ordered_map(lambda item: _file_problem(dataset.root / item[0], item[1]), listed.items())
    changed = {path: problem for path, problem in zip(listed, problems, strict=True) if problem}
    exports = dict(_export_problems(store, dataset))
    return RawFiles(
        len(listed) + len(exports), changed | {path: text for path, text in exports.items() if text}
    )


def _listed_files(store: Store, dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Path and content hash of every raw file that a published table lists as readable."""
    import polars as pl

    for asset, name, column in LISTED:
        try:
            with store.artifact(dataset.name, asset).reading() as version:
                if name not in version.files:
                    continue
                rows = tables.read(version.file(name))
        except (NotPublished, DamagedVersion, OSError, pl.exceptions.PolarsError):
            continue
        if "embedded" in rows.columns:
            rows = rows.filter(~pl.col("embedded"))
        yield from rows.select(column, "content_hash").drop_nulls().iter_rows()


def _file_problem(path: Path, content_hash: str) -> str | None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if digest == content_hash else "has other content"


def _export_problems(store: Store, dataset: Dataset) -> Iterator[tuple[str, str | None]]:
    """The ZIP of every published export, and what became of it; its state is all that was kept of it."""
    keys = store.partitions(dataset.name, "export")
    dropped = dropped_exports(dataset.root) if keys else {}
    for key in keys:
        if key not in dropped:
            yield key, "its ZIP is gone from the inbox"
            continue
        same = imported_state(store, dataset, key) == dropped[key].state
        yield dropped[key].path.name, None if same else "was replaced, or the files beside it were"
