"""Hugging Face DatasetDicts on disk, written a record batch at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xxhash

from vdata_assets.formats.hashed_file import HashedFile

DATASET_DICT = "dataset_dict.json"
DATASET_INFO = "dataset_info.json"
DATASET_STATE = "state.json"

SHARD_BYTES = 500_000_000
"""Size from which on an Arrow file is followed by another, as in ``Dataset.save_to_disk``."""


class DatasetDictWriter:
    """The Arrow files of a DatasetDict's splits, all open for record batches.

    Attributes:
        schema: columns and types of a batch, as ``pyarrow.Schema``.
    """

    def __init__(self, folder: Path, schema: Any, splits: Sequence[str]) -> None:
        self.schema = schema
        self._shards = {split: _Shards(folder / split, schema) for split in splits}

    def write(self, split: str, batch: Any) -> None:
        """Append a ``pyarrow.RecordBatch`` to a split."""
        self._shards[split].write(batch)

    def close(self) -> "dict[str, Shards]":
        """Finish all files; per split its files, in order."""
        return {split: shards.close() for split, shards in self._shards.items()}


@contextmanager
def dataset_dict_writer(folder: Path, features: Any, splits: Sequence[str]) -> Iterator[DatasetDictWriter]:
    """Write a DatasetDict as its ``save_to_disk`` would, with memory for a record batch and no more.

    ``save_to_disk`` itself needs the dataset written to disk before, and takes the images of 1,000 rows
    into memory to guess their size. The same batches give the same bytes. A split's fingerprint, under
    which ``datasets`` caches what is derived from it, is a hash of its Arrow files. On an error, what was
    written is no dataset.

    Args:
        folder: where to; it exists.
        features: columns and types, as ``datasets.Features``.
        splits: names of the splits, in the dataset's order; one without rows has an empty file.
    """
    writer = DatasetDictWriter(folder, features.arrow_schema, splits)
    try:
        yield writer
    finally:
        shards = writer.close()
    _write_descriptions(folder, features, shards)


@dataclass(frozen=True)
class Shards:
    """The files of a split, finished.

    Attributes:
        paths: in order.
        fingerprint: a hash of their bytes, 32 hex digits.
    """

    paths: list[Path]
    fingerprint: str


class _Shards:
    """The Arrow stream files of a split, ``data-00000-of-00002.arrow`` and so on."""

    def __init__(self, folder: Path, schema: Any) -> None:
        folder.mkdir()
        self._folder = folder
        self._schema = schema
        self._paths: list[Path] = []
        self._digest = xxhash.xxh3_128()
        self._open()

    def _open(self) -> None:
        import pyarrow as pa

        self._paths.append(self._folder / f"shard-{len(self._paths)}")
        self._file = HashedFile(self._paths[-1])
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._file, "w"), self._schema)

    def write(self, batch: Any) -> None:
        if self._file.size >= SHARD_BYTES:
            self._end()
            self._open()
        self._writer.write_batch(batch)

    def _end(self) -> None:
        self._writer.close()
        self._file.close()
        self._digest.update(self._file.digest)

    def close(self) -> Shards:
        self._end()
        paths = [
            path.rename(self._folder / f"data-{number:05d}-of-{len(self._paths):05d}.arrow")
            for number, path in enumerate(self._paths)
        ]
        return Shards(paths, self._digest.hexdigest())


def _write_descriptions(folder: Path, features: Any, shards: Mapping[str, Shards]) -> None:
    """Write the JSON files beside the Arrow files, as ``datasets`` writes them for no rows."""
    from datasets import Dataset, DatasetDict, NamedSplit

    empty = {
        split: Dataset(
            features.arrow_schema.empty_table(), split=NamedSplit(split), fingerprint=files.fingerprint
        )
        for split, files in shards.items()
    }
    with TemporaryDirectory(dir=folder) as temporary, _no_progress_bars():
        DatasetDict(empty).save_to_disk(temporary, num_shards=dict.fromkeys(shards, 1))
        written = Path(temporary)
        (written / DATASET_DICT).rename(folder / DATASET_DICT)
        for split, files in shards.items():
            (written / split / DATASET_INFO).rename(folder / split / DATASET_INFO)
            state = json.loads((written / split / DATASET_STATE).read_text(encoding="utf-8"))
            state["_data_files"] = [{"filename": path.name} for path in files.paths]
            text = json.dumps(state, indent=2, sort_keys=True)
            (folder / split / DATASET_STATE).write_text(text, encoding="utf-8")


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Without the bars of ``datasets``, which are no use in a log; as before afterwards."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
