"""Hugging Face DatasetDicts on disk, written a record batch at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xxhash

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

    def close(self) -> dict[str, list[Path]]:
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


class _Shards:
    """The Arrow stream files of a split, ``data-00000-of-00002.arrow`` and so on."""

    def __init__(self, folder: Path, schema: Any) -> None:
        folder.mkdir()
        self._folder = folder
        self._schema = schema
        self._paths: list[Path] = []
        self._open()

    def _open(self) -> None:
        import pyarrow as pa

        self._paths.append(self._folder / f"shard-{len(self._paths)}")
        self._file = pa.OSFile(str(self._paths[-1]), "wb")
        self._writer = pa.ipc.new_stream(self._file, self._schema)

    def write(self, batch: Any) -> None:
        if self._file.tell() >= SHARD_BYTES:
            self._end()
            self._open()
        self._writer.write_batch(batch)

    def _end(self) -> None:
        self._writer.close()
        self._file.close()

    def close(self) -> list[Path]:
        self._end()
        return [
            path.rename(self._folder / f"data-{number:05d}-of-{len(self._paths):05d}.arrow")
            for number, path in enumerate(self._paths)
        ]


def _write_descriptions(folder: Path, features: Any, shards: Mapping[str, Sequence[Path]]) -> None:
    """Write the JSON files beside the Arrow files, as ``datasets`` writes them for no rows."""
    from datasets import Dataset, DatasetDict, NamedSplit

    empty = {
        split: Dataset(
            features.arrow_schema.empty_table(), split=NamedSplit(split), fingerprint=_fingerprint(files)
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
            state["_data_files"] = [{"filename": file.name} for file in files]
            text = json.dumps(state, indent=2, sort_keys=True)
            (folder / split / DATASET_STATE).write_text(text, encoding="utf-8")


def _fingerprint(files: Sequence[Path]) -> str:
    """A hash of the files' bytes, 32 hex digits."""
    digest = xxhash.xxh3_128()
    for path in files:
        with path.open("rb") as file:
            digest.update(file_digest(file, xxhash.xxh3_128).digest())
    return digest.hexdigest()


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
