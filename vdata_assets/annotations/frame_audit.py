"""What is asked of annotated frames, of one export's as of the merge's."""

from collections.abc import Mapping

import polars as pl

from vdata_assets.annotations.checks import MISSING_ANNOTATIONS, OBJECTS_PER_FRAME
from vdata_assets.quality.findings import Finding


def counted(count: int, unit: str) -> str:
    """A number with its unit, e.g. ``1 frame`` or ``15 frames``."""
    return f"{count} {unit}{'' if count == 1 else 's'}"


def share(count: int, total: int, unit: str) -> str:
    """A number of units and its share of all, e.g. ``15 frames (1.5%)``."""
    return f"{counted(count, unit)} ({count / max(1, total):.1%})"


def also_dropped(count: int) -> str:
    """The end of a message, e.g. ``; 15 were dropped``; empty if none was."""
    return f"; {count} {'was' if count == 1 else 'were'} dropped" if count else ""


def missing_annotations(frames: pl.DataFrame, dropped: Mapping[str, int]) -> Finding:
    """Frames without an object; none at all is a hit, too.

    Args:
        frames: columns ``frame_id`` and ``objects``.
        dropped: ``frames_without_annotations``, if any were dropped.
    """
    empty = frames.filter(pl.col("objects") == 0)
    gone = dropped.get("frames_without_annotations", 0)
    figures = {"frames": frames.height, "dropped": gone}
    if not frames.height:
        return MISSING_ANNOTATIONS.finding(
            f"there is no annotated frame{also_dropped(gone)}", ["no frame"], figures
        )
    return MISSING_ANNOTATIONS.finding(
        f"{share(empty.height, frames.height, 'frame')} {'has' if empty.height == 1 else 'have'} "
        f"no annotations{also_dropped(gone)}",
        empty["frame_id"],
        figures,
    )


def objects_per_frame(frames: pl.DataFrame, limit: int) -> Finding:
    """Frames with more than ``limit`` objects.

    Args:
        frames: columns ``frame_id`` and ``objects``.
        limit: objects of a frame that are still plausible.
    """
    crowded = frames.filter(pl.col("objects") > limit).select("frame_id", "objects")
    annotated = frames.filter(pl.col("objects") > 0)["objects"]
    most, total = (int(annotated.max()), int(annotated.sum())) if len(annotated) else (0, 0)  # type: ignore[arg-type]
    return OBJECTS_PER_FRAME.finding(
        f"{crowded.height} of {frames.height} frames have more than {limit} objects; "
        f"the most in one are {most}",
        [f"{frame_id}: {count} objects" for frame_id, count in crowded.iter_rows()],
        {"most": most, "mean": round(total / max(1, frames.height), 3)},
    )
