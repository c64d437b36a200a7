"""The table of products: ids, categories, partitions and shards, and real catalogs."""

import csv
import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vdata_assets.products.schema import Products
from vdata_assets.products.settings import ProductSettings

COLUMNS = ["item_ID", "image", "category2", "text", "colour"]
NOT_A_PICTURE = "there is no file 'images/9.jpg' under the root"
FASHION = {
    "source": {"type": "csv", "file": "styles.csv"},
    "columns": {
        "product_id": "id",
        "image": None,
        "image_path": "images/{id}.jpg",
        "category": "articleType",
        "text": "productDisplayName",
    },
    "keep": ["baseColour", "gender"],
}


def write(root, *rows):
    with (root / "products.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def row(product_id, category="a", text="x", image="images/1.jpg", colour=""):
    return [product_id, image, category, text, colour]


def test_a_row_without_an_id_of_its_own_or_a_picture_stays_with_its_reasons(shop, read):
    write(
        shop,
        row("1"),
        row("", image="images/2.jpg"),
        row(" 1 ", image="images/3.jpg"),
        row("2", image="images/9.jpg"),
        row("2"),
        row("", image="images/9.jpg"),
        row("01"),
    )
    table = read(shop)
    assert table.select("row", "product_id", "reason").rows() == [
        (0, "1", None),
        (1, None, "no id"),
        (2, "1", "the id of row 0"),
        (3, "2", NOT_A_PICTURE),
        (4, "2", "the id of row 3"),
        (5, None, f"no id; {NOT_A_PICTURE}"),
        (6, "01", None),
    ]
    assert table["phash"].is_null().to_list() == [False, False, False, True, False, True, False]
    assert table["shard"].to_list() == ["shard-0000", *[None] * 5, "shard-0000"]


def test_the_table_is_of_its_schema_with_the_kept_columns_behind(shop, read):
    write(shop, row("1", colour=" red "), row("2"))
    table = read(shop, keep=["colour", "colour"])
    assert table.columns == [*Products.column_names(), "colour"]
    assert table["colour"].to_list() == ["red", None]
    Products.validate(table.drop("colour"))


@pytest.mark.parametrize("rows", [[], [row("1", image="images/9.jpg")]], ids=["no rows", "no usable row"])
def test_a_source_without_products_gives_a_table_without_usable_rows(shop, read, rows):
    write(shop, *rows)
    table = read(shop, keep=["colour"])
    assert table.height == len(rows)
    assert table.filter(pl.col("reason").is_null()).is_empty()
    assert table["partition"].null_count() == table["shard"].null_count() == len(rows)


def test_a_category_that_is_empty_or_not_among_the_known_is_none(shop, read):
    write(shop, *(row(str(place), name) for place, name in enumerate(["Hat ", "", "Shoe", "shoe", "  "])))
    said = []
    table = read(shop, categories=["Hat", "Shoe"], log=said.append)
    assert table["category"].to_list() == ["Hat", None, "Shoe", None, None]
    assert table["partition"].to_list() == ["hat", None, "shoe", None, None]
    assert table["reason"].null_count() == 5
    assert said == ["products: 1 rows of the category 'shoe', which is not among `categories`"]
    assert read(shop)["category"].to_list() == ["Hat", None, "Shoe", "shoe", None]


def test_partitions_are_those_of_usable_rows_and_stay(shop, read):
    write(shop, row("1", "T-Shirt"), row("2", "T Shirt"), row("3", "Gone", image="images/9.jpg"))
    table = read(shop, known_partitions={"T Shirt": "t-shirt", "Earlier": "earlier"})
    assert table["partition"].to_list()[1:] == ["t-shirt", None]
    assert table["partition"][0] not in ("t-shirt", "earlier", None)


def test_more_products_change_no_full_shard(shop, read):
    write(shop, row("b"), row("c", image="images/9.jpg"), row("d"), row("e"))
    first = read(shop, shard_size=2)
    known = dict(first.select("product_id", "shard").drop_nulls().iter_rows())
    assert known == {"b": "shard-0000", "d": "shard-0000", "e": "shard-0001"}
    write(shop, row("a"), row("e"), row("b"), row("c"), row("d"))
    second = read(shop, shard_size=2, known_shards=known | {"gone": "shard-0001"})
    assert dict(second.select("product_id", "shard").iter_rows()) == {
        **known,
        "a": "shard-0001",
        "c": "shard-0002",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"keep": ["phash"]}, "'phash' is a column of the products table", id="of the table"),
        pytest.param({"keep": ["image"]}, "'image' is a column of the products dataset", id="of the dataset"),
        pytest.param({"columns": {"image": None}}, "set one of them, the other to null", id="no picture"),
        pytest.param(
            {"columns": {"image_path": "{id}"}}, "set one of them, the other to null", id="two pictures"
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        ProductSettings.model_validate(given)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"))


@given(st.lists(st.tuples(texts, texts)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_whatever_is_written_as_csv_is_read_trimmed(shop, read, values):
    write(shop, *(row(f"{place}", category=a, text=b) for place, (a, b) in enumerate(values)))
    table = read(shop)
    # As polars trims: the white space of Unicode, of which the information separators are none.
    trimmed = pl.DataFrame(values, schema={"a": pl.String, "b": pl.String}, orient="row").select(
        pl.all().str.strip_chars().replace("", None)
    )
    assert table.select("category", "text").rows() == trimmed.rows()


def test_the_same_source_gives_the_same_table_whatever_was_known_of_hashes(shop, read):
    rows = [row(str(place), image=f"images/{place % 4}.jpg") for place in range(50)]
    random.Random(1).shuffle(rows)
    write(shop, *rows)
    assert read(shop).equals(read(shop))


def test_a_real_catalog_is_read_with_identical_pictures_under_different_ids(test_data, read):
    root = test_data("fashion-attributes") / "products"
    table = read(root, **FASHION)
    assert table.height == 360
    assert table["reason"].null_count() == 360
    assert table["text"].null_count() == 0
    assert table["category"].value_counts()["count"].to_list() == [24] * 15
    assert table["content_hash"].n_unique() < 360
    assert table["picture"][0] == "images/1591.jpg"
    assert table.select("width", "height").unique().rows() == [(60, 80)]
    assert table["baseColour"][0] == "Red"


def test_real_photos_are_found_by_name_in_the_folders_of_their_splits(test_data, read):
    columns = {"product_id": "image", "category": "label", "text": None}
    table = read(
        test_data("clothing-explicit-split"),
        source={"type": "csv", "file": "images.csv"},
        columns=columns,
        find_pictures="name",
    )
    assert table.height == 160
    assert table["reason"].null_count() == 160
    assert set(table["picture"].str.split("/").list.first()) == {"train", "test"}
    assert table["category"].n_unique() == 10
