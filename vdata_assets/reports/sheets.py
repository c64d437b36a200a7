"""The contact sheets of concept retrieval: what a category holds, and what a query is asked."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from PIL import Image

from vdata_assets.reports.contact_sheet import Row, Tile, sheet
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, QUERY, SPLIT_COLOURS
from vdata_assets.seeding import seeded_order

CONCEPTS = 6
VIEWS = 6
QUERIES = 8
TILE_SIZE = 128


def category_sheet(
    images: pl.DataFrame,
    category: str,
    root: Path,
    *,
    seed: int,
    concepts: int = CONCEPTS,
    views: int = VIEWS,
    tile_size: int = TILE_SIZE,
) -> Image.Image:
    """A row of views for each concept of a category; unreadable files are shown with their reason.

    Which concepts and views are shown is a seeded order of their names and ids: adding an image or a
    concept replaces at most one of those shown. Rows then stand by name, views by split and path.

    Args:
        images: rows of ``catalog.schema.Images`` of one category: image_id, path, concept, split, reason.
        category: display name.
        root: folder that the paths are relative to.
        seed: the user's seed.
        concepts: rows at most.
        views: tiles a row at most.
        tile_size: side of a tile in pixels.
    """
    groups = {str(name): group for (name,), group in images.group_by("concept")}
    shown = seeded_order(seed, "contact-sheet-concepts", groups)[:concepts]
    rows = []
    for concept in sorted(shown):
        group = groups[concept]
        chosen = seeded_order(seed, "contact-sheet-views", group["image_id"])[:views]
        picked = group.filter(pl.col("image_id").is_in(chosen)).sort("split", "path")
        label = f"{concept} · {group.height:,} image{'s' * (group.height != 1)}"
        rows.append(Row([view_tile(view, root) for view in picked.iter_rows(named=True)], label))
    note = f"{len(shown):,} of {len(groups):,} concepts, up to {views} of their images each"
    splits = set(images["split"])
    legend = {split: colour for split, colour in SPLIT_COLOURS.items() if split in splits}
    return sheet(rows, tile_size, category, note if rows else "no images", legend)


def view_tile(view: dict[str, str | None], root: Path) -> Tile:
    """The tile of a catalog row."""
    path, split, reason = str(view["path"]), str(view["split"]), view["reason"]
    return Tile(
        image=root / path if reason is None else None,
        captions=[path.rpartition("/")[2]],
        frame=SPLIT_COLOURS[split],
        reason=reason,
    )


def retrieval_sheet(
    rows: pl.DataFrame,
    title: str,
    root: Path,
    *,
    seed: int,
    queries: int = QUERIES,
    tile_size: int = TILE_SIZE,
) -> Image.Image:
    """Queries with their slots: the positive framed green, distractors red, similarities below.

    Args:
        rows: rows of ``retrieval.schema.RetrievalRows`` or ``CombinedRows`` (whose unknown similarities
            are left out); those shown are the first in a seeded order of their query ids, and stand by path.
        title: head line, e.g. the category.
        root: folder that the paths are relative to.
        seed: the user's seed.
        queries: rows at most.
        tile_size: side of a tile in pixels.
    """
    chosen = seeded_order(seed, "contact-sheet-queries", rows["query_id"])[:queries]
    shown = rows.filter(pl.col("query_id").is_in(chosen)).sort("query_path")
    note = f"{shown.height:,} of {rows.height:,} queries; the number is the cosine similarity to the query"
    legend = {"query": QUERY, "positive": POSITIVE, "distractor": DISTRACTOR}
    lines = [Row(list(retrieval_tiles(row, root))) for row in shown.iter_rows(named=True)]
    return sheet(lines, tile_size, title, note, legend)


def retrieval_tiles(row: dict, root: Path) -> Iterator[Tile]:
    """The query's tile and one for each slot, in slot order."""
    yield Tile(root / row["query_path"], ["query", row["concept"]], QUERY)
    slots = zip(row["ret_paths"], row["ret_concepts"], row["similarities"], row["ranks"], strict=True)
    for slot, (path, concept, similarity, rank) in enumerate(slots):
        positive = slot == row["label"]
        role = "positive" if positive else f"distractor {rank}"
        caption = role if similarity is None else f"{role} · {similarity:.2f}"
        yield Tile(root / path, [caption, concept], POSITIVE if positive else DISTRACTOR)
