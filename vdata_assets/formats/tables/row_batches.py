"""Rows as Arrow record batches of bounded size, and back as rows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vdata_assets.formats.conversation import Sample
from vdata_assets.formats.tables.conversation_rows import EXPRESSES, row_of
from vdata_assets.formats.tables.embedded_pictures import with_pictures

BATCH_ROWS = 1000
BATCH_BYTES = 32_000_000
"""Bytes of pictures from which on a batch is written: the Hub's viewer reads row groups of 300 MB at most."""

NAMED_FIRST = ("train", "training", "val", "validation", "valid", "dev", "test")
MOST_SCHEMA_BYTES = 1 << 24


def record_batches(
    samples: Iterable[Sample],
    root: Path,
    schema: Any,
    codes: Mapping[str, int],
    name: str,
    workers: int | None,
) -> Iterator[Any]:
    """Samples as ``pyarrow.RecordBatch``, pictures embedded; some pictures are in memory and never all.

    Args:
        samples: read lazily.
        root: folder that pictures' paths are relative to.
        schema: as ``pyarrow.Schema``.
        codes: number of each class.
        name: of the format, for messages.
        workers: threads that read pictures; None for one a core.

    Raises:
        ValueError: a sample that cannot be said, or a picture that cannot be read.
    """
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    size = 0
    for sample, pictures in with_pictures(samples, root, EXPRESSES, name, workers):
        rows.append(row_of(sample, pictures, codes))
        size += sum(len(picture.bytes) for picture in pictures)
        if len(rows) == BATCH_ROWS or size >= BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema)
            rows, size = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema)


def rows_of(batch: Any) -> Iterator[dict[str, Any]]:
    """The rows of a ``pyarrow.RecordBatch`` or ``Table``, one in memory at a time."""
    for number in range(batch.num_rows):
        yield batch.slice(number, 1).to_pylist()[0]


def label_names(schema: Any) -> list[str]:
    """Names of the ClassLabel ``label`` that Arrow's schema declares under ``huggingface``; else none."""
    described = (schema.metadata or {}).get(b"huggingface", b"")
    if len(described) > MOST_SCHEMA_BYTES:
        return []
    try:
        return names_in(json.loads(described)["info"]["features"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def names_in(features: Any) -> list[str]:
    """Names of the ClassLabel ``label`` in features as ``datasets`` writes them to JSON; else none."""
    label = features.get("label") if isinstance(features, dict) else None
    names = label.get("names") if isinstance(label, dict) and label.get("_type") == "ClassLabel" else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def in_order(splits: Iterable[str]) -> list[str]:
    """Splits whose order is not written down: train, validation and test, then others by name."""
    first = {name: place for place, name in enumerate(NAMED_FIRST)}
    return sorted(splits, key=lambda split: (first.get(split, len(first)), split))
