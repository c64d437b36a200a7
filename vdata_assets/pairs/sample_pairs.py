"""Training pairs: of every kind as many as its share wants, drawn without listing all pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.embeddings.product_vectors import META_COLUMNS
from vdata_assets.pairs.pair_blocks import blocks_of
from vdata_assets.pairs.pair_draws import (
    NO_KEYS,
    NONE_WANTED,
    Bag,
    Drawn,
    by_weight,
    contains,
    draw_pairs,
    outcome,
)
from vdata_assets.pairs.pair_kinds import kind_test
from vdata_assets.pairs.pair_quotas import quotas
from vdata_assets.pairs.pair_tables import PairProducts, pair_rows, pair_table
from vdata_assets.pairs.pairs_stats import SplitDraws, pairs_stats
from vdata_assets.pairs.schema import Pairs
from vdata_assets.pairs.settings import PairKind, PairSettings
from vdata_assets.seeding import seeded_int
from vdata_resources.progress import Progress

TABLE = "pairs.parquet"
STATS = "pairs_stats.json"

# medium and material_hard pairs may be hard negatives of the table too, other kinds share no pair. So these
# two come first and leave the table's pairs to mined_hard as far as they can.
DRAW_ORDER = (
    PairKind.STRONG_GROUP,
    PairKind.STRONG_ATTRIBUTE,
    PairKind.MEDIUM,
    PairKind.WEAK,
    PairKind.MATERIAL_HARD,
    PairKind.MINED_HARD,
    PairKind.EASY,
)
SHARED_WITH_MINED = (PairKind.MEDIUM, PairKind.MATERIAL_HARD)


@dataclass(frozen=True)
class Sampled:
    """Training pairs and what they are made of.

    Attributes:
        pairs: of schema Pairs.
        stats: the content of ``pairs_stats.json``, see :func:`~vdata_assets.pairs.pairs_stats.pairs_stats`.
    """

    pairs: dy.DataFrame[Pairs]
    stats: dict[str, Any]


@dataclass(frozen=True)
class Mined:
    """Hard negatives of one split as pairs.

    Attributes:
        keys: ascending, each pair once.
        rank: the better of the ranks that a pair has in the table.
        refused: rows of the split in the table that are no hard negative of these products.
    """

    keys: NDArray[np.int64]
    rank: NDArray[np.int64]
    refused: int


def sample_pairs(
    products: pl.DataFrame,
    negatives: pl.DataFrame,
    settings: PairSettings,
    log: Callable[[str], object],
) -> Sampled:
    """Draw the training pairs of every split that ``num_pairs`` names.

    A pair is of one kind only: a positive of the first that fits it, and never a negative of its split as
    well. Hard negatives of low rank are likelier to be drawn, by 1 / rank. Other kinds are drawn by product,
    so that small categories and rare values have their part. Where the quotas of two kinds want the same
    pairs, medium and material_hard take pairs that are no mined hard negatives first.

    ``max_pairs_per_product`` is kept greedily: where it binds, another choice may have had more pairs.

    Nothing but the rows, the settings and the seed decides; the order of rows and columns does not matter.

    Args:
        products: the columns of ``META_COLUMNS`` and one String column an attribute, null where unknown.
        negatives: columns query_id, negative_id, split and rank of ``HardNegatives``.
        settings: kinds, shares, bounds and seed.
        log: where progress goes.

    Raises:
        ValueError: ``hard_attribute`` is no attribute though material_hard has a share, or a product id is
            there twice.
    """
    _need_hard_attribute(products, settings)
    progress = Progress("draw", sum(settings.num_pairs.values()), "training pairs", log)
    tables: list[pl.DataFrame] = []
    draws: dict[str, SplitDraws] = {}
    for split in sorted(settings.num_pairs):
        members = PairProducts.of(products.filter(pl.col("split") == split))
        mined = _mined(members, negatives.filter(pl.col("split") == split), settings)
        by_kind: dict[PairKind, Drawn] = {}
        wanted = quotas(settings, split)
        for kind in DRAW_ORDER:
            found = _draw(members, kind, wanted[kind], settings, split, mined, by_kind)
            by_kind[kind] = found
            tables.append(pair_rows(members, found.keys, split, kind))
            progress.advance(wanted[kind])
        draws[split] = SplitDraws(by_kind, len(mined.keys), mined.refused)
    pairs = pair_table(tables, products)
    return Sampled(pairs, pairs_stats(pairs, products, draws, settings))


def write_pairs(sampled: Sampled, out: Path) -> None:
    """Write ``pairs.parquet`` and ``pairs_stats.json`` into a folder that exists."""
    sampled.pairs.write_parquet(out / TABLE)
    write_json(out / STATS, sampled.stats)


def _need_hard_attribute(products: pl.DataFrame, settings: PairSettings) -> None:
    attributes = sorted(set(products.columns) - set(META_COLUMNS))
    if settings.shares.get(PairKind.MATERIAL_HARD, 0) and settings.hard_attribute not in attributes:
        raise ValueError(
            f"hard_attribute: {settings.hard_attribute!r} is no attribute, there are "
            f"{', '.join(attributes) or 'none'}: name one of them, or set the share of material_hard to 0"
        )


def _mined(products: PairProducts, negatives: pl.DataFrame, settings: PairSettings) -> Mined:
    """The pairs of the table's rows that are hard negatives of these products."""
    rows = pl.DataFrame({"id": products.ids, "row": np.arange(len(products))})
    found = (
        negatives.lazy()
        .select("query_id", "negative_id", rank=pl.col("rank").cast(pl.Int64))
        .join(rows.lazy().rename({"id": "query_id", "row": "query"}), on="query_id")
        .join(rows.lazy().rename({"id": "negative_id", "row": "negative"}), on="negative_id")
        .select("query", "negative", "rank")
        .collect()
    )
    keys = products.keys(found["query"].to_numpy(), found["negative"].to_numpy())
    kept = kind_test(products, PairKind.MINED_HARD, settings)(keys)
    keys, rank = keys[kept], found["rank"].to_numpy()[kept]
    distinct, place = np.unique(keys, return_inverse=True)
    best = np.full(len(distinct), np.iinfo(np.int64).max)
    np.minimum.at(best, place, rank)
    return Mined(distinct, best, negatives.height - len(keys))


def _draw(
    products: PairProducts,
    kind: PairKind,
    quota: int,
    settings: PairSettings,
    split: str,
    mined: Mined,
    earlier: dict[PairKind, Drawn],
) -> Drawn:
    """The pairs of one kind and split."""
    rng = np.random.default_rng(seeded_int(settings.seed, "pairs", split, kind.value))
    cap = settings.max_pairs_per_product
    if kind is not PairKind.MINED_HARD:
        last = mined.keys if kind in SHARED_WITH_MINED else NO_KEYS
        blocks = blocks_of(products, kind, settings)
        return draw_pairs(blocks, kind_test(products, kind, settings), quota, cap, rng, last)
    if not quota:
        return NONE_WANTED
    taken = np.sort(np.concatenate([earlier[kind].keys for kind in SHARED_WITH_MINED]))
    free = ~contains(taken, mined.keys)
    bag = Bag(products, quota, cap)
    bag.add(by_weight(mined.keys[free], 1 / mined.rank[free], rng))
    return outcome(bag, int(free.sum()))
