"""Products in a Parquet file, or in a folder of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vdata_assets.products.settings import ParquetSource
from vdata_assets.products.sources import Batch, Part, inside, placed

SETTING = "source.file"
METADATA = b"huggingface"


def parquet_parts(root: Path, source: ParquetSource) -> list[Part]:
    """Each file as a part; those of a folder, and of the folders in it, in the order of their paths.

    Raises:
        ValueError: there is no such file or folder, the folder holds no Parquet file, or a file is none.
    """
    path = placed(root, SETTING, source.file)
    if path.is_file():
        return [_part(path, f"{SETTING}: {source.file}")]
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise ValueError(f"{SETTING}: the folder {source.file} holds no file *.parquet")
    for file in files:
        if not inside(root, file):
            raise ValueError(f"{SETTING}: {file.relative_to(root)} is a link that leaves the root: remove it")
    return [_part(file, f"{SETTING}: {file.relative_to(root).as_posix()}") for file in files]


def _part(path: Path, name: str) -> Part:
    try:
        # Not buffered ahead: a row group may hold gigabytes of pictures.
        with pq.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{name} is no Parquet file: {error}") from error
    return Part(name, schema, rows, partial(_batches, path, name), _class_names(schema))


def _batches(path: Path, name: str, columns: Sequence[str], rows: int) -> Iterator[Batch]:
    try:
        with pq.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
            for batch in file.iter_batches(rows, columns=list(columns)):
                yield Batch(pa.Table.from_batches([batch]).select(list(columns)))
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{name} is damaged: {error}") from error


def _class_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """The names of the classes that ``datasets`` writes as integers, from the note that it adds."""
    note = (schema.metadata or {}).get(METADATA)
    if note is None:
        return {}
    try:
        features = json.loads(note)["info"]["features"]
        return {
            column: feature["names"]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # Somebody else's note: without it the integers stand for themselves.
        return {}
