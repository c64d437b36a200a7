"""What a split was asked for and what it achieved, in figures."""

from typing import Any

import polars as pl

from vdata_assets.splits.growth import parted_groups
from vdata_assets.splits.settings import SplitSettings

UNLABELLED = "(no labels)"


def sample_classes(samples: pl.DataFrame) -> pl.DataFrame:
    """Columns sample_id and label, one row for each class that a sample shows.

    Args:
        samples: columns sample_id and labels, a list of strings. A sample whose list is empty or null is of
            the class ``(no labels)``.
    """
    return (
        samples.select("sample_id", label="labels")
        .explode("label", empty_as_null=True)
        .with_columns(pl.col("label").cast(pl.String).fill_null(UNLABELLED))
        .unique()
        .sort("sample_id", "label")
    )


def class_deviations(samples: pl.DataFrame, splits: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    """How far a class's share of the samples in a split is from its share of all samples.

    Args:
        samples: columns sample_id and labels.
        splits: columns sample_id and split.
        settings: the names of the splits; those without samples are left out.

    Returns:
        Columns label, split, samples (of the class in the split), share and deviation, both in percent
        points; ordered by label, then by the ratios.
    """
    names = list(settings.ratios)
    sizes = splits.group_by("split").agg(size=pl.len())
    classes = sample_classes(samples)
    totals = classes.group_by("label").agg(total=pl.len())
    counts = classes.join(splits, on="sample_id").group_by("label", "split").agg(samples=pl.len())
    share = pl.col("samples") / pl.col("size") * 100
    return (
        totals.join(sizes, how="cross")
        .join(counts, on=["label", "split"], how="left")
        .with_columns(pl.col("samples").fill_null(0))
        .with_columns(share=share, deviation=share - pl.col("total") / splits.height * 100)
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
    achieved = dict(splits.group_by("split").len().iter_rows())
    config: dict[str, Any] = {
        **settings.model_dump(),
        "n_samples": splits.height,
        "n_groups": splits["group"].n_unique(),
        "sizes": {
            name: {"wanted": wanted, "achieved": achieved.get(name, 0)}
            for name, wanted in settings.wanted_sizes(splits.height).items()
        },
        "parted_groups": dict(parted_groups(splits).iter_rows()),
    }
    if "labels" in samples.columns:
        rows = class_deviations(samples, splits, settings)
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
