"""The positive of a query: another view of its concept, the least similar one unless the draw says easy."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vdata_assets.retrieval.blocks import map_blocks, rows_of
from vdata_assets.retrieval.category_images import CategoryImages
from vdata_assets.retrieval.draws import draw_keys
from vdata_assets.retrieval.guards import near_duplicates
from vdata_assets.retrieval.settings import MiningSettings

NONE = -1

COPIES_PASSED_OVER = "positive_copies_passed_over"
POSITIVE_IS_COPY = "positive_is_copy"


@dataclass(frozen=True)
class Positives:
    """The positives of some queries.

    Attributes:
        image: (q,) position of the positive; NONE for the only image of a concept.
        similarity: (q,) cosine similarity to it.
        counts: ``positive_copies_passed_over``: queries with another view that was passed over because it is
            a near-duplicate of the query; ``positive_is_copy``: queries whose views all are, so that their
            positive is one.
    """

    image: NDArray[np.intp]
    similarity: NDArray[np.float64]
    counts: dict[str, int]


def choose_positives(images: CategoryImages, settings: MiningSettings) -> Positives:
    """For every image the least similar (or, if drawn easy, the most similar) other view of its concept.

    Near-duplicates of the query, which teach nothing, are chosen only if there is no other view. Ties go to
    the first path.
    """
    count = len(images.table)
    easy = np.zeros(count, np.bool_)
    if settings.easy_positive_prob:
        draws = draw_keys(settings.seed, "easy-positive", images.table["image_id"])
        easy = (draws >> np.uint64(11)) / float(1 << 53) < settings.easy_positive_prob
    image = np.full(count, NONE, np.intp)
    similarity = np.zeros(count)
    counts = Counter({COPIES_PASSED_OVER: 0, POSITIVE_IS_COPY: 0})
    blocks = [
        (queries, slice(first, end))
        for first, end in pairwise(images.starts)
        if end - first > 1
        for queries in rows_of(first, end, end - first)
    ]

    def work(block: tuple[NDArray[np.intp], slice]) -> Positives:
        queries, concept = block
        return _block(images, queries, concept, easy[queries], settings)

    for (queries, _), chosen in zip(blocks, map_blocks(work, blocks), strict=True):
        image[queries], similarity[queries] = chosen.image, chosen.similarity
        counts.update(chosen.counts)
    return Positives(image, similarity, dict(counts))


def _block(
    images: CategoryImages,
    queries: NDArray[np.intp],
    concept: slice,
    easy: NDArray[np.bool_],
    settings: MiningSettings,
) -> Positives:
    """The positives of some queries of one concept."""
    similarities = images.vectors[queries] @ images.vectors[concept].T
    near = near_duplicates(similarities, images.hashes[queries, None], images.hashes[concept], settings)
    rows, itself = np.arange(len(queries)), queries - concept.start
    near[rows, itself] = False
    allowed = ~near
    allowed[rows, itself] = False
    only_copies = ~allowed.any(axis=1)
    allowed[only_copies] = near[only_copies]
    wanted = np.where(easy[:, None], similarities, -similarities)
    wanted[~allowed] = -np.inf
    best = wanted.argmax(axis=1)
    return Positives(
        image=concept.start + best,
        similarity=similarities[rows, best],
        counts={
            COPIES_PASSED_OVER: int((near.any(axis=1) & ~only_copies).sum()),
            POSITIVE_IS_COPY: int(only_copies.sum()),
        },
    )
