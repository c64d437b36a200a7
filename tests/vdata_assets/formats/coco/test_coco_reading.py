"""COCO instances files that others wrote, as samples."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_samples import HEIGHT, WIDTH
from pycocotools import mask as coco

from vdata_assets.formats.coco.coco_instances import load_coco
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn


def rectangle(left: int, top: int, right: int, bottom: int) -> str:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[top:bottom, left:right] = 1
    return coco.encode(pixels)["counts"].decode()


MASK, BOX = rectangle(4, 6, 30, 40), (4.0, 6.0, 30.0, 40.0)
POLYGON = [[4, 6, 30, 6, 30, 40, 4, 40]]
IMAGE = {"id": 5, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
THING = {
    "id": 1,
    "image_id": 5,
    "category_id": 3,
    "segmentation": POLYGON,
    "bbox": [4, 6, 26, 34],
    "area": 884,
    "iscrowd": 0,
}
CATEGORY = {"id": 3, "name": "cat", "supercategory": "animal"}


def read(folder: Path, document: object) -> tuple[list[Sample], list[str]]:
    (folder / "y.json").write_text(document if isinstance(document, str) else json.dumps(document))
    problems: list = []
    found = list(load_coco(folder / "y.json", problems.append))
    return found, [f"{problem}{' (warning)' if problem.warning else ''}" for problem in problems]


def document(*annotations: object, images: object = (IMAGE,), categories: object = (CATEGORY,)) -> dict:
    return {
        "categories": list(categories),
        "annotations": list(annotations),
        "info": {},
        "images": list(images),
    }


@pytest.mark.parametrize(
    "segmentation",
    [
        pytest.param(POLYGON, id="polygon"),
        pytest.param({"size": [HEIGHT, WIDTH], "counts": MASK}, id="compressed"),
        pytest.param(
            {
                "size": [HEIGHT, WIDTH],
                "counts": [4 * HEIGHT + 6, *[34, 14] * 25, 34, HEIGHT - 40 + HEIGHT * (WIDTH - 30)],
            },
            id="run lengths",
        ),
    ],
)
def test_masks_in_every_form(tmp_path: Path, segmentation) -> None:
    (sample,), problems = read(tmp_path, document({**THING, "segmentation": segmentation}))
    assert problems == []
    assert sample == Sample(
        "5",
        (Turn("user", (Picture(path="a.jpg"),)),),
        (MarkedObject("cat", 0, BOX, MASK),),
        ((WIDTH, HEIGHT),),
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            {"category_id": 4},
            "annotations[0].category_id: 4: is that of one of the categories",
            id="category",
        ),
        pytest.param({"image_id": 6}, "annotations[0].image_id: 6: is that of one of the images", id="image"),
        pytest.param(
            {"image_id": "5"}, "annotations[0].image_id: '5': is that of one of the images", id="text as id"
        ),
        pytest.param(
            {"iscrowd": 1},
            "annotations[0].iscrowd: 1: is 0: a crowd is no object, and left out (warning)",
            id="crowd",
        ),
        pytest.param({"iscrowd": "x"}, "Expected `int`, got `str`", id="iscrowd"),
        pytest.param(
            {"segmentation": [[1, 2, 3]]},
            "a polygon of 3 numbers: give x and y of at least three corners",
            id="polygon",
        ),
        pytest.param(
            {"segmentation": [[1, 2, 300, 4, 5, 6]]},
            "a polygon leaves its image of 64 x 48 pixels",
            id="polygon leaves",
        ),
        pytest.param({"segmentation": [["a"]]}, "Expected `float`, got `str`", id="polygon of text"),
        pytest.param(
            {"segmentation": {"size": [9, 9], "counts": MASK}},
            "segmentation.size is [9, 9], its image's [48, 64]",
            id="size",
        ),
        pytest.param(
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": "zz"}},
            "character 'z' at 0 is no COCO run length",
            id="malformed",
        ),
        pytest.param(
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [7, 9]}},
            "run lengths sum to 16, the image has 64 x 48 = 3072 pixels: the mask is of another size",
            id="too few",
        ),
        pytest.param(
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}},
            "the mask is empty",
            id="empty",
        ),
        pytest.param(
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [2**70]}},
            "`int` <= 2147483647",
            id="huge run",
        ),
        pytest.param(
            {"segmentation": None, "bbox": None},
            "annotations[0].bbox: None: is x, y, width, height, or there is a segmentation",
            id="nothing",
        ),
        pytest.param(
            {"segmentation": [], "bbox": [1, 2, 0, 4]},
            "annotations[0].bbox: [1.0, 2.0, 0.0, 4.0]: is x, y, width, height in pixels",
            id="no width",
        ),
        pytest.param(
            {"segmentation": [], "bbox": [1, 2, 70, 4]},
            "annotations[0].bbox: [1.0, 2.0, 70.0, 4.0]: lies within its image of 64 x 48 pixels",
            id="leaves",
        ),
        pytest.param(
            {"segmentation": [], "bbox": [64.5, 2, 0.25, 4]},
            "annotations[0].bbox: [64.5, 2.0, 0.25, 4.0]: has a part within its image of 64 x 48 pixels",
            id="beside",
        ),
    ],
)
def test_a_bad_annotation_is_named_and_the_rest_is_read(tmp_path: Path, change, problem) -> None:
    (sample,), (found,) = read(tmp_path, document({**THING, **change}, THING))
    assert sample.objects == (MarkedObject("cat", 0, BOX, MASK),)
    assert found.startswith("y.json:1: annotations[0]")
    assert problem in found
    assert found.endswith("(warning)") == ("crowd" in problem)


def test_a_box_that_is_not_its_masks(tmp_path: Path) -> None:
    (sample,), problems = read(tmp_path, document({**THING, "bbox": [0, 0, 9, 9]}))
    assert sample.objects == (MarkedObject("cat", 0, BOX, MASK),)
    assert problems == [
        "y.json:1: annotations[0].bbox: [0.0, 0.0, 9.0, 9.0]: is its mask's, [4.0, 6.0, 30.0, 40.0] as "
        "left, top, "
        "right, bottom, which is taken (warning)"
    ]


def test_a_box_alone_is_brought_within_its_picture(tmp_path: Path) -> None:
    (sample,), problems = read(
        tmp_path, document({**THING, "segmentation": [], "bbox": [-0.5, 2, 65, 46.25]})
    )
    assert problems == []
    assert sample.objects == (MarkedObject("cat", 0, (0.0, 2.0, 64.0, 48.0)),)


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        pytest.param(7, "images[1]: 7: Expected `object`, got `int`", id="no object"),
        pytest.param({**IMAGE, "id": 5}, "images[1].id: 5: is not that of images[0] too", id="id twice"),
        pytest.param({**IMAGE, "id": 6, "width": 0}, "images[1].width: {'id': 6", id="width"),
        pytest.param(
            {**IMAGE, "id": 6, "file_name": "/etc/passwd"},
            "images[1].file_name: '/etc/passwd': the path has to be relative",
            id="absolute",
        ),
        pytest.param(
            {**IMAGE, "id": 6, "file_name": "\ud800.jpg"},
            "images[1].file_name: '\\ud800.jpg': the path has the character U+D800",
            id="surrogate",
        ),
    ],
)
def test_a_bad_image_is_named_and_the_rest_is_read(tmp_path: Path, image, problem) -> None:
    found, problems = read(tmp_path, document(images=[IMAGE, image, {**IMAGE, "id": 8}]))
    assert [one.id for one in found] == ["5", "8"]
    assert len(problems) == 1
    assert problems[0].startswith(f"y.json:2: {problem}")


def test_bad_categories(tmp_path: Path) -> None:
    categories = [CATEGORY, {"id": 3, "name": "dog"}, {"id": 4, "name": " "}, {"name": "x"}]
    (sample,), problems = read(tmp_path, document(THING, categories=categories))
    assert sample.objects[0].label == "cat"
    assert problems == [
        "y.json:2: categories[1].id: 3: is that of one category",
        "y.json:3: categories[2].name: ' ': is a label, but is empty",
        "y.json:4: categories[3]: {'name': 'x'}: Object missing required field `id`",
    ]


def test_cat_breeds_has_boxes_of_heads(test_data: Callable[[str], Path]) -> None:
    file, problems = test_data("cat-breeds") / "instances.json", []
    found = list(load_coco(file, problems.append))
    assert [len(one.objects) for one in found] == [1] * 37
    assert {(problem.field.rpartition(".")[2], problem.warning) for problem in problems} == {("bbox", True)}
    assert len(problems) == 37
    for one in found:
        (width, height), (thing,) = one.sizes[0], one.objects
        own = coco.toBbox({"size": [height, width], "counts": thing.mask.encode()}).tolist()
        left, top, right, bottom = thing.box
        assert [left, top, right - left, bottom - top] == own
