"""What is asked of training pairs before they are published: everything is looked up anew by id."""

from collections.abc import Mapping, Sequence

import polars as pl

from vdata_assets.embeddings.product_vectors import META_COLUMNS
from vdata_assets.pairs.checks import CATEGORIES_MINED, PAIRS_FOUND, PAIRS_SOUND, PAIRS_TRUE, QUOTAS_MET
from vdata_assets.pairs.pair_quotas import quotas
from vdata_assets.pairs.settings import POSITIVE_KINDS, PairKind, PairSettings
from vdata_assets.quality.findings import Finding

KNOWN = ("category", "group_id", "content_hash", "split")


def audit_pairs(
    pairs: pl.DataFrame,
    products: pl.DataFrame,
    negatives: pl.DataFrame,
    settings: PairSettings,
    missing_categories: Mapping[str, str],
) -> list[Finding]:
    """Answer every check of ``PAIR_CHECKS``, in that order, each at its default level.

    Args:
        pairs: of schema Pairs.
        products: the columns of ``META_COLUMNS`` and one String column an attribute.
        negatives: columns query_id and negative_id of ``HardNegatives``.
        settings: what the pairs were drawn by.
        missing_categories: category -> why its hard negatives are not published.
    """
    facts = _facts(pairs, products, negatives)
    attributes = sorted(name for name in products.columns if name not in META_COLUMNS)
    return [
        _pairs_found(pairs, settings),
        _pairs_sound(facts, settings),
        _pairs_true(facts, attributes, settings),
        _quotas_met(pairs, settings),
        _categories_mined(missing_categories, products),
    ]


def _facts(pairs: pl.DataFrame, products: pl.DataFrame, negatives: pl.DataFrame) -> pl.DataFrame:
    """The pairs with what is known of both products, as ``<column>@a`` and ``<column>@b``, and ``mined``."""
    facts = pairs.with_columns(
        pl.col("kind").cast(pl.String),
        first=pl.min_horizontal("a_id", "b_id"),
        second=pl.max_horizontal("a_id", "b_id"),
    )
    products = products.select(pl.exclude("phash", "has_text").cast(pl.String))
    for side in ("a", "b"):
        own = products.rename({name: f"{name}@{side}" for name in products.columns if name != "product_id"})
        facts = facts.join(
            own, left_on=f"{side}_id", right_on="product_id", how="left", maintain_order="left"
        )
    mined = negatives.select(
        first=pl.min_horizontal("query_id", "negative_id"),
        second=pl.max_horizontal("query_id", "negative_id"),
        mined=True,
    ).join(facts, on=["first", "second"], how="semi")
    facts = facts.join(mined.unique(), on=["first", "second"], how="left", maintain_order="left")
    return facts.with_columns(pl.col("mined").fill_null(False))


def _pairs_found(pairs: pl.DataFrame, settings: PairSettings) -> Finding:
    counts = {
        (split, label): count for split, label, count in pairs.group_by("split", "label").len().iter_rows()
    }
    lacking = [
        f"{split}: no {name} pair"
        for split, wanted in sorted(settings.num_pairs.items())
        for label, name in ((1, "positive"), (0, "negative"))
        if wanted and not counts.get((split, label))
    ]
    positive = sum(count for (_, label), count in counts.items() if label)
    return PAIRS_FOUND.finding(
        f"{positive} positive and {pairs.height - positive} negative pairs; "
        f"{len(lacking)} times a split has none of one of them",
        lacking,
        {"pairs": pairs.height, "positive": positive, "negative": pairs.height - positive},
    )


def _pairs_sound(facts: pl.DataFrame, settings: PairSettings) -> Finding:
    of_pair = pl.len().over("first", "second")
    labels = pl.col("label").n_unique().over("first", "second")
    wrong = facts.with_columns(
        why=_first_that_holds(
            [
                (pl.col("a_id") == pl.col("b_id"), "is of one product"),
                (labels > 1, "is positive and negative"),
                (of_pair > 1, "is there several times"),
                (pl.col("a_id") > pl.col("b_id"), "has the larger id first"),
                (
                    pl.any_horizontal(pl.col("split@a", "split@b").is_null()),
                    "is of a product without a split",
                ),
                (pl.col("split@a") != pl.col("split@b"), "is of two splits"),
                (pl.col("split@a") != pl.col("split"), "is not of the split it says"),
            ]
        )
    ).drop_nulls("why")
    cap = settings.max_pairs_per_product
    crowded = (
        pl.concat(facts.select("split", "kind", product_id=f"{side}_id") for side in ("a", "b"))
        .group_by("product_id", "split", "kind", maintain_order=True)
        .len()
        .filter(pl.col("len") > cap)
    )
    return PAIRS_SOUND.finding(
        f"{wrong.height} of {facts.height} pairs are of one product, there several times, positive and "
        f"negative, or not of one split; {crowded.height} products stand in more than {cap} of a kind",
        [
            *_named(wrong),
            *(
                f"{product_id}: {count} pairs of {kind} in {split}"
                for product_id, split, kind, count in crowded.iter_rows()
            ),
        ],
        {"pairs": facts.height, "crowded": crowded.height},
    )


def _pairs_true(facts: pl.DataFrame, attributes: Sequence[str], settings: PairSettings) -> Finding:
    shared = _names({name: pl.col(f"{name}@a") == pl.col(f"{name}@b") for name in attributes})
    mismatches = _names({name: pl.col(f"{name}@a") != pl.col(f"{name}@b") for name in attributes})
    positive = pl.col("kind").is_in([kind.value for kind in POSITIVE_KINDS])
    looked_up = facts.with_columns(shared_now=shared, mismatches_now=mismatches)
    is_kind = pl.lit(False)
    for kind, holds in _definitions(settings).items():
        is_kind = pl.when(pl.col("kind") == kind.value).then(holds).otherwise(is_kind)
    wrong = looked_up.with_columns(
        why=_first_that_holds(
            [
                (positive.cast(pl.UInt8) != pl.col("label"), "has not the label of its kind"),
                (~is_kind, "is not of its kind"),
                (
                    pl.col("category_a").ne_missing(pl.col("category@a"))
                    | pl.col("category_b").ne_missing(pl.col("category@b")),
                    "has another category than its products",
                ),
                (
                    pl.col("shared").ne_missing(pl.col("shared_now"))
                    | pl.col("mismatches").ne_missing(pl.col("mismatches_now")),
                    "says other attributes than its products",
                ),
            ]
        )
    ).drop_nulls("why")
    kinds = wrong.group_by("kind").len().sort("kind")
    return PAIRS_TRUE.finding(
        f"{wrong.height} of {facts.height} pairs are not what they say",
        _named(wrong),
        {"pairs": facts.height, **{f"wrong_{kind}": count for kind, count in kinds.iter_rows()}},
    )


def _definitions(settings: PairSettings) -> dict[PairKind, pl.Expr]:
    """What :class:`PairKind` says of each kind, on looked-up pairs."""
    equal, different = pl.col("shared_now").list.len(), pl.col("mismatches_now").list.len()
    same_group = (pl.col("group_id@a") == pl.col("group_id@b")).fill_null(False)
    same_picture = (pl.col("content_hash@a") == pl.col("content_hash@b")).fill_null(False)
    same_category = (pl.col("category@a") == pl.col("category@b")).fill_null(False)
    two_categories = (pl.col("category@a") != pl.col("category@b")).fill_null(False)
    hard = pl.col("mismatches_now").list.contains(pl.lit(settings.hard_attribute))
    strong = (different == 0) & (equal >= settings.strong_shared)
    akin, apart = same_category & ~same_group, ~same_group & ~same_picture
    close = (equal >= 1) & (different <= settings.medium_max_different) & (different < equal)
    return {
        PairKind.STRONG_GROUP: same_group,
        PairKind.STRONG_ATTRIBUTE: akin & strong,
        PairKind.MEDIUM: akin & close & ~hard & ~strong,
        PairKind.WEAK: akin & (equal == 0) & (different == 0),
        PairKind.MINED_HARD: same_category & apart & (different > 0) & pl.col("mined"),
        PairKind.MATERIAL_HARD: same_category & apart & hard,
        PairKind.EASY: two_categories & apart,
    }


def _quotas_met(pairs: pl.DataFrame, settings: PairSettings) -> Finding:
    counts = {
        (split, kind): count for split, kind, count in pairs.group_by("split", "kind").len().iter_rows()
    }
    wanted = {
        (split, kind.value): quota
        for split in sorted({*settings.num_pairs, *pairs["split"]})
        for kind, quota in quotas(settings, split).items()
    }
    amiss = [
        f"{split}: {counts.get((split, kind), 0)} of {quota} {kind} pairs"
        for (split, kind), quota in wanted.items()
        if counts.get((split, kind), 0) != quota
    ]
    short = sum(max(0, quota - counts.get(key, 0)) for key, quota in wanted.items())
    return QUOTAS_MET.finding(
        f"{short} of {sum(wanted.values())} pairs are missing" + (f": {'; '.join(amiss)}" if amiss else ""),
        amiss,
        {"wanted": sum(wanted.values()), "missing": short},
    )


def _categories_mined(missing: Mapping[str, str], products: pl.DataFrame) -> Finding:
    total = products["category"].drop_nulls().n_unique()
    return CATEGORIES_MINED.finding(
        f"{len(missing)} of {total} categories have no published hard negatives",
        [f"{category}: {why}" for category, why in sorted(missing.items())],
        {"categories": total},
    )


def _first_that_holds(cases: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    """What is said of the first condition that is true; null if none is."""
    return pl.coalesce(pl.when(condition).then(pl.lit(said)) for condition, said in cases)


def _names(conditions: Mapping[str, pl.Expr]) -> pl.Expr:
    """The names of the conditions that are true, in their order; unknown values make none true."""
    if not conditions:
        return pl.lit([], dtype=pl.List(pl.String))
    said = [pl.when(condition).then(pl.lit(name)) for name, condition in conditions.items()]
    return pl.concat_list(said).list.drop_nulls()


def _named(wrong: pl.DataFrame) -> list[str]:
    """Each pair and why it is wrong."""
    columns = wrong.select("a_id", "b_id", "split", "kind", "why")
    return [f"{a}, {b} ({split}, {kind}): {why}" for a, b, split, kind, why in columns.iter_rows()]
