"""How far a checkpoint's view of products is from the baseline's, and whether that is for the better."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation import checks
from vdata_assets.evaluation.evaluate import Evaluated
from vdata_assets.evaluation.intervals import paired_change
from vdata_assets.evaluation.settings import KS, EvaluationSettings
from vdata_assets.quality.findings import Finding
from vdata_assets.retrieval.similarity import on_grid
from vdata_assets.retrieval.two_stage import Hits, two_stage
from vdata_assets.seeding import seeded_int

PAIRS = 20_000
BLOCK_PAIRS = 4096
MIN_OVERLAP = 0.1
MATCH = f":match@{max(KS)}"
USUAL = EvaluationSettings()


@dataclass(frozen=True)
class Drift:
    """What changed between two models' vectors of the same products.

    Attributes:
        queries, catalog: how many products were compared.
        overlap: mean share of the baseline's 10 nearest that are among the checkpoint's; None if no query
            found anything.
        rank_correlation: Spearman's, of the pictures' similarities over a seeded sample of queries with
            products; None if all are alike or there are fewer than two.
        image_cosine: mean cosine between a product's old and new image vector; None if lengths differ.
        text_cosine: likewise of texts, over products that have one.
    """

    queries: int
    catalog: int
    overlap: float | None
    rank_correlation: float | None
    image_cosine: float | None
    text_cosine: float | None


def drift(
    baseline_queries: ProductVectors,
    baseline_catalog: ProductVectors,
    new_queries: ProductVectors,
    new_catalog: ProductVectors,
    settings: EvaluationSettings,
    hits: tuple[Hits, Hits] | None = None,
    log: Callable[[str], object] = lambda line: None,
) -> Drift:
    """Compare two models on the same queries and products.

    Args:
        baseline_queries: as the baseline sees them.
        baseline_catalog: likewise.
        new_queries: the same products in the same order, as the checkpoint sees them.
        new_catalog: likewise.
        settings: of the search, and the seed.
        hits: what both have found, baseline first, if it is known; else it is searched for.
        log: where progress goes.

    Raises:
        ValueError: the two models were given different products.
    """
    for side, before, after in (
        ("queries", baseline_queries, new_queries),
        ("catalog", baseline_catalog, new_catalog),
    ):
        if not before.meta["product_id"].equals(after.meta["product_id"]):
            raise ValueError(
                f"the {side} of baseline and checkpoint are not the same products in the same order: "
                f"{len(before):,} and {len(after):,} rows; project the baseline's own"
            )
    old, new = hits or (
        two_stage(baseline_queries, baseline_catalog, settings, max(KS), log),
        two_stage(new_queries, new_catalog, settings, max(KS), log),
    )
    sides = [(baseline_queries, new_queries), (baseline_catalog, new_catalog)]
    return Drift(
        queries=len(new_queries),
        catalog=len(new_catalog),
        overlap=_overlap(old.index, new.index),
        rank_correlation=_rank_correlation(
            baseline_queries, baseline_catalog, new_queries, new_catalog, settings.seed
        ),
        image_cosine=_mean([_same_row(before.image, after.image) for before, after in sides]),
        text_cosine=_mean([_texts(before, after) for before, after in sides]),
    )


def audit_checkpoint(
    drifted: Drift, baseline: Evaluated, checkpoint: Evaluated, settings: EvaluationSettings = USUAL
) -> list[Finding]:
    """Answer every check of :data:`~vdata_assets.evaluation.checks.CHECKPOINT_CHECKS`, in that order.

    Args:
        drifted: of the two models.
        baseline: evaluation of the baseline on validation queries.
        checkpoint: of the checkpoint, on the same queries.
        settings: resamples and seed of the intervals.

    Raises:
        ValueError: the two evaluations are of different queries.
    """
    if not baseline.per_query["query_id"].equals(checkpoint.per_query["query_id"]):
        raise ValueError(
            "baseline and checkpoint were not asked the same queries in the same order: evaluate both on the "
            "same split"
        )
    return [
        _queries_found(drifted),
        _drift_bounded(drifted),
        _validation_gains(baseline, checkpoint, settings),
    ]


def _queries_found(drifted: Drift) -> Finding:
    sides = {"queries": drifted.queries, "catalog": drifted.catalog}
    return checks.QUERIES_FOUND.finding(
        f"{drifted.queries:,} validation queries, {drifted.catalog:,} products to search.",
        [side for side, products in sides.items() if not products],
        sides,
    )


def _drift_bounded(drifted: Drift) -> Finding:
    if drifted.overlap is None:
        return checks.DRIFT.finding("No query found anything: the overlap cannot be told.", ["overlap"])
    told = {
        "overlap": drifted.overlap,
        "rank_correlation": drifted.rank_correlation,
        "image_cosine": drifted.image_cosine,
        "text_cosine": drifted.text_cosine,
    }
    return checks.DRIFT.finding(
        f"The {max(KS)} nearest of baseline and checkpoint overlap by {drifted.overlap:.1%}.",
        ["overlap"] if drifted.overlap < MIN_OVERLAP else [],
        {name: value for name, value in told.items() if value is not None},
    )


def _validation_gains(baseline: Evaluated, checkpoint: Evaluated, settings: EvaluationSettings) -> Finding:
    """A facet without a change that can be told is no pass: if none has one, all are offenders."""
    facets = [name.removesuffix(MATCH) for name in baseline.per_query.columns if name.endswith(MATCH)]
    changes = {
        facet: paired_change(
            baseline.per_query[facet + MATCH],
            checkpoint.per_query[facet + MATCH],
            settings.bootstrap,
            settings.seed,
            facet,
        )
        for facet in facets
    }
    told = {facet: change for facet, change in changes.items() if change.delta is not None}
    lost = [facet for facet, change in told.items() if change.high is not None and change.high < 0]
    figures = "; ".join(
        f"{facet} {change.delta:+.3f} ({change.low:+.3f} to {change.high:+.3f}, {change.n:,} queries)"
        for facet, change in told.items()
    )
    return checks.VALIDATION_GAINS.finding(
        f"{len(lost)} of {len(facets)} facets lose match@{max(KS)}, {len(facets) - len(told)} cannot be "
        f"told. {figures}".strip(),
        lost if told else facets,
        {facet: change.delta for facet, change in told.items() if change.delta is not None},
    )


def _overlap(old: NDArray[np.intp], new: NDArray[np.intp]) -> float | None:
    """Both models search the same products: a query has as many results with one as with the other."""
    found = (old >= 0).sum(axis=1)
    common = ((old[:, :, None] == new[:, None, :]) & (old[:, :, None] >= 0)).sum(axis=(1, 2))
    some = found > 0
    return float((common[some] / found[some]).mean()) if some.any() else None


def _rank_correlation(
    baseline_queries: ProductVectors,
    baseline_catalog: ProductVectors,
    new_queries: ProductVectors,
    new_catalog: ProductVectors,
    seed: int,
) -> float | None:
    """Spearman's correlation of both models' cosine similarities of pictures, ties with their mean rank.

    Centred ranks are multiples of 1/2, so that all sums are exact and their order is of no matter.
    """
    if not len(baseline_queries) or not len(baseline_catalog):
        return None
    generator = np.random.default_rng(seeded_int(seed, "drift"))
    left = generator.integers(0, len(baseline_queries), PAIRS)
    right = generator.integers(0, len(baseline_catalog), PAIRS)
    old, new = (
        _centred_ranks(_similarities(queries.image, left, catalog.image, right))
        for queries, catalog in ((baseline_queries, baseline_catalog), (new_queries, new_catalog))
    )
    spread = float((old * old).sum()) * float((new * new).sum())
    return float((old * new).sum() / np.sqrt(spread)) if spread else None


def _centred_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return pl.Series(values).rank("average").to_numpy() - (len(values) + 1) / 2


def _similarities(
    left: NDArray[np.float32],
    left_rows: NDArray[np.intp],
    right: NDArray[np.float32],
    right_rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Exact cosine similarity of pairs of rows."""
    found = np.empty(len(left_rows))
    for start in range(0, len(found), BLOCK_PAIRS):
        block = slice(start, start + BLOCK_PAIRS)
        found[block] = np.einsum(
            "ij,ij->i", on_grid(left, left_rows[block]), on_grid(right, right_rows[block])
        )
    return found


def _same_row(old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float64] | None:
    if old.shape[1] != new.shape[1]:
        return None
    rows = np.arange(len(old))
    return _similarities(old, rows, new, rows)


def _texts(before: ProductVectors, after: ProductVectors) -> NDArray[np.float64] | None:
    told = np.flatnonzero((before.meta["has_text"] & after.meta["has_text"]).to_numpy())
    return _same_row(before.text[told], after.text[told])


def _mean(parts: list[NDArray[np.float64] | None]) -> float | None:
    known = [part for part in parts if part is not None]
    values = np.concatenate(known) if len(known) == len(parts) else np.empty(0)
    return float(np.clip(values.mean(), -1, 1)) if values.size else None
