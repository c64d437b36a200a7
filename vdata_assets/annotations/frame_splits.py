"""Splits of annotated frames: look-alikes together, and what came first never moves."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vdata_assets.annotations.checks import NEAR_DUPLICATES_APART, NEW_FRAMES_PLACED, VIDEOS_WHOLE
from vdata_assets.quality.findings import Finding
from vdata_assets.splits.growth import parted_groups
from vdata_assets.splits.near_samples import near_pairs, near_samples_apart, without_links
from vdata_assets.splits.sample_split_audit import audit_sample_splits
from vdata_assets.splits.sample_splits import write_sample_splits
from vdata_assets.splits.settings import SplitSettings


@dataclass(frozen=True)
class FrameSplits:
    """What was written.

    Attributes:
        splits: of schema SampleSplits.
        findings: answers to the checks of splits.
    """

    splits: pl.DataFrame
    findings: list[Finding]


def write_frame_splits(
    frames: pl.DataFrame, settings: SplitSettings, hamming: int, out: Path, previous: pl.DataFrame | None
) -> FrameSplits:
    """Write ``splits.parquet`` and ``split_config.json``, and audit them.

    With ``on_growth: keep`` a new frame may look like frames of two splits, or link them over other new
    frames. It can be on neither side then, and is left out; what there was stays where it is.

    Args:
        frames: columns sample_id, frame_id (the same), video_id, phash and labels.
        settings: of the splitter.
        hamming: bits in which the hashes of frames that look the same differ at most.
        out: where the files go.
        previous: columns sample_id and split of the version before, or None.
    """
    placed = without_links(frames, settings, hamming, previous)
    left_out = frames.join(placed, on="sample_id", how="anti", maintain_order="left")["sample_id"]
    pairs = near_pairs(placed, hamming)
    splits = write_sample_splits(placed, settings, out, pairs=pairs, previous=previous)
    return FrameSplits(
        splits,
        [
            *audit_sample_splits(placed, splits, settings),
            near_samples_apart(placed, splits, hamming, NEAR_DUPLICATES_APART, "frame"),
            _new_frames_placed(left_out, frames.height),
            _videos_whole(placed, splits),
        ],
    )


def _new_frames_placed(left_out: pl.Series, frames: int) -> Finding:
    return NEW_FRAMES_PLACED.finding(
        f"{len(left_out)} of {frames} frames look like frames of two splits and are left out",
        left_out,
        {"frames": frames},
    )


def _videos_whole(frames: pl.DataFrame, splits: pl.DataFrame) -> Finding:
    """Videos with frames in several splits."""
    rows = frames.select("sample_id", group="video_id").join(splits.drop("group"), on="sample_id")
    parted = parted_groups(rows)
    return VIDEOS_WHOLE.finding(
        f"{parted.height} of {rows['group'].n_unique()} videos have frames in several splits",
        [f"{video}: {', '.join(names)}" for video, names in parted.iter_rows()],
    )
