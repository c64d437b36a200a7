"""Whether what queries found is allowed, whole, in order, and scored as the vectors say."""

import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation import checks
from vdata_assets.evaluation.recount import excluded_counts, result_rows, true_scores
from vdata_assets.evaluation.settings import KS
from vdata_assets.quality.findings import Finding
from vdata_assets.retrieval.exclusions import KEYS
from vdata_assets.retrieval.search_settings import SearchSettings

ALIKE = 1e-5  # scores are stored as float32, and vectors compared on a grid
SCORES = {"score": "true_score", "image_score": "true_image", "text_score": "true_text"}


def results_sound(
    per_query: pl.DataFrame, queries: ProductVectors, catalog: ProductVectors, settings: SearchSettings
) -> Finding:
    """Whether every query was asked once, in order, and its list is sound; offenders are queries.

    That a list is the best there is, is not worked out again.

    Args:
        per_query: what was found.
        queries: what was searched for.
        catalog: what was searched.
        settings: the weight of the image.
    """
    asked = queries.meta["product_id"].to_list()
    by_problem = {
        **_list_problems(result_rows(per_query), queries, catalog, settings),
        "wrong_number": _wrong_number(per_query, queries, catalog),
        "not_asked": _not_asked(per_query["query_id"].to_list(), asked),
    }
    hit = set().union(*by_problem.values())
    offenders = [*(query for query in asked if query in hit), *sorted(hit - set(asked))]
    told = ", ".join(f"{name} {len(found):,}" for name, found in by_problem.items() if found)
    return checks.RESULTS_SOUND.finding(
        f"{len(offenders):,} of {len(asked):,} queries have unsound results{': ' + told if told else ''}.",
        offenders,
        {name: len(found) for name, found in by_problem.items()},
    )


def _list_problems(
    results: pl.DataFrame, queries: ProductVectors, catalog: ProductVectors, settings: SearchSettings
) -> dict[str, set[str]]:
    """By problem, the queries with a result that has it."""
    others = [key for key in KEYS if key != "product_id"]
    of_query = queries.meta.select(
        query_id="product_id", known=pl.lit(True), **{f"query_{key}": key for key in others}
    )
    of_product = catalog.meta.select("product_id", *others, there=pl.lit(True))
    results = results.join(of_query, on="query_id", how="left", maintain_order="left")
    results = results.join(of_product, on="product_id", how="left", maintain_order="left").with_columns(
        foreign=pl.col("known").is_null() | pl.col("there").is_null()
    )
    flags = {
        "forbidden": pl.any_horizontal(
            pl.col("query_id") == pl.col("product_id"),
            *(pl.col(f"query_{key}") == pl.col(key) for key in others),
        ),
        "foreign": pl.col("foreign"),
        "repeated": pl.struct("query_id", "product_id").is_duplicated(),
        "out_of_order": pl.col("score") > pl.col("score").shift(1).over("query_id"),
    }
    true = true_scores(results.filter(~pl.col("foreign")), queries, catalog, settings)
    untrue = pl.any_horizontal(
        (pl.col(told) - pl.col(expected)).abs().gt(ALIKE).fill_null(False)
        | pl.col(told).is_null().ne(pl.col(expected).is_null())
        for told, expected in SCORES.items()
    )
    found = {name: set(results.filter(flag)["query_id"]) for name, flag in flags.items()}
    return {**found, "untrue_scores": set(true.filter(untrue)["query_id"])}


def _wrong_number(per_query: pl.DataFrame, queries: ProductVectors, catalog: ProductVectors) -> set[str]:
    """Queries with more or fewer results than there can be, or another number of excluded products."""
    left_out = pl.Series("left_out", excluded_counts(queries, catalog))
    expected = queries.meta.select(left_out, query_id="product_id")
    there = (len(catalog) - pl.col("left_out")).clip(0, max(KS))
    wrong = (pl.col("results").list.len() != there) | (pl.col("excluded") != pl.col("left_out"))
    return set(per_query.join(expected, on="query_id").filter(wrong)["query_id"])


def _not_asked(answered: list[str], asked: list[str]) -> set[str]:
    """Queries with an answer and no question or the other way round; all if only their order differs."""
    if answered == asked:
        return set()
    return set(answered) ^ set(asked) or set(asked)
