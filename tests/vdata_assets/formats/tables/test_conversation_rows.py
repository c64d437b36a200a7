"""Rows of pictures and messages as people have them, read as samples."""

from typing import Any

import pytest
from made_rows import PNG, sound, told

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.conversation_rows import RowReader

SHOWN = Picture(data=PNG)
ANSWER = {"role": "assistant", "content": "A cat."}
IMAGES = [{"bytes": PNG, "path": None}]
ANSWERED = Turn("assistant", ("A cat.",))


def read(row: dict[str, Any], names: list[str] | None = None) -> tuple[Sample | None, list[str]]:
    problems: list[Problem] = []
    found = RowReader("x.parquet", problems.append, names or ["cat", "dog"]).sample(row, 7)
    return found, told(problems)


PEOPLE_HAVE: dict[str, tuple[dict[str, Any], Sample]] = {
    "content as text: pictures before the first user's": (
        {"images": IMAGES * 2,
         "messages": [{"role": "system", "content": "Be kind."},
                      {"role": "user", "content": "What?"}, ANSWER]},
        Sample("", (Turn("system", ("Be kind.",)), Turn("user", (SHOWN, SHOWN, "What?")), ANSWERED)),
    ),
    "one picture in the column image": (
        {"image": IMAGES[0], "messages": [{"role": "user", "content": "What?"}, ANSWER]},
        Sample("", (Turn("user", (SHOWN, "What?")), ANSWERED)),
    ),
    "no picture": (
        {"images": [], "messages": [{"role": "user", "content": "What?"}, ANSWER]},
        Sample("", (Turn("user", ("What?",)), ANSWERED)),
    ),
    "no column of pictures": (
        {"messages": [{"role": "user", "content": "What?"}, ANSWER]},
        Sample("", (Turn("user", ("What?",)), ANSWERED)),
    ),
    "index and unknown columns": (
        {"id": 12, "source": "x", "images": IMAGES, "messages": [{"role": "user", "name": "n", "content": [
            {"index": None, "text": "What?", "type": "text"}, {"index": 0, "text": None, "type": "image"},
        ]}, ANSWER]},
        Sample("12", (Turn("user", ("What?", SHOWN)), ANSWERED)),
    ),
    "texts one after another": (
        {"images": [], "messages": [{"role": "user", "content": [{"type": "text", "text": "a"},
            {"type": "text", "text": ""}, {"type": "text", "text": "b"}]}, ANSWER]},
        Sample("", (Turn("user", ("ab",)), ANSWERED)),
    ),
    "picture by path": (
        {"images": [{"bytes": None, "path": "a/b.jpg"}],
         "messages": [{"role": "user", "content": "?"}, ANSWER]},
        Sample("", (Turn("user", (Picture(path="a/b.jpg"), "?")), ANSWERED)),
    ),
    "no label as -1": (
        {"messages": [{"role": "user", "content": "?"}], "label": -1},
        Sample("", (Turn("user", ("?",)),)),
    ),
    "label as text, metadata as an object": (
        {"messages": [{"role": "user", "content": "?"}], "label": "cow", "metadata": {"a": "b"}},
        Sample("", (Turn("user", ("?",)),), label="cow", metadata={"a": "b"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("have", PEOPLE_HAVE)
def test_what_people_have_is_read(have: str) -> None:
    row, expected = PEOPLE_HAVE[have]
    assert read(row) == (expected, [])


@pytest.mark.parametrize("metadata", ["plain text", "[1]", '{"a": 1}', "[" * 100_000])
def test_foreign_metadata_is_left_out_with_a_warning(metadata: str) -> None:
    found, problems = read(sound() | {"metadata": metadata})
    assert found is not None
    assert found.metadata == {}
    assert len(problems) == 1
    assert problems[0].endswith("is a JSON object of strings; what is not is left out")


def user(*content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}, ANSWER]}


TEXT = {"type": "text", "text": "?"}
IMAGE = {"type": "image", "text": None}
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"id": 1.5}, "id: 1.5: is a string, a number or absent"),
    ({"images": "x"}, "images: 'x': is a list"),
    ({"images": [None]}, "images[0]: None: has a picture's bytes, or its path"),
    ({"images": [{"bytes": b"", "path": None}]},
     "images[0]: {'bytes': b'', 'path': None}: has a picture's bytes, or its path"),
    ({"images": [{"bytes": None, "path": "../x"}]},
     "images[0].path: '../x': must not leave the dataset's folder with ..: embed the picture's bytes"),
    ({"images": [{"bytes": None, "path": "/etc/passwd"}]},
     "images[0].path: '/etc/passwd': has to be relative to the dataset's folder: embed the picture's bytes"),
    ({"messages": None}, "messages: None: is a list"),
    ({"messages": [], "images": []}, "messages: []: has a user's message"),
    ({"messages": ["x"]}, "messages[0]: 'x': has a role and content"),
    ({"messages": [{"role": "tool", "content": "x"}]},
     "messages[0].role: 'tool': is one of system, user, assistant"),
    ({"messages": [{"role": "assistant", "content": "x"}]},
     "messages[0].role: 'assistant': user and assistant take turns, the user first"),
    ({"messages": [{"role": "user", "content": "x"}] * 2},
     "messages[1].role: 'user': user and assistant take turns, the user first"),
    ({"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]},
     "messages[1].role: 'system': a system message is the first"),
    ({"messages": [{"role": "user", "content": None}]}, "messages[0].content: None: is a list"),
    (user(TEXT, {"type": "video"}),
     "messages[0].content[1]: {'type': 'video'}: is of type text with a text, or of type image"),
    (user({"type": "text", "text": None}),
     "messages[0].content[0]: {'type': 'text', 'text': None}: is of type text with a text, or of type image"),
    (user(IMAGE, IMAGE), "messages[0].content[1]: {'type': 'image', 'text': None}: "
     "a placeholder has a picture in images; there are fewer"),
    (user(TEXT), "images: 1: has a placeholder in messages for each; 1 are without"),
    ({"label": 2}, "label: 2: is the number of one of the 2 classes, -1 or null"),
    ({"label": True}, "label: True: is the number of one of the 2 classes, -1 or null"),
    ({"objects": {}}, None),
    ({"objects": {"a": 1}}, "objects: {'a': 1}: is a list"),
    ({"objects": ["x"]}, "objects[0]: 'x': has a label, a picture's number, a box and a mask"),
    ({"objects": [{"label": "a", "picture": 1}]},
     "objects[0].picture: 1: is the number of one of the 1 pictures, from 0"),
    ({"objects": [{"label": "a", "picture": 0, "box": [1, 2, 3]}]},
     "objects[0].box: [1, 2, 3]: is left, top, right, bottom in pixels, or null"),
    ({"objects": [{"label": "a", "picture": 0, "box": [1, 2, 3, float("nan")]}]},
     "objects[0].box: [1, 2, 3, nan]: is left, top, right, bottom in pixels, or null"),
    ({"objects": [{"label": "a", "picture": 0, "mask": 5}]},
     "objects[0].mask: 5: is COCO's compressed run lengths, or null"),
    ({"sizes": [{"width": 0, "height": 2}]},
     "sizes[0]: {'width': 0, 'height': 2}: has a width and a height in pixels"),
    ({"sizes": [{"width": 1, "height": 2}] * 2}, "sizes: 2: is empty or has one for each of the 1 pictures"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "problem"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_row_is_left_out_with_its_place_and_the_rule(
    change: dict[str, Any], problem: str | None
) -> None:
    found, problems = read(sound() | change)
    assert problems == ([] if problem is None else [f"x.parquet:7: {problem}"])
    assert (found is None) == (problem is not None)
