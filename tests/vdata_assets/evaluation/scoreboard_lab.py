"""Small evaluations written as files: queries with what is known of them, and their matches at 10."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

FACETS = ("category", "material", "neckline")
LETTERS = ("a", "b", "c")
SCHEMA = {
    "slice_by": pl.String,
    "slice_value": pl.String,
    "facet": pl.String,
    "metric": pl.String,
    "k": pl.UInt32,
    "value": pl.Float64,
    "n": pl.UInt32,
    "unknown": pl.UInt32,
    "low": pl.Float64,
    "high": pl.Float64,
    "chance": pl.Float64,
}


def known(queries: int = 60, **facets: Sequence[str | None]) -> dict[str, list[str | None]]:
    """Facets of so many queries: three values in turn, or those given, in turn."""
    values = dict.fromkeys(FACETS, LETTERS) | facets
    return {facet: [of[row % len(of)] for row in range(queries)] for facet, of in values.items()}


def write_evaluation(
    folder: Path,
    facets: Mapping[str, Sequence[str | None]],
    hits: Mapping[str, Sequence[float]],
    *,
    scale: float = 1,
    first: int = 0,
    relevant: int = 7,
) -> Path:
    """Write both tables of an evaluation.

    Args:
        folder: where to.
        facets: facet -> every query's value.
        hits: facet -> match@10 as a fraction, in turn over the queries that know the facet.
        scale: 100 writes points where fractions belong.
        first: number of the first query.
        relevant: products that match, of every query and facet.
    """
    folder.mkdir(parents=True)
    queries = len(next(iter(facets.values())))
    columns: dict[str, Any] = {
        "query_id": [f"q{first + row:04}" for row in range(queries)],
        "results": [["x", "y"]] * queries,
        "excluded": pl.Series([1] * queries, dtype=pl.UInt32),
    }
    for facet, values in facets.items():
        of = hits[facet]
        column = [None if value is None else of[row % len(of)] * scale for row, value in enumerate(values)]
        columns[facet] = pl.Series(list(values), dtype=pl.String)
        columns[f"{facet}_relevant"] = pl.Series([relevant] * queries, dtype=pl.UInt32)
        columns[f"{facet}:match@10"] = pl.Series(column, dtype=pl.Float64)
    table = pl.DataFrame(columns)
    table.write_parquet(folder / "per_query_results.parquet")
    rows = []
    for slice_by in (None, *facets):
        values = [None] if slice_by is None else table[slice_by].drop_nulls().unique().sort().to_list()
        for value in values:
            part = table if slice_by is None else table.filter(pl.col(slice_by) == value)
            rows += [_figure(part, slice_by, value, facet) for facet in facets]
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(folder / "metrics.parquet")
    return folder


def _figure(part: pl.DataFrame, slice_by: str | None, value: str | None, facet: str) -> tuple:
    column = part[f"{facet}:match@10"]
    mean, n = column.mean(), part.height - column.null_count()
    return (
        slice_by,
        value,
        facet,
        "match",
        10,
        mean,
        n,
        column.null_count(),
        mean,
        mean,
        0.25 if n else None,
    )
