"""Conversations about classes as samples and as LLaVA's lines, which say the same."""

import json
from pathlib import Path

import polars as pl
import pytest

from vdata_assets.formats.chat.llava_chat import LlavaLines
from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of.class_samples import class_format_samples, write_class_lines

NAME = 'é "{class}"\\'


def batch(*texts: tuple[str, str, list[str]]) -> pl.DataFrame:
    rows = [
        {
            "sample_id": f"{NAME}_{name}",
            "image_id": name,
            "path": f"{NAME}/{name}.jpg",
            "class": NAME,
            "split": split,
            "copy": 0,
            "turns": [{"role": ("user", "assistant")[at % 2], "text": text} for at, text in enumerate(said)],
        }
        for name, split, said in texts
    ]
    return pl.DataFrame(rows)


BATCHES = [
    batch(("1", "train", ["What?", "This.", "Sure?", "Yes\nindeed."]), ("2", "val", ["What?", "That."])),
    batch(("3", "train", ["Which?", "{class}"])),
]


def test_a_sample_has_its_picture_first_and_its_class() -> None:
    found = list(class_format_samples(BATCHES, "images/"))
    assert [len(sample.turns) for sample in found] == [4, 2, 2]
    assert found[1] == Sample(
        f"{NAME}_2",
        (
            Turn("user", (Picture(f"images/{NAME}/2.jpg"), "What?")),
            Turn("assistant", ("That.",)),
        ),
        label=NAME,
        metadata={"class": NAME},
    )


def test_lines_are_what_the_format_says_of_the_samples(tmp_path: Path) -> None:
    files = write_class_lines(BATCHES, tmp_path, ["train", "val", "test"], "images/")
    assert files == [Path("train.jsonl"), Path("val.jsonl"), Path("test.jsonl")]
    assert (tmp_path / "test.jsonl").read_bytes() == b""
    problems: list[Problem] = []
    for split in ("train", "val"):
        samples = [
            sample
            for part in BATCHES
            for sample in class_format_samples([part.filter(pl.col("split") == split)], "images/")
        ]
        LlavaLines().save({split: samples}, tmp_path, tmp_path)
        ours, theirs = (
            [json.loads(line) for line in (tmp_path / f"{split}{end}").read_text("utf-8").splitlines()]
            for end in (".jsonl", "_llava.jsonl")
        )
        for row in theirs:
            row["metadata"].pop("label")
        assert ours == theirs
        loaded = LlavaLines().load_file(tmp_path / f"{split}.jsonl", problems.append)
        assert [sample.id for sample in loaded] == [sample.id for sample in samples]
    assert problems == []


def test_a_text_with_the_mark_of_a_picture_is_refused(tmp_path: Path) -> None:
    message = "a text has <image> in it, which trainers replace by a picture: 'An <image>.'"
    with pytest.raises(ValueError, match=message):
        write_class_lines([batch(("1", "train", ["What?", "An <image>."]))], tmp_path, ["train"])


def test_a_split_that_is_not_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="val"):
        write_class_lines(BATCHES, tmp_path, ["train"])
