"""Rows and files that ms-swift would not train on as they are."""

import json
from pathlib import Path

import pytest

from vdata_assets.formats.chat.swift import Swift
from vdata_assets.formats.tables import json_columns

QUESTION = {"role": "user", "content": "<image>Q"}
ANSWER = {"role": "assistant", "content": "<ref-object><bbox>"}
GOOD = {
    "messages": [QUESTION, ANSWER],
    "images": ["cats/a.jpg"],
    "objects": {"ref": ["x"], "bbox": [[1.0, 2.0, 30.0, 40.0]], "bbox_type": "real", "image_id": [0]},
    "width": [64],
    "height": [48],
}


def problems(folder: Path, *rows: object) -> list[str]:
    (folder / "train_swift.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found: list = []
    assert Swift().validate(folder, "train", found.append) == len(rows)
    return [f"{problem}{' (warning)' if problem.warning else ''}" for problem in found]


def with_answer(text: str) -> dict:
    return {"messages": [QUESTION, {"role": "assistant", "content": text}]}


def with_objects(**changes: object) -> dict:
    return {"objects": {**GOOD["objects"], **changes}}


def test_a_good_row(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            {"messages": "Q"}, "messages: 'Q': is a list of messages with a role and content", id="messages"
        ),
        pytest.param({"messages": [7]}, "messages[0]: 7: has a role and content", id="a message"),
        pytest.param(
            {
                "messages": [
                    {"role": "bot2", "content": "<image><ref-object><bbox>"},
                    ANSWER | {"content": "A"},
                ]
            },
            "messages[0].role: 'bot2': is one of system, user, tool_call, tool_response, tool, assistant",
            id="role",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "system", "content": "S"}, ANSWER]},
            "messages[1].role: 'system': is not system after the first message",
            id="late system",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "user", "content": "?"}, ANSWER]},
            "messages[1].role: 'user': is not that of the message before: the trainer joins the two "
            "without a space (warning)",
            id="one role twice",
        ),
        pytest.param(
            {"messages": [QUESTION, ANSWER, {"role": "user", "content": ["?"]}, ANSWER | {"content": "A"}]},
            "messages[2].content: ['?']: is a text: the column's type is string",
            id="content",
        ),
        pytest.param(
            {
                "messages": [
                    QUESTION,
                    ANSWER,
                    {"role": "user", "content": "?"},
                    {"role": "assistant", "content": ""},
                ]
            },
            "messages[3].content: '': has something to learn (warning)",
            id="nothing to learn",
        ),
        pytest.param(
            {"messages": [QUESTION, ANSWER | {"loss": 2}]},
            "messages[1].loss: 2: is true, false, 1, 0 or absent",
            id="loss",
        ),
        pytest.param(
            {"messages": [QUESTION, ANSWER, {"role": "user", "content": "?"}]},
            "messages: 'ends with user': ends with an assistant's message: nothing is trained on otherwise",
            id="end",
        ),
        pytest.param(
            {"images": [7]}, "images[0]: 7: is a path, an http or https URL, or a data URI", id="no path"
        ),
        pytest.param(
            {"images": ["../a.jpg"]},
            "images[0]: '../a.jpg': the path must not leave the dataset's folder with ..",
            id="out of the folder",
        ),
        pytest.param(
            {"images": ["data:image/png;base64,QUJD"]},
            "images[0]: 'data:image/png;base64,QUJD': holds the bytes of an image file",
            id="no image",
        ),
        pytest.param(
            {"images": ["data:image/png,x"]},
            "images[0]: 'data:image/png,x': has to be in base64: data:<media type>;base64,<text>",
            id="data URI",
        ),
        pytest.param(
            {"images": ["a.jpg", "b.jpg"], "width": None},
            "images: 2: has 1 pictures, as many as there are <image>: the trainer puts the others first "
            "(warning)",
            id="too few placeholders",
        ),
        pytest.param(
            {"objects": {"ref": ["x"]}},
            "objects: {'ref': ['x']}: has a list bbox: the trainer drops the row otherwise",
            id="no bbox",
        ),
        pytest.param(
            with_objects(bbox_type="norm1000"),
            "objects.bbox_type: 'norm1000': is real or norm1",
            id="bbox_type",
        ),
        pytest.param(with_objects(ref=[1]), "objects.ref: [1]: is a list of texts", id="ref"),
        pytest.param(
            with_objects(image_id=0.5),
            "objects.image_id: 0.5: is a list of the pictures' numbers",
            id="image_ids",
        ),
        pytest.param(
            with_objects(image_id=[1]),
            "objects.image_id[0]: 1: is the number of one of the 1 pictures, from 0",
            id="image_id",
        ),
        pytest.param(
            with_objects(bbox=[[1, 2, 3]]),
            "objects.bbox[0]: [1, 2, 3]: is four numbers, or two for a point",
            id="three numbers",
        ),
        pytest.param(
            with_objects(bbox=[[1, 2, 65, 40]]),
            "objects.bbox[0]: [1, 2, 65, 40]: lies between 0 and 64, 0 and 48",
            id="out of the picture",
        ),
        pytest.param(
            with_objects(bbox=[[1, 2, 65, 40]]) | {"width": None, "height": None}, None, id="size not known"
        ),
        pytest.param(
            with_objects(bbox=[[-1, 2, 5, 40]]) | {"width": None},
            "objects.bbox[0]: [-1, 2, 5, 40]: lies between 0 and the picture's sides",
            id="negative",
        ),
        pytest.param(
            with_objects(bbox=[[0.1, 0.2, 1.5, 0.4]], bbox_type="norm1"),
            "objects.bbox[0]: [0.1, 0.2, 1.5, 0.4]: lies between 0 and 1, 0 and 1",
            id="norm1 of pixels",
        ),
        pytest.param(with_objects(bbox=[[0.1, 0.2, 0.5, 0.4]], bbox_type="norm1"), None, id="norm1"),
        pytest.param(
            with_objects(bbox=[[30, 2, 1, 40]]),
            "objects.bbox[0]: [30, 2, 1, 40]: is left, top, right, bottom: the "
            "trainer exchanges the others (warning)",
            id="corners",
        ),
        pytest.param(
            with_objects(bbox=[[1, 2, 1.01, 40]]),
            "objects.bbox[0]: [1, 2, 1.01, 40]: has a side of a thousandth of "
            "the picture's: less is nothing to models that read thousandths (warning)",
            id="vanishing",
        ),
        pytest.param(
            with_objects(bbox=[[1, 2, 1, 40]]) | {"width": None},
            "objects.bbox[0]: [1, 2, 1, 40]: has a width and a height (warning)",
            id="empty",
        ),
        pytest.param(with_objects(bbox=[[5, 6]]), None, id="a point"),
        pytest.param(
            with_answer("<ref-object><bbox><bbox>"),
            "objects.bbox: 1: has one for each of the 2 <bbox> in the messages: others stay as they are",
            id="too few boxes",
        ),
        pytest.param(
            with_answer("<bbox>"),
            "objects.ref: 1: has 0, as many as there are <ref-object>: the others are not trained "
            "on (warning)",
            id="unused name",
        ),
        pytest.param(
            {"objects": None} | with_answer("<bbox>"),
            "objects.bbox: 0: has one for each of the 1 <bbox> in the messages: others stay as they are",
            id="no objects",
        ),
        pytest.param(
            {"images": None, "width": None, "messages": [{"role": "user", "content": "Q"}, ANSWER]},
            "objects.bbox: 1: is empty without a picture: boxes are not converted then",
            id="boxes without a picture",
        ),
        pytest.param(
            {"images": []} | with_objects(bbox=[], ref=[]) | with_answer("A"),
            "images: 0: has a picture for each of the 1 <image> in the messages",
            id="too few pictures",
        ),
    ],
)
def test_a_broken_row(tmp_path: Path, change, problem) -> None:
    expected = [] if problem is None else [f"train_swift.jsonl:2: {problem}"]
    assert problems(tmp_path, GOOD, {**GOOD, **change}) == expected


def test_an_empty_file(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["train_swift.jsonl: file: 0 rows: has a row"]


PLAIN = {"messages": [{"role": "user", "content": "Q" * 3000}, {"role": "assistant", "content": "A"}]}
SEEN = {"messages": [QUESTION, {"role": "assistant", "content": "A"}], "images": ["a.jpg"]}
BOXED = SEEN | {"objects": {"ref": ["x"], "bbox": [[1.0, 2.0, 30.0, 40.0]]}}


@pytest.mark.parametrize(
    ("first", "later", "field"),
    [
        pytest.param(PLAIN, SEEN, "images", id="a key that is new"),
        pytest.param(PLAIN | {"images": []}, SEEN, "images[]", id="a list that was empty"),
        pytest.param(PLAIN | {"images": None}, SEEN, "images", id="null before"),
        pytest.param(
            PLAIN,
            {"messages": [*PLAIN["messages"][:1], {**ANSWER, "loss": True}]},
            "messages[].loss",
            id="loss",
        ),
        pytest.param(
            BOXED | {"objects": {"ref": ["x"], "bbox": [[1, 2, 3, 4]]}, "id": "7" * 3000},
            BOXED | {"objects": {"ref": ["x"], "bbox": [[1.5, 2, 3, 4]]}},
            "objects.bbox[][]",
            id="whole numbers before",
        ),
        pytest.param(BOXED | {"id": "7" * 3000}, PLAIN | {"objects": None}, None, id="nothing later"),
        pytest.param(
            BOXED | {"id": "7" * 3000},
            BOXED | {"objects": {"ref": ["x"], "bbox": [[1, 2, 3, 4]]}},
            None,
            id="whole later",
        ),
    ],
)
def test_columns_are_those_of_the_first_chunk(tmp_path: Path, monkeypatch, first, later, field) -> None:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    monkeypatch.setattr(json_columns, "CHUNK", 1 << 11)
    misfits = [problem for problem in problems(tmp_path, first, first, later) if "10 MiB" in problem]
    expected = f"train_swift.jsonl:3: {field}: first "
    assert [problem.startswith(expected) for problem in misfits] == ([] if field is None else [True])

    def load() -> int:
        file = str(tmp_path / "train_swift.jsonl")
        cache = str(tmp_path / "cache")
        return len(load_dataset("json", data_files=file, split="train", chunksize=1 << 11, cache_dir=cache))

    if field is None:
        assert load() == 3
    else:
        with pytest.raises(DatasetGenerationError):
            load()
