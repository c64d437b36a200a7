"""Hard negatives: products of a category that look or read alike and differ in an attribute."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import META_COLUMNS, ProductVectors
from vdata_assets.pairs.schema import HardNegatives
from vdata_assets.pairs.settings import HardNegativeSettings
from vdata_assets.retrieval.blocks import map_blocks, rows_of
from vdata_assets.retrieval.guards import ABSOLUTE_MARGIN, RELATIVE_MARGIN, near_duplicates, refusals
from vdata_assets.retrieval.settings import MiningSettings
from vdata_assets.retrieval.similarity import on_grid
from vdata_resources.progress import Progress

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

ALONE = "alone_in_split"
NO_KNOWN_ATTRIBUTE = "no_known_attribute"
NOTHING_DIFFERS = "no_product_differs"
GUARDS_REFUSED_ALL = "guards_refused_all"
REMEDIES = {
    ALONE: "add products to the category, or leave it out of the pairs",
    NO_KNOWN_ATTRIBUTE: "say an attribute in its text, extend the rules, or map a column of the source",
    NOTHING_DIFFERS: "no other article of its split is known to differ in an attribute: extend the rules, or "
    "map a column of the source",
    GUARDS_REFUSED_ALL: "loosen max_score, absolute_margin, relative_margin, near_duplicate_hamming or "
    "near_duplicate_cosine",
}


@dataclass(frozen=True)
class Mined:
    """The hard negatives of a category, and what has none.

    Attributes:
        table: of schema HardNegatives plus ``query_<attribute>`` and ``negative_<attribute>``, ordered by
            query_id and rank.
        skipped: queries without a hard negative by reason, a key of ``REMEDIES``.
        guards: ``near_duplicate``, and ``max_score``, ``absolute_margin``, ``relative_margin`` where they are
            set: how many pairs of a query and a product that differs the guard refused, a pair under each
            that refused it.
    """

    table: pl.DataFrame
    skipped: dict[str, int]
    guards: dict[str, int]


@dataclass(frozen=True)
class Split:
    """The products of one split, ordered by id, ready to be compared.

    Attributes:
        meta: of ProductVectors.
        image, text: (n, d) and (n, t), on the grid of :mod:`vdata_assets.retrieval.similarity`.
        has_text: (n,).
        group, picture: (n,) codes of the group and of the picture's bytes.
        attributes: for each, (n,) codes; -1 where it is unknown.
        hashes: (n,) perceptual hashes; 0 where ``hashed`` is false.
        hashed: (n,).
    """

    meta: pl.DataFrame
    image: FloatArray
    text: FloatArray
    has_text: BoolArray
    group: IntArray
    picture: IntArray
    attributes: tuple[NDArray[np.int32], ...]
    hashes: NDArray[np.uint64]
    hashed: BoolArray

    def differ(self, queries: IntArray) -> BoolArray:
        """(q, n): which are of another group and picture, and differ in an attribute known on both sides."""
        differing = np.zeros((len(queries), self.meta.height), np.bool_)
        for codes in self.attributes:
            known = codes >= 0
            asked = codes[queries, None]
            differing |= (asked != codes) & known & (asked >= 0)
        differing &= self.group[queries, None] != self.group
        differing &= self.picture[queries, None] != self.picture
        return differing

    def scores(self, queries: IntArray, weight: float) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """(q, n) each: fused, image and text similarity; the last is None if no product has a text.

        Text similarities mean nothing where a text is missing; there the fused score is the image's.
        """
        image = self.image[queries] @ self.image.T
        if not self.has_text.any():
            return image, image, None
        text = self.text[queries] @ self.text.T
        fused = image * weight + text * (1 - weight)
        lacking = ~(self.has_text[queries, None] & self.has_text)
        np.copyto(fused, image, where=lacking)
        return fused, image, text


@dataclass(frozen=True)
class _Found:
    """Of some queries: the chosen pairs, in order of query and rank, and what was refused."""

    query: IntArray
    negative: IntArray
    rank: IntArray
    score: FloatArray
    image_score: FloatArray
    text_score: FloatArray
    skipped: dict[str, int]
    guards: dict[str, int]


def mine_hard_negatives(
    category: ProductVectors,
    settings: HardNegativeSettings,
    log: Callable[[str], object] = lambda line: None,
) -> Mined:
    """For every product of the mined splits, the ``top_k`` most similar ones that differ from it.

    A negative is of the same split, of another group and of another picture, differs in at least one
    attribute that is known on both sides, is no near-duplicate by perceptual hash or cosine of the images,
    and is within ``max_score`` and the margins. The margins refer to the highest fused score of the query
    with a product of its group. Ties go to the smaller product_id. Every pair is compared once a side, in
    blocks; the result depends on neither blocks, threads nor row order.

    Args:
        category: the products of one category, of all splits; those of other splits take no part.
        settings: what to mine.
        log: where lines of progress go.

    Raises:
        ValueError: the products are of several categories or of none, an id is null or stands twice, an
            attribute's column would have the name of another, or a vector is not L2-normalised.
    """
    _check(category)
    skipped: Counter[str] = Counter()
    guards: Counter[str] = Counter()
    tables = [_table(category.meta.clear(), [])]
    splits = {name: split_of(category, name) for name in dict.fromkeys(settings.splits)}
    progress = Progress("mine", sum(split.meta.height for split in splits.values()), "queries", log)
    for split in splits.values():
        blocks = rows_of(0, split.meta.height, max(1, split.meta.height, split.image.shape[1]))

        def work(queries: IntArray, split: Split = split) -> _Found:
            return _mine(split, queries, settings)

        parts: list[_Found] = []
        for queries, part in zip(blocks, map_blocks(work, blocks), strict=True):
            parts.append(part)
            skipped.update(part.skipped)
            guards.update(part.guards)
            progress.advance(len(queries))
        tables.append(_table(split.meta, parts))
    return Mined(
        table=pl.concat(tables).sort("query_id", "rank"),
        skipped={reason: skipped[reason] for reason in REMEDIES if skipped[reason]},
        guards=dict(guards),
    )


def split_of(category: ProductVectors, name: str) -> Split:
    """The products of one split, ordered by id.

    Raises:
        ValueError: a vector is not L2-normalised.
    """
    rows = np.flatnonzero((category.meta["split"] == name).fill_null(value=False).to_numpy())
    rows = rows[category.meta["product_id"].gather(rows).arg_sort().to_numpy()]
    meta = category.meta[rows]
    has_text = meta["has_text"].to_numpy().astype(np.bool_)
    text = np.zeros((len(rows), category.text.shape[1]))
    text[has_text] = on_grid(category.text, rows[has_text])
    return Split(
        meta=meta,
        image=on_grid(category.image, rows),
        text=text,
        has_text=has_text,
        group=_codes(meta["group_id"]),
        picture=_codes(meta["content_hash"]),
        attributes=tuple(
            (meta[name].rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()
            for name in category.attributes
        ),
        hashes=meta["phash"].fill_null(0).cast(pl.UInt64).to_numpy(),
        hashed=meta["phash"].is_not_null().to_numpy(),
    )


def _codes(values: pl.Series) -> IntArray:
    """Equal integers for equal values; a null's is its own."""
    codes = values.rank("dense").cast(pl.Int64) - 1
    own = pl.int_range(-1, -1 - len(values), -1, eager=True)
    return codes.zip_with(codes.is_not_null(), own).to_numpy().astype(np.intp)


def _check(category: ProductVectors) -> None:
    meta = category.meta
    names = meta["category"].unique().sort().to_list()
    if len(names) > 1 or None in names:
        raise ValueError(f"hard negatives are mined in one category at a time, not in {names}")
    ids = meta["product_id"]
    if ids.null_count():
        raise ValueError(f"product_id is null in {ids.null_count()} products: give every product an id")
    if ids.n_unique() < len(ids):
        raise ValueError(
            f"product_id {ids.filter(ids.is_duplicated()).min()!r} stands twice: make ids unique"
        )
    made = {f"{side}_{name}" for side in ("query", "negative") for name in category.attributes}
    if taken := sorted(made & set(HardNegatives.column_names())):
        name = taken[0].partition("_")[2]
        raise ValueError(
            f"attribute {name!r} needs a column {taken[0]!r}, which hard negatives have already: rename it"
        )


def _mine(split: Split, queries: IntArray, settings: HardNegativeSettings) -> _Found:
    """The hard negatives of some queries."""
    candidates = split.differ(queries)
    fused, image, text = split.scores(queries, settings.image_weight)
    refused = _refused(split, queries, fused, image, settings)
    guards = {guard: int((mask & candidates).sum()) for guard, mask in refused.items()}
    allowed = candidates & ~reduce(np.logical_or, refused.values())
    rows, columns, rank = _best(np.where(allowed, fused, -np.inf), settings.top_k)
    pairs = (rows, columns)
    text_score = np.full(len(rows), np.nan)
    if text is not None:
        both = split.has_text[queries[rows]] & split.has_text[columns]
        text_score[both] = text[pairs][both]
    return _Found(
        query=queries[rows],
        negative=columns,
        rank=rank,
        score=fused[pairs],
        image_score=image[pairs],
        text_score=text_score,
        skipped=_skipped(split, queries, np.any(candidates, axis=1), np.any(allowed, axis=1)),
        guards=guards,
    )


def _refused(
    split: Split, queries: IntArray, fused: FloatArray, image: FloatArray, settings: HardNegativeSettings
) -> dict[str, BoolArray]:
    """By guard, which products may not be negatives of which queries, (q, n) each."""
    near = near_duplicates(image, split.hashes[queries, None], split.hashes, settings)
    if not split.hashed.all():
        unhashed = ~(split.hashed[queries, None] & split.hashed)
        cosine = settings.near_duplicate_cosine
        near[unhashed] = False if cosine is None else image[unhashed] >= cosine
    limits = MiningSettings(
        max_score=settings.max_score,
        absolute_margin=settings.absolute_margin,
        relative_margin=settings.relative_margin,
    )
    nearest = np.full(len(queries), -np.inf)
    if settings.absolute_margin is not None or settings.relative_margin is not None:
        mates = split.group[queries, None] == split.group
        mates[np.arange(len(queries)), queries] = False
        nearest = np.where(mates, fused, -np.inf).max(axis=1)
    bound = np.isfinite(nearest)[:, None]
    refused = refusals(fused, np.where(bound, nearest[:, None], 0.0), near, limits)
    for guard in (ABSOLUTE_MARGIN, RELATIVE_MARGIN):
        if guard in refused:
            refused[guard] &= bound
    return refused


def _best(scores: FloatArray, top_k: int) -> tuple[IntArray, IntArray, IntArray]:
    """Row, column and rank from 1 of the ``top_k`` highest finite scores of each row; ties to the first."""
    width = scores.shape[1]
    chosen = np.isfinite(scores)
    if top_k < width:
        # The whole tie at the last place stays in, whichever of it partition puts where.
        chosen &= scores >= np.partition(scores, width - top_k, axis=1)[:, width - top_k, None]
    rows, columns = np.nonzero(chosen)
    order = np.lexsort((columns, -scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    kept = rank <= top_k
    return rows[kept], columns[kept], rank[kept]


def _skipped(split: Split, queries: IntArray, differing: BoolArray, allowed: BoolArray) -> dict[str, int]:
    """Queries without a negative by the first reason that holds."""
    known = np.zeros(len(queries), np.bool_)
    for codes in split.attributes:
        known |= codes[queries] >= 0
    missing = ~allowed
    if split.meta.height == 1:
        return {ALONE: int(missing.sum())}
    return {
        NO_KNOWN_ATTRIBUTE: int((missing & ~known).sum()),
        NOTHING_DIFFERS: int((missing & known & ~differing).sum()),
        GUARDS_REFUSED_ALL: int((missing & differing).sum()),
    }


def _table(meta: pl.DataFrame, parts: list[_Found]) -> pl.DataFrame:
    """The pairs as a table of schema HardNegatives, with both sides' attributes."""

    def joined(field: str, dtype: type[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([np.empty(0, dtype), *(getattr(part, field) for part in parts)])

    query, negative = (meta[joined(side, np.intp)] for side in ("query", "negative"))
    names = [name for name in meta.columns if name not in META_COLUMNS]
    sides = {
        **{f"query_{name}": query[name] for name in names},
        **{f"negative_{name}": negative[name] for name in names},
    }
    differing = [
        pl.when(pl.col(f"query_{name}") != pl.col(f"negative_{name}")).then(pl.lit(name))
        for name in sorted(names)
    ]
    table = pl.DataFrame(
        {
            "query_id": query["product_id"],
            "negative_id": negative["product_id"],
            "split": query["split"],
            "category": query["category"],
            "rank": joined("rank", np.intp),
            "score": joined("score", np.float64),
            "image_score": joined("image_score", np.float64),
            "text_score": pl.Series(joined("text_score", np.float64)).fill_nan(None),
            **{name: values.cast(pl.String) for name, values in sides.items()},
        }
    ).with_columns(mismatches=pl.concat_list(pl.lit(None, pl.String), *differing).list.drop_nulls())
    checked = HardNegatives.validate(table.select(HardNegatives.column_names()), cast=True)
    return checked.hstack(table.select(sides.keys()))
