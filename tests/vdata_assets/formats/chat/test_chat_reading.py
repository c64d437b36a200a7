"""Chat messages that people have: what can be read is, and the rest is told."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_chats import FORMATS, INLINE, PNG, asked, image, named, uri
from made_samples import image_bytes

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.fireworks import Fireworks, FireworksLocal
from vdata_assets.formats.chat.openai_vision import OpenAiVision
from vdata_assets.formats.chat.together_vision import Together
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.problems import Problem


def loaded(text: str | bytes, tmp_path: Path, made: ChatMessages) -> tuple[list[Sample], list[Problem]]:
    problems: list[Problem] = []
    file = tmp_path / "theirs.jsonl"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(made.load_file(file, problems.append)), problems


READABLE: dict[str, tuple[Any, tuple[Turn, ...]]] = {
    "content as a text": (
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}],
        (Turn("user", ("Hi",)), Turn("assistant", ("Yes",))),
    ),
    "empty and adjacent texts": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": ""},
                    image(uri(PNG)),
                    {"type": "text", "text": "a"},
                    {"text": "b", "type": "text"},
                ],
            },
            {"role": "assistant", "content": ""},
        ],
        (Turn("user", (Picture(data=PNG), "ab")), Turn("assistant", ())),
    ),
    "the same picture twice, unknown keys, keys in any order": (
        [
            {"name": "me", "content": [image(uri(PNG)), image(uri(PNG))], "role": "user"},
            {"content": "Yes", "weight": None, "role": "assistant"},
        ],
        (Turn("user", (Picture(data=PNG), Picture(data=PNG))), Turn("assistant", ("Yes",))),
    ),
    "a URL without an object, other types, weight of a user": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": uri(image_bytes("GIF"), "image/gif")},
                    image("https://example.org/a.jpg"),
                ],
                "weight": 0,
            },
            {"role": "assistant", "content": "Yes", "weight": 0},
        ],
        (
            Turn("user", (Picture(data=image_bytes("GIF")), Picture(url="https://example.org/a.jpg"))),
            Turn("assistant", ("Yes",), 0),
        ),
    ),
}


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("made", INLINE, ids=named)
def test_what_people_have_is_read(made: ChatMessages, name: str, tmp_path: Path) -> None:
    messages, turns = READABLE[name]
    row = json.dumps({"id": 7, "messages": messages})
    text = f"\ufeff\r\n{row}\r\n\n{row}".encode()
    assert loaded(text, tmp_path, made) == ([Sample("", turns)] * 2, [])
    assert loaded(f"[{row}, {row}]", tmp_path, made) == ([Sample("", turns)] * 2, [])


def test_messages_of_one_role_in_a_row_are_one_turn(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "What is this?"},
        {"role": "user", "content": "Say."},
        {"role": "user", "content": [image("https://example.org/a.jpg")]},
        {"role": "assistant", "content": "Danbo"},
    ]
    found, problems = loaded(json.dumps({"messages": messages}), tmp_path, OpenAiVision())
    assert found == [asked("What is this?\nSay.", Picture(url="https://example.org/a.jpg"), answer="Danbo")]
    rule = "read as one turn with that before: user and assistant messages take turns after the system's"
    assert problems == [
        Problem("theirs.jsonl", 1, f"messages[{number}].role", "'user'", rule, True) for number in (1, 2)
    ]


USER, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}
TURNS = "user and assistant messages take turns after the system's"
UNREADABLE: dict[str, tuple[Any, str]] = {
    "no messages": ({}, "messages: nothing: has to be a list of messages"),
    "empty": ({"messages": []}, "messages: a list of 0: has to be a list of messages"),
    "a text": (["Hi"], "messages[0]: 'Hi': has to be an object with role and content"),
    "a tool": (
        [USER, {"role": "tool", "content": "x"}],
        "messages[1].role: 'tool': has to be one of system, user, assistant",
    ),
    "system late": (
        [USER, {"role": "system", "content": "x"}],
        "messages[1].role: 'system': only the first message is a system's",
    ),
    "assistant first": (
        [ANSWER],
        f"messages[0].role: 'assistant': a user's message has to come before: {TURNS}",
    ),
    "weights differ": (
        [USER, ANSWER, {**ANSWER, "weight": 1}],
        f"messages[2].weight: 1: is not that before: {TURNS}",
    ),
    "weight": ([USER, {**ANSWER, "weight": 0.5}], "messages[1].weight: 0.5: has to be 0 or 1"),
    "true": ([USER, {**ANSWER, "weight": True}], "messages[1].weight: True: has to be 0 or 1"),
    "null": (
        [{"role": "user", "content": None}],
        "messages[0].content: nothing: has to be a text or a list of parts",
    ),
    "text of a part": (
        [{"role": "user", "content": [{"type": "text", "text": 1}]}],
        "messages[0].content[0].text: 1: has to be a text",
    ),
    "type of a part": (
        [{"role": "user", "content": [{"type": "video_url"}]}],
        "messages[0].content[0].type: 'video_url': has to be of type text or image_url",
    ),
    "no part": (
        [{"role": "user", "content": [{"image": "a.jpg"}]}],
        "messages[0].content[0]: an object with ['image']: has to be of type text or image_url",
    ),
    "url": (
        [{"role": "user", "content": [image(None)]}],
        'messages[0].content[0].image_url.url: nothing: has to be {"url": <text>}',
    ),
    "no image": (
        [{"role": "user", "content": [image(uri(b"text"))]}],
        "messages[0].content[0].image_url.url: 'data:image/png;base64,…' (30 characters): "
        "the bytes are no image (JPEG, PNG, WebP, GIF, BMP, TIFF)",
    ),
    "file": (
        [{"role": "user", "content": [image("file://a.jpg")]}],
        "messages[0].content[0].image_url.url: 'file://a.jpg': "
        "is a path on a machine: read the file with the format fireworks_file_paths",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_row_that_cannot_be_read_is_told_and_the_others_are_read(name: str, tmp_path: Path) -> None:
    row, told = UNREADABLE[name]
    good = {"messages": [USER, ANSWER]}
    lines = [good, row if isinstance(row, dict) else {"messages": row}, good]
    found, problems = loaded("\n".join(json.dumps(line) for line in lines), tmp_path, Fireworks())
    assert found == [asked("Hi", answer="Yes")] * 2
    assert [str(problem) for problem in problems] == [f"theirs.jsonl:2: {told}"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("file:///etc/passwd", "'file:///etc/passwd': the path has to be relative to the dataset's folder"),
        ("file://../a.jpg", "'file://../a.jpg': the path must not leave the dataset's folder with .."),
        (
            "https://example.org/a.jpg",
            "'https://example.org/a.jpg': "
            "has to be file:// and a path; read inline pictures with the format fireworks",
        ),
    ],
)
def test_a_path_that_leaves_the_folder_is_told(url: str, told: str, tmp_path: Path) -> None:
    row = json.dumps({"messages": [{"role": "user", "content": [image(url)]}, ANSWER]})
    found, problems = loaded(row, tmp_path, FireworksLocal())
    assert found == []
    assert [str(problem) for problem in problems] == [
        f"theirs.jsonl:1: messages[0].content[0].image_url.url: {told}"
    ]


def test_the_real_file_is_read_and_keeps_the_rules(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    real = test_data("fireworks-sft") / "food_reasoning.jsonl"
    found = list(Fireworks().load_file(real, pytest.fail))
    assert len(found) == 12
    for sample in found:
        question, answer = sample.turns
        assert [type(part) for part in question.parts] == [Picture, str]
        assert question.pictures[0].data.startswith(b"\xff\xd8\xff")
        assert answer.text.startswith("<think>")
    (tmp_path / "train_fireworks.jsonl").symlink_to(real)
    assert Fireworks().validate(tmp_path, "train", pytest.fail) == 12
    (tmp_path / "train_openai.jsonl").symlink_to(real)
    assert OpenAiVision().validate(tmp_path, "train", pytest.fail) == 12
    Together().save({"train": found}, tmp_path, tmp_path)
    assert Together().validate(tmp_path, "train", pytest.fail) == 12
    assert list(Together().load(tmp_path, "train", pytest.fail)) == found


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "user", "assistant", "system", "text", "image_url", "data:,", "file://", uri(PNG)]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "image_url", "url", "weight", "detail"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("made", FORMATS, ids=named)
@settings(max_examples=40)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_no_row_stops_the_reading_or_the_checking(made: ChatMessages, messages: list[Any]) -> None:
    problems: list[Problem] = []
    with TemporaryDirectory() as folder:
        good = {"messages": [USER, ANSWER]}
        lines = [json.dumps(row) for row in ({"messages": messages}, good)]
        (Path(folder) / f"train_{made.name}.jsonl").write_text("\n".join(lines))
        found = list(made.load(Path(folder), "train", problems.append))
        assert found[-1] == asked("Hi", answer="Yes")
        assert len(found) + sum(not problem.warning for problem in problems) == 2
        assert made.validate(Path(folder), "train", problems.append) == 2
    assert all(str(problem).isprintable() for problem in problems)
