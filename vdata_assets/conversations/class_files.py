"""The files of conversations about classes: a table, and JSON lines a split, written in one pass."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path

import polars as pl

from vdata_assets.conversations.class_samples import Conversations
from vdata_assets.formats.samples_of.class_samples import write_class_lines
from vdata_resources.progress import Progress

TABLE = "conversations.parquet"
PRIORITY = "priority_classes"


def write_conversations(
    conversations: Conversations,
    splits: Sequence[str],
    train: str,
    priority: Sequence[str],
    out: Path,
    log: Callable[[str], object] = lambda line: None,
) -> None:
    """Write ``conversations.parquet``, ``<split>.jsonl`` for every split, and ``priority_classes.jsonl``.

    The last holds the training samples of the priority classes once more: no sample that validates or tests.
    Memory holds a batch.

    Args:
        conversations: what is said.
        splits: in order; a file is made for each, also if it is empty.
        train: the split that trains.
        priority: folders' names of the priority classes.
        out: where the files go; it exists.
        log: where progress goes.

    Raises:
        ValueError: a text has ``<image>`` in it, or a split's name cannot be a file's.
    """
    import pyarrow.parquet as pq

    progress = Progress("conversations: write", conversations.rows.height, "samples", log)
    empty = next(conversations.batches(), None)
    if empty is None:
        raise ValueError("no image has a split: there is nothing to write conversations about")
    schema = empty.clear().to_arrow().schema

    def batches() -> Iterator[pl.DataFrame]:
        with pq.ParquetWriter(out / TABLE, schema) as table:
            for batch in conversations.batches():
                table.write_table(batch.to_arrow().cast(schema))
                progress.advance(batch.height)
                yield batch

    write_class_lines(batches(), out, splits)
    first = pl.scan_parquet(out / TABLE).filter(
        pl.col("split") == train, pl.col("class").is_in(list(priority))
    )
    write_class_lines([first.with_columns(split=pl.lit(PRIORITY)).collect()], out, [PRIORITY])


def template_usage(conversations: Conversations) -> pl.DataFrame:
    """How often each template is used: columns template, kind, split and times."""
    parts = []
    for (split,), rows in conversations.rows.group_by("split", maintain_order=True):
        part = copy(conversations)
        part.rows = rows
        usage = part.template_usage()
        parts.append(usage.select("template", kind="role", split=pl.lit(str(split)), times="uses"))
    return pl.concat(parts).sort("kind", maintain_order=True)
