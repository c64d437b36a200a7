"""Chat messages of Fireworks, OpenAI and Together: what is written, and that it is read again."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_chats import FORMATS, INLINE, JPEG, PNG, asked, image, named, uri
from made_samples import image_bytes, samples

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.fireworks import Fireworks, FireworksLocal
from vdata_assets.formats.chat.openai_vision import OpenAiVision
from vdata_assets.formats.chat.together_vision import Together
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.problems import Problem


@pytest.mark.parametrize("made", FORMATS, ids=named)
@settings(max_examples=60)
@given(st.data())
def test_what_is_saved_is_loaded_again_and_breaks_no_rule_of_rows(
    made: ChatMessages, data: st.DataObject
) -> None:
    some = data.draw(st.lists(samples(made.expresses, weighted=("assistant",)), max_size=3))
    problems: list[Problem] = []
    with TemporaryDirectory() as folder:
        files = made.save({"train": some, "val": []}, Path(folder), Path(folder))
        assert files == [Path(f"train_{made.name}.jsonl"), Path(f"val_{made.name}.jsonl")]
        assert list(made.load(Path(folder), "train", problems.append)) == some
        assert list(made.load(Path(folder), "val", problems.append)) == []
        assert problems == []
        assert made.validate(Path(folder), "train", problems.append) == len(some)
        assert [str(problem) for problem in problems if problem.row] == []


@pytest.mark.parametrize(
    ("made", "messages"),
    [
        (
            Fireworks(),
            [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": [image(uri(PNG)), {"type": "text", "text": "What breed?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "A Sphynx."}], "weight": 1},
            ],
        ),
        (
            FireworksLocal(),
            [
                {"role": "system", "content": "Be short."},
                {
                    "role": "user",
                    "content": [image("file://sphynx/a 1.png"), {"type": "text", "text": "What breed?"}],
                },
                {"role": "assistant", "content": [{"type": "text", "text": "A Sphynx."}], "weight": 1},
            ],
        ),
        (
            OpenAiVision(),
            [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": [image(uri(PNG)), {"type": "text", "text": "What breed?"}]},
                {"role": "assistant", "content": "A Sphynx.", "weight": 1},
            ],
        ),
        (
            Together(),
            [
                {"role": "system", "content": [{"type": "text", "text": "Be short."}]},
                {"role": "user", "content": [image(uri(PNG)), {"type": "text", "text": "What breed?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "A Sphynx."}], "weight": 1},
            ],
        ),
    ],
    ids=lambda value: value.name if isinstance(value, ChatMessages) else "",
)
def test_a_row_has_the_services_shape(
    made: ChatMessages, messages: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "sphynx").mkdir()
    (tmp_path / "sphynx" / "a 1.png").write_bytes(PNG)
    turns = (
        Turn("system", ("Be short.",)),
        Turn("user", (Picture(path="sphynx/a 1.png"), "What breed?")),
        Turn("assistant", ("A Sphynx.",), 1.0),
    )
    (file,) = made.save({"train": [Sample("", turns)]}, tmp_path, tmp_path)
    line = (tmp_path / file).read_bytes()
    assert line.endswith(b"}\n")
    assert json.loads(line) == {"messages": messages}


@pytest.mark.parametrize("made", INLINE, ids=named)
def test_pictures_by_path_come_back_as_their_bytes(made: ChatMessages, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    made.save({"train": [asked(Picture(path="a.jpg"), "And?", Picture(data=PNG))]}, tmp_path, tmp_path)
    read = list(made.load(tmp_path, "train", pytest.fail))
    assert read == [asked(Picture(data=JPEG), "And?", Picture(data=PNG))]


def test_a_picture_of_another_type_is_written_as_png(tmp_path: Path) -> None:
    webp = image_bytes("WEBP")
    for made, taken in ((Fireworks(), False), (OpenAiVision(), True), (Together(), True)):
        made.save({"train": [asked(Picture(data=webp))] * 10}, tmp_path, tmp_path)
        (picture,) = next(made.load(tmp_path, "train", pytest.fail)).pictures
        assert picture.data is not None
        assert picture.data.startswith(b"RIFF" if taken else b"\x89PNG")
        assert made.validate(tmp_path, "train", pytest.fail) == 10


@pytest.mark.parametrize(
    ("made", "sample", "message"),
    [
        (
            Fireworks(),
            asked(Picture(path="gone.jpg")),
            "train_fireworks.jsonl:2: turn 0: picture gone.jpg: cannot be read (No such file or directory): "
            "leave it out or repair it",
        ),
        (
            Fireworks(),
            asked(Picture(path="../a.jpg")),
            "train_fireworks.jsonl:2: turn 0: picture ../a.jpg: "
            "the path must not leave the dataset's folder with ..",
        ),
        (
            FireworksLocal(),
            asked(Picture(path="/etc/passwd")),
            "train_fireworks_file_paths.jsonl:2: turn 0: picture /etc/passwd: "
            "the path has to be relative to the dataset's folder",
        ),
        (
            Fireworks(),
            asked(Picture(url="https://example.org/a.jpg")),
            "sample '': fireworks cannot say: picture by URL; convert the samples first",
        ),
        (
            OpenAiVision(),
            asked(Picture(url="gs://bucket/a.jpg")),
            "train_openai.jsonl:2: turn 0: picture gs://bucket/a.jpg: "
            "its bytes have to be in the file: download it first",
        ),
        (
            OpenAiVision(),
            asked(*[Picture(data=PNG)] * 11),
            "train_openai.jsonl:2: 11 pictures: OpenAI takes at most 10",
        ),
        (
            OpenAiVision(),
            asked(Picture(data=PNG + bytes(10_000_000))),
            "train_openai.jsonl:2: turn 0: picture given as bytes: "
            f"{len(PNG) + 10_000_000} bytes as image/png, at most 10000000: make it smaller",
        ),
        (
            Together(),
            Sample("", (Turn("user", ("Hi",)),)),
            "train_together.jsonl:2: Together trains on an assistant's last turn: add one or leave it out",
        ),
        (
            Together(),
            Sample("", (Turn("system", (Picture(data=PNG),)), Turn("assistant", ("Yes",)))),
            "train_together.jsonl:2: turn 0 (system): Together takes pictures of users only",
        ),
        (
            Fireworks(),
            Sample("", (Turn("user", ("Hi",)), Turn("assistant", ("Yes",), 0.5))),
            "train_fireworks.jsonl:2: turn 1: weight 0.5 of assistant: Fireworks takes 0 or 1, of assistants",
        ),
        (
            Fireworks(),
            asked("Hi", answer="\ud800"),
            "sample '': '\\ud800' is half a surrogate pair: remove it",
        ),
        (
            Fireworks(),
            asked("Hi", label="Sphynx"),
            "sample '': fireworks cannot say: label; convert the samples first",
        ),
    ],
    ids=[
        "gone", "outside", "absolute", "url", "gs", "eleven", "large", "no answer", "system", "half",
        "surrogate", "label",
    ],
)  # fmt: skip
def test_what_a_row_cannot_say_is_refused(
    made: ChatMessages, sample: Sample, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        made.save({"train": [asked("Hi"), sample]}, tmp_path, tmp_path)
    assert str(error.value) == message


def test_the_splits_are_those_of_the_format(tmp_path: Path) -> None:
    for name in (
        "test_fireworks",
        "rare_fireworks",
        "train_fireworks",
        "val_fireworks_file_paths",
        "x_openai",
    ):
        (tmp_path / f"{name}.jsonl").touch()
    assert Fireworks().splits(tmp_path) == ["train", "test", "rare"]
    assert FireworksLocal().splits(tmp_path) == ["val"]
    assert Together().splits(tmp_path) == []


def test_samples_are_taken_as_they_are_written(tmp_path: Path) -> None:
    """At no time are more rows held back than a few large pictures make."""
    large = PNG + bytes(300_000)
    file = tmp_path / "train_fireworks.jsonl"
    seen = []

    def some() -> Iterator[Sample]:
        for _ in range(5):
            seen.append(file.stat().st_size // 400_000)
            yield asked(Picture(data=large))

    Fireworks().save({"train": some()}, tmp_path, tmp_path)
    assert seen == [0, 1, 2, 3, 4]
