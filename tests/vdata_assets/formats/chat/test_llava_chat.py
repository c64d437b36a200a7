"""Conversations for LLaVA's trainer, as lines and as an array."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import samples

from vdata_assets.formats.chat.llava_chat import LlavaArray, LlavaLines
from vdata_assets.formats.conversation import Picture, Sample, Turn

A = Picture(path="cats/a b.jpg")
CAT = Sample(
    "Persian_a",
    (Turn("user", (A, "What breed is this?")), Turn("assistant", ("This is a Persian.",))),
    label="Persian",
    metadata={"breed": "Persian"},
)
PLAIN = Sample("b", (Turn("user", ("Hello",)), Turn("assistant", ("Hello!",))))
ROW = {
    "id": "Persian_a",
    "image": "cats/a b.jpg",
    "conversations": [
        {"from": "human", "value": "<image>\nWhat breed is this?"},
        {"from": "gpt", "value": "This is a Persian."},
    ],
    "metadata": {"label": "Persian", "breed": "Persian"},
}
MADE = samples(LlavaLines.expresses, reserved=["<image>"])


@pytest.mark.parametrize("format_", [LlavaLines(), LlavaArray()], ids=lambda one: one.name)
@given(made=st.lists(MADE, max_size=3))
def test_samples_come_back_and_are_valid(format_: LlavaLines, made: list, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp(format_.name)
    problems: list = []
    (file,) = format_.save({"train": iter(made)}, folder, folder)
    assert list(format_.load(folder, "train", problems.append)) == made
    assert list(format_.load_file(folder / file, problems.append)) == made
    assert problems == []
    assert format_.validate(folder, "train", problems.append) == len(made)
    assert problems == []


@pytest.mark.parametrize(
    ("format_", "file"),
    [(LlavaLines(), "train_llava.jsonl"), (LlavaArray(), "train_llava_json.json")],
    ids=["llava", "llava_json"],
)
def test_the_files_are_the_documents(format_: LlavaLines, file: str, tmp_path: Path) -> None:
    files = format_.save({"val": [PLAIN], "train": [CAT, PLAIN]}, tmp_path, tmp_path)
    assert [str(file) for file in files] == [file.replace("train", "val"), file]
    assert format_.splits(tmp_path) == ["train", "val"]
    text = (tmp_path / file).read_text(encoding="utf-8")
    rows = json.loads(text) if file.endswith(".json") else [json.loads(line) for line in text.splitlines()]
    assert rows[0] == ROW
    assert list(rows[0]) == ["id", "image", "conversations", "metadata"]
    assert list(rows[1]) == ["id", "conversations"]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (
            Sample("a", (Turn("user", ("The tag <image> in HTML?",)), Turn("assistant", ("Yes.",)))),
            "sample 'a': the user's text has '<image>' in it, which the trainer takes for a picture or the "
            "like: reword it",
        ),
        (
            Sample("a", (Turn("user", (A,)), Turn("assistant", ()))),
            "sample 'a': the assistant's turn is empty, so nothing is trained: leave it out",
        ),
        (
            Sample("a", (Turn("user", (A, A, "Which?")), Turn("assistant", ("That.",)))),
            "sample 'a': llava cannot say: several pictures; convert the samples first",
        ),
        (
            Sample("a", (Turn("user", ("Which?", A)), Turn("assistant", ("That.",)))),
            "sample 'a': llava cannot say: place of a picture within a turn; convert the samples first",
        ),
        (
            Sample("a", (Turn("user", (A, "Which?")),)),
            "sample 'a': turns have to be of user and assistant in turn, not ['user']",
        ),
        (
            Sample("a", (Turn("user", (Picture(path="../a.jpg"),)), Turn("assistant", ("That.",)))),
            "sample 'a': picture '../a.jpg': the path must not leave the dataset's folder with ..",
        ),
        (
            Sample("a", PLAIN.turns, metadata={"label": "x"}),
            "sample 'a': metadata 'label' is the place of the sample's label: rename it",
        ),
    ],
    ids=["token in a text", "empty turn", "two pictures", "place", "no answer", "path", "label"],
)
def test_what_cannot_be_said_is_refused(sample: Sample, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample") as caught:
        LlavaLines().save({"train": [sample]}, tmp_path, tmp_path)
    assert str(caught.value) == message


def test_a_splits_name_stays_in_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"split '\.\./a' cannot name a file"):
        LlavaLines().save({"../a": [CAT]}, tmp_path, tmp_path)


def changed(**fields: Any) -> dict:
    """The row with other fields; one that is None goes."""
    return {key: value for key, value in (ROW | fields).items() if value is not None}


def said(*turns: tuple[str, Any]) -> dict:
    return changed(conversations=[{"from": word, "value": text} for word, text in turns])


QUESTION, ANSWER = ("human", "<image>\nWhat?"), ("gpt", "A cat.")
ALTERNATE = "human and gpt alternate from human on, here"
EMPTY = "is empty, for which nothing of the conversation is trained"


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        (ROW, []),
        (changed(id=None, metadata=None, other=[1]), []),
        (said(("human", "What?\n<image>"), ANSWER), []),
        (
            ROW | {"image": None},
            ["image: None: has to be one path; leave the key out where there is no picture"],
        ),
        (
            changed(image=["a.jpg"]),
            ["image: ['a.jpg']: has to be one path; leave the key out where there is no picture"],
        ),
        (changed(image="../a"), ["image: '../a': must not leave the dataset's folder with .."]),
        (
            changed(image="/a"),
            ["image: '/a': has to be relative to the dataset's folder"],
        ),
        (changed(image="data:,a"), ["image: 'data:,a': has to be a path, not a URL"]),
        (changed(image="https://a/b"), ["image: 'https://a/b': has to be a path, not a URL"]),
        (
            changed(image=None),
            ["conversations[0].value: '<image>\\nWhat breed is this?': without an image there is no <image>"],
        ),
        (
            said(("human", "What?"), ANSWER),
            ["image: 'cats/a b.jpg': with an image there is one <image> in the texts, not 0"],
        ),
        (
            said(("human", "<image><image>"), ANSWER),
            ["image: 'cats/a b.jpg': with an image there is one <image> in the texts, not 2"],
        ),
        (
            said(("human", "Hi"), ANSWER, QUESTION, ANSWER),
            ["conversations[2].value: '<image>\\nWhat?': <image> has to be in the first turn of human"],
        ),
        (
            said(("human", "Hi"), ("gpt", "<image>")),
            [
                "conversations[1].value: '<image>': <image> has to be in the first turn of human",
            ],
        ),
        (
            said(("human", "<ima<image>ge>"), ANSWER),
            [
                "conversations[0].value: '<ima<image>ge>': "
                "what is left around <image> is another once the trainer has moved it"
            ],
        ),
        (
            changed(conversations=[]),
            ["conversations: []: has to be a list of turns of human and gpt"],
        ),
        (
            said(("system", "Be brief."), QUESTION, ANSWER),
            [
                f"conversations[0].from: 'system': {ALTERNATE} human",
                f"conversations[1].from: 'human': {ALTERNATE} gpt",
                f"conversations[2].from: 'gpt': {ALTERNATE} human",
                "conversations: {'from': 'gpt', 'value': 'A cat.'}: "
                "has to end with a turn of gpt, else nothing of it is trained",
                "conversations[1].value: '<image>\\nWhat?': <image> has to be in the first turn of human",
            ],
        ),
        (
            said(QUESTION),
            [
                "conversations: {'from': 'human', 'value': '<image>\\nWhat?'}: "
                "has to end with a turn of gpt, else nothing of it is trained"
            ],
        ),
        (said(QUESTION, ("gpt", "")), [f"conversations[1].value: '': {EMPTY}"]),
        (said(QUESTION, ("gpt", None)), ["conversations[1].value: None: has to be a string"]),
        (
            changed(conversations=[ROW["conversations"][0], "A cat."]),
            ["conversations[1]: 'A cat.': has to be an object with 'from' and 'value'"],
        ),
        (
            said(QUESTION, ("gpt", "A</s>")),
            [
                "conversations[1].value: 'A</s>': has the separator '</s>' of the template v1 in it: "
                "the conversation is not trained"
            ],
        ),
    ],
    ids=[
        "valid",
        "no id, no metadata, unknown key",
        "image after the text",
        "null image",
        "list of images",
        "path that leaves",
        "absolute path",
        "data uri",
        "url",
        "token without image",
        "image without token",
        "two tokens",
        "token in a later turn",
        "token in an answer",
        "token around a token",
        "no turns",
        "system",
        "no answer",
        "empty answer",
        "null answer",
        "turn that is a text",
        "separator",
    ],
)
def test_every_rule_of_the_trainer(row: dict, problems: list[str], tmp_path: Path) -> None:
    found: list = []
    (tmp_path / "train_llava.jsonl").write_text(json.dumps(ROW) + "\n" + json.dumps(row) + "\n")
    assert LlavaLines().validate(tmp_path, "train", found.append) == 2
    assert [str(problem) for problem in found] == [f"train_llava.jsonl:2: {line}" for line in problems]
    assert [problem.warning for problem in found] == ["separator" in problem.rule for problem in found]


def test_a_file_is_checked_as_the_json_module_reads_it(tmp_path: Path) -> None:
    found: list = []
    (tmp_path / "train_llava_json.json").write_bytes(b"\xef\xbb\xbf[\n" + json.dumps(ROW).encode() + b"\n]")
    assert LlavaArray().validate(tmp_path, "train", found.append) == 1
    assert [str(problem) for problem in found] == [
        "train_llava_json.json: file: a byte order mark: json.load refuses it: save without"
    ]


def test_a_demo_of_qwen_is_read(test_data: Callable[[str], Path]) -> None:
    problems: list = []
    file = test_data("llava-jsonl") / "qwen/demo/single_images.json"
    found = list(LlavaLines().load_file(file, problems.append))
    assert problems == []
    assert [sample.turns[0].parts for sample in found] == [
        ("Is the value of Favorable 38 in 2015?", Picture(path="demo/images/10095.png")),
        ("How many values are below 40 in Unfavorable graph?", Picture(path="demo/images/10095.png")),
        ("In which year the value was 51?", Picture(path="demo/images/10149.png")),
    ]
