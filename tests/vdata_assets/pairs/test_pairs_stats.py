import pytest
from pair_reference import negative_table, product, product_table

from vdata_assets.pairs.sample_pairs import sample_pairs
from vdata_assets.pairs.settings import PairKind, PairSettings

PLAIN = {"material": "denim", "sleeve": "long"}
SHARES = {PairKind.STRONG_ATTRIBUTE: 0.5, PairKind.MINED_HARD: 0.25, PairKind.EASY: 0.25}


def stats(cap: int = 100, wanted: int = 8) -> dict:
    """Of three equal tops, one that is a hard negative, a shoe, and a product of no category."""
    products = [
        *(product(name, **PLAIN) for name in "abc"),
        product("d", material="wool"),
        product("e", "shoes"),
        product("f", None),
    ]
    negatives = negative_table(
        [
            ("a", "d", "train", 1),
            ("d", "a", "train", 1),
            ("a", "b", "train", 2),
            ("a", "gone", "train", 3),
        ]
    )
    asked = PairSettings(num_pairs={"train": wanted}, shares=SHARES, max_pairs_per_product=cap)
    return sample_pairs(product_table(products), negatives, asked, lambda _: None).stats


def test_stats_say_what_was_wanted_and_drawn():
    found = stats()
    assert (found["pairs"], found["positives"], found["negatives"]) == (6, 3, 3)
    assert found["attributes"] == ["material", "pattern", "sleeve"]
    train = found["splits"]["train"]
    assert {name: train[name] for name in ("wanted", "drawn", "shortfall", "positives", "negatives")} == {
        "wanted": 8,
        "drawn": 6,
        "shortfall": 2,
        "positives": 3,
        "negatives": 3,
    }
    assert (train["positive_share"], train["products"], train["products_covered"]) == (0.5, 6, 5)


@pytest.mark.parametrize(
    ("cap", "kind", "expected"),
    [
        pytest.param(
            100,
            "strong_attribute",
            {
                "wanted": 4,
                "drawn": 3,
                "shortfall": 1,
                "pool": 3,
                "why": "only 3 such pairs are there to draw",
            },
            id="pool",
        ),
        pytest.param(
            1,
            "strong_attribute",
            {
                "wanted": 4,
                "drawn": 1,
                "shortfall": 3,
                "pool": 3,
                "why": "there are 3 such pairs, but each other one has a product that stands in 1 already, "
                "see max_pairs_per_product",
            },
            id="cap",
        ),
        pytest.param(
            100,
            "easy",
            {"wanted": 2, "drawn": 2, "shortfall": 0, "pool": 4, "why": None},
            id="enough",
        ),
        pytest.param(
            100,
            "medium",
            {"wanted": 0, "drawn": 0, "shortfall": 0, "pool": None, "why": None},
            id="not wanted",
        ),
    ],
)
def test_every_kind_says_its_shortfall_and_why(cap, kind, expected):
    assert stats(cap)["splits"]["train"]["kinds"][kind] == expected


def test_stats_count_the_hard_negatives_that_are_some():
    assert stats()["splits"]["train"]["hard_negatives"] == {"pairs": 1, "rows_refused": 2}


def test_stats_count_by_category_and_unknown_last():
    categories = stats(wanted=16)["splits"]["train"]["categories"]
    assert categories == [
        {"category": "shoes", "products": 1, "products_covered": 1, "positives": 0, "negatives": 4},
        {"category": "tops", "products": 4, "products_covered": 4, "positives": 3, "negatives": 5},
        {"category": None, "products": 1, "products_covered": 0, "positives": 0, "negatives": 0},
    ]


def test_stats_keep_the_settings():
    assert stats()["settings"] == {
        "num_pairs": {"train": 8},
        "shares": {"strong_attribute": 0.5, "mined_hard": 0.25, "easy": 0.25},
        "strong_shared": 2,
        "medium_max_different": 1,
        "hard_attribute": "material",
        "max_pairs_per_product": 100,
        "seed": 42,
    }


def test_a_split_without_products_is_a_shortfall():
    asked = PairSettings(num_pairs={"validation": 10})
    split = sample_pairs(product_table([product("a")]), negative_table([]), asked, lambda _: None).stats[
        "splits"
    ]["validation"]
    assert (split["drawn"], split["shortfall"], split["positive_share"]) == (0, 10, None)
    assert split["kinds"]["weak"]["why"] == "only 0 such pairs are there to draw"
