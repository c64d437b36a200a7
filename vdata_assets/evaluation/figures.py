"""The table of figures: every facet's metrics over all queries and over each slice of them."""

from collections.abc import Iterator, Mapping

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.evaluation.intervals import means_of
from vdata_assets.evaluation.metrics import COLUMNS, Judged, query_chances
from vdata_assets.evaluation.schema import Metrics
from vdata_assets.evaluation.settings import EvaluationSettings

Slice = tuple[str | None, str | None, NDArray[np.intp]]


def slices_of(facets: pl.DataFrame) -> Iterator[Slice]:
    """All queries, then those of each known value of each facet: facet, value, rows; in order of these."""
    yield None, None, np.arange(facets.height)
    for facet in sorted(facets.columns):
        codes = facets[facet].rank("dense").fill_null(0).to_numpy()
        order = codes.argsort(kind="stable")
        values = facets[facet].drop_nulls().unique().sort()
        starts = np.searchsorted(codes[order], np.arange(1, len(values) + 2))
        for value, first, end in zip(values, starts, starts[1:], strict=False):
            yield facet, value, order[first:end]


def metrics_table(
    judged: Mapping[str, Judged],
    values: Mapping[str, NDArray[np.float64]],
    facets: pl.DataFrame,
    settings: EvaluationSettings,
) -> dy.DataFrame[Metrics]:
    """Mean, interval, chance level and numbers of queries of every figure.

    Args:
        judged: by facet.
        values: by facet, what :func:`~vdata_assets.evaluation.metrics.query_values` says.
        facets: the queries' values, a column a facet.
        settings: resamples and seed.
    """
    names = sorted(judged)
    metric_names = [metric for metric, _ in COLUMNS]
    figures = np.concatenate([values[facet] for facet in names], axis=1)
    levels = np.concatenate([query_chances(judged[facet]) for facet in names], axis=1)
    unknown = np.stack([~judged[facet].known for facet in names], axis=1)
    frames = []
    for slice_by, slice_value, rows in slices_of(facets):
        keys = () if slice_by is None else (slice_by, str(slice_value))
        means = means_of(figures[rows], settings.bootstrap, settings.seed, *keys)
        level = np.where(np.isnan(levels[rows]), 0, levels[rows]).sum(axis=0) / np.where(
            means.n, means.n, np.nan
        )
        frames.append(
            pl.DataFrame(
                {
                    "slice_by": pl.Series([slice_by] * len(means.n), dtype=pl.String),
                    "slice_value": pl.Series([slice_value] * len(means.n), dtype=pl.String),
                    "facet": [facet for facet in names for _ in COLUMNS],
                    "metric": metric_names * len(names),
                    "k": [k for _, k in COLUMNS] * len(names),
                    "value": means.mean,
                    "n": means.n,
                    "unknown": unknown[rows].sum(axis=0).repeat(len(COLUMNS)),
                    "low": means.low.clip(0, 1),
                    "high": means.high.clip(0, 1),
                    "chance": level,
                }
            )
        )
    table = pl.concat(frames).with_columns(pl.col("value", "low", "high", "chance").fill_nan(None))
    return Metrics.validate(table, cast=True)
