"""What is asked of a category's hard negatives before they are published, recomputed from the ids."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.checks import NEGATIVES_DIFFER, NEGATIVES_RANKED, QUERIES_WITH_NEGATIVES
from vdata_assets.pairs.hard_negatives import (
    ALONE,
    GUARDS_REFUSED_ALL,
    NO_KNOWN_ATTRIBUTE,
    NOTHING_DIFFERS,
    REMEDIES,
    split_of,
)
from vdata_assets.pairs.settings import HardNegativeSettings
from vdata_assets.quality.findings import Finding
from vdata_assets.retrieval.blocks import map_blocks, rows_of
from vdata_assets.retrieval.similarity import on_grid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
SIDES = ("query", "negative")


def audit_hard_negatives(
    table: pl.DataFrame, category: ProductVectors, settings: HardNegativeSettings
) -> list[Finding]:
    """Answer every check of ``HARD_NEGATIVE_CHECKS``, in that order, each at its default level.

    Args:
        table: what :func:`~vdata_assets.pairs.hard_negatives.mine_hard_negatives` mined.
        category: the products it was mined from, of all splits.
        settings: with which.
    """
    rows = _with_products(table, category)
    return [
        _differ(rows, category.attributes, settings),
        _ranked(rows, settings),
        _with_negatives(table, category, settings),
    ]


def _with_products(table: pl.DataFrame, category: ProductVectors) -> pl.DataFrame:
    """The table with what the products say of both sides, in columns ``true_<side>_<column>``, and with
    ``true_image`` and ``true_text``, the similarities; null where an id or a text is missing.
    """
    for side in SIDES:
        products = category.meta.select(pl.all().name.prefix(f"true_{side}_"))
        table = table.join(
            products.with_row_index(f"true_row_{side}"),
            left_on=f"{side}_id",
            right_on=f"true_{side}_product_id",
            how="left",
            maintain_order="left",
        )
    known = pl.col("true_row_query").is_not_null() & pl.col("true_row_negative").is_not_null()
    pairs = table.select(known).to_series().arg_true()
    queries, negatives = (
        table[f"true_row_{side}"].gather(pairs).to_numpy().astype(np.intp) for side in SIDES
    )
    has_text = category.meta["has_text"].to_numpy().astype(np.bool_)
    similarities = {
        "true_image": _similarities(category.image, np.ones_like(has_text), queries, negatives),
        "true_text": _similarities(category.text, has_text, queries, negatives),
    }
    columns = []
    for name, values in similarities.items():
        column = np.full(table.height, np.nan)
        column[pairs.to_numpy()] = values
        columns.append(pl.Series(name, column).fill_nan(None))
    return table.with_columns(columns)


def _similarities(
    vectors: NDArray[np.float32], given: NDArray[np.bool_], queries: IntArray, negatives: IntArray
) -> FloatArray:
    """Cosine of each pair of rows, exact on the grid; NaN where a vector is not given."""
    if not given.any():  # the vectors may be of no dimension
        return np.full(len(queries), np.nan)
    grid: FloatArray = np.full(vectors.shape, np.nan)
    grid[given] = on_grid(vectors, np.flatnonzero(given))

    def work(block: IntArray) -> FloatArray:
        return np.einsum("ij,ij->i", grid[queries[block]], grid[negatives[block]])

    blocks = rows_of(0, len(queries), grid.shape[1])
    return np.concatenate([np.empty(0), *map_blocks(work, blocks)])


def _differ(rows: pl.DataFrame, attributes: list[str], settings: HardNegativeSettings) -> Finding:
    names = sorted(attributes)
    differing = [
        pl.when(pl.col(f"true_query_{name}") != pl.col(f"true_negative_{name}")).then(pl.lit(name))
        for name in names
    ]
    mismatches = pl.concat_list(pl.lit(None, pl.String), *differing).list.drop_nulls()

    def untrue(column: str, shown: Mapping[str, str]) -> pl.Expr:
        return pl.any_horizontal(
            pl.col(f"true_{side}_{column}").ne_missing(pl.col(shown[side])) for side in SIDES
        )

    problems = {
        "not a product of the category": pl.col("true_row_query").is_null()
        | pl.col("true_row_negative").is_null(),
        "the query itself": pl.col("query_id") == pl.col("negative_id"),
        **{
            f"not of its {column}": untrue(column, dict.fromkeys(SIDES, column))
            for column in ("split", "category")
        },
        "of a split that is not mined": ~pl.col("split").is_in(list(settings.splits)),
        "of the query's group": _same("group_id"),
        "the query's picture": _same("content_hash"),
        "a near-duplicate of the query's picture": _near(settings),
        "differs in nothing that is known": mismatches.list.len() == 0,
        "its mismatches are others": pl.col("mismatches").list.join("\x1f") != mismatches.list.join("\x1f"),
        **{
            f"its {name} is another": untrue(name, {side: f"{side}_{name}" for side in SIDES})
            for name in names
        },
    }
    bad = _first_problem(rows, problems)
    return NEGATIVES_DIFFER.finding(
        f"{bad.height} of {rows.height} hard negatives are not true ones", _shown(bad), {"pairs": rows.height}
    )


def _same(column: str) -> pl.Expr:
    return pl.col(f"true_query_{column}") == pl.col(f"true_negative_{column}")


def _near(settings: HardNegativeSettings) -> pl.Expr:
    near = pl.lit(value=False)
    if settings.near_duplicate_hamming is not None:
        bits = pl.col("true_query_phash") ^ pl.col("true_negative_phash")
        near |= (bits.bitwise_count_ones() <= settings.near_duplicate_hamming).fill_null(value=False)
    if settings.near_duplicate_cosine is not None:
        near |= pl.col("true_image") >= settings.near_duplicate_cosine
    return near


def _ranked(rows: pl.DataFrame, settings: HardNegativeSettings) -> Finding:
    image, text = pl.col("true_image"), pl.col("true_text")
    fused = pl.coalesce(image * settings.image_weight + text * (1 - settings.image_weight), image)
    ordered = rows.with_columns(true_score=fused).sort("query_id", "rank", maintain_order=True)
    before = pl.col("true_score").shift().over("query_id")
    earlier = pl.col("negative_id").shift().over("query_id")
    problems = {
        "there more than once": pl.struct("query_id", "negative_id").is_duplicated(),
        "its rank is not the next": pl.col("rank") != pl.int_range(1, pl.len() + 1).over("query_id"),
        f"beyond top_k {settings.top_k}": pl.col("rank") > settings.top_k,
        "more similar than the one before": pl.col("true_score") > before,
        "as similar as the one before and of a smaller id": (pl.col("true_score") == before)
        & (pl.col("negative_id") < earlier),
        **{
            f"its {column} is another": pl.col(column).ne_missing(pl.col(true).cast(pl.Float32))
            & pl.col("true_image").is_not_null()
            for column, true in {
                "score": "true_score",
                "image_score": "true_image",
                "text_score": "true_text",
            }.items()
        },
    }
    bad = _first_problem(ordered, problems)
    queries = rows["query_id"].n_unique()
    return NEGATIVES_RANKED.finding(
        f"{bad.height} of {rows.height} hard negatives of {queries} queries are not where they belong",
        _shown(bad),
        {"pairs": rows.height, "queries": queries},
    )


def _first_problem(rows: pl.DataFrame, problems: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The rows that have a problem, with the first of them as ``problem``."""
    said = [pl.when(hit).then(pl.lit(problem)) for problem, hit in problems.items()]
    return rows.with_columns(problem=pl.coalesce(said)).filter(pl.col("problem").is_not_null())


def _shown(bad: pl.DataFrame) -> list[str]:
    return [
        f"{query} -> {negative}: {problem}"
        for query, negative, problem in bad.select("query_id", "negative_id", "problem").iter_rows()
    ]


def _with_negatives(table: pl.DataFrame, category: ProductVectors, settings: HardNegativeSettings) -> Finding:
    """Every product of a mined split is a query; of one that is not, the reason is looked for anew."""
    mined = category.meta.filter(pl.col("split").is_in(list(settings.splits)))
    without = mined.join(table, left_on="product_id", right_on="query_id", how="anti", maintain_order="left")
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(settings.splits):
        missing = without.filter(pl.col("split") == name)["product_id"]
        if len(missing):
            reasons |= _reasons(category, name, missing)
    counts = {reason: list(reasons.values()).count(reason) for reason in REMEDIES}
    why = "".join(f"; {reason}: {count}, {REMEDIES[reason]}" for reason, count in counts.items() if count)
    return QUERIES_WITH_NEGATIVES.finding(
        f"{mined.height - without.height} of {mined.height} products have a hard negative{why}",
        [f"{name}: {reasons[name]}" for name in without["product_id"]],
        {"queries": mined.height, **{reason: count for reason, count in counts.items() if count}},
    )


def _reasons(category: ProductVectors, split_name: str, missing: pl.Series) -> dict[str, str]:
    """Why products of a split have no hard negative."""
    split = split_of(category, split_name)
    if split.meta.height == 1:
        return dict.fromkeys(missing, ALONE)
    asked = split.meta["product_id"].is_in(missing.implode()).arg_true().to_numpy().astype(np.intp)
    names = split.meta["product_id"].gather(asked)
    known = split.meta[asked].select(
        pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in category.attributes))
    )
    differing = map_blocks(
        lambda block: split.differ(asked[block]).any(axis=1), rows_of(0, len(asked), split.meta.height)
    )
    return {
        name: NO_KNOWN_ATTRIBUTE if not said else GUARDS_REFUSED_ALL if differs else NOTHING_DIFFERS
        for name, said, differs in zip(names, known.to_series(), np.concatenate(list(differing)), strict=True)
    }
