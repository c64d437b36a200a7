"""Growth of a dataset: samples keep the split that an earlier version gave them."""

import polars as pl

from vdata_assets.splits.settings import SplitSettings


def known_splits(groups: pl.DataFrame, previous: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    """The splits that an earlier version decides: of its samples, and of new samples in their groups.

    Args:
        groups: columns sample_id and group of all samples.
        previous: columns sample_id and split of the earlier version.
        settings: the ratios; of splits that have as many of a group, the one named first takes the new.

    Returns:
        Columns sample_id, group and split; null in groups that are new as a whole.

    Raises:
        ValueError: an earlier split is not among the ratios.
    """
    old = previous.select("sample_id", old=pl.col("split").cast(pl.String))
    names = list(settings.ratios)
    known = groups.join(old, on="sample_id", how="left")
    gone = known.filter(pl.col("old").is_not_null() & ~pl.col("old").is_in(names))["old"].unique().sort()
    if len(gone):
        raise ValueError(
            f"samples are in split {gone[0]!r}, which has no ratio: add it (0 is allowed: no new groups "
            "then go there), or set on_growth to rebalance"
        )
    majority = (
        known.drop_nulls("old")
        .group_by("group", "old")
        .len()
        .sort(-pl.col("len").cast(pl.Int64), pl.col("old").cast(pl.Enum(names)))
        .unique("group", keep="first", maintain_order=True)
        .select("group", majority="old")
    )
    return known.join(majority, on="group", how="left").select(
        "sample_id", "group", split=pl.coalesce("old", "majority")
    )


def parted_groups(splits: pl.DataFrame) -> pl.DataFrame:
    """Groups in more than one split, which only growth can cause: a new sample that joins two old groups.

    Args:
        splits: columns group and split.

    Returns:
        Columns group and splits (a sorted list), ordered by group.
    """
    places = splits.select("group", "split").unique()
    return (
        places.filter(pl.col("group").is_duplicated())
        .group_by("group")
        .agg(splits=pl.col("split").sort())
        .sort("group")
    )
