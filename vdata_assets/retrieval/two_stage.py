"""Two-stage search: the nearest pictures, put in order by picture and text together.

Exact, and the same on any number of threads and in any size of blocks. A float32 product only tells which
products cannot be among the nearest, by more than it can be wrong; all others are compared exactly (see
:mod:`~vdata_assets.retrieval.similarity`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.retrieval.blocks import map_blocks
from vdata_assets.retrieval.exclusions import Exclusions
from vdata_assets.retrieval.search_settings import SearchSettings
from vdata_assets.retrieval.similarity import BLOCK_ROWS, on_grid
from vdata_resources.progress import Progress

NONE = -1
BLOCK_VALUES = 1 << 23
MAX_BLOCK = 128
FARTHEST = np.float32(-2)
UNIT_ROUNDOFF = 2.0**-24


@dataclass(frozen=True)
class Hits:
    """What queries found, best first.

    Attributes:
        index: (q, k) rows of the catalog; -1 where there are fewer.
        score: (q, k) float64, what they are ordered by; NaN where there are fewer.
        image_score: (q, k) float64, cosine similarity of the pictures; likewise.
        text_score: (q, k) float64, of the texts; NaN where query or product has none as well.
        excluded: (q,) products of the catalog that the query must not find.
        seconds: (q,) how long a query took, as the mean of the block it was in. Measured: differs between
            runs.
    """

    index: NDArray[np.intp]
    score: NDArray[np.float64]
    image_score: NDArray[np.float64]
    text_score: NDArray[np.float64]
    excluded: NDArray[np.intp]
    seconds: NDArray[np.float64]


def two_stage(
    queries: ProductVectors,
    catalog: ProductVectors,
    settings: SearchSettings,
    k: int = 10,
    log: Callable[[str], object] = lambda line: None,
) -> Hits:
    """The k best products of the catalog for every query.

    A query's own row, its article (``group_id``) and its picture (``content_hash``) are left out before the
    first stage. That stage takes ``candidates`` by cosine similarity of the pictures; the second orders them
    by ``image_weight`` x image + (1 - ``image_weight``) x text, or by the image alone where query or product
    has no text. Ties go to the smaller product_id, in both.

    Args:
        queries: what is searched for.
        catalog: what is searched.
        settings: candidates and weight.
        k: results a query.
        log: where progress goes.

    Raises:
        ValueError: the two are of different encoders or lengths, a vector's norm is not 1, or there are fewer
            candidates than results.
    """
    _comparable(queries, catalog)
    if settings.candidates < k:
        raise ValueError(
            f"candidates is {settings.candidates}, fewer than the {k} results of a query: set candidates to "
            f"{k} or more"
        )
    search = _Search(queries, catalog, settings, k)
    step = max(1, min(MAX_BLOCK, BLOCK_VALUES // max(len(catalog), 1)))
    edges = [*range(0, len(queries), step), len(queries)]
    blocks = [np.arange(first, end) for first, end in pairwise(edges)]
    progress = Progress("search", len(queries), "queries", log)
    found = [search.empty(np.empty(0, np.intp))]
    for hits in map_blocks(search.block, blocks):
        found.append(hits)
        progress.advance(len(hits.index))
    return Hits(*(np.concatenate(parts) for parts in zip(*(_parts(hits) for hits in found), strict=True)))


class _Search:
    """One search: both sides on the grid, which float32 holds exactly, as the vectors are float32."""

    def __init__(
        self, queries: ProductVectors, catalog: ProductVectors, settings: SearchSettings, k: int
    ) -> None:
        self.settings, self.k = settings, k
        self.query_has_text = queries.meta["has_text"].to_numpy()
        self.has_text = catalog.meta["has_text"].to_numpy()
        self.query_image = _grid(queries.image, np.arange(len(queries)))
        self.image = _grid(catalog.image, np.arange(len(catalog)))
        self.query_text = _grid(queries.text, np.flatnonzero(self.query_has_text))
        self.text = _grid(catalog.text, np.flatnonzero(self.has_text))
        self.id_rank = catalog.meta["product_id"].rank("ordinal").to_numpy().astype(np.intp)
        self.exclusions = Exclusions.between(queries.meta, catalog.meta)
        # |fl(x . y) - x . y| <= d u / (1 - d u) |x| |y| in any order of adding (Higham 2002, section 3.1);
        # a little more covers norms that are not quite 1, and the rounding of the limit itself.
        self.error = np.float32(1.05 * (self.image.shape[1] + 2) * UNIT_ROUNDOFF)

    def empty(self, queries: NDArray[np.intp]) -> Hits:
        """Hits of some queries with nothing found yet."""
        shape = len(queries), self.k
        return Hits(
            index=np.full(shape, NONE, np.intp),
            score=np.full(shape, np.nan),
            image_score=np.full(shape, np.nan),
            text_score=np.full(shape, np.nan),
            excluded=np.zeros(len(queries), np.intp),
            seconds=np.zeros(len(queries)),
        )

    def block(self, queries: NDArray[np.intp]) -> Hits:
        """Search some consecutive queries."""
        started = time.perf_counter()
        hits = self.empty(queries)
        if len(self.image):
            similarities = self.query_image[queries] @ self.image.T
            place, row = self.exclusions.of(queries)
            similarities[place, row] = -np.inf
            hits.excluded[:] = np.bincount(place, minlength=len(queries))
            limits = np.maximum(_floors(similarities, self.settings.candidates) - 2 * self.error, FARTHEST)
            for at, query in enumerate(queries):
                self.one(hits, at, query, np.flatnonzero(similarities[at] >= limits[at]))
        hits.seconds[:] = (time.perf_counter() - started) / max(len(queries), 1)
        return hits

    def one(self, hits: Hits, at: int, query: np.intp, near: NDArray[np.intp]) -> None:
        """Put the best of ``near``, which has all that can be candidates, in row ``at`` of the hits."""
        image = _exact(self.image, near, self.query_image[query])
        first = np.lexsort((self.id_rank[near], -image))[: self.settings.candidates]
        near, image = near[first], image[first]
        score, text = image.copy(), np.full(len(near), np.nan)
        if self.query_has_text[query]:
            told = np.flatnonzero(self.has_text[near])
            text[told] = _exact(self.text, near[told], self.query_text[query])
            weight = self.settings.image_weight
            score[told] = weight * image[told] + (1 - weight) * text[told]
        best = np.lexsort((self.id_rank[near], -score))[: self.k]
        filled = slice(len(best))
        hits.index[at, filled], hits.score[at, filled] = near[best], score[best]
        hits.image_score[at, filled], hits.text_score[at, filled] = image[best], text[best]


def _comparable(queries: ProductVectors, catalog: ProductVectors) -> None:
    if queries.encoder != catalog.encoder:
        raise ValueError(
            f"queries are encoded by {queries.encoder!r} and the catalog by {catalog.encoder!r}: their "
            "vectors cannot be compared; take both through the same encoder and checkpoint"
        )
    for name, left, right in (
        ("image", queries.image, catalog.image),
        ("text", queries.text, catalog.text),
    ):
        if left.shape[1] != right.shape[1]:
            raise ValueError(
                f"{name} vectors of the queries have {left.shape[1]} numbers and those of the catalog "
                f"{right.shape[1]}: take both through the same encoder and checkpoint"
            )


def _grid(vectors: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """The given rows on the grid, zeros elsewhere."""
    grid = np.zeros(vectors.shape, np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        some = rows[start : start + BLOCK_ROWS]
        grid[some] = on_grid(vectors, some)
    return grid


def _exact(
    vectors: NDArray[np.float32], rows: NDArray[np.intp], query: NDArray[np.float32]
) -> NDArray[np.float64]:
    return vectors[rows].astype(np.float64) @ query.astype(np.float64)


def _floors(similarities: NDArray[np.float32], wanted: int) -> NDArray[np.float32]:
    """A number a row that at least ``wanted`` of its values reach, or -inf; close to the last of them.

    The wanted-th largest of maxima over parts of the row is such a number, and far sooner found than that of
    the row itself.
    """
    width = similarities.shape[1]
    parts = max(1, min(16, width // (8 * wanted)))
    columns = width // parts
    if columns < wanted:
        return np.full(len(similarities), -np.inf, np.float32)
    maxima = similarities[:, : parts * columns].reshape(-1, parts, columns).max(axis=1)
    return np.partition(maxima, columns - wanted, axis=1)[:, columns - wanted]


def _parts(hits: Hits) -> tuple[NDArray[np.generic], ...]:
    return hits.index, hits.score, hits.image_score, hits.text_score, hits.excluded, hits.seconds
