"""Pairs of images whose perceptual hashes differ in few bits, found exactly without comparing all pairs."""

from itertools import pairwise

import polars as pl

HASH_BITS = 64


def near_duplicate_pairs(left: pl.DataFrame, right: pl.DataFrame, max_distance: int) -> pl.DataFrame:
    """Every pair of rows of ``left`` and ``right`` at a Hamming distance of at most ``max_distance``.

    The 64 bits are cut into ``max_distance + 1`` bands: two hashes within that distance agree in one band at
    least (pigeonhole; Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling", WWW 2007), so
    only pairs that share a band are compared. Distinct hashes are compared once, however many rows have one.

    Args:
        left: columns ``image_id`` and ``phash`` (UInt64); rows without a hash take no part.
        right: the same; may be the same table.
        max_distance: bits, 0 to 31.

    Returns:
        Columns ``image_id``, ``other_id`` and ``distance``, ordered; an image is no pair with itself.

    Raises:
        ValueError: the distance is out of range.
    """
    if not 0 <= max_distance < HASH_BITS // 2:
        raise ValueError(f"max_distance: {max_distance} is not in 0..{HASH_BITS // 2 - 1}")
    left, right = (
        table.select("image_id", "phash").drop_nulls("phash").rename({"image_id": name})
        for table, name in ((left, "image_id"), (right, "other_id"))
    )
    ours, theirs = (table.select(pl.col("phash").unique()) for table in (left, right))
    candidates = [
        ours.with_columns(band=_band(*bits)).join(
            theirs.select(pl.col("phash").alias("other_phash"), band=_band(*bits, column="phash")), on="band"
        )
        for bits in _bands(max_distance + 1)
    ]
    distance = (pl.col("phash") ^ pl.col("other_phash")).bitwise_count_ones()
    close = (
        pl.concat(part.drop("band").filter(distance <= max_distance) for part in candidates)
        .unique()
        .with_columns(distance=distance)
    )
    return (
        left.join(close, on="phash")
        .join(right.rename({"phash": "other_phash"}), on="other_phash")
        .filter(pl.col("image_id") != pl.col("other_id"))
        .select("image_id", "other_id", "distance")
        .sort("image_id", "other_id")
    )


def _bands(count: int) -> list[tuple[int, int]]:
    """First bit and number of bits of each of ``count`` bands of nearly equal width."""
    edges = [band * HASH_BITS // count for band in range(count + 1)]
    return [(start, end - start) for start, end in pairwise(edges)]


def _band(start: int, width: int, column: str = "phash") -> pl.Expr:
    # Unsigned integers have no shift in polars: dividing by a power of two is one.
    shifted = pl.col(column) // pl.lit(1 << start, dtype=pl.UInt64)
    if width == HASH_BITS:
        return shifted
    return shifted % pl.lit(1 << width, dtype=pl.UInt64)
