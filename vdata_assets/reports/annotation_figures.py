"""Figures of an annotation dataset: what is in it, how it is split, how large its objects are.

Columnar, from the columns that are needed: no run length and no picture is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

QUANTILES = {"min": 0.0, "q05": 0.05, "median": 0.5, "q95": 0.95, "max": 1.0}
SHOWN_SIZES = 20


@dataclass(frozen=True)
class Contents:
    """The tables that figures and plots are made of.

    Attributes:
        names: the splits, in the order in which they are shown.
        frames: frame_id, export, video_id, width, height, objects and split of every frame.
        objects: label, area, share (of the picture that the mask covers) and split of every object.
        classes: label, instances, frames, and for each split ``instances <split>`` and ``frames <split>``;
            the largest class first.
    """

    names: tuple[str, ...]
    frames: pl.DataFrame
    objects: pl.DataFrame
    classes: pl.DataFrame


def contents(
    frames: pl.LazyFrame, objects: pl.LazyFrame, splits: pl.DataFrame, names: Sequence[str]
) -> Contents:
    """The tables that figures and plots are made of.

    Args:
        frames: rows of ``annotations.schema.MergedFrames``.
        objects: rows of ``annotations.schema.Objects``.
        splits: columns sample_id and split.
        names: the splits, in the order in which they are to be shown.
    """
    of_frame = splits.lazy().select(frame_id="sample_id", split="split")
    table = (
        frames.select("frame_id", "export", "video_id", "width", "height", "objects")
        .join(of_frame, on="frame_id", how="left", maintain_order="left")
        .collect()
    )
    pixels = pl.col("width").cast(pl.Float64) * pl.col("height")
    found = (
        objects.select("frame_id", "label", "area")
        .join(table.lazy().select("frame_id", "split", pixels=pixels), on="frame_id")
        .with_columns(share=pl.col("area") / pl.col("pixels"))
        .drop("pixels")
        .collect()
    )
    here = {name: pl.col("split") == name for name in names}
    classes = (
        found.group_by("label")
        .agg(
            instances=pl.len(),
            frames=pl.col("frame_id").n_unique(),
            **{f"instances {name}": inside.sum() for name, inside in here.items()},
            **{
                f"frames {name}": pl.col("frame_id").filter(inside).n_unique()
                for name, inside in here.items()
            },
        )
        .sort("instances", "label", descending=[True, False])
    )
    return Contents(tuple(names), table, found.drop("frame_id"), classes)


def figures(held: Contents, split_config: Mapping[str, Any]) -> dict[str, Any]:
    """What ``summary.json`` says of samples, splits, classes and sizes.

    Args:
        held: the tables.
        split_config: content of ``split_config.json``.
    """
    frames, names = held.frames, held.names
    sizes = dict(frames.group_by("split").len().iter_rows())
    deviations = split_config.get("classes", {})
    return {
        "samples": frames.height,
        "objects": held.objects.height,
        "videos": frames["video_id"].n_unique(),
        "splits": {
            name: {
                "frames": sizes.get(name, 0),
                "share": rounded(sizes.get(name, 0) / frames.height) if frames.height else None,
                "ratio": split_config["ratios"][name],
            }
            for name in names
        },
        "without_split": sizes.get(None, 0),
        "largest_deviation_points": split_config.get("largest_deviation_points"),
        "classes": {
            row["label"]: {
                "instances": row["instances"],
                "frames": row["frames"],
                "instances_by_split": {name: row[f"instances {name}"] for name in names},
                "frames_by_split": {name: row[f"frames {name}"] for name in names},
                "deviation_points": {
                    name: deviation["deviation_points"]
                    for name, deviation in deviations.get(row["label"], {}).items()
                },
            }
            for row in held.classes.iter_rows(named=True)
        },
        "objects_per_frame": spread(frames["objects"]),
        "mask_area_share": quantiles(held.objects["share"]),
        "image_sizes": image_sizes(frames),
    }


def spread(values: pl.Series) -> dict[str, Any]:
    """Smallest, mean and largest value; null if there is none."""
    return {"min": values.min(), "mean": rounded(values.mean()), "max": values.max()}


def quantiles(values: pl.Series) -> dict[str, float | None]:
    """Quantiles; null if there is no value."""
    return {name: rounded(values.quantile(share, "nearest")) for name, share in QUANTILES.items()}


def rounded(value: Any) -> float | None:
    """Six digits after the point are enough."""
    return None if value is None else round(float(value), 6)


def image_sizes(frames: pl.DataFrame) -> list[dict[str, int]]:
    """The 20 most frequent sizes in pixels, and how many frames have each."""
    counted = frames.group_by("width", "height").agg(frames=pl.len())
    return (
        counted.sort("frames", "width", "height", descending=[True, False, False])
        .head(SHOWN_SIZES)
        .to_dicts()
    )
