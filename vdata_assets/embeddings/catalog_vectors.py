"""The vectors of a whole catalog as arrays on disk, which readers map into memory."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.embeddings.checks import CATALOG_FILES_SOUND, ONE_ENCODER, SHARDS_PRESENT
from vdata_assets.embeddings.embed import TABLE as IMAGE_TABLE
from vdata_assets.embeddings.embed_texts import TEXT_TABLE
from vdata_assets.embeddings.product_vectors import META_COLUMNS, ProductVectors
from vdata_assets.quality.findings import Finding
from vdata_resources.progress import Progress

IMAGES, TEXTS, META, MANIFEST = "catalog_img.npy", "catalog_txt.npy", "catalog_meta.parquet", "manifest.json"
LENGTH_TOLERANCE = 1e-3
CHECKED_ROWS = 8192


def write_catalog(
    products: pl.DataFrame,
    shards: Sequence[Path],
    folder: Path,
    log: Callable[[str], object] = lambda line: None,
) -> pl.DataFrame:
    """Write ``catalog_img.npy``, ``catalog_txt.npy``, ``catalog_meta.parquet`` and ``manifest.json``.

    Arrays are float32 with rows of length 1, in the order of the products; the text row of a product
    without text is zeros. Only one shard is in memory at a time.

    Args:
        products: usable rows of Products; those that are in no shard are left out.
        shards: folders of the published embeddings, all of the same encoders; at least one.
        folder: where to; made here.
        log: where progress goes.

    Returns:
        The table of catalog_meta.parquet.
    """
    folder.mkdir()
    held = pl.concat(
        pl.scan_parquet(shard / IMAGE_TABLE)
        .filter(pl.col("vector").is_not_null())
        .select(product_id="image_id")
        for shard in shards
    ).collect()
    meta = products.select(
        "product_id", "category", "text", "picture", "embedded", "content_hash", "phash"
    ).join(held, on="product_id", how="semi", maintain_order="left")
    place = meta.select("product_id").with_row_index("row")
    dims = _width(shards[0] / IMAGE_TABLE, "vector"), _width(shards[0] / TEXT_TABLE, "text_vector")
    images = np.lib.format.open_memmap(folder / IMAGES, "w+", np.float32, (meta.height, dims[0]))
    texts = np.lib.format.open_memmap(folder / TEXTS, "w+", np.float32, (meta.height, dims[1]))
    progress = Progress("catalog vectors", len(shards), "shards", log)
    for shard in shards:
        _fill(images, shard / IMAGE_TABLE, place, "image_id", "vector")
        _fill(texts, shard / TEXT_TABLE, place, "product_id", "text_vector")
        progress.advance(1)
    images.flush()
    texts.flush()
    meta = meta.with_columns(has_text=pl.Series(np.asarray(texts).any(axis=1), dtype=pl.Boolean))
    meta.write_parquet(folder / META)
    image_encoder, text_encoder = shard_encoders(shards[0])
    write_json(
        folder / MANIFEST,
        {
            "model": {"image": image_encoder, "text": text_encoder},
            "dims": {"image": dims[0], "text": dims[1]},
            "counts": {"products": meta.height, "with_text": int(meta["has_text"].sum())},
            "sha256": {name: _sha256(folder / name) for name in (IMAGES, TEXTS, META)},
        },
    )
    return meta


def shard_encoders(shard: Path) -> tuple[str, str]:
    """Identities of the encoders that made a shard's image and text vectors."""
    image, text = (
        pl.scan_parquet(shard / table).select("encoder").head(1).collect().item()
        for table in (IMAGE_TABLE, TEXT_TABLE)
    )
    return image, text


def read_catalog(
    folder: Path,
    *,
    groups: pl.DataFrame,
    splits: pl.DataFrame,
    attributes: pl.DataFrame,
    names: Sequence[str],
    unknown: str,
) -> ProductVectors:
    """The catalog with what is known of its products; arrays are mapped, not read.

    Products that have no split, which came after the splits were made, are left out.

    Args:
        folder: from :func:`write_catalog`.
        groups: columns product_id and group_id.
        splits: columns sample_id (the product_id) and split.
        attributes: column product_id and one a name.
        names: the attributes that are wanted.
        unknown: the word for an attribute that is not known.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    known = attributes.select(
        "product_id", *(pl.when(pl.col(name) != unknown).then(pl.col(name)).alias(name) for name in names)
    )
    meta = (
        pl.read_parquet(folder / META)
        .with_row_index("row")
        .join(groups.select("product_id", "group_id"), on="product_id", maintain_order="left")
        .join(splits.select("split", product_id="sample_id"), on="product_id", maintain_order="left")
        .join(known, on="product_id", maintain_order="left")
    )
    return ProductVectors(
        meta.select(*META_COLUMNS, *names),
        _rows(folder / IMAGES, meta["row"]),
        _rows(folder / TEXTS, meta["row"]),
        f"{manifest['model']['image']} | {manifest['model']['text']}",
    )


def audit_catalog(
    folder: Path, missing: Mapping[str, str], foreign: Mapping[str, str], shards: int
) -> list[Finding]:
    """Answer every check of ``CATALOG_VECTORS_CHECKS``, in that order.

    Args:
        folder: from :func:`write_catalog`.
        missing: partition key of each shard that is not published, and why.
        foreign: partition key of each shard that other encoders made, and which.
        shards: how many there should be.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    meta = pl.read_parquet(folder / META)
    unsound = [name for name, digest in manifest["sha256"].items() if _sha256(folder / name) != digest]
    for name, kind, may_be_zero in ((IMAGES, "image", False), (TEXTS, "text", True)):
        array = np.load(folder / name, mmap_mode="r")
        if array.shape != (meta.height, manifest["dims"][kind]) or array.dtype != np.float32:
            unsound.append(f"{name}: {array.dtype} {array.shape}")
            continue
        wrong = _wrong_lengths(array, ~meta["has_text"].to_numpy() if may_be_zero else None)
        unsound += [f"{name} row {row} ({meta['product_id'][row]})" for row in wrong]
    return [
        SHARDS_PRESENT.finding(
            f"{len(missing)} of {shards} shards are not in the catalog",
            [f"{key}: {why}" for key, why in missing.items()],
            {"shards": shards},
        ),
        ONE_ENCODER.finding(
            f"{len(foreign)} of {shards} shards are of other encoders than "
            f"{' and '.join(manifest['model'].values())}",
            [f"{key}: {encoders}" for key, encoders in foreign.items()],
            {"shards": shards},
        ),
        CATALOG_FILES_SOUND.finding(
            f"{meta.height} products: {len(unsound)} files or rows are not what manifest.json says",
            unsound,
            {"products": meta.height},
        ),
    ]


def _width(file: Path, column: str) -> int:
    """Length of the vectors of a column."""
    dtype = pl.read_parquet_schema(file)[column]
    if not isinstance(dtype, pl.Array):
        raise TypeError(f"{file}: {column} is {dtype}, not an array")
    return dtype.size


def _fill(array: NDArray[np.float32], file: Path, place: pl.DataFrame, key: str, column: str) -> None:
    """Write the vectors of a shard to the rows of its products."""
    part = (
        pl.scan_parquet(file)
        .filter(pl.col(column).is_not_null())
        .select(product_id=key, vector=column)
        .collect()
        .join(place, on="product_id")
    )
    if part.height:
        array[part["row"].to_numpy()] = part["vector"].to_numpy()


def _rows(file: Path, rows: pl.Series) -> NDArray[np.float32]:
    """Rows of an array in a file; all of them stay on the disk until they are used."""
    array: NDArray[np.float32] = np.load(file, mmap_mode="r")
    wanted = rows.to_numpy()
    return array if np.array_equal(wanted, np.arange(len(array))) else array[wanted]


def _wrong_lengths(array: NDArray[np.float32], zero: NDArray[np.bool_] | None) -> list[int]:
    """Rows that are not of length 1, or of length 0 where they should be."""
    wrong: list[int] = []
    for start in range(0, len(array), CHECKED_ROWS):
        lengths = np.linalg.norm(array[start : start + CHECKED_ROWS].astype(np.float64), axis=1)
        expected = np.ones(len(lengths)) if zero is None else ~zero[start : start + CHECKED_ROWS]
        wrong += (start + np.flatnonzero(~(np.abs(lengths - expected) <= LENGTH_TOLERANCE))).tolist()
    return wrong


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
