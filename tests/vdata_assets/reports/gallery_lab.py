"""Products with small pictures, and what queries found among them."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from PIL import Image

COLOURS = ((200, 0, 0), (0, 150, 0), (0, 0, 200))


def make_products(folder: Path, sizes: dict[str | None, int], text: str | None = "a text") -> pl.DataFrame:
    """So many products of every category, with a picture and a material in turn."""
    rows = []
    for category, size in sizes.items():
        for number in range(size):
            product_id = f"{category}-{number:03}"
            Image.new("RGB", (90, 120), COLOURS[number % 3]).save(folder / f"{product_id}.png")
            material = ("denim", "wool", "unknown")[number % 3]
            rows.append((product_id, text, category, material))
    return pl.DataFrame(rows, schema=["product_id", "text", "category", "material"], orient="row")


def found(products: pl.DataFrame, results: Sequence[str] | None = None) -> pl.DataFrame:
    """Every product as a query that found the given ones, or the first ten others."""
    ids = products["product_id"].to_list()
    rows = []
    for query_id, category in products.select("product_id", "category").iter_rows():
        these = list(results) if results is not None else [other for other in ids if other != query_id][:10]
        scores = [0.9 - 0.05 * rank for rank in range(len(these))]
        texts = [None if rank == 1 else score for rank, score in enumerate(scores)]
        rows.append((query_id, these, scores, scores, texts, category))
    return pl.DataFrame(
        rows,
        schema={
            "query_id": pl.String,
            "results": pl.List(pl.String),
            "scores": pl.List(pl.Float32),
            "image_scores": pl.List(pl.Float32),
            "text_scores": pl.List(pl.Float32),
            "category": pl.String,
        },
        orient="row",
    )
