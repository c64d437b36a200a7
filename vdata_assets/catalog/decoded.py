"""Fingerprinted files decoded: their perceptual hashes, and which of them are damaged."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from vdata_resources.perceptual_hash import perceptual_hashes

DAMAGED = "the picture is damaged: it cannot be decoded"


def with_perceptual_hashes(
    files: pl.DataFrame, places: Mapping[str, Path], hashes: Path, log: Callable[[str], object]
) -> pl.DataFrame:
    """The files with a column ``phash``; a sound one that cannot be decoded gets a reason.

    Args:
        files: columns content_hash and reason, as of :func:`~vdata_assets.catalog.scan.scan`.
        places: content hash -> a file with that content, for every file without a reason.
        hashes: SQLite file of the hashes that are known, made if it is missing.
        log: where progress goes.
    """
    sound = files.filter(pl.col("reason").is_null())["content_hash"].unique(maintain_order=True)
    found = perceptual_hashes({content: places[content] for content in sound}, hashes, log=log)
    phash = pl.col("content_hash").replace_strict(found, default=None, return_dtype=pl.UInt64)
    files = files.with_columns(phash=pl.when(pl.col("reason").is_null()).then(phash))
    broken = pl.col("reason").is_null() & pl.col("phash").is_null()
    return files.with_columns(reason=pl.when(broken).then(pl.lit(DAMAGED)).otherwise("reason"))
