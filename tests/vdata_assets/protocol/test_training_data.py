"""What training reads: labels are read, unknown is no class, rare values are drawn more often."""

import re

import numpy as np
import polars as pl
import pytest
from protocol_products import FAST, VALUES, hand_made, made_pairs, made_products, pair, pairs_table

from vdata_assets.protocol.training_data import UNKNOWN_TARGET, draw_weights, training_data

VECTORS = hand_made(
    [
        ("a", "coats", "a", "train", True, "wool"),
        ("b", "coats", "a", "train", True, None),
        ("c", "coats", None, "train", False, "denim"),
        ("d", "skirts", "d", "train", True, "wool"),
        ("e", "coats", "e", "test", True, "wool"),
    ]
)
MATERIAL = {"material": ["cotton", "denim", "wool"]}
GROUP = pair("a", "b", "strong_group")


def test_positives_are_the_pairs_of_label_1_and_negatives_those_of_label_0():
    pairs = pairs_table([GROUP, pair("a", "c", "mined_hard"), pair("b", "d", "easy"), pair("c", "d", "weak")])
    data = training_data(VECTORS, pairs, MATERIAL, FAST)
    assert list(zip(data.a, data.b, strict=True)) == [(0, 1), (2, 3)]
    assert data.together.tolist() == [0 * 5 + 1, 2 * 5 + 3]
    runs = zip(data.first_negative, data.negatives, strict=True)
    assert [data.negative[first : first + count].tolist() for first, count in runs] == [
        [2],
        [3],
        [0],
        [1],
        [],
    ]
    assert data.owner.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "weight"),
    [("strong_group", 1.0), ("strong_attribute", 1.0), ("medium", 0.6), ("weak", 0.3)],
)
def test_a_positive_is_weighted_by_its_kind(kind, weight):
    data = training_data(VECTORS, pairs_table([pair("a", "b", kind)]), MATERIAL, FAST)
    assert data.weight.tolist() == [np.float32(weight)]


def test_a_kind_of_weight_0_is_not_drawn_but_stays_out_of_denominators():
    pairs = pairs_table([GROUP, pair("a", "c", "weak")])
    data = training_data(VECTORS, pairs, MATERIAL, FAST.model_copy(update={"weak_weight": 0.0}))
    assert (data.a.tolist(), data.b.tolist()) == ([0], [1])
    assert data.together.tolist() == [1, 2]


def test_targets_number_the_values_of_the_schema_and_unknown_has_none():
    data = training_data(VECTORS, pairs_table([GROUP]), MATERIAL, FAST)
    assert data.targets.tolist() == [[2], [UNKNOWN_TARGET], [1], [2], [2]]


def test_products_of_one_group_have_one_number_and_those_of_none_their_own():
    group = training_data(VECTORS, pairs_table([GROUP]), MATERIAL, FAST).group
    assert group[0] == group[1]
    assert len(set(group.tolist())) == 4


def test_pairs_of_other_splits_are_left_alone():
    pairs = pairs_table([GROUP, pair("e", "nowhere", "weak", split="test")])
    assert len(training_data(VECTORS, pairs, MATERIAL, FAST).a) == 1


ATTRIBUTES = "['material']"
REFUSED = {
    "a product without vectors": (
        [GROUP, pair("a", "z", "weak")],
        MATERIAL,
        FAST,
        "pairs: 1 pairs of split 'train' name products without vectors: 'z'",
    ),
    "a product of another split": (
        [GROUP, pair("a", "e", "weak")],
        MATERIAL,
        FAST,
        "pairs: 'a' and 'e' are a pair of split 'train', but 'e' is of split 'test': sample the pairs "
        "of these splits again",
    ),
    "a negative kind labelled positive": (
        [GROUP, pair("a", "c", "mined_hard", label=1)],
        MATERIAL,
        FAST,
        "pairs: 1 pairs contradict themselves, such as 'a' and 'c': kind 'mined_hard' with label 1; sample "
        "the pairs again",
    ),
    "a positive kind labelled negative": (
        [pair("a", "c", "medium", label=0)],
        MATERIAL,
        FAST,
        "pairs: 1 pairs contradict themselves, such as 'a' and 'c': kind 'medium' with label 0; sample "
        "the pairs again",
    ),
    "no positive": (
        [pair("a", "c", "easy")],
        MATERIAL,
        FAST,
        "pairs: none of the 1 pairs of split 'train' is a positive one with a weight above 0: raise "
        "protocol.strong_weight, medium_weight or weak_weight, or sample other pairs",
    ),
    "a value that is not listed": (
        [GROUP],
        {"material": ["denim"]},
        FAST,
        "material of 3 products, such as 'wool' of 'a', is not among its 1 values: add it to the attribute's "
        "values, or make it null if unknown",
    ),
    "a value listed twice": (
        [GROUP],
        {"material": ["denim", "wool", "denim"]},
        FAST,
        "values: 'denim' is listed twice for 'material'",
    ),
    "unknown as a class": (
        [GROUP],
        {"material": ["unknown", "denim", "wool"]},
        FAST,
        "values: 'unknown' is listed for 'material': it is no class; leave it out",
    ),
    "a head for the category": (
        [GROUP],
        {"category": ["coats", "skirts"]},
        FAST,
        f"values: 'category' is no attribute of the products: {ATTRIBUTES}",
    ),
    "a balance attribute that is none": (
        [GROUP],
        MATERIAL,
        FAST.model_copy(update={"balance_attribute": "sleeve"}),
        f"protocol.balance_attribute: 'sleeve' is no attribute of the products: {ATTRIBUTES}; name one "
        "of them, or set protocol.balance to 0",
    ),
}


@pytest.mark.parametrize(("rows", "values", "settings", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(rows, values, settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        training_data(VECTORS, pairs_table(rows), values, settings)


def weights(categories, values, balance):
    """Draw weights of pairs whose sides are alike, one a category and value."""
    meta = pl.DataFrame(
        {"category": categories, "material": values}, schema_overrides={"material": pl.String}
    )
    rows = np.arange(meta.height)
    settings = FAST.model_copy(update={"balance": balance})
    return meta.with_columns(weight=draw_weights(meta, rows, rows, settings))


COATS = ["coats"] * 8 + ["skirts"] * 2
WOOL = ["wool"] * 6 + ["denim"] * 2 + ["wool", "denim"]


def test_balance_0_draws_pairs_as_they_come():
    assert weights(COATS, WOOL, 0.0)["weight"].to_list() == [1] * 10


def test_balance_1_draws_categories_equally_and_values_equally_within_each():
    table = weights(COATS, WOOL, 1.0)
    drawn = table.group_by("category", "material").agg(pl.col("weight").sum())["weight"]
    assert drawn.to_numpy() == pytest.approx(np.full(4, drawn[0]))


@pytest.mark.parametrize("balance", [0.25, 0.5, 0.75])
def test_between_them_a_category_is_drawn_by_its_frequency_to_the_power_of_one_minus_balance(balance):
    drawn = weights(COATS, WOOL, balance).group_by("category").agg(pl.col("weight").sum()).sort("category")
    coats, skirts = drawn["weight"]
    assert coats / skirts == pytest.approx(4 ** (1 - balance))


def test_unknown_keeps_its_share_of_its_category():
    table = weights(["coats"] * 10, ["wool"] * 4 + ["denim"] + [None] * 5, 1.0)
    unknown = table.filter(pl.col("material").is_null())["weight"].sum()
    assert unknown / table["weight"].sum() == pytest.approx(0.5)


def test_the_order_of_pairs_does_not_matter():
    vectors = made_products()
    pairs = made_pairs(vectors)
    first, second = (
        training_data(vectors, table, VALUES, FAST)
        for table in (pairs, pairs.sample(fraction=1, shuffle=True))
    )
    assert all(np.array_equal(value, vars(second)[name]) for name, value in vars(first).items())
