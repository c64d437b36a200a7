"""COCO instances files that trainers or COCO's evaluation would not take as they are."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from vdata_assets.formats.coco.coco_instances import validate_coco

IMAGE = {"id": 5, "file_name": "a.jpg", "width": 64, "height": 48}
THING = {
    "id": 1,
    "image_id": 5,
    "category_id": 0,
    "segmentation": [[4, 6, 30, 6, 30, 40, 4, 40]],
    "bbox": [4, 6, 26, 34],
    "area": 884,
    "iscrowd": 0,
}
CATEGORY = {"id": 0, "name": "cat"}


def problems(folder: Path, document: object) -> list[str]:
    (folder / "x.json").write_text(document if isinstance(document, str) else json.dumps(document))
    found: list = []
    validate_coco(folder / "x.json", found.append)
    return [f"{problem}{' (warning)' if problem.warning else ''}" for problem in found]


def document(**parts: object) -> dict:
    return {"images": [IMAGE], "annotations": [THING], "categories": [CATEGORY], **parts}


def test_a_good_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(document(info={"images": []})).encode())
    assert validate_coco(tmp_path / "x.json", pytest.fail) == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"id": "1"}, ".id: '1': is a whole number", id="id"),
        pytest.param(
            {"id": 0},
            ".id: 0: is 1 or more: COCO's evaluation takes an object 0 for one that was not found (warning)",
            id="id 0",
        ),
        pytest.param({"image_id": 6}, ".image_id: 6: is the id of one of the images", id="image_id"),
        pytest.param(
            {"category_id": 1}, ".category_id: 1: is the id of one of the categories", id="category_id"
        ),
        pytest.param(
            {"category_id": False},
            ".category_id: False: is the id of one of the categories",
            id="false as id",
        ),
        pytest.param({"iscrowd": None}, ".iscrowd: None: is 0 or 1", id="iscrowd"),
        pytest.param({"area": 0}, ".area: 0: is a number of pixels, more than 0", id="area"),
        pytest.param({"area": 500}, ".area: 500: is its mask's, 884 (warning)", id="another area"),
        pytest.param({"bbox": []}, ".bbox: []: is x, y, width, height in pixels", id="no bbox"),
        pytest.param(
            {"bbox": [4, 6, 26, 0]}, ".bbox: [4, 6, 26, 0]: is x, y, width, height in pixels", id="no height"
        ),
        pytest.param(
            {"bbox": [4, 6, 66, 34]},
            ".bbox: [4, 6, 66, 34]: lies within its image of 64 x 48 pixels",
            id="leaves",
        ),
        pytest.param(
            {"bbox": [4, 6, 30, 40]},
            ".bbox: [4, 6, 30, 40]: is its mask's, [4.0, 6.0, 26.0, 34.0] as x, y, width, height (warning)",
            id="corners",
        ),
        pytest.param(
            {"segmentation": [[1, 2]]},
            ".segmentation: 'polygons': a polygon of 2 numbers: give x and y of at least three corners",
            id="polygon",
        ),
        pytest.param(
            {"segmentation": ["x"]},
            ".segmentation: 'polygons': is a list of polygons, each a list of x and y in turn",
            id="no polygon",
        ),
        pytest.param(
            {"segmentation": {"size": [64, 48], "counts": "x"}},
            ".segmentation: 'run lengths': size is [64, 48], its image's [48, 64]",
            id="size",
        ),
        pytest.param(
            {"segmentation": {"size": [48, 64], "counts": "zz"}},
            ".segmentation: 'run lengths': character 'z' at 0 is no COCO run length",
            id="malformed",
        ),
        pytest.param(
            {"segmentation": {"size": [48, 64], "counts": [1.5]}},
            ".segmentation: 'run lengths': counts is a text, or a list of run lengths",
            id="counts",
        ),
        pytest.param(
            {"segmentation": {"size": [48, 64], "counts": [3072]}},
            ".segmentation: 'run lengths': the mask is empty",
            id="empty",
        ),
        pytest.param({"segmentation": []}, None, id="a box alone"),
    ],
)
def test_a_broken_annotation(tmp_path: Path, change, problem) -> None:
    things = [{**THING, "id": 7}, {**THING, **change}]
    expected = [] if problem is None else [f"x.json:2: annotations[1]{problem}"]
    assert problems(tmp_path, document(annotations=things)) == expected


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        pytest.param(
            {"images": [IMAGE, IMAGE]},
            "x.json:2: images[1].id: 5: is not that of images[0] too",
            id="image twice",
        ),
        pytest.param(
            {"images": [IMAGE, 7]},
            "x.json:2: images[1]: 7: has id, file_name, width and height",
            id="no image",
        ),
        pytest.param(
            {"images": [IMAGE, {**IMAGE, "id": "6"}]},
            "x.json:2: images[1].id: '6': is a whole number",
            id="image id",
        ),
        pytest.param(
            {"images": [IMAGE, {**IMAGE, "id": 6, "file_name": 7}]},
            "x.json:2: images[1].file_name: 7: the path has to be a text",
            id="file_name",
        ),
        pytest.param(
            {"images": [IMAGE, {**IMAGE, "id": 6, "height": 0.5}]},
            "x.json:2: images[1].height: 0.5: is the picture's pixels, 1 to 65535",
            id="height",
        ),
        pytest.param(
            {"annotations": [THING, THING]},
            "x.json:2: annotations[1].id: 1: is not that of annotations[0] too: detectron2 refuses the file",
            id="id twice",
        ),
        pytest.param(
            {"annotations": [THING, 7]},
            "x.json:2: annotations[1].image_id: 7: is the id of one of the images",
            id="no annotation",
        ),
        pytest.param(
            {"categories": [CATEGORY, 7]},
            "x.json:2: categories[1]: 7: has an id and a name",
            id="no category",
        ),
        pytest.param(
            {"categories": [CATEGORY, {**CATEGORY, "name": "dog"}]},
            "x.json:2: categories[1].id: 0: is that of one category",
            id="category twice",
        ),
        pytest.param(
            {"categories": [CATEGORY, {"id": "1", "name": "dog"}]},
            "x.json:2: categories[1].id: '1': is a whole number",
            id="category id",
        ),
        pytest.param(
            {"categories": [CATEGORY, {"id": 1, "name": ""}]},
            "x.json:2: categories[1].name: '': is a text, and not empty",
            id="no name",
        ),
        pytest.param(
            {"categories": [CATEGORY, {"id": 1, "name": "cat"}]},
            "x.json:2: categories[1].name: 'cat': is that of one category: classes are told apart by it "
            "(warning)",
            id="name twice",
        ),
    ],
)
def test_a_broken_part(tmp_path: Path, parts, problem) -> None:
    assert problems(tmp_path, document(**parts)) == [problem]


def test_cat_breeds_has_boxes_and_areas_of_heads(test_data: Callable[[str], Path]) -> None:
    found: list = []
    assert validate_coco(test_data("cat-breeds") / "instances.json", found.append) == 37
    kinds = Counter((problem.field.rpartition(".")[2], problem.warning) for problem in found)
    assert kinds == {("bbox", True): 37, ("area", True): 36}


def test_coco_panoptic_has_an_object_0(test_data: Callable[[str], Path]) -> None:
    found: list = []
    assert (
        validate_coco(test_data("coco-panoptic") / "panoptic_coco_detection_format.json", found.append) == 2
    )
    assert [(problem.field, problem.value) for problem in found] == [("annotations[0].id", "0")]
