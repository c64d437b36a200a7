"""COCO instances files: written, and read from others."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import HEIGHT, NAMES, WIDTH, image_bytes, samples
from pycocotools import mask as coco
from pycocotools.coco import COCO

from vdata_assets.formats.coco.coco_instances import Coco, load_coco, save_coco, validate_coco
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn

LABELS = NAMES.map(str.strip).filter(bool)


def rectangle(left: int, top: int, right: int, bottom: int) -> str:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[top:bottom, left:right] = 1
    return coco.encode(pixels)["counts"].decode()


MASK, BOX = rectangle(4, 6, 30, 40), (4.0, 6.0, 30.0, 40.0)


def seen(*objects: MarkedObject, name: str = "s1", path: str = "cats/a.jpg") -> Sample:
    return Sample(name, (Turn("user", (Picture(path=path),)),), objects, ((WIDTH, HEIGHT),))


def saved(folder: Path, *given: Sample) -> dict:
    save_coco(given, folder, folder / "x.json")
    return json.loads((folder / "x.json").read_text())


def own_box(thing: MarkedObject) -> tuple[float, float, float, float] | None:
    """The box of the mask, if there is one."""
    if thing.mask is None:
        return thing.box
    left, top, width, height = coco.toBbox({"size": [HEIGHT, WIDTH], "counts": thing.mask.encode()}).tolist()
    return left, top, left + width, top + height


def test_a_file(tmp_path: Path) -> None:
    cat, box_only = MarkedObject("cat", 0, BOX, MASK), MarkedObject("dog", 0, (0.5, 1.0, 3.25, 4.0))
    document = saved(tmp_path, seen(cat, box_only), seen(replace(cat, box=None), name="", path="b.jpg"))
    segmentation = {"size": [HEIGHT, WIDTH], "counts": MASK}
    common = {"segmentation": segmentation, "area": 884, "bbox": [4.0, 6.0, 26.0, 34.0], "iscrowd": 0}
    assert document == {
        "images": [
            {"id": 1, "sample_id": "s1", "file_name": "cats/a.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 2, "file_name": "b.jpg", "width": WIDTH, "height": HEIGHT},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, **common},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [], "area": 8.25,
             "bbox": [0.5, 1.0, 2.75, 3.0], "iscrowd": 0},
            {"id": 3, "image_id": 2, "category_id": 1, **common},
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }  # fmt: skip


def test_pycocotools_reads_it(tmp_path: Path) -> None:
    saved(tmp_path, seen(MarkedObject("cat", 0, BOX, MASK)), seen(name="empty"))
    found = COCO(str(tmp_path / "x.json"))
    (annotation,) = found.loadAnns(found.getAnnIds(imgIds=[1]))
    assert found.annToMask(annotation).sum() == annotation["area"]
    assert coco.toBbox(found.annToRLE(annotation)).tolist() == annotation["bbox"]
    assert found.getImgIds() == [1, 2]


@given(st.data())
def test_what_is_written_is_read(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("coco")
    drawn = data.draw(st.lists(samples(Coco.expresses, labels=LABELS), max_size=4))
    given = [
        # Without conversation, and every size and box is known once it is written.
        replace(
            one,
            turns=(Turn("user", one.pictures),),
            objects=tuple(replace(thing, box=own_box(thing)) for thing in one.objects),
            sizes=((WIDTH, HEIGHT),),
        )
        for one in drawn
    ]
    found: list = []
    Coco().save({"train": given, "test": given[:1]}, folder, folder)
    assert list(Coco().load(folder, "train", pytest.fail)) == given
    assert list(Coco().load(folder, "test", pytest.fail)) == given[:1]
    assert Coco().splits(folder) == ["train", "test"]
    assert Coco().validate(folder, "train", found.append) == len(given)
    assert found == []


def test_categories_are_numbered_alike_in_all_splits(tmp_path: Path) -> None:
    splits = {
        "train": [seen(MarkedObject("cat", 0, BOX))],
        "val": [seen(MarkedObject("dog", 0, BOX), MarkedObject("cat", 0, BOX))],
    }
    assert Coco().save(iter_each(splits), tmp_path, tmp_path) == [
        Path("train_coco.json"),
        Path("val_coco.json"),
    ]
    documents = [json.loads((tmp_path / f"{split}_coco.json").read_text()) for split in splits]
    assert documents[0]["categories"] == documents[1]["categories"]
    assert [one["category_id"] for one in documents[1]["annotations"]] == [2, 1]


def iter_each(splits: dict[str, list[Sample]]) -> dict[str, object]:
    """Splits that can be iterated once."""
    return {split: iter(given) for split, given in splits.items()}


def test_a_size_that_is_not_known_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(image_bytes("PNG"))
    (image,) = saved(tmp_path, replace(seen(path="a.png"), sizes=()))["images"]
    assert (image["width"], image["height"]) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("sample", "error"),
    [
        pytest.param(
            replace(seen(), label="cat"), "coco cannot say: label; convert", id="label of the sample"
        ),
        pytest.param(
            replace(seen(), turns=()), "0 pictures: COCO takes one a sample, by path", id="no picture"
        ),
        pytest.param(
            replace(seen(), turns=(Turn("user", (Picture(url="https://x.org/a.jpg"),)),)),
            "1 pictures: COCO takes one a sample, by path",
            id="URL",
        ),
        pytest.param(
            seen(path="../a.jpg"),
            "picture ../a.jpg: the path must not leave the dataset's folder with ..",
            id="path",
        ),
        pytest.param(
            replace(seen(path="gone.jpg"), sizes=()), "picture gone.jpg: cannot be read: ", id="gone"
        ),
        pytest.param(
            seen(MarkedObject("<cat>", 0, BOX)),
            "object 0 (<cat>): label has markup ('<' or '>'): rename it",
            id="label",
        ),
        pytest.param(
            seen(MarkedObject("cat ", 0, BOX)),
            "object 0 (cat ): label has blanks at its ends: rename it",
            id="blank",
        ),
        pytest.param(
            seen(MarkedObject("cat", 1, BOX)),
            "object 0 (cat): is in picture 1: there is only picture 0",
            id="picture 1",
        ),
        pytest.param(
            seen(MarkedObject("cat", 0, (1, 2, 65, 4))),
            "object 0 (cat): box (1, 2, 65, 4) is not left, top, right, bottom within 64 x 48",
            id="box",
        ),
        pytest.param(
            seen(MarkedObject("cat")), "object 0 (cat): has neither box nor mask: leave it out", id="nothing"
        ),
        pytest.param(
            seen(MarkedObject("cat", 0, None, "zz")),
            "object 0 (cat): mask: character 'z' at 0 is no COCO run length",
            id="mask",
        ),
        pytest.param(
            seen(MarkedObject("cat", 0, (0, 0, 9, 9), MASK)),
            "object 0 (cat): box (0, 0, 9, 9) is not that of its mask, (4.0, 6.0, 30.0, 40.0): correct "
            "one of them",
            id="another box",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(tmp_path: Path, sample, error) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(f"sample 's1': {error}")):
        saved(tmp_path, sample)


def test_coco_panoptic_comes_back(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    file, problems = test_data("coco-panoptic") / "panoptic_coco_detection_format.json", []
    found = list(load_coco(file, problems.append))
    assert [len(one.objects) for one in found] == [17, 30]
    assert [problem.field for problem in problems] == [f"annotations[{at}].iscrowd" for at in (13, 31, 45)]
    save_coco(found, tmp_path, tmp_path / "z.json")
    assert list(load_coco(tmp_path / "z.json", pytest.fail)) == found
    assert validate_coco(tmp_path / "z.json", pytest.fail) == 2
