"""What is encoded, what is reused, and that neither changes the rows."""

import shutil

import numpy as np
import polars as pl
import pytest
import xxhash
from polars.testing import assert_frame_equal

from vdata_assets.embeddings.embed import TABLE, embed
from vdata_assets.embeddings.schema import Embeddings
from vdata_resources.encoders import DescriptorEncoder, EncoderUnavailable
from vdata_resources.images import load_rgb
from vdata_resources.perceptual_hash import perceptual_hash


class OtherEncoder(DescriptorEncoder):
    """The same vectors under another identity."""

    identity = "other"


class NarrowEncoder(DescriptorEncoder):
    """Vectors of another length."""

    identity = "narrow"
    dim = 7

    def describe(self, image):
        return np.eye(7, dtype=np.float32)[0]


class AbsentEncoder(DescriptorEncoder):
    """Cannot encode here."""

    def encode_images(self, *args):
        raise EncoderUnavailable("device: no GPU")


@pytest.fixture
def root(test_data, tmp_path):
    folder = tmp_path / "dataset"
    for photo in sorted(test_data("dreambooth-concepts").glob("household object/*/0[01].jpg")):
        target = folder / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, target)
    (folder / "can" / "copy.jpg").write_bytes((folder / "can" / "00.jpg").read_bytes())
    (folder / "can" / "bad.jpg").write_bytes(b"no image")
    return folder


def listed(root):
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    hashes = [xxhash.xxh3_128_hexdigest((root / path).read_bytes()) for path in paths]
    return pl.DataFrame({"image_id": [f"id of {p}" for p in paths], "path": paths, "content_hash": hashes})


@pytest.fixture
def published(root, tmp_path):
    """The table of a first call, as a file."""
    embed(listed(root), root, DescriptorEncoder()).table.write_parquet(tmp_path / TABLE)
    return tmp_path / TABLE


def test_every_image_has_a_row_in_the_images_order(root):
    images = listed(root)
    embedded = embed(images, root, DescriptorEncoder())
    table = embedded.table
    Embeddings.validate(table.drop("vector"))
    assert table.columns == ["image_id", "content_hash", "encoder", "phash", "reason", "vector"]
    assert table["image_id"].to_list() == images["image_id"].to_list()
    assert table.schema["vector"] == pl.Array(pl.Float32, DescriptorEncoder.dim)
    good = images["path"].to_list().index("vase/00.jpg")
    image = load_rgb(root / "vase" / "00.jpg", 128)
    assert table["phash"][good] == perceptual_hash(image)
    assert table["vector"].to_numpy()[good].tolist() == DescriptorEncoder().describe(image).tolist()
    assert (embedded.encoded, embedded.reused) == (9, 0)  # 4 concepts of 2, a copy, a bad one


def test_an_undecodable_image_keeps_its_reason_and_has_no_vector(root):
    table = embed(listed(root), root, DescriptorEncoder()).table
    (row,) = table.filter(pl.col("reason").is_not_null()).to_dicts()
    assert row["image_id"] == "id of can/bad.jpg"
    assert row["reason"] == "not an image in a known format (starts with 6e 6f 20 69 6d 61 67 65)"
    assert (row["vector"], row["phash"]) == (None, None)


def test_equal_contents_are_encoded_once_and_have_the_same_vector(root):
    embedded = embed(listed(root), root, DescriptorEncoder())
    rows = {row["image_id"]: row for row in embedded.table.to_dicts()}
    assert rows["id of can/copy.jpg"]["vector"] == rows["id of can/00.jpg"]["vector"]
    assert embedded.encoded == embedded.table.height - 1


def test_a_second_call_encodes_only_what_could_not_be_decoded(root, published):
    lines = []
    again = embed(listed(root), root, DescriptorEncoder(), published, log=lines.append)
    assert (again.encoded, again.reused) == (1, 8)
    assert lines[-1] == "embeddings: 1 images encoded, 8 reused"
    assert_frame_equal(again.table, pl.read_parquet(published))


def test_a_call_that_finds_everything_needs_no_encoding(root, published):
    (root / "can" / "bad.jpg").unlink()
    again = embed(listed(root), root, AbsentEncoder(), published)
    assert (again.encoded, again.reused) == (0, 8)


def test_an_added_a_changed_and_a_moved_image_leave_the_other_rows_alone(root, published):
    before = {row["image_id"]: row for row in pl.read_parquet(published).to_dicts()}
    shutil.copy(root / "vase" / "00.jpg", root / "vase" / "added.jpg")
    with (root / "can" / "01.jpg").open("ab") as file:
        file.write(b"changed")
    (root / "teapot" / "00.jpg").rename(root / "teapot" / "moved.jpg")
    again = embed(listed(root), root, DescriptorEncoder(), published)
    after = {row["image_id"]: row for row in again.table.to_dicts()}
    assert again.encoded == 2  # the changed one, and the bad one once more
    assert after["id of teapot/moved.jpg"]["vector"] == before["id of teapot/00.jpg"]["vector"]
    untouched = before.keys() & after.keys() - {"id of can/01.jpg"}
    assert len(untouched) == 8
    assert all(after[image_id] == before[image_id] for image_id in untouched)


@pytest.mark.parametrize("encoder", [OtherEncoder(), NarrowEncoder()], ids=["identity", "dimension"])
def test_nothing_of_another_encoder_is_reused(root, published, encoder):
    again = embed(listed(root), root, encoder, published)
    assert (again.encoded, again.reused) == (9, 0)
    assert again.table["encoder"].unique().to_list() == [encoder.identity]
    assert again.table.schema["vector"] == pl.Array(pl.Float32, encoder.dim)


@pytest.mark.parametrize("kept", [0, 1], ids=["no images", "only a bad one"])
def test_few_images_give_a_table_of_the_same_schema(root, published, kept):
    images = listed(root).filter(pl.col("path") == "can/bad.jpg").head(kept)
    table = embed(images, root, DescriptorEncoder()).table
    assert table.schema == pl.read_parquet_schema(published)
    assert table.height == kept


def test_files_are_byte_identical_for_any_workers_and_history(root, published, tmp_path):
    tables = [
        embed(listed(root), root, DescriptorEncoder(), workers=1).table,
        embed(listed(root), root, DescriptorEncoder(), workers=2).table,
        embed(listed(root), root, DescriptorEncoder(), published, workers=2).table,
    ]
    contents = set()
    for number, table in enumerate(tables):
        table.write_parquet(tmp_path / f"{number}.parquet")
        contents.add((tmp_path / f"{number}.parquet").read_bytes())
    assert contents == {published.read_bytes()}


@pytest.mark.parametrize("change", ["written", "gone"])
def test_a_file_that_changed_since_it_was_catalogued_gets_no_vector(root, change):
    images = listed(root)
    path = root / "vase" / "00.jpg"
    if change == "written":
        shutil.copy(root / "vase" / "01.jpg", path)
    else:
        path.unlink()
    rows = embed(images, root, DescriptorEncoder()).table.join(
        images.select("image_id", "path"), on="image_id"
    )
    (changed,) = rows.filter(pl.col("path") == "vase/00.jpg").iter_rows(named=True)
    assert changed["vector"] is None
    assert changed["reason"].startswith("the file is gone or was written since it was catalogued")
    assert rows["vector"].null_count() == 2  # this one and bad.jpg
