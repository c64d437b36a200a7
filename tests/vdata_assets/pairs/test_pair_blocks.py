from collections import Counter
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_reference import catalogs, product, product_table

from vdata_assets.pairs import pair_blocks
from vdata_assets.pairs.pair_blocks import Blocks, blocks_of
from vdata_assets.pairs.pair_draws import Bag, Shortfall, by_product, by_weight, draw_pairs
from vdata_assets.pairs.pair_kinds import kind_test
from vdata_assets.pairs.pair_tables import PairProducts
from vdata_assets.pairs.settings import PairKind, PairSettings

NO_KEYS = np.empty(0, np.int64)
DRAWN_KINDS = [kind for kind in PairKind if kind is not PairKind.MINED_HARD]


def all_keys(blocks: Blocks) -> list[int]:
    return [key for part in blocks.every(5) for key in part.tolist()]


@pytest.mark.parametrize("kind", DRAWN_KINDS)
@settings(max_examples=25, deadline=None)
@given(
    catalog=catalogs(), strong=st.integers(1, 4), masks=st.integers(1, 3), entries=st.sampled_from([1, 10**6])
)
def test_blocks_hold_every_pair_of_their_kind(kind, catalog, strong, masks, entries):
    products = PairProducts.of(product_table(catalog[0]))
    asked = PairSettings(strong_shared=strong)
    low, high = np.triu_indices(len(products), 1)
    keys = products.keys(low, high)
    with mock.patch.multiple(pair_blocks, EXACT=-1, MASK_ATTRIBUTES=masks, MAX_ENTRIES=entries):
        blocks = blocks_of(products, kind, asked)
    held = all_keys(blocks)
    assert len(held) == blocks.total
    assert set(keys[kind_test(products, kind, asked)(keys)].tolist()) <= set(held)
    assert set(held) <= set(keys.tolist())


@pytest.mark.parametrize(
    "kind", [PairKind.EASY, PairKind.MATERIAL_HARD, PairKind.WEAK, PairKind.STRONG_GROUP]
)
@settings(max_examples=30, deadline=None)
@given(catalog=catalogs())
def test_blocks_of_disjoint_values_hold_a_pair_once(kind, catalog):
    products = PairProducts.of(product_table(catalog[0]))
    with mock.patch.object(pair_blocks, "EXACT", -1):
        held = Counter(all_keys(blocks_of(products, kind, PairSettings())))
    assert set(held.values()) <= {1}


@pytest.mark.parametrize("kind", DRAWN_KINDS)
def test_draws_come_to_every_pair_of_the_blocks_and_no_other(kind):
    values = ("x", "y", None)
    products = PairProducts.of(
        product_table(
            [
                product(
                    f"p{place:02d}",
                    "ab"[place % 2],
                    group_id=str(place // 3),
                    material=values[place % 3],
                    sleeve=values[place // 2 % 3],
                )
                for place in range(18)
            ]
        )
    )
    with mock.patch.object(pair_blocks, "EXACT", -1):
        blocks = blocks_of(products, kind, PairSettings())
    drawn = blocks.draw(np.random.default_rng(0), 20_000)
    assert blocks.total
    assert set(drawn.tolist()) == set(all_keys(blocks))


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] != pair[1]), max_size=60
    ),
    wanted=st.integers(0, 20),
    cap=st.integers(1, 5),
)
def test_a_bag_takes_all_that_have_room_and_no_more_than_wanted(pairs, wanted, cap):
    products = PairProducts.of(product_table([product(name) for name in "abcdefgh"]))
    keys = np.array([products.keys(np.array(a), np.array(b)) for a, b in pairs], np.int64)
    bag = Bag(products, wanted, cap)
    bag.add(keys[: len(keys) // 2])
    bag.add(keys)
    assert len(set(bag.keys.tolist())) == len(bag.keys) == wanted - bag.missing
    assert set(bag.keys.tolist()) <= set(keys.tolist())
    uses = np.bincount(np.concatenate(products.rows(bag.keys)), minlength=8)
    assert uses.max() <= cap
    np.testing.assert_array_equal(bag.room, cap - uses)
    if bag.missing:
        left = np.setdiff1d(keys, bag.keys)
        assert not bag.open(left).any()


def test_a_bag_takes_the_first_pairs_first():
    products = PairProducts.of(product_table([product(name) for name in "abcd"]))
    bag = Bag(products, 2, 1)
    bag.add(products.keys(np.array([1, 0, 2]), np.array([2, 1, 3])))
    assert bag.keys.tolist() == [1 * 4 + 2]
    assert bag.missing == 1


def test_a_weighted_order_puts_the_heavier_first_in_proportion():
    rng = np.random.default_rng(0)
    first = Counter(int(by_weight(np.arange(3), np.array([1.0, 2, 7]), rng)[0]) for _ in range(4000))
    np.testing.assert_allclose([first[key] / 4000 for key in range(3)], [0.1, 0.2, 0.7], atol=0.03)


def test_products_count_alike_rather_than_pairs():
    """A star of 30 pairs and a pair apart: it holds 2 of 33 products, but 1 of 31 pairs."""
    products = PairProducts.of(product_table([product(f"p{place:02d}") for place in range(33)]))
    keys = products.keys(np.array([0] * 30 + [31]), np.array([*range(1, 31), 32]))
    rng = np.random.default_rng(0)
    first = [int(by_product(products, keys, rng)[0]) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(np.array(first) == keys[-1]), 2 / 33, atol=0.02)


@pytest.mark.parametrize(
    ("wanted", "cap", "drawn", "pool", "shortfall"),
    [
        pytest.param(0, 9, 0, None, None, id="none wanted"),
        pytest.param(4, 9, 4, 10, None, id="enough"),
        pytest.param(20, 9, 10, 10, Shortfall.POOL, id="all there are"),
        pytest.param(10, 1, 2, 10, Shortfall.CAP, id="cap"),
    ],
)
def test_a_shortfall_says_why(wanted, cap, drawn, pool, shortfall):
    products = PairProducts.of(product_table([product(name) for name in "abcde"]))
    asked = PairSettings()
    found = draw_pairs(
        blocks_of(products, PairKind.WEAK, asked),
        kind_test(products, PairKind.WEAK, asked),
        wanted,
        cap,
        np.random.default_rng(0),
        NO_KEYS,
    )
    assert (len(found.keys), found.pool, found.shortfall) == (drawn, pool, shortfall)
