"""The catalog as JSON: ``{category: {concept: {"train": [...], "test": [...]}}}``."""

import json
from collections.abc import Iterable
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.schema import Images

LISTS = ("train", "test", "negative")
Tree = dict[str, dict[str, dict[str, list[str]]]]


def catalog_tree(
    rows: pl.DataFrame, prefix: str, *, categories: Iterable[str] = (), always: tuple[str, ...] = LISTS[:2]
) -> Tree:
    """Paths by category, concept and list, all in order.

    Args:
        rows: columns category, concept, path and split; rows of another split than train, test and negative
            name their concept but are in no list.
        prefix: what stands before each path: empty, or the root with a closing slash.
        categories: those that are to appear as keys whether or not they have rows.
        always: the lists that every concept has, empty or not; ``negative`` may be one of them.
    """
    lists = (
        rows.sort("category", "concept", "path")
        .group_by("category", "concept", pl.col("split").cast(pl.String), maintain_order=True)
        .agg(prefix + pl.col("path"))
    )
    tree: Tree = {category: {} for category in sorted({*categories, *lists["category"]})}
    for category, concept, split, paths in lists.iter_rows():
        entry = tree[category].setdefault(concept, {name: [] for name in always})
        if split in LISTS:
            entry[split] = paths
    return tree


def write_json(path: Path, content: object) -> None:
    """Write a JSON file for people and trainers: indented, in the order given, one closing newline."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_catalog_json(images: dy.DataFrame[Images], file: Path, *, prefix: str, negatives: bool) -> None:
    """Write the readable images' paths; a category or concept without any does not appear.

    Args:
        images: the catalog's table.
        file: where to.
        prefix: what stands before each path: "" or the root with a closing slash.
        negatives: whether a concept has a list ``negative`` too.
    """
    readable = images.filter(pl.col("reason").is_null())
    write_json(file, catalog_tree(readable, prefix, always=LISTS if negatives else LISTS[:2]))
