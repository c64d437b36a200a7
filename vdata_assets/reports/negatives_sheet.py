"""A contact sheet of hard negatives: what looks alike and is not the same."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
from PIL import Image

from vdata_assets.reports.contact_sheet import Row, Tile, sheet
from vdata_assets.reports.palette import DISTRACTOR, QUERY
from vdata_assets.seeding import seeded_order

QUERIES = 8
NEGATIVES = 6
TILE_SIZE = 128


def negatives_sheet(
    negatives: pl.DataFrame,
    title: str,
    picture_of: Callable[[str], Path | None],
    *,
    seed: int = 0,
    queries: int = QUERIES,
    shown: int = NEGATIVES,
    tile_size: int = TILE_SIZE,
) -> Image.Image:
    """Queries with their hardest negatives; below each its score and the attributes that differ.

    Args:
        negatives: rows of :class:`~vdata_assets.pairs.schema.HardNegatives`.
        title: head line, e.g. the category.
        picture_of: a product's picture; None if it is not known any more.
        seed: of the choice of queries.
        queries: rows at most.
        shown: negatives a row at most.
        tile_size: side of a tile in pixels.
    """
    ids = negatives["query_id"].unique()
    chosen = seeded_order(seed, "negatives-sheet", ids)[:queries]
    rows = []
    for query in sorted(chosen):
        found = negatives.filter(pl.col("query_id") == query).sort("rank").head(shown)
        tiles = [Tile(picture_of(query), ["query"], QUERY, "no picture")]
        for row in found.iter_rows(named=True):
            differing = ", ".join(
                f"{name}: {row[f'query_{name}']} / {row[f'negative_{name}']}" for name in row["mismatches"]
            )
            captions = [f"{row['rank']} · {row['score']:.2f}", differing]
            tiles.append(Tile(picture_of(row["negative_id"]), captions, DISTRACTOR, "no picture"))
        rows.append(Row(tiles, query))
    note = f"{len(rows):,} of {len(ids):,} queries; score, and what differs: query / negative"
    return sheet(rows, tile_size, title, note, {"query": QUERY, "hard negative": DISTRACTOR})
