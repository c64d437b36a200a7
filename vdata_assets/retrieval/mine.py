"""Hard-negative mining: the retrieval rows of one category."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.retrieval.category_images import CategoryImages, category_images
from vdata_assets.retrieval.coverage import GUARDS_LEFT_TOO_FEW, reason_without_row
from vdata_assets.retrieval.distractors import choose_distractors
from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.retrieval.positives import NONE, choose_positives
from vdata_assets.retrieval.schema import RetrievalRows
from vdata_assets.retrieval.settings import MiningSettings


@dataclass(frozen=True)
class Mined:
    """The rows of a category, and what did not become one.

    Attributes:
        rows: one a query that has a positive and ``top_k - 1`` distractors, in path order.
        queries: how many images were asked for a row.
        skipped: queries without a row by reason, a name of :mod:`vdata_assets.retrieval.coverage`.
        guards: ``max_score``, ``absolute_margin``, ``relative_margin``, ``near_duplicate``: how many pairs of
            a query and an image of its candidate concepts the guard refused, a pair under each that refused
            it; ``positive_copies_passed_over``, ``positive_is_copy``: see
            :class:`vdata_assets.retrieval.positives.Positives`.
    """

    rows: dy.DataFrame[RetrievalRows]
    queries: int
    skipped: dict[str, int]
    guards: dict[str, int]


def mine(
    images: pl.DataFrame,
    settings: MiningSettings,
    log: Callable[[str], object] = lambda line: None,
) -> Mined:
    """For every image as a query, one positive and ``top_k - 1`` distractors in shuffled slots.

    Memory is about three times that of the vectors, themselves included. The result depends on the images
    and the settings alone: not on row order, threads or block sizes.

    Args:
        images: the decodable images of one category: :class:`MiningImages` plus ``vector``.
        settings: what to mine.
        log: where lines of progress go, e.g. ``context.log.info``.

    Raises:
        dy.exc.ValidationError, dy.exc.SchemaError, ValueError: see
            :func:`vdata_assets.retrieval.category_images.category_images`.
    """
    if images.is_empty():
        return Mined(RetrievalRows.create_empty(), 0, {}, {})
    category = category_images(images)
    reasons = reason_without_row(category.table, settings.top_k)
    skipped = Counter(reasons.drop_nulls().to_list())
    queries = reasons.is_null().arg_true().to_numpy().astype(np.intp)
    if not len(queries):
        return Mined(RetrievalRows.create_empty(), len(images), dict(skipped), {})
    positives = choose_positives(category, settings)
    distractors = choose_distractors(category, queries, positives, settings, log)
    complete = (distractors.image != NONE).all(axis=1)
    if not complete.all():
        skipped[GUARDS_LEFT_TOO_FEW] = int((~complete).sum())
    similarities = np.column_stack([positives.similarity[queries], distractors.similarity])
    picks = np.column_stack([positives.image[queries], distractors.image])
    rows = _rows(category, queries[complete], picks[complete], similarities[complete], settings.seed)
    return Mined(
        rows=RetrievalRows.validate(rows.sort("query_path"), cast=True),
        queries=len(images),
        skipped=dict(sorted(skipped.items())),
        guards={**distractors.counts, **positives.counts},
    )


def _rows(
    category: CategoryImages,
    queries: NDArray[np.intp],
    picks: NDArray[np.intp],
    similarities: NDArray[np.float64],
    seed: int,
) -> pl.DataFrame:
    """The table, with slots in an order that the seed, the query and the images in them decide.

    Args:
        category: the images.
        queries: (q,) positions.
        picks: (q, top_k) positions of the positive and the distractors, in the order they were chosen.
        similarities: (q, top_k) of query and pick.
        seed: of the order.
    """
    table = category.table
    as_query = draw_keys(seed, "slots-query", table["image_id"])
    as_image = draw_keys(seed, "slots-image", table["image_id"])
    by_slot = pair_draws(as_query[queries, None], as_image[picks]).argsort(axis=1, kind="stable")
    slots = np.take_along_axis(picks, by_slot, axis=1)

    def in_slots(column: str) -> pl.Series:
        return table[column].gather(slots.ravel()).reshape(slots.shape).arr.to_list()

    asked = table[queries]
    return pl.DataFrame(
        {
            "query_id": asked["image_id"],
            "query_path": asked["path"],
            "query_phash": asked["phash"],
            "category": asked["category"],
            "concept": asked["concept"],
            "label": by_slot.argmin(axis=1),
            "ret_ids": in_slots("image_id"),
            "ret_paths": in_slots("path"),
            "ret_concepts": in_slots("concept"),
            "ret_phashes": in_slots("phash"),
            "similarities": _as_lists(np.take_along_axis(similarities, by_slot, axis=1).astype(np.float32)),
            "ranks": _as_lists(by_slot.astype(np.uint32)),
        }
    )


def _as_lists(values: NDArray[np.generic]) -> pl.Series:
    """A matrix as a series of lists, a row each."""
    return pl.Series(values.ravel()).reshape(values.shape).arr.to_list()
