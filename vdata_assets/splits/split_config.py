"""What a split was asked for and what it achieved, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from vdata_assets.splits.groups import joined
from vdata_assets.splits.growth import parted_groups
from vdata_assets.splits.settings import SplitSettings

UNLABELLED = "(no labels)"


def sample_classes(samples: pl.DataFrame) -> pl.DataFrame:
    """Columns sample_id and label, one row for each class that a sample shows.

    Args:
        samples: columns sample_id (unique) and labels, a string or a list of strings. A sample whose labels
            are empty or null is of the class ``(no labels)``.
    """
    if samples["labels"].dtype == pl.String:
        return samples.select("sample_id", label=pl.col("labels").fill_null(UNLABELLED))
    return (
        samples.select("sample_id", label="labels")
        .explode("label", empty_as_null=True)
        .with_columns(pl.col("label").cast(pl.String).fill_null(UNLABELLED))
        .unique()
    )


@dataclass(frozen=True)
class SplitCounts:
    """How many samples are where, of which all figures about splits are made.

    Attributes:
        groups: columns group, split and samples, one row for each split that a group is in.
        classes: columns label, split and samples; None where labels do not matter.
    """

    groups: pl.DataFrame
    classes: pl.DataFrame | None

    @property
    def sizes(self) -> dict[str, int]:
        """Samples by split; splits without are left out."""
        return dict(self.groups.group_by("split").agg(pl.col("samples").sum()).iter_rows())


def split_counts(samples: pl.DataFrame, splits: pl.DataFrame) -> SplitCounts:
    """Count the samples that have a split.

    Args:
        samples: column sample_id, and labels if classes are to be counted.
        splits: columns sample_id, group and split.
    """
    classes = None
    if "labels" in samples.columns:
        shown = joined(sample_classes(samples), splits.select("sample_id", "split"))
        classes = shown.group_by("label", "split").agg(samples=pl.len())
    return SplitCounts(splits.group_by("group", "split").agg(samples=pl.len()), classes)


def class_deviations(
    classes: pl.DataFrame, sizes: Mapping[str, int], settings: SplitSettings
) -> pl.DataFrame:
    """How far a class's share of the samples in a split is from its share of all samples.

    Args:
        classes: of :class:`SplitCounts`.
        sizes: of the same.
        settings: the names of the splits; those without samples are left out.

    Returns:
        Columns label, split, samples (of the class in the split), share and deviation, both in percent
        points; ordered by label, then by the ratios.
    """
    names = list(settings.ratios)
    splits = pl.DataFrame(list(sizes.items()), schema={"split": pl.String, "size": pl.UInt32}, orient="row")
    share = pl.col("samples") / pl.col("size") * 100
    return (
        classes.group_by("label")
        .agg(total=pl.col("samples").sum())
        .join(splits, how="cross")
        .join(classes, on=["label", "split"], how="left")
        .with_columns(pl.col("samples").fill_null(0))
        .with_columns(share=share, deviation=share - pl.col("total") / sum(sizes.values()) * 100)
        .sort("label", pl.col("split").cast(pl.Enum(names)))
        .select("label", "split", "samples", "share", "deviation")
    )


def split_config(samples: pl.DataFrame, splits: pl.DataFrame, settings: SplitSettings) -> dict[str, Any]:
    """The content of ``split_config.json``: how to make the same split again, and how good it is.

    Args:
        samples: column sample_id, and labels if classes are to be reported.
        splits: columns sample_id, group and split.
        settings: what was asked for.
    """
    return counted_config(split_counts(samples, splits), settings)


def counted_config(counts: SplitCounts, settings: SplitSettings) -> dict[str, Any]:
    """As :func:`split_config`, of what is counted."""
    achieved = counts.sizes
    samples = sum(achieved.values())
    config: dict[str, Any] = {
        **settings.model_dump(),
        "n_samples": samples,
        "n_groups": counts.groups["group"].n_unique(),
        "sizes": {
            name: {"wanted": wanted, "achieved": achieved.get(name, 0)}
            for name, wanted in settings.wanted_sizes(samples).items()
        },
        "parted_groups": dict(parted_groups(counts.groups).iter_rows()),
    }
    if counts.classes is not None:
        rows = class_deviations(counts.classes, achieved, settings)
        classes: dict[str, dict[str, Any]] = {}
        for label, split, count, share, deviation in rows.iter_rows():
            classes.setdefault(label, {})[split] = {
                "samples": count,
                "share_percent": round(share, 3),
                "deviation_points": round(deviation, 3),
            }
        config["classes"] = classes
        config["largest_deviation_points"] = round(float(rows["deviation"].abs().max() or 0), 3)  # type: ignore[arg-type]
    return config
