"""A few queries with their best results as a contact sheet for the UI."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from vdata_assets.attributes.settings import CATEGORY
from vdata_assets.reports import markdown
from vdata_assets.reports.contact_sheet import Row, Tile, sheet
from vdata_assets.reports.embed import SHEET_BYTES, encoded
from vdata_assets.reports.gallery_content import (
    NO_CATEGORY,
    Comparison,
    Query,
    Result,
    compared,
    contents,
    drawn_queries,
)
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, QUERY, UNREADABLE

QUERIES = 8
TOP = 5
TILE_SIZE = 128
FRAMES: dict[Comparison, str] = {"match": POSITIVE, "differs": DISTRACTOR, "unknown": UNREADABLE}
LEGEND = {"query": QUERY, "same category": POSITIVE, "another category": DISTRACTOR, "unknown": UNREADABLE}


def gallery_sheet(
    products: pl.DataFrame,
    per_query: pl.DataFrame,
    *,
    picture_of: Callable[[str], Path | None],
    facets: Sequence[str],
    title: str,
    seed: int,
    queries: int = QUERIES,
    top: int = TOP,
) -> str:
    """An embedded picture as Markdown, at most 150 kB.

    Args:
        products: as for ``gallery.write_gallery``; the facets include the category.
        per_query: likewise.
        picture_of: likewise.
        facets: likewise.
        title: head line.
        seed: decides which queries are shown.
        queries: rows.
        top: results a row.

    Raises:
        ValueError: products lack a column.
    """
    drawn = drawn_queries(per_query, queries, seed)
    rows = [
        Row([_query_tile(query, picture_of), *_result_tiles(query, facets, picture_of)])
        for query in contents(products, per_query, drawn, facets, top)
    ]
    note = f"{len(rows):,} of {per_query.height:,} queries, the categories in turn; numbers are fused scores"
    drawing = sheet(rows, TILE_SIZE, title, note, LEGEND)
    return markdown.image(title, encoded(drawing, SHEET_BYTES))


def _query_tile(query: Query, picture_of: Callable[[str], Path | None]) -> Tile:
    product_id = query.product.product_id
    captions = ["query", query.category, product_id]
    return Tile(picture_of(product_id), captions, QUERY, reason="no picture")


def _result_tiles(
    query: Query, facets: Sequence[str], picture_of: Callable[[str], Path | None]
) -> list[Tile]:
    tiles = []
    for rank, result in enumerate(query.results, start=1):
        product = result.product
        captions = [
            f"{rank} · {result.fused:.2f}",
            product.facets.get(CATEGORY) or NO_CATEGORY,
            _agreement(query, result, facets),
        ]
        frame = FRAMES[compared(query.product, product, CATEGORY)]
        tiles.append(Tile(picture_of(product.product_id), captions, frame, reason="no picture"))
    return tiles


def _agreement(query: Query, result: Result, facets: Sequence[str]) -> str:
    """How many attributes known on both sides match."""
    answers = [compared(query.product, result.product, facet) for facet in facets if facet != CATEGORY]
    known = len(answers) - answers.count("unknown")
    return f"{answers.count('match')} of {known} attributes" if known else "no attribute known"
