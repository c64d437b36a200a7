"""COCO files of regions that people drew: what is taken, and what is said of a bad one."""

import json
import re

import numpy as np
import pytest

from vdata_assets.dataengine.given_regions import read_given_regions
from vdata_assets.masks.dense import runs_of
from vdata_assets.masks.write import write_compressed

IMAGE = {"id": 7, "file_name": "sub/a ü.png", "width": 6, "height": 5}
CATEGORY = {"id": 3, "name": "sky-other-merged"}
MASK = np.zeros((5, 6), np.bool_)
MASK[1:3, 2:5] = True


def compressed(mask):
    return {"size": list(mask.shape), "counts": write_compressed(runs_of([mask])).item()}


def annotation(segmentation, **more):
    return {"image_id": 7, "category_id": 3, "segmentation": segmentation, **more}


def coco(**parts):
    return {
        "images": [IMAGE],
        "categories": [CATEGORY],
        "annotations": [annotation(compressed(MASK))],
        **parts,
    }


def read(tmp_path, content):
    file = tmp_path / "regions.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_given_regions(file)


@pytest.mark.parametrize(
    "segmentation",
    [
        pytest.param(compressed(MASK), id="compressed string"),
        pytest.param({"size": [5, 6], "counts": runs_of([MASK]).lengths.tolist()}, id="list of runs"),
        pytest.param([[2, 1, 5, 1, 5, 3, 2, 3]], id="polygon"),
        pytest.param([[2, 1, 4, 1, 4, 3, 2, 3], [4, 1, 5, 1, 5, 3, 4, 3]], id="two polygons"),
    ],
)
def test_a_region_has_its_mask_and_its_label_without_coco_suffixes(tmp_path, segmentation):
    (region,) = read(tmp_path, coco(annotations=[annotation(segmentation)]))["sub/a ü.png"]
    assert region.label == "sky"
    np.testing.assert_array_equal(region.mask(6, 5), MASK)
    assert region.mask(12, 10).sum() == 4 * MASK.sum()


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        pytest.param(
            {"size": [6, 5], "counts": [30]}, "segmentation.size is [6, 5], its image's [5, 6]", id="size"
        ),
        pytest.param({"size": [5, 6], "counts": [30]}, "the mask is empty", id="empty"),
        pytest.param({"size": [5, 6], "counts": [10, -1, 21]}, "negative", id="negative run"),
        pytest.param({"size": [5, 6], "counts": "\x00"}, "character", id="no RLE"),
        pytest.param(
            [[1, 1, 2, 2]], "a polygon of 4 numbers: give x and y of at least three corners", id="two corners"
        ),
        pytest.param([[1, 1, 2, 2, 3, 3, 4]], "a polygon of 7 numbers", id="odd"),
        pytest.param([[1, 1, 9, 1, 9, 3]], "a polygon leaves its image of 6 x 5 pixels", id="outside"),
        pytest.param([[1, 1, 1e300, 1, 9, 3]], "a polygon leaves its image of 6 x 5 pixels", id="huge"),
        pytest.param([], "segmentation has no polygon", id="none"),
    ],
)
def test_a_bad_mask_is_refused_when_it_is_wanted_and_no_other(tmp_path, segmentation, message):
    regions = read(tmp_path, coco(annotations=[annotation(segmentation), annotation(compressed(MASK))]))
    bad, good = regions["sub/a ü.png"]
    with pytest.raises(ValueError, match=re.escape(message)):
        bad.mask(6, 5)
    assert good.mask(6, 5).any()


def test_a_label_with_a_crowd_is_left_out_of_that_image_alone(tmp_path):
    second = {**IMAGE, "id": 8, "file_name": "b.png"}
    annotations = [
        annotation(compressed(MASK)),
        annotation(compressed(MASK), iscrowd=1),
        {**annotation(compressed(MASK)), "image_id": 8},
    ]
    found = read(tmp_path, coco(images=[IMAGE, second], annotations=annotations))
    assert {name: len(regions) for name, regions in found.items()} == {"sub/a ü.png": 0, "b.png": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "is no COCO file: ", id="no JSON"),
        pytest.param(
            coco(images=None), "is no COCO file: Expected `array`, got `null` - at `$.images`", id="shape"
        ),
        pytest.param(
            coco(images=[{**IMAGE, "width": 0}]),
            "is no COCO file: Expected `int` >= 1 - at `$.images[0].width`",
            id="width",
        ),
        pytest.param(
            coco(annotations=[{**annotation([]), "image_id": 9}]),
            "annotations[0].image_id 9 is not among the images",
            id="image",
        ),
        pytest.param(
            coco(annotations=[{**annotation([]), "category_id": 9}]),
            "annotations[0].category_id 9 is not among the categories",
            id="category",
        ),
        pytest.param(
            coco(categories=[{"id": 3, "name": "<image>"}]), "category '<image>': ", id="markup in a label"
        ),
    ],
)
def test_a_file_of_another_format_is_refused_by_place(tmp_path, content, message):
    with pytest.raises(ValueError, match="given_regions: ") as refused:
        read(tmp_path, content)
    assert message in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        ValueError, match=r"given_regions: .*none\.json cannot be read: No such file or directory"
    ):
        read_given_regions(tmp_path / "none.json")
