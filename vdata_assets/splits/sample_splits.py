"""The platform's general splitter: samples to train, val and test, groups whole, sizes and classes right."""

from collections.abc import Sequence
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.seeding import seeded_ints
from vdata_assets.splits.assignment import assign_groups
from vdata_assets.splits.groups import connected_groups, in_order, joined
from vdata_assets.splits.growth import known_splits
from vdata_assets.splits.schema import SampleSplits
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import sample_classes, split_config

TABLE = "splits.parquet"
CONFIG = "split_config.json"


def split_samples(
    samples: pl.DataFrame,
    settings: SplitSettings,
    *,
    keys: Sequence[str] = (),
    pairs: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
) -> dy.DataFrame[SampleSplits]:
    """Give every sample a split.

    Samples that share a value of a key or are a pair, directly or over others, go to one split, whatever
    the strategy; see :func:`~vdata_assets.splits.groups.connected_groups`. How groups are placed:
    :mod:`~vdata_assets.splits.assignment`. Samples without labels are a stratum of their own. The order of
    rows and of labels does not matter.

    Args:
        samples: columns sample_id (unique), the keys, for the stratified strategy labels (a list of strings;
            empty or null if none), for the temporal one the settings' video column.
        settings: strategy, ratios, seed, and what happens to samples that have a split.
        keys: columns of which samples with an equal value stay together; null is equal to none.
        pairs: columns sample_id and other: samples that stay together, such as near-duplicates.
        previous: columns sample_id and split of an earlier version. With ``on_growth: keep`` its samples
            stay where they were, and new samples of their groups join them; a group that it has in several
            splits stays apart (the audit names it), and its new samples go where most of it is. Samples that
            are gone are ignored.

    Raises:
        ValueError: a column is missing, ids are not unique, a video is null, or an earlier split is not
            among the ratios.
    """
    if settings.strategy == "temporal":
        _need(samples, settings.video, "the temporal strategy")
        if samples[settings.video].null_count():
            ids = samples.filter(pl.col(settings.video).is_null())["sample_id"]
            raise ValueError(
                f"sample {ids.min()!r} has no {settings.video}: set it, or use another strategy than temporal"
            )
        keys = [*keys, settings.video]
    classes = None
    if settings.strategy == "stratified":
        _need(samples, "labels", "the stratified strategy")
        classes = sample_classes(samples)
    table = connected_groups(samples, keys, pairs)
    if previous is not None and settings.on_growth == "keep":
        table = known_splits(table, previous, settings)
    else:
        table = table.with_columns(split=pl.lit(None, pl.String))
    return place_groups(table, classes, settings)


def _need(samples: pl.DataFrame, column: str, why: str) -> None:
    """Refuse samples without a column."""
    if column not in samples.columns:
        raise ValueError(f"{why} needs a column {column!r}: samples have {samples.columns}")


def place_groups(
    table: pl.DataFrame, classes: pl.DataFrame | None, settings: SplitSettings
) -> dy.DataFrame[SampleSplits]:
    """Give a split to the groups that have none.

    Args:
        table: columns sample_id, group and split, the split of whole groups null.
        classes: columns sample_id and label, or None if labels do not matter.
        settings: ratios and seed.
    """
    return SampleSplits.validate(in_order(_placed(table, classes, settings)))


def _placed(table: pl.DataFrame, classes: pl.DataFrame | None, settings: SplitSettings) -> pl.DataFrame:
    """The table with a split in every row."""
    import numpy as np
    from scipy.sparse import coo_array

    names = [name for name, ratio in settings.ratios.items() if ratio]
    wanted = settings.wanted_sizes(table.height)
    free = table.filter(pl.col("split").is_null()).select(pl.col("group").unique().sort())
    if not free.height:
        return table.select("sample_id", "group", "split")
    # Rows of the counts: the free groups, then the splits with what they hold.
    units = pl.concat([free["group"], pl.Series(names, dtype=pl.String)])
    unit = (
        pl.when(pl.col("split").is_null())
        .then(pl.col("group").replace_strict(free["group"], range(free.height), default=None))
        .otherwise(pl.col("split").replace_strict(names, range(free.height, len(units)), default=None))
    )
    rows = table.select("sample_id", "split", group=pl.when(pl.col("split").is_null()).then("group"))
    label_names: list[str] = []
    cells = rows.group_by("group", "split").agg(pl.len(), label=pl.lit(None, pl.String))
    if classes is not None:
        label_names = classes["label"].unique().sort().to_list()
        shown = joined(rows, classes).group_by("group", "split", "label").len()
        cells = pl.concat([shown, cells], how="diagonal")
    column = pl.col("label").replace_strict(
        label_names, range(len(label_names)), default=len(label_names), return_dtype=pl.Int64
    )
    cells = cells.select("len", unit=unit, column=column).drop_nulls("unit").sort("unit", "column")
    counts = coo_array(
        (cells["len"].to_numpy().astype(np.float64), (cells["unit"].to_numpy(), cells["column"].to_numpy())),
        shape=(len(units), len(label_names) + 1),
    ).tocsr()
    ratios = np.array([settings.ratios[name] for name in names])
    split = assign_groups(
        counts[: free.height],
        ratios / ratios.sum(),
        np.array([wanted[name] for name in names], dtype=np.float64),
        counts[free.height :].toarray(),
        seeded_ints(settings.seed, "sample-splits", free["group"]),
    )
    placed = free.with_columns(placed=pl.Series([names[index] for index in split]))
    return table.join(placed, on="group", how="left", maintain_order="left").select(
        "sample_id", "group", pl.coalesce("split", "placed").alias("split")
    )


def write_sample_splits(
    samples: pl.DataFrame,
    settings: SplitSettings,
    folder: Path,
    *,
    keys: Sequence[str] = (),
    pairs: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
) -> dy.DataFrame[SampleSplits]:
    """Split samples and write ``splits.parquet`` and ``split_config.json``.

    Args:
        samples: as in :func:`split_samples`.
        settings: likewise.
        folder: where the files go; it exists.
        keys: as in :func:`split_samples`.
        pairs: likewise.
        previous: likewise.
    """
    splits = split_samples(samples, settings, keys=keys, pairs=pairs, previous=previous)
    splits.write_parquet(folder / TABLE)
    write_json(folder / CONFIG, split_config(samples, splits, settings))
    return splits
