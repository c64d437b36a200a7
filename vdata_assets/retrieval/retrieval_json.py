"""Files of retrieval rows: the JSON that trainers read, and the table beside it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl

TABLE = "retrieval.parquet"


def retrieval_name(category: str, seed: int, top_k: int) -> Path:
    """Where a category's JSON lies under the output folder."""
    return Path(category, f"seed_{seed}", f"retrieval_top{top_k}.json")


def combined_name(seed: int, top_k: int, num_samples: int | None) -> Path:
    """Where the JSON of all categories lies under the output folder."""
    samples = "all" if num_samples is None else num_samples
    return Path("all", f"seed_{seed}", f"retrieval_top{top_k}_combined_{samples}.json")


def write_retrieval(tables: Iterable[pl.DataFrame], folder: Path, name: Path, *, prefix: str) -> None:
    """Write rows as ``<folder>/<name>`` and ``<folder>/retrieval.parquet``, one table in memory at a time.

    The JSON is a list of ``{"query_path", "ret_paths", "label", "category"}`` in the rows' order, an entry a
    line, UTF-8; described rows have ``"ret_descs"`` after the paths.

    Args:
        tables: at least one, possibly empty; all of one schema, :class:`RetrievalRows` or
            :class:`CombinedRows`, described or not.
        folder: an existing folder.
        name: from :func:`retrieval_name` or :func:`combined_name`.
        prefix: what stands before each path in the JSON: "" for relative paths, or the root with a closing
            slash for absolute ones. The table's paths are always relative.
    """
    from pyarrow.parquet import ParquetWriter

    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        writer = None
        separator = "[\n"
        for rows in tables:
            arrow = rows.to_arrow()
            if writer is None:
                writer = stack.enter_context(ParquetWriter(folder / TABLE, arrow.schema, compression="zstd"))
            writer.write_table(arrow)
            for entry in _entries(rows, prefix):
                file.write(separator + json.dumps(entry, ensure_ascii=False))
                separator = ",\n"
        file.write("[]\n" if separator == "[\n" else "\n]\n")


def _entries(rows: pl.DataFrame, prefix: str) -> Iterator[dict[str, object]]:
    return rows.select(
        (pl.lit(prefix) + pl.col("query_path")).alias("query_path"),
        pl.col("ret_paths").list.eval(pl.lit(prefix) + pl.element()),
        *[name for name in ("ret_descs",) if name in rows.columns],
        "label",
        "category",
    ).iter_rows(named=True)
