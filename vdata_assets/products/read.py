"""The products of a source as a table: every row, what it says, and why it cannot be used if so."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path

import polars as pl

from vdata_assets.catalog.decoded import with_perceptual_hashes
from vdata_assets.catalog.partitions import partition_keys
from vdata_assets.catalog.scan import scan
from vdata_assets.catalog.shards import shard_keys
from vdata_assets.products.columns import (
    as_text,
    filled,
    holds_bytes,
    image_bytes,
    image_paths,
    placeholders,
    wanted_columns,
)
from vdata_assets.products.pictures import EMBEDDED_COLUMNS, EmbeddedPictures, located
from vdata_assets.products.schema import Products
from vdata_assets.products.settings import ProductSettings
from vdata_assets.products.sources import Batch, Log, Part, open_source
from vdata_resources.parallel import usable_cores

ROWS = 65_536
"""Rows read at a time."""
ROWS_WITH_PICTURES = 64
"""Rows read at a time where they hold pictures."""
LOGGED = 20
"""Unknown categories that are named in the log."""


def read_products(
    root: Path,
    settings: ProductSettings,
    out: Path,
    *,
    known_partitions: Mapping[str, str],
    known_shards: Mapping[str, str],
    hashes: Path,
    log: Log,
) -> pl.DataFrame:
    """Every row of a source, in its order, with its picture looked at.

    A row without id, with the id of an earlier row, without picture or with one that cannot be read stays and
    gets a reason. No file outside root is opened, whatever the source says. A product that was there before
    keeps its shard; new ones fill the last shard and then begin others. Memory holds the table and some
    pictures, never all.

    Args:
        root: folder of the source and its pictures.
        settings: where what is.
        out: folder into which pictures that the source itself holds are written.
        known_partitions: keys already published, by category.
        known_shards: shards already published, by product_id.
        hashes: SQLite file of the perceptual hashes that are known, made if it is missing.
        log: where lines of progress go.

    Returns:
        Rows of :class:`~vdata_assets.products.schema.Products`, and behind them the columns that are kept.

    Raises:
        ValueError: root, the source or a column that the settings name is missing or is not what they say.
    """
    wanted = wanted_columns(settings)
    parts = open_source(root, settings.source)
    for part in parts:
        part.require(wanted)
    batches = _rows(parts, wanted, settings, out, log)
    rows = pl.concat([_no_rows(settings), *batches], how="diagonal").with_columns(
        pl.col("embedded").fill_null(False)
    )
    rows = _with_files(root, rows, settings, log)
    rows = with_perceptual_hashes(rows, _places(root, out, rows), hashes, log)
    return _table(rows, settings, known_partitions, known_shards, log)


def kept_columns(settings: ProductSettings) -> list[str]:
    """The columns of the source that the settings keep, once each."""
    return list(dict.fromkeys(settings.keep))


def _no_rows(settings: ProductSettings) -> pl.DataFrame:
    texts = ["product_id", "category", "text", *kept_columns(settings), "path", "fault"]
    return pl.DataFrame(schema={**dict.fromkeys(texts, pl.String), **EMBEDDED_COLUMNS})


def _rows(
    parts: Sequence[Part], wanted: Mapping[str, str], settings: ProductSettings, out: Path, log: Log
) -> Iterator[pl.DataFrame]:
    """The source's rows, batch by batch, the pictures that it holds written; columns may be missing."""
    columns = list(dict.fromkeys(wanted.values()))
    image = settings.columns.image
    heavy_parts = [image is not None and holds_bytes(part.schema.field(image).type) for part in parts]
    pictures = EmbeddedPictures(out, sum(part.rows for part in compress(parts, heavy_parts)), log)
    for part, heavy in zip(parts, heavy_parts, strict=True):
        for batch in part.batches(columns, ROWS_WITH_PICTURES if heavy else ROWS):
            rows = _texts(part, batch, settings)
            if heavy:
                rows = rows.hstack(pictures.add(image_bytes(batch.table[image])))
            yield rows


def _texts(part: Part, batch: Batch, settings: ProductSettings) -> pl.DataFrame:
    columns, table = settings.columns, batch.table

    def text(name: str) -> pl.Series:
        return as_text(table[name], name, part.name, part.names.get(name))

    rows = {"product_id": text(columns.product_id), "category": text(columns.category)}
    if columns.text is not None:
        rows["text"] = text(columns.text)
    if columns.image is not None:
        path = image_paths(table[columns.image])
        rows["path"] = as_text(path, columns.image, part.name, part.names.get(columns.image))
    elif columns.image_path is not None:
        named = pl.DataFrame({name: text(name) for name in placeholders(columns.image_path)})
        rows["path"] = filled(columns.image_path, named)
    if batch.faults:
        rows["fault"] = pl.Series([batch.faults.get(row) for row in range(table.num_rows)], dtype=pl.String)
    return pl.DataFrame(rows | {name: text(name) for name in kept_columns(settings)})


def _with_files(root: Path, rows: pl.DataFrame, settings: ProductSettings, log: Log) -> pl.DataFrame:
    """The rows with what the files are that their paths name."""
    paths = rows.filter(~pl.col("embedded"))["path"].drop_nulls().unique(maintain_order=True)
    places = located(root, paths, settings.find_pictures)
    files = places["picture"].drop_nulls().unique(maintain_order=True)
    scanned = scan(os.fspath(root), files.to_list(), usable_cores(), log).select(
        "content_hash", "width", "height", picture=files, unreadable="reason"
    )
    found = places.join(scanned, on="picture", how="left", maintain_order="left").with_columns(
        reason=pl.coalesce("reason", "unreadable")
    )
    both = rows.join(found, on="path", how="left", maintain_order="left", suffix="_of_file")
    filled_in = ("picture", "content_hash", "width", "height", "reason")
    both = both.with_columns(pl.coalesce(name, f"{name}_of_file") for name in filled_in)
    setting = "columns.image" if settings.columns.image_path is None else "columns.image_path"
    missing = ~pl.col("embedded") & pl.col("path").is_null()
    return both.with_columns(
        reason=pl.when(missing).then(pl.lit(f"no picture: {setting} is empty")).otherwise("reason")
    )


def _places(root: Path, out: Path, rows: pl.DataFrame) -> dict[str, Path]:
    """Content hash -> a file with that content, of all pictures whose headers could be read."""
    sound = rows.filter(pl.col("reason").is_null()).unique("content_hash", keep="first", maintain_order=True)
    return {
        content: (out if embedded else root) / picture
        for content, embedded, picture in sound.select("content_hash", "embedded", "picture").iter_rows()
    }


def _table(
    rows: pl.DataFrame,
    settings: ProductSettings,
    known_partitions: Mapping[str, str],
    known_shards: Mapping[str, str],
    log: Log,
) -> pl.DataFrame:
    rows = rows.with_row_index("row").with_columns(
        reason=_reason(), category=_known_category(rows["category"], settings, log)
    )
    usable = rows.filter(pl.col("reason").is_null())
    ids = usable["product_id"].to_list()
    shards = shard_keys(
        ids, settings.shard_size, {name: known_shards[name] for name in ids if name in known_shards}
    )
    partitions = partition_keys(usable["category"].drop_nulls().unique(), known_partitions)
    shard = pl.col("product_id").replace_strict(shards, default=None, return_dtype=pl.String)
    rows = rows.with_columns(
        partition=pl.col("category").replace_strict(partitions, default=None, return_dtype=pl.String),
        shard=pl.when(pl.col("reason").is_null()).then(shard),
    )
    own = Products.validate(rows.select(Products.column_names()), cast=True)
    return own.hstack(rows.select(kept_columns(settings)))


def _reason() -> pl.Expr:
    """Why a row cannot be used: what is wrong with its line, or with its id and its picture."""
    product_id = pl.col("product_id")
    first = pl.col("row").min().over("product_id")
    of_id = (
        pl.when(product_id.is_null())
        .then(pl.lit("no id"))
        .when(pl.col("row") > first)
        .then(pl.format("the id of row {}", first))
    )
    of_both = pl.concat_str(of_id, "reason", separator="; ", ignore_nulls=True)
    return pl.coalesce("fault", pl.when(of_both != "").then(of_both))


def _known_category(categories: pl.Series, settings: ProductSettings, log: Log) -> pl.Series:
    if settings.categories is None:
        return categories
    known = categories.is_in(list(settings.categories))
    unknown = (
        categories.filter(~known).value_counts(sort=True).sort("count", "category", descending=[True, False])
    )
    for category, count in unknown.head(LOGGED).iter_rows():
        log(f"products: {count} rows of the category {category!r}, which is not among `categories`")
    return categories.zip_with(known.fill_null(False), pl.Series([None], dtype=pl.String))
