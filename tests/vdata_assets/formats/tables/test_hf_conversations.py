"""Conversations as a DatasetDict on disk: the trainer's columns, and folders from anywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_rows import CLASSES, PNG, sample, sound, table, told

from vdata_assets.formats.conversation import Sample
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables.conversation_rows import features
from vdata_assets.formats.tables.hf_conversations import HuggingFace

FORMAT = HuggingFace()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    FORMAT.save({"train": [sample("a"), sample("b", "dog")], "val": [sample("c", None)]}, tmp_path, tmp_path)
    return tmp_path


def loaded(folder: Path, split: str = "train") -> tuple[list[Sample], list[str]]:
    problems: list[Problem] = []
    return list(FORMAT.load(folder, split, problems.append)), told(problems)


def validated(folder: Path, split: str = "train") -> tuple[int, list[str]]:
    problems: list[Problem] = []
    return FORMAT.validate(folder, split, problems.append), told(problems)


def test_datasets_loads_the_columns_that_trl_reads(written: Path) -> None:
    from datasets import load_from_disk

    data = load_from_disk(str(written))
    assert list(data) == ["train", "val"]
    assert data["train"].features == features(CLASSES)
    row = data["train"][1]
    assert [picture.size for picture in row["images"]] == [(64, 48)]
    assert row["messages"][0] == {
        "role": "user",
        "content": [{"type": "image", "text": None}, {"type": "text", "text": "What?"}],
    }
    assert (row["label"], data["val"][0]["label"]) == (1, None)
    assert row["objects"] == [{"label": "cat", "picture": 0, "box": [1.0, 2.0, 30.0, 40.0], "mask": None}]
    assert json.loads(row["metadata"]) == {"breed": "x"}


def test_a_dataset_without_labels_has_no_such_column(tmp_path: Path) -> None:
    FORMAT.save({"train": [sample("a", None)]}, tmp_path, tmp_path)
    assert "label" not in json.loads((tmp_path / "train/dataset_info.json").read_text())["features"]
    assert loaded(tmp_path) == ([sample("a", None)], [])
    assert validated(tmp_path) == (1, [])


def test_a_path_is_kept_beside_the_bytes(tmp_path: Path) -> None:
    from dataclasses import replace

    from vdata_assets.formats.conversation import Picture, Turn

    (tmp_path / "cats").mkdir()
    (tmp_path / "cats/a.png").write_bytes(PNG)
    said = (Turn("user", (Picture(path="cats/a.png"),)), Turn("assistant", ("A cat.",)))
    FORMAT.save({"train": [replace(sample("a"), turns=said)]}, tmp_path, tmp_path)
    with pa.ipc.open_stream(tmp_path / "train/data-00000-of-00001.arrow") as stream:
        assert stream.read_all()["images"].to_pylist() == [[{"bytes": PNG, "path": "cats/a.png"}]]


def test_files_are_read_in_order_and_rows_counted_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vdata_assets.formats.tables import dataset_dict, row_batches

    monkeypatch.setattr(row_batches, "BATCH_BYTES", 1)
    monkeypatch.setattr(dataset_dict, "SHARD_BYTES", 1)
    made = [sample(f"{number}") for number in range(3)]
    written = FORMAT.save({"train": made}, tmp_path, tmp_path)
    assert Path("train/data-00002-of-00003.arrow") in written
    assert loaded(tmp_path) == (made, [])
    assert validated(tmp_path) == (3, [])


def of_rows(folder: Path, rows: list[dict[str, Any]], schema: Any = None) -> None:
    """Replace the rows of train, so that other columns are declared if a schema is given."""
    found = table(rows) if schema is None else pa.Table.from_pylist(rows, schema)
    with pa.ipc.new_stream(folder / "train/data-00000-of-00001.arrow", found.schema) as stream:
        stream.write_table(found)


def test_a_broken_row_is_left_out_and_the_rest_is_read(written: Path) -> None:
    of_rows(written, [sound(), sound() | {"messages": []}, sound() | {"id": "c"}])
    found, problems = loaded(written)
    assert [one.id for one in found] == ["a", "c"]
    assert problems == ["train:2: messages: []: has a user's message"]
    assert validated(written) == (
        3,
        [
            "train:2: messages: []: has a message",
        ],
    )


def state(change: dict[str, Any]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        file = folder / "train/state.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | change))

    return write


def files(*names: Any) -> Callable[[Path], None]:
    return state({"_data_files": [{"filename": name} for name in names]})


def link(folder: Path) -> None:
    (folder / "train/link.arrow").symlink_to("/etc/passwd")
    files("link.arrow")(folder)


def no_arrow(folder: Path) -> None:
    (folder / "train/data-00000-of-00001.arrow").write_bytes(b"\xff" * 1000)


def wild_offsets(folder: Path) -> None:
    """Text whose offsets point far beyond its bytes."""
    offsets = b"\0\0\0\0\xff\xff\xff\x7f\3\0\0\0"
    text = pa.StringArray.from_buffers(2, pa.py_buffer(offsets), pa.py_buffer(b"abc"))
    found = table([sound(), sound()]).combine_chunks()
    bad = pa.RecordBatch.from_arrays([text, *found.to_batches()[0].columns[1:]], schema=found.schema)
    with pa.ipc.new_stream(folder / "train/data-00000-of-00001.arrow", bad.schema) as stream:
        stream.write_batch(bad)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "leaves the folder": (
        files("../../secret.arrow"),
        "train: _data_files: '../../secret.arrow': is the name of a file in the folder",
    ),
    "absolute": (
        files("/etc/passwd"),
        "train: _data_files: '/etc/passwd': is the name of a file in the folder",
    ),
    "a list": (files([1]), "train: _data_files: [1]: is the name of a file in the folder"),
    "no files": (
        state({"_data_files": None}),
        "train: _data_files: None: is the name of a file in the folder",
    ),
    "gone": (files("x.arrow"), "train: _data_files: 'x.arrow': is a file that is there, and no link"),
    "a link": (link, "train: _data_files: 'link.arrow': is a file that is there, and no link"),
    "no JSON": (
        lambda folder: (folder / "train/state.json").write_text("{") and None,
        "train: state.json: : lists the Arrow files: ",
    ),
    "no Arrow": (no_arrow, "train: data-00000-of-00001.arrow: OSError: is an Arrow stream: "),
    "offsets beyond": (wild_offsets, "train: data-00000-of-00001.arrow: ArrowInvalid: is an Arrow stream: "),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_folder_is_a_problem(hostile: str, written: Path) -> None:
    spoil, problem = HOSTILE[hostile]
    spoil(written)
    found, problems = loaded(written)
    assert found == []
    assert [text[: len(problem)] for text in problems] == [problem]
    assert validated(written)[1][0].startswith(problem)


@pytest.mark.parametrize("name", ["../train", "/train", "", "a/b", 5])
def test_a_split_outside_is_refused(name: Any, written: Path) -> None:
    (written / "dataset_dict.json").write_text(json.dumps({"splits": ["train", name]}))
    with pytest.raises(ValueError, match=r"dataset_dict.json: splits: .* is (a list of names|the name of)"):
        FORMAT.splits(written)


def declared(folder: Path, **changes: Any) -> None:
    """Declare other columns for train."""
    from datasets import Dataset, DatasetDict, Features

    kinds = Features(features(CLASSES) | changes)
    row = {name: value for name, value in sound().items() if name not in changes}
    row["messages"] = row.get("messages") or [{"role": "user", "content": "x", "image": "y"}]
    for name in changes:
        row.setdefault(name, "x" if name != "images" else [PNG])
    DatasetDict(train=Dataset.from_list([row], features=kinds)).save_to_disk(str(folder))


def test_columns_that_a_trainer_does_not_take_are_named(tmp_path: Path) -> None:
    from datasets import ClassLabel, List, Value

    declared(tmp_path / "1", images=List(Value("binary")))
    assert validated(tmp_path / "1") == (
        1,
        [
            "train: images: List(Value('binary')): is declared List(Image()): "
            "else a trainer gets bytes for pictures"
        ],
    )
    declared(tmp_path / "2", label=Value("string"))
    assert validated(tmp_path / "2")[1][0] == (
        "train: label: Value('string'): is declared ClassLabel, with the names of the classes"
    )
    declared(tmp_path / "3", label=ClassLabel(names=["x", "a"]))
    assert validated(tmp_path / "3")[1] == [
        "train: label: ['x', 'a']: has sorted names, "
        "so that numbers do not depend on the order of the samples"
    ]


def test_messages_with_an_image_of_their_own_are_named(tmp_path: Path) -> None:
    from datasets import List, Value

    from vdata_assets.formats.declared import declared_problems

    text = Value("string")
    part = {"type": text, "image": text}
    messages = List({"role": text, "content": List(part)})
    (found,) = declared_problems(features([]) | {"messages": messages}, "train")
    assert (found.field, found.rule) == (
        "messages.content",
        "has no image: TRL fills only parts without the key",
    )
    (found,) = declared_problems(features([]) | {"messages": text}, "train")
    assert (found.field, found.value) == ("messages", "Value('string')")


def test_what_save_to_disk_of_others_wrote_is_read(tmp_path: Path) -> None:
    from datasets import Dataset

    rows = [{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "n": 1}]
    Dataset.from_list(rows).save_to_disk(str(tmp_path / "one"))
    (found,) = FORMAT.load_file(tmp_path / "one", print)
    assert [turn.text for turn in found.turns] == ["x", "y"]
    (again,) = FORMAT.load_file(tmp_path / "one/data-00000-of-00001.arrow", print)
    assert again == found


def test_all_splits_of_a_folder_are_read(written: Path) -> None:
    assert [one.id for one in FORMAT.load_file(written, print)] == ["a", "b", "c"]
    (arrow,) = (written / "val").glob("*.arrow")
    assert list(FORMAT.load_file(arrow, print)) == [sample("c", None)]


@pytest.mark.parametrize(
    "declared_", [5, [], {"x": 5}, {"x": {"_type": "Nothing"}}, {"id": {"_type": "Image"}}]
)
def test_wild_descriptions_are_a_problem(declared_: Any, written: Path) -> None:
    file = written / "train/dataset_info.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"features": declared_}))
    count, problems = validated(written)
    assert count in (0, 2)
    if declared_:
        assert [text[:7] for text in problems] == ["train: "]
    assert [one.id for one in loaded(written)[0]] == ["a", "b"]
