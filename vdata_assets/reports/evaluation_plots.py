"""An evaluation's figures for the UI: a table of all queries, and bars by category and attribute."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vdata_assets.attributes.settings import CATEGORY
from vdata_assets.evaluation.settings import KS, METRICS
from vdata_assets.reports import markdown
from vdata_assets.reports.palette import SPLIT_COLOURS
from vdata_assets.reports.plots import drawing, label, leave_empty, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 20
MAX_PLOTS = 8
K = 10
NONE = "-"
NAMES = {
    "match": "match",
    "match_unknown_as_zero": "match, unknown as 0",
    "recall": "recall",
    "mrr": "MRR",
    "ndcg": "nDCG",
}
UNITS = (
    "All figures are percent, with their bootstrap 95 % interval and what a random order would give; queries "
    "of which the facet is unknown do not count, but in the variant that says so."
)


def metrics_markdown(metrics: pl.DataFrame) -> str:
    """All queries' figures by facet at 1, 5 and 10, and match@10 by category and by attributes' values.

    Args:
        metrics: of schema Metrics.
    """
    rows = metrics.with_columns(pl.col("metric").cast(pl.String))
    overall = rows.filter(pl.col("slice_by").is_null())
    facets = sorted(overall["facet"].unique(), key=lambda facet: (facet != CATEGORY, facet))
    if not facets:
        return "No figure was measured."
    cells = pl.DataFrame([_line(overall, facet, metric) for facet in facets for metric in METRICS])
    blocks = ["## All queries", markdown.table(cells, max_rows=len(facets) * len(METRICS)), UNITS]
    blocks += ["## By value"]
    for facet in facets[:MAX_PLOTS]:
        alternative = f"match@{K} of {facet} by {facet}, in percent, with chance"
        blocks.append(markdown.image(alternative, value_plot(rows, facet)))
    if len(facets) > MAX_PLOTS:
        left_out = ", ".join(markdown.escaped(facet) for facet in facets[MAX_PLOTS:])
        blocks.append(f"Not drawn: {left_out}.")
    return "\n\n".join(blocks)


def _line(overall: pl.DataFrame, facet: str, metric: str) -> dict[str, Any]:
    """A facet's metric at every k as a row of the table."""
    of = overall.filter(pl.col("facet") == facet, pl.col("metric") == metric)
    by_k = {row["k"]: row for row in of.to_dicts()}
    last = by_k.get(K, {"n": 0, "unknown": 0})
    cells = {f"@{k}": _figure(by_k[k]) if k in by_k else NONE for k in KS}
    return {"facet": facet, "metric": NAMES[metric], "n": last["n"], "unknown": last["unknown"], **cells}


def _figure(row: dict[str, Any]) -> str:
    """``45.2 (43.0 to 47.4), chance 12.5``."""
    if row["value"] is None:
        return NONE
    figure = f"{100 * row['value']:.1f}"
    if row["low"] is not None and row["high"] is not None:
        figure += f" ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
    return figure if row["chance"] is None else f"{figure}, chance {100 * row['chance']:.1f}"


def value_plot(metrics: pl.DataFrame, facet: str) -> bytes:
    """match@10 of a facet over the queries of each of its values, and over all, beside chance.

    Args:
        metrics: of schema Metrics.
        facet: the category or an attribute; of many values those with the most queries are drawn.

    Returns:
        A PNG file.
    """
    figures = metrics.filter(
        pl.col("facet") == facet, pl.col("metric").cast(pl.String) == "match", pl.col("k") == K
    ).drop_nulls("value")
    whole = figures.filter(pl.col("slice_by").is_null())
    values = figures.filter(pl.col("slice_by") == facet).sort("n", "slice_value", descending=[True, False])
    shown = pl.concat([whole, values.head(TOP)])
    more = f": the {TOP} largest of {values.height:,}" if values.height > TOP else ""
    with drawing(7, 1.4 + 0.24 * max(3, shown.height)) as figure:
        axes = figure.subplots()
        axes.set_title(f"match@{K} by {label(facet)}{more}")
        axes.set_xlabel("percent of the results that match, with 95 % intervals")
        if shown.height:
            _bars(axes, shown)
            figure.legend(loc="outside lower left", ncols=2)
        else:
            leave_empty(axes)
        return png(figure)


def _bars(axes: "Axes", shown: pl.DataFrame) -> None:
    """A bar a row, the first on top, named with its queries."""
    value, low, high, chance = (
        100 * shown[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("value", "low", "high", "chance")
    )
    places = np.arange(shown.height)
    axes.barh(places, value, color=SPLIT_COLOURS["train"], height=0.7, label=f"match@{K}")
    axes.hlines(places, low, high, color="#1A1A1A", linewidth=1.2)
    axes.vlines(
        chance, places - 0.42, places + 0.42, color=SPLIT_COLOURS["test"], linewidth=2.5, label="chance"
    )
    names = [
        f"{'all queries' if name is None else label(name)} ({n:,})"
        for name, n in shown.select("slice_value", "n").iter_rows()
    ]
    axes.set_yticks(places, names)
    axes.set_ylim(max(3, shown.height) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#E0E0E0")
