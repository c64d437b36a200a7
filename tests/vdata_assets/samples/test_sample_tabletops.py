"""Sample tabletops are varied pictures of several things, and what is said of them is exact."""

import json
import sys
import unicodedata
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from PIL import ExifTags, Image
from skimage.color import rgb2hsv

from vdata_assets.masks.dense import decoded
from vdata_assets.masks.validate import problems_of_compressed
from vdata_assets.samples import __main__ as command
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.still_lifes import COLOURS, SHAPES, StillLife, drawn
from vdata_assets.samples.tabletops import planned, write_tabletop_samples, write_truth_coco
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.perceptual_hash import hamming, perceptual_hash_of

IMAGES = 8
FLAWED = {
    "kitchen/truncated.jpg": "truncated",
    "studio/seen before.jpg": "near duplicate",
    "workshop/empty table.jpg": "nothing",
}
HUES = {"red": 0, "yellow": 52, "green": 135, "blue": 215, "purple": 285}


class Samples(NamedTuple):
    root: Path
    truth: pl.DataFrame

    @property
    def things(self) -> pl.DataFrame:
        return self.truth.filter(pl.col("object").is_not_null())

    def pixels(self, path: str) -> np.ndarray:
        return np.asarray(load_rgb(self.root / path))


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> Samples:
    root = tmp_path_factory.mktemp("samples") / "tabletops"
    return Samples(root, write_tabletop_samples(root, images=IMAGES, flaws=True))


def masks(rows: pl.DataFrame) -> list[np.ndarray]:
    return [decoded(row["rle"], row["height"], row["width"]) for row in rows.iter_rows(named=True)]


def test_every_picture_shows_three_to_six_things_of_known_shape_and_colour(samples):
    sound = samples.truth.filter(pl.col("flaw").is_null())
    assert sound["path"].n_unique() == IMAGES
    assert set(sound.group_by("path").len()["len"]) <= {3, 4, 5, 6}
    assert set(sound["shape"]) <= set(SHAPES)
    assert set(sound["colour"]) <= set(COLOURS)
    assert (sound["label"] == sound["colour"] + " " + sound["shape"]).all()


def test_the_number_of_things_varies():
    assert {plan.still_life.count for plan in planned(24, DEMO_SEED)} == {3, 4, 5, 6}


def test_colours_are_shared_in_some_pictures_and_sizes_differ(samples):
    pictures = samples.things.group_by("path")
    shared = pictures.agg(shared=pl.col("colour").is_duplicated().any())["shared"]
    assert 0.3 <= shared.mean() <= 0.95
    larger = pictures.agg(ratio=pl.col("area").max() / pl.col("area").min())["ratio"]
    assert larger.median() > 2


def test_boxes_areas_and_masks_agree_and_no_pixel_has_two_owners(samples):
    for (path,), rows in samples.things.group_by("path"):
        owners = np.zeros((rows["height"][0], rows["width"][0]), int)
        for row, mask in zip(rows.iter_rows(named=True), masks(rows), strict=True):
            ys, xs = np.nonzero(mask)
            assert (row["x0"], row["y0"], row["x1"], row["y1"]) == (xs.min(), ys.min(), xs.max(), ys.max())
            assert row["area"] == mask.sum() >= 1000
            owners += mask
        assert owners.max() == 1, path


def test_masks_lie_on_things_of_their_colour(samples):
    for row, mask in zip(samples.things.iter_rows(named=True), masks(samples.things), strict=True):
        hue = rgb2hsv(samples.pixels(row["path"]))[..., 0][mask] * 360
        away = np.abs((hue - HUES[row["colour"]] + 180) % 360 - 180)
        assert np.median(away) < 20, row["label"]
        assert np.mean(away < 30) > 0.8, row["label"]


def test_objects_are_numbered_from_near_to_far():
    picture = drawn(StillLife("depth", 320, 240, 5), 1)
    depths = [thing.z for thing in picture.things]
    assert depths == sorted(depths)
    assert picture.owner.shape == (240, 320)
    assert set(np.unique(picture.owner)) == {-1, 0, 1, 2, 3, 4}


def test_some_things_touch_or_hide_each_other(samples):
    touching = 0
    for _, rows in samples.things.group_by("path"):
        grown = [mask | np.roll(mask, 1, 0) | np.roll(mask, 1, 1) for mask in masks(rows)]
        touching += any((a & b).any() for i, a in enumerate(grown) for b in grown[:i])
    assert touching >= 2


def test_things_of_one_colour_never_touch(samples):
    for _, rows in samples.things.group_by("path", "colour"):
        grown = [mask | np.roll(mask, 1, 0) | np.roll(mask, 1, 1) for mask in masks(rows)]
        assert not any((a & b).any() for i, a in enumerate(grown) for b in grown[:i])


def test_names_formats_and_sizes_are_those_that_need_care(samples):
    paths = samples.truth["path"].unique()
    folders = {path.partition("/")[0] for path in paths}
    assert folders == {"kitchen", "studio", "workshop"}
    assert {"kitchen/table.jpg", "studio/table.png"} <= set(paths)
    assert any(" " in path and "ä" in unicodedata.normalize("NFC", path) for path in paths)
    assert samples.truth.n_unique(["width", "height"]) >= 4
    (large,) = samples.truth.filter(path="studio/large.jpg").select("width", "height").unique().rows()
    assert large == (1024, 768)
    files = {path.relative_to(samples.root).as_posix() for path in samples.root.rglob("*.*")}
    assert files == set(paths)


def test_a_picture_on_its_side_is_told_upright(samples):
    with Image.open(samples.root / "kitchen/on its side.jpg") as stored:
        assert stored.getexif()[ExifTags.Base.Orientation] == 6
        sideways = stored.size
    (upright,) = (
        samples.truth.filter(path="kitchen/on its side.jpg").select("width", "height").unique().rows()
    )
    assert sideways == upright[::-1]


def test_flaws_are_told_and_are_what_they_say(samples):
    flaws = samples.truth.filter(pl.col("flaw").is_not_null()).select("path", "flaw").unique()
    assert dict(flaws.rows()) == FLAWED
    with pytest.raises(UnreadableImage):
        load_rgb(samples.root / "kitchen/truncated.jpg")
    first, again = (
        perceptual_hash_of(samples.root / path) for path in ("kitchen/table.jpg", "studio/seen before.jpg")
    )
    assert hamming(first, again) <= 4
    assert samples.pixels("studio/seen before.jpg").shape != samples.pixels("kitchen/table.jpg").shape
    for path in ("kitchen/truncated.jpg", "workshop/empty table.jpg"):
        rows = samples.truth.filter(path=path)
        assert rows["object"].to_list() == [None]


def test_no_two_sound_pictures_are_near_duplicates(samples):
    paths = samples.truth.filter(pl.col("flaw").is_null())["path"].unique(maintain_order=True)
    hashes = [perceptual_hash_of(samples.root / path) for path in paths]
    assert all(hamming(a, b) > 4 for i, a in enumerate(hashes) for b in hashes[:i])


def test_the_truth_as_coco_holds_every_thing(samples, tmp_path):
    write_truth_coco(samples.truth, tmp_path / "truth.json")
    coco = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    files = {image["id"]: image for image in coco["images"]}
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert {image["file_name"] for image in coco["images"]} == set(samples.truth["path"]) - {
        "kitchen/truncated.jpg"
    }
    found = sorted(
        (
            files[each["image_id"]]["file_name"],
            names[each["category_id"]],
            each["segmentation"]["counts"],
            each["area"],
        )
        for each in coco["annotations"]
    )
    assert found == sorted(samples.things.select("path", "label", "rle", "area").rows())
    for each in coco["annotations"]:
        image = files[each["image_id"]]
        assert each["segmentation"]["size"] == [image["height"], image["width"]]
        x, y, width, height = each["bbox"]
        assert x + width <= image["width"]
        assert y + height <= image["height"]
    rle = pl.Series([each["segmentation"]["counts"] for each in coco["annotations"]])
    heights, widths = np.array([each["segmentation"]["size"] for each in coco["annotations"]]).T
    assert problems_of_compressed(rle, heights, widths).null_count() == rle.len()


def test_the_same_bytes_whatever_is_asked_for_beside_them(samples, tmp_path, file_digests):
    again = write_tabletop_samples(tmp_path / "again", images=3, workers=1)
    few, all_ = file_digests(tmp_path / "again"), file_digests(samples.root)
    assert len(few) == 3
    assert few.items() <= all_.items()
    assert again.equals(samples.truth.filter(pl.col("path").is_in(list(few))))
    other = write_tabletop_samples(tmp_path / "other", images=1, seed=7)
    assert not other.equals(again.filter(path="kitchen/table.jpg"))


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError) as refused:
        write_tabletop_samples(tmp_path, images=1)
    assert str(refused.value) == f"{tmp_path} is not an empty folder: name another, or remove it first"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_no_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^images: 0, must be at least 1$"):
        write_tabletop_samples(tmp_path / "none", images=0)


def test_too_many_things_for_a_picture_are_refused():
    with pytest.raises(ValueError, match=r"^full: 40 things do not fit into 320 x 240 pixels$"):
        drawn(StillLife("full", 320, 240, 40), 1)


def test_the_command_draws_tabletops(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "write_tabletop_samples", partial(write_tabletop_samples, images=1))
    monkeypatch.setattr(
        sys, "argv", ["samples", "--kind", "tabletops", "--root", str(tmp_path / "tables"), "--seed", "4"]
    )
    command.main()
    (count,) = {planned(1, 4)[0].still_life.count}
    assert capsys.readouterr().out == f"{tmp_path / 'tables'}: 1 images of {count} things\n"
