"""Sources of products: CSV, Parquet and saved datasets, every value as text."""

import json
import re
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEADER = "item_ID,image,category2,text\n"
PARQUET = {"source": {"type": "parquet"}}
SAVED = {"source": {"type": "huggingface"}}


def csv(root, content, name="products.csv"):
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def parquet(root, columns, name="products.parquet"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), root / name)


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        pytest.param(HEADER + "007,images/1.jpg,a,x\n", ["x"], id="plain"),
        pytest.param("\ufeff" + HEADER + "007,images/1.jpg,a,x\n", ["x"], id="byte order mark"),
        pytest.param((HEADER + "007,images/1.jpg,a,x").replace("\n", "\r\n"), ["x"], id="CRLF, no last one"),
        pytest.param(HEADER + '007,images/1.jpg,a,"x, ""y"""\n', ['x, "y"'], id="separator and quote"),
        pytest.param(HEADER + '007,images/1.jpg,a,"x\r\ny"\n', ["x\r\ny"], id="a line break in a value"),
        pytest.param(HEADER + '007,images/1.jpg,a,5" x\n', ['5" x'], id="a quote within an unquoted value"),
        pytest.param(HEADER + "\n007, images/1.jpg ,a,  ü \n\n\n", ["ü"], id="blanks and empty lines"),
        pytest.param(
            "\n\n" + HEADER + "007,images/1.jpg,a,NA\n", ["NA"], id="a word that others read as null"
        ),
        pytest.param(HEADER + "007,images/1.jpg,a,\n", [None], id="no text"),
        pytest.param(HEADER, [], id="a header only"),
        pytest.param(HEADER.strip(), [], id="a header without a line end"),
    ],
)
def test_a_csv_file_is_read_as_it_is_written(shop, read, content, texts):
    csv(shop, content)
    table = read(shop)
    assert table["text"].to_list() == texts
    assert table["product_id"].to_list() == ["007"] * len(texts)
    assert table["picture"].to_list() == ["images/1.jpg"] * len(texts)
    assert table["reason"].null_count() == len(texts)


def test_another_separator_is_set(shop, read):
    csv(shop, HEADER.replace(",", "\t") + "1\timages/1.jpg\ta\tx, y\n", "shop.tsv")
    table = read(shop, source={"type": "csv", "file": "shop.tsv", "separator": "\t"})
    assert table.select("product_id", "text").rows() == [("1", "x, y")]


def test_a_line_with_other_fields_is_a_row_with_a_reason_and_stops_no_other(shop, read):
    csv(
        shop,
        HEADER
        + "1,images/1.jpg,a,x\n\n2,images/2.jpg,a,x, y\n3,images/3.jpg\n4,images/2.jpg,a,z\n"
        + '5,images/3.jpg,"a,z\n6,images/3.jpg,a,z\n',
    )
    table = read(shop)
    assert table.select("row", "product_id", "reason").rows() == [
        (0, "1", None),
        (1, None, "5 fields, the header has 4: quote values that hold the separator"),
        (2, None, "2 fields, the header has 4: quote values that hold the separator"),
        (3, "4", None),
        (4, None, "3 fields over 2 lines, the header has 4: is a quote not closed?"),
    ]


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        pytest.param(
            b"", {}, "source.file: products.csv is empty: its first line has to name the columns", id="empty"
        ),
        pytest.param(
            HEADER.encode() + b"1,images/1.jpg,a,x\n2,images/1.jpg,a,caf\xe9\n",
            {},
            "source.file: products.csv is no UTF-8: line 3 holds the byte 0xe9: save it as UTF-8",
            id="Latin-1",
        ),
        pytest.param(
            HEADER.encode("utf-16"), {}, "source.file: products.csv is UTF-16: save it as UTF-8", id="UTF-16"
        ),
        pytest.param(
            b"id,image,text\n",
            {},
            "source.file: products.csv has no column 'item_ID', which columns.product_id names: "
            "its columns are 'id', 'image', 'text'",
            id="a column that is not there",
        ),
        pytest.param(
            b"item_ID,image,category2,text,item_ID\n",
            {},
            "source.file: products.csv has 2 columns 'item_ID', which columns.product_id names: "
            "rename all but one",
            id="a column that is there twice",
        ),
        pytest.param(
            HEADER.encode(),
            {"keep": ["colour"]},
            "source.file: products.csv has no column 'colour', which keep[0] names: "
            "its columns are 'item_ID', 'image', 'category2', 'text'",
            id="a kept column that is not there",
        ),
        pytest.param(
            HEADER.encode(),
            {"columns": {"image": None, "image_path": "images/{id}.jpg"}},
            "source.file: products.csv has no column 'id', which columns.image_path {id} names: "
            "its columns are 'item_ID', 'image', 'category2', 'text'",
            id="a placeholder that is no column",
        ),
        pytest.param(
            HEADER.encode(),
            {"columns": {"image": None, "image_path": "images/{id.jpg"}},
            "columns.image_path: 'images/{id.jpg' needs one or more columns in braces, e.g. images/{id}.jpg",
            id="a template with one brace",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "csv", "separator": '"'}},
            "source.separator: '\"' separates no fields: use , or ; or a tab",
            id="a separator that cannot be one",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "csv", "file": "images"}},
            "source.file: images is a folder: name a CSV file, or set source.type",
            id="a folder",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "csv", "file": "shop.csv"}},
            "source.file: there is no shop.csv in ROOT",
            id="a file that is not there",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "csv", "file": "../products.csv"}},
            "source.file: ../products.csv leaves the root ROOT: name a file or folder in it",
            id="a file outside root",
        ),
        pytest.param(
            HEADER.encode(),
            PARQUET,
            "source.file: there is no products.parquet in ROOT",
            id="no Parquet file",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "parquet", "file": "images"}},
            "source.file: the folder images holds no file *.parquet",
            id="a folder without Parquet files",
        ),
        pytest.param(
            HEADER.encode(),
            {"source": {"type": "huggingface", "folder": "products.csv"}},
            "source.folder: products.csv is a file: "
            "name the folder that save_to_disk wrote, or set source.type",
            id="a file for a saved dataset",
        ),
    ],
)
def test_a_source_that_is_not_what_the_settings_say_is_refused(shop, read, content, settings, message):
    csv(shop, content)
    with pytest.raises(ValueError, match=f"^{re.escape(message.replace('ROOT', str(shop)))}$"):
        read(shop, **settings)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(PARQUET, "source.file: products.parquet is no Parquet file: ", id="parquet"),
        pytest.param(SAVED, "source.folder: . is no dataset that save_to_disk wrote: ", id="huggingface"),
    ],
)
def test_what_is_no_file_of_its_kind_is_refused_by_name(shop, read, source, message):
    (shop / "products.parquet").write_text("nothing of the kind")
    with pytest.raises(ValueError, match=re.escape(message)):
        read(shop, **source)


def test_a_missing_root_and_a_file_for_one_are_refused(tmp_path, read):
    with pytest.raises(ValueError, match=r"root: .*nowhere does not exist: set it to the folder that holds"):
        read(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"root: .*file is a file: set it to the folder that holds"):
        read(tmp_path / "file")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        pytest.param(pa.array([7, None]), ["7", None], id="integers"),
        pytest.param(pa.array([7.0, None]), ["7", None], id="integers as floats, as others are missing"),
        pytest.param(pa.array([7.25, float("nan")]), ["7.25", None], id="floats"),
        pytest.param(pa.array([2.0**60, float("inf")]), ["1.152921504606847e+18", "inf"], id="large floats"),
        pytest.param(
            pa.array([2**63 + 1, 0], pa.uint64()), ["9223372036854775809", "0"], id="large integers"
        ),
        pytest.param(pa.array(["007", "  "]), ["007", None], id="text"),
        pytest.param(pa.array(["b", " a "]).dictionary_encode(), ["b", "a"], id="a dictionary"),
        pytest.param(pa.array([b"ab", None]), ["ab", None], id="text as bytes"),
        pytest.param(pa.array([True, None]), ["true", None], id="truth"),
        pytest.param(pa.array([date(2020, 2, 1), None]), ["2020-02-01", None], id="dates"),
        pytest.param(pa.nulls(2), [None, None], id="nothing"),
    ],
)
def test_values_of_every_type_become_text(shop, read, values, texts):
    named = {"item_ID": ["a", "b"], "image": ["images/1.jpg"] * 2, "category2": ["c"] * 2}
    parquet(shop, {**named, "text": values})
    assert read(shop, **PARQUET)["text"].to_list() == texts


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            [["a"]], "column 'text' holds List(String), which is no text: map another one", id="lists"
        ),
        pytest.param([b"\xff"], "column 'text' (Binary) is no text: invalid utf8", id="bytes"),
    ],
)
def test_what_is_no_text_is_refused(shop, read, values, message):
    parquet(shop, {"item_ID": ["a"], "image": ["images/1.jpg"], "category2": ["c"], "text": values})
    with pytest.raises(ValueError, match=f"^{re.escape(f'source.file: products.parquet: {message}')}$"):
        read(shop, **PARQUET)


def test_a_folder_of_parquet_files_is_read_in_the_order_of_their_paths(shop, read):
    for name, ids in {"b.parquet": ["3"], "a/2.parquet": [2, 9], "a/1.parquet": [1.0]}.items():
        columns = {"image": ["images/1.jpg"] * len(ids), "category2": ["c"] * len(ids), "text": ids}
        parquet(shop / "tables", {"item_ID": ids, **columns}, name)
    table = read(shop, source={"type": "parquet", "file": "tables"})
    assert table["product_id"].to_list() == ["1", "2", "9", "3"]
    parquet(shop / "tables", {"item_ID": ["1"]}, "c.parquet")
    with pytest.raises(ValueError, match=r"source.file: tables/c.parquet has no column 'category2'"):
        read(shop, source={"type": "parquet", "file": "tables"})


def test_a_parquet_file_that_links_out_of_root_is_not_opened(shop, read):
    parquet(shop.parent, {"item_ID": ["1"]}, "secret.parquet")
    (shop / "tables").mkdir()
    (shop / "tables/a.parquet").symlink_to(shop.parent / "secret.parquet")
    with pytest.raises(
        ValueError, match=r"source.file: tables/a.parquet is a link that leaves the root: remove it"
    ):
        read(shop, source={"type": "parquet", "file": "tables"})


def saved(folder, make_photo, **splits):
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value

    features = Features(item_ID=Value("int64"), image=Image(), category2=ClassLabel(names=["hat", "shoe"]))
    made = {
        name: Dataset.from_dict(
            {
                "item_ID": ids,
                "image": [{"bytes": make_photo(number), "path": None} for number in ids],
                "category2": [number % 2 for number in ids],
            },
            features,
        )
        for name, ids in splits.items()
    }
    (DatasetDict(made) if len(made) > 1 else made["all"]).save_to_disk(folder)


@pytest.mark.parametrize(
    "splits", [{"all": [1, 2, 3]}, {"train": [1], "another": [2, 3]}], ids=["one", "some"]
)
def test_a_saved_dataset_is_read_split_after_split_with_the_names_of_its_classes(
    shop, read, make_photo, splits
):
    saved(shop / "hf", make_photo, **splits)
    table = read(shop, source={"type": "huggingface", "folder": "hf"}, columns={"text": None})
    assert table.select("product_id", "category", "text", "embedded").rows() == [
        ("1", "shoe", None, True),
        ("2", "hat", None, True),
        ("3", "shoe", None, True),
    ]
    assert table["reason"].null_count() == 3


def test_class_names_are_kept_in_parquet_too(shop, read, make_photo):
    from datasets import load_from_disk

    saved(shop / "hf", make_photo, all=[1, 2])
    load_from_disk(shop / "hf").to_parquet(shop / "products.parquet")
    table = read(shop, **PARQUET, columns={"text": None})
    assert table.select("category", "embedded").rows() == [("shoe", True), ("hat", True)]


def test_a_saved_dataset_whose_files_leave_root_is_not_opened(shop, read, make_photo):
    saved(shop.parent / "outside", make_photo, all=[1])
    saved(shop / "hf", make_photo, all=[2])
    state = json.loads((shop / "hf/state.json").read_text())
    state["_data_files"] = [{"filename": "../../outside/data-00000-of-00001.arrow"}]
    (shop / "hf/state.json").write_text(json.dumps(state))
    with pytest.raises(ValueError, match=r"its file ../../outside/data-00000-of-00001.arrow leaves the root"):
        read(shop, source={"type": "huggingface", "folder": "hf"}, columns={"text": None})
    (shop / "hf/dataset_dict.json").write_text('{"splits": ["../../outside"]}')
    with pytest.raises(ValueError, match=r"its split outside leaves the root"):
        read(shop, source={"type": "huggingface", "folder": "hf"}, columns={"text": None})
