"""What is asked of exports and of the merged annotations, and how bad a hit is. Light to import."""

from collections.abc import Mapping
from typing import Literal

from vdata_assets.quality.findings import Check, Status

ARCHIVE_SOUND = Check(
    "archive_sound",
    "Is the file a whole ZIP with an annotations.json of the documented shape, and nothing hostile in it? "
    "Export it again, and copy it whole.",
    Status.FAILED,
)
ARCHIVE_NEW = Check(
    "archive_new",
    "Is the archive none that was imported under another name? Remove one of the two.",
    Status.WARNING,
)
FRAMES_READABLE = Check(
    "frames_readable",
    "Has every annotated frame a picture that can be decoded, in the ZIP, its video or a folder beside it? "
    "Supply the frames or the video, or set on_bad_frame: drop.",
    Status.FAILED,
)
FRAMES_CLEAN = Check(
    "frames_clean",
    "Are the frames free of masks painted into them, as the public tool's previews have? "
    "Put the video or clean frames beside the ZIP.",
    Status.WARNING,
)
MISSING_ANNOTATIONS = Check(
    "missing_annotations",
    "Has every frame an annotated object? Annotate the listed frames, or set on_missing_annotations: drop.",
    Status.FAILED,
)
MASK_INTEGRITY = Check(
    "mask_integrity",
    "Is every run-length encoding well formed, of its frame's size and not empty? "
    "Annotate the listed objects anew, or set on_bad_mask: drop.",
    Status.FAILED,
)
LABELS_VALID = Check(
    "labels_valid",
    "Is every label 1 to 100 characters of text without control characters or markup? "
    "Rename them, or set on_bad_mask: drop.",
    Status.FAILED,
)
RLE_ORDER_CLEAR = Check(
    "rle_order_clear",
    "Do rules and pictures tell whether masks are row-major or column-major? "
    "Look at the overlays and set rle_order.",
    Status.WARNING,
)
BOXES_MATCH_MASKS = Check(
    "boxes_match_masks",
    "Is every box the bounding box of its mask, and inside the image?",
    Status.FAILED,
)
STORED_GEOMETRY = Check(
    "stored_geometry",
    "Do the box and the area that the source stored agree with its mask? They are recomputed from the mask; "
    "look at the overlays whether the mask is right.",
    Status.WARNING,
)
TINY_OBJECTS = Check(
    "tiny_objects",
    "Is every mask of a size worth learning? Drop the objects, or lower tiny_area.",
    Status.WARNING,
)
OBJECTS_PER_FRAME = Check(
    "objects_per_frame",
    "Is the number of objects of every frame plausible? Look at the frames, or raise max_objects_per_frame.",
    Status.WARNING,
)
ANNOTATIONS_FOUND = Check(
    "annotations_found",
    "Is there an annotated frame at all? Drop an export into the inbox and materialize `export`.",
    Status.FAILED,
)
EXPORTS_MERGED = Check(
    "exports_merged",
    "Is every export of the inbox in the dataset? Repair or accept the rejected ones, or remove them.",
    Status.WARNING,
)
HISTORY_KEPT = Check(
    "history_kept",
    "Has every frame of the dataset's last version that its export still holds kept its id and its content?",
    Status.FAILED,
)
CLASS_IMBALANCE = Check(
    "class_imbalance",
    "Are the classes of similar size? Augment the named classes, or annotate more of them.",
    Status.WARNING,
)
DUPLICATE_FRAMES = Check(
    "duplicate_frames",
    "Is every frame in one export only? Copies are left out, and their new objects added to the frame kept.",
    Status.WARNING,
)
LABELS_CONSISTENT = Check(
    "labels_consistent",
    "Has every class one spelling, and every object of a video one class? Rename them in the source.",
    Status.WARNING,
)
NEAR_DUPLICATES_APART = Check(
    "near_duplicates_apart",
    "Do frames that look the same share a split? This audits the split without its grouping.",
    Status.FAILED,
)
NEW_FRAMES_PLACED = Check(
    "new_frames_placed",
    "Has every new frame a split? One that looks like frames of two splits is left out, so that neither "
    "moves: set on_growth: rebalance to split all anew.",
    Status.WARNING,
)
VIDEOS_WHOLE = Check(
    "videos_whole",
    "Is every video in one split? Neighbours in time may show nearly the same even if their hashes differ: "
    "set strategy: temporal to keep videos whole.",
    Status.WARNING,
)
FRAME_SPLITS_CHECKS = (NEAR_DUPLICATES_APART, NEW_FRAMES_PLACED, VIDEOS_WHOLE)
EXPORT_CHECKS = (
    ARCHIVE_SOUND,
    ARCHIVE_NEW,
    FRAMES_READABLE,
    FRAMES_CLEAN,
    MISSING_ANNOTATIONS,
    MASK_INTEGRITY,
    LABELS_VALID,
    RLE_ORDER_CLEAR,
    BOXES_MATCH_MASKS,
    STORED_GEOMETRY,
    TINY_OBJECTS,
    OBJECTS_PER_FRAME,
)
ANNOTATIONS_CHECKS = (
    ANNOTATIONS_FOUND,
    EXPORTS_MERGED,
    HISTORY_KEPT,
    MISSING_ANNOTATIONS,
    MASK_INTEGRITY,
    BOXES_MATCH_MASKS,
    CLASS_IMBALANCE,
    DUPLICATE_FRAMES,
    LABELS_CONSISTENT,
    TINY_OBJECTS,
    OBJECTS_PER_FRAME,
)

ValidationLevel = Literal["strict", "standard", "lenient"]

LEVELS: Mapping[ValidationLevel, Mapping[str, Status]] = {
    # Class imbalance stays a warning on every level: the document lets training proceed with it.
    "strict": {
        check.name: Status.FAILED
        for check in (
            FRAMES_CLEAN,
            RLE_ORDER_CLEAR,
            STORED_GEOMETRY,
            TINY_OBJECTS,
            OBJECTS_PER_FRAME,
            EXPORTS_MERGED,
            LABELS_CONSISTENT,
        )
    },
    "standard": {},
    "lenient": {
        check.name: Status.WARNING
        for check in (FRAMES_READABLE, MISSING_ANNOTATIONS, MASK_INTEGRITY, LABELS_VALID)
    },
}
"""Level of a hit by validation level and check, where it differs from the check's own."""
