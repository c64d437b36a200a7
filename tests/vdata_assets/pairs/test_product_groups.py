"""Products are joined by the keys that are sure enough, directly or over others, and by nothing else."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xxhash
from group_tables import FAR, a_product, products
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.pairs.groups import NEAR_PICTURE, SAME_PICTURE, product_groups, write_groups
from vdata_assets.pairs.settings import DEEPFASHION, GroupPattern, GroupSettings
from vdata_resources.perceptual_hash import perceptual_hash_of


def groups_of(rows: Sequence[Mapping[str, Any]], **settings: Any) -> set[frozenset[str]]:
    table = product_groups(products(rows), GroupSettings(**settings)).table
    return {frozenset(part["product_id"]) for part in table.partition_by("group_id")}


def parts(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group.split()) for group in groups}


def test_views_of_one_article_in_several_colours_join_and_other_articles_do_not() -> None:
    ids = [
        "WOMEN-Tees_Tanks-id_00002769-04_1_front",
        "WOMEN-Tees_Tanks-id_00002769-04_2_side",
        "WOMEN-Tees_Tanks-id_00002769-01_1_front",
        "WOMEN-Tees_Tanks-id_00002770-04_1_front",
        "MEN-Denim-id_00000080-01_7_additional",
        "MEN-Denim-id_00000080-02_1_front",
    ]
    table = product_groups(products([a_product(name) for name in ids]), GroupSettings()).table
    assert dict(table.select("product_id", "group_id").iter_rows()) == {
        ids[0]: ids[2],
        ids[1]: ids[2],
        ids[2]: ids[2],
        ids[3]: ids[3],
        ids[4]: ids[4],
        ids[5]: ids[4],
    }


@pytest.mark.parametrize(
    ("rows", "settings", "expected"),
    [
        pytest.param([], {}, parts(), id="no product"),
        pytest.param([a_product("a")], {}, parts("a"), id="one product"),
        pytest.param(
            [a_product("a", text="SKU: 10023-B"), a_product("b", text="tee, sku 10023-b"), a_product("c")],
            {},
            parts("a b", "c"),
            id="article numbers regardless of case",
        ),
        pytest.param(
            [a_product("a", content_hash="x", phash=0), a_product("b", content_hash="x", phash=2**64 - 1)],
            {},
            parts("a b"),
            id="equal pictures",
        ),
        pytest.param(
            [a_product("a", phash=0), a_product("b", phash=0b1111), a_product("c", phash=0b11111 << 20)],
            {},
            parts("a b", "c"),
            id="nearly equal pictures",
        ),
        pytest.param(
            [a_product("a", phash=None), a_product("b", phash=None)], {}, parts("a", "b"), id="no hashes"
        ),
        pytest.param(
            [
                a_product("a", text="SKU: 10023"),
                a_product("b", text="SKU: 10023", content_hash="x"),
                a_product("c", content_hash="x"),
            ],
            {},
            parts("a b c"),
            id="over others, by several keys",
        ),
        pytest.param(
            [a_product("a", text="SKU: 10023"), a_product("b", text="SKU: 10023")],
            {"min_confidence": 0.81},
            parts("a", "b"),
            id="a key that is not sure enough",
        ),
        pytest.param(
            [a_product(name, text="SKU: 10023") for name in "abc"],
            {"max_group_size": 2},
            parts("a", "b", "c"),
            id="a value that too many share",
        ),
        pytest.param(
            [a_product(name, text="SKU: 10023") for name in "abc"],
            {"max_group_size": 3},
            parts("a b c"),
            id="a value that as many share as may",
        ),
        pytest.param(
            [a_product("a", text="SKU: 10023"), a_product("b", text="SKU: 10023", reason="no image")],
            {},
            parts("a"),
            id="unusable rows take no part",
        ),
        pytest.param(
            [a_product("ü \U0001f457", text="SKU: 10023"), a_product("<b>\n", text="SKU: 10023")],
            {},
            {frozenset(["ü \U0001f457", "<b>\n"])},
            id="odd ids",
        ),
        pytest.param(
            [a_product("1", model="K7"), a_product("2", model="K7"), a_product("3", model="k7")],
            {"patterns": (GroupPattern(name="m", column="model", pattern="(?P<product>.+)", confidence=1),)},
            parts("1 2", "3"),
            id="a kept column, with regard to case",
        ),
    ],
)
def test_joined(rows: list[dict[str, Any]], settings: dict[str, Any], expected: set[frozenset[str]]) -> None:
    assert groups_of(rows, **settings) == expected


def test_each_product_names_the_surest_key_that_joined_it() -> None:
    rows = [
        a_product("a", text="SKU: 10023", content_hash="x", phash=7),
        a_product("b", text="sku 10023", phash=FAR),
        a_product("c", content_hash="x", phash=7),
        a_product("d", phash=6),
        a_product("e", text="SKU: 99999", phash=FAR >> 3),
    ]
    table = product_groups(products(rows), GroupSettings()).table
    assert table.rows() == [
        ("a", "a", SAME_PICTURE, "x", 0.9, 4),
        ("b", "a", "text_sku", "10023", 0.8, 4),
        ("c", "a", SAME_PICTURE, "x", 0.9, 4),
        ("d", "a", NEAR_PICTURE, "0000000000000006", 0.7, 4),
        ("e", "e", None, None, None, 1),
    ]


def test_of_equally_sure_keys_the_first_is_named() -> None:
    settings = GroupSettings(same_picture_confidence=0.8)
    rows = [a_product(name, text="SKU: 10023", content_hash="x") for name in "ab"]
    assert product_groups(products(rows), settings).table["key"].to_list() == ["text_sku", "text_sku"]


def test_values_that_too_many_share_are_reported_with_their_number() -> None:
    rows = [a_product(f"{n}", text="SKU: AB-1111", content_hash="x", phash=9) for n in range(4)]
    keys = {use.name: use for use in product_groups(products(rows), GroupSettings(max_group_size=3)).keys}
    assert {name: dict(use.refused) for name, use in keys.items()} == {
        "deepfashion_id": {},
        "text_sku": {"ab-1111": 4},
        SAME_PICTURE: {"x": 4},
        NEAR_PICTURE: {"0": 4},
    }
    assert {(use.products, use.joined, use.groups) for use in keys.values()} == {(0, 0, 0), (4, 0, 0)}


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (
            [GroupPattern(name="m", column="model", pattern="(?P<product>.+)", confidence=1)],
            "patterns: m reads column 'model', which the products do not have: add it to `keep` of the "
            "products, or name one of ['product_id', 'text', 'category', 'content_hash', 'phash', 'reason']",
        ),
        (
            [DEEPFASHION, DEEPFASHION],
            "patterns: another key is named 'deepfashion_id': give it a name of its own",
        ),
        (
            [GroupPattern(name=SAME_PICTURE, pattern="(?P<product>.+)", confidence=1)],
            "patterns: another key is named 'same_picture': give it a name of its own",
        ),
    ],
    ids=["unknown column", "name twice", "name of a built-in key"],
)
def test_patterns_that_cannot_work_are_refused(patterns: list[GroupPattern], message: str) -> None:
    table = products([a_product("a")]).select(
        "product_id", "text", "category", "content_hash", "phash", "reason"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        product_groups(table, GroupSettings(patterns=tuple(patterns)))


KEYS = st.sampled_from([None, "SKU: 10001", "SKU: 10002", "SKU: 10003"])
HASHES = st.sampled_from([None, 0, 0b111, 0b111111, 2**64 - 1])


@given(
    st.lists(st.tuples(KEYS, st.sampled_from("xyzuvw"), HASHES), min_size=1, max_size=12),
    st.integers(2, 5),
    st.randoms(),
)
def test_groups_are_the_components_of_the_allowed_links(rows: list[Any], limit: int, random: Any) -> None:
    def clusters(linked: Callable[[int, int], bool], members: list[int]) -> list[set[int]]:
        found: list[set[int]] = []
        for member in members:
            touching = [part for part in found if any(linked(member, other) for other in part)]
            found = [part for part in found if part not in touching]
            found.append({member}.union(*touching))
        return found

    everyone = list(range(len(rows)))
    hashed = [n for n in everyone if rows[n][2] is not None]
    links = [
        *clusters(lambda a, b: rows[a][0] == rows[b][0], [n for n in everyone if rows[n][0]]),
        *clusters(lambda a, b: rows[a][1] == rows[b][1], everyone),
        *clusters(lambda a, b: (rows[a][2] ^ rows[b][2]).bit_count() <= 4, hashed),
    ]
    links = [part for part in links if len(part) <= limit]
    expected = clusters(lambda a, b: any(a in part and b in part for part in links), everyone)

    table = [
        a_product(f"{n:02}", text=text, content_hash=picture, phash=phash)
        for n, (text, picture, phash) in enumerate(rows)
    ]
    random.shuffle(table)
    grouped = product_groups(products(table), GroupSettings(max_group_size=limit)).table
    assert grouped["product_id"].to_list() == [f"{n:02}" for n in everyone]
    assert {part["group_id"][0]: set(part["product_id"]) for part in grouped.partition_by("group_id")} == {
        f"{min(part):02}": {f"{n:02}" for n in part} for part in expected
    }
    assert (grouped["key"].is_null() == (grouped["size"] == 1)).all()


def test_files_say_the_groups_the_index_the_figures_and_the_settings(tmp_path: Path) -> None:
    settings = GroupSettings(patterns=(DEEPFASHION,), max_group_size=3)
    rows = [a_product(f"MEN-id_{article:08}-01_{view}_front") for article, views in ((1, 2), (2, 1), (3, 4))
            for view in range(views)]  # fmt: skip
    grouped = product_groups(products(rows), settings)
    write_groups(grouped, settings, tmp_path)
    assert pl.read_parquet(tmp_path / "groups.parquet").equals(grouped.table)
    content = json.loads((tmp_path / "groups.json").read_text())
    first, second = "MEN-id_00000001-01_0_front", "MEN-id_00000001-01_1_front"
    assert content["groups"] == {first: [first, second]}
    assert content["index"] == {row["product_id"]: row["product_id"] for row in rows} | {second: first}
    assert content["config"] == settings.model_dump(mode="json")
    by_key = content["stats"].pop("by_key")
    assert content["stats"] == {"products": 7, "groups": 1, "singletons": 5, "sizes": {"1": 5, "2": 1}}
    assert by_key["deepfashion_id"] == {
        "confidence": 0.95,
        "used": True,
        "products": 7,
        "joined": 2,
        "groups": 1,
        "refused": {"MEN-id_00000003": 4},
    }


def test_real_products_with_one_picture_under_several_ids_join(test_data: Callable[[str], Path]) -> None:
    files = sorted((test_data("fashion-attributes") / "products" / "images").glob("*.jpg"))
    rows = [
        a_product(
            file.stem,
            content_hash=xxhash.xxh3_128(file.read_bytes()).hexdigest(),
            phash=perceptual_hash_of(file),
        )
        for file in files
    ]
    grouped = product_groups(products(rows), GroupSettings())
    by_picture = grouped.table.filter(pl.col("key") == SAME_PICTURE)
    assert len(rows) == 360
    assert by_picture.height == 6
    assert grouped.table["size"].max() == 3
