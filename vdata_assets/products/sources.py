"""Where products are read from: a source is parts, a part is batches of columns as the source has them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vdata_assets.products.settings import CsvSource, HuggingFaceSource, ProductSource

if TYPE_CHECKING:
    import pyarrow as pa

Log = Callable[[str], object]
"""Where lines of progress go."""


@dataclass(frozen=True)
class Batch:
    """Some rows of a part.

    Attributes:
        table: the columns asked for, in any Arrow types.
        faults: row of the batch -> why it could not be told apart into columns; it is null in all of them.
    """

    table: "pa.Table"
    faults: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One file or one split of a source.

    Attributes:
        name: for messages: the setting that names it, and what it is.
        schema: names of its columns and their types.
        rows: how many rows it has; 0 where that is not known beforehand.
        batches: reads some columns, with about so many rows a batch.
        names: column -> the names that its integers stand for.
    """

    name: str
    schema: "pa.Schema"
    rows: int
    batches: Callable[[Sequence[str], int], Iterator[Batch]]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def require(self, columns: Mapping[str, str]) -> None:
        """Make sure that columns are there, once each.

        Args:
            columns: setting -> the column that it names.

        Raises:
            ValueError: one is missing or there more than once.
        """
        there = self.schema.names
        for setting, column in columns.items():
            count = there.count(column)
            if count > 1:
                raise ValueError(
                    f"{self.name} has {count} columns {column!r}, which {setting} names: rename all but one"
                )
            if not count:
                listed = ", ".join(map(repr, there)) or "none at all"
                raise ValueError(
                    f"{self.name} has no column {column!r}, which {setting} names: its columns are {listed}"
                )


def open_source(root: Path, source: ProductSource) -> list[Part]:
    """The parts of a source, in order, opened as far as their columns are known.

    Raises:
        ValueError: root or the source is missing, leaves root, or is not what the settings say.
    """
    _require_root(root)
    if isinstance(source, CsvSource):
        from vdata_assets.products.source_csv import csv_parts

        return csv_parts(root, source)
    if isinstance(source, HuggingFaceSource):
        from vdata_assets.products.source_huggingface import huggingface_parts

        return huggingface_parts(root, source)
    from vdata_assets.products.source_parquet import parquet_parts

    return parquet_parts(root, source)


def placed(root: Path, setting: str, name: str) -> Path:
    """The file or folder under root that a setting names.

    Raises:
        ValueError: it is missing, or not under root once links are followed.
    """
    path = root / name
    if not inside(root, path):
        raise ValueError(f"{setting}: {name} leaves the root {root}: name a file or folder in it")
    if not path.exists():
        raise ValueError(f"{setting}: there is no {name} in {root}")
    return path


def inside(root: Path, path: Path) -> bool:
    """Whether a path is in root or is root, once links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _require_root(root: Path) -> None:
    wanted = "set it to the folder that holds the products"
    if not root.exists():
        raise ValueError(f"root: {root} does not exist: {wanted}")
    if not root.is_dir():
        raise ValueError(f"root: {root} is a file: {wanted}")
