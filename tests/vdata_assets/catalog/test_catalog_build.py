"""The catalog as a whole: counts on real photos, odd files, errors, and that nothing but the data matters."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import polars as pl
import pytest
import xxhash
from PIL import Image

from vdata_assets.catalog import build
from vdata_assets.catalog.build import build_catalog, write_catalog
from vdata_assets.catalog.listing import listing_digest
from vdata_assets.catalog.settings import AutoSplit, Layout

Plant = Callable[..., Path]
Data = Callable[[str], Path]


def written(root: Path, out: Path, **settings: object) -> dict[str, bytes]:
    """The catalog's files by name."""
    out.mkdir(exist_ok=True)
    write_catalog(build_catalog(root, **settings), out, prefix="")
    return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


def splits(root: Path, out: Path, **settings: object) -> dict[str, dict[str, dict[str, list[str]]]]:
    return json.loads(written(root, out, **settings)["catalog.json"])


def test_dreambooth_concepts(test_data: Data) -> None:
    catalog = build_catalog(test_data("dreambooth-concepts"))
    assert catalog.resolved == "auto_split"
    assert catalog.categories.rows() == [
        ("bag", "bag", 1, 6),
        ("cartoon-character", "cartoon character", 1, 4),
        ("household-object", "household object", 4, 23),
        ("pet-animal", "pet animal", 5, 27),
        ("toy", "toy", 3, 14),
    ]
    assert catalog.images["split"].value_counts().sort("split").rows() == [("train", 14), ("test", 60)]
    assert catalog.images["reason"].null_count() == 74
    assert catalog.other_files == 1  # SOURCE.txt
    assert catalog.misplaced.height == 0


def test_clothing_explicit_split(test_data: Data) -> None:
    catalog = build_catalog(test_data("clothing-explicit-split"))
    assert catalog.resolved == "explicit"
    assert catalog.categories.rows() == [
        ("accessories", "accessories", 2, 32),
        ("bottoms", "bottoms", 3, 48),
        ("onepiece-outer", "onepiece-outer", 2, 32),
        ("tops", "tops", 3, 48),
    ]
    by_split = catalog.images.group_by("category", "concept", "split").len()
    assert by_split.height == 20
    assert set(by_split["len"]) == {8}
    assert catalog.images["path"].is_sorted()


def test_every_odd_file_is_catalogued_or_has_a_reason(test_data: Data, tmp_path: Path) -> None:
    source = test_data("edge-images")
    (tmp_path / "odd").mkdir()
    for folder in ("pillow", "formats", "duplicates"):
        (tmp_path / "odd" / folder).mkdir()
        for file in (source / folder).iterdir():
            (tmp_path / "odd" / folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "odd" / "formats" / "empty.png").touch()
    (tmp_path / "odd" / "formats" / "text.jpg").write_text("a photo of a cat")
    images = build_catalog(tmp_path).images
    unreadable = images.filter(pl.col("reason").is_not_null())
    assert [Path(path).name for path in unreadable["path"]] == [
        "ukbench09268_corrupt.jpg",
        "empty.png",
        "text.jpg",
        "broken.png",
        "truncated_jpeg.jpg",
    ]
    assert unreadable["content_hash"].null_count() == 0
    assert unreadable["width"].null_count() == 5
    formats = {Path(path).name: format for path, format in images.select("path", "format").iter_rows()}
    assert formats["ukbench09380.bmp"] == "JPEG"
    assert formats["pil_sample_cmyk.jpg"] == "JPEG"
    assert formats["copyleft.tiff"] == "TIFF"
    assert images.height == 35


def test_a_row(plant: Plant) -> None:
    root = plant({"pet animal/cat/a b.gif": 7})
    content = (root / "pet animal/cat/a b.gif").read_bytes()
    content_hash = xxhash.xxh3_128_hexdigest(content)
    identity = f"pet animal/cat/a b.gif\x1f{content_hash}".encode()
    assert build_catalog(root).images.rows(named=True) == [
        {
            "image_id": blake2b(identity, digest_size=16).hexdigest(),
            "path": "pet animal/cat/a b.gif",
            "category": "pet animal",
            "concept": "cat",
            "partition": "pet-animal",
            "split": "train",
            "content_hash": content_hash,
            "width": 8,
            "height": 6,
            "format": "GIF",
            "bytes": len(content),
            "reason": None,
        }
    ]


def test_the_size_is_that_of_the_upright_image(plant: Plant) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    root = plant({"bag/a/1.jpg": 1})
    Image.new("RGB", (20, 10)).save(root / "bag/a/2.jpg", exif=exif)
    images = build_catalog(root).images
    assert images.select("width", "height").rows() == [(8, 6), (10, 20)]


def test_explicit_splits_and_negatives(plant: Plant, tmp_path: Path) -> None:
    root = plant(
        {
            "train/bag/a/1.png": 1,
            "train/bag/a/not/9.png": 9,
            "test/bag/a/2.png": 2,
            "test/bag/a/not/8.png": 8,
            "test/bag/b/3.png": 3,
            "test/cup/c/broken.png": b"x",
        }
    )
    layout = Layout(negatives_dirname="not")
    assert splits(root, tmp_path / "out", layout=layout) == {
        "bag": {
            "a": {
                "train": ["train/bag/a/1.png"],
                "test": ["test/bag/a/2.png"],
                "negative": ["test/bag/a/not/8.png", "train/bag/a/not/9.png"],
            },
            "b": {"train": [], "test": ["test/bag/b/3.png"], "negative": []},
        }
    }
    without = build_catalog(root).misplaced
    assert without["path"].to_list() == ["test/bag/a/not/8.png", "train/bag/a/not/9.png"]


def test_negatives_take_no_part_in_the_draw(plant: Plant, tmp_path: Path) -> None:
    root = plant({f"bag/a/{n}.png": n for n in range(4)} | {f"bag/a/not/{n}.png": n + 50 for n in range(40)})
    concept = splits(
        root, tmp_path / "out", layout=Layout(negatives_dirname="not"), split=AutoSplit(train_fraction=0.5)
    )["bag"]["a"]
    assert [len(concept[split]) for split in ("train", "test", "negative")] == [2, 2, 40]


def test_misplaced_images_are_named(plant: Plant) -> None:
    root = plant({"1.png": 1, "bag/2.png": 2, "bag/a/3.png": 3, "bag/a/old/4.png": 4, "bag/a/x.txt": b""})
    (root / "bag" / "out").symlink_to("/usr")
    catalog = build_catalog(root)
    assert catalog.images["path"].to_list() == ["bag/a/3.png"]
    assert catalog.misplaced.rows() == [
        ("1.png", "above the concept folders: move it down into <category>/<concept>/"),
        ("bag/2.png", "above the concept folders: move it down into <concept>/"),
        ("bag/a/old/4.png", "below a concept folder: move it up into the concept's own folder"),
        ("bag/out", "a linked folder that leaves the root is not followed: copy the folder into the root"),
    ]
    assert catalog.other_files == 1


def test_refused_files_keep_a_row(plant: Plant, tmp_path: Path) -> None:
    root = plant({"bag/a/1.png": 1, "bag/a/with\nnewline.png": 2})
    (root / "bag/a/out.png").symlink_to("/etc/hostname")
    Path(os.fsdecode(os.fsencode(root) + b"/bag/a/\xff.png")).write_bytes(b"x")
    catalog = build_catalog(root)
    rows = catalog.images.select("path", "reason", "content_hash").filter(pl.col("reason").is_not_null())
    assert rows.rows() == [
        ("bag/a/\\xff.png", "its path is not UTF-8", None),
        ("bag/a/out.png", "a link that leaves the root", None),
    ]
    concept = splits(root, tmp_path / "out")["bag"]["a"]
    assert sorted(concept["train"] + concept["test"]) == ["bag/a/1.png", "bag/a/with\nnewline.png"]


def test_a_file_that_goes_while_it_is_read(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant({"bag/a/1.png": 1, "bag/a/2.png": 2})

    def scan(*args: object) -> pl.DataFrame:
        (root / "bag/a/2.png").unlink()
        return real_scan(*args)

    real_scan = build.scan
    monkeypatch.setattr(build, "scan", scan)
    reasons = build_catalog(root).images["reason"].to_list()
    assert reasons == [None, "the file cannot be read: No such file or directory"]


EXTENSIONS = "bmp, gif, jpeg, jpg, png, tif, tiff, webp"


@pytest.mark.parametrize(
    ("files", "settings", "message"),
    [
        pytest.param(
            {"readme.txt": b"x"},
            {},
            f"root: ROOT holds no image ({EXTENSIONS}): "
            "set it to the folder that holds the images as <category>/<concept>/",
            id="no image",
        ),
        pytest.param(
            {"bag/a/1.png": 1},
            {"layout": Layout(layout="explicit")},
            "layout: explicit, but ROOT has no images in train or test: "
            "set train_dirname and test_dirname to its split folders, or layout to auto_split",
            id="no split folders",
        ),
        pytest.param({"bag/a/1.png": 1}, {"workers": 0}, "workers: 0 is not at least 1", id="no workers"),
    ],
)
def test_what_cannot_be_catalogued(
    plant: Plant, files: dict[str, int | bytes], settings: dict[str, object], message: str
) -> None:
    root = plant(files)
    with pytest.raises(ValueError, match=f"^{re.escape(message.replace('ROOT', str(root)))}$"):
        build_catalog(root, **settings)


def test_known_partitions_win_and_vanished_categories_are_named(plant: Plant) -> None:
    root = plant({"pet animal/cat/1.png": 1, "pet-animal/dog/2.png": 2})
    catalog = build_catalog(root, known_partitions={"pet animal": "pet-animal", "bag": "bag"})
    partitions = dict(catalog.categories.select("category", "partition").iter_rows())
    assert partitions["pet animal"] == "pet-animal"
    assert re.fullmatch("pet-animal-[0-9a-f]{8}", partitions["pet-animal"])
    assert catalog.vanished == ("bag",)
    assert partitions["bag"] == "bag"
    assert catalog.present["category"].to_list() == ["pet animal", "pet-animal"]


@pytest.mark.parametrize("prefix", ["", "/data/photos/"])
def test_paths_in_the_json(plant: Plant, tmp_path: Path, prefix: str) -> None:
    catalog = build_catalog(plant({"bag/é/1.png": 1}))
    write_catalog(catalog, tmp_path, prefix=prefix)
    text = (tmp_path / "catalog.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"bag": {"é": {"train": [f"{prefix}bag/é/1.png"], "test": []}}}
    assert "é" in text
    assert pl.read_parquet(tmp_path / "catalog.parquet")["path"].to_list() == ["bag/é/1.png"]
    assert pl.read_parquet(tmp_path / "categories.parquet").rows() == [("bag", "bag", 1, 1)]


def test_one_or_two_workers_give_the_same_bytes(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, int | bytes] = {f"c {n % 3}/k{n % 7}/{n}.png": n for n in range(60)}
    root = plant({**files, "c 1/k1/bad.jpg": b"x"})
    monkeypatch.setattr("vdata_assets.catalog.scan.CHUNK", 4)
    alone = written(root, tmp_path / "alone", workers=1)
    monkeypatch.setattr("vdata_assets.catalog.scan.ALONE_FOR", 0)
    assert written(root, tmp_path / "two", workers=2) == alone
    assert sorted(alone) == ["catalog.json", "catalog.parquet", "categories.parquet"]


PROGRAM = """
import sys
from pathlib import Path
from vdata_assets.catalog import build
from vdata_assets.catalog.build import build_catalog, write_catalog
from vdata_assets.catalog.listing import listing_digest
root, out = map(Path, sys.argv[1:])
write_catalog(build_catalog(root), out, prefix="")
(out / "digest").write_text(listing_digest(root))
"""


def test_the_hash_seed_of_python_does_not_matter(plant: Plant, tmp_path: Path) -> None:
    root = plant({f"c {n % 5}/k{n % 7}/{n}.png": n for n in range(60)})
    expected = written(root, tmp_path / "here") | {"digest": listing_digest(root).encode()}
    running = {}
    for seed in ("1", "2"):
        out = tmp_path / seed
        out.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        running[out] = subprocess.Popen([sys.executable, "-c", PROGRAM, root, out], env=environment)
    for out, process in running.items():
        assert process.wait() == 0
        assert {file.name: file.read_bytes() for file in out.iterdir()} == expected


def test_one_more_image_changes_no_other_concept(plant: Plant, tmp_path: Path) -> None:
    files = {f"bag/{concept}/{n}.png": 10 * concept + n for concept in range(3) for n in range(10)}
    before = splits(plant(files), tmp_path / "out")
    after = splits(plant({"bag/0/new.png": 999, "cup/x/1.png": 998}), tmp_path / "out")
    assert after["bag"].pop("0") != before["bag"].pop("0")
    assert after["bag"] == before["bag"]
