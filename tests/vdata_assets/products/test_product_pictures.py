"""Pictures of products: where they are, what they are, and what is never opened."""

import builtins
import os

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.products.pictures import located
from vdata_resources.perceptual_hash import perceptual_hash_of

HELD = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def products(root, read, images, **settings):
    """Products read from a Parquet file with these images."""
    table = {"item_ID": [str(row) for row in range(len(images))], "image": images}
    pq.write_table(pa.table({**table, "category2": pa.nulls(len(images))}), root / "products.parquet")
    columns = {"text": None} | settings.pop("columns", {})
    return read(root, source={"type": "parquet"}, columns=columns, **settings)


@pytest.mark.parametrize(
    ("path", "picture", "reason"),
    [
        pytest.param("images/1.jpg", "images/1.jpg", None, id="a file"),
        pytest.param("./images//1.jpg", "images/1.jpg", None, id="more than is needed"),
        pytest.param("linked.jpg", "linked.jpg", None, id="a link within root"),
        pytest.param("folder/1.jpg", "folder/1.jpg", None, id="a file in a folder linked within root"),
        pytest.param(None, None, "no picture: columns.image is empty", id="no path"),
        pytest.param("images/9.jpg", None, "there is no file 'images/9.jpg' under the root", id="no file"),
        pytest.param("images", None, "'images' is no regular file", id="a folder"),
        pytest.param(".", None, "'.' is no regular file", id="the root"),
        pytest.param(
            "images/1.jpg/x", None, "there is no file 'images/1.jpg/x' under the root", id="below a file"
        ),
        pytest.param("pipe.jpg", None, "'pipe.jpg' is no regular file", id="a pipe"),
        pytest.param(
            "nowhere.jpg", None, "there is no file 'nowhere.jpg' under the root", id="a dangling link"
        ),
        pytest.param(
            "x" * 300, None, f"the file {'x' * 120 + '...'!r} cannot be read: File name too long", id="long"
        ),
        pytest.param(
            "/etc/passwd",
            None,
            "the picture's path '/etc/passwd' is absolute: write it relative to the root",
            id="absolute",
        ),
        pytest.param(
            "images/../../secret.jpg",
            None,
            "the picture's path 'images/../../secret.jpg' has ..: write it relative to the root",
            id="upwards",
        ),
        pytest.param(
            "images\\1.jpg",
            None,
            "the picture's path 'images\\\\1.jpg' has a backslash: write /",
            id="backslash",
        ),
        pytest.param(
            "images/1.jpg\0.png", None, "the picture's path 'images/1.jpg\\x00.png' has a NUL", id="a NUL"
        ),
        pytest.param(
            "secret.jpg",
            None,
            "the picture 'secret.jpg' is a link that leaves the root",
            id="a link out of root",
        ),
        pytest.param(
            "out/secret.jpg",
            None,
            "the picture's path 'out/secret.jpg' leaves the root by a link",
            id="a file in a folder linked out of root",
        ),
        pytest.param(
            "text.jpg",
            "text.jpg",
            "not an image in a known format (starts with 6e 6f 20 69 6d 61 67 65)",
            id="no image",
        ),
        pytest.param("empty.jpg", "empty.jpg", "the file is empty", id="an empty file"),
    ],
)
def test_a_path_is_taken_within_root_or_has_a_reason(
    shop, read, make_photo, monkeypatch, path, picture, reason
):
    (shop.parent / "secret.jpg").write_bytes(make_photo(7))
    (shop / "secret.jpg").symlink_to(shop.parent / "secret.jpg")
    (shop / "out").symlink_to(shop.parent)
    (shop / "linked.jpg").symlink_to("images/1.jpg")
    (shop / "folder").symlink_to("images")
    (shop / "nowhere.jpg").symlink_to("images/9.jpg")
    (shop / "text.jpg").write_text("no image")
    (shop / "empty.jpg").touch()
    os.mkfifo(shop / "pipe.jpg")
    opened, plain = [], builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda file, *args, **more: opened.append(file) or plain(file, *args, **more)
    )
    table = products(shop, read, pa.array([path], pa.string()))
    assert table.select("picture", "reason", "embedded").rows() == [(picture, reason, False)]
    outside = ["secret", "passwd", "pipe"]
    assert not [file for file in opened if any(name in str(file) for name in outside)]


@given(st.lists(st.text(st.sampled_from("ab./\\~\0é")), unique=True))
def test_no_path_leads_out_of_root(tmp_path_factory, paths):
    root = tmp_path_factory.mktemp("root")
    for name in ("a", "b"):
        (root / name).touch()
    table = located(root, paths, "path")
    assert table["path"].to_list() == paths
    assert table.filter(pl.col("picture").is_null() == pl.col("reason").is_null()).is_empty()
    for picture in table["picture"].drop_nulls():
        assert (root / picture).resolve().is_relative_to(root.resolve())
        assert (root / picture).is_file()


@pytest.mark.parametrize(
    ("name", "picture", "reason"),
    [
        pytest.param("1.jpg", "images/1.jpg", None, id="a file's name"),
        pytest.param("1", "images/1.jpg", None, id="a stem"),
        pytest.param("elsewhere/1.jpg", "images/1.jpg", None, id="the last part of a path"),
        pytest.param("v1.2", "deep/er/v1.2.png", None, id="a stem with dots"),
        pytest.param("4", None, "2 files named '4' under the root: one is needed", id="a stem twice"),
        pytest.param("4.png", "images/4.png", None, id="a stem twice, a name once"),
        pytest.param(
            "5.jpg", None, "3 files named '5.jpg' under the root: one is needed", id="a name thrice"
        ),
        pytest.param("9", None, "no files named '9' under the root: one is needed", id="no file"),
        pytest.param(
            "products", None, "no files named 'products' under the root: one is needed", id="no image"
        ),
        pytest.param("8", None, "the picture '8.jpg': a link that leaves the root", id="a link out of root"),
        pytest.param(
            "../1.jpg",
            None,
            "the picture's path '../1.jpg' has ..: write it relative to the root",
            id="a path upwards",
        ),
    ],
)
def test_a_name_is_found_wherever_it_is_if_it_is_there_once(shop, read, make_photo, name, picture, reason):
    for path in ("deep/er/v1.2.png", "images/4.png", "4.jpg", "images/5.jpg", "5.jpg", "deep/5.jpg"):
        (shop / path).parent.mkdir(parents=True, exist_ok=True)
        (shop / path).write_bytes(make_photo(1))
    (shop.parent / "secret.jpg").write_bytes(make_photo(7))
    (shop / "8.jpg").symlink_to(shop.parent / "secret.jpg")
    table = products(shop, read, [name], find_pictures="name")
    assert table.select("picture", "reason").rows() == [(picture, reason)]


def test_a_number_can_name_a_picture(shop, read):
    table = products(shop, read, [1, 3], find_pictures="name")
    assert table["picture"].to_list() == ["images/1.jpg", "images/3.jpg"]


@pytest.mark.parametrize(
    ("template", "pictures", "reasons"),
    [
        pytest.param("images/{image}.jpg", ["images/1.jpg", None], [None, None], id="one column"),
        pytest.param("{folder}/{image}.{ending}", ["images/1.jpg", None], [None, None], id="several"),
        pytest.param(
            "{ending}{folder}", [None, None], ["there is no file 'jpgimages' under the root"] * 2, id="wrong"
        ),
    ],
)
def test_a_template_is_filled_with_every_rows_values(shop, read, template, pictures, reasons):
    columns = {"item_ID": ["a", "b"], "image": [1, None], "folder": ["images"] * 2, "ending": ["jpg"] * 2}
    pq.write_table(pa.table({**columns, "category2": ["c"] * 2}), shop / "products.parquet")
    mapped = {"text": None, "image": None, "image_path": template}
    table = read(shop, source={"type": "parquet"}, columns=mapped)
    assert table["picture"].to_list() == pictures
    if "{image}" in template:
        reasons = [None, "no picture: columns.image_path is empty"]
    assert table["reason"].to_list() == reasons


@pytest.mark.parametrize(
    "kind", [HELD, pa.binary(), pa.large_binary()], ids=["struct", "bytes", "large bytes"]
)
def test_pictures_that_the_source_holds_are_written_once_a_content(shop, read, make_photo, tmp_path, kind):
    data = [make_photo(1), make_photo(2, "PNG"), make_photo(1), None, b"no image", make_photo(3)[:500]]
    held = [{"bytes": some, "path": None} for some in data] if kind == HELD else data
    table = products(shop, read, pa.array(held, kind))
    names = [xxhash.xxh3_128_hexdigest(some) for some in (data[0], data[1], data[5])]
    first, second, cut = (f"pictures/{name[:2]}/{name}" for name in names)
    assert table["embedded"].to_list() == [True, True, True, False, True, True]
    assert table["picture"].to_list()[:5] == [f"{first}.jpg", f"{second}.png", f"{first}.jpg", None, None]
    assert table["reason"].to_list()[:5] == [
        None,
        None,
        None,
        "no picture: columns.image is empty",
        "not an image in a known format (starts with 6e 6f 20 69 6d 61 67 65)",
    ]
    assert table["reason"][5] is not None
    assert table["phash"][0] == perceptual_hash_of(data[0])
    assert table.select("width", "height").rows()[0] == (32, 24)
    files = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*")}
    assert {f"{first}.jpg", f"{second}.png"} <= files <= {f"{first}.jpg", f"{second}.png", f"{cut}.jpg"}
    assert (tmp_path / "out" / table["picture"][0]).read_bytes() == data[0]


def test_where_the_bytes_are_missing_the_path_counts(shop, read, make_photo):
    held = [
        {"bytes": None, "path": "images/1.jpg"},
        {"bytes": make_photo(2), "path": "/home/somebody/2.jpg"},
        {"bytes": None, "path": "/etc/passwd"},
        None,
    ]
    table = products(shop, read, pa.array(held, HELD))
    assert table["embedded"].to_list() == [False, True, False, False]
    assert table["picture"][0] == "images/1.jpg"
    assert table["reason"].to_list() == [
        None,
        None,
        "the picture's path '/etc/passwd' is absolute: write it relative to the root",
        "no picture: columns.image is empty",
    ]


@pytest.mark.parametrize("held", [False, True], ids=["a file", "bytes"])
def test_a_picture_that_is_damaged_behind_its_header_has_a_reason(shop, read, make_photo, held):
    whole = make_photo(1, "PNG")
    middle = whole.index(b"IDAT") + 40
    damaged = whole[:middle] + bytes(60) + whole[middle + 60 :]
    (shop / "images/1.png").write_bytes(damaged)
    table = products(shop, read, [damaged if held else "images/1.png"])
    assert table["reason"].to_list() == ["the picture is damaged: it cannot be decoded"]
    assert table["phash"].to_list() == [None]


def test_the_same_file_under_two_ids_has_one_content(shop, read):
    table = products(shop, read, ["images/1.jpg", "images/1.jpg", "images/2.jpg"])
    assert table["content_hash"].n_unique() == 2
    assert table["reason"].null_count() == 3
