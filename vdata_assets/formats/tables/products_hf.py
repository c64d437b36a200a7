"""Products as a Hugging Face DatasetDict: ids, the pictures' own bytes, texts and categories."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from vdata_assets.formats.tables.dataset_dict import dataset_dict_writer
from vdata_assets.products.checks import PRODUCTS_DATASET_LOADS
from vdata_assets.products.settings import OWN_COLUMNS
from vdata_assets.quality.findings import Finding
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

Log = Callable[[str], object]
"""Where lines of progress go."""
Pictures = Callable[[bool, str], Path]
"""The file of a picture, by the columns ``embedded`` and ``picture``."""

ALL = "all"
"""The one split of products that are not divided."""
SPLIT_NAMES = ("train", "validation", "test")
SPLIT_NAME = re.compile(r"\w+(\.\w+)*")
TEXT_COLUMNS = {"item_ID": "product_id", "text": "text", "category2": "category"}
"""Column of the dataset and column of the products that it holds."""

BATCH = 32
"""Rows a record batch, and rows whose pictures are read ahead of it."""


def features(kept: Sequence[str] = ()) -> Any:
    """Columns and types of the dataset, as ``datasets.Features``.

    Args:
        kept: names of the columns that products keep of their source.
    """
    from datasets import Features, Image, Value

    text = Value("string")
    return Features(
        {"item_ID": text, "image": Image(), "text": text, "category2": text} | dict.fromkeys(kept, text)
    )


def kept_columns(products: pl.DataFrame) -> list[str]:
    """The columns of the source that a table of products keeps, in order."""
    return [name for name in products.columns if name not in OWN_COLUMNS]


def write_products_dataset(
    products: pl.DataFrame,
    pictures: Pictures,
    folder: Path,
    splits: pl.DataFrame | None = None,
    *,
    workers: int | None = None,
    log: Log = lambda line: None,
) -> None:
    """Write usable products as a DatasetDict that ``datasets.load_from_disk`` takes.

    Its columns are item_ID, image, text, category2 and those that the products keep; null where something is
    unknown. An image is its file's own bytes, with the path that the table has. Within a split the order is
    the products'. The same products and splits give the same bytes; memory holds some pictures, never all.

    Args:
        products: rows of :class:`~vdata_assets.products.schema.Products`; those with a reason are left out.
        pictures: where a picture is.
        folder: the folder to make; its parent exists.
        splits: columns product_id and split; None for the one split ``all``.
        workers: threads that read; default: the cores this process may use.
        log: where lines of progress go.

    Raises:
        ValueError: a kept column has the name of another one, a usable product has no split, a split's name
            cannot be one, or a picture is not the one that was read with the products.
    """
    kept = kept_columns(products)
    columns = features(kept)
    if taken := sorted({"image", *TEXT_COLUMNS} & set(kept)):
        raise ValueError(f"keep: the dataset has a column {taken[0]!r} of its own: rename that of the source")
    divided = _divided(products, splits)
    folder.mkdir()
    progress = Progress("products: write dataset", sum(map(len, divided.values())), "products", log)
    with dataset_dict_writer(folder, columns, list(divided)) as writer:
        for split, rows in divided.items():
            for batch in _batches(rows, kept, pictures, writer.schema, workers):
                writer.write(split, batch)
                progress.advance(batch.num_rows)


def audit_products_dataset(
    products: pl.DataFrame,
    pictures: Pictures,
    folder: Path,
    splits: pl.DataFrame | None = None,
    *,
    log: Log = lambda line: None,
) -> Finding:
    """Load a written dataset as a trainer would and compare every row of it with the products.

    Args:
        products: that it was written from.
        pictures: where a picture is; the dataset must hold the bytes that are there.
        folder: of the dataset.
        splits: as it was written with.
        log: where lines of progress go.
    """
    divided = _divided(products, splits)
    problems = list(_problems(divided, kept_columns(products), pictures, folder, log))
    rows = sum(map(len, divided.values()))
    return PRODUCTS_DATASET_LOADS.finding(
        f"{len(problems)} problems in a dataset of {rows} products", problems, {"products": rows}
    )


def _divided(products: pl.DataFrame, splits: pl.DataFrame | None) -> dict[str, pl.DataFrame]:
    """Usable products by split, in the order train, validation, test and then by name."""
    usable = products.filter(pl.col("reason").is_null())
    if splits is None:
        return {ALL: usable}
    split_of = splits.select("product_id", "split")
    rows = usable.join(split_of, on="product_id", how="left", maintain_order="left", validate="m:1")
    without = rows.filter(pl.col("split").is_null())["product_id"]
    if len(without):
        raise ValueError(f"splits: {len(without)} products have no split, the first is {without[0]!r}")
    names = set(rows["split"])
    if wrong := sorted(name for name in names if not SPLIT_NAME.fullmatch(name)):
        raise ValueError(f"splits: {wrong[0]!r} cannot name a split: use letters, digits, _ and dots")
    order = [name for name in SPLIT_NAMES if name in names]
    order += sorted(names.difference(SPLIT_NAMES))
    return {name: rows.filter(pl.col("split") == name).drop("split") for name in order}


def _batches(
    rows: pl.DataFrame, kept: Sequence[str], pictures: Pictures, schema: Any, workers: int | None
) -> Iterator[Any]:
    """The rows as ``pyarrow.RecordBatch``es."""
    import pyarrow as pa

    images = ordered_map(
        lambda row: _image(pictures, *row),
        rows.select("product_id", "embedded", "picture", "content_hash").iter_rows(),
        workers,
        ahead=BATCH,
        chunk=8,
    )
    texts = rows.select(**TEXT_COLUMNS, **{name: name for name in kept})
    for some in texts.iter_slices(BATCH):
        columns = some.to_dict(as_series=False) | {"image": list(islice(images, some.height))}
        yield pa.RecordBatch.from_pydict(columns, schema)


def _image(pictures: Pictures, product_id: str, embedded: bool, picture: str, content: str) -> dict[str, Any]:
    file = pictures(embedded, picture)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"product {product_id!r}: {file} cannot be read ({error.strerror}): read the products again"
        ) from error
    if xxhash.xxh3_128_hexdigest(data) != content:
        raise ValueError(
            f"product {product_id!r}: {file} has changed since the products were read: read them again"
        )
    return {"bytes": data, "path": picture}


def _problems(
    divided: dict[str, pl.DataFrame], kept: Sequence[str], pictures: Pictures, folder: Path, log: Log
) -> Iterator[str]:
    """All that is wrong with the dataset, one line each."""
    from datasets import DatasetDict, load_from_disk

    try:
        # ArrowInvalid and JSONDecodeError are ValueErrors.
        loaded = load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        yield f"does not load: {error}"
        return
    if not isinstance(loaded, DatasetDict) or list(loaded) != list(divided):
        yield f"is not a DatasetDict with the splits {', '.join(divided)}"
        return
    progress = Progress("products: audit dataset", sum(map(len, divided.values())), "products", log)
    for name, rows in divided.items():
        split = loaded[name]
        if split.features != features(kept):
            yield f"{name}: columns are {split.features}, expected {features(kept)}"
        elif split.num_rows != rows.height:
            yield f"{name}: {split.num_rows} rows, expected {rows.height}"
        else:
            yield from _row_problems(name, split, rows, kept, pictures, progress)


def _row_problems(
    name: str, split: Any, rows: pl.DataFrame, kept: Sequence[str], pictures: Pictures, progress: Progress
) -> Iterator[str]:
    """Rows that hold something else than the products."""
    texts = TEXT_COLUMNS | {column: column for column in kept}
    tables = split.with_format("arrow").iter(BATCH)
    for start, (some, table) in enumerate(zip(rows.iter_slices(BATCH), tables, strict=True)):
        found = table.to_pydict()
        wrong = [
            (place, column)
            for column, source in texts.items()
            for place, value in enumerate(some[source])
            if found[column][place] != value
        ]
        files = some.select("embedded", "picture", "content_hash").iter_rows()
        wrong += [
            (place, "image")
            for place, (image, (embedded, picture, content)) in enumerate(
                zip(found["image"], files, strict=True)
            )
            if not _same_picture(image, pictures(embedded, picture), content)
        ]
        for place, column in sorted(wrong):
            row = start * BATCH + place
            yield f"{name}[{row}].{column} is not that of product {some['product_id'][place]}"
        progress.advance(some.height)


def _same_picture(image: dict[str, Any] | None, file: Path, content: str) -> bool:
    """Whether an image holds the bytes that the product was read with, and its file has them still."""
    data = (image or {}).get("bytes")
    return data is not None and xxhash.xxh3_128_hexdigest(data) == content and data == file.read_bytes()
