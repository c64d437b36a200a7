"""Audit of splits of classed images, over all rows."""

import polars as pl

from vdata_assets.quality.findings import Finding
from vdata_assets.splits import class_split_checks as checks
from vdata_assets.splits.groups import joined
from vdata_assets.splits.near_samples import near_samples_apart
from vdata_assets.splits.sample_split_audit import audit_counts
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import SplitCounts

ENOUGH = 3
"""Groups that a class needs to be in three splits."""


def largest_split(settings: SplitSettings) -> str:
    """The split of the largest ratio, which trains; of several the one named first."""
    return max(settings.ratios, key=lambda name: settings.ratios[name])


def audit_class_splits(
    samples: pl.DataFrame,
    splits: pl.DataFrame,
    counts: SplitCounts,
    settings: SplitSettings,
    hamming: int,
    left_out: pl.Series,
) -> list[Finding]:
    """Answer every check of ``CLASS_SPLITS_CHECKS``, in that order.

    Args:
        samples: columns sample_id, class, content_hash and phash of the images that have a split.
        splits: columns sample_id, group and split.
        counts: of both, by class.
        settings: ratios and tolerances.
        hamming: bits in which the hashes of images that look the same differ at most.
        left_out: ids of the images that have no split.
    """
    placed = joined(samples.select("sample_id", "class", "content_hash"), splits)
    return [
        *audit_counts(counts, settings),
        _contents_disjoint(placed),
        near_samples_apart(samples, splits, hamming, checks.LOOK_ALIKES_APART, "picture"),
        checks.NEW_IMAGES_PLACED.finding(
            f"{len(left_out)} of {samples.height + len(left_out)} images look like images of two splits and "
            "are left out",
            left_out,
            {"images": samples.height + len(left_out)},
        ),
        _tiny_classes(placed),
        _classes_trained(placed, settings),
    ]


def _contents_disjoint(placed: pl.DataFrame) -> Finding:
    """Contents in more than one split; offenders are the images."""
    places = placed.select("content_hash", "split").unique()
    several = places.drop_nulls("content_hash").filter(pl.col("content_hash").is_duplicated())
    leaked = placed.join(several.select("content_hash").unique(), on="content_hash", how="semi")
    pictures = places["content_hash"].n_unique()
    return checks.CONTENTS_DISJOINT.finding(
        f"{leaked['content_hash'].n_unique()} of {pictures} pictures are, by their bytes, in more than one "
        "split",
        leaked["sample_id"].sort(),
        {"pictures": pictures},
    )


def _tiny_classes(placed: pl.DataFrame) -> Finding:
    """Classes of one or two different images, and where these are."""
    cells = placed.group_by("class", "group", "split").agg(images=pl.len())
    classes = cells.group_by("class").agg(
        pl.col("group").n_unique().alias("groups"),
        pl.col("images").sum(),
        pl.col("split").unique().sort().alias("splits"),
    )
    tiny = classes.filter(pl.col("groups") < ENOUGH).sort("class")
    return checks.TINY_CLASSES.finding(
        f"{tiny.height} of {classes.height} classes have fewer than {ENOUGH} different images",
        [
            f"{name}: {groups} of {images} images different, in {' and '.join(names)}"
            for name, groups, images, names in tiny.iter_rows()
        ],
        {"classes": classes.height},
    )


def _classes_trained(placed: pl.DataFrame, settings: SplitSettings) -> Finding:
    """Classes that have no image in the largest split."""
    largest = largest_split(settings)
    classes = placed.group_by("class").agg(trained=(pl.col("split") == largest).any()).sort("class")
    without = classes.filter(~pl.col("trained"))["class"]
    return checks.CLASSES_TRAINED.finding(
        f"{len(without)} of {classes.height} classes have no image in {largest}",
        without,
        {"classes": classes.height},
    )
