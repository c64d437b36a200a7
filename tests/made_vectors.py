"""Small catalogs of vectors, made of few values so that ties and repeated pictures are common."""

from typing import Any

import numpy as np
import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors

VALUES = {"category": ("shirts", "shorts", "cardigans"), "material": ("denim", "knit", None)}


def unit(vectors: np.ndarray) -> np.ndarray:
    """L2-normalised float32."""
    vectors = np.asarray(vectors, np.float64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def products(
    count: int,
    seed: int = 0,
    *,
    prefix: str = "p",
    dim: int = 6,
    levels: int | None = None,
    encoder: str = "made",
    text_share: float = 0.8,
) -> ProductVectors:
    """Products whose articles, pictures and values overlap; ``levels`` makes vectors coarse, so equal."""
    rng = np.random.default_rng(seed)

    def vectors(size: int) -> np.ndarray:
        if levels is None:
            return unit(rng.standard_normal((count, size)))
        return unit(rng.integers(0, levels, (count, size)) + 0.5)

    has_text = rng.random(count) < text_share
    image, text = vectors(dim), vectors(dim)
    text[~has_text] = 0
    ids = [f"{prefix}{number:05d}" for number in rng.permutation(count)]
    columns = {
        facet: pl.Series([values[at] for at in rng.integers(0, len(values), count)], dtype=pl.String)
        for facet, values in VALUES.items()
    }
    meta = pl.DataFrame(
        {
            "product_id": ids,
            "category": columns.pop("category"),
            "group_id": [f"g{number}" for number in rng.integers(0, 2 * count, count)],
            "content_hash": [f"h{number}" for number in rng.integers(0, 3 * count, count)],
            "phash": pl.Series(rng.integers(0, 1 << 60, count), dtype=pl.UInt64),
            "split": pl.Series(["train"] * count, dtype=pl.String),
            "has_text": has_text,
            **columns,
        },
        schema_overrides={"product_id": pl.String, "group_id": pl.String, "content_hash": pl.String},
    )
    return ProductVectors(meta, image, text, encoder)


def with_meta(vectors: ProductVectors, **columns: object) -> ProductVectors:
    """The same vectors with other values in some columns."""
    changed = vectors.meta.with_columns(
        **{name: pl.Series(values, dtype=vectors.meta.schema[name]) for name, values in columns.items()}
    )
    return ProductVectors(changed, vectors.image, vectors.text, vectors.encoder)


def excluded(query: dict[str, Any], product: dict[str, Any]) -> bool:
    """Whether the query must not find the product."""
    keys = ("product_id", "group_id", "content_hash")
    return any(query[key] is not None and query[key] == product[key] for key in keys)
