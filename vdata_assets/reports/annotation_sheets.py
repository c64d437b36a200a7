"""Overlay sheets of annotated frames: do the masks cover what their labels say?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image

from vdata_assets.reports.contact_sheet import Row, Tile, sheet
from vdata_assets.reports.overlays import overlay
from vdata_assets.reports.palette import FAULTY
from vdata_assets.seeding import seeded_int, seeded_order, seeded_uniform
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map

TILES = 12
COLUMNS = 4
TILE_SIZE = 264
# At most one tile in so many shows a faulty frame: the sheet is to show the rest, too.
FAULTY_SHARE = 4
FRAME_COLUMNS = ("frame_id", "export", "video_id", "frame_index", "timestamp", "width", "height", "file")
OBJECT_COLUMNS = ("frame_id", "position", "label", "rle", "reason")


def overlay_sheet(
    frames: pl.DataFrame,
    objects: pl.DataFrame | pl.LazyFrame,
    folder: Path,
    title: str,
    *,
    seed: int,
    tiles: int = TILES,
    tile_size: int = TILE_SIZE,
) -> Image.Image:
    """Frames with their masks drawn in, of one export or of a whole dataset, in the frames' order.

    The tiles are shared out evenly over exports, in each over its videos, and in each at equal steps of
    frames from a seeded start. Frames with a fault (no picture, or an object that cannot be used) have a red
    frame and say why; up to a quarter of the tiles is for them.

    Args:
        frames: rows of ``annotations.schema.Frames`` or ``MergedFrames``.
        objects: rows of ``annotations.schema.Objects``; only those of the frames shown are kept in memory.
        folder: what the frames' files are relative to.
        title: head line.
        seed: the user's seed.
        tiles: frames at most.
        tile_size: side of a tile in pixels.
    """
    lazy = objects.lazy().select(OBJECT_COLUMNS)
    shown = chosen_frames(frames, faulty_frames(frames, lazy), seed, tiles)
    drawn_objects = lazy.filter(pl.col("frame_id").is_in(shown["frame_id"].implode())).collect()
    by_frame = {
        str(frame_id): group.sort("position").to_dicts()
        for (frame_id,), group in drawn_objects.group_by("frame_id")
    }

    def tile(frame: dict[str, Any]) -> Tile:
        return frame_tile(frame, by_frame.get(frame["frame_id"], []), folder, tile_size)

    drawn = list(ordered_map(tile, shown.to_dicts()))
    rows = [Row(drawn[start : start + COLUMNS]) for start in range(0, len(drawn), COLUMNS)]
    exports = frames["export"].n_unique()
    note = f"{shown.height:,} of {frames.height:,} frames of {exports:,} export{'s' * (exports != 1)}"
    legend = {"faulty": FAULTY} if any(drawn_tile.frame for drawn_tile in drawn) else None
    return sheet(
        rows, tile_size, title, note if drawn else "no frames", legend, tile_height(shown, tile_size)
    )


def tile_height(frames: pl.DataFrame, tile_size: int) -> int:
    """As much as the tallest of the pictures needs where it is as wide as a tile, at most the width."""
    tallest = frames.select((pl.col("height") / pl.col("width")).max()).item()
    return tile_size if tallest is None else max(tile_size // 2, min(tile_size, round(tile_size * tallest)))


def faulty_frames(frames: pl.DataFrame, objects: pl.LazyFrame) -> list[str]:
    """Ids of frames without a picture or with an object that cannot be used."""
    found = objects.filter(pl.col("reason").is_not_null()).select(pl.col("frame_id").unique()).collect()
    faulty = pl.col("file").is_null() | pl.col("frame_id").is_in(found["frame_id"].implode())
    return frames.filter(faulty)["frame_id"].to_list()


def chosen_frames(frames: pl.DataFrame, faulty: list[str], seed: int, tiles: int) -> pl.DataFrame:
    """The frames to show, in the table's order."""
    first = seeded_order(seed, "overlay-faulty", faulty)[: max(1, tiles // FAULTY_SHARE)]
    rest = frames.filter(~pl.col("frame_id").is_in(first))
    chosen = list(first)
    quotas = shared_out(tiles - len(first), dict(rest.group_by("export").len().iter_rows()), seed)
    for (export,), of_export in rest.group_by("export"):
        sizes = dict(of_export.group_by("video_id").len().iter_rows())
        for (video,), group in of_export.group_by("video_id"):
            quota = shared_out(quotas[str(export)], sizes, seed)[str(video)]
            start = seeded_uniform(seed, "overlay-start", str(export), str(video))
            ids = group.sort("frame_index")["frame_id"]
            chosen += [ids[int((step + start) * len(ids) / quota)] for step in range(quota)]
    return frames.filter(pl.col("frame_id").is_in(chosen)).select(
        *FRAME_COLUMNS, *(name for name in ("reason",) if name in frames.columns)
    )


def shared_out(tiles: int, sizes: Mapping[str, int], seed: int) -> dict[str, int]:
    """Tiles a group: as even as the groups' sizes allow; of what is left over one each in a seeded order."""
    quotas = dict.fromkeys(sizes, 0)
    order = sorted(sizes, key=lambda name: (seeded_int(seed, "overlay-groups", name), name))
    left = min(tiles, sum(sizes.values()))
    while left:
        open_ = [name for name in order if quotas[name] < sizes[name]]
        each = max(1, left // len(open_))
        for name in open_[:left]:
            more = min(each, sizes[name] - quotas[name])
            quotas[name] += more
            left -= more
    return quotas


def frame_tile(frame: Mapping[str, Any], objects: list[dict[str, Any]], folder: Path, tile_size: int) -> Tile:
    """The tile of a frame: its picture with its sound masks, and what is wrong if anything is."""
    from vdata_assets.masks.dense import decoded

    captions = [
        frame["frame_id"],
        f"{frame['timestamp']:.2f} s · {len(objects):,} object{'s' * (len(objects) != 1)}",
    ]
    if frame["file"] is None:
        return Tile(None, captions, FAULTY, frame.get("reason") or "no picture")
    try:
        picture = load_rgb(folder / frame["file"], min_side=tile_size)
    except UnreadableImage as unreadable:
        return Tile(None, captions, FAULTY, unreadable.reason)
    width, height = frame["width"], frame["height"]
    masks = ((row["label"], decoded(row["rle"], height, width)) for row in objects if row["rle"] is not None)
    scale = tile_size / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    faults = [f"{row['position']}: {row['reason']}" for row in objects if row["reason"] is not None]
    if faults:
        more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
        return Tile(overlay(picture, masks, size), [*captions, faults[0] + more], FAULTY)
    return Tile(overlay(picture, masks, size), captions)
