"""Conversations as Parquet files with pictures in them, as the Hub stores and shows datasets.

Files are ``data/<split>-00000-of-00002.parquet``, their schema declares ``datasets.Features`` under the key
``huggingface`` (``datasets/packaged_modules/parquet/parquet.py``), and a row group is small enough for the
viewer of the Hub. Columns are in :mod:`~vdata_assets.formats.tables.conversation_rows`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.declared import declared_problems
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.formats.tables.conversation_checks import Placed, check_rows, loaded
from vdata_assets.formats.tables.conversation_rows import EXPRESSES, RowReader, features
from vdata_assets.formats.tables.row_batches import in_order, label_names, record_batches, rows_of
from vdata_assets.formats.tables.sample_spool import with_classes

DATA = "data"
NAME = re.compile(r"(\w+(?:\.\w+)*)-(\d{5})-of-(\d{5})\.parquet")
SPLIT = re.compile(r"\w+(\.\w+)*")
BYTES_COLUMN = "images.list.element.bytes"
READ_ROWS = 8
MOST_GROUP_BYTES = 300_000_000
"""Size of a row group beyond which the Hub's viewer does not show it."""


@dataclass(frozen=True)
class ParquetImages:
    """The format: a folder ``data`` of Parquet files.

    Attributes:
        classes: all labels, if they are known; then samples do not wait in a file until they are.
        shard_bytes: size from which on a file is followed by another.
        workers: threads that read, convert and check pictures; None for one a core.
    """

    name: ClassVar[str] = "parquet"
    expresses: ClassVar[frozenset[Feature]] = EXPRESSES
    inlines: ClassVar[bool] = True

    classes: Sequence[str] | None = None
    shard_bytes: int = 500_000_000
    workers: int | None = None

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write the splits; see :class:`~vdata_assets.formats.format.Format`."""
        for split in splits:
            if not SPLIT.fullmatch(split):
                raise ValueError(f"split {split!r}: datasets takes letters, digits, _ and dots between them")
        (folder / DATA).mkdir()
        written = []
        with with_classes(splits, folder, self.classes) as (names, samples):
            schema = features(names).arrow_schema
            codes = {name: code for code, name in enumerate(names)}
            for split, some in samples.items():
                batches = record_batches(some, root, schema, codes, self.name, self.workers)
                written += _write(batches, schema, folder / DATA, split, self.shard_bytes)
        return [path.relative_to(folder) for path in written]

    def splits(self, folder: Path) -> list[str]:
        """The splits that there are files of."""
        matches = (NAME.fullmatch(file.name) for file in (folder / DATA).iterdir())
        return in_order({match[1] for match in matches if match})

    def load(self, folder: Path, split: str, report: Report) -> Iterator[Sample]:
        """The samples of a split; see :class:`~vdata_assets.formats.format.Format`."""
        for file in _files(folder, split, report):
            yield from self.load_file(file, report)

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """The samples of a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        count = 0
        try:
            with pq.ParquetFile(
                file, buffer_size=1 << 20, pre_buffer=False
            ) as source:  # it keeps what it reads
                reader = RowReader(file.name, report, label_names(source.schema_arrow))
                for batch in source.iter_batches(READ_ROWS):
                    for row in rows_of(batch):
                        count += 1
                        sample = reader.sample(row, count)
                        if sample is not None:
                            yield sample
        except (pa.ArrowException, OSError) as error:
            report(Problem(file.name, 0, "", type(error).__name__, f"is a Parquet file: {error}"))

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """Load each file with ``datasets``, check its columns and every row; the number of rows.

        ``datasets.load_dataset("parquet", streaming=True)`` reads with the same code as without streaming,
        and writes no copy.
        """
        return sum(self._validate_file(file, split, report) for file in _files(folder, split, report))

    def _validate_file(self, file: Path, split: str, report: Report) -> int:
        import pyarrow.parquet as pq
        from datasets import load_dataset
        from pyarrow.dataset import ParquetFragmentScanOptions

        footer = loaded(lambda: pq.read_metadata(file), file.name, report)
        if footer is None:
            return 0
        for number in range(footer.num_row_groups):
            size = footer.row_group(number).total_byte_size
            if size > MOST_GROUP_BYTES:
                rule = f"has {MOST_GROUP_BYTES} bytes at most: the Hub's viewer shows no larger one"
                report(Problem(file.name, 0, f"row group {number}", str(size), rule, warning=True))
        with TemporaryDirectory() as cache:
            rows = loaded(
                lambda: load_dataset(
                    "parquet",
                    data_files={split: [str(file)]},
                    split=split,
                    streaming=True,
                    cache_dir=cache,
                    # else the reader keeps what it reads
                    fragment_scan_options=ParquetFragmentScanOptions(pre_buffer=False),
                ),
                file.name,
                report,
            )
            problems = [] if rows is None else declared_problems(rows.features, file.name)
            for problem in problems:
                report(problem)
            if rows is None or any(not problem.warning for problem in problems):
                return int(footer.num_rows)
            names = getattr(rows.features.get("label"), "names", None)
            classes = None if names is None else len(names)
            found = check_rows(_placed(rows, file.name, report), classes, report, self.workers)
        if found != footer.num_rows:
            report(Problem(file.name, 0, "", shown(found), f"gives the {footer.num_rows} rows of its footer"))
        return int(footer.num_rows)


def _placed(rows: Any, file: str, report: Report) -> Iterator[Placed]:
    tables = loaded(lambda: iter(rows.with_format("arrow").iter(READ_ROWS)), file, report)
    number = 0
    while (table := loaded(lambda: next(tables, None), file, report)) is not None:
        for row in rows_of(table):
            number += 1
            yield Placed(file, number, row)


def _files(folder: Path, split: str, report: Report) -> list[Path]:
    """A split's files, in order; one that is missing is a problem."""
    matches = [match for file in (folder / DATA).iterdir() if (match := NAME.fullmatch(file.name))]
    mine = sorted((int(match[2]), match.string) for match in matches if match[1] == split)
    counts = {int(match[3]) for match in matches if match[1] == split}
    if [number for number, _ in mine] != list(range(max(counts, default=-1))) or len(counts) != 1:
        rule = "are numbered from 00000 and as many as their names say"
        report(Problem(split, 0, DATA, shown([name for _, name in mine]), rule))
    return [folder / DATA / name for _, name in mine]


def _write(batches: Iterator[Any], schema: Any, folder: Path, split: str, shard_bytes: int) -> list[Path]:
    """Write a split's files; they get their names when their number is known."""
    import pyarrow.parquet as pq

    texts = [name for name in _leaves(schema) if name != BYTES_COLUMN]
    options = {
        "use_dictionary": texts,
        "compression": dict.fromkeys(texts, "snappy") | {BYTES_COLUMN: "none"},
        "write_statistics": texts,
        "write_page_index": True,
    }
    files: list[Path] = []
    batch = next(batches, None)
    while batch is not None or not files:
        files.append(folder / f".{split}-{len(files)}")
        with files[-1].open("wb") as file, pq.ParquetWriter(file, schema, **options) as writer:
            while batch is not None:
                writer.write_batch(batch)
                batch = next(batches, None)
                if file.tell() >= shard_bytes:
                    break
    return [
        file.rename(folder / f"{split}-{number:05d}-of-{len(files):05d}.parquet")
        for number, file in enumerate(files)
    ]


def _leaves(schema: Any) -> list[str]:
    """Paths of the columns as Parquet names them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema):
        pass
    stored = pq.read_metadata(pa.BufferReader(sink.getvalue())).schema
    return [stored.column(number).path for number in range(len(stored))]
