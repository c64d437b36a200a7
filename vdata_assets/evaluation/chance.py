"""What each metric would be if the same products were in a random order: expectations in closed form.

With E products that may be found, R of them relevant, in uniformly random order, the number of relevant ones
among the first k is hypergeometric, and

- match: R / E, the share at any place;
- recall: min(k, E) / E;
- mrr: the sum over places r up to k of 1 / r times P(the first relevant one is at r), which is
  R / (E - r + 1) times the product over j < r - 1 of (E - R - j) / (E - j);
- ndcg: R / E at each of the first min(k, E) places, discounted, over the ideal of min(k, R) relevant ones.
"""

import math

import numpy as np
from numpy.typing import NDArray


def discounts(k: int) -> NDArray[np.float64]:
    """(k,) 1 / log2(place + 1) (Järvelin and Kekäläinen 2002)."""
    return np.array([1 / math.log2(place + 1) for place in range(1, k + 1)])


def gains(k: int) -> NDArray[np.float64]:
    """(k + 1,) summed discounts of the first 0 to k places."""
    return np.concatenate([np.zeros(1), np.cumsum(discounts(k))])


def chance(
    metric: str, k: int, relevant: NDArray[np.integer], eligible: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The expectation of a metric for each query; NaN where it is not defined.

    Args:
        metric: match, recall, mrr or ndcg.
        k: results that are looked at.
        relevant: (q,) products that match; 0 gives NaN for all metrics but match.
        eligible: (q,) products that may be found; 0 gives NaN.
    """
    some = relevant.astype(np.float64)
    all_of_them = np.where(eligible > 0, eligible, np.nan)
    needed = np.where(relevant > 0, 1.0, np.nan)
    if metric == "match":
        return some / all_of_them
    if metric == "recall":
        return needed * np.minimum(k, all_of_them) / all_of_them
    if metric == "mrr":
        return needed * _reciprocal_rank(k, some, all_of_them)
    if metric == "ndcg":
        summed = gains(k)
        ideal = summed[np.minimum(k, relevant)]
        found = some / all_of_them * summed[np.minimum(k, eligible)]
        return np.divide(found, ideal, out=np.full(len(found), np.nan), where=relevant > 0)
    raise ValueError(f"no chance level is known for the metric {metric!r}")


def _reciprocal_rank(
    k: int, relevant: NDArray[np.float64], eligible: NDArray[np.float64]
) -> NDArray[np.float64]:
    none_yet, expected = np.ones(len(relevant)), np.zeros(len(relevant))
    for before in range(k):
        left = np.maximum(eligible - before, 1)
        expected += none_yet * np.minimum(relevant / left, 1) / (before + 1)
        none_yet *= np.maximum(eligible - relevant - before, 0) / left
    return expected
