"""Near-duplicates among a category's images, where they do harm."""

from collections.abc import Iterable

import polars as pl

from vdata_assets.embeddings.checks import NEAR_DUPLICATES_ACROSS_CONCEPTS, NEAR_DUPLICATES_ACROSS_SPLITS
from vdata_assets.quality.findings import Finding
from vdata_assets.quality.near_duplicates import near_duplicate_pairs

MAX_DISTANCE = 4


def audit_near_duplicates(
    embeddings: pl.DataFrame, images: pl.DataFrame, max_distance: int = MAX_DISTANCE
) -> list[Finding]:
    """Answer every check of ``NEAR_DUPLICATE_CHECKS``, in that order.

    Identical files are not counted: the catalog reports them. Offenders are pairs of paths.

    Args:
        embeddings: columns image_id and phash, rows of :class:`~vdata_assets.embeddings.schema.Embeddings`.
        images: rows of the catalog: image_id, path, concept, split and content_hash.
        max_distance: bits in which the 64-bit perceptual hashes of near-duplicates differ at most.
    """
    pairs = near_duplicate_pairs(embeddings, embeddings, max_distance).filter(
        pl.col("image_id") < pl.col("other_id")
    )
    facts = images.select("image_id", "path", "concept", "content_hash", pl.col("split").cast(pl.String))
    others = facts.rename({name: f"other_{name}" for name in facts.columns if name != "image_id"})
    pairs = (
        pairs.join(facts, on="image_id")
        .join(others, left_on="other_id", right_on="image_id")
        .filter(pl.col("content_hash") != pl.col("other_content_hash"))
        .sort("path", "other_path")
    )
    across_concepts = pairs.filter(pl.col("concept") != pl.col("other_concept"))
    across_splits = pairs.filter(
        pl.col("split") != pl.col("other_split"),
        pl.all_horizontal(side.is_in(["train", "test"]) for side in (pl.col("split"), pl.col("other_split"))),
    )
    return [
        NEAR_DUPLICATES_ACROSS_CONCEPTS.finding(
            f"{across_concepts.height} pairs of images of different concepts differ in at most "
            f"{max_distance} of 64 bits",
            _named(across_concepts),
        ),
        NEAR_DUPLICATES_ACROSS_SPLITS.finding(
            f"{across_splits.height} pairs of a training and a test image differ in at most "
            f"{max_distance} of 64 bits",
            _named(across_splits),
        ),
    ]


def _named(pairs: pl.DataFrame) -> Iterable[str]:
    return (
        f"{path} ~ {other} ({distance} bits)"
        for path, other, distance in pairs.select("path", "other_path", "distance").iter_rows()
    )
