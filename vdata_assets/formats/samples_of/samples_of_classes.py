"""Conversations about classed images, split by split, for any format."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

import polars as pl

from vdata_assets.formats.conversation import Sample
from vdata_assets.formats.samples_of.class_samples import class_format_samples
from vdata_assets.formats.tables.row_batches import in_order

BATCH = 4096


def samples_of_classes(file: Path, prefix: str = "") -> Callable[[], Mapping[str, Iterator[Sample]]]:
    """The samples of published conversations in the order of the rows, by split.

    What a sample is says :func:`~vdata_assets.formats.samples_of.class_samples.class_format_samples`. Every
    split reads the file anew, so memory holds a batch.

    Args:
        file: a Parquet file of schema :class:`~vdata_assets.conversations.class_schema.ClassSamples`.
        prefix: what stands before each path, such as ``images/``; the formats' root is then the folder above
            the dataset's root, and the dataset's root otherwise.

    Returns:
        Gives at every call the samples of each split from the first one on; train, validation and test in
        this order, then others by name.
    """
    names = in_order(set(chain.from_iterable(part["split"].unique() for part in _batches(file, ["split"]))))
    return lambda: {name: class_format_samples(_of_split(file, name), prefix) for name in names}


def _of_split(file: Path, split: str) -> Iterator[pl.DataFrame]:
    parts = (part.filter(pl.col("split") == split) for part in _batches(file))
    return (part for part in parts if part.height)


def _batches(file: Path, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as table:
        yield from map(pl.DataFrame, table.iter_batches(BATCH, columns=columns))
