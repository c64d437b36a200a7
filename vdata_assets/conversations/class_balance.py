"""Which images of a class become samples, and how often: chosen, then split, and only then repeated."""

from hashlib import blake2b

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.conversations.class_rounds import image_keys, sample_keys
from vdata_assets.conversations.class_schema import ClassSampleRows
from vdata_assets.conversations.class_settings import ClassBalanceSettings
from vdata_assets.retrieval.draws import pair_draws
from vdata_assets.seeding import seeded_int
from vdata_assets.splits.class_split_audit import largest_split
from vdata_assets.splits.settings import SplitSettings

COPY = r"_copy[0-9]+$"


def chosen_images(images: pl.DataFrame, settings: ClassBalanceSettings, seed: int) -> pl.DataFrame:
    """The images that are used: readable, and of a class at most ``max_per_class``, drawn by their ids.

    Which of two images of a class has the better draw depends on no third.

    Args:
        images: columns image_id, class and reason.
        settings: how many.
        seed: of the draw.
    """
    readable = images.filter(pl.col("reason").is_null())
    if settings.max_per_class is None:
        return readable
    draws = _draws(readable["image_id"], seed, "class-images")
    rank = pl.struct("draw", "image_id").rank("ordinal").over("class")
    return readable.with_columns(draws).filter(rank <= settings.max_per_class).drop("draw")


def sample_rows(
    images: pl.DataFrame,
    splits: pl.DataFrame,
    split_settings: SplitSettings,
    settings: ClassBalanceSettings,
    seed: int,
    known: pl.DataFrame | None = None,
) -> dy.DataFrame[ClassSampleRows]:
    """The samples without their texts: every image once, and copies of training images.

    Only images of the split of the largest ratio are repeated: those of priority classes ``priority_copies``
    times, those of any class as often as ``minority_ratio`` asks, the larger of both. The splits come in the
    order of the ratios, the samples of each in a seeded order in which one more moves no other.

    Args:
        images: columns image_id, path and class.
        splits: columns sample_id (image_id) and split; images that are not in it are left out.
        split_settings: the ratios.
        settings: what is repeated.
        seed: of the order, and of the images of a minority that are repeated once more than others.
        known: columns image_id and sample_id of an earlier version, whose ids stay, or None.
    """
    names = list(split_settings.ratios)
    rows = (
        images.select("image_id", "path", "class")
        .join(splits.select("split", image_id="sample_id"), on="image_id", maintain_order="left")
        .sort("path", "image_id", multithreaded=False)
    )
    rows = rows.with_columns(
        sample_id=_sample_ids(rows, known), times=_times(rows, largest_split(split_settings), settings, seed)
    )
    times = rows["times"].to_numpy()
    copies = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    copied = rows[np.repeat(np.arange(rows.height), times)].with_columns(
        pl.Series("copy", copies, dtype=pl.UInt32)
    )
    keys = sample_keys(copied["image_id"], copies, seed)
    place = copied["split"].cast(pl.Enum(names)).to_physical().to_numpy()
    copied = copied[np.lexsort((pair_draws(keys, _key(seed, "class-order")), place))]
    ends = pl.Series(["", *(f"_copy{number}" for number in range(1, times.max(initial=1)))])
    return ClassSampleRows.validate(
        copied.select(
            pl.concat_str("sample_id", ends.gather(copied["copy"])),
            "image_id",
            "path",
            "class",
            "split",
            "copy",
        ),
        cast=True,
    )


def _key(seed: int, purpose: str) -> NDArray[np.uint64]:
    return np.asarray(seeded_int(seed, purpose), np.uint64)


def _draws(ids: pl.Series, seed: int, purpose: str) -> pl.Series:
    """A uniform float in [0, 1) for every image."""
    return pl.Series("draw", pair_draws(image_keys(ids, seed, purpose), np.asarray(0, np.uint64)))


def _times(rows: pl.DataFrame, train: str, settings: ClassBalanceSettings, seed: int) -> pl.Series:
    """How often each row is there."""
    trains = pl.col("split") == train
    sizes = rows.filter(trains).group_by("class").agg(size=pl.len().cast(pl.Int64))
    priority = pl.col("class").is_in(settings.priority_classes)
    times = pl.when(priority).then(settings.priority_copies).otherwise(1)
    if settings.minority_ratio is not None and sizes.height:
        most = int(sizes["size"].max())  # type: ignore[arg-type]
        wanted = (pl.lit(most * settings.minority_ratio) - 1e-9).ceil().cast(pl.Int64)
        sizes = sizes.with_columns(wanted=pl.min_horizontal(wanted, pl.col("size") * settings.max_copies))
        draws = _draws(rows["image_id"], seed, "class-minority")
        rows = rows.with_columns(draws).join(sizes, on="class", how="left", maintain_order="left")
        # The first by their draws are there once more than the others, so that the number is exact.
        rank = pl.struct("draw", "image_id").rank("ordinal").over("class", "split") - 1
        more = rank < pl.col("wanted") % pl.col("size")
        times = pl.max_horizontal(times, pl.col("wanted") // pl.col("size") + more)
    return rows.select(times=pl.when(trains).then(times).otherwise(1).cast(pl.Int64))["times"]


def _sample_ids(rows: pl.DataFrame, known: pl.DataFrame | None) -> pl.Series:
    """``<class>_<stem>`` for every image; where an earlier path has it, a hash of the path follows.

    An id that ends as a copy's does gets the hash too.
    """
    stem = pl.col("path").str.split("/").list.last().str.replace(r"\.[^.]*$", "")
    names = rows.select("image_id", "path", plain=pl.format("{}_{}", "class", stem))
    if known is None:
        names = names.with_columns(given=pl.lit(None, pl.String))
    else:
        earlier = known.select("image_id", given="sample_id")
        names = names.join(earlier, on="image_id", how="left", maintain_order="left")
    given = names["given"].drop_nulls()
    fresh = pl.col("given").is_null()
    first = pl.when(fresh).then("plain").is_first_distinct()
    doubtful = pl.col("plain").is_in(given.implode()) | pl.col("plain").str.contains(COPY)
    names = names.with_row_index("row").with_columns(taken=fresh & (doubtful | ~first))
    ids = names.select(sample_id=pl.coalesce("given", "plain")).to_series()
    again = names.filter("taken")
    if not again.height:
        return ids
    used = set(given) | set(names.filter(fresh & ~pl.col("taken"))["plain"])
    longer = []
    for plain, path in again.select("plain", "path").iter_rows():
        digest = blake2b(path.encode(), digest_size=16).hexdigest()
        tails = (f"{plain}-{digest[:digits]}" for digits in range(8, 33))
        longer.append(next(tail for tail in tails if tail not in used))
        used.add(longer[-1])
    return ids.scatter(again["row"], longer)


def class_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """Images and samples of each class in each split: before and after repeating.

    Args:
        rows: columns class, split and copy.

    Returns:
        Columns class, split, images and samples, ordered by class; the splits in the order of the rows.
    """
    order = rows["split"].unique(maintain_order=True)
    return (
        rows.group_by("class", "split")
        .agg(images=(pl.col("copy") == 0).sum(), samples=pl.len())
        .sort("class", pl.col("split").cast(pl.Enum(order)))
    )
