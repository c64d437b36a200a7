"""What is asked of the merge of all exports before it is published, over all rows."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from vdata_assets.annotations.checks import (
    ANNOTATIONS_FOUND,
    DUPLICATE_FRAMES,
    EXPORTS_MERGED,
    HISTORY_KEPT,
    LABELS_CONSISTENT,
)
from vdata_assets.annotations.class_balance import class_balance
from vdata_assets.annotations.frame_audit import counted, missing_annotations, objects_per_frame
from vdata_assets.annotations.mask_audit import boxes_match_masks, examined, mask_integrity, tiny_objects
from vdata_assets.annotations.settings import AnnotationAuditSettings
from vdata_assets.quality.findings import Finding


def known_frames(previous: Path) -> pl.DataFrame:
    """The frames of an earlier merge: ``frame_id``, ``export``, ``content_hash`` and the export's ``digest``.

    Args:
        previous: the folder of the version.
    """
    exports = pl.read_parquet(previous / "exports.parquet", columns=["export", "digest"])
    frames = pl.read_parquet(previous / "frames.parquet", columns=["frame_id", "export", "content_hash"])
    return frames.join(exports, on="export", how="left", maintain_order="left")


def audit_annotations(
    frames: pl.DataFrame,
    objects: pl.DataFrame | pl.LazyFrame,
    exports: pl.DataFrame,
    *,
    missing: Mapping[str, str],
    previous: pl.DataFrame | None,
    audit: AnnotationAuditSettings,
) -> list[Finding]:
    """Answer every check of ``ANNOTATIONS_CHECKS``, in that order, each at its default level.

    Args:
        frames: of schema MergedFrames.
        objects: of schema Objects.
        exports: of schema MergedExports.
        missing: export -> why it is not merged.
        previous: from :func:`known_frames` of the version before; None if there is none.
        audit: what counts as odd.
    """
    rows = examined(frames, objects)
    return [
        _annotations_found(frames, exports),
        _exports_merged(exports, missing),
        _history_kept(frames, exports, previous),
        missing_annotations(frames, {}),
        mask_integrity(rows, {}),
        boxes_match_masks(rows),
        class_balance(rows, audit),
        _duplicate_frames(frames, exports),
        _labels_consistent(frames, rows),
        tiny_objects(rows, audit.tiny_area),
        objects_per_frame(frames, audit.max_objects_per_frame),
    ]


def _annotations_found(frames: pl.DataFrame, exports: pl.DataFrame) -> Finding:
    annotated = frames.filter(pl.col("objects") > 0).height
    return ANNOTATIONS_FOUND.finding(
        f"{counted(annotated, 'annotated frame')} of {counted(exports.height, 'export')}",
        [] if annotated else ["no annotated frame"],
        {"annotated_frames": annotated, "exports": exports.height},
    )


def _exports_merged(exports: pl.DataFrame, missing: Mapping[str, str]) -> Finding:
    total = exports.height + len(missing)
    return EXPORTS_MERGED.finding(
        f"{len(missing)} of {counted(total, 'export')} are not in the dataset",
        [f"{export}: {why}" for export, why in sorted(missing.items())],
        {"exports": total},
    )


def _history_kept(frames: pl.DataFrame, exports: pl.DataFrame, previous: pl.DataFrame | None) -> Finding:
    if previous is None:
        return HISTORY_KEPT.finding("there is no earlier version")
    now = frames.select("frame_id", now="content_hash", found=True)
    held = previous.join(
        exports.select("export", "digest"), on=["export", "digest"], how="semi", maintain_order="left"
    ).join(now, on="frame_id", how="left", maintain_order="left")
    gone = held.filter(pl.col("found").is_null())
    changed = held.filter(pl.col("found") & pl.col("now").ne_missing(pl.col("content_hash")))
    return HISTORY_KEPT.finding(
        f"of {counted(held.height, 'frame')} of the last version whose exports are as they were, "
        f"{gone.height} are gone and {changed.height} have another content",
        [
            *(f"{frame_id}: gone" for frame_id in gone["frame_id"]),
            *(f"{frame_id}: another content" for frame_id in changed["frame_id"]),
        ],
        {"frames": held.height, "released": previous.height - held.height},
    )


def _duplicate_frames(frames: pl.DataFrame, exports: pl.DataFrame) -> Finding:
    copies = exports.filter(pl.col("duplicates") > 0).select("export", "duplicates")
    total = int(copies["duplicates"].sum())
    return DUPLICATE_FRAMES.finding(
        f"{total} copies of frames left out, {counted(frames.height, 'frame')} kept",
        [f"{export}: {counted(count, 'frame')}" for export, count in copies.iter_rows()],
        {"duplicates": total},
    )


def _labels_consistent(frames: pl.DataFrame, objects: pl.DataFrame) -> Finding:
    """Labels that differ in case or in space, ``_`` and ``-`` only, and objects of several classes.

    An object's id tells it apart within one video of one export: another export may number other objects
    alike.
    """
    sizes = objects.group_by("label").agg(count=pl.len()).sort("count", "label", descending=[True, False])
    sizes = sizes.with_columns(
        spelling=pl.Series([_spelling(label) for label in sizes["label"]], dtype=pl.String)
    )
    names = sizes["spelling"].n_unique()
    spelt = (
        sizes.group_by("spelling", maintain_order=True)
        .agg("label", "count")
        .filter(pl.col("label").list.len() > 1)
    )
    videos = frames.select("frame_id", "export", "video_id")
    classes = (
        objects.select("frame_id", "object_id", "label")
        .join(videos, on="frame_id", maintain_order="left")
        .join(sizes.select("label", "spelling"), on="label", maintain_order="left")
    )
    key = ["export", "video_id", "object_id"]
    torn = (
        classes.group_by(*key, maintain_order=True)
        .agg(labels=pl.col("label").unique().sort(), spellings=pl.col("spelling").n_unique())
        .filter(pl.col("spellings") > 1)
    )
    return LABELS_CONSISTENT.finding(
        f"of {names} class names {spelt.height} are spelt in several ways; "
        f"{torn.height} objects of a video have more than one class",
        [
            *(
                ", ".join(f"{label} ({count})" for label, count in zip(labels, counts, strict=True))
                for _, labels, counts in spelt.iter_rows()
            ),
            *(
                f"object {object_id} of {video} in {export}: {', '.join(labels)}"
                for export, video, object_id, labels, _ in torn.iter_rows()
            ),
        ],
        {"classes": names, "spelt_differently": spelt.height, "torn": torn.height},
    )


def _spelling(label: str) -> str:
    """What labels have in common that name one class."""
    plain = unicodedata.normalize("NFKC", label).casefold()
    return " ".join(plain.replace("_", " ").replace("-", " ").split())
