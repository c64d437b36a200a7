"""Splits of products: an article, its colours, its views and its pictures on one side."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vdata_assets.pairs.split_checks import ARTICLES_APART, LOOK_ALIKES_APART
from vdata_assets.pairs.split_settings import ProductSplitSettings
from vdata_assets.quality.findings import Finding
from vdata_assets.splits.near_samples import near_pairs, near_samples_apart
from vdata_assets.splits.sample_split_audit import audit_sample_splits
from vdata_assets.splits.sample_splits import write_sample_splits

TOGETHER = ("group_id", "content_hash")


@dataclass(frozen=True)
class ProductSplits:
    """What was written.

    Attributes:
        splits: of schema SampleSplits; sample_id is the product_id.
        findings: answers to the checks of splits.
    """

    splits: pl.DataFrame
    findings: list[Finding]


def write_product_splits(
    products: pl.DataFrame,
    groups: pl.DataFrame,
    settings: ProductSplitSettings,
    hamming: int,
    out: Path,
    previous: pl.DataFrame | None,
) -> ProductSplits:
    """Write ``splits.parquet`` and ``split_config.json``, and audit them.

    Args:
        products: usable rows of :class:`~vdata_assets.products.schema.Products`.
        groups: rows of :class:`~vdata_assets.pairs.schema.ProductGroups`.
        settings: of the splitter; classes are the categories.
        hamming: bits in which the perceptual hashes of products that look the same differ at most.
        out: where the files go.
        previous: columns sample_id and split of the version before, or None.
    """
    samples = products.select(
        "product_id", "content_hash", "phash", labels=pl.concat_list("category").list.drop_nulls()
    ).join(groups.select("product_id", "group_id"), on="product_id", how="left", maintain_order="left")
    samples = samples.rename({"product_id": "sample_id"})
    splits = write_sample_splits(
        samples, settings, out, keys=TOGETHER, pairs=near_pairs(samples, hamming), previous=previous
    )
    return ProductSplits(
        splits,
        [
            *audit_sample_splits(samples, splits, settings),
            _articles_apart(samples, splits),
            near_samples_apart(samples, splits, hamming, LOOK_ALIKES_APART, "product"),
        ],
    )


def _articles_apart(samples: pl.DataFrame, splits: pl.DataFrame) -> Finding:
    """Articles and pictures in more than one split."""
    rows = samples.join(splits.select("sample_id", "split"), on="sample_id")
    parted = [
        rows.group_by(key)
        .agg(names=pl.col("split").unique().sort(), first=pl.col("sample_id").min())
        .filter(pl.col("names").list.len() > 1)
        .select("first", "names", what=pl.lit(what))
        for key, what in zip(TOGETHER, ("article", "picture"), strict=True)
    ]
    hit = pl.concat(parted).sort("what", "first")
    return ARTICLES_APART.finding(
        f"{parted[0].height} of {rows['group_id'].n_unique()} articles and {parted[1].height} of "
        f"{rows['content_hash'].n_unique()} pictures are in more than one split",
        [f"{what} of {first}: {', '.join(names)}" for first, names, what in hit.iter_rows()],
        {"articles": rows["group_id"].n_unique()},
    )
