"""The arrays of a whole catalog: every product's row, what is missing, and files that do not lie."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.embeddings.catalog_vectors import audit_catalog, read_catalog, shard_encoders, write_catalog
from vdata_assets.embeddings.embed_products import embed_products
from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_resources.encoders import DescriptorEncoder, HashedTextEncoder

COLOURS = {"a": "red", "b": "green", "c": "blue", "d": "white"}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    for name, colour in COLOURS.items():
        Image.new("RGB", (24, 32), colour).save(root / f"{name}.png")
    return root


def products(*names: str, text: str | None = "a tee") -> pl.DataFrame:
    import xxhash

    return pl.DataFrame(
        {
            "product_id": names,
            "picture": [f"{name}.png" for name in names],
            "embedded": [False] * len(names),
            "category": ["Tees"] * len(names),
            "text": [text and f"{text} {name}{name}" for name in names],
            "content_hash": [xxhash.xxh3_128_hexdigest(name.encode()) for name in names],
            "phash": list(range(len(names))),
        },
        schema_overrides={"text": pl.String, "phash": pl.UInt64},
    )


def hashed(rows: pl.DataFrame, root: Path) -> pl.DataFrame:
    """With the hashes of the pictures' own bytes."""
    import xxhash

    hashes = [xxhash.xxh3_128_hexdigest((root / name).read_bytes()) for name in rows["picture"]]
    return rows.with_columns(content_hash=pl.Series(hashes))


@pytest.fixture
def shards(root, tmp_path):
    """Embeddings of a and c in one shard, of b and d in another."""

    def make(rows: pl.DataFrame, texts: HashedTextEncoder | None = None) -> list[Path]:
        folders = []
        for number, names in enumerate((["a", "c"], ["b", "d"])):
            folder = tmp_path / f"shard{number}"
            folder.mkdir()
            part = rows.filter(pl.col("product_id").is_in(names))
            encoders = DescriptorEncoder(), texts or HashedTextEncoder(16)
            made = embed_products(part, lambda embedded, picture: root / picture, encoders, None, folder)
            assert {finding.status.value for finding in made.findings} <= {"PASSED"}
            folders.append(folder)
        return folders

    return make


@pytest.fixture
def rows(root):
    return hashed(products("a", "b", "c", "d"), root)


def test_every_product_has_its_own_vectors_whatever_its_shard(tmp_path, root, rows, shards):
    folder = tmp_path / "catalog"
    meta = write_catalog(rows, shards(rows), folder)
    assert meta["product_id"].to_list() == ["a", "b", "c", "d"]
    images, texts = np.load(folder / "catalog_img.npy"), np.load(folder / "catalog_txt.npy")
    assert images.dtype == texts.dtype == np.float32
    alone = embed_products(
        rows,
        lambda embedded, picture: root / picture,
        (DescriptorEncoder(), HashedTextEncoder(16)),
        None,
        tmp_path,
    )
    np.testing.assert_array_equal(images, alone.images["vector"].to_numpy())
    np.testing.assert_array_equal(texts, alone.texts["text_vector"].to_numpy())


def test_the_manifest_states_models_lengths_counts_and_checksums(tmp_path, rows, shards):
    import hashlib

    write_catalog(rows, shards(rows), tmp_path / "catalog")
    manifest = json.loads((tmp_path / "catalog/manifest.json").read_text())
    assert manifest["model"] == {
        "image": DescriptorEncoder().identity,
        "text": HashedTextEncoder(16).identity,
    }
    assert manifest["dims"] == {"image": DescriptorEncoder().dim, "text": 16}
    assert manifest["counts"] == {"products": 4, "with_text": 4}
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / "catalog" / name).read_bytes()).hexdigest() == digest


def test_a_product_without_text_has_zeros_and_says_so(tmp_path, root, shards):
    rows = hashed(products("a", "b", "c", "d", text=None), root)
    meta = write_catalog(rows, shards(rows), tmp_path / "catalog")
    assert meta["has_text"].to_list() == [False] * 4
    assert not np.load(tmp_path / "catalog/catalog_txt.npy").any()
    assert [f.status.value for f in audit_catalog(tmp_path / "catalog", {}, {}, 2)] == ["PASSED"] * 3


def test_products_of_an_unpublished_shard_are_left_out_and_the_shard_is_named(tmp_path, rows, shards):
    meta = write_catalog(rows, shards(rows)[:1], tmp_path / "catalog")
    assert meta["product_id"].to_list() == ["a", "c"]
    missing, one, sound = audit_catalog(
        tmp_path / "catalog", {"shard-0001": "never materialized"}, {"shard-0002": "x and y"}, 3
    )
    assert (missing.status.value, missing.offenders) == ("WARNING", ("shard-0001: never materialized",))
    assert (one.status.value, one.offenders) == ("FAILED", ("shard-0002: x and y",))
    assert sound.status.value == "PASSED"


def changed_array(folder: Path) -> None:
    array = np.load(folder / "catalog_img.npy")
    array[2] *= 3
    np.save(folder / "catalog_img.npy", array)


def shorter_array(folder: Path) -> None:
    np.save(folder / "catalog_txt.npy", np.load(folder / "catalog_txt.npy")[:2])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (changed_array, ("catalog_img.npy", "catalog_img.npy row 2 (c)")),
        (shorter_array, ("catalog_txt.npy", "catalog_txt.npy: float32 (2, 16)")),
    ],
)
def test_files_that_are_not_what_the_manifest_says_are_named(tmp_path, rows, shards, damage, named):
    write_catalog(rows, shards(rows), tmp_path / "catalog")
    damage(tmp_path / "catalog")
    finding = audit_catalog(tmp_path / "catalog", {}, {}, 2)[2]
    assert (finding.status.value, finding.offenders) == ("FAILED", named)


def test_a_shard_names_its_encoders(rows, shards):
    assert shard_encoders(shards(rows)[0]) == (DescriptorEncoder().identity, HashedTextEncoder(16).identity)


@pytest.fixture
def read(tmp_path, rows, shards) -> ProductVectors:
    write_catalog(rows, shards(rows), tmp_path / "catalog")
    ids = ["a", "b", "d"]
    return read_catalog(
        tmp_path / "catalog",
        groups=pl.DataFrame({"product_id": ["a", "b", "c", "d"], "group_id": ["a", "a", "c", "d"]}),
        splits=pl.DataFrame({"sample_id": ids, "split": ["train", "test", "train"]}),
        attributes=pl.DataFrame(
            {"product_id": ["a", "b", "c", "d"], "material": ["denim", "unknown", "wool", "lace"]}
        ),
        names=["material"],
        unknown="unknown",
    )


def test_reading_joins_what_is_known_and_leaves_out_products_without_a_split(tmp_path, read):
    assert read.meta.select("product_id", "group_id", "split", "material").rows() == [
        ("a", "a", "train", "denim"),
        ("b", "a", "test", None),
        ("d", "d", "train", "lace"),
    ]
    assert read.attributes == ["material"]
    np.testing.assert_array_equal(read.image, np.load(tmp_path / "catalog/catalog_img.npy")[[0, 1, 3]])


def test_slices_keep_rows_and_vectors_together(read):
    train = read.of_splits(["train"])
    assert train.meta["product_id"].to_list() == ["a", "d"]
    np.testing.assert_array_equal(train.text, read.text[[0, 2]])
    assert len(read.of_category("Tees")) == 3
    assert len(read.of_category("Jeans")) == 0


def test_the_digest_changes_with_vectors_with_what_is_known_and_with_the_encoder(read):
    other_image = read.image.copy()
    other_image[0, 0] += 1e-3
    changed = [
        ProductVectors(read.meta, other_image, read.text, read.encoder),
        ProductVectors(read.meta.with_columns(split=pl.lit("test")), read.image, read.text, read.encoder),
        ProductVectors(read.meta, read.image, read.text, "another"),
    ]
    assert len({read.digest, *(vectors.digest for vectors in changed)}) == 4
    assert read.digest == read.take(np.arange(3)).digest


def test_rows_and_vectors_of_other_numbers_are_refused(read):
    with pytest.raises(ValueError, match=r"^3 products, 2 image and 3 text vectors$"):
        ProductVectors(read.meta, read.image[:2], read.text, read.encoder)
