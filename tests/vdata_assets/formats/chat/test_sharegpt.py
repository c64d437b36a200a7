"""Conversations for LLaMA-Factory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import samples

from vdata_assets.formats.chat.sharegpt import ShareGpt
from vdata_assets.formats.chat.sharegpt_rules import RESERVED
from vdata_assets.formats.conversation import Picture, Sample, Turn

A, B = Picture(path="cats/a.jpg"), Picture(path="b.jpg")
FORMAT = ShareGpt()
TWO = Sample(
    "two",
    (
        Turn("system", ("Be brief.",)),
        Turn("user", (A, "Who is this?")),
        Turn("assistant", ("A cat.",)),
        Turn("user", ("And this?", B)),
        Turn("assistant", ("A dog.",)),
    ),
    label="cat",
    metadata={"breed": "Persian"},
)
PLAIN = Sample("b", (Turn("user", ("Hello",)), Turn("assistant", ("Hello!",))))
ROW = {
    "id": "two",
    "conversations": [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "<image>Who is this?"},
        {"from": "gpt", "value": "A cat."},
        {"from": "human", "value": "And this?<image>"},
        {"from": "gpt", "value": "A dog."},
    ],
    "images": ["cats/a.jpg", "b.jpg"],
    "metadata": {"label": "cat", "breed": "Persian"},
}
ENTRY = {
    "file_name": "train_sharegpt.json",
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "images": "images"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    },
}


def write(folder: Path, rows: list, **entry: Any) -> None:
    (folder / "train_sharegpt.json").write_text(json.dumps(rows))
    (folder / "dataset_info.json").write_text(json.dumps({"train": ENTRY | entry}))


@given(made=st.lists(samples(ShareGpt.expresses, reserved=RESERVED), min_size=1, max_size=3))
def test_samples_come_back_and_are_valid(made: list, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("sharegpt")
    problems: list = []
    file, _ = FORMAT.save({"train": iter(made)}, folder, folder)
    assert list(FORMAT.load(folder, "train", problems.append)) == made
    assert list(FORMAT.load_file(folder / file, problems.append)) == made
    assert problems == []
    assert FORMAT.validate(folder, "train", problems.append) == len(made)
    assert all(problem.rule.startswith("a picture in what the model has to say") for problem in problems)


def test_the_files_are_as_the_trainer_documents_them(tmp_path: Path) -> None:
    files = FORMAT.save({"val": [PLAIN], "train": [TWO, PLAIN]}, tmp_path, tmp_path)
    assert [str(file) for file in files] == [
        "val_sharegpt.json",
        "train_sharegpt.json",
        "dataset_info.json",
    ]
    rows = json.loads((tmp_path / "train_sharegpt.json").read_text(encoding="utf-8"))
    assert rows[0] == ROW
    assert list(rows[1]) == ["id", "conversations", "images"]
    info = json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf-8"))
    assert info == {"val": ENTRY | {"file_name": "val_sharegpt.json"}, "train": ENTRY}
    assert FORMAT.splits(tmp_path) == ["val", "train"]


def test_the_trainers_loader_reads_the_rows(tmp_path: Path) -> None:
    """The trainer calls ``load_dataset("json", data_files=[...], split="train")`` (``loader.py``)."""
    from datasets import load_dataset

    FORMAT.save({"train": [PLAIN, TWO, Sample("", PLAIN.turns, metadata={"x": "1"})]}, tmp_path, tmp_path)
    file = str(tmp_path / "train_sharegpt.json")
    rows = load_dataset("json", data_files=[file], split="train", cache_dir=str(tmp_path / "cache"))
    assert rows["images"] == [[], ["cats/a.jpg", "b.jpg"], []]
    assert rows[1]["conversations"] == ROW["conversations"]


@pytest.mark.parametrize("word", RESERVED)
@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_a_placeholder_in_a_text_is_refused(word: str, role: str, tmp_path: Path) -> None:
    texts = {"system": "Be brief.", "user": "What?", "assistant": "That."} | {role: f"a {word} b"}
    sample = Sample("a", tuple(Turn(one, (text,)) for one, text in texts.items()))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sample 'a'") as caught:
        FORMAT.save({"train": [sample]}, tmp_path, tmp_path)
    assert str(caught.value) == (
        f"sample 'a': the {role}'s text has {word!r} in it, which the trainer takes for a picture or the "
        "like: reword it"
    )


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (
            Sample("a", (Turn("user", (Picture(url="https://a/b"),)), Turn("assistant", ("That.",)))),
            "sample 'a': sharegpt cannot say: picture by URL; convert the samples first",
        ),
        (
            Sample("a", (Turn("system", (A,)), *PLAIN.turns)),
            "sample 'a': a picture in the system's turn: move it to the user's",
        ),
        (
            Sample("a", PLAIN.turns[:1]),
            "sample 'a': turns have to be of user and assistant in turn, not ['user']",
        ),
    ],
    ids=["url", "system's picture", "no answer"],
)
def test_what_cannot_be_said_is_refused(sample: Sample, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample 'a'") as caught:
        FORMAT.save({"train": [sample]}, tmp_path, tmp_path)
    assert str(caught.value) == message


def changed(place: int | None = None, **fields: Any) -> dict:
    """The row with other fields, or one turn with others."""
    if place is None:
        return ROW | fields
    turns = [turn | fields if number == place else turn for number, turn in enumerate(ROW["conversations"])]
    return ROW | {"conversations": turns}


COUNT = "there has to be one <image> in the texts for each"
EVEN = "the turns after the system's have to be of an even number, else the row is skipped"


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        (ROW, []),
        (changed(conversations=ROW["conversations"][1:], other=1), []),
        (
            changed(images="a.jpg"),
            [
                "images: 'a.jpg': has to be a list of paths, empty where there is no picture",
                f"images: []: {COUNT}, not 2, else the run ends",
            ],
        ),
        (changed(images=["a"]), [f"images: ['a']: {COUNT}, not 2, else the run ends"]),
        (changed(images=["a", None]), ["images[1]: None: has to be a path"]),
        (changed(images=["a", "../b"]), ["images[1]: '../b': must not leave the dataset's folder with .."]),
        (changed(images=["http://a", "b"]), ["images[0]: 'http://a': has to be a path, not a URL"]),
        (
            changed(1, value="Who?"),
            [f"images: ['cats/a.jpg', 'b.jpg']: {COUNT}, not 1, else the run ends"],
        ),
        (changed(images=[], conversations=None), ["conversations: None: has to be a list of turns"]),
        (
            changed(1, **{"from": "user"}),
            ["conversations[1].from: 'user': turns alternate, here human"],
        ),
        (
            changed(conversations=ROW["conversations"][:4]),
            [f"conversations: 3: {EVEN}"],
        ),
        (
            changed(images=[], conversations=ROW["conversations"][:1]),
            [f"conversations: 0: {EVEN}"],
        ),
        (
            changed(2, value=None),
            ["conversations[2].value: None: has to be a string"],
        ),
        (
            changed(conversations=[*ROW["conversations"][:4], "A dog."]),
            ["conversations[4]: 'A dog.': has to be an object with 'from' and 'value'"],
        ),
        (
            changed(0, value="See <image>"),
            ["conversations[0].value: 'See <image>': <image> in the system's text stands for no picture"],
        ),
        (
            changed(2, value="<video>"),
            ["conversations[2].value: '<video>': without videos there is no <video>, else the run ends"],
        ),
        (
            changed(2, value="<audio>"),
            ["conversations[2].value: '<audio>': without audios there is no <audio>, else the run ends"],
        ),
        (
            changed(2, value="{{image}}"),
            [
                "conversations[2].value: '{{image}}': "
                "warning: some of the trainer's templates make a token of {{image}}"
            ],
        ),
        (changed(2, value=""), ["conversations[2].value: '': warning: is empty"]),
        (
            changed(2, value="<image>") | {"images": ["a", "b", "c"]},
            [
                "conversations[2].value: '<image>': warning: a picture in what the model has to say: "
                "its tokens are trained as text"
            ],
        ),
    ],
    ids=[
        "valid",
        "no system",
        "path for a list",
        "too few images",
        "null image",
        "path that leaves",
        "url",
        "too few tokens",
        "no turns",
        "role",
        "odd turns",
        "system alone",
        "null text",
        "turn that is a text",
        "token in the system's",
        "video",
        "audio",
        "inner token",
        "empty text",
        "answer's picture",
    ],
)
def test_every_rule_of_the_trainer(row: dict, problems: list[str], tmp_path: Path) -> None:
    found: list = []
    write(tmp_path, [ROW, row])
    assert FORMAT.validate(tmp_path, "train", found.append) == 2
    told = [
        f"{problem.field}: {problem.value}: {'warning: ' * problem.warning}{problem.rule}"
        for problem in found
    ]
    assert told == problems
    assert all((problem.file, problem.row) == ("train_sharegpt.json", 2) for problem in found)


DEFAULTS = "has to be stated, for what is stated beside it replaces the defaults"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"formatting": "alpaca"}, "train.formatting: 'alpaca': has to be 'sharegpt'"),
        ({"columns": {"messages": "conversations"}}, f"train.columns.images: None: {DEFAULTS}"),
        ({"tags": {"role_tag": "from"}}, f"train.tags.content_tag: None: {DEFAULTS}"),
        ({"file_name": None}, "train.file_name: None: has to name a file in the folder"),
        (
            {"file_name": "../a.json"},
            "train.file_name: '../a.json': must not leave the dataset's folder with ..",
        ),
        ({"file_name": "b.json"}, "train.file_name: 'b.json': there is no such file"),
        ({"file_name": "train"}, "train.file_name: 'train': has to end with .json or .jsonl"),
    ],
    ids=["formatting", "columns", "tags", "no file", "file that leaves", "file that is gone", "ending"],
)
def test_an_entry_that_the_trainer_cannot_use(entry: dict, problem: str, tmp_path: Path) -> None:
    found: list = []
    write(tmp_path, [ROW], **entry)
    assert FORMAT.validate(tmp_path, "train", found.append) == 0
    assert [str(one) for one in found] == [f"dataset_info.json: {problem}"]


def test_a_dataset_without_rows_or_entry_is_a_problem(tmp_path: Path) -> None:
    found: list = []
    FORMAT.save({"train": []}, tmp_path, tmp_path)
    assert list(FORMAT.load(tmp_path, "train", found.append)) == []
    assert FORMAT.validate(tmp_path, "train", found.append) == 0
    assert FORMAT.validate(tmp_path, "val", found.append) == 0
    assert list(FORMAT.load(tmp_path, "val", found.append)) == []
    entry = "dataset_info.json: val: no such entry: has to describe the dataset"
    empty = "train_sharegpt.json: file: no rows: the trainer fails at an empty dataset: leave it out"
    assert [str(problem) for problem in found] == [empty, entry, entry]


def test_an_unreadable_dataset_info_is_named(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text('{"train": {"file_name": 5}}')
    with pytest.raises(ValueError, match=r"dataset_info.json: Expected `str \| null`, got `int`"):
        FORMAT.splits(tmp_path)


def test_the_trainers_demo_is_read_with_its_entry_and_without(
    test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    problems: list = []
    source = test_data("llava-jsonl") / "llamafactory/mllm_demo.json"
    found = list(FORMAT.load_file(source, problems.append))
    assert problems == []
    one = Picture(path="mllm_demo_data/1.jpg")
    assert len(found) == 6
    assert found[0].turns[0].parts == (one, "Who are they?")
    assert found[0].turns[2].parts == ("What are they doing?", one)
    (tmp_path / "mllm_demo.json").write_bytes(source.read_bytes())
    entry = {
        "file_name": "mllm_demo.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
        },
    }
    hub = {"alpaca": {"file_name": "mllm_demo.json"}, "hub": {"hf_hub_url": "a/b", "formatting": "sharegpt"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(hub | {"mllm_demo": entry}))
    assert FORMAT.splits(tmp_path) == ["mllm_demo"]
    assert list(FORMAT.load(tmp_path, "mllm_demo", problems.append)) == found
    assert list(FORMAT.load_file(tmp_path / "mllm_demo.json", problems.append)) == found
    assert FORMAT.validate(tmp_path, "mllm_demo", problems.append) == 6
    assert problems == []
