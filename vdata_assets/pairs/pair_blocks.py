"""Where the pairs of a kind are: blocks of products that cover all of them and not much else."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.pairs.pair_tables import UNKNOWN, PairProducts
from vdata_assets.pairs.settings import PairKind, PairSettings

EXACT = 2_000_000
MAX_ENTRIES = 4_000_000
MASK_ATTRIBUTES = 8
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """Sets of pairs: a run of products with itself, or with another run.

    Attributes:
        products: the products whose pairs these are.
        rows: rows of products, run after run.
        left, lefts: (m,) where in ``rows`` the one run of each block starts, and its length.
        right, rights: (m,) likewise the other run; the same run for pairs within one.
        weight: (m,) how often a block is drawn from, relative to the others.
    """

    products: PairProducts
    rows: Rows
    left: Rows
    lefts: Rows
    right: Rows
    rights: Rows
    weight: NDArray[np.float64]

    @cached_property
    def pairs(self) -> Rows:
        """(m,) pairs of each block."""
        within = self.lefts * (self.lefts - 1) // 2
        return np.where(self.left == self.right, within, self.lefts * self.rights)

    @cached_property
    def ends(self) -> Rows:
        """(m,) pairs of each block and all before it."""
        return self.pairs.cumsum()

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(m,) weights of each block and all before it."""
        return self.weight.cumsum()

    @property
    def total(self) -> int:
        """Pairs of all blocks; one that is in several counts in each."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def draw(self, rng: np.random.Generator, count: int) -> Rows:
        """Keys of random pairs: a block by its weight, a pair of it evenly. There must be a pair."""
        block = np.searchsorted(self.bounds, rng.random(count) * self.bounds[-1], side="right")
        block = np.minimum(block, len(self.bounds) - 1)
        return self._keys(block, rng.integers(0, self.pairs[block]))

    def every(self, size: int) -> Iterator[Rows]:
        """Keys of all pairs, at most ``size`` at a time."""
        for start in range(0, self.total, size):
            number = np.arange(start, min(start + size, self.total))
            block = np.searchsorted(self.ends, number, side="right")
            yield self._keys(block, number - (self.ends[block] - self.pairs[block]))

    def _keys(self, block: Rows, number: Rows) -> Rows:
        """The pair of each number within its block."""
        own = self.left[block] == self.right[block]
        across, along = np.divmod(number, self.rights[block])
        # Pairs i > j of one run are numbered i * (i - 1) / 2 + j; the root may be off by one.
        later = ((1 + np.sqrt(1 + 8 * number.astype(np.float64))) / 2).astype(np.int64)
        later -= later * (later - 1) // 2 > number
        later += later * (later + 1) // 2 <= number
        left = np.where(own, later, across)
        right = np.where(own, number - later * (later - 1) // 2, along)
        return self.products.keys(self.rows[self.left[block] + left], self.rows[self.right[block] + right])


def blocks_of(products: PairProducts, kind: PairKind, settings: PairSettings) -> Blocks:
    """Blocks that hold every pair of the kind (mined_hard: every pair of a category), and others.

    Blocks are drawn from by their products rather than by their pairs, which grow with the square of the
    size: so a large category or a common value does not take nearly all of a quota.
    """
    if kind is PairKind.EASY:
        return _across(products, np.ones(len(products), np.int64), products.category, by_pairs=True)
    if kind is PairKind.STRONG_GROUP:
        return _within(products, [products.group])
    categories = _within(products, [products.category])
    if categories.total <= EXACT:
        return categories
    if kind is PairKind.STRONG_ATTRIBUTE:
        return _within(products, _agreeing(products, settings.strong_shared))
    if kind is PairKind.MEDIUM:
        return _within(products, _agreeing(products, 1))
    if kind is PairKind.WEAK:
        return _unrelated(products)
    if kind is PairKind.MATERIAL_HARD and settings.hard_attribute in products.attributes:
        hard = products.codes[products.attributes.index(settings.hard_attribute)].astype(np.int64)
        return _across(products, products.category, hard, by_pairs=False)
    return categories


def _runs(*codes: Rows) -> tuple[Rows, Rows, Rows]:
    """Rows whose codes are all known ordered by them, and start and length of every run of equal ones."""
    known = np.flatnonzero(np.logical_and.reduce([code != UNKNOWN for code in codes]))
    order = np.lexsort([code[known] for code in reversed(codes)])
    rows = known[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = np.logical_or.reduce([code[rows[1:]] != code[rows[:-1]] for code in codes])
    starts = np.flatnonzero(new)
    return rows, starts, np.diff(starts, append=len(rows))


def _within(products: PairProducts, coverings: list[tuple[Rows, ...]] | list[Rows]) -> Blocks:
    """Blocks of products with equal codes; one after the other for each covering, one code or several."""
    rows, starts, sizes, before = [], [], [], 0
    for covering in coverings:
        ordered, start, size = _runs(*(covering if isinstance(covering, tuple) else (covering,)))
        several = size > 1
        rows.append(ordered)
        starts.append(start[several] + before)
        sizes.append(size[several])
        before += len(ordered)
    start, size = (np.concatenate([np.empty(0, np.int64), *parts]) for parts in (starts, sizes))
    row = np.concatenate([np.empty(0, np.int64), *rows])
    return Blocks(products, row, start, size, start, size, size.astype(np.float64))


def _agreeing(products: PairProducts, shared: int) -> list[tuple[Rows, ...]]:
    """Category and every set of attributes of which pairs with ``shared`` equal ones agree in one at least.

    Larger sets meet fewer pairs in vain. How large they are is bound by how many there are.
    """
    count = len(products.attributes)
    if shared > count:
        return []
    size = max(
        size for size in range(1, shared + 1) if size == 1 or comb(count, size) * len(products) <= MAX_ENTRIES
    )
    return [
        (products.category, *(products.codes[attribute] for attribute in chosen))
        for chosen in combinations(range(count), size)
    ]


def _across(products: PairProducts, parent: Rows, value: Rows, *, by_pairs: bool) -> Blocks:
    """Blocks of all pairs with equal parents and different values, each pair once.

    Every value of a parent meets all later ones: as many blocks as values, not as pairs of values.
    """
    rows, starts, sizes = _runs(parent, value)
    ends = starts + sizes
    _, first, inverse = np.unique(parent[rows[starts]], return_index=True, return_inverse=True)
    bounds = np.append(first, len(starts))
    parent_start, parent_end = starts[first][inverse], ends[bounds[1:] - 1][inverse]
    rest = parent_end - ends
    pairs = sizes * rest
    weight = pairs / (1 if by_pairs else np.maximum(parent_end - parent_start, 1))
    some = pairs > 0
    return Blocks(
        products, rows, starts[some], sizes[some], ends[some], rest[some], weight[some].astype(np.float64)
    )


def _unrelated(products: PairProducts) -> Blocks:
    """Blocks of pairs of a category of which no attribute is known on both sides.

    The attributes that are known most often are looked at, at most MASK_ATTRIBUTES: blocks are pairs of
    sets of known attributes.
    """
    known = (products.codes != UNKNOWN).sum(axis=1)
    asked = np.argsort(-known, kind="stable")[:MASK_ATTRIBUTES]
    mask = np.zeros(len(products), np.int64)
    for bit, attribute in enumerate(asked):
        mask |= (products.codes[attribute] != UNKNOWN).astype(np.int64) << bit
    # One more than the mask, for 0 would be unknown.
    rows, starts, sizes = _runs(products.category, mask + 1)
    at = rows[starts]
    table = pl.DataFrame(
        {"category": products.category[at], "mask": mask[at], "start": starts, "size": sizes}
    )
    in_category = pl.col("size").sum().over("category")
    both = (
        table.with_columns(of=in_category)
        .join(table, on="category", suffix="_right", maintain_order="left_right")
        .filter(
            (pl.col("start") <= pl.col("start_right")) & (pl.col("mask") & pl.col("mask_right") == 0),
            (pl.col("start") != pl.col("start_right")) | (pl.col("size") > 1),
        )
    )
    left, lefts, right, rights, of = (
        both[name].to_numpy() for name in ("start", "size", "start_right", "size_right", "of")
    )
    return Blocks(products, rows, left, lefts, right, rights, lefts * rights / of)
