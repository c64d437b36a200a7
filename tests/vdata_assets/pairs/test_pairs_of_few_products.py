import polars as pl
import pytest
from pair_reference import negative_table, product, product_table

from vdata_assets.pairs.sample_pairs import sample_pairs
from vdata_assets.pairs.schema import Pairs
from vdata_assets.pairs.settings import PairKind, PairSettings

PLAIN = {"material": "denim", "pattern": "solid", "sleeve": "long"}
NO_NEGATIVES = negative_table([])


def silent(_: str) -> None:
    """No log."""


def test_a_pair_says_what_its_products_share_and_differ_in():
    products = [
        product("b", material="wool", sleeve="long", pattern="plaid"),
        product("a", material="denim", sleeve="long", pattern=None),
    ]
    asked = PairSettings(num_pairs={"train": 1}, shares={PairKind.MATERIAL_HARD: 1})
    pairs = sample_pairs(product_table(products), negative_table([]), asked, silent).pairs
    assert pairs.to_dicts() == [
        {
            "a_id": "a",
            "b_id": "b",
            "split": "train",
            "kind": "material_hard",
            "label": 0,
            "category_a": "tops",
            "category_b": "tops",
            "shared": ["sleeve"],
            "mismatches": ["material"],
        }
    ]


@pytest.mark.parametrize(
    ("products", "drawn"),
    [
        pytest.param([], {}, id="no product"),
        pytest.param([product("a", **PLAIN)], {}, id="one product"),
        pytest.param(
            [product(name, group_id=None, **PLAIN) for name in "abc"], {"strong_attribute": 3}, id="no groups"
        ),
        pytest.param([product(name) for name in "abc"], {"weak": 3}, id="no attribute known"),
        pytest.param([product(name, None, **PLAIN) for name in "abc"], {}, id="no category known"),
        pytest.param(
            [product(name, None, group_id="g") for name in "abc"], {"strong_group": 3}, id="one group"
        ),
        pytest.param([product("a", "tops"), product("b", "shoes")], {"easy": 1}, id="two categories"),
        pytest.param(
            [product("a", "tops", content_hash="same"), product("b", "shoes", content_hash="same")],
            {},
            id="one picture in two categories is no negative",
        ),
        pytest.param(
            [product("a", "tops", group_id="g"), product("b", "shoes", group_id="g")],
            {"strong_group": 1},
            id="one article in two categories is no negative",
        ),
        pytest.param(
            [
                product("a", material="denim", content_hash="x"),
                product("b", material="wool", content_hash="x"),
            ],
            {},
            id="one picture of two materials is no negative",
        ),
        pytest.param(
            [product("a", material="denim"), {**product("b", material="wool"), "split": "validation"}],
            {},
            id="two splits",
        ),
    ],
)
def test_pairs_of_few_products(products, drawn):
    asked = PairSettings(num_pairs={"train": 100, "validation": 10})
    sampled = sample_pairs(product_table(products), NO_NEGATIVES, asked, silent)
    assert dict(sampled.pairs["kind"].cast(pl.String).value_counts().iter_rows()) == drawn
    assert sampled.pairs.schema == Pairs.create_empty().schema


def test_pairs_without_any_attribute_are_of_groups_weak_or_easy():
    table = product_table([product("a"), product("b"), product("c", "shoes")]).drop(
        "material", "pattern", "sleeve"
    )
    asked = PairSettings(num_pairs={"train": 20}, shares={PairKind.WEAK: 0.5, PairKind.EASY: 0.5})
    pairs = sample_pairs(table, NO_NEGATIVES, asked, silent).pairs
    assert pairs.select("a_id", "b_id", "kind", "shared").rows() == [
        ("a", "b", "weak", []),
        ("a", "c", "easy", []),
        ("b", "c", "easy", []),
    ]


@pytest.mark.parametrize(
    ("columns", "there_are"),
    [
        pytest.param(["material", "pattern", "sleeve"], "material, pattern, sleeve", id="others"),
        pytest.param([], "none", id="no attribute at all"),
    ],
)
def test_a_hard_attribute_that_is_none_is_refused(columns, there_are):
    table = product_table([product("a")])
    table = table.drop(name for name in ("material", "pattern", "sleeve") if name not in columns)
    with pytest.raises(ValueError, match="fabric") as error:
        sample_pairs(table, NO_NEGATIVES, PairSettings(hard_attribute="fabric"), silent)
    assert str(error.value) == (
        f"hard_attribute: 'fabric' is no attribute, there are {there_are}: name one of them, or set the "
        "share of material_hard to 0"
    )


def test_a_hard_attribute_is_not_needed_without_a_share():
    products = [product(name, **PLAIN) for name in "abc"]
    asked = PairSettings(
        num_pairs={"train": 3}, shares={PairKind.STRONG_ATTRIBUTE: 1}, hard_attribute="fabric"
    )
    assert sample_pairs(product_table(products), NO_NEGATIVES, asked, silent).pairs.height == 3


def test_a_product_that_is_there_twice_is_refused():
    table = product_table([product("a"), product("b"), product("b")])
    with pytest.raises(ValueError, match=r"^product_id 'b' is there twice: keep one row a product$"):
        sample_pairs(table, NO_NEGATIVES, PairSettings(), silent)
