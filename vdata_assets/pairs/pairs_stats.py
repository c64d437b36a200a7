"""What training pairs are made of, as figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from vdata_assets.embeddings.product_vectors import META_COLUMNS
from vdata_assets.pairs.pair_draws import Drawn, Shortfall
from vdata_assets.pairs.pair_quotas import quotas
from vdata_assets.pairs.settings import PairKind, PairSettings


@dataclass(frozen=True)
class SplitDraws:
    """How the pairs of a split were drawn.

    Attributes:
        kinds: the pairs of every kind.
        mined: pairs that the table of hard negatives gives.
        refused: its rows that are no hard negative of the split's products.
    """

    kinds: Mapping[PairKind, Drawn]
    mined: int
    refused: int


def pairs_stats(
    pairs: pl.DataFrame,
    products: pl.DataFrame,
    draws: Mapping[str, SplitDraws],
    settings: PairSettings,
) -> dict[str, Any]:
    """The content of ``pairs_stats.json``.

    ``splits`` has for every split: ``wanted``, ``drawn``, ``shortfall``, ``positives``, ``negatives``,
    ``positive_share`` (null if there is no pair), ``products``, ``products_covered`` (in a pair at least);
    ``kinds`` with ``wanted``, ``drawn``, ``shortfall``, ``pool`` (pairs that there are to draw from; null
    where they were not counted) and ``why`` (null without a shortfall) of each; ``hard_negatives`` with
    ``pairs`` and ``rows_refused`` of that table; and ``categories``, a list ordered by name, null for
    unknown, with ``products``, ``products_covered`` and, of the pairs with a product of it, ``positives`` and
    ``negatives``. A pair of two categories counts in both.

    Args:
        pairs: of schema Pairs.
        products: as :func:`~vdata_assets.pairs.sample_pairs.sample_pairs` takes them.
        draws: by split.
        settings: likewise.
    """
    return {
        "pairs": pairs.height,
        "positives": int(pairs["label"].sum()),
        "negatives": int((1 - pairs["label"].cast(pl.Int64)).sum()),
        "attributes": sorted(set(products.columns) - set(META_COLUMNS)),
        "splits": {
            split: _split(
                pairs.filter(pl.col("split") == split),
                products.filter(pl.col("split") == split),
                drawn,
                quotas(settings, split),
                settings,
            )
            for split, drawn in draws.items()
        },
        "settings": settings.model_dump(mode="json"),
    }


def _split(
    pairs: pl.DataFrame,
    products: pl.DataFrame,
    draws: SplitDraws,
    wanted: Mapping[PairKind, int],
    settings: PairSettings,
) -> dict[str, Any]:
    positives = int(pairs["label"].sum())
    total = sum(wanted.values())
    sides = _sides(pairs)
    return {
        "wanted": total,
        "drawn": pairs.height,
        "shortfall": total - pairs.height,
        "positives": positives,
        "negatives": pairs.height - positives,
        "positive_share": positives / pairs.height if pairs.height else None,
        "products": products.height,
        "products_covered": sides["product_id"].n_unique(),
        "kinds": {kind.value: _kind(draws.kinds[kind], wanted[kind], settings) for kind in PairKind},
        "hard_negatives": {"pairs": draws.mined, "rows_refused": draws.refused},
        "categories": _categories(sides, products),
    }


def _kind(drawn: Drawn, wanted: int, settings: PairSettings) -> dict[str, Any]:
    count = len(drawn.keys)
    return {
        "wanted": wanted,
        "drawn": count,
        "shortfall": wanted - count,
        "pool": drawn.pool,
        "why": why(drawn, settings),
    }


def why(drawn: Drawn, settings: PairSettings) -> str | None:
    """Why there are fewer pairs than wanted, in words; None if there are not."""
    cap = settings.max_pairs_per_product
    match drawn.shortfall:
        case Shortfall.POOL:
            return f"only {drawn.pool} such pairs are there to draw"
        case Shortfall.CAP:
            return (
                f"there are {drawn.pool} such pairs, but each other one has a product that stands in {cap} "
                "already, see max_pairs_per_product"
            )
        case Shortfall.DRAWS:
            return (
                "draws found no more: such pairs are rare, or nearly all have a product that stands in "
                f"{cap} already, see max_pairs_per_product"
            )
    return None


def _sides(pairs: pl.DataFrame) -> pl.DataFrame:
    """Every pair twice: columns pair, product_id, category and label."""
    numbered = pairs.with_row_index("pair")
    return pl.concat(
        numbered.select("pair", "label", product_id=f"{side}_id", category=f"category_{side}")
        for side in ("a", "b")
    )


def _categories(sides: pl.DataFrame, products: pl.DataFrame) -> list[dict[str, Any]]:
    counted = sides.group_by("category").agg(
        products_covered=pl.col("product_id").n_unique(),
        positives=pl.col("pair").filter(pl.col("label") == 1).n_unique(),
        negatives=pl.col("pair").filter(pl.col("label") == 0).n_unique(),
    )
    return (
        products.group_by(pl.col("category").cast(pl.String))
        .agg(products=pl.len())
        .join(counted, on="category", how="left", nulls_equal=True)
        .with_columns(pl.col("products_covered", "positives", "negatives").fill_null(0))
        .sort("category", nulls_last=True)
        .to_dicts()
    )
