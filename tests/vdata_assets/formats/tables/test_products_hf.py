"""Products as a Hugging Face dataset: what a trainer loads is what was read, to the byte."""

import re
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.formats.tables.products_hf import audit_products_dataset, write_products_dataset
from vdata_assets.products.checks import PRODUCTS_DATASET_LOADS
from vdata_assets.products.read import read_products
from vdata_assets.products.settings import ProductSettings
from vdata_assets.quality.findings import Status

SAME = [
    "product_id",
    "category",
    "partition",
    "text",
    "content_hash",
    "phash",
    "width",
    "height",
    "shard",
    "colour",
]


def read(root, folder, **settings):
    return read_products(
        root,
        ProductSettings.model_validate({"keep": ["colour"], **settings}),
        folder,
        known_partitions={},
        known_shards={},
        hashes=folder / "hashes.sqlite",
        log=lambda line: None,
    )


@pytest.fixture
def products(tmp_path):
    """Forty usable products and two that are not, and where their pictures are."""
    root = tmp_path / "shop"
    root.mkdir()
    lines = ["item_ID,image,category2,text,colour"]
    for number in range(42):
        pixels = np.random.default_rng(number % 30).integers(0, 255, (8, 12, 4), dtype=np.uint8)
        file = BytesIO()
        # Transparent ones too: their bytes stay their own.
        Image.fromarray(pixels[:, :, : 3 + number % 2]).save(file, "PNG")
        (root / f"{number}.png").write_bytes(file.getvalue())
        lines.append(f"{number:03d},{number}.png,{['a', '', 'ü'][number % 3]},text {number},")
    lines[6] = lines[6].replace("5.png", "gone.png").replace("text 5", "")
    lines[8] = lines[7]
    (root / "products.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return read(root, tmp_path), lambda embedded, picture: root / picture


@pytest.fixture
def splits(products):
    table, _ = products
    names = ["test", "train", "validation", "else"]
    ids = table["product_id"].unique(maintain_order=True)
    return pl.DataFrame({"product_id": ids, "split": [names[place % 4] for place in range(len(ids))]})


def loaded(folder):
    from datasets import Image as ImageFeature
    from datasets import load_from_disk

    dataset = load_from_disk(folder)
    return dataset.cast_column("image", ImageFeature(decode=False))


def test_a_dataset_holds_every_usable_product_with_its_pictures_own_bytes(products, tmp_path):
    table, pictures = products
    write_products_dataset(table, pictures, tmp_path / "hf")
    usable = table.filter(pl.col("reason").is_null())
    assert usable.height == 40
    dataset = loaded(tmp_path / "hf")
    assert list(dataset) == ["all"]
    rows = dataset["all"]
    assert rows.column_names == ["item_ID", "image", "text", "category2", "colour"]
    assert rows["item_ID"][:] == usable["product_id"].to_list()
    assert rows["text"][:] == usable["text"].to_list()
    assert rows["category2"][:] == usable["category"].to_list()
    assert rows["colour"][:] == [None] * 40
    for image, picture in zip(rows["image"], usable["picture"], strict=True):
        assert image == {"bytes": pictures(False, picture).read_bytes(), "path": picture}
    finding = audit_products_dataset(table, pictures, tmp_path / "hf")
    assert (finding.status, finding.message) == (Status.PASSED, "0 problems in a dataset of 40 products")


def test_a_dataset_is_divided_by_the_splits_in_the_products_order(products, splits, tmp_path):
    table, pictures = products
    write_products_dataset(table, pictures, tmp_path / "hf", splits)
    dataset = loaded(tmp_path / "hf")
    assert list(dataset) == ["train", "validation", "test", "else"]
    split_of = dict(splits.iter_rows())
    usable = table.filter(pl.col("reason").is_null())["product_id"]
    for name, rows in dataset.items():
        assert rows["item_ID"][:] == [product for product in usable if split_of[product] == name]
    assert audit_products_dataset(table, pictures, tmp_path / "hf", splits).status is Status.PASSED
    assert audit_products_dataset(table, pictures, tmp_path / "hf").offenders == (
        "is not a DatasetDict with the splits all",
    )


def test_the_same_products_give_the_same_bytes_whatever_the_number_of_threads(products, splits, tmp_path):
    table, pictures = products
    for name, workers in (("a", 1), ("b", 4)):
        write_products_dataset(table, pictures, tmp_path / name, splits, workers=workers)
    files = [file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*") if file.is_file()]
    assert len(files) == 1 + 3 * 4
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_written_dataset_is_a_source_of_the_same_products(products, splits, tmp_path):
    table, pictures = products
    usable = table.filter(pl.col("reason").is_null())
    write_products_dataset(table, pictures, tmp_path / "hf")
    again = read(tmp_path / "hf", tmp_path / "out", source={"type": "huggingface"})
    assert again.select(SAME).equals(usable.select(SAME))
    assert again["embedded"].all()
    second = tmp_path / "second"
    write_products_dataset(again, lambda embedded, picture: tmp_path / "out" / picture, second, splits)
    third = read(second, tmp_path / "out", source={"type": "huggingface"})
    assert third.sort("product_id").select(SAME).equals(usable.sort("product_id").select(SAME))


def test_a_real_catalog_survives_the_dataset(test_data, tmp_path):
    root = test_data("fashion-attributes") / "products"
    columns = {
        "product_id": "id",
        "image": None,
        "image_path": "images/{id}.jpg",
        "category": "articleType",
        "text": "productDisplayName",
    }
    source = {"type": "csv", "file": "styles.csv"}
    table = read(root, tmp_path, source=source, columns=columns, keep=["baseColour"])
    table = table.rename({"baseColour": "colour"})
    write_products_dataset(table, lambda embedded, picture: root / picture, tmp_path / "hf")
    again = read(tmp_path, tmp_path / "out", source={"type": "huggingface", "folder": "hf"})
    assert again.select(SAME).equals(table.select(SAME))


def test_no_product_gives_an_empty_dataset(products, tmp_path):
    table, pictures = products
    write_products_dataset(table.clear(), pictures, tmp_path / "hf")
    assert loaded(tmp_path / "hf")["all"].num_rows == 0
    assert audit_products_dataset(table.clear(), pictures, tmp_path / "hf").status is Status.PASSED


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        pytest.param(
            lambda table: table.with_columns(text=pl.lit("other")),
            [f"all[{row}].text is not that of product {row:03d}" for row in range(5)],
            id="texts",
        ),
        pytest.param(
            lambda table: table.with_columns(category=pl.col("category").fill_null("b")),
            [
                f"all[{row}].category2 is not that of product {product}"
                for row, product in [(1, "001"), (4, "004")]
            ],
            id="categories",
        ),
        pytest.param(
            lambda table: table.with_columns(colour=pl.lit("red")),
            ["all[0].colour is not that of product 000"],
            id="kept columns",
        ),
        pytest.param(
            lambda table: table.with_columns(content_hash=pl.lit("0" * 32)),
            ["all[0].image is not that of product 000"],
            id="pictures",
        ),
        pytest.param(
            lambda table: table.with_columns(picture=pl.lit("0.png")),
            ["all[1].image is not that of product 001"],
            id="files",
        ),
        pytest.param(lambda table: table[:-1], ["all: 40 rows, expected 39"], id="rows"),
        pytest.param(
            lambda table: table.reverse(), ["all[0].category2 is not that of product 041"], id="order"
        ),
    ],
)
def test_every_difference_from_the_products_is_a_problem(products, tmp_path, change, problems):
    table, pictures = products
    write_products_dataset(table, pictures, tmp_path / "hf")
    finding = audit_products_dataset(change(table), pictures, tmp_path / "hf")
    assert (finding.name, finding.status) == (PRODUCTS_DATASET_LOADS.name, Status.FAILED)
    assert list(finding.offenders[: len(problems)]) == problems


def test_what_is_no_such_dataset_is_a_problem(products, tmp_path):
    table, pictures = products
    [missing] = audit_products_dataset(table, pictures, tmp_path / "nowhere").offenders
    assert missing.startswith("does not load: ")
    write_products_dataset(table, pictures, tmp_path / "hf")
    [columns] = audit_products_dataset(table.drop("colour"), pictures, tmp_path / "hf").offenders
    assert columns.startswith("all: columns are ")


@pytest.mark.parametrize(
    ("change", "split", "message"),
    [
        pytest.param(
            lambda table, root: (root / "3.png").unlink(),
            None,
            "product '003': ROOT/3.png cannot be read (No such file or directory): read the products again",
            id="a file that is gone",
        ),
        pytest.param(
            lambda table, root: (root / "3.png").write_bytes(b"other"),
            None,
            "product '003': ROOT/3.png has changed since the products were read: read them again",
            id="a file that has changed",
        ),
        pytest.param(
            lambda table, root: table.rename({"colour": "category2"}),
            None,
            "keep: the dataset has a column 'category2' of its own: rename that of the source",
            id="a kept column of the dataset's own name",
        ),
        pytest.param(
            lambda table, root: None,
            None,
            "splits: 40 products have no split, the first is '000'",
            id="no split",
        ),
        pytest.param(
            lambda table, root: None,
            "../x",
            "splits: '../x' cannot name a split: use letters, digits, _ and dots",
            id="a split that cannot be one",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(products, tmp_path, change, split, message):
    table, pictures = products
    changed = change(table, tmp_path / "shop")
    changed = changed if isinstance(changed, pl.DataFrame) else table
    splits = table.select("product_id", split=pl.lit(split, pl.String)).unique("product_id")
    given = splits if "split" in message else None
    with pytest.raises(ValueError, match=f"^{re.escape(message.replace('ROOT', str(tmp_path / 'shop')))}$"):
        write_products_dataset(changed, pictures, tmp_path / "hf", given)
