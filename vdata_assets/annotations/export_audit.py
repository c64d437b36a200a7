"""What is asked of an export before it is published, and what is dropped from it first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from vdata_assets.annotations.checks import (
    ARCHIVE_NEW,
    ARCHIVE_SOUND,
    FRAMES_CLEAN,
    FRAMES_READABLE,
    LABELS_VALID,
    RLE_ORDER_CLEAR,
)
from vdata_assets.annotations.frame_audit import (
    also_dropped,
    counted,
    missing_annotations,
    objects_per_frame,
    share,
)
from vdata_assets.annotations.labels import label_problem
from vdata_assets.annotations.mask_audit import (
    ROW,
    boxes_match_masks,
    examined,
    mask_integrity,
    stored_geometry,
    tiny_objects,
)
from vdata_assets.annotations.settings import AnnotationAuditSettings, ExportSettings
from vdata_assets.quality.findings import Finding

if TYPE_CHECKING:
    from vdata_assets.annotations.painted_masks import PaintedReport
    from vdata_assets.annotations.rle_order import OrderDecision

DROPPED = ("bad_frames", "objects_of_bad_frames", "bad_masks", "bad_labels", "frames_without_annotations")
"""What can be dropped, as figures of the partition."""


def drop(
    frames: pl.DataFrame, objects: pl.DataFrame, settings: ExportSettings
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    """Leave out what the settings say to drop.

    First frames without a picture, with their objects; then objects with a bad mask or label; then frames
    that have no objects left.

    Args:
        frames: of schema Frames.
        objects: of schema Objects.
        settings: ``on_bad_frame``, ``on_bad_mask`` and ``on_missing_annotations``.

    Returns:
        The frames, their counts of objects true, the objects, and how many of each of ``DROPPED`` are gone.
    """
    dropped = dict.fromkeys(DROPPED, 0)
    if settings.on_bad_frame == "drop":
        bad = frames.filter(pl.col("reason").is_not_null())
        kept = objects.join(bad, on="frame_id", how="anti", maintain_order="left")
        dropped["bad_frames"] = bad.height
        dropped["objects_of_bad_frames"] = objects.height - kept.height
        frames, objects = frames.filter(pl.col("reason").is_null()), kept
    if settings.on_bad_mask == "drop":
        labels = objects.filter(_label_is_the_reason(objects)).height
        kept = objects.filter(pl.col("reason").is_null())
        dropped["bad_labels"] = labels
        dropped["bad_masks"] = objects.height - kept.height - labels
        objects = kept
    counts = objects.group_by("frame_id").agg(count=pl.len())
    frames = (
        frames.join(counts, on="frame_id", how="left", maintain_order="left")
        .with_columns(objects=pl.col("count").fill_null(0).cast(frames.schema["objects"]))
        .drop("count")
    )
    if settings.on_missing_annotations == "drop":
        annotated = frames.filter(pl.col("objects") > 0)
        dropped["frames_without_annotations"] = frames.height - annotated.height
        frames = annotated
    return frames, objects, dropped


def audit_export(
    frames: pl.DataFrame,
    objects: pl.DataFrame | pl.LazyFrame,
    *,
    audit: AnnotationAuditSettings,
    order: "OrderDecision",
    painted: "PaintedReport | None",
    twin: str | None,
    dropped: Mapping[str, int],
) -> list[Finding]:
    """Answer every check of ``EXPORT_CHECKS`` but the first, in that order, each at its default level.

    Offenders are frame ids, and ``frame_id#position`` for objects, with what is wrong.

    Args:
        frames: of schema Frames, what is dropped left out.
        objects: of schema Objects, likewise.
        audit: what counts as odd.
        order: how text masks were read.
        painted: what a look at the archive's pictures found; None if the frames are from elsewhere.
        twin: another export of the same archive, or None.
        dropped: from :func:`drop`.
    """
    rows = examined(frames, objects)
    return [
        _archive_new(twin),
        _frames_readable(frames, dropped),
        _frames_clean(frames, painted),
        missing_annotations(frames, dropped),
        mask_integrity(
            rows.with_columns(problem=pl.when(~_label_is_the_reason(rows)).then("problem")), dropped
        ),
        _labels_valid(rows, dropped),
        _rle_order_clear(order),
        boxes_match_masks(rows),
        stored_geometry(rows, audit.geometry_tolerance),
        tiny_objects(rows, audit.tiny_area),
        objects_per_frame(frames, audit.max_objects_per_frame),
    ]


def archive_sound(name: str) -> Finding:
    """The answer of an archive that was read to its end.

    Args:
        name: of the ZIP file.
    """
    return ARCHIVE_SOUND.finding(f"{name} is a whole export, and nothing in it is hostile")


def archive_broken(name: str, reason: str) -> Finding:
    """The answer of an archive that cannot be used at all: the only finding that there is of it.

    Args:
        name: of the ZIP file.
        reason: a sentence that names what is wrong and how to repair it.
    """
    return ARCHIVE_SOUND.finding(f"{name} cannot be used: {reason}", [name])


def _label_problems(objects: pl.DataFrame) -> pl.Series:
    """What is wrong with the label of every object; null if nothing is."""
    labels = objects["label"].unique()
    problems = pl.Series([label_problem(label) for label in labels], dtype=pl.String)
    return objects["label"].replace_strict(labels, problems, return_dtype=pl.String)


def _label_is_the_reason(objects: pl.DataFrame) -> pl.Series:
    """Which objects cannot be used and have a bad label: that is what is wrong with them, not their mask."""
    return objects["reason"].is_not_null() & _label_problems(objects).is_not_null()


def _archive_new(twin: str | None) -> Finding:
    if twin is None:
        return ARCHIVE_NEW.finding("no other export is of the same archive")
    return ARCHIVE_NEW.finding(f"the archive is, byte by byte, that of export {twin}", [twin])


def _frames_readable(frames: pl.DataFrame, dropped: Mapping[str, int]) -> Finding:
    bad = frames.filter(pl.col("reason").is_not_null())
    gone, theirs = dropped.get("bad_frames", 0), dropped.get("objects_of_bad_frames", 0)
    with_objects = f" with {counted(theirs, 'object')}" if theirs else ""
    return FRAMES_READABLE.finding(
        f"{share(bad.height, frames.height, 'frame')} {'has' if bad.height == 1 else 'have'} "
        f"no picture that can be read{also_dropped(gone)}{with_objects}",
        bad.select(pl.format("{}: {}", "frame_id", "reason")).to_series(),
        {"frames": frames.height, "dropped": gone},
    )


def _frames_clean(frames: pl.DataFrame, painted: "PaintedReport | None") -> Finding:
    if painted is None:
        return FRAMES_CLEAN.finding("the frames are not the pictures in the archive")
    figures = {"painted_share": round(painted.share, 3)}
    if not painted.painted:
        return FRAMES_CLEAN.finding(
            f"no masks are painted into the frames: {painted.grounds}", counts=figures
        )
    names = frames.filter(pl.col("frame_index").is_in(list(painted.frames)))["frame_id"]
    return FRAMES_CLEAN.finding(
        f"masks are painted into {painted.share:.0%} of the frames looked at: {painted.grounds}",
        names.to_list() or [painted.grounds],
        figures,
    )


def _labels_valid(rows: pl.DataFrame, dropped: Mapping[str, int]) -> Finding:
    bad = rows.with_columns(about=_label_problems(rows)).drop_nulls("about")
    gone = dropped.get("bad_labels", 0)
    return LABELS_VALID.finding(
        f"{share(bad.height, rows.height, 'object')} {'has' if bad.height == 1 else 'have'} a bad label"
        f"{also_dropped(gone)}",
        bad.select(pl.format("{}: the label {}", ROW, "about")).to_series(),
        {"objects": rows.height, "dropped": gone},
    )


def _rle_order_clear(order: "OrderDecision") -> Finding:
    return RLE_ORDER_CLEAR.finding(
        f"masks are read in {order.order}-major order: {order.grounds}",
        [] if order.clear else [order.grounds],
    )
