"""What is asked of products before they are published, over all rows."""

from collections.abc import Iterator

import polars as pl

from vdata_assets.products.checks import (
    CATEGORIES_KNOWN,
    PICTURES_READABLE,
    PRODUCT_IDS_UNIQUE,
    PRODUCTS_FOUND,
    TEXTS_PRESENT,
)
from vdata_assets.products.settings import ProductSettings
from vdata_assets.quality.findings import Finding


def audit_products(products: pl.DataFrame, settings: ProductSettings) -> list[Finding]:
    """Answer every check of ``PRODUCT_CHECKS`` but the dataset's, in that order, each at its default level.

    Args:
        products: rows of :class:`~vdata_assets.products.schema.Products`, usable or not.
        settings: that they were read with.
    """
    usable = products.filter(pl.col("reason").is_null())
    return [
        _products_found(products, usable),
        _ids_unique(products),
        _pictures_readable(products),
        _texts_present(usable, settings),
        _categories_known(usable, settings),
    ]


def _products_found(products: pl.DataFrame, usable: pl.DataFrame) -> Finding:
    reasons = products["reason"].drop_nulls().value_counts().sort("count", "reason", descending=[True, False])
    why = [f"{count} rows: {reason}" for reason, count in reasons.iter_rows()] or ["the source has no rows"]
    return PRODUCTS_FOUND.finding(
        f"{usable.height} of {products.height} rows can be used",
        [] if usable.height else why,
        {"products": usable.height, "rows": products.height},
    )


def _ids_unique(products: pl.DataFrame) -> Finding:
    rows = products.select("row", "product_id", first=pl.col("row").min().over("product_id"))
    missing = rows.filter(pl.col("product_id").is_null())
    repeated = rows.filter(pl.col("product_id").is_not_null() & (pl.col("row") > pl.col("first")))

    def offenders() -> Iterator[str]:
        for row, product_id, first in pl.concat([missing, repeated]).sort("row").iter_rows():
            yield f"row {row}: no id" if product_id is None else f"row {row}: {product_id}, as row {first}"

    return PRODUCT_IDS_UNIQUE.finding(
        f"of {products.height} rows {missing.height} have no id and {repeated.height} that of an earlier row",
        offenders(),
        {"missing": missing.height, "repeated": repeated.height},
    )


def _pictures_readable(products: pl.DataFrame) -> Finding:
    # A row without a hash has no picture, or one that could not be decoded.
    unreadable = products.filter(pl.col("phash").is_null() | pl.col("picture").is_null())
    return PICTURES_READABLE.finding(
        f"{unreadable.height} of {products.height} rows have no picture that can be read",
        [
            f"{_named(row, product_id)}: {reason}"
            for row, product_id, reason in unreadable.select("row", "product_id", "reason").iter_rows()
        ],
        {"rows": products.height},
    )


def _texts_present(usable: pl.DataFrame, settings: ProductSettings) -> Finding:
    without = usable.filter(pl.col("text").fill_null("").str.strip_chars() == "")
    none = settings.columns.text is None and not without.is_empty()
    return TEXTS_PRESENT.finding(
        f"{without.height} of {usable.height} products have no text",
        ["columns.text is null: no product has one"] if none else without["product_id"],
        {"products_without_text": without.height},
    )


def _categories_known(usable: pl.DataFrame, settings: ProductSettings) -> Finding:
    known = pl.col("category").is_not_null() & pl.col("partition").is_not_null()
    if settings.categories is not None:
        known &= pl.col("category").is_in(list(settings.categories)).fill_null(False)
    without = usable.filter(~known)
    return CATEGORIES_KNOWN.finding(
        f"{without.height} of {usable.height} products have no known category",
        without["product_id"],
        {"categories": usable["category"].n_unique() - int(usable["category"].has_nulls())},
    )


def _named(row: int, product_id: str | None) -> str:
    return f"row {row}" if product_id is None else f"row {row} ({product_id})"
