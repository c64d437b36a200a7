"""Sample classes are folders of very unequal size, drawn the same every time, with flaws that are told."""

import sys
import unicodedata
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from PIL import Image

from vdata_assets.samples import __main__ as command
from vdata_assets.samples.classes import CLASSES, PRODUCTS, products_of, write_class_images
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.products import KINDS
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.perceptual_hash import hamming, perceptual_hash_of

COUNTS = {
    "Écru Lamp": 2,
    "Toy Robot": 1,
    "Espresso Cup": 2,
    "Café Mug": 3,
    "Amphora": 2,
    "Upright Cushion": PRODUCTS + 2,
}
FLAWS = {
    "Amphora/000 brighter.jpg": ("Amphora/000.jpg", "near duplicate"),
    "Espresso Cup/by mistake.jpg": ("Café Mug/000.jpg", "duplicate in another class"),
    "Toy Robot/truncated.jpg": ("Toy Robot/000.jpg", "truncated"),
    "Upright Cushion/000 (copy).jpg": ("Upright Cushion/000.jpg", "duplicate"),
}


class Samples(NamedTuple):
    root: Path
    truth: pl.DataFrame


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> Samples:
    root = tmp_path_factory.mktemp("samples") / "classes"
    return Samples(root, write_class_images(root, images=COUNTS, size=64, flaws=True))


def test_every_class_is_a_folder_of_as_many_files_as_asked_for(samples):
    files = {file.relative_to(samples.root).as_posix() for file in samples.root.rglob("*") if file.is_file()}
    assert files == set(samples.truth["path"]) == {*FLAWS, *files}
    sound = samples.truth.filter(pl.col("flaw").is_null())
    assert dict(sound.group_by("class").len().iter_rows()) == COUNTS
    assert (sound["path"].str.split("/").list.first() == sound["class"]).all()
    assert samples.truth["path"].is_sorted()


def test_the_classes_are_very_unequal_and_their_names_need_care():
    assert sorted(plan.images for plan in CLASSES.values()) == [1, 2, 5, 12, 20, 30, 40, 60]
    assert all(unicodedata.is_normalized("NFC", name) for name in CLASSES)
    assert any(" " in name for name in CLASSES)
    assert sum(not name.isascii() for name in CLASSES) == 2


def test_no_two_classes_show_the_same_and_some_are_alike():
    shown = [(plan.kind, plan.shape) for plan in CLASSES.values()]
    assert len(set(shown)) == len(shown)
    kinds = [kind for kind, _ in shown]
    assert {kind for kind in kinds if kinds.count(kind) == 2} == {"lamp", "mug", "vase"}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_several_products_of_one_shape(name):
    products = products_of(name, DEMO_SEED)
    plan = CLASSES[name]
    assert len({product.name for product in products}) == len(products) >= min(plan.images, 6)
    assert len(products) <= PRODUCTS
    assert {(product.category, product.shape) for product in products} == {(plan.kind, plan.shape)}
    assert {product.look.colour for product in products} <= set(plan.colours or KINDS[plan.kind].colours)


def test_pictures_take_the_products_in_turn(samples):
    cushions = samples.truth.filter(pl.col("class") == "Upright Cushion", pl.col("flaw").is_null())
    looks = cushions.select("colour", "accent", "pattern").rows()
    assert len(set(looks[:PRODUCTS])) == PRODUCTS
    assert looks[PRODUCTS:] == looks[: len(looks) - PRODUCTS]
    assert set(samples.truth.filter(pl.col("class") == "Écru Lamp")["colour"]) == {"cream"}


def test_pictures_are_small_jpegs_and_no_two_sound_ones_are_the_same(samples, file_digests):
    sound = samples.truth.filter(pl.col("flaw").is_null())["path"]
    for path in sound:
        with Image.open(samples.root / path) as image:
            image.load()
            assert (image.format, image.size) == ("JPEG", (64, 64))
    digests = file_digests(samples.root)
    assert len({digests[path] for path in sound}) == len(sound)


def test_flaws_are_told_and_are_what_they_say(samples, file_digests):
    flawed = samples.truth.filter(pl.col("flaw").is_not_null())
    told = {path: (source, flaw) for path, source, flaw in flawed.select("path", "copy_of", "flaw").rows()}
    assert told == FLAWS
    assert (flawed["path"].str.split("/").list.first() == flawed["class"]).all()
    with pytest.raises(UnreadableImage, match="truncated"):
        load_rgb(samples.root / "Toy Robot/truncated.jpg")
    digests = file_digests(samples.root)
    for path in ("Espresso Cup/by mistake.jpg", "Upright Cushion/000 (copy).jpg"):
        assert digests[path] == digests[FLAWS[path][0]]
    first, again = (samples.root / path for path in ("Amphora/000.jpg", "Amphora/000 brighter.jpg"))
    assert digests["Amphora/000.jpg"] != digests["Amphora/000 brighter.jpg"]
    assert hamming(perceptual_hash_of(first), perceptual_hash_of(again)) <= 4


def test_the_same_bytes_whatever_is_asked_for_beside_them(samples, tmp_path, file_digests):
    fewer = {"Café Mug": 2, "Amphora": 1}
    again = write_class_images(tmp_path / "again", images=fewer, size=64, workers=1)
    few, every = file_digests(tmp_path / "again"), file_digests(samples.root)
    assert len(few) == 3
    assert few.items() <= every.items()
    assert again.equals(samples.truth.filter(pl.col("path").is_in(list(few))))
    other = write_class_images(tmp_path / "other", images={"Amphora": 1}, size=64, seed=7)
    assert other.height == 1
    assert file_digests(tmp_path / "other").items().isdisjoint(few.items())


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError) as refused:
        write_class_images(tmp_path, images={"Amphora": 1})
    assert str(refused.value) == f"{tmp_path} is not an empty folder: name another, or remove it first"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_tree_that_cannot_be_finished_does_not_appear_and_is_no_hindrance(tmp_path, monkeypatch):
    root, small = tmp_path / "classes", {"images": {"Amphora": 1}, "size": 32}

    def full_disk(*arguments, **options):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "save", full_disk)
        with pytest.raises(OSError, match="no space left"):
            write_class_images(root, **small)
    assert not root.exists()
    write_class_images(root, **small)
    assert [file.name for file in tmp_path.iterdir()] == ["classes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"images": {"cat": 1}},
            f"images: unknown class 'cat'; known are {', '.join(CLASSES)}",
            id="unknown class",
        ),
        pytest.param(
            {"images": {"Amphora": 0}}, "images: 0 of 'Amphora' asked for, must be at least 1", id="none"
        ),
        pytest.param({"size": 30}, "size: 30, must be a positive multiple of 4", id="size"),
        pytest.param(
            {"images": {"Amphora": 1, "Toy Robot": 3}, "flaws": True},
            "flaws: need the classes Amphora, Café Mug, Espresso Cup, Toy Robot, Upright Cushion, "
            "not only Amphora, Toy Robot",
            id="no place for flaws",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared
        write_class_images(tmp_path / "classes", **options)
    assert str(refused.value) == message
    assert list(tmp_path.iterdir()) == []


def test_the_command_draws_classes(tmp_path, monkeypatch, capsys):
    tiny = partial(write_class_images, images={"Amphora": 1, "Café Mug": 2}, size=32)
    monkeypatch.setattr(command, "write_class_images", tiny)
    monkeypatch.setattr(sys, "argv", ["samples", "--kind", "classes", "--root", str(tmp_path / "tree")])
    command.main()
    assert capsys.readouterr().out == f"{tmp_path / 'tree'}: 3 images of 2 classes\n"
