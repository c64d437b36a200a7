"""Rows in ms-swift's format that others wrote, and what is wrong with some."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vdata_assets.formats.chat.swift import Swift
from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn

CAT = Picture(path="cats/a.jpg")
QUESTION = {"role": "user", "content": "<image>Q"}
ANSWER = {"role": "assistant", "content": "A"}
PLAIN = Sample("", (Turn("user", (CAT, "Q")), Turn("assistant", ("A",))))


def read(tmp_path: Path, *rows: dict | str) -> tuple[list[Sample], list[str]]:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    problems: list = []
    found = list(Swift().load_file(tmp_path / "x.jsonl", problems.append))
    return found, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("row", "sample"),
    [
        pytest.param({"messages": [QUESTION, ANSWER], "images": "cats/a.jpg"}, PLAIN, id="one picture"),
        pytest.param({"image": "cats/a.jpg", "messages": [QUESTION, ANSWER], "x": 1}, PLAIN, id="key image"),
        pytest.param(
            {"messages": [QUESTION, ANSWER], "images": [{"path": "cats/a.jpg", "bytes": None}]},
            PLAIN,
            id="pictures as datasets have them",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "Q"}, ANSWER], "images": ["cats/a.jpg"]},
            PLAIN,
            id="no placeholder: the picture comes first",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image", "image": "cats/a.jpg"}, {"type": "text", "text": "Q"}],
                    },
                    ANSWER,
                ]
            },
            PLAIN,
            id="content as Qwen-VL has it",
        ),
        pytest.param(
            {
                "messages": [{"from": "human", "value": "<image>Q"}, {"from": "gpt", "value": "A"}],
                "images": ["cats/a.jpg"],
            },
            PLAIN,
            id="from and value",
        ),
        pytest.param(
            {"system": "S", "messages": [QUESTION, ANSWER], "images": ["cats/a.jpg"]},
            replace(PLAIN, turns=(Turn("system", ("S",)), *PLAIN.turns)),
            id="system apart",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "user", "content": "?"}, ANSWER], "images": ["cats/a.jpg"]},
            replace(PLAIN, turns=(Turn("user", (CAT, "Q?")), PLAIN.turns[1])),
            id="two messages of one role",
        ),
        pytest.param(
            {
                "messages": [{"role": "user", "content": "<image>Q<image>"}, ANSWER],
                "images": ["cats/a.jpg"] * 2,
            },
            replace(PLAIN, turns=(Turn("user", (CAT, "Q", CAT)), PLAIN.turns[1])),
            id="a picture twice",
        ),
        pytest.param(
            {
                "messages": [QUESTION, ANSWER],
                "images": ["cats/a.jpg"],
                "objects": {"ref": ["x"], "bbox": [[9, 8, 1, 2]], "bbox_type": None, "image_id": None},
            },
            replace(PLAIN, objects=(MarkedObject("x", 0, (1.0, 2.0, 9.0, 8.0)),)),
            id="corners exchanged, as the trainer does",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "Q"}, ANSWER], "id": 7},
            Sample("7", (Turn("user", ("Q",)), Turn("assistant", ("A",)))),
            id="no picture",
        ),
    ],
)
def test_rows_of_others(tmp_path: Path, row, sample) -> None:
    assert read(tmp_path, row) == ([sample], [])


def test_a_file_of_others(tmp_path: Path) -> None:
    row = json.dumps({"messages": [QUESTION, ANSWER], "images": ["cats/a.jpg"]})
    (tmp_path / "x.jsonl").write_bytes(f"\ufeff{row}\r\n\r\n{{\r\n{row}".encode())
    problems: list = []
    assert list(Swift().load_file(tmp_path / "x.jsonl", problems.append)) == [PLAIN, PLAIN]
    assert [(problem.row, problem.field) for problem in problems] == [(3, "row")]


OBJECTS = {"ref": ["x"], "bbox": [[1, 2, 3, 4]]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"messages": None}, "messages: None: is a list", id="messages"),
        pytest.param({"messages": []}, "messages: 0: has a user's message", id="no message"),
        pytest.param({"messages": [7]}, "messages[0]: 7: has a role and content", id="a message"),
        pytest.param(
            {"messages": [{"role": "tool", "content": ""}]},
            "messages[0].role: 'tool': is system, user or assistant; tools are not read",
            id="tool",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": None}]},
            "messages[0].content: None: is a text",
            id="content",
        ),
        pytest.param(
            {"messages": [ANSWER]},
            "messages[0].role: 'assistant': a user's message comes before it",
            id="answer",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "system", "content": ""}]},
            "messages[1].role: 'system': a system message is the first",
            id="late system",
        ),
        pytest.param(
            {"messages": [QUESTION, {**ANSWER, "loss": 0.5}]},
            "messages[1].loss: 0.5: is true, false, 1, 0 or absent",
            id="loss",
        ),
        pytest.param(
            {"messages": [QUESTION, ANSWER, {**ANSWER, "loss": 1}]},
            "messages[2].loss: 1.0: is that of the message before, of the same role",
            id="losses of one turn",
        ),
        pytest.param(
            {"images": []}, "images: 0: has a picture for each of the 1 <image> in the messages", id="images"
        ),
        pytest.param(
            {"images": ["/etc/passwd"]},
            "images[0]: '/etc/passwd': the path has to be relative to the dataset's folder",
            id="absolute",
        ),
        pytest.param(
            {"images": ["a/../../b.jpg"]},
            "images[0]: 'a/../../b.jpg': the path must not leave the dataset's folder with ..",
            id="out of the folder",
        ),
        pytest.param(
            {"images": ["file:///etc/passwd"]},
            "images[0]: 'file:///etc/passwd': is a path, an http or https URL, or a data URI: download "
            "it first",
            id="scheme",
        ),
        pytest.param(
            {"images": ["httpd/a.jpg"]},
            "images[0]: 'httpd/a.jpg': does not begin with http, which the trainer takes for a URL: put "
            "it in a folder",
            id="http",
        ),
        pytest.param(
            {"images": [" a.jpg"]},
            "images[0]: ' a.jpg': has no blank at its ends: the trainer strips them",
            id="blank",
        ),
        pytest.param(
            {"images": ["data:image/png;base64,****"]},
            "images[0]: 'data:image/png;base64,****': no base64 after the comma: it has A-Z, a-z, 0-9, "
            "+ and /, is padded with = "
            "to four characters and has no line ends",
            id="data URI",
        ),
        pytest.param({"id": [1]}, "id: [1]: is a string, a number or absent", id="id"),
        pytest.param(
            {"width": [0], "height": [1]}, "width: [0]: has the pixels of each of the 1 pictures", id="width"
        ),
        pytest.param({"width": [1]}, "height: None: has the pixels of each of the 1 pictures", id="height"),
        pytest.param({"objects": []}, "objects: []: has ref, bbox, bbox_type and image_id", id="objects"),
        pytest.param({"objects": {"ref": []}}, "objects.bbox: None: is a list", id="no bbox"),
        pytest.param({"objects": {**OBJECTS, "ref": [1]}}, "objects.ref: [1]: is a list of texts", id="ref"),
        pytest.param(
            {"objects": {**OBJECTS, "bbox_type": "norm1000"}},
            "objects.bbox_type: 'norm1000': is real or norm1",
            id="bbox_type",
        ),
        pytest.param(
            {"objects": {**OBJECTS, "bbox_type": "norm1"}},
            "width: None: has the pictures' pixels, as height: boxes of norm1 need them",
            id="norm1",
        ),
        pytest.param(
            {"objects": {**OBJECTS, "bbox": [[1, 2]]}},
            "objects.bbox[0]: [1, 2]: is left, top, right, bottom; points are not read",
            id="a point",
        ),
        pytest.param(
            {"objects": {**OBJECTS, "bbox": [[1, 2, 3, 10**400]]}},
            "objects.bbox[0]: [1, 2, 3, 1000",
            id="a huge number",
        ),
        pytest.param(
            {"objects": {**OBJECTS, "image_id": [1]}},
            "objects.image_id[0]: 1: is the number of one of the 1 pictures, from 0",
            id="image_id",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "assistant", "content": "<bbox>"}]},
            "objects: None: has what <ref-object> and <bbox> in the messages stand for",
            id="placeholders without objects",
        ),
        pytest.param(
            {"messages": [QUESTION, {"role": "assistant", "content": "<bbox><bbox>"}], "objects": OBJECTS},
            "objects.bbox: 1: has one for each of the 2 placeholders in the messages",
            id="too few boxes",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, change, problem) -> None:
    good = {"messages": [QUESTION, ANSWER], "images": ["cats/a.jpg"]}
    found, problems = read(tmp_path, good, {**good, **change}, good)
    assert found == [PLAIN, PLAIN]
    assert len(problems) == 1
    assert problems[0].startswith(f"x.jsonl:2: {problem}")
