import re

import polars as pl
import pytest
from PIL import Image

from vdata_assets.samples.concepts import write_concept_images
from vdata_assets.samples.flaws import plan

SMALL = {
    "seed": 3,
    "categories": {"mug": 1, "vase": 1, "cushion": 1, "picnic basket": 1},
    "views_per_concept": 3,
    "size": 64,
}


@pytest.fixture(scope="module")
def flawed(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples") / "flawed"
    return root, write_concept_images(root, **SMALL, flaws=True)


def paths(truth: pl.DataFrame, flaw: str) -> list[str]:
    return truth.filter(pl.col("flaw") == flaw)["path"].to_list()


def test_each_flaw_is_there_once(flawed):
    _, truth = flawed
    assert dict(truth["flaw"].drop_nulls().cast(pl.String).value_counts().iter_rows()) == {
        "truncated": 1,
        "misnamed": 1,
        "duplicate": 1,
        "single image": 1,
        "single concept": SMALL["views_per_concept"],
    }


def test_truncated_jpeg_has_a_header_but_does_not_decode(flawed):
    root, truth = flawed
    (path,) = paths(truth, "truncated")
    with Image.open(root / path) as image:
        assert (image.format, image.size) == ("JPEG", (64, 64))
        with pytest.raises(OSError, match="image file is truncated"):
            image.load()


def test_misnamed_png_is_called_jpg(flawed):
    root, truth = flawed
    (path,) = paths(truth, "misnamed")
    assert path.endswith(".jpg")
    with Image.open(root / path) as image:
        image.load()
        assert image.format == "PNG"


def test_duplicate_is_byte_identical_to_one_other_image_of_its_concept(flawed):
    root, truth = flawed
    (path,) = paths(truth, "duplicate")
    copy = root / path
    twins = [
        file.relative_to(root).as_posix()
        for file in root.rglob("*")
        if file.is_file() and file != copy and file.read_bytes() == copy.read_bytes()
    ]
    (twin,) = twins
    assert twin.rsplit("/", 1)[0] == path.rsplit("/", 1)[0]
    both = truth.filter(pl.col("path").is_in([path, twin])).drop("path", "flaw")
    assert both.n_unique() == 1


def test_single_image_and_single_concept(flawed):
    _, truth = flawed
    (path,) = paths(truth, "single image")
    category, concept, _ = path.split("/")
    same = truth.filter(pl.col("category") == category, pl.col("concept") == concept)
    assert same["path"].to_list() == [path]
    assert category == "mug"
    assert truth.filter(pl.col("category") == "candle")["concept"].n_unique() == 1
    assert all(path.startswith("candle/") for path in paths(truth, "single concept"))


def test_all_other_files_are_the_same_without_flaws(tmp_path, flawed, file_digests):
    root, truth = flawed
    write_concept_images(tmp_path / "sound", **SMALL)
    sound, all_ = file_digests(tmp_path / "sound"), file_digests(root)
    unflawed = truth.filter(pl.col("flaw").is_null())["path"]
    assert {path: all_[path] for path in unflawed} == {
        path: digest for path, digest in sound.items() if path in set(unflawed)
    }
    assert len(sound) == len(unflawed) + 2


@pytest.mark.parametrize(
    ("counts", "views"),
    [
        pytest.param({"mug": 2}, 2, id="too few views"),
        pytest.param({"candle": 2}, 8, id="only the category of the single concept"),
    ],
)
def test_too_little_to_put_flaws_in(counts, views):
    message = (
        f"flaws: need at least 3 views a concept (views_per_concept is {views}) "
        "and a category other than 'candle'"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plan(counts, views, flaws=True)


@pytest.mark.parametrize("categories", [1, 2, 3], ids=lambda count: f"{count} categories")
def test_fewer_categories_take_all_flaws(categories):
    counts = dict.fromkeys(["mug", "vase", "lamp"][:categories], 2)
    damage = [flaw for concept in plan(counts, 3, flaws=True) for flaw in concept.damage.values()]
    assert sorted(damage) == ["duplicate", "misnamed", "truncated"]
