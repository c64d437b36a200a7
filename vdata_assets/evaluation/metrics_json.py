"""The figures as JSON: ``metrics.json`` over all queries, ``metrics_by_<facet>.json`` by its value."""

from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.evaluation.metrics import UNKNOWN_AS_ZERO
from vdata_assets.evaluation.schema import Metrics

UNITS = "fraction"
FIGURES = ("value", "n", "low", "high", "chance")


def write_metrics_json(metrics: dy.DataFrame[Metrics], about: dict[str, Any], folder: Path) -> None:
    """Write ``metrics.json`` and one ``metrics_by_<facet>.json`` for every facet.

    A figure is ``facets.<facet>.<metric>.<k>`` with value, n, low, high and chance; every facet has the
    number of queries of which it is ``unknown``. All values are fractions from 0 to 1, as ``units`` says.

    Args:
        metrics: all figures.
        about: what both kinds of file begin with: encoder, queries, catalog, settings.
        folder: where to; it exists.
    """
    begin = {"units": UNITS, **about}
    overall = metrics.filter(pl.col("slice_by").is_null())
    write_json(folder / "metrics.json", {**begin, "facets": _by_facet(overall)})
    for facet in overall["facet"].unique(maintain_order=True):
        slices = metrics.filter(slice_by=facet).partition_by("slice_value", maintain_order=True)
        content = {str(rows["slice_value"][0]): _slice(rows) for rows in slices}
        write_json(folder / f"metrics_by_{facet}.json", {**begin, "slice_by": facet, "slices": content})


def _slice(rows: pl.DataFrame) -> dict[str, Any]:
    whole = rows.filter(metric=UNKNOWN_AS_ZERO)  # in which every query of the slice counts
    return {"queries": whole["n"][0], "facets": _by_facet(rows)}


def _by_facet(rows: pl.DataFrame) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    for row in rows.iter_rows(named=True):
        facet = facets.setdefault(row["facet"], {"unknown": row["unknown"]})
        facet.setdefault(row["metric"], {})[str(row["k"])] = {name: row[name] for name in FIGURES}
    return facets
