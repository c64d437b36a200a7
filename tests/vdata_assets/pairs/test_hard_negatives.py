"""Hard negatives are the most similar products of a category that differ and that no guard refuses."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from mining_tables import (
    CATEGORIES,
    EAST,
    NORTH,
    SETTINGS,
    UNBOUND,
    WEST,
    by_double_loop,
    toward,
    vectors,
)

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.pairs.hard_negatives import (
    ALONE,
    GUARDS_REFUSED_ALL,
    NO_KNOWN_ATTRIBUTE,
    NOTHING_DIFFERS,
    mine_hard_negatives,
)
from vdata_assets.pairs.schema import HardNegatives
from vdata_assets.pairs.settings import HardNegativeSettings
from vdata_assets.retrieval import blocks

MINED = ("query_id", "negative_id", "rank", "score", "image_score", "text_score", "mismatches")


def settings(**changes: Any) -> HardNegativeSettings:
    return HardNegativeSettings(**(UNBOUND | changes))


def mined(category: ProductVectors, **changes: Any) -> dict[str, list[str]]:
    """Negatives by query, in order of rank."""
    table = mine_hard_negatives(category, settings(**changes)).table
    return dict(table.group_by("query_id", maintain_order=True).agg("negative_id").rows())


def test_the_most_similar_products_that_differ_come_first() -> None:
    category = vectors(
        [
            {"product_id": "q", "image": EAST, "material": "denim"},
            {"product_id": "near", "image": toward(10), "material": "denim"},
            {"product_id": "far", "image": WEST, "material": "silk"},
            {"product_id": "mid", "image": NORTH, "material": "wool"},
            {"product_id": "unknown", "image": toward(5)},
        ]
    )
    assert mined(category) == {
        "far": ["mid", "near", "q"],
        "mid": ["near", "far", "q"],
        "near": ["mid", "far"],
        "q": ["mid", "far"],
    }
    assert mined(category, top_k=1)["q"] == ["mid"]


def test_a_row_tells_the_scores_what_differs_and_both_sides_attributes() -> None:
    category = vectors(
        [
            {
                "product_id": "a",
                "image": EAST,
                "text": EAST,
                "material": "wool",
                "pattern": "plaid",
                "fit": "slim",
            },
            {"product_id": "b", "image": NORTH, "text": EAST, "material": "silk", "pattern": "dots"},
            {"product_id": "c", "image": EAST, "material": "silk", "pattern": "plaid", "fit": "slim"},
        ],
        ["pattern", "material", "fit"],
    )
    table = mine_hard_negatives(category, settings(image_weight=0.75)).table
    assert table.filter(pl.col("query_id") == "a").to_dicts() == [
        {
            "query_id": "a", "negative_id": "c", "split": "train", "category": "Tees", "rank": 1,
            "score": 1.0, "image_score": 1.0, "text_score": None, "mismatches": ["material"],
            "query_pattern": "plaid", "query_material": "wool", "query_fit": "slim",
            "negative_pattern": "plaid", "negative_material": "silk", "negative_fit": "slim",
        },
        {
            "query_id": "a", "negative_id": "b", "split": "train", "category": "Tees", "rank": 2,
            "score": 0.25, "image_score": 0.0, "text_score": 1.0, "mismatches": ["material", "pattern"],
            "query_pattern": "plaid", "query_material": "wool", "query_fit": "slim",
            "negative_pattern": "dots", "negative_material": "silk", "negative_fit": None,
        },
    ]  # fmt: skip
    assert HardNegatives.is_valid(table.select(HardNegatives.column_names()))


QUERY = {"product_id": "q", "image": EAST, "material": "denim", "phash": 0}


@pytest.mark.parametrize(
    ("other", "changes", "refused"),
    [
        pytest.param({}, {}, False, id="one that differs"),
        pytest.param({"material": "denim"}, {}, True, id="equal attributes"),
        pytest.param({"material": None}, {}, True, id="unknown attribute"),
        pytest.param({"group_id": "q"}, {}, True, id="of its group"),
        pytest.param({"content_hash": "q"}, {}, True, id="its picture"),
        pytest.param({"split": "validation"}, {}, True, id="of another split"),
        pytest.param({"phash": 0b1111}, {"near_duplicate_hamming": 4}, True, id="hash near"),
        pytest.param({"phash": 0b11111}, {"near_duplicate_hamming": 4}, False, id="hash not so near"),
        pytest.param({"phash": None}, {"near_duplicate_hamming": 4}, False, id="no hash"),
        pytest.param({"image": EAST}, {"near_duplicate_cosine": 1.0}, True, id="image near"),
        pytest.param({"image": EAST}, {"near_duplicate_cosine": None}, False, id="images not compared"),
        pytest.param(
            {"image": EAST, "phash": None},
            {"near_duplicate_cosine": 1.0, "near_duplicate_hamming": 4},
            True,
            id="image near, no hash",
        ),
        pytest.param({"image": EAST}, {"max_score": 0.99}, True, id="above max_score"),
        pytest.param({"image": EAST}, {"max_score": 1.0}, False, id="at max_score"),
        pytest.param(
            {"image": EAST}, {"absolute_margin": 1, "relative_margin": 1}, False, id="no group mate"
        ),
    ],
)
def test_pairs_that_are_no_hard_negatives(other: dict[str, Any], changes: Any, refused: bool) -> None:
    silk = {"product_id": "s", "image": NORTH, "material": "silk", "phash": 2**64 - 1}
    assert ("q" not in mined(vectors([QUERY, silk | other]), **changes)) == refused


@pytest.mark.parametrize(
    ("mate", "other", "changes", "refused"),
    [
        (60, 70, {"absolute_margin": 0.1}, False),
        (60, 62, {"absolute_margin": 0.1}, True),
        (60, 80, {"relative_margin": 0.5}, False),
        (60, 70, {"relative_margin": 0.5}, True),
        (120, 140, {"relative_margin": 0.5}, False),
        (120, 130, {"relative_margin": 0.5}, True),
    ],
)
def test_margins_refer_to_the_nearest_product_of_the_group(
    mate: float, other: float, changes: Any, refused: bool
) -> None:
    mates = [{"product_id": f"m{n}", "image": toward(n), "group_id": "q"} for n in (mate, 175)]
    silk = {"product_id": "s", "image": toward(other), "material": "silk"}
    result = mine_hard_negatives(vectors([QUERY, *mates, silk]), settings(**changes))
    assert ("q" not in result.table["query_id"]) == refused
    assert result.guards == {"near_duplicate": 0, next(iter(changes)): int(refused)}


def test_ties_go_to_the_smaller_id_even_at_the_last_place() -> None:
    silks = [
        {"product_id": name, "image": NORTH, "material": "silk"}
        for name in ("ü", "c", "Z", "a", "\U0001f457")
    ]
    assert mined(vectors([*silks, QUERY]), top_k=3)["q"] == ["Z", "a", "c"]


def test_only_the_splits_asked_for_are_mined_each_within_itself() -> None:
    rows = [
        {"product_id": f"{split}-{material}", "image": EAST, "material": material, "split": split}
        for split in ("train", "validation", "test")
        for material in ("silk", "wool")
    ]
    table = mine_hard_negatives(vectors(rows), settings(splits=("validation", "train", "train"))).table
    assert table.select("query_id", "negative_id", "split").rows() == [
        ("train-silk", "train-wool", "train"),
        ("train-wool", "train-silk", "train"),
        ("validation-silk", "validation-wool", "validation"),
        ("validation-wool", "validation-silk", "validation"),
    ]


SILK = {"product_id": "s", "image": NORTH, "material": "silk"}


@pytest.mark.parametrize(
    ("rows", "changes", "skipped"),
    [
        pytest.param([], {}, {}, id="no product"),
        pytest.param([QUERY], {}, {ALONE: 1}, id="one product"),
        pytest.param([QUERY, SILK | {"split": "test"}], {}, {ALONE: 1}, id="one product of its split"),
        pytest.param(
            [QUERY | {"material": None}, SILK | {"material": None}],
            {},
            {NO_KNOWN_ATTRIBUTE: 2},
            id="none known",
        ),
        pytest.param([QUERY, SILK | {"group_id": "q"}], {}, {NOTHING_DIFFERS: 2}, id="all of one group"),
        pytest.param(
            [QUERY, SILK | {"material": None}],
            {},
            {NO_KNOWN_ATTRIBUTE: 1, NOTHING_DIFFERS: 1},
            id="one unknown",
        ),
        pytest.param([QUERY, SILK], {"max_score": -0.5}, {GUARDS_REFUSED_ALL: 2}, id="guards"),
    ],
)
def test_queries_without_negatives_are_counted_by_reason(rows: Any, changes: Any, skipped: Any) -> None:
    result = mine_hard_negatives(vectors(rows), settings(**changes))
    assert result.skipped == skipped
    assert result.table.is_empty()
    assert result.table.columns == [*HardNegatives.column_names(), "query_material", "negative_material"]


def test_without_any_attribute_there_are_no_negatives() -> None:
    rows = [{"product_id": name, "image": EAST} for name in "ab"]
    result = mine_hard_negatives(vectors(rows, []), settings())
    assert result.skipped == {NO_KNOWN_ATTRIBUTE: 2}
    assert result.table.columns == HardNegatives.column_names()


@pytest.mark.parametrize(
    ("rows", "attributes", "message"),
    [
        (
            [QUERY, SILK | {"category": "Denim"}],
            ["material"],
            r"hard negatives are mined in one category at a time, not in \['Denim', 'Tees'\]",
        ),
        (
            [QUERY | {"category": None}],
            ["material"],
            r"hard negatives are mined in one category at a time, not in \[None\]",
        ),
        ([QUERY, QUERY], ["material"], "product_id 'q' stands twice: make ids unique"),
        (
            [QUERY | {"product_id": None}],
            ["material"],
            "product_id is null in 1 products: give every product an id",
        ),
        (
            [QUERY],
            ["material", "id"],
            "attribute 'id' needs a column 'negative_id', which hard negatives have already: rename it",
        ),
        (
            [QUERY | {"image": (2.0, 0.0)}],
            ["material"],
            "vectors must be L2-normalised: the one in row 0 has norm 2",
        ),
    ],
    ids=["several categories", "unknown category", "id twice", "no id", "name taken", "not normalised"],
)
def test_products_that_cannot_be_mined_are_refused(rows: Any, attributes: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        mine_hard_negatives(vectors(rows, attributes), settings())


@given(CATEGORIES, SETTINGS)
def test_every_choice_is_that_of_a_double_loop(
    category: ProductVectors, limits: HardNegativeSettings
) -> None:
    rounded = [(*row[:3], *(None if x is None else float(np.float32(x)) for x in row[3:6]), row[6])
               for row in by_double_loop(category, limits)]  # fmt: skip
    result = mine_hard_negatives(category, limits)
    assert result.table.select(MINED).rows() == rounded
    queries = category.meta.filter(pl.col("split").is_in(list(limits.splits))).height
    assert sum(result.skipped.values()) == queries - result.table["query_id"].n_unique()


def many(count: int) -> ProductVectors:
    rng = np.random.default_rng(3)
    angles = rng.integers(0, 360, (2, count))
    return vectors(
        [
            {
                "product_id": f"p{n}",
                "image": toward(angles[0, n]),
                "material": "abc"[n % 3],
                "group_id": f"g{n // 2}",
                **({"text": toward(angles[1, n])} if n % 5 else {}),
            }
            for n in range(count)
        ]
    )


def test_the_table_depends_on_no_order_of_rows_block_or_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    category, limits = many(150), settings(top_k=7, absolute_margin=0.01)
    expected = mine_hard_negatives(category, limits)
    shuffled = category.take(np.random.default_rng(1).permutation(len(category)))
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 700)
    monkeypatch.setattr(blocks, "usable_cores", lambda: 5)
    again = mine_hard_negatives(shuffled, limits)
    assert again.table.equals(expected.table)
    assert (again.skipped, again.guards) == (expected.skipped, expected.guards)
    assert expected.table.height > 500
