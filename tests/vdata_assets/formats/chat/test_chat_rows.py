"""Rows with image tokens as people have them."""

from pathlib import Path
from typing import Any

import pytest

from vdata_assets.formats.chat.chat_rows import samples
from vdata_assets.formats.conversation import Picture, Sample, Turn

FILE = Path("/somewhere/rows.json")
ASKED = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A cat."}]
ROW = {"id": "a", "image": "a.jpg", "conversations": ASKED}
CAT = Sample("a", (Turn("user", (Picture(path="a.jpg"), "What?")), Turn("assistant", ("A cat.",))))


def read(*rows: dict) -> tuple[list[Sample], list[str]]:
    problems: list[str] = []

    def report(problem: Any) -> None:
        problems.append(f"{problem}{' (warning)' * problem.warning}")

    return list(samples(iter(enumerate(rows, start=1)), FILE, report)), problems


def said(*turns: tuple[str, str]) -> list[dict]:
    return [{"from": word, "value": text} for word, text in turns]


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {"conversations": ASKED, "other": 5, "metadata": None, "image": "a.jpg", "id": "a"},
        {"id": "a", "images": ["a.jpg"], "conversations": ASKED},
        {"id": "a", "image": ["a.jpg"], "conversations": ASKED},
        {"id": "a", "image": "a.jpg", "conversations": [turn | {"loss": 1} for turn in ASKED]},
        {
            "id": "a",
            "images": ["a.jpg"],
            "messages": [
                {"role": "user", "content": "<image>What?"},
                {"role": "assistant", "content": "A cat."},
            ],
        },
    ],
    ids=["llava", "order and unknown keys", "sharegpt", "list", "keys of turns", "messages"],
)
def test_the_same_sample_in_many_shapes(row: dict) -> None:
    assert read(row) == ([CAT], [])


@pytest.mark.parametrize(
    ("row", "sample"),
    [
        (
            {"conversations": said(("human", "Hi"), ("gpt", "")), "image": None, "id": 7},
            Sample("7", (Turn("user", ("Hi",)), Turn("assistant", ()))),
        ),
        (
            ROW
            | {"image": ["a.jpg", "a.jpg"], "conversations": said(("human", "<image><image>"), ("gpt", "A"))},
            Sample("a", (Turn("user", (Picture(path="a.jpg"),) * 2), Turn("assistant", ("A",)))),
        ),
        (ROW | {"system": "Be brief."}, Sample("a", (Turn("system", ("Be brief.",)), *CAT.turns))),
        (
            ROW | {"conversations": [*said(("system", "First.")), *ASKED], "system": "Second."},
            Sample("a", (Turn("system", ("First.",)), *CAT.turns)),
        ),
        (
            ROW | {"image": "https://a/b.jpg"},
            Sample("a", (Turn("user", (Picture(url="https://a/b.jpg"), "What?")), CAT.turns[1])),
        ),
        (
            ROW | {"image": "data:image/png;base64,QUJD"},
            Sample("a", (Turn("user", (Picture(data=b"ABC"), "What?")), CAT.turns[1])),
        ),
        (
            ROW | {"metadata": {"label": "cat", "breed": "Persian", "other": None}},
            Sample("a", CAT.turns, label="cat", metadata={"breed": "Persian"}),
        ),
    ],
    ids=["no image", "twice", "system beside", "two systems", "url", "data", "metadata"],
)
def test_what_else_a_row_may_say(row: dict, sample: Sample) -> None:
    assert read(row) == ([sample], [])


TURNS = "turns are of user and assistant in turn, here"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"conversations": None},
            "conversations: None: has to be a list of turns: {'from': ..., 'value': ...}",
        ),
        ({"conversations": ["Hi"]}, "conversations[0]: 'Hi': has to be an object with 'from' and 'value'"),
        (
            {"conversations": said(("bot", "Hi"))},
            "conversations[0].from: 'bot': has to be one of human, user, gpt, assistant, system",
        ),
        (
            {"conversations": [{"from": ["human"], "value": "Hi"}]},
            "conversations[0].from: ['human']: has to be one of human, user, gpt, assistant, system",
        ),
        (
            {"conversations": [{"from": "human", "value": 5}]},
            "conversations[0].value: 5: has to be a string",
        ),
        (
            {"conversations": said(("gpt", "Hi"), ("human", "Hi"))},
            f"conversations[0].from: 'gpt': {TURNS} human",
        ),
        (
            {"conversations": [*said(("system", "Hi")), *ASKED, *said(("gpt", "Hi"))]},
            f"conversations[3].from: 'gpt': {TURNS} human",
        ),
        (
            {"conversations": [*ASKED, *said(("system", "Hi"))]},
            f"conversations[2].from: 'system': {TURNS} human",
        ),
        (
            {"conversations": ASKED[:1]},
            "conversations: {'from': 'human', 'value': '<image>\\nWhat?'}: has to end with a turn of gpt",
        ),
        ({"system": 5}, "system: 5: has to be a string"),
        (
            {"system": "See <image>"},
            "system: 'See <image>': no <image> in the system's text: move it to the user's",
        ),
        (
            {"image": None},
            "image: None: 0 pictures and 1 <image> in the texts: there has to be one for each",
        ),
        (
            {"images": ["a.jpg", "b.jpg"]},
            "images: ['a.jpg', 'b.jpg']: 2 pictures and 1 <image> in the texts: there has to be one for each",
        ),
        ({"image": 5}, "image: 5: has to be a path, relative to the dataset's folder"),
        (
            {"images": ["a/../../b.jpg"]},
            "images[0]: 'a/../../b.jpg': must not leave the dataset's folder with ..",
        ),
        ({"image": "/etc/passwd"}, "image: '/etc/passwd': has to be relative to the dataset's folder"),
        (
            {"image": "file://etc/passwd"},
            "image: 'file://etc/passwd': has to be a path, or begin with http://, https://, gs://, s3://",
        ),
        (
            {"image": "data:image/png,A"},
            "image: 'data:image/png,A': has to be in base64: data:<media type>;base64,<text>",
        ),
    ],
    ids=[
        "no turns",
        "turn that is a text",
        "role",
        "role that is a list",
        "text",
        "first turn",
        "two answers",
        "late system",
        "no answer",
        "system",
        "token in the system's",
        "no image",
        "too many images",
        "image that is a number",
        "path that leaves",
        "absolute path",
        "file url",
        "bad data uri",
    ],
)
def test_a_row_that_is_no_sample_is_reported_and_left_out(fields: dict, problem: str) -> None:
    assert read(ROW | fields, ROW) == ([CAT], [f"rows.json:1: {problem}"])


def test_what_is_of_no_use_to_a_sample_is_a_warning() -> None:
    found, problems = read(ROW | {"id": [1], "metadata": {"a": 1, "b": "c"}}, ROW | {"metadata": "x"})
    assert found == [Sample("", CAT.turns, metadata={"b": "c"}), CAT]
    assert problems == [
        "rows.json:1: metadata.a: 1: has to be a string; left out (warning)",
        "rows.json:1: id: [1]: has to be a string; left out (warning)",
        "rows.json:2: metadata: 'x': has to be an object of strings; left out (warning)",
    ]
