"""How well vectors find products alike: search, judge every query, and write the figures."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.figures import metrics_table
from vdata_assets.evaluation.metrics import (
    COLUMNS,
    UNKNOWN_AS_ZERO,
    Judged,
    facets_of,
    judge,
    query_values,
)
from vdata_assets.evaluation.metrics_json import write_metrics_json
from vdata_assets.evaluation.schema import Metrics, PerQuery
from vdata_assets.evaluation.settings import KS, EvaluationSettings
from vdata_assets.retrieval.two_stage import Hits, two_stage

METRICS_TABLE = "metrics.parquet"
PER_QUERY_TABLE = "per_query_results.parquet"
QUERY_TIMES = "query_times.json"


@dataclass(frozen=True)
class Evaluated:
    """An evaluation.

    Attributes:
        metrics: a row a figure.
        per_query: a row a query, with the further columns that :class:`PerQuery` describes.
        hits: what the queries found.
    """

    metrics: dy.DataFrame[Metrics]
    per_query: pl.DataFrame
    hits: Hits


def evaluate(
    queries: ProductVectors,
    catalog: ProductVectors,
    settings: EvaluationSettings,
    out: Path,
    log: Callable[[str], object],
) -> Evaluated:
    """Search the catalog for every query and measure what is found; see the metrics module for the terms.

    Writes ``metrics.json``, ``metrics_by_<facet>.json``, ``metrics.parquet``, ``per_query_results.parquet``
    and ``query_times.json``; all but the last are the same in every run. No queries, or nothing to search,
    gives figures without a value.

    Args:
        queries: what is searched for.
        catalog: what is searched.
        settings: of search and resampling; the splits are the caller's to take.
        out: where the files go; it exists.
        log: where progress goes.

    Raises:
        ValueError: the two sides differ in encoder, lengths or attributes; an attribute's name cannot name a
            column or a file; a product_id is there twice.
    """
    _check(queries, catalog)
    started = time.perf_counter()
    hits = two_stage(queries, catalog, settings, k=max(KS), log=log)
    seconds = time.perf_counter() - started
    judged = judge(queries, catalog, hits)
    values = {facet: query_values(results) for facet, results in judged.items()}
    facets = queries.meta.select(pl.col(facets_of(queries)).cast(pl.String))
    metrics = metrics_table(judged, values, facets, settings)
    per_query = _per_query(queries, catalog, hits, judged, values, facets)
    metrics.write_parquet(out / METRICS_TABLE)
    per_query.write_parquet(out / PER_QUERY_TABLE)
    about = {
        "encoder": queries.encoder,
        "queries": len(queries),
        "catalog": len(catalog),
        "settings": settings.model_dump(mode="json"),
    }
    write_metrics_json(metrics, about, out)
    write_json(out / QUERY_TIMES, _query_times(hits, seconds))
    return Evaluated(metrics, per_query, hits)


def _check(queries: ProductVectors, catalog: ProductVectors) -> None:
    if set(queries.attributes) != set(catalog.attributes):
        raise ValueError(
            f"queries have the attributes {queries.attributes} and the catalog {catalog.attributes}: take "
            "both from one table"
        )
    for facet in facets_of(queries):
        if not facet.isidentifier() or facet in PerQuery.column_names():
            raise ValueError(
                f"attribute {facet!r} cannot name a column and a file of the evaluation: give it a name of "
                f"letters, digits and underscores other than {', '.join(PerQuery.column_names())}"
            )
    for side, products in (("queries", queries), ("catalog", catalog)):
        ids = products.meta["product_id"]
        if ids.n_unique() < len(ids):
            twice = ids.filter(ids.is_duplicated()).sort()[0]
            raise ValueError(f"product_id {twice!r} is there twice in the {side}: keep one row a product")


def _per_query(
    queries: ProductVectors,
    catalog: ProductVectors,
    hits: Hits,
    judged: Mapping[str, Judged],
    values: Mapping[str, NDArray[np.float64]],
    facets: pl.DataFrame,
) -> pl.DataFrame:
    there = hits.index >= 0
    ids = catalog.meta["product_id"].gather(hits.index[there])
    columns = [
        queries.meta["product_id"].alias("query_id"),
        _lists("results", ids, there),
        _lists("scores", pl.Series(hits.score[there], dtype=pl.Float32), there),
        _lists("image_scores", pl.Series(hits.image_score[there], dtype=pl.Float32), there),
        _lists("text_scores", pl.Series(hits.text_score[there], dtype=pl.Float32).fill_nan(None), there),
        pl.Series("excluded", hits.excluded, pl.UInt32),
    ]
    for facet, results in judged.items():
        columns += [facets[facet], pl.Series(f"{facet}_relevant", results.relevant, pl.UInt32)]
        columns += [
            pl.Series(f"{facet}:{metric}@{k}", values[facet][:, column]).fill_nan(None)
            for column, (metric, k) in enumerate(COLUMNS)
            if metric != UNKNOWN_AS_ZERO
        ]
    table = pl.DataFrame(columns)
    PerQuery.validate(table.select(PerQuery.column_names()))
    return table


def _lists(name: str, values: pl.Series, there: NDArray[np.bool_]) -> pl.Series:
    """One list a query of the values where ``there``, which are in the queries' order."""
    ends = pl.Series(np.concatenate([np.zeros(1, np.int64), np.cumsum(there.sum(axis=1))]))
    return pl.Series(name, pa.LargeListArray.from_arrays(ends.to_arrow(), values.to_arrow()))


def _query_times(hits: Hits, seconds: float) -> dict[str, object]:
    """A query's time is its block's over the block's queries; blocks run beside each other, one a core."""
    some = len(hits.seconds) > 0
    return {
        "units": "seconds",
        "queries": len(hits.seconds),
        "all": seconds,
        "per_query": {
            "mean": float(hits.seconds.mean()) if some else None,
            "p50": float(np.quantile(hits.seconds, 0.5)) if some else None,
            "p95": float(np.quantile(hits.seconds, 0.95)) if some else None,
        },
    }
