"""Conversations in ms-swift's format: written, read, and read as the trainer does."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made_samples import HEIGHT, WIDTH, image_bytes, samples

from vdata_assets.formats.chat.qwen_boxes import smart_resize, to_norm1000, to_resized
from vdata_assets.formats.chat.swift import Swift
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn

CAT = Picture(path="cats/a.jpg")
RESERVED = ("<image>", "<img>", "<ref-object>", "<bbox>")


def asked(*answer: str | Picture, objects: tuple[MarkedObject, ...] = (), **more) -> Sample:
    return Sample("s1", (Turn("user", (CAT, "Describe.")), Turn("assistant", answer)), objects, **more)


def written(tmp_path: Path, sample: Sample, swift: Swift | None = None) -> dict:
    (name,) = (swift or Swift()).save({"train": [sample]}, tmp_path, tmp_path)
    assert name == Path("train_swift.jsonl")
    return json.loads((tmp_path / name).read_text())


def trained(row: dict, size: tuple[int, int], thousandths: bool = True) -> str:
    """The conversation's text as ms-swift's Qwen2-VL (thousandths) or Qwen2.5-VL template gives it."""
    text = "\n".join(message["content"] for message in row["messages"])
    objects = row.get("objects", {"ref": [], "bbox": []})
    for name in objects["ref"]:
        text = text.replace("<ref-object>", f"<|object_ref_start|>{name}<|object_ref_end|>", 1)
    for box in objects["bbox"]:
        sides = (1, 1) if objects["bbox_type"] == "norm1" else size
        new = (1000, 1000) if thousandths else smart_resize(size)
        whole = [round(x / side * norm) for x, side, norm in zip(box, sides * 2, new * 2, strict=True)]
        text = text.replace("<bbox>", "<|box_start|>({},{}),({},{})<|box_end|>".format(*whole), 1)
    return text


def test_a_row(tmp_path: Path) -> None:
    dog = MarkedObject("a dog", 0, (331.5, 761.4, 853.5, 1594.8))
    sample = asked("<ref-object><bbox> sits.", objects=(dog,), sizes=((1500, 1800),))
    row = written(tmp_path, sample)
    assert row == {
        "id": "s1",
        "messages": [
            {"role": "user", "content": "<image>Describe."},
            {"role": "assistant", "content": "<ref-object><bbox> sits."},
        ],
        "images": ["cats/a.jpg"],
        "objects": {"ref": ["a dog"], "bbox": [[331.5, 761.4, 853.5, 1594.8]], "bbox_type": "real"},
        "width": [1500],
        "height": [1800],
    }
    expected = "<|object_ref_start|>a dog<|object_ref_end|><|box_start|>(221,423),(569,886)<|box_end|> sits."
    assert trained(row, (1500, 1800)).endswith(expected)


@pytest.mark.parametrize("bbox_type", ["real", "norm1"])
def test_the_trainer_makes_the_stated_boxes_of_either_kind(tmp_path: Path, bbox_type) -> None:
    size, box = (1000, 700), (13.0, 57.0, 456.0, 699.0)
    row = written(
        tmp_path, asked("<bbox>", objects=(MarkedObject("x", 0, box),), sizes=(size,)), Swift(bbox_type)
    )
    for thousandths, whole in (
        (True, to_norm1000(box, size)),
        (False, to_resized(box, size, smart_resize(size))),
    ):
        expected = "<|box_start|>({},{}),({},{})<|box_end|>".format(*whole)
        assert trained(row, size, thousandths).endswith(expected)


def test_boxes_are_written_as_fractions_all(tmp_path: Path) -> None:
    written(tmp_path, asked("<bbox>", objects=(MarkedObject("x", 0, (1, 2, 3, 4)),)))
    assert '"bbox":[[1.0,2.0,3.0,4.0]]' in (tmp_path / "train_swift.jsonl").read_text()


def test_pictures_boxes_and_weights_of_several_turns(tmp_path: Path) -> None:
    data = image_bytes("PNG")
    sample = Sample(
        "",
        (
            Turn("system", ("Be brief.",)),
            Turn("user", ("First ", CAT, " then ", Picture(url="https://example.org/b.png"))),
            Turn("assistant", ("<bbox>",), 0.0),
            Turn("user", (Picture(data=data), "and this?")),
            Turn("assistant", ("<bbox>",), 1.0),
        ),
        (MarkedObject("x", 2, (0.0, 0.0, 5.0, 5.0)), MarkedObject("y", 0, (1.0, 1.0, 2.0, 2.0))),
    )
    row = written(tmp_path, sample)
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert row["images"] == ["cats/a.jpg", "https://example.org/b.png", uri]
    assert row["messages"][1]["content"] == "First <image> then <image>"
    assert [message.get("loss") for message in row["messages"]] == [None, None, False, None, True]
    assert row["objects"]["image_id"] == [2, 0]
    assert list(Swift().load(tmp_path, "train", pytest.fail)) == [sample]


@given(st.data())
@pytest.mark.parametrize("bbox_type", ["real", "norm1"])
def test_what_is_written_is_read(tmp_path_factory, bbox_type, data) -> None:
    folder = tmp_path_factory.mktemp("swift")
    made = data.draw(samples(Swift.expresses, reserved=RESERVED))
    assume(not any(picture.path and picture.path != picture.path.strip() for picture in made.pictures))
    if made.objects and bbox_type == "norm1":
        made = replace(made, sizes=((WIDTH, HEIGHT),) * len(made.pictures))
    if made.objects and data.draw(st.booleans()):
        said = "<ref-object> <bbox>, " * len(made.objects)
        made = replace(made, turns=(*made.turns, Turn("user", ("?",)), Turn("assistant", (said,))))
    swift, found = Swift(bbox_type), []
    swift.save({"val": [made, made]}, folder, folder)
    assert list(swift.load(folder, "val", pytest.fail)) == [made, made]
    assert swift.splits(folder) == ["val"]
    assert swift.validate(folder, "val", found.append) == 2
    assert [str(problem) for problem in found if not problem.warning] == []


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    sample = asked("ok", objects=(MarkedObject("x", 0, (1.0, 2.0, 3.0, 4.0)),))
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Swift().save({"train": [sample], "val": [sample]}, tmp_path / name, tmp_path)
        contents.append([file.read_bytes() for file in sorted((tmp_path / name).iterdir())])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("sample", "error"),
    [
        pytest.param(
            asked("an <image>"),
            "turns[1]: 'an <image>': has no <image> or <img>, which the trainer takes for a "
            "picture: reword it",
            id="a placeholder in a text",
        ),
        pytest.param(
            asked("<bbox>"),
            "objects: []: the text has <ref-object> or <bbox> but the sample no objects: remove them",
            id="placeholders without objects",
        ),
        pytest.param(
            Sample("s1", (Turn("user", ("?",), 0.5),)),
            "turns[0].weight: 0.5: is 0 or 1: a turn is trained or not",
            id="weight",
        ),
        pytest.param(
            asked(Picture(path="../a.jpg")),
            "pictures[1]: '../a.jpg': the path must not leave the dataset's folder with ..",
            id="path",
        ),
        pytest.param(
            asked(Picture(url="gs://b/a.jpg")),
            "pictures[1]: 'gs://b/a.jpg': is a path, an http or https URL, or a data URI: download it first",
            id="URL",
        ),
        pytest.param(
            asked(Picture(url="a.jpg")),
            "pictures[1]: 'a.jpg': a path is no URL, and a URL begins with http:// or https://",
            id="no URL",
        ),
        pytest.param(
            asked(Picture(data=b"GIF")),
            "pictures[1]: b'GIF': is an image file: its first bytes are of none",
            id="data",
        ),
        pytest.param(
            asked("ok", objects=(MarkedObject("x", 1, (1, 2, 3, 4)),)),
            "objects[0].picture: 1: is the number of one of the 1 pictures, from 0",
            id="picture of an object",
        ),
        pytest.param(
            asked("ok", objects=(MarkedObject("x", 0, (1, 2, 9, 4)),), sizes=((8, 8),)),
            "objects[0].box: (1, 2, 9, 4): is left, top, right, bottom in pixels, within its picture",
            id="box",
        ),
        pytest.param(
            asked("<bbox>", objects=(MarkedObject("x", 0, (1, 2, 3, 4)),) * 2),
            "objects: 2: 2 objects, 2 of them with a "
            "box, for 0 <ref-object> and 1 <bbox> in the text: give as many of each as there are "
            "objects, in the text's order, or "
            "none",
            id="placeholders",
        ),
        pytest.param(
            asked("ok", sizes=((8, 8),) * 2), "sizes: 2: has one for each of the 1 pictures", id="sizes"
        ),
    ],
)
def test_what_cannot_be_said_is_refused(tmp_path: Path, sample, error) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(f"sample 's1': {error}") + "$"):
        written(tmp_path, sample)


def test_norm1_needs_sizes(tmp_path: Path) -> None:
    sample = asked("ok", objects=(MarkedObject("x", 0, (1, 2, 3, 4)),))
    with pytest.raises(ValueError, match="has every picture's width and height: boxes as norm1 need them"):
        written(tmp_path, sample, Swift("norm1"))


def test_what_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample 's1': swift cannot say: label; convert the samples first"):
        written(tmp_path, asked("ok", label="cat"))


def test_a_split_that_cannot_name_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"split '\.\./x' cannot name a file: use letters, digits, - and _"):
        Swift().save({"../x": []}, tmp_path, tmp_path)
