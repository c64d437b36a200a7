"""Objects of an export as the stage's table: every mask in COCO's form, at its picture's size."""

from collections.abc import Iterator
from typing import Literal

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.annotations.contents import Container, Video
from vdata_assets.annotations.grids import text_grids
from vdata_assets.annotations.schema import Objects
from vdata_assets.masks.measure import areas, boxes
from vdata_assets.masks.order import column_major
from vdata_assets.masks.read import Read, read_compressed, read_lists, read_text
from vdata_assets.masks.run_lengths import RunLengths
from vdata_assets.masks.scale import scaled
from vdata_assets.masks.validate import problems
from vdata_assets.masks.write import write_compressed

PIXELS_AT_ONCE = 1 << 33  # of pictures: bounds the runs of a batch when pictures are huge

Order = Literal["row", "column"]
Sides = NDArray[np.int64]


def object_parts(container: Container, frames: pl.DataFrame, order: Order) -> Iterator[dy.DataFrame[Objects]]:
    """The objects of the given frames, their masks checked, ordered, scaled to the picture and measured.

    They come in the frames' order, some thousand at a time. The grid of a mask is the size that stands
    beside it, else see :func:`~vdata_assets.annotations.grids.text_grids`. A bad object keeps its row, with a
    reason.

    Args:
        container: the export, its archive open.
        frames: columns frame_index, frame_id, and height and width of the picture; null where there is none:
            masks then are at the video's size. Ordered by frame index.
        order: of text masks. COCO's forms are column-major by definition.

    Raises:
        BadExport: the archive is damaged.
    """
    video = container.video
    places = frames.select(
        "frame_index",
        "frame_id",
        to_height=pl.col("height").cast(pl.Int64).fill_null(video.height),
        to_width=pl.col("width").cast(pl.Int64).fill_null(video.width),
    )
    largest = places.select((pl.col("to_height") * pl.col("to_width")).max()).item() or 1
    for chunk in container.objects(frames["frame_index"].to_list()):
        for masks in chunk.iter_slices(max(1, PIXELS_AT_ONCE // largest)):
            placed = masks.join(places, on="frame_index", how="left", maintain_order="left")
            yield Objects.validate(_rows(placed, video, order), cast=True)


def _rows(stored: pl.DataFrame, video: Video, order: Order) -> pl.DataFrame:
    """The table's rows for objects of ``OBJECT_COLUMNS`` with frame_id, to_height and to_width."""
    stored = stored.with_row_index("row")
    parts = []
    for form in stored["form"].unique():
        of_form = stored.filter(pl.col("form") == form)
        found = _read(of_form, form)
        heights, widths = _grids(of_form, found.runs, form, video)
        parts.append(_measured(of_form, found, heights, widths, form == "text" and order == "row"))
    return pl.concat(parts).sort("row").select(Objects.column_names())


def _read(stored: pl.DataFrame, form: str) -> Read:
    """The runs of objects of one form. That there is no mask at all is their reason already."""
    if form == "list":
        return read_lists(stored["counts"])
    return read_text(stored["text"]) if form == "text" else read_compressed(stored["text"])


def _grids(stored: pl.DataFrame, runs: RunLengths, form: str, video: Video) -> tuple[Sides, Sides]:
    """Height and width of each mask as stored; 0 if unknown."""
    if form == "text":
        of_video = np.full(stored.height, video.height), np.full(stored.height, video.width)
        of_picture = stored["to_height"].to_numpy(), stored["to_width"].to_numpy()
        return text_grids(_totals(runs), [of_video, of_picture])
    declared = stored.select(pl.col("declared_height", "declared_width").fill_null(0).cast(pl.Int64))
    return declared["declared_height"].to_numpy(), declared["declared_width"].to_numpy()


def _totals(runs: RunLengths) -> Sides:
    """Pixels that the runs of each mask cover."""
    totals = np.zeros(len(runs), np.int64)
    read = np.diff(runs.offsets) > 0
    if read.any():
        totals[read] = np.add.reduceat(runs.lengths, runs.offsets[:-1][read])
    return totals


def _measured(
    stored: pl.DataFrame, found: Read, heights: Sides, widths: Sides, rows_first: bool
) -> pl.DataFrame:
    """Objects of one form with their masks at the pictures' sizes.

    Args:
        stored: columns row, to_height, to_width, and those of ``OBJECT_COLUMNS``.
        found: their masks as stored.
        heights: of the masks as stored, 0 if unknown.
        widths: likewise.
        rows_first: whether runs go along rows.
    """
    to_heights, to_widths = stored["to_height"].to_numpy(), stored["to_width"].to_numpy()
    known = (heights > 0) & (widths > 0)
    reasons = pl.select(
        pl.coalesce(
            stored["reason"],
            found.reasons,
            _without_grid(found.runs, ~known, to_heights, to_widths),
            problems(found.runs, np.maximum(heights, 1), np.maximum(widths, 1)),
        )
    ).to_series()
    sound = np.flatnonzero(reasons.is_null().to_numpy())
    runs = found.runs if len(sound) == stored.height else found.runs.take(sound)
    fitted = _fitted(runs, heights[sound], widths[sound], to_heights[sound], to_widths[sound], rows_first)
    pixels = areas(fitted)
    measured = pl.DataFrame(
        {
            "row": stored["row"].gather(sound),
            "rle": write_compressed(fitted),
            "box": pl.Series(boxes(fitted, to_heights[sound]), dtype=pl.Array(pl.Int32, 4)),
            "area": pixels,
            "vanished": pl.Series(pixels == 0),
        }
    )
    sizes = pl.DataFrame({"source_height": heights, "source_width": widths}).select(pl.all().replace(0, None))
    vanished = pl.format("the mask has no pixel left at the picture's {} x {}", "to_width", "to_height")
    shown = pl.col("area") > 0
    return (
        stored.with_columns(reasons.alias("reason"), *sizes)
        .join(measured, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("reason", pl.when("vanished").then(vanished)).alias("reason"),
            *(pl.when(shown).then(pl.col(name)).alias(name) for name in ("rle", "box", "area")),
        )
        .select("row", *Objects.column_names())
    )


def _without_grid(runs: RunLengths, unknown: NDArray[np.bool_], heights: Sides, widths: Sides) -> pl.Series:
    """Why masks of no known size are none of their pictures."""
    found: list[str | None] = [None] * len(runs)
    lost = np.flatnonzero(unknown & (np.diff(runs.offsets) > 0))
    for mask, total in zip(lost.tolist(), _totals(runs.take(lost)).tolist(), strict=True):
        height, width = int(heights[mask]), int(widths[mask])
        found[mask] = (
            f"run lengths sum to {total}, the image has {width} x {height} = {height * width} pixels, "
            "and it is no square grid: the mask is of another size"
        )
    return pl.Series(found, dtype=pl.String)


def _fitted(
    runs: RunLengths, heights: Sides, widths: Sides, to_heights: Sides, to_widths: Sides, rows_first: bool
) -> RunLengths:
    """Sound masks at their pictures' sizes, column-major."""
    fits = np.array_equal(heights, to_heights) and np.array_equal(widths, to_widths)
    if not rows_first:
        return runs if fits else scaled(runs, heights, widths, to_heights, to_widths)
    # A row-major mask is the column-major one of the transposed picture. Scaling first bounds the work.
    across = runs if fits else scaled(runs, widths, heights, to_widths, to_heights)
    return column_major(across, to_heights, to_widths)
