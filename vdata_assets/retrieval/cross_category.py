"""Distractors of other categories in place of a row's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.retrieval.settings import CombineSettings
from vdata_assets.seeding import seeded_int
from vdata_resources.perceptual_hash import hamming

POOL_IMAGES = 1024
COLUMNS = {"ret_ids": "id", "ret_paths": "path", "ret_concepts": "concept", "ret_phashes": "phash"}
DESCRIBED_COLUMNS = {**COLUMNS, "ret_descs": "description"}


@dataclass(frozen=True)
class Pool:
    """Images that one category offers as distractors, at most 1,024, drawn by seed.

    Attributes:
        images: columns id, path, concept and phash, and description if the rows have them.
        concepts: (n,) their concepts.
        hashes: (n,) their perceptual hashes.
        keys: (n,) for draws.
    """

    images: pl.DataFrame
    concepts: NDArray[np.object_]
    hashes: NDArray[np.uint64]
    keys: NDArray[np.uint64]


@dataclass(frozen=True)
class Pools:
    """The pools of all categories that offer images.

    Attributes:
        categories: their names.
        keys: (c,) for draws.
        pools: one a category.
        columns: column of the rows and column of a pool's images for all that a slot takes from an image.
    """

    categories: list[str]
    keys: NDArray[np.uint64]
    pools: list[Pool]
    columns: dict[str, str]


def distractor_pools(parts: Iterable[tuple[str, str, Path]], seed: int, *, described: bool = False) -> Pools:
    """Images from the distractor slots of each category's rows. A positive's slot offers nothing.

    Args:
        parts: partition key, category and Parquet file of :class:`RetrievalRows`.
        seed: which images, where a category has more than a pool holds.
        described: the rows have descriptions.
    """
    columns = DESCRIBED_COLUMNS if described else COLUMNS
    named = {category: _pool(path, seed, columns) for _, category, path in parts}
    filled = {category: pool for category, pool in named.items() if len(pool.images)}
    keys = draw_keys(seed, "cross-category-name", filled)
    return Pools(list(filled), keys, list(filled.values()), columns)


def _pool(path: Path, seed: int, columns: dict[str, str]) -> Pool:
    slots = pl.read_parquet(path, columns=[*columns, "ranks"]).explode(*columns, "ranks")
    images = slots.filter(pl.col("ranks") > 0).select(*columns).rename(columns).unique("id")
    images = images.with_columns(key=pl.Series(draw_keys(seed, "cross-category-image", images["id"])))
    images = images.sort("key", "id").head(POOL_IMAGES)
    return Pool(
        images=images.drop("key"),
        concepts=images["concept"].to_numpy().astype(object),
        hashes=images["phash"].to_numpy(),
        keys=images["key"].to_numpy(),
    )


def with_replacements(row: dict[str, Any], pools: Pools, settings: CombineSettings) -> dict[str, Any]:
    """The row with all its distractors replaced, or as it is, marked, if the others offer too few.

    A replacement is of another category, not of a concept named like the query's, no near-duplicate of the
    query or the positive, and the only one of its concept. Categories are equally likely, and the images of a
    category.

    Args:
        row: a row of :class:`CombinedRows` as a dict.
        pools: of all categories.
        settings: seed and near-duplicates.
    """
    kept = row["label"]
    hashes = np.array([row["query_phash"], row["ret_phashes"][kept]], np.uint64)
    columns = (*pools.columns, "ret_categories", "similarities")
    changed = {column: list(row[column]) for column in columns}
    taken: set[tuple[str, str]] = set()
    for slot in range(len(row["ret_ids"])):
        if slot == kept:
            continue
        drawn = _draw(row, slot, hashes, taken, pools, settings)
        if drawn is None:
            return {**row, "cross_category": "not_available"}
        category, image = drawn
        for column, name in pools.columns.items():
            changed[column][slot] = image[name]
        changed["ret_categories"][slot] = category
        changed["similarities"][slot] = None
        taken.add((category, image["concept"]))
    return {**row, **changed, "cross_category": "replaced"}


def _draw(
    row: dict[str, Any],
    slot: int,
    hashes: NDArray[np.uint64],
    taken: set[tuple[str, str]],
    pools: Pools,
    settings: CombineSettings,
) -> tuple[str, dict[str, Any]] | None:
    """A category and an image of it for a slot, by the highest draw among those allowed."""
    key = np.array([seeded_int(settings.seed, "cross-category-slot", row["query_id"], str(slot))], np.uint64)
    for index in np.argsort(-pair_draws(key, pools.keys), kind="stable"):
        category, pool = pools.categories[index], pools.pools[index]
        if category == row["category"]:
            continue
        refused = pool.concepts == row["concept"]
        for name, concept in taken:
            if name == category:
                refused |= pool.concepts == concept
        if settings.near_duplicate_hamming is not None:
            bits = hamming(pool.hashes[:, None], hashes)
            refused |= (bits <= settings.near_duplicate_hamming).any(axis=1)
        if not refused.all():
            draws = np.where(refused, -1.0, pair_draws(key, pool.keys))
            return category, pool.images.row(int(draws.argmax()), named=True)
    return None
