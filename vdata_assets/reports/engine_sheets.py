"""Contact sheets of the data engine: regions on their pictures, and prompts with what answers them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from PIL import Image

from vdata_assets.reports.contact_sheet import Row, Tile, sheet
from vdata_assets.reports.fonts import font, wrapped
from vdata_assets.reports.overlays import overlay
from vdata_assets.reports.palette import FAULTY, POSITIVE
from vdata_assets.seeding import seeded_order

TILES = 12
COLUMNS = 3
TILE_SIZE = 360
TILE_HEIGHT = 250
CAPTION_SIZE = 11


def region_sheet(pictures: pl.DataFrame, runs: Path, title: str) -> Image.Image:
    """Pictures with all their accepted regions in colour.

    Args:
        pictures: columns run, captions and regions.
        runs: folder of the run folders.
        title: head line.
    """
    names = seeded_order(0, "region-sheet", pictures["run"])[:TILES]
    shown = pictures.filter(pl.col("run").is_in(names))
    tiles = [
        Tile(
            runs / run / "all_regions_colored.png",
            (run, f"{regions} of {captions} regions accepted"),
            None if regions else FAULTY,
        )
        for run, captions, regions in shown.select("run", "captions", "regions").iter_rows()
    ]
    note = f"{shown.height} of {pictures.height} pictures, chosen by chance; none accepted: red frame"
    return _sheet(tiles, title, note)


def prompt_sheet(
    prompts: pl.DataFrame, runs: Path, title: str, verdict: Literal["ACCEPT", "REJECT"]
) -> Image.Image:
    """Prompts of one verdict, each with the picture that it was judged by, the families in turn.

    Args:
        prompts: columns image_id, run, family, index, negative, prompt, verdict and reason.
        runs: folder of the run folders.
        title: head line.
        verdict: which are shown.
    """
    named = prompts.filter(pl.col("verdict").cast(pl.String) == verdict).with_columns(
        pl.col("family").cast(pl.String),
        key=pl.concat_str("image_id", "family", pl.col("index").cast(pl.String), separator="/"),
    )
    chosen = _in_turn(named)
    folder = "ACCEPTED" if verdict == "ACCEPT" else "REJECTED"

    def tile(row: dict[str, Any]) -> Tile:
        views = sorted(
            (runs / row["run"] / row["family"] / "generated_prompts_viz" / folder).glob(
                f"{row['index']:03d}_*"
            )
        )
        kind = f"{row['family']}{', negative' if row['negative'] else ''}"
        lines = (*_wrapped(row["prompt"], 2), *_wrapped(f"{kind}: {row['reason']}", 2))
        return Tile(views[0] if views else None, lines, POSITIVE if verdict == "ACCEPT" else FAULTY)

    note = f"{len(chosen)} of {named.height} prompts, the families in turn; red: what answers the prompt"
    return _sheet([tile(row) for row in chosen], title, note)


def export_sheet(samples: pl.DataFrame, folder: Path, title: str) -> Image.Image:
    """Exported images with the masks of their prompts, the concepts in turn.

    Args:
        samples: columns sample_id, family, image, mask and prompt; the files relative to the folder.
        folder: of the export.
        title: head line.
    """
    chosen = _in_turn(samples.with_columns(key="sample_id"))

    def tile(row: dict[str, Any]) -> Tile:
        with Image.open(folder / row["mask"]) as mask:
            masks = [(row["family"], np.asarray(mask) > 0)]
        with Image.open(folder / row["image"]) as image:
            drawn = overlay(image, masks)
        return Tile(drawn, (*_wrapped(row["prompt"], 2), row["family"]))

    note = f"{len(chosen)} of {samples.height} samples, the concepts in turn"
    return _sheet([tile(row) for row in chosen], title, note)


def _in_turn(prompts: pl.DataFrame) -> list[dict[str, Any]]:
    """Some rows, as many of each family as can be, chosen by their key."""
    order = {key: place for place, key in enumerate(seeded_order(0, "prompt-sheet", prompts["key"]))}
    ranked = prompts.with_columns(
        place=pl.col("key").replace_strict(order, return_dtype=pl.UInt32, default=None)
    ).with_columns(turn=pl.col("place").rank("ordinal").over("family"))
    return ranked.sort("turn", "family").head(TILES).to_dicts()


def _wrapped(text: str, lines: int) -> Sequence[str]:
    found = wrapped(text, font(CAPTION_SIZE), TILE_SIZE, max_lines=lines)
    return [*found, *[""] * (lines - len(found))]


def _sheet(tiles: Sequence[Tile], title: str, note: str) -> Image.Image:
    rows = [Row(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return sheet(rows, TILE_SIZE, title, note, tile_height=TILE_HEIGHT)
