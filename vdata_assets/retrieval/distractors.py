"""The distractors of a query: at most one image of each candidate concept."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vdata_assets.retrieval.blocks import map_blocks, rows_of
from vdata_assets.retrieval.category_images import CategoryImages
from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.retrieval.guards import near_duplicates, refusals
from vdata_assets.retrieval.positives import NONE, Positives
from vdata_assets.retrieval.settings import MiningSettings, Strategy
from vdata_assets.retrieval.similarity import unit_means
from vdata_resources.progress import Progress

STRATEGIES = (Strategy.SIMILAR, Strategy.DISSIMILAR, Strategy.RANDOM)
SIMILAR, DISSIMILAR, RANDOM = range(3)


@dataclass(frozen=True)
class Distractors:
    """The distractors of some queries.

    Attributes:
        image: (q, top_k - 1) positions, in the order they were chosen; NONE where the guards left too few.
        similarity: (q, top_k - 1) cosine similarity of query and distractor.
        counts: by guard, how many pairs of a query and an image of its candidate concepts it refused.
    """

    image: NDArray[np.intp]
    similarity: NDArray[np.float64]
    counts: dict[str, int]


@dataclass(frozen=True)
class Chosen:
    """The best allowed image of one candidate concept for some queries, as in :class:`Distractors`.

    Attributes:
        image, similarity, counts: (q,) as there.
        score: (q,) what was maximized; -inf where the guards refused all.
    """

    image: NDArray[np.intp]
    similarity: NDArray[np.float64]
    score: NDArray[np.float64]
    counts: dict[str, int]


@dataclass(frozen=True)
class Draws:
    """The random part of the choice: the strategy of every image as a query, and keys for random draws."""

    strategy: NDArray[np.intp]
    as_query: NDArray[np.uint64]
    as_image: NDArray[np.uint64]


def candidate_concepts(images: CategoryImages, queries: NDArray[np.intp], wanted: int) -> NDArray[np.intp]:
    """The other concepts whose mean vectors are most similar to each query, nearest first.

    Args:
        images: the category.
        queries: (q,) positions.
        wanted: how many concepts, at most.

    Returns:
        (q, min(wanted, concepts - 1)) concept numbers. Ties go to the first name.
    """
    means = unit_means(images.vectors, images.starts[:-1])
    places = min(wanted, images.concepts - 1)

    def work(block: NDArray[np.intp]) -> NDArray[np.intp]:
        nearest = np.empty((len(block), places), np.intp)
        similarities = images.vectors[queries[block]] @ means.T
        rows = np.arange(len(block))
        similarities[rows, images.concept_of[queries[block]]] = -np.inf
        for place in range(places):
            nearest[:, place] = similarities.argmax(axis=1)
            similarities[rows, nearest[:, place]] = -np.inf
        return nearest

    return np.concatenate(list(map_blocks(work, rows_of(0, len(queries), max(means.shape)))))


def choose_distractors(
    images: CategoryImages,
    queries: NDArray[np.intp],
    positives: Positives,
    settings: MiningSettings,
    log: Callable[[str], object],
) -> Distractors:
    """For every query the best allowed image of each candidate concept, and the best ``top_k - 1`` of these.

    What is best, the strategy says. Ties go to the first path.

    Args:
        images: the category.
        queries: (q,) positions of images that have a positive.
        positives: of all images.
        settings: strategy, guards and seed.
        log: where progress goes.
    """
    candidates = candidate_concepts(images, queries, settings.candidate_concepts)
    draws = _draws(images, settings)
    image = np.empty(candidates.size, np.intp)
    similarity = np.empty(candidates.size)
    score = np.empty(candidates.size)
    counts: Counter[str] = Counter()

    # All queries that share a candidate concept meet its images in one matrix product.
    by_concept = candidates.ravel().argsort(kind="stable")
    bounds = np.searchsorted(candidates.ravel()[by_concept], np.arange(images.concepts + 1))
    blocks = [
        (by_concept[run], slice(first, end))
        for (first, end), (low, high) in zip(pairwise(images.starts), pairwise(bounds), strict=True)
        for run in rows_of(low, high, max(end - first, images.vectors.shape[1]))
    ]

    def work(block: tuple[NDArray[np.intp], slice]) -> Chosen:
        pairs, concept = block
        return _choose(images, queries[pairs // candidates.shape[1]], concept, positives, draws, settings)

    progress = Progress("mine", len(by_concept), "candidate concepts", log)
    for (pairs, _), chosen in zip(blocks, map_blocks(work, blocks), strict=True):
        image[pairs], similarity[pairs], score[pairs] = chosen.image, chosen.similarity, chosen.score
        counts.update(chosen.counts)
        progress.advance(len(pairs))

    ranked = (images.path_rank[image].reshape(candidates.shape), -score.reshape(candidates.shape))
    order = np.lexsort(ranked, axis=-1)
    order = order[:, : settings.top_k - 1] + np.arange(len(queries))[:, None] * candidates.shape[1]
    return Distractors(image[order], similarity[order], dict(counts))


def _choose(
    images: CategoryImages,
    queries: NDArray[np.intp],
    concept: slice,
    positives: Positives,
    draws: Draws,
    settings: MiningSettings,
) -> Chosen:
    """The best allowed image of one candidate concept for some queries."""
    similarities, near = _compare(images, queries, positives.image[queries], concept, settings)
    refused = refusals(similarities, positives.similarity[queries, None], near, settings)
    scores = _scores(similarities, draws, queries, concept)
    scores[reduce(np.logical_or, refused.values())] = -np.inf
    rows, best = np.arange(len(queries)), scores.argmax(axis=1)
    score = scores[rows, best]
    return Chosen(
        image=np.where(np.isneginf(score), NONE, concept.start + best),
        similarity=similarities[rows, best],
        score=score,
        counts={guard: int(mask.sum()) for guard, mask in refused.items()},
    )


def _draws(images: CategoryImages, settings: MiningSettings) -> Draws:
    """The draws that the strategy needs; keys are zero where nothing is random."""
    ids = images.table["image_id"]
    if settings.strategy is Strategy.MIXED:
        strategy = (draw_keys(settings.seed, "strategy", ids) % np.uint64(len(STRATEGIES))).astype(np.intp)
    else:
        strategy = np.full(len(ids), STRATEGIES.index(settings.strategy))
    if not (strategy == RANDOM).any():
        unused = np.zeros(len(ids), np.uint64)
        return Draws(strategy, unused, unused)
    return Draws(
        strategy,
        draw_keys(settings.seed, "distractor-query", ids),
        draw_keys(settings.seed, "distractor-image", ids),
    )


def _compare(
    images: CategoryImages,
    queries: NDArray[np.intp],
    positives: NDArray[np.intp],
    candidates: slice,
    settings: MiningSettings,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Similarities of queries and candidate images, and which are near-duplicates of query or positive.

    A copy of the positive is as false a negative as one of the query. Queries and positives are mostly the
    same images of a few concepts, so each is compared once.
    """
    rows, where = np.unique(np.concatenate([queries, positives]), return_inverse=True)
    similarities = images.vectors[rows] @ images.vectors[candidates].T
    near = near_duplicates(similarities, images.hashes[rows, None], images.hashes[candidates], settings)
    as_query, as_positive = where[: len(queries)], where[len(queries) :]
    return similarities[as_query], near[as_query] | near[as_positive]


def _scores(
    similarities: NDArray[np.float64], draws: Draws, queries: NDArray[np.intp], candidates: slice
) -> NDArray[np.float64]:
    """What each query's strategy maximizes, in a new array."""
    strategy = draws.strategy[queries]
    scores = np.where((strategy == DISSIMILAR)[:, None], -similarities, similarities)
    random = strategy == RANDOM
    scores[random] = pair_draws(draws.as_query[queries[random], None], draws.as_image[candidates])
    return scores
