"""Which pairs of products are of a kind."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vdata_assets.pairs.pair_tables import UNKNOWN, PairProducts
from vdata_assets.pairs.settings import PairKind, PairSettings

Fits = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


def kind_test(products: PairProducts, kind: PairKind, settings: PairSettings) -> Fits:
    """A function that says of keys of pairs which are of the kind, as :class:`PairKind` defines it.

    A mined_hard pair must beside that be in the table of hard negatives, which is not asked here.
    """
    tests = {
        PairKind.STRONG_GROUP: _strong_group,
        PairKind.STRONG_ATTRIBUTE: _strong_attribute,
        PairKind.MEDIUM: _medium,
        PairKind.WEAK: _weak,
        PairKind.MINED_HARD: _mined_hard,
        PairKind.MATERIAL_HARD: _material_hard,
        PairKind.EASY: _easy,
    }
    test = tests[kind]

    def fits(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        return test(products, settings, *products.rows(keys))

    return fits


Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def _strong_group(products: PairProducts, _: PairSettings, low: Rows, high: Rows) -> Mask:
    return products.equal(products.group, low, high)


def _strong_attribute(products: PairProducts, settings: PairSettings, low: Rows, high: Rows) -> Mask:
    shared, differing = _compared(products, low, high)
    return _akin(products, low, high) & (differing == 0) & (shared >= settings.strong_shared)


def _medium(products: PairProducts, settings: PairSettings, low: Rows, high: Rows) -> Mask:
    shared, differing = _compared(products, low, high)
    strong = (differing == 0) & (shared >= settings.strong_shared)
    close = (differing <= settings.medium_max_different) & (differing < shared)
    return _akin(products, low, high) & close & ~strong & ~_hard(products, settings, low, high)


def _weak(products: PairProducts, _: PairSettings, low: Rows, high: Rows) -> Mask:
    shared, differing = _compared(products, low, high)
    return _akin(products, low, high) & (shared == 0) & (differing == 0)


def _mined_hard(products: PairProducts, _: PairSettings, low: Rows, high: Rows) -> Mask:
    differing = _compared(products, low, high)[1]
    same_category = products.equal(products.category, low, high)
    return same_category & (differing > 0) & _apart(products, low, high)


def _material_hard(products: PairProducts, settings: PairSettings, low: Rows, high: Rows) -> Mask:
    same_category = products.equal(products.category, low, high)
    return same_category & _hard(products, settings, low, high) & _apart(products, low, high)


def _easy(products: PairProducts, _: PairSettings, low: Rows, high: Rows) -> Mask:
    return products.different(products.category, low, high) & _apart(products, low, high)


def _akin(products: PairProducts, low: Rows, high: Rows) -> Mask:
    """Two articles of one category: what every positive but strong_group is."""
    return products.equal(products.category, low, high) & ~products.equal(products.group, low, high)


def _apart(products: PairProducts, low: Rows, high: Rows) -> Mask:
    """Two articles on two pictures: what every negative is."""
    return ~products.equal(products.group, low, high) & ~products.equal(products.picture, low, high)


def _hard(products: PairProducts, settings: PairSettings, low: Rows, high: Rows) -> Mask:
    """Known and different in ``hard_attribute``; nowhere if that is no attribute."""
    if settings.hard_attribute not in products.attributes:
        return np.zeros(len(low), np.bool_)
    codes = products.codes[products.attributes.index(settings.hard_attribute)]
    return products.different(codes, low, high)


def _compared(products: PairProducts, low: Rows, high: Rows) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """In how many attributes known on both sides the products of each pair are equal, and differ."""
    shared = np.zeros(len(low), np.int32)
    differing = np.zeros(len(low), np.int32)
    for codes in products.codes:
        left, right = codes[low], codes[high]
        known = (left != UNKNOWN) & (right != UNKNOWN)
        same = left == right
        shared += known & same
        differing += known & ~same
    return shared, differing
