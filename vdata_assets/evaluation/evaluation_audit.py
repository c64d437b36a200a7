"""Questions about an evaluation before it is published, answered over all queries from their own rows."""

import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation import checks
from vdata_assets.evaluation.evaluate import Evaluated
from vdata_assets.evaluation.metrics import DEFINED, UNKNOWN_AS_ZERO, facets_of
from vdata_assets.evaluation.recount import recounted, result_rows
from vdata_assets.evaluation.results_audit import results_sound
from vdata_assets.evaluation.settings import KS, EvaluationSettings
from vdata_assets.quality.findings import Finding

FEW = 30
ALIKE = 1e-9
ENDS = ("low", "value", "high", "chance")


def audit_evaluation(
    evaluated: Evaluated, queries: ProductVectors, catalog: ProductVectors, settings: EvaluationSettings
) -> list[Finding]:
    """Answer every check of :data:`~vdata_assets.evaluation.checks.EVALUATION_CHECKS`, in that order.

    Args:
        evaluated: what is to be published.
        queries: what was searched for.
        catalog: what was searched.
        settings: what it was evaluated with.
    """
    return [
        queries_found(queries, catalog, settings),
        results_sound(evaluated.per_query, queries, catalog, settings),
        metrics_sound(evaluated, queries, catalog),
        facets_measurable(evaluated.metrics),
        above_chance(evaluated.metrics),
    ]


def queries_found(queries: ProductVectors, catalog: ProductVectors, settings: EvaluationSettings) -> Finding:
    """Whether there is anything to evaluate; offenders are the splits without a product."""
    empty = [settings.query_split] if not len(queries) else []
    if not len(catalog):
        empty.append(" + ".join(settings.catalog_splits))
    return checks.QUERIES_FOUND.finding(
        f"{len(queries):,} queries of split {settings.query_split}, {len(catalog):,} products to search of "
        f"{' + '.join(settings.catalog_splits)}.",
        empty,
        {"queries": len(queries), "catalog": len(catalog)},
    )


def metrics_sound(evaluated: Evaluated, queries: ProductVectors, catalog: ProductVectors) -> Finding:
    """Whether queries' values follow from their results, and figures from these; offenders are both."""
    per_query, results = evaluated.per_query, result_rows(evaluated.per_query)
    wrong_queries: set[str] = set()
    for facet in facets_of(queries):
        expected = recounted(per_query, results, queries, catalog, facet)
        for column in expected.columns:
            told = per_query[column]
            differs = (
                (told.cast(pl.Float64) - expected[column].cast(pl.Float64)).abs() > ALIKE
                if column != facet
                else told != expected[column]
            )
            off = differs.fill_null(False) | (told.is_null() != expected[column].is_null())
            wrong_queries.update(per_query["query_id"].filter(off))
    wrong_figures = _wrong_figures(evaluated.metrics, per_query, facets_of(queries))
    offenders = [query for query in per_query["query_id"] if query in wrong_queries]
    return checks.METRICS_SOUND.finding(
        f"{len(offenders):,} of {per_query.height:,} queries and {len(wrong_figures):,} of "
        f"{evaluated.metrics.height:,} figures differ from what their rows say.",
        [*offenders, *wrong_figures],
        {"queries": len(offenders), "figures": len(wrong_figures)},
    )


def _wrong_figures(metrics: pl.DataFrame, per_query: pl.DataFrame, facets: list[str]) -> list[str]:
    """Names of figures that are no fraction, outside of their interval, or not their queries' mean."""
    names = pl.format("{}@{}", pl.concat_str("facet", pl.lit(":"), pl.col("metric").cast(pl.String)), "k")
    keys = ["slice_by", "slice_value", "name"]
    told = metrics.with_columns(name=names)
    expected = pl.concat(_means(per_query, slice_by, facets) for slice_by in [None, *facets])
    both = told.join(expected, on=keys, how="full", nulls_equal=True, coalesce=True, maintain_order="left")
    unsound = pl.any_horizontal(
        pl.col("value").is_null().ne(pl.col("true_value").is_null()),
        (pl.col("value") - pl.col("true_value")).abs() > ALIKE,
        pl.col("n").ne_missing(pl.col("true_n")),
        pl.col("unknown").ne_missing(pl.col("true_unknown")),
        pl.any_horizontal(~pl.col(end).is_between(0, 1) for end in ENDS),
        pl.any_horizontal(pl.col(end).is_null().ne(pl.col("value").is_null()) for end in ENDS),
        pl.col("low") > pl.col("value") + ALIKE,
        pl.col("high") < pl.col("value") - ALIKE,
    ).fill_null(False)
    where = (
        pl.when(pl.col("slice_by").is_null())
        .then(pl.lit("all"))
        .otherwise(pl.format("{}={}", "slice_by", "slice_value"))
    )
    return both.filter(unsound).select(figure=pl.format("{} {}", where, "name"))["figure"].to_list()


def _means(per_query: pl.DataFrame, slice_by: str | None, facets: list[str]) -> pl.DataFrame:
    """Every figure of a way to slice, from the queries' values."""
    figures = []
    for facet in facets:
        values = {f"{facet}:{metric}@{k}": pl.col(f"{facet}:{metric}@{k}") for metric in DEFINED for k in KS}
        zeros = {f"{facet}:{UNKNOWN_AS_ZERO}@{k}": pl.col(f"{facet}:match@{k}").fill_null(0) for k in KS}
        figures += [
            pl.struct(
                true_value=value.mean(), true_n=value.count(), true_unknown=pl.col(facet).null_count()
            ).alias(name)
            for name, value in {**values, **zeros}.items()
        ]
    if slice_by is None:
        rows = per_query.select(figures).with_columns(
            slice_by=pl.lit(None, pl.String), slice_value=pl.lit(None, pl.String)
        )
    else:
        known = per_query.filter(pl.col(slice_by).is_not_null())
        rows = known.group_by(pl.col(slice_by).alias("slice_value")).agg(figures)
        rows = rows.with_columns(slice_by=pl.lit(slice_by))
    return rows.unpivot(index=["slice_by", "slice_value"], variable_name="name").unnest("value")


def facets_measurable(metrics: pl.DataFrame) -> Finding:
    """Whether enough queries know each facet; offenders are facets."""
    overall = _overall(metrics, "match")
    few = overall.filter(pl.col("n") < FEW)
    told = "".join(f" {facet} {n}." for facet, n in few.select("facet", "n").iter_rows())
    return checks.FACETS_MEASURABLE.finding(
        f"{few.height:,} of {overall.height:,} facets are known of fewer than {FEW} queries.{told}",
        few["facet"],
        dict(overall.select("facet", "n").iter_rows()),
    )


def above_chance(metrics: pl.DataFrame) -> Finding:
    """Whether the category is found better than by chance; not if there is no figure."""
    row = _overall(metrics, "match").row(by_predicate=pl.col("facet") == "category", named=True)
    if row["value"] is None:
        return checks.ABOVE_CHANCE.finding("No query has a category: match@10 cannot be told.", ["category"])
    return checks.ABOVE_CHANCE.finding(
        f"Category match@10 is {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}); chance is "
        f"{row['chance']:.3f}.",
        ["category"] if row["low"] <= row["chance"] else [],
        {"match": row["value"], "low": row["low"], "chance": row["chance"]},
    )


def _overall(metrics: pl.DataFrame, metric: str) -> pl.DataFrame:
    return metrics.filter(pl.col("slice_by").is_null(), pl.col("metric") == metric, pl.col("k") == max(KS))
