"""Products in a CSV or TSV file, every value as it is written (RFC 4180, UTF-8)."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from vdata_assets.products.settings import CsvSource
from vdata_assets.products.sources import Batch, Part, placed

SETTING = "source.file"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A row must not reach over more than two blocks, and a block is not larger than this.
LARGEST_BLOCK = 2**30


def csv_parts(root: Path, source: CsvSource) -> list[Part]:
    """The file as one part.

    A line with too many or too few fields is a row without values and with a fault. Empty lines are none.

    Raises:
        ValueError: the file is missing, is a folder, is empty or is no UTF-8, or the separator cannot be one.
    """
    path = placed(root, SETTING, source.file)
    name = f"{SETTING}: {source.file}"
    if not path.is_file():
        raise ValueError(f"{name} is a folder: name a CSV file, or set source.type")
    if not source.separator.isascii() or source.separator in '"\r\n':
        raise ValueError(f"source.separator: {source.separator!r} separates no fields: use , or ; or a tab")
    data = path.read_bytes()
    _require_utf8(data, name)
    schema = pa.schema([(column, pa.string()) for column in _header(data, name, source.separator)])

    def batches(columns: Sequence[str], rows: int) -> Iterator[Batch]:
        yield _read(data, name, source.separator, columns)

    return [Part(name, schema, 0, batches)]


def _header(data: bytes, name: str, separator: str) -> list[str]:
    """The names in the first line that is not empty."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    try:
        header = next((line for line in csv.reader(lines, delimiter=separator) if line), None)
    except csv.Error as error:
        raise ValueError(f"{name} does not begin with a line of column names: {error}") from error
    if header is None:
        raise ValueError(f"{name} is empty: its first line has to name the columns")
    return header


def _read(data: bytes, name: str, separator: str, columns: Sequence[str]) -> Batch:
    faults: dict[int, str] = {}

    def fault(row: Any) -> str:
        # Rows are counted from 1, without empty lines, and the header is the first.
        faults[row.number - 2] = _fault(row)
        return "skip"

    try:
        table = pa_csv.read_csv(
            # A header without a line end would be no line.
            pa.BufferReader(data if data.endswith(b"\n") else data + b"\n"),
            # Rows are counted in one thread only.
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=min(len(data) + 1, LARGEST_BLOCK)),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=fault
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns), column_types=dict.fromkeys(columns, pa.string())
            ),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(f"{name} cannot be read: {error}") from error
    return Batch(_with_rows(table, list(faults)), faults)


def _fault(row: Any) -> str:
    """Why a line is no row."""
    lines = row.text.count("\n") + 1
    if lines > 1:
        return (
            f"{row.actual_columns} fields over {lines} lines, the header has {row.expected_columns}: "
            "is a quote not closed?"
        )
    return (
        f"{row.actual_columns} fields, the header has {row.expected_columns}: "
        "quote values that hold the separator"
    )


def _with_rows(table: pa.Table, places: Sequence[int]) -> pa.Table:
    """The table with null rows at some places of the result."""
    if not places:
        return table
    null = np.zeros(table.num_rows + len(places), bool)
    null[list(places)] = True
    rows = np.cumsum(~null) - 1
    return table.take(pa.array(rows, pa.int64(), mask=null))


def _require_utf8(data: bytes, name: str) -> None:
    """Arrow itself looks at the columns that are asked for only, and does not say which line it is."""
    if data.startswith(UTF16):
        raise ValueError(f"{name} is UTF-16: save it as UTF-8")
    try:
        if not data.isascii():
            str(data, "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name} is no UTF-8: line {line} holds the byte 0x{data[error.start]:02x}: save it as UTF-8"
        ) from error
