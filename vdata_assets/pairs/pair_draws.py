"""Seeded draws of distinct pairs from blocks, none of a product beyond a number."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from vdata_assets.pairs.pair_blocks import EXACT, Blocks
from vdata_assets.pairs.pair_kinds import Fits
from vdata_assets.pairs.pair_tables import PairProducts

MAX_DRAWS = 16_000_000
ENUMERABLE = 16_000_000
CHUNK = 1 << 18
FEWEST, MOST = 1 << 14, 1 << 19
Keys = NDArray[np.int64]


class Shortfall(Enum):
    """Why fewer pairs were drawn than wanted."""

    POOL = "pool"
    CAP = "cap"
    DRAWS = "draws"


@dataclass(frozen=True)
class Drawn:
    """The pairs of one kind.

    Attributes:
        keys: in ascending order.
        pool: pairs that there are to draw from; None if they were not counted.
        shortfall: None if there are as many as wanted. POOL: every pair is drawn. CAP: every other pair has
            a product that stands in as many as it may. DRAWS: the draws that are allowed found no more.
    """

    keys: Keys
    pool: int | None
    shortfall: Shortfall | None


NO_KEYS: Keys = np.empty(0, np.int64)
NONE_WANTED = Drawn(NO_KEYS, None, None)


def contains(known: Keys, keys: Keys) -> NDArray[np.bool_]:
    """Which keys are among the known ones, which ascend."""
    if not len(known):
        return np.zeros(len(keys), np.bool_)
    return known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys


class Bag:
    """Pairs of one kind as they are drawn.

    Attributes:
        keys: the pairs so far, ascending.
        room: (n,) how many more pairs of each product there may be.
        missing: how many more pairs are wanted.
    """

    def __init__(self, products: PairProducts, wanted: int, cap: int) -> None:
        self.products = products
        self.keys = NO_KEYS
        self.room = np.full(len(products), cap, np.int64)
        self.missing = wanted

    def add(self, keys: Keys) -> None:
        """Take pairs that are new and whose products have room, the first ones first, until enough are there.

        Of the pairs that it leaves while pairs are missing, none could be taken.
        """
        _, first = np.unique(keys, return_index=True)
        keys = keys[np.sort(first)]
        keys = keys[~contains(self.keys, keys)]
        taken = [self.keys]
        while self.missing and len(keys):
            keys = keys[self.open(keys)]
            head = keys[: 2 * self.missing + 64]
            ends = np.stack(self.products.rows(head), axis=1)
            fits = (_occurrence(ends.ravel()) < self.room[ends.ravel()]).reshape(ends.shape).all(axis=1)
            chosen = np.flatnonzero(fits)[: self.missing]
            np.subtract.at(self.room, ends[chosen].ravel(), 1)
            self.missing -= len(chosen)
            taken.append(head[chosen])
            keys = np.delete(keys, chosen)
        self.keys = np.sort(np.concatenate(taken))

    def open(self, keys: Keys) -> NDArray[np.bool_]:
        """Of which pairs both products have room."""
        low, high = self.products.rows(keys)
        return (self.room[low] > 0) & (self.room[high] > 0)


def _occurrence(values: Keys) -> Keys:
    """How often each value stood before, in order."""
    order = np.argsort(values, kind="stable")
    _, starts, sizes = np.unique(values[order], return_index=True, return_counts=True)
    counts = np.empty(len(values), np.int64)
    counts[order] = np.arange(len(values)) - np.repeat(starts, sizes)
    return counts


def by_product(products: PairProducts, keys: Keys, rng: np.random.Generator) -> Keys:
    """Distinct pairs in a random order: as if a product was chosen evenly, then evenly a pair of it.

    Weighted order without replacement by exponential draws (Efraimidis and Spirakis, "Weighted random
    sampling with a reservoir", 2006).
    """
    low, high = products.rows(keys)
    degree = np.bincount(low, minlength=len(products)) + np.bincount(high, minlength=len(products))
    return by_weight(keys, 1 / degree[low] + 1 / degree[high], rng)


def by_weight(keys: Keys, weight: NDArray[np.float64], rng: np.random.Generator) -> Keys:
    """Keys in a random order in which a heavier one is likelier to stand before a lighter one."""
    return keys[np.argsort(rng.standard_exponential(len(keys)) / weight, kind="stable")]


def draw_pairs(
    blocks: Blocks, fits: Fits, wanted: int, cap: int, rng: np.random.Generator, last: Keys
) -> Drawn:
    """Distinct pairs of the blocks that fit, each product in at most ``cap``.

    Up to EXACT pairs all are looked at, so that a shortfall is one of the data. Of more pairs random ones are
    drawn and those that fit are kept; should this not suffice, the pairs are looked at after all unless they
    are more than ENUMERABLE.

    Args:
        blocks: cover all pairs that fit.
        fits: which keys are of the kind.
        wanted: how many pairs.
        cap: pairs in which a product stands at most.
        rng: decides.
        last: ascending keys of pairs that are taken only after all others.
    """
    if not wanted:
        return NONE_WANTED
    products = blocks.products
    bag = Bag(products, wanted, cap)
    last = last[fits(last)]

    def first_choice(keys: Keys) -> NDArray[np.bool_]:
        return fits(keys) & ~contains(last, keys)

    if blocks.total <= EXACT:
        pool = np.unique(_every(blocks, first_choice))
        bag.add(by_product(products, pool, rng))
        bag.add(by_product(products, last, rng))
        return outcome(bag, len(pool) + len(last))
    size, draws = min(max(4 * wanted, FEWEST), MOST), 0
    while bag.missing and draws < min(MAX_DRAWS, blocks.total):
        keys = blocks.draw(rng, size)
        bag.add(keys[first_choice(keys)])
        size, draws = min(2 * size, MOST), draws + size
    enumerated = bag.missing > 0 and blocks.total <= ENUMERABLE
    left = (
        _every(blocks, lambda keys: first_choice(keys) & ~contains(bag.keys, keys)) if enumerated else NO_KEYS
    )
    bag.add(by_product(products, np.unique(left[bag.open(left)]), rng))
    bag.add(by_product(products, last, rng))
    if not bag.missing:
        return Drawn(bag.keys, None, None)
    if not enumerated:
        return Drawn(bag.keys, None, Shortfall.DRAWS)
    return outcome(bag, len(np.union1d(bag.keys, np.concatenate([left, last]))))


def _every(blocks: Blocks, fits: Fits) -> Keys:
    """Keys of all pairs of the blocks that fit; one that is in several blocks, several times."""
    return np.concatenate([NO_KEYS, *(keys[fits(keys)] for keys in blocks.every(CHUNK))])


def outcome(bag: Bag, pool: int) -> Drawn:
    """What is in a bag that has been offered all of the pool."""
    if not bag.missing:
        return Drawn(bag.keys, pool, None)
    return Drawn(bag.keys, pool, Shortfall.CAP if len(bag.keys) < pool else Shortfall.POOL)
