"""Partition keys: safe, unique and as stable as their names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.catalog.partitions import SLUG, partition_keys


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bag", "bag"),
        ("pet animal", "pet-animal"),
        ("T-Shirt", "t-shirt"),
        ("red_cartoon", "red_cartoon"),
        ("Café Crème", "cafe-creme"),
        ("R&B, 80's!", "r-b-80-s"),
        ("_private-", "private"),
        ("x²", "x2"),
        ("Straße", "strasse"),
        ("bag\nnew", "bag-new"),
        ("a" * 63, "a" * 63),
        ("包", "category-72576d77"),
        ("!?", "category-658e5562"),
        ("红 bag", "bag-2e7c1b9c"),
        ("a" * 64, "a" * 54 + "-29680d39"),
    ],
)
def test_key_of_a_name(name: str, key: str) -> None:
    assert partition_keys([name]) == {name: key}


@pytest.mark.parametrize(
    ("names", "known", "keys"),
    [
        pytest.param(
            ["pet animal", "pet-animal"],
            {},
            {"pet animal": "pet-animal-82003e01", "pet-animal": "pet-animal"},
            id="a name that is its own slug has it",
        ),
        pytest.param(
            ["Pet Animal", "pet animal"],
            {},
            {"Pet Animal": "pet-animal", "pet animal": "pet-animal-82003e01"},
            id="else the first in order",
        ),
        pytest.param(
            ["pet animal", "pet-animal"],
            {"pet animal": "pet-animal"},
            {"pet animal": "pet-animal", "pet-animal": "pet-animal-cb8390ae"},
            id="a published key wins",
        ),
        pytest.param(
            ["bag!"], {"bag": "bag"}, {"bag!": "bag-ec0d4fe3"}, id="also that of a category that is gone"
        ),
        pytest.param(["bag"], {"bag": "sack", "x": "y"}, {"bag": "sack"}, id="a published key is kept"),
    ],
)
def test_collisions(names: list[str], known: dict[str, str], keys: dict[str, str]) -> None:
    assert partition_keys(names, known) == keys


def test_a_category_named_like_the_key_of_another() -> None:
    key = partition_keys(["pet animal"], {"x": "pet-animal"})["pet animal"]
    keys = partition_keys([key, "pet animal"], {"x": "pet-animal"})
    assert keys[key] == key
    assert re.fullmatch(key + "[0-9a-f]", keys["pet animal"])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            {"bag": "Bag"},
            "known partition 'Bag' of category 'bag' does not match ^[a-z0-9][a-z0-9_-]{0,62}$",
        ),
        ({"bag": "x", "cup": "x"}, "two known categories share a partition: {'bag': 'x', 'cup': 'x'}"),
    ],
)
def test_bad_known_keys(known: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        partition_keys([], known)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=80)
LIKE_NAMES = st.text("aA-_ é包", min_size=1, max_size=4)


@given(st.sets(NAMES | LIKE_NAMES, max_size=30))
def test_keys_are_slugs_and_unique(names: set[str]) -> None:
    keys = partition_keys(names)
    assert list(keys) == sorted(names)
    assert len(set(keys.values())) == len(names)
    assert all(re.fullmatch(SLUG, key) for key in keys.values())


@given(st.sets(LIKE_NAMES, max_size=12), st.sets(LIKE_NAMES, max_size=12))
def test_published_keys_never_change(names: set[str], later: set[str]) -> None:
    published = partition_keys(names)
    keys = partition_keys(names | later, published)
    assert {name: keys[name] for name in names} == published
    assert len(set(keys.values())) == len(keys)


@given(st.sets(LIKE_NAMES, min_size=1, max_size=12))
def test_a_name_that_comes_later_in_order_takes_no_key(names: set[str]) -> None:
    *earlier, last = sorted(names)
    keys = partition_keys(names)
    if keys[last] != last:  # it has no better claim than the others
        assert {name: keys[name] for name in earlier} == partition_keys(earlier)


@pytest.mark.parametrize("name", ["current", "versions", "rejected", "Current"])
def test_names_of_the_stores_own_folders_are_never_keys(name):
    (key,) = partition_keys([name]).values()
    assert re.fullmatch(f"{name.lower()}-[0-9a-f]{{8}}", key)
