"""Division of a concept's images into train and test by seed."""

import math
from collections.abc import Sequence

import polars as pl

from vdata_assets.catalog.settings import AutoSplit
from vdata_assets.seeding import seeded_int


def train_images(images: int, settings: AutoSplit) -> int:
    """How many of a concept's ``images`` go to training: the exact number, or the fraction, half up.

    At least one and at most all: 0.2 of 4 images (0.8) is 1, of 2 (0.4) is 1, of 13 (2.6) is 3.
    """
    exact = settings.num_train
    wanted = math.floor(settings.train_fraction * images + 0.5) if exact is None else exact
    return min(max(wanted, 1), images)


def auto_split(images: pl.DataFrame, settings: AutoSplit) -> pl.Series:
    """The split of every image, ``train`` or ``test``, drawn concept by concept.

    Contents are put in a seeded order and taken for training as long as they fit into the target. Files
    with identical bytes in a concept stay together, so a concept whose contents repeat may fall short of
    its target by a few. The order of a content depends on the seed and its hash alone: what is added
    elsewhere moves nothing, and bytes that stand under two concepts mostly fall on the same side.

    Args:
        images: columns category, concept, content_hash and reason. A row with a reason takes no part in
            the count and is ``test``.
        settings: how many, and the seed.

    Returns:
        A string series in the rows' order.
    """
    keys = ["category", "concept", "content_hash"]
    readable = images.filter(pl.col("reason").is_null())
    hashes = readable.get_column("content_hash").unique(maintain_order=True)
    ranks = pl.DataFrame({"content_hash": hashes}).with_columns(
        pl.Series(
            "rank", [seeded_int(settings.seed, "catalog-split", key) for key in hashes], dtype=pl.UInt64
        )
    )
    chosen = (
        readable.group_by(keys)
        .len("files")
        .join(ranks, on="content_hash")
        .sort("category", "concept", "rank", "content_hash")
        .group_by("category", "concept", maintain_order=True)
        .agg("content_hash", "files")
    )
    train = [
        _taken(files, train_images(sum(files), settings)) for files in chosen.get_column("files").to_list()
    ]
    marked = chosen.with_columns(pl.Series("train", train, dtype=pl.List(pl.Boolean)))
    sides = marked.explode("content_hash", "files", "train").select(*keys, "train")
    return (
        images.join(sides, on=keys, how="left", maintain_order="left")
        .select(split=pl.when("train").then(pl.lit("train")).otherwise(pl.lit("test")))
        .get_column("split")
    )


def _taken(sizes: Sequence[int], target: int) -> list[bool]:
    """Which groups are taken, in their order, as long as they fit; the first of the smallest if none fits."""
    left = target
    marks = []
    for size in sizes:
        marks.append(size <= left)
        left -= size if size <= left else 0
    if not any(marks):
        marks[sizes.index(min(sizes))] = True
    return marks
