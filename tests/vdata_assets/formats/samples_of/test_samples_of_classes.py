"""Published class conversations as samples: exact, in order, batch by batch."""

from pathlib import Path

import polars as pl
import pytest

from vdata_assets.conversations.class_schema import ClassSamples
from vdata_assets.formats.chat.llava_chat import LlavaLines
from vdata_assets.formats.conversation import Feature, Picture, Sample, Turn
from vdata_assets.formats.features import features_of
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of import samples_of_classes as module
from vdata_assets.formats.samples_of.samples_of_classes import samples_of_classes

SPLITS = ["test", "train", "val", "train", "extra"]


def row(number: int, split: str, rounds: int = 1) -> dict[str, object]:
    name = ("Bombay", "York Chocolate")[number % 2]
    said = [[("user", f"Which cat {turn}?"), ("assistant", f"A {name}. {turn}")] for turn in range(rounds)]
    return {
        "sample_id": f"{name}_{number}",
        "image_id": f"{number:032}",
        "path": f"{name}/{number}.jpg",
        "class": name,
        "split": split,
        "copy": 0,
        "turns": [{"role": role, "text": text} for turns in said for role, text in turns],
    }


def sample(number: int, prefix: str = "", rounds: int = 1) -> Sample:
    name = ("Bombay", "York Chocolate")[number % 2]
    turns: list[Turn] = []
    for turn in range(rounds):
        shown = () if turn else (Picture(f"{prefix}{name}/{number}.jpg"),)
        turns += [Turn("user", (*shown, f"Which cat {turn}?")), Turn("assistant", (f"A {name}. {turn}",))]
    return Sample(f"{name}_{number}", tuple(turns), label=name, metadata={"class": name})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [row(number, split, 1 + number % 3) for number, split in enumerate(SPLITS)]
    ClassSamples.cast(pl.DataFrame(rows)).write_parquet(tmp_path / "conversations.parquet")
    return tmp_path / "conversations.parquet"


@pytest.mark.parametrize("prefix", ["", "images/"])
def test_samples_by_split_in_the_order_of_the_rows(file: Path, prefix: str) -> None:
    found = samples_of_classes(file, prefix)()
    assert [(split, list(samples)) for split, samples in found.items()] == [
        ("train", [sample(1, prefix, 2), sample(3, prefix, 1)]),
        ("val", [sample(2, prefix, 3)]),
        ("test", [sample(0, prefix, 1)]),
        ("extra", [sample(4, prefix, 2)]),
    ]


def test_streams_are_fresh_and_batches_do_not_show(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = samples_of_classes(file)
    whole = {split: list(samples) for split, samples in stream().items()}
    monkeypatch.setattr(module, "BATCH", 1)
    assert {split: list(samples) for split, samples in stream().items()} == whole
    first, second = stream(), stream()
    assert next(first["train"]) == next(second["train"])


def test_a_file_without_rows_has_no_splits(tmp_path: Path) -> None:
    ClassSamples.create_empty().write_parquet(tmp_path / "empty.parquet")
    assert samples_of_classes(tmp_path / "empty.parquet")() == {}


def test_they_go_through_llava(file: Path, tmp_path: Path) -> None:
    stream = samples_of_classes(file)
    wanted = {split: list(samples) for split, samples in stream().items()}
    assert features_of(wanted["val"][0]) == {
        Feature.ID,
        Feature.PATH,
        Feature.SEVERAL_ROUNDS,
        Feature.LABEL,
        Feature.METADATA,
    }
    out = tmp_path / "llava"
    out.mkdir()
    LlavaLines().save(stream(), out, tmp_path)
    problems: list[Problem] = []
    assert {split: list(LlavaLines().load(out, split, problems.append)) for split in stream()} == wanted
    assert [LlavaLines().validate(out, split, problems.append) for split in stream()] == [2, 1, 1, 1]
    assert not problems
