"""The objects of a frame's copies that the frame itself has not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from vdata_assets.annotations.schema import Objects

SAME_MASK = 0.8  # intersection over union from which two masks of one label are one object
FRAMES_AT_ONCE = 4096
MASKS_AT_ONCE = 256


def added_objects(
    tables: Sequence[pl.LazyFrame], rows: Sequence[pl.DataFrame], listed: pl.DataFrame
) -> pl.DataFrame:
    """Objects of frames that are left out as copies, and that the frames which stand are to get.

    Candidates are taken in the order of the merge. One is left out if its frame has, of its own or added
    before, an object of the same label with the same mask, or one that overlaps it by ``SAME_MASK`` or more.

    Args:
        tables: the sources' objects, of schema Objects.
        rows: for each table, row by row: ``position``, ``label``, ``area``, ``digest`` of the mask, ``row``
            of the frame and ``kept``, the row of the frame that stands; both null where a row is left out.
        listed: the frames: ``row``, ``frame_id``, ``export``, ``height`` and ``width``.

    Returns:
        Columns of Objects, ``frame_id`` and ``position`` those of the frame that stands, and ``kept`` and
        ``source`` (number of the table); ordered by ``kept`` and ``position``.
    """
    candidates = _candidates(rows)
    frames = candidates.filter(pl.col("copy"))["kept"].unique().sort()
    parts = [
        _added(
            tables,
            candidates.filter(pl.col("kept").is_in(frames[start : start + FRAMES_AT_ONCE].implode())),
            listed,
        )
        for start in range(0, len(frames), FRAMES_AT_ONCE)
    ]
    empty = Objects.create_empty().with_columns(
        kept=pl.lit(None, listed.schema["kept"]), source=pl.lit(None, pl.UInt32)
    )
    return pl.concat([empty, *parts])


def _candidates(rows: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Objects of frames that have copies: their own, then those of the copies that repeat none before.

    Returns:
        ``kept``, ``row``, ``position``, ``label``, ``source``, ``index`` (row of the table) and ``copy``:
        whether it is of a frame that is left out.
    """
    twins = pl.concat(
        [pl.Series("kept", [], pl.UInt32)]
        + [table.filter(pl.col("row") != pl.col("kept"))["kept"] for table in rows]
    ).unique()
    if not len(twins):
        return pl.DataFrame(schema={"kept": pl.UInt32, "copy": pl.Boolean})
    pool = pl.concat(
        table.with_row_index("index")
        .filter(pl.col("kept").is_in(twins.implode()))
        .with_columns(source=pl.lit(number, pl.UInt32), copy=pl.col("row") != pl.col("kept"))
        for number, table in enumerate(rows)
    ).sort("kept", "copy", "row", "position")
    # Two masks of one frame, label, area and 64-bit digest are one mask.
    first = pl.struct("kept", "label", "area", "digest").is_first_distinct()
    return pool.filter(~pl.col("copy") | first).drop("area", "digest")


def _added(tables: Sequence[pl.LazyFrame], candidates: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """The objects that are added to some frames, with their masks."""
    from vdata_assets.masks.validate import problems_of_compressed

    # A label of which only the frame itself or only one copy has an object needs no comparison.
    rivals = candidates.with_columns(
        compared=pl.col("copy").any().over("kept", "label") & (pl.len().over("kept", "label") > 1)
    ).filter(pl.col("compared") | pl.col("copy"))
    pool = pl.concat(
        [_read(table, rivals.filter(pl.col("source") == number)) for number, table in enumerate(tables)]
    ).sort("kept", "copy", "row", "position")
    sizes = listed.select(kept="row", height="height", width="width", home="export", home_id="frame_id")
    pool = pool.join(sizes, on="kept", maintain_order="left").join(
        listed.select("row", "export"), on="row", maintain_order="left"
    )
    heights, widths = (pool[side].cast(pl.Int64).to_numpy() for side in ("height", "width"))
    # What pycocotools cannot read is compared with nothing; the audit of the merge names it.
    pool = pool.with_columns(sound=problems_of_compressed(pool["rle"], heights, widths).is_null())
    same = _same(pool.with_row_index("place").filter(pl.col("compared") & pl.col("sound")))
    new = pool.with_row_index("place").filter(pl.col("copy") & ~pl.col("place").is_in(same.implode()))
    taken = candidates.filter(~pl.col("copy")).group_by("kept").agg(next=pl.col("position").max() + 1)
    elsewhere = pl.format("{}:{}", "export", "object_id")
    return (
        new.join(taken, on="kept", how="left", maintain_order="left")
        .with_columns(
            frame_id="home_id",
            position=pl.col("next").fill_null(0) + pl.int_range(pl.len(), dtype=pl.UInt32).over("kept"),
            object_id=pl.when(pl.col("export") == pl.col("home")).then("object_id").otherwise(elsewhere),
        )
        .select(*Objects.column_names(), "kept", "source")
    )


def _read(table: pl.LazyFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table by their index, with what is known of them."""
    known = wanted.select("index", "kept", "row", "source", "copy", "compared")
    places = table.select(pl.len()).collect().item()
    flags = pl.DataFrame({"index": pl.int_range(places, dtype=pl.UInt32, eager=True)}).with_columns(
        wanted=pl.col("index").is_in(wanted["index"].implode())
    )
    found = pl.concat([table.select(Objects.column_names()), flags.lazy()], how="horizontal")
    return found.filter("wanted").drop("wanted").collect().join(known, on="index", maintain_order="left")


def _same(pool: pl.DataFrame) -> pl.Series:
    """``place`` of the copies' objects that stand already, under the same label.

    Args:
        pool: sound masks, in order, own ones of a frame first.
    """
    places: list[int] = []
    for group in pool.partition_by("kept", "label", maintain_order=True):
        encoded = [
            {"size": [height, width], "counts": rle.encode()}
            for rle, height, width in group.select("rle", "height", "width").iter_rows()
        ]
        own = group.height - int(group["copy"].sum())
        places += group["place"].gather(_repeated(encoded, own)).to_list()
    return pl.Series("place", places, pl.UInt32)


def _repeated(encoded: Sequence[dict[str, Any]], own: int) -> list[int]:
    """Which masks from number ``own`` on overlap one that stands before them; the first ``own`` stand."""
    from pycocotools import mask

    standing = list(encoded[:own])
    repeated: list[int] = []
    for start in range(own, len(encoded), MASKS_AT_ONCE):
        block = encoded[start : start + MASKS_AT_ONCE]
        seen = np.zeros(len(block), dtype=bool)
        if standing:
            seen = (mask.iou(block, standing, [0] * len(standing)) >= SAME_MASK).any(axis=1)
        overlaps = mask.iou(block, block, [0] * len(block)) >= SAME_MASK
        for number in range(len(block)):
            if seen[number]:
                repeated.append(start + number)
            else:
                seen[number + 1 :] |= overlaps[number, number + 1 :]
                standing.append(block[number])
    return repeated
