"""Metrics of search results, query by query: does what is found have the query's facet?

A product is relevant if it has the same known value as the query. Unknown is never the same, not even as
unknown. E is the number of products that a query may find (the catalog without those excluded), R of them
relevant:

- match@k: share of relevant ones among the first k; among all E where there are fewer than k.
- recall@k: relevant ones among the first k, over R.
- mrr@k: 1 / place of the first relevant one, 0 if there is none among the first k.
- ndcg@k: discounted gain with binary relevance, over that of the ideal order of the first k.

None is defined for a query whose facet is unknown or that may find nothing, and the last three not where
nothing is relevant. ``match_unknown_as_zero`` is match with 0 in place of undefined: it falls with every
query that nobody has described, so it says as much of the descriptions as of the search.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.chance import chance, discounts, gains
from vdata_assets.evaluation.settings import KS, METRICS
from vdata_assets.retrieval.exclusions import Exclusions, shared_codes
from vdata_assets.retrieval.two_stage import Hits

UNKNOWN_AS_ZERO = "match_unknown_as_zero"
DEFINED = tuple(metric for metric in METRICS if metric != UNKNOWN_AS_ZERO)
COLUMNS = tuple((metric, k) for metric in METRICS for k in KS)
BLOCK_QUERIES = 1024


@dataclass(frozen=True)
class Judged:
    """Results of all queries, judged by one facet.

    Attributes:
        known: (q,) whether the query's value is known.
        hits: (q, k) whether each result is relevant.
        relevant: (q,) products that are.
        eligible: (q,) products that may be found.
    """

    known: NDArray[np.bool_]
    hits: NDArray[np.bool_]
    relevant: NDArray[np.intp]
    eligible: NDArray[np.intp]


def facets_of(products: ProductVectors) -> list[str]:
    """What can match: the category and every attribute, in order."""
    return ["category", *products.attributes]


def judge(queries: ProductVectors, catalog: ProductVectors, hits: Hits) -> dict[str, Judged]:
    """The results judged by each facet.

    Args:
        queries: what was searched for.
        catalog: what was searched.
        hits: what was found.
    """
    codes = {facet: shared_codes(queries.meta[facet], catalog.meta[facet]) for facet in facets_of(queries)}
    excluded = _excluded_alike(queries, catalog, codes)
    judged = {}
    for facet, (wanted, of_catalog) in codes.items():
        known = wanted >= 0
        sizes = np.bincount(of_catalog[of_catalog >= 0], minlength=wanted.max(initial=-1) + 1)
        relevant = np.zeros(len(wanted), np.intp)
        relevant[known] = sizes[wanted[known]] - excluded[facet][known]
        found = np.zeros(hits.index.shape, bool)
        there = hits.index >= 0
        found[there] = of_catalog[hits.index[there]] == np.broadcast_to(wanted[:, None], there.shape)[there]
        judged[facet] = Judged(known, found & known[:, None], relevant, len(catalog) - hits.excluded)
    return judged


def query_values(judged: Judged) -> NDArray[np.float64]:
    """(q, 15) every metric at every k, as in ``COLUMNS``; NaN where it is not defined."""
    places = judged.hits.shape[1]
    defined = judged.known & (judged.eligible > 0)
    some = defined & (judged.relevant > 0)
    counted = np.cumsum(judged.hits, axis=1)
    gained = np.cumsum(judged.hits * discounts(places), axis=1)
    ideal = gains(places)
    first = np.where(counted[:, -1] > 0, judged.hits.argmax(axis=1) + 1, 0)
    values = np.full((len(judged.known), len(COLUMNS)), np.nan)
    for column, (metric, k) in enumerate(COLUMNS):
        found = counted[:, k - 1]
        if metric == "match":
            np.divide(found, np.minimum(k, judged.eligible), out=values[:, column], where=defined)
        elif metric == UNKNOWN_AS_ZERO:
            values[:, column] = np.nan_to_num(values[:, COLUMNS.index(("match", k))])
        elif metric == "recall":
            np.divide(found, judged.relevant, out=values[:, column], where=some)
        elif metric == "mrr":
            values[some, column] = 0
            np.divide(1, first, out=values[:, column], where=some & (found > 0))
        else:
            best = ideal[np.minimum(k, judged.relevant)]
            np.divide(gained[:, k - 1], best, out=values[:, column], where=some)
    return values


def query_chances(judged: Judged) -> NDArray[np.float64]:
    """(q, 15) what a random order would give, as in ``COLUMNS``; NaN where the metric is not defined."""
    levels = np.empty((len(judged.known), len(COLUMNS)))
    for column, (metric, k) in enumerate(COLUMNS):
        if metric == UNKNOWN_AS_ZERO:
            levels[:, column] = np.nan_to_num(levels[:, COLUMNS.index(("match", k))])
        else:
            level = chance(metric, k, judged.relevant, judged.eligible)
            levels[:, column] = np.where(judged.known, level, np.nan)
    return levels


def _excluded_alike(
    queries: ProductVectors,
    catalog: ProductVectors,
    codes: dict[str, tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> dict[str, NDArray[np.intp]]:
    """By facet, (q,) how many products that a query must not find have its value."""
    exclusions = Exclusions.between(queries.meta, catalog.meta)
    counts = {facet: np.zeros(len(queries), np.intp) for facet in codes}
    for start in range(0, len(queries), BLOCK_QUERIES):
        rows = np.arange(start, min(start + BLOCK_QUERIES, len(queries)))
        place, row = exclusions.of(rows)
        for facet, (wanted, of_catalog) in codes.items():
            alike = place[of_catalog[row] == wanted[rows[place]]]
            counts[facet][rows] = np.bincount(alike, minlength=len(rows))
    return counts
