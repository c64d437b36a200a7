"""Every rule of a trainer, broken once."""

import math
from typing import Any

import pytest
from made_rows import PNG, sound, told
from made_samples import HEIGHT, WIDTH

from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.conversation_checks import Placed, check_rows


def check(row: dict[str, Any], classes: int | None = 2) -> list[str]:
    problems: list[Problem] = []
    assert check_rows([Placed("x", 3, row)], classes, problems.append) == 1
    return [text.removeprefix("x:3: ") for text in told(problems)]


TEXT = {"type": "text", "text": "?"}
IMAGE = {"type": "image", "text": None}
ANSWER = {"role": "assistant", "content": [TEXT]}
PICTURE = {"bytes": PNG, "path": None}


def said(*content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}, ANSWER]}


def marked(**one: Any) -> dict[str, Any]:
    return {"objects": [{"label": "cat", "picture": 0, "box": None, "mask": None} | one]}


WITHIN = f"is left < right, top < bottom within {WIDTH}x{HEIGHT} pixels"
MASK = f"is COCO's run lengths of {WIDTH}x{HEIGHT} pixels"
TURNS = "has user and assistant in turn, the user first"
BROKEN: list[tuple[dict[str, Any], list[str]]] = [
    ({"images": None, **said(TEXT)}, [
        "images: None: is a list, empty where there is no picture",
        "objects[0].picture: 0: is the number of one of 0 pictures, from 0",
        f"sizes: [{{'width': {WIDTH}, 'height': {HEIGHT}}}]: is empty or has one for each of 0 pictures",
    ]),
    ({"images": [{"bytes": None, "path": "a.jpg"}]}, [
        "images[0]: {'bytes': None, 'path': 'a.jpg'}: "
        "has the bytes of a picture: a path is not found elsewhere"
    ]),
    ({"images": [{"bytes": b"GIF", "path": None}]},
     ["images[0]: b'GIF': decodes: not an image in a known format (starts with 47 49 46)"]),
    ({"messages": [], "images": [], "objects": [], "sizes": []}, ["messages: []: has a message"]),
    ({"messages": [{"role": "tool", "content": [IMAGE]}, ANSWER]}, [
        "messages[0].role: 'tool': is system, user or assistant",
        f"messages: ['tool', 'assistant']: {TURNS}",
    ]),
    ({"messages": [{"role": "user", "content": [IMAGE]}, {"role": "assistant", "content": []}]},
     ["messages[1].content: []: has a text, or a list of parts"]),
    ({"messages": [{"role": "user", "content": [IMAGE]}, {"role": "assistant", "content": ""}]},
     ["messages[1].content: '': has a text, or a list of parts"]),
    (said(IMAGE, {"type": "video", "text": None}),
     ["messages[0].content[1].type: 'video': is text or image"]),
    (said(IMAGE, {"type": "text", "text": None}), ["messages[0].content[1].text: None: is a text"]),
    (said(TEXT), ["messages: 0: has as many placeholders for pictures as images has: 1"]),
    (said(IMAGE, IMAGE), ["messages: 2: has as many placeholders for pictures as images has: 1"]),
    ({"messages": [{"role": "system", "content": "x"}, {"role": "assistant", "content": "x"}]}, [
        f"messages: ['system', 'assistant']: {TURNS}",
        "messages: 0: has as many placeholders for pictures as images has: 1",
    ]),
    ({"messages": [{"role": "user", "content": [IMAGE]}, {"role": "system", "content": [TEXT]}, ANSWER]},
     ["messages: ['user', 'system', 'assistant']: has a system message as the first alone"]),
    ({"messages": [{"role": "user", "content": [IMAGE]}] + [ANSWER] * 2},
     [f"messages: ['user', 'assistant', 'assistant']: {TURNS}"]),
    ({"messages": [{"role": "user", "content": [IMAGE]}]},
     ["messages: ['user']: has an assistant's message: there is nothing else to learn"]),
    ({"label": 2}, ["label: 2: is null, -1 or the number of one of the 2 classes, from 0"]),
    ({"label": -2}, ["label: -2: is null, -1 or the number of one of the 2 classes, from 0"]),
    ({"objects": 5}, ["objects: 5: is a list"]),
    (marked(picture=1), ["objects[0].picture: 1: is the number of one of 1 pictures, from 0"]),
    (marked(label=None), ["objects[0].label: None: is a text"]),
    (marked(box=[0, 0, WIDTH + 1, 2]), [f"objects[0].box: [0, 0, {WIDTH + 1}, 2]: {WITHIN}"]),
    (marked(box=[5, 0, 5, 2]), [f"objects[0].box: [5, 0, 5, 2]: {WITHIN}"]),
    (marked(box=[0, 0, 5]), [f"objects[0].box: [0, 0, 5]: {WITHIN}"]),
    (marked(box=[0, 0, math.nan, 5]), [f"objects[0].box: [0, 0, nan, 5]: {WITHIN}"]),
    (marked(mask=5), [f"objects[0].mask: 5: {MASK}: is no text"]),
    (marked(mask="12"), [f"objects[0].mask: '12': {MASK}: {{reason}}"]),
    ({"sizes": [{"width": WIDTH, "height": 1}]},
     [f"sizes[0]: {{'width': {WIDTH}, 'height': 1}}: is the picture's: {WIDTH}x{HEIGHT}"]),
    ({"metadata": "x"}, ["metadata: 'x': is a JSON object of strings"]),
    ({"metadata": '{"a": 1}'}, ["metadata: '{\"a\": 1}': is a JSON object of strings"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "problems"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_rule_is_named(change: dict[str, Any], problems: list[str]) -> None:
    found = check(sound() | change)
    if problems[0].endswith("{reason}"):
        start = problems[0].removesuffix("{reason}")
        assert [text[: len(start)] for text in found] == [start]
    else:
        assert found == problems


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"label": None},
        {"label": -1},
        {"objects": None, "sizes": None, "metadata": None},
        said(TEXT, IMAGE),
        {"messages": [{"role": role, "content": "x"} for role in ("system", "user", "assistant")]},
        {"images": [PICTURE] * 2, "sizes": [], **said(IMAGE, TEXT, IMAGE)},
    ],
    ids=range(7),
)  # fmt: skip
def test_what_trainers_take_is_no_problem(change: dict[str, Any]) -> None:
    assert check(sound() | change) == []


def test_without_declared_classes_a_label_is_anything() -> None:
    assert check(sound() | {"label": "cow"}, None) == []


def filled(messages: list[dict[str, Any]], images: list[Any]) -> list[dict[str, Any]]:
    """``prepare_multimodal_messages`` of ``trl/data_utils.py``, TRL 1.16, for messages in parts."""
    placeholders = [part for message in messages for part in message["content"] if part["type"] == "image"]
    if any("image" in part for part in placeholders) or len(placeholders) != len(images):
        raise ValueError("Number of images provided does not match number of image placeholders")
    left = iter(images)
    return [
        message
        | {
            "content": [
                part | {"image": next(left)} if part["type"] == "image" else part
                for part in message["content"]
            ]
        }
        for message in messages
    ]


def test_trl_puts_each_picture_in_its_place() -> None:
    from vdata_assets.formats.conversation import Picture, Sample, Turn
    from vdata_assets.formats.tables.conversation_rows import text_row

    first, second = Picture(path="1.jpg"), Picture(path="2.jpg")
    made = Sample("a", (Turn("user", (first, "and", second)), Turn("assistant", ("Yes", first))))
    messages = filled(text_row(made)["messages"], ["1", "2", "1"])
    parts = [[part.get("image", part["text"]) for part in message["content"]] for message in messages]
    assert parts == [["1", "and", "2"], ["Yes", "1"]]
