"""Epochs planned as index arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_products import FAST, VALUES, made_pairs, made_products

from vdata_assets.protocol.batches import NONE, plan_epoch, steps_of
from vdata_assets.protocol.training_data import training_data

VECTORS = made_products()
PAIRS = made_pairs(VECTORS)
DATA = training_data(VECTORS, PAIRS, VALUES, FAST)
EVEN = FAST.model_copy(update={"balance": 0.0})


@given(epoch=st.integers(1, 50), batch_size=st.integers(2, 200), seed=st.integers(0, 1 << 40))
def test_with_equal_weights_an_epoch_has_every_pair_once_in_batches_that_differ_by_one(
    epoch, batch_size, seed
):
    data = training_data(VECTORS, PAIRS, VALUES, EVEN)
    plan = plan_epoch(data, EVEN.model_copy(update={"batch_size": batch_size, "seed": seed}), epoch)
    assert sorted(plan.pair.tolist()) == list(range(len(data.a)))
    sizes = np.diff(plan.bounds)
    assert len(sizes) == steps_of(len(data.a), batch_size)
    assert sizes.max() <= batch_size
    assert sizes.max() - sizes.min() <= 1
    assert [draws.start for draws in plan.steps()] == plan.bounds[:-1].tolist()


def test_a_pair_is_drawn_as_often_as_its_weight_says_rounded_up_or_down():
    expected = DATA.draw / DATA.draw.sum() * len(DATA.a)
    for epoch in range(1, 6):
        drawn = np.bincount(plan_epoch(DATA, FAST, epoch).pair, minlength=len(DATA.a))
        assert (np.abs(drawn - expected) < 1).all()


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_negatives_are_labelled_ones_of_their_anchor_each_once_as_many_as_there_are(count):
    plan = plan_epoch(DATA, FAST.model_copy(update={"negatives_per_pair": count}), 1)
    ids = VECTORS.meta["product_id"]
    labelled = {frozenset(row) for row in PAIRS.filter(label=0).select("a_id", "b_id").iter_rows()}
    for anchors, negatives in ((DATA.a, plan.negatives_a), (DATA.b, plan.negatives_b)):
        assert negatives.shape == (len(DATA.a), count)
        for anchor, row in zip(anchors[plan.pair], negatives, strict=True):
            found = row[row != NONE]
            assert len(set(found.tolist())) == len(found) == min(count, DATA.negatives[anchor])
            assert all(frozenset((ids[int(anchor)], ids[int(negative)])) in labelled for negative in found)


def test_every_negative_has_its_turn():
    seen = set()
    for epoch in range(1, 40):
        plan = plan_epoch(DATA, FAST, epoch)
        for anchors, negatives in ((DATA.a, plan.negatives_a), (DATA.b, plan.negatives_b)):
            anchors = anchors[plan.pair].repeat(negatives.shape[1])
            seen |= set(zip(anchors.tolist(), negatives.ravel().tolist(), strict=True))
    anchors = set(DATA.a.tolist()) | set(DATA.b.tolist())
    owned = zip(DATA.owner.tolist(), DATA.negative.tolist(), strict=True)
    assert {pair for pair in seen if pair[1] != NONE} == {pair for pair in owned if pair[0] in anchors}


def test_epochs_and_seeds_differ_and_one_epoch_is_always_the_same():
    first = plan_epoch(DATA, FAST, 1)
    assert np.array_equal(first.pair, plan_epoch(DATA, FAST, 1).pair)
    assert np.array_equal(first.negatives_a, plan_epoch(DATA, FAST, 1).negatives_a)
    assert not np.array_equal(first.pair, plan_epoch(DATA, FAST, 2).pair)
    assert not np.array_equal(first.pair, plan_epoch(DATA, FAST.model_copy(update={"seed": 8}), 1).pair)


def test_without_any_negative_pair_all_are_missing():
    data = training_data(VECTORS, PAIRS.filter(label=1), VALUES, FAST)
    assert (plan_epoch(data, FAST, 1).negatives_a == NONE).all()
