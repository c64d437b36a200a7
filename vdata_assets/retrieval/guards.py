"""Guards against false negatives: images that look like another concept's and are not."""

import numpy as np
from numpy.typing import NDArray

from vdata_assets.retrieval.settings import MiningSettings, NearDuplicates
from vdata_resources.perceptual_hash import hamming

BoolArray = NDArray[np.bool_]

MAX_SCORE = "max_score"
ABSOLUTE_MARGIN = "absolute_margin"
RELATIVE_MARGIN = "relative_margin"
NEAR_DUPLICATE = "near_duplicate"


def near_duplicates(
    similarities: NDArray[np.float64],
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    limits: NearDuplicates,
) -> BoolArray:
    """Which pairs of images are copies of one photo, by perceptual hash or by cosine.

    Args:
        similarities: cosine similarity a pair.
        left, right: perceptual hashes, broadcast to the shape of ``similarities``.
        limits: how near is too near.
    """
    near = np.zeros(similarities.shape, np.bool_)
    if limits.near_duplicate_hamming is not None:
        near |= hamming(left, right) <= limits.near_duplicate_hamming
    if limits.near_duplicate_cosine is not None:
        near |= similarities >= limits.near_duplicate_cosine
    return near


def refusals(
    similarities: NDArray[np.float64],
    positive_similarities: NDArray[np.float64],
    near: BoolArray,
    settings: MiningSettings,
) -> dict[str, BoolArray]:
    """By guard, which images may not be distractors of which queries. An image may be refused by several.

    The relative bound is ``positive - |positive| * margin``, so that it is below the positive's similarity
    for a negative similarity as well.

    Args:
        similarities: (queries, images).
        positive_similarities: (queries, 1), of each query to its positive.
        near: (queries, images), near-duplicates of the query or of its positive.
        settings: the guards that are set.
    """
    refused = {NEAR_DUPLICATE: near}
    if settings.max_score is not None:
        refused[MAX_SCORE] = similarities > settings.max_score
    if settings.absolute_margin is not None:
        refused[ABSOLUTE_MARGIN] = similarities > positive_similarities - settings.absolute_margin
    if settings.relative_margin is not None:
        bound = positive_similarities - np.abs(positive_similarities) * settings.relative_margin
        refused[RELATIVE_MARGIN] = similarities > bound
    return refused
