"""An evaluation worked out again from its result lists, by joins instead of by matrices."""

from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.chance import gains
from vdata_assets.evaluation.settings import KS, METRICS
from vdata_assets.retrieval.exclusions import KEYS
from vdata_assets.retrieval.search_settings import SearchSettings

BLOCK_PAIRS = 8192


def result_rows(per_query: pl.DataFrame) -> pl.DataFrame:
    """One row a result: query_id, place from 1, product_id, score, image_score and text_score.

    Lists of a query that differ in length are filled up with null.
    """
    longest = pl.max_horizontal(pl.col("results", "scores", "image_scores", "text_scores").list.len())
    places = pl.int_ranges(1, longest + 1)
    long = per_query.select("query_id", "results", "scores", "image_scores", "text_scores", place=places)
    long = long.explode("place", empty_as_null=False)
    return long.select(
        "query_id",
        "place",
        product_id=_at("results"),
        score=_at("scores"),
        image_score=_at("image_scores"),
        text_score=_at("text_scores"),
    )


def _at(column: str) -> pl.Expr:
    return pl.col(column).list.get(pl.col("place") - 1, null_on_oob=True)


def excluded_counts(
    queries: ProductVectors, catalog: ProductVectors, facet: str | None = None
) -> NDArray[np.intp]:
    """(q,) products that share a key with the query, and the facet's known value if one is given.

    By inclusion and exclusion over the three keys, so that no pairs are listed.
    """
    total = np.zeros(len(queries), np.intp)
    for size in range(1, len(KEYS) + 1):
        for keys in combinations(KEYS, size):
            shared = [*keys, *([facet] if facet else [])]
            total += (-1) ** (size + 1) * alike_counts(queries, catalog, shared)
    return total


def alike_counts(queries: ProductVectors, catalog: ProductVectors, columns: list[str]) -> NDArray[np.intp]:
    """(q,) products of the catalog that are the same in all of the columns, none of them null."""
    text = [pl.col(column).cast(pl.String) for column in columns]
    sizes = catalog.meta.select(text).drop_nulls().group_by(columns).len("alike")
    joined = queries.meta.select(text).join(sizes, on=columns, how="left", maintain_order="left")
    return joined["alike"].fill_null(0).to_numpy().astype(np.intp)


def true_scores(
    results: pl.DataFrame, queries: ProductVectors, catalog: ProductVectors, settings: SearchSettings
) -> pl.DataFrame:
    """The results with ``true_image``, ``true_text`` and ``true_score`` from the vectors, null if not there.

    Args:
        results: as from :func:`result_rows`; those whose ids are known.
        queries: what was searched for.
        catalog: what was searched.
        settings: the weight of the image.
    """
    left = _rows_of(results["query_id"], queries)
    right = _rows_of(results["product_id"], catalog)
    image = _dots(queries.image, left, catalog.image, right)
    text = _dots(queries.text, left, catalog.text, right)
    told = queries.meta["has_text"].gather(left) & catalog.meta["has_text"].gather(right)
    weight = settings.image_weight
    return results.with_columns(
        true_image=pl.Series(image),
        true_text=pl.select(pl.when(told).then(pl.Series(text))).to_series(),
        true_score=pl.select(
            pl.when(told).then(weight * pl.Series(image) + (1 - weight) * pl.Series(text)).otherwise(image)
        ).to_series(),
    )


def _rows_of(ids: pl.Series, products: ProductVectors) -> NDArray[np.intp]:
    rows = products.meta.select("product_id", row=pl.int_range(pl.len()))
    joined = ids.alias("product_id").to_frame().join(rows, on="product_id", how="left", maintain_order="left")
    return joined["row"].to_numpy().astype(np.intp)


def _dots(
    left: NDArray[np.float32],
    left_rows: NDArray[np.intp],
    right: NDArray[np.float32],
    right_rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    dots = np.empty(len(left_rows))
    for start in range(0, len(dots), BLOCK_PAIRS):
        block = slice(start, start + BLOCK_PAIRS)
        some = left[left_rows[block]].astype(np.float64)
        dots[block] = np.einsum("ij,ij->i", some, right[right_rows[block]])
    return dots


def recounted(
    per_query: pl.DataFrame,
    results: pl.DataFrame,
    queries: ProductVectors,
    catalog: ProductVectors,
    facet: str,
) -> pl.DataFrame:
    """What the facet's columns of ``per_query`` must be, by the results' own values; in its order.

    Returns:
        ``<facet>``, ``<facet>_relevant`` and ``<facet>:<metric>@<k>``, as :class:`PerQuery` describes them.
    """
    wanted = queries.meta.select(query_id="product_id", wanted=pl.col(facet).cast(pl.String)).with_columns(
        relevant=pl.Series(
            alike_counts(queries, catalog, [facet]) - excluded_counts(queries, catalog, facet)
        ),
        eligible=pl.Series(len(catalog) - excluded_counts(queries, catalog)),
    )
    found = catalog.meta.select("product_id", found=pl.col(facet).cast(pl.String))
    right = (
        results.join(found, on="product_id")
        .join(wanted, on="query_id")
        .filter(pl.col("found") == pl.col("wanted"))
        .with_columns(gain=1 / (pl.col("place") + 1).log(2))
    )
    within = [
        expression
        for k in KS
        for expression in (
            (pl.col("place") <= k).sum().alias(f"hits@{k}"),
            pl.col("place").filter(pl.col("place") <= k).min().alias(f"first@{k}"),
            pl.col("gain").filter(pl.col("place") <= k).sum().alias(f"gain@{k}"),
        )
    ]
    counted = (
        per_query.select("query_id")
        .join(wanted, on="query_id", how="left", maintain_order="left")
        .join(right.group_by("query_id").agg(within), on="query_id", how="left", maintain_order="left")
        .with_columns(pl.col("^(hits|gain)@.*$").fill_null(0))
    )
    known = pl.col("wanted").is_not_null() & (pl.col("eligible") > 0)
    some = known & (pl.col("relevant") > 0)
    expressions: dict[tuple[str, int], pl.Expr] = {}
    for k in KS:
        ideal = pl.col("relevant").clip(0, k).replace_strict(range(k + 1), gains(k).tolist(), default=None)
        expressions["match", k] = pl.when(known).then(pl.col(f"hits@{k}") / pl.col("eligible").clip(0, k))
        expressions["recall", k] = pl.when(some).then(pl.col(f"hits@{k}") / pl.col("relevant"))
        expressions["mrr", k] = pl.when(some).then((1 / pl.col(f"first@{k}")).fill_null(0))
        expressions["ndcg", k] = pl.when(some).then(pl.col(f"gain@{k}") / ideal)
    ordered = sorted(expressions, key=lambda name: (METRICS.index(name[0]), name[1]))
    return counted.select(
        pl.col("wanted").alias(facet),
        pl.col("relevant").cast(pl.Int64).alias(f"{facet}_relevant"),
        *(expressions[metric, k].cast(pl.Float64).alias(f"{facet}:{metric}@{k}") for metric, k in ordered),
    )
