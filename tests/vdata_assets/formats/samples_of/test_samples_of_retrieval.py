"""Retrieval rows as samples: the listener's rows of the training dataset, and the choice among the slots."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from vdata_assets.conversations.reference_game import listener_rows
from vdata_assets.formats.conversation import Feature, Picture, Sample, Turn
from vdata_assets.formats.features import features_of
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of import samples_of_retrieval as module
from vdata_assets.formats.samples_of.samples_of_retrieval import samples_of_retrieval
from vdata_assets.formats.tables.hf_conversations import HuggingFace

Stream = Callable[[], Mapping[str, Iterator[Sample]]]
LISTENER = (
    "Is the bag in image 1 the same bag instance as in image 2, the very same one and not just one of its "
    "kind? Answer with one word: yes or no."
)
CHOICE = (
    "Image 1 shows a certain bag. Image 2 is A, image 3 is B, image 4 is C. Which of them shows the same bag "
    "instance, the very same one and not just one of its kind? Answer with its letter."
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root" / "bag"
    folder.mkdir(parents=True)
    for number in range(8):
        Image.new("RGB", (16, 12), (30 * number, 90, 20)).save(folder / f"{number}.jpg")
    return tmp_path / "root"


@pytest.fixture
def rows() -> pl.DataFrame:
    """A row a picture: the next one is the positive, in the slot of its number by 3."""
    made = []
    for number in range(8):
        slots = [f"bag/{(number + step) % 8}.jpg" for step in (2, 3)]
        slots.insert(number % 3, f"bag/{(number + 1) % 8}.jpg")
        made.append(
            {
                "query_id": f"q{number}",
                "query_path": f"bag/{number}.jpg",
                "category": "bag",
                "concept": f"c{number // 2}",
                "label": number % 3,
                "ret_ids": slots,
                "ret_paths": slots,
                "ret_descs": [f"Name: {slot}\nDescription: blue" for slot in slots],
            }
        )
    return pl.DataFrame(made)


def samples_in(stream: Stream) -> list[Sample]:
    ((split, samples),) = stream().items()
    assert split == "train"
    return list(samples)


def said(name: str, number: int, paths: list[str], question: str, answer: str) -> Sample:
    asked = Turn("user", (*map(Picture, paths), question))
    return Sample(
        name, (asked, Turn("assistant", (answer,))), label="bag", metadata={"concept": f"c{number // 2}"}
    )


def test_the_choice_shows_the_query_and_every_slot(root: Path, rows: pl.DataFrame) -> None:
    paths = rows["ret_paths"].to_list()
    assert samples_in(samples_of_retrieval(rows, root, tasks=["speaker"])) == [
        said(f"q{number}_choice", number, [f"bag/{number}.jpg", *paths[number]], CHOICE, "ABC"[number % 3])
        for number in range(8)
    ]


def test_the_listener_judges_the_training_datasets_pairs(root: Path, rows: pl.DataFrame) -> None:
    found = samples_in(samples_of_retrieval(rows, root, tasks=["listener"], seed=7))
    pairs = listener_rows(rows, 7).select("query_image_path", "reference_image_path", "listener_solution")
    assert found == [
        said(f"q{number}_listener", number, [query, reference], LISTENER, answer)
        for number, (query, reference, answer) in enumerate(pairs.iter_rows())
    ]
    assert sorted(one.turns[1].text for one in found) == ["no"] * 4 + ["yes"] * 4


def test_descriptions_are_told_to_the_listener(root: Path, rows: pl.DataFrame) -> None:
    found = samples_in(samples_of_retrieval(rows, root, use_description=True))
    told = {one.id: one for one in found if "Description: blue" in one.turns[0].text}
    assert list(told) == [f"q{number}_listener" for number in range(8)]
    assert all(f"Name: {one.pictures[1].path}\n" in one.turns[0].text for one in told.values())


def test_tasks_follow_one_another_and_batches_do_not_show(
    root: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = samples_of_retrieval(rows, root, tasks=["listener", "speaker"])
    whole = samples_in(stream)
    assert [one.id for one in whole] == [
        f"q{number}_{task}" for task in ("listener", "choice") for number in range(8)
    ]
    monkeypatch.setattr(module, "BATCH", 3)
    assert samples_in(stream) == whole


def test_rows_with_an_image_that_cannot_be_decoded_are_left_out(root: Path, rows: pl.DataFrame) -> None:
    (root / "bag/5.jpg").write_bytes(b"no picture")
    found = samples_in(samples_of_retrieval(rows, root, tasks=["listener"]))
    assert [one.id for one in found] == ["q0_listener", "q1_listener", "q6_listener", "q7_listener"]
    assert [one.turns[1].text for one in found].count("yes") == 2


def test_more_slots_than_letters(root: Path, rows: pl.DataFrame) -> None:
    many = rows.head(1).with_columns(ret_paths=pl.concat_list([pl.lit("bag/0.jpg")] * 27))
    with pytest.raises(ValueError, match="a retrieval row has 27 slots and there are 26 names: lower top_k"):
        samples_in(samples_of_retrieval(many, root))


def test_they_go_through_a_format_of_several_pictures(root: Path, rows: pl.DataFrame, tmp_path: Path) -> None:
    stream = samples_of_retrieval(rows, root)
    wanted = samples_in(stream)
    assert {features_of(one) for one in wanted} == {
        frozenset({Feature.ID, Feature.PATH, Feature.SEVERAL_PICTURES, Feature.LABEL, Feature.METADATA})
    }
    out = tmp_path / "hf"
    out.mkdir()
    HuggingFace().save(stream(), out, root)
    problems: list[Problem] = []
    loaded = list(HuggingFace().load(out, "train", problems.append))

    def embedded(one: Sample) -> dict[str, Any]:
        turns = [
            [
                (root / part.path).read_bytes() if isinstance(part, Picture) and part.path else part
                for part in turn.parts
            ]
            for turn in one.turns
        ]
        return {"id": one.id, "turns": turns, "label": one.label, "metadata": one.metadata}

    held = [
        {
            "id": one.id,
            "turns": [
                [part.data if isinstance(part, Picture) else part for part in turn.parts]
                for turn in one.turns
            ],
            "label": one.label,
            "metadata": one.metadata,
        }
        for one in loaded
    ]
    assert held == list(map(embedded, wanted))
    assert HuggingFace().validate(out, "train", problems.append) == 16
    assert not problems
