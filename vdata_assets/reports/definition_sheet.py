"""The contact sheet of concept definitions: each reference image with what was written of it."""

from pathlib import Path

import polars as pl
from PIL import Image

from vdata_assets.reports.contact_sheet import TEXT_SIZE, Tile, contact_sheet
from vdata_assets.reports.fonts import font, wrapped
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE

COLUMNS = 4
MAX_CONCEPTS = 24
TILE_SIZE = 200
MAX_LINES = 6
FRAMES = {"ACCEPT": POSITIVE, "REJECT": DISTRACTOR}


def definition_sheet(definitions: pl.DataFrame, category: str, root: Path) -> Image.Image:
    """The first concepts by name, accepted ones framed green, rejected ones red, undecided ones grey.

    Args:
        definitions: :class:`~vdata_assets.concept_definitions.schema.ConceptDefinitions`.
        category: display name.
        root: folder that the paths are relative to.
    """
    shown = definitions.head(MAX_CONCEPTS)
    more = definitions.height - shown.height
    tiles = [_tile(row, root) for row in shown.iter_rows(named=True)]
    title = f"Definitions of {category}" + (f", {more:,} more are not shown" if more else "")
    return contact_sheet(tiles, COLUMNS, TILE_SIZE, title)


def _tile(row: dict[str, str | None], root: Path) -> Tile:
    face = font(TEXT_SIZE)
    path, coarse, detailed = row["reference_path"], row["coarse"], row["detailed"]
    accepted = row["verdict"] == "ACCEPT"
    texts = [coarse, detailed] if accepted else [f"{row['verdict']}: {row['reason']}", coarse, detailed]
    lines = [line for text in texts if text for line in wrapped(text, face, TILE_SIZE, MAX_LINES)]
    return Tile(
        image=None if path is None else root / path,
        captions=[str(row["concept"]), *lines][: MAX_LINES + 1],
        frame=FRAMES.get(str(row["verdict"])),
        reason=row["reason"],
    )
