"""What is asked of masks and their geometry, of one export's as of the merge's, over all rows."""

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.annotations.checks import BOXES_MATCH_MASKS, MASK_INTEGRITY, STORED_GEOMETRY, TINY_OBJECTS
from vdata_assets.annotations.frame_audit import also_dropped, share
from vdata_assets.quality.findings import Finding

ROWS_AT_ONCE = 8192
MASKS_AT_ONCE = 255  # pycocotools 2.0.11 on numpy 2 cannot count the areas of more
ROW = pl.format("{}#{}", "frame_id", "position")


def examined(frames: pl.DataFrame, objects: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The objects with their frame's size, what is wrong with each, and what its mask measures.

    Every run-length encoding is read again here, held against its frame's picture and measured by
    pycocotools, some thousand at a time; the masks themselves are not kept. A frame without a picture has no
    size to hold its masks against: what is wrong there is the frame.

    Args:
        frames: columns ``frame_id``, ``height`` and ``width``.
        objects: of schema Objects; read lazily if it is lazy.

    Returns:
        The objects' columns but ``rle``, in their order, and ``height``, ``width`` (Int64, null without a
        picture), ``problem`` (String, null if there is none), ``mask_box`` and ``mask_area``, null where the
        mask could not be measured.
    """
    sizes = frames.select("frame_id", pl.col("height", "width").cast(pl.Int64), known=True)
    table = objects.lazy()
    total = int(table.select(pl.len()).collect().item())
    parts = [
        _examined(table.slice(start, ROWS_AT_ONCE).collect(), sizes)
        for start in range(0, max(total, 1), ROWS_AT_ONCE)
    ]
    return pl.concat(parts)


def _examined(objects: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    from vdata_assets.masks.validate import problems_of_compressed

    rows = objects.join(sizes, on="frame_id", how="left", maintain_order="left").with_row_index("row")
    asked = rows.filter(pl.col("reason").is_null() & pl.col("height").is_not_null())
    problems = problems_of_compressed(asked["rle"], asked["height"].to_numpy(), asked["width"].to_numpy())
    sound = asked.filter(problems.is_null())
    measured = [_measured(part) for part in sound.iter_slices(MASKS_AT_ONCE)]
    boxes = np.concatenate([np.empty((0, 4)), *(box for box, _ in measured)])
    areas = np.concatenate([np.empty(0, np.uint32), *(area for _, area in measured)])
    masks = sound.select("row").with_columns(
        mask_box=pl.Series(boxes, dtype=pl.Array(pl.Float64, 4)), mask_area=pl.Series(areas, dtype=pl.UInt32)
    )
    unknown = pl.when(pl.col("known").is_null()).then(pl.lit("its frame is not in the frames table"))
    return (
        rows.drop("rle")
        .join(asked.select("row", found=problems), on="row", how="left", maintain_order="left")
        .join(masks, on="row", how="left", maintain_order="left")
        .with_columns(problem=pl.coalesce("reason", "found", unknown))
        .drop("row", "found", "known")
    )


def mask_integrity(rows: pl.DataFrame, dropped: Mapping[str, int]) -> Finding:
    """Objects whose mask is malformed, of another size than its frame, or empty.

    Args:
        rows: from :func:`examined`, without those whose only problem is something else.
        dropped: ``bad_masks``, if any were dropped.
    """
    bad = rows.filter(pl.col("problem").is_not_null())
    gone = dropped.get("bad_masks", 0)
    return MASK_INTEGRITY.finding(
        f"{share(bad.height, rows.height, 'object')} {'has' if bad.height == 1 else 'have'} a bad mask"
        f"{also_dropped(gone)}",
        bad.select(pl.format("{}: {}", ROW, "problem")).to_series(),
        {"objects": rows.height, "dropped": gone},
    )


def boxes_match_masks(rows: pl.DataFrame) -> Finding:
    """Boxes and areas that are not what pycocotools finds for the mask, and boxes that leave the image.

    Args:
        rows: from :func:`examined`; only those without a problem, whose frame has a picture, are asked.
    """
    asked = _sound(rows)
    edges, true_edges = (_edges(_numbers(asked[name])) for name in ("box", "mask_box"))
    # What is null is not a number here, and equal to none.
    differs = (edges != true_edges).any(axis=1)
    differs |= asked["area"].ne_missing(asked["mask_area"]).to_numpy()
    leaves = (edges[:, :2] < 0).any(axis=1)
    leaves |= (edges[:, 2:] > asked.select("width", "height").to_numpy()).any(axis=1)
    hit = asked.filter(pl.Series(differs | leaves, dtype=pl.Boolean))
    wrong, outside = int(differs.sum()), int(leaves.sum())
    offenders = [
        f"{name}: box {_listed(box)} and area {area}, its mask has {_listed(true_box)} and {true_area}"
        for name, box, area, true_box, true_area in hit.select(
            ROW.alias("id"), "box", "area", "mask_box", "mask_area"
        ).iter_rows()
    ]
    return BOXES_MATCH_MASKS.finding(
        f"{wrong} of {asked.height} objects have a box or an area that is not their mask's, "
        f"{outside} a box that leaves the image",
        offenders,
        {"objects": asked.height},
    )


def stored_geometry(rows: pl.DataFrame, tolerance: float) -> Finding:
    """Boxes and areas, as the source stored them, that disagree with the mask as it was read.

    The mask's box and area are taken to the stored grid. A stored edge may be off by ``tolerance`` of the
    grid's longer side, a stored area by ``tolerance`` of the mask's. Where the grid is not the image's,
    scaling to the nearest pixel moves an edge by up to a pixel of the image: so much is allowed on top.

    Args:
        rows: from :func:`examined`; those without a problem are asked.
        tolerance: a share.
    """
    asked = _sound(rows).filter(
        pl.col("source_height").fill_null(0) > 0,
        pl.col("source_width").fill_null(0) > 0,
        pl.col("source_box").is_not_null() | pl.col("source_area").is_not_null(),
    )
    grid = asked.select("source_width", "source_height").to_numpy().astype(np.float64)
    image = asked.select("width", "height").to_numpy().astype(np.float64)
    boxes = _numbers(asked["box"])
    pixel = np.where((grid == image).all(axis=1, keepdims=True), 0.0, grid / image)
    edges = _edges(boxes) * np.tile(grid / image, 2)
    stored = _edges(_numbers(asked["source_box"]))
    off_edges = np.abs(stored - edges) - np.tile(pixel, 2)
    # A comparison with what is not a number is false: such a box is off, unless there is none.
    near = (off_edges <= tolerance * grid.max(axis=1, keepdims=True, initial=0.0)).all(axis=1)
    box_off = asked["source_box"].is_not_null().to_numpy() & ~near
    scale = (grid / image).prod(axis=1)
    areas = asked["area"].to_numpy().astype(np.float64)
    rounding = np.where((grid == image).all(axis=1), 0.0, boxes[:, 2:].sum(axis=1))
    area_near = (
        np.abs(asked["source_area"].to_numpy() - areas * scale) <= (tolerance * areas + rounding) * scale
    )
    area_off = asked["source_area"].is_not_null().to_numpy() & ~area_near
    hit = asked.filter(pl.Series(box_off | area_off, dtype=pl.Boolean))
    return STORED_GEOMETRY.finding(
        f"{int(box_off.sum())} of {asked['source_box'].count()} stored boxes and {int(area_off.sum())} of "
        f"{asked['source_area'].count()} stored areas disagree with the mask",
        [
            f"{name}: stored box {_listed(box)} and area {area} on {width} x {height}, the mask has "
            f"{_listed(true_box)} and {true_area} in the image"
            for name, box, area, width, height, true_box, true_area in hit.select(
                ROW.alias("id"), "source_box", "source_area", "source_width", "source_height", "box", "area"
            ).iter_rows()
        ],
        {"boxes": int(box_off.sum()), "areas": int(area_off.sum())},
    )


def tiny_objects(objects: pl.DataFrame, limit: int) -> Finding:
    """Masks of fewer than ``limit`` pixels.

    Args:
        objects: columns ``frame_id``, ``position``, ``area`` and ``reason``; with a reason there is no area.
        limit: pixels.
    """
    masks = objects.filter(pl.col("reason").is_null())
    tiny = masks.filter(pl.col("area") < limit)
    return TINY_OBJECTS.finding(
        f"{tiny.height} of {masks.height} masks have fewer than {limit} pixels",
        tiny.select(pl.format("{}: {} pixels", ROW, "area")).to_series(),
    )


def _sound(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("problem").is_null() & pl.col("height").is_not_null())


def _measured(part: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """Boxes of shape (n, 4) and areas of sound masks, by pycocotools."""
    from pycocotools import mask

    encoded = [
        {"size": [height, width], "counts": rle.encode()}
        for rle, height, width in part.select("rle", "height", "width").iter_rows()
    ]
    return mask.toBbox(encoded), mask.area(encoded)


def _edges(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """[x0, y0, x1, y1] of [x, y, width, height]."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _numbers(boxes: pl.Series) -> NDArray[np.float64]:
    """Boxes of shape (n, 4); what is null is not a number."""
    return boxes.cast(pl.Array(pl.Float64, 4)).to_numpy().reshape(-1, 4)


def _listed(box: Iterable[float] | None) -> list[float] | None:
    return None if box is None else [round(float(side), 1) for side in box]
