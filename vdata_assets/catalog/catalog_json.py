"""The catalog as JSON: ``{category: {concept: {"train": [...], "test": [...]}}}``."""

import json
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.schema import Images


def write_catalog_json(images: dy.DataFrame[Images], file: Path, *, prefix: str, negatives: bool) -> None:
    """Write the readable images' paths by category, concept and split, all in order, UTF-8.

    A concept has both ``train`` and ``test``, empty or not; a category or concept without any readable
    image does not appear.

    Args:
        images: the catalog's table.
        file: where to.
        prefix: what stands before each path: "" or the root with a closing slash.
        negatives: whether a concept has a list ``negative`` too.
    """
    splits = ("train", "test", "negative") if negatives else ("train", "test")
    lists = (
        images.filter(pl.col("reason").is_null())
        .sort("category", "concept", "path")
        .group_by("category", "concept", "split", maintain_order=True)
        .agg(prefix + pl.col("path"))
    )
    tree: dict[str, dict[str, dict[str, list[str]]]] = {}
    for category, concept, split, paths in lists.iter_rows():
        concepts = tree.setdefault(category, {})
        concepts.setdefault(concept, {name: [] for name in splits})[split] = paths
    with file.open("w", encoding="utf-8", newline="\n") as out:
        json.dump(tree, out, ensure_ascii=False, indent=2)
        out.write("\n")
