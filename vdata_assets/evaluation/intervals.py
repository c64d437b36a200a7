"""Bootstrap 95 % intervals of means over queries, the same on any number of threads.

Percentile intervals (Efron 1979): queries are drawn with replacement, as many as there are, and the means of
the resamples sorted. A resample is a row of counts, so that all figures of a slice share its draws and are
one matrix product. What is multiplied are deviations from the mean in multiples of 2**-30: with whole counts
every partial sum is exact in float64, in whatever order BLAS adds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.seeding import seeded_int

GRID = float(1 << 30)
TAILS = (0.025, 0.975)
BLOCK_CELLS = 1 << 21


@dataclass(frozen=True)
class Means:
    """Means of some columns over their known rows, with 95 % intervals.

    Attributes:
        n: (c,) known rows of each column.
        mean, low, high: (c,) float64, NaN where n is 0.
    """

    n: NDArray[np.intp]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """How a figure differs between two models over the same queries. Values are in the series' unit.

    Attributes:
        n: queries with a value on both sides.
        baseline, checkpoint: means over these; None if n is 0.
        delta: checkpoint minus baseline; likewise.
        low, high: 95 % interval of the delta; likewise.
    """

    n: int
    baseline: float | None
    checkpoint: float | None
    delta: float | None
    low: float | None
    high: float | None


def resamples_of(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each row is drawn in each resample, as blocks (b, rows) of whole numbers that sum to rows."""
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_CELLS // rows)
    for start in range(0, resamples, block):
        height = min(block, resamples - start)
        drawn = generator.integers(0, rows, (height, rows))
        drawn += np.arange(height)[:, None] * rows
        yield np.bincount(drawn.ravel(), minlength=height * rows).reshape(height, rows).astype(np.float64)


def means_of(values: NDArray[np.float64], resamples: int, seed: int, *keys: str) -> Means:
    """Mean and bootstrap interval of every column; NaN is unknown and left out.

    All rows are resampled, and each column's mean is over the known ones among those drawn; resamples that
    draw none are left out.

    Args:
        values: (n, c).
        resamples: how many.
        seed: the user's.
        keys: what is resampled, so that different slices have different draws.
    """
    known = ~np.isnan(values)
    n = known.sum(axis=0)
    divisor = np.where(n, n, np.nan)
    mean = np.where(known, values, 0).sum(axis=0) / divisor
    if not n.any():
        return Means(n, mean, mean, mean)
    deviations = np.rint(np.where(known, values - mean, 0) * GRID) / GRID
    drawn_means = np.empty((resamples, values.shape[1]))
    start = 0
    for counts in resamples_of(len(values), resamples, seeded_int(seed, "bootstrap", *keys)):
        drawn = counts @ known.astype(np.float64)
        shift = np.divide(counts @ deviations, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0)
        drawn_means[start : start + len(counts)] = shift
        start += len(counts)
    return Means(n, mean, *(mean + _quantiles(drawn_means)))


def paired_change(
    baseline: pl.Series, checkpoint: pl.Series, resamples: int, seed: int, *keys: str
) -> Change:
    """The mean change from one model to the other, with a paired bootstrap interval.

    Queries are resampled with both of their values, so that what makes a query hard for both cancels out.

    Args:
        baseline: one value a query, null where it does not count.
        checkpoint: of the same queries in the same order.
        resamples: how many.
        seed: the user's.
        keys: what is compared, e.g. slice and facet.

    Raises:
        ValueError: the two differ in length.
    """
    if len(baseline) != len(checkpoint):
        raise ValueError(
            f"{len(baseline)} values of the baseline and {len(checkpoint)} of the checkpoint: give both of "
            "the same queries"
        )
    both = baseline.is_not_null() & checkpoint.is_not_null()
    before = baseline.filter(both).cast(pl.Float64).to_numpy()
    after = checkpoint.filter(both).cast(pl.Float64).to_numpy()
    if not len(before):
        return Change(0, None, None, None, None, None)
    change = means_of((after - before)[:, None], resamples, seed, "paired", *keys)
    delta, low, high = (float(figure[0]) for figure in (change.mean, change.low, change.high))
    return Change(len(before), float(before.mean()), float(after.mean()), delta, low, high)


def _quantiles(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, c) ends of the interval of each column; NaN are left out, and all that a column of them has."""
    ends = np.quantile(means, TAILS, axis=0)
    for column in np.flatnonzero(np.isnan(means).any(axis=0)):
        known = means[~np.isnan(means[:, column]), column]
        if known.size:
            ends[:, column] = np.quantile(known, TAILS)
    return ends
