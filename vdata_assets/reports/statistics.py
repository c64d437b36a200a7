"""Figures of a catalog: how many, how large, in what form. Columnar, without reading an image."""

from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.reports.schema import Counts

SPLITS = ("train", "test", "negative")
MEASURES = ("images", *SPLITS, "unreadable", "bytes")
QUANTILES = {"min": 0.0, "q05": 0.05, "median": 0.5, "q95": 0.95, "max": 1.0}
RATIOS = ("megapixels", "aspect")
SHOWN_REASONS = 20


def concept_counts(images: pl.LazyFrame) -> dy.DataFrame[Counts]:
    """Image files a concept.

    Args:
        images: rows of ``catalog.schema.Images``.
    """
    readable = pl.col("reason").is_null()
    counts = (
        images.group_by("category", "concept", "partition")
        .agg(
            pl.len().alias("images"),
            *((readable & (pl.col("split") == split)).sum().alias(split) for split in SPLITS),
            (~readable).sum().alias("unreadable"),
            pl.col("bytes").sum(),
        )
        .sort("category", "concept")
        .collect()
    )
    return Counts.validate(counts, cast=True)


def category_counts(counts: dy.DataFrame[Counts], categories: pl.DataFrame) -> pl.DataFrame:
    """The counts summed a category, those without images included, ordered by name.

    Args:
        counts: the counts a concept.
        categories: rows of ``catalog.schema.Categories``: partition and category.
    """
    summed = counts.group_by("partition").agg(
        pl.len().alias("concepts"), *(pl.col(measure).sum() for measure in MEASURES)
    )
    return (
        categories.select("category", "partition")
        .join(summed, on="partition", how="left", validate="1:1")
        .with_columns(pl.col("concepts", *MEASURES).fill_null(0))
        .sort("category")
    )


def image_figures(images: pl.LazyFrame) -> dict[str, Any]:
    """Sizes, shapes, formats and faults of the image files.

    Args:
        images: rows of ``catalog.schema.Images``.

    Returns:
        ``width``, ``height``, ``short_side`` (pixels), ``megapixels``, ``aspect`` (width / height) and
        ``bytes``: quantiles over the readable files, null where there is none; ``orientation``: the share
        of landscape, portrait and square ones; ``formats`` and ``reasons``: files by format and by the 20
        most frequent reasons.
    """
    readable = images.filter(pl.col("reason").is_null())
    width, height = pl.col("width"), pl.col("height")
    measured = {
        "width": width,
        "height": height,
        "short_side": pl.min_horizontal(width, height),
        "megapixels": width.cast(pl.Float64) * height / 1e6,
        "aspect": width / height,
        "bytes": pl.col("bytes"),
    }
    shapes = {"landscape": width > height, "portrait": width < height, "square": width == height}
    row = readable.select(
        *(
            measure.quantile(share, "nearest")
            .cast(pl.Float64 if name in RATIOS else pl.Int64)
            .alias(f"{name} {quantile}")
            for name, measure in measured.items()
            for quantile, share in QUANTILES.items()
        ),
        *(shape.mean().alias(name) for name, shape in shapes.items()),
    ).collect()
    figures = row.row(0, named=True)
    return {
        **{name: {quantile: figures[f"{name} {quantile}"] for quantile in QUANTILES} for name in measured},
        "orientation": {name: figures[name] for name in shapes},
        "formats": frequencies(readable, "format"),
        "reasons": frequencies(images.filter(pl.col("reason").is_not_null()), "reason", SHOWN_REASONS),
    }


def concept_sizes(counts: dy.DataFrame[Counts]) -> dict[str, int | None]:
    """Quantiles of the images a concept; null if there is no concept."""
    sizes = pl.col("images")
    row = counts.select(
        sizes.quantile(share, "nearest").cast(pl.Int64).alias(name) for name, share in QUANTILES.items()
    )
    return row.row(0, named=True)


def frequencies(rows: pl.LazyFrame, column: str, limit: int | None = None) -> dict[str, int]:
    """How often each value occurs, most frequent first, then by value."""
    counted = rows.group_by(column).len().sort("len", column, descending=[True, False]).collect()
    return dict((counted if limit is None else counted.head(limit)).iter_rows())


def size_counts(images: pl.LazyFrame) -> pl.DataFrame:
    """How many readable images have each size: width, height (pixels), images."""
    return (
        images.filter(pl.col("reason").is_null())
        .group_by("width", "height")
        .agg(pl.len().alias("images"))
        .sort("width", "height")
        .collect()
    )


def slot_similarities(rows: pl.LazyFrame) -> pl.DataFrame:
    """One row a slot: ``query_id``, cosine ``similarity`` to the query, and whether it is the ``positive``.

    Args:
        rows: rows of ``retrieval.schema.RetrievalRows`` or ``CombinedRows``, whose unknown similarities are
            left out.
    """
    return (
        rows.select("query_id", similarity="similarities", positive="ranks")
        .explode("similarity", "positive")
        .drop_nulls()
        .with_columns(pl.col("positive") == 0)
        .collect()
    )


def retrieval_figures(slots: pl.DataFrame) -> dict[str, Any]:
    """How hard the retrieval rows are.

    Args:
        slots: what :func:`slot_similarities` returns.

    Returns:
        ``queries``; the mean similarity of ``positive`` and ``distractor`` slots; ``positive_first``: the
        share of queries whose positive is more similar than every distractor. Null where there is none.
    """
    positive, similarity = pl.col("positive"), pl.col("similarity")
    queries = slots.group_by("query_id").agg(
        first=similarity.filter(positive).max() > similarity.filter(~positive).max()
    )
    means = slots.select(
        positive=similarity.filter(positive).mean(), distractor=similarity.filter(~positive).mean()
    )
    return {
        "queries": queries.height,
        **{name: mean and round(mean, 6) for name, mean in means.row(0, named=True).items()},
        "positive_first": queries["first"].mean(),
    }
