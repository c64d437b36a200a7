"""Real masks of three sources, each in the form in which it was published."""

import json
import zipfile

import numpy as np
import polars as pl
import pytest

from vdata_assets.masks.dense import decoded, dense, runs_of
from vdata_assets.masks.measure import areas, boxes
from vdata_assets.masks.order import column_major
from vdata_assets.masks.read import read_compressed, read_text
from vdata_assets.masks.scale import scaled
from vdata_assets.masks.validate import problems, problems_of_compressed
from vdata_assets.masks.write import write_compressed, write_text


def objects_of(archive):
    """The video and the objects of an export ZIP."""
    with zipfile.ZipFile(archive) as opened:
        export = json.loads(opened.read("annotations.json"))
    return export["video"], [each for frame in export["annotations"] for each in frame["objects"]]


@pytest.mark.parametrize("name", ["auto", "manual"])
def test_sa_v_masklets(test_data, name):
    from pycocotools.mask import area, toBbox

    file = test_data("sam2-assets") / "sav_dataset" / f"sav_000001_{name}.json"
    masks = [mask for step in json.loads(file.read_text())["masklet"] for mask in step]
    heights, widths = np.array([mask["size"] for mask in masks]).T
    rle = pl.Series([mask["counts"] for mask in masks])
    runs = read_compressed(rle).runs
    found = areas(runs)
    # Of a list, pycocotools 2.0.11 with numpy 2 gives areas up to 255 only.
    assert found.tolist() == [area(mask) for mask in masks]
    some = np.flatnonzero(found)
    assert boxes(runs.take(some), heights[some]).tolist() == toBbox([masks[at] for at in some]).tolist()
    assert write_compressed(runs).to_list() == rle.to_list()
    empty = problems_of_compressed(rle, heights, widths)
    assert empty.to_list() == [None if pixels else "the mask is empty" for pixels in found]


def test_coco_panoptic_segments(test_data):
    file = test_data("coco-panoptic") / "panoptic_coco_detection_format.json"
    segments = json.loads(file.read_text())["annotations"]
    rle = pl.Series([segment["segmentation"]["counts"] for segment in segments])
    heights, widths = np.array([segment["segmentation"]["size"] for segment in segments]).T
    assert problems_of_compressed(rle, heights, widths).null_count() == len(segments) == 50
    runs = read_compressed(rle).runs
    assert areas(runs).tolist() == [segment["area"] for segment in segments]
    assert boxes(runs, heights).tolist() == [segment["bbox"] for segment in segments]
    assert write_compressed(runs).to_list() == rle.to_list()


@pytest.mark.parametrize(
    ("name", "objects"),
    [("bmx-trees", 20), ("coco-142238", 17), ("coco-439180", 30)],
    ids=lambda value: value,
)
def test_full_size_exports(test_data, name, objects):
    video, stored = objects_of(test_data("sam2-export") / f"{name}.zip")
    texts = pl.Series([each["mask_rle"] for each in stored])
    runs = read_text(texts).runs
    heights, widths = np.full(len(runs), video["height"]), np.full(len(runs), video["width"])
    assert problems(runs, heights, widths).null_count() == len(runs) == objects
    assert areas(runs).tolist() == [each["area"] for each in stored]
    assert boxes(runs, heights).tolist() == [each["bbox"] for each in stored]
    assert write_text(runs).to_list() == texts.to_list()


def test_the_genuine_export_is_row_major_on_a_grid_of_its_own(test_data):
    archive = test_data("sam2-export-genuine") / "31e95181-6046-4ade-a792-a92b5027b88f.zip"
    video, stored = objects_of(archive)
    runs = read_text(pl.Series([each["mask_rle"] for each in stored])).runs
    heights, widths = np.full(len(runs), video["height"]), np.full(len(runs), video["width"])
    assert set(problems(runs, heights, widths)) == {
        "run lengths sum to 65536, the image has 1280 x 720 = 921600 pixels: the mask is of another size"
    }
    grid = np.full(len(runs), 256)
    assert areas(runs).tolist() == [each["area"] for each in stored]

    masks = scaled(column_major(runs, grid, grid), grid, grid, heights, widths)
    swapped = column_major(scaled(runs, grid, grid, widths, heights), heights, widths)
    assert write_compressed(masks).to_list() == write_compressed(swapped).to_list()
    assert problems(masks, heights, widths).null_count() == len(masks) == 42
    assert areas(masks) == pytest.approx(areas(runs) * (1280 * 720 / 65536), rel=0.15)

    rows, columns = (2 * np.arange(720) + 1) * 256 // 1440, (2 * np.arange(1280) + 1) * 256 // 2560
    texts = write_compressed(masks)
    for index in (0, 20, 41):
        picture = dense(runs, index, 256, 256, "row")[np.ix_(rows, columns)]
        np.testing.assert_array_equal(dense(masks, index, 720, 1280), picture)
        np.testing.assert_array_equal(decoded(texts[index], 720, 1280), picture)
        assert write_compressed(runs_of([picture])).to_list() == [texts[index]]
