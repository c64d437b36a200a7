"""The patterns that come with vdata find article numbers, and none in ordinary words."""

import polars as pl
import pytest

from vdata_assets.pairs.groups import found_in
from vdata_assets.pairs.settings import DEEPFASHION, SKU, GroupPattern


def found(text: str, pattern: GroupPattern) -> str | None:
    return found_in(pl.Series([text], dtype=pl.String), pattern)[0]


@pytest.mark.parametrize(
    ("product_id", "article"),
    [
        ("WOMEN-Tees_Tanks-id_00002769-04_1_front", "WOMEN-Tees_Tanks-id_00002769"),
        ("WOMEN-Tees_Tanks-id_00002769-01_4_full", "WOMEN-Tees_Tanks-id_00002769"),
        ("MEN-Denim-id_00000080-01_7_additional", "MEN-Denim-id_00000080"),
        ("MEN-Denim-id_00000080-01_7_additional.jpg", "MEN-Denim-id_00000080"),
        ("img/WOMEN/Dresses/id_00000002/02_1_front.jpg", "img/WOMEN/Dresses/id_00000002"),
        ("WOMEN-Tees_Tanks-id_00002769", None),
        ("WOMEN-Tees_Tanks-id_2769-04_1_front", None),
        ("WOMEN-Tees_Tanks-grid_00002769-04_1_front", None),
        ("10054", None),
    ],
)
def test_views_and_colours_of_deepfashion_share_an_article(product_id: str, article: str | None) -> None:
    assert found(product_id, DEEPFASHION) == article


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Denim jacket. Style no. AB-12345", "AB-12345"),
        ("SKU: 10023-B", "10023-B"),
        ("Item #4411-20", "4411-20"),
        ("SKU 10023-B.", "10023-B"),
        ("sku#ab12345, blue", "ab12345"),
        ("Style Number: 12345", "12345"),
        ("Art.-Nr. 88123", "88123"),
        ("Article No.: BD7633", "BD7633"),
        ("(Ref. no AR3762-001)", "AR3762-001"),
        ("Model: 00501-0101", "00501-0101"),
        ("Product code\u00a0ZX-9040", "ZX-9040"),
    ],
)
def test_article_numbers_are_found_in_texts(text: str, code: str) -> None:
    assert found(text, SKU) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "style number",
        "The model is 5'9 and wears a size 36",
        "Model: 5'9\" / 175 cm",
        "Model: 180cm",
        "Model: 34-24-34",
        "Model number 2 wears size M",
        "the model wears 12345",
        "Style: 2023",
        "style no. 2019-20",
        "Style: 2023-spring",
        "Style: SS2023",
        "style: FW19-20",
        "Style: 1990s-inspired",
        "Style: 80s-90s",
        "Style: 5-pocket",
        "style: 3-in-1",
        "Item: 32x34",
        "Item: sizes 36-38-40",
        "Item: 36-38-40",
        "Item: 1000ml",
        "Item: 1299.00",
        "Item: 2023-10-05",
        "Item: 05-10-2020",
        "Item no. 12",
        "item 12345",
        "lifestyle: 12345",
        "SKUs 12345",
        "sku: AB12345678901234567890123456789",
    ],
)
def test_ordinary_words_sizes_and_years_are_no_article_number(text: str) -> None:
    assert found(text, SKU) is None


@pytest.mark.parametrize(
    "text",
    [
        "sku" + " " * 200_000,
        "sku:" * 50_000,
        "style-." * 30_000,
        "sku " + "a-" * 100_000,
        "sku 1" + "-1" * 99_999,
    ],
    ids=["spaces", "labels", "dots", "letters", "digits"],
)
def test_long_hostile_texts_are_searched_in_linear_time(text: str) -> None:
    assert found(text, SKU) is None


def test_nothing_is_found_in_a_missing_value_and_an_empty_match_counts_as_nothing() -> None:
    pattern = GroupPattern(name="any", pattern="^(?P<product>[a-z]*)", confidence=1)
    assert found_in(pl.Series(["ab1", "1", "", None]), pattern).to_list() == ["ab", None, None, None]
