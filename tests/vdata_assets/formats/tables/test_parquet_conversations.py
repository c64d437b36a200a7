"""Conversations as Parquet with an Image feature."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_rows import CLASSES, sample, sound, table, told

from vdata_assets.formats.problems import Problem
from vdata_assets.formats.tables import parquet_conversations, row_batches
from vdata_assets.formats.tables.conversation_rows import features
from vdata_assets.formats.tables.parquet_conversations import ParquetImages

FORMAT = ParquetImages()
ONE = "data/train-00000-of-00001.parquet"


def validated(folder: Path, split: str = "train") -> tuple[int, list[str]]:
    problems: list[Problem] = []
    return FORMAT.validate(folder, split, problems.append), told(problems)


def test_the_file_declares_its_features_as_the_hub_reads_them(tmp_path: Path) -> None:
    from datasets import Features, load_dataset

    FORMAT.save({"train": [sample("a"), sample("b", "dog")]}, tmp_path, tmp_path)
    assert Features.from_arrow_schema(pq.read_schema(tmp_path / ONE)) == features(CLASSES)
    data = load_dataset(
        "parquet", data_files=str(tmp_path / ONE), split="train", cache_dir=str(tmp_path / "c")
    )
    assert data.features == features(CLASSES)
    assert data[1]["images"][0].size == (64, 48)
    assert data["label"][:] == [0, 1]


def test_row_groups_and_files_are_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "BATCH_BYTES", 400)
    made = [sample(f"{number:03d}") for number in range(30)]
    written = ParquetImages(shard_bytes=4_000).save({"train": made}, tmp_path, tmp_path)
    assert len(written) > 2
    assert [file.name for file in written] == [
        f"train-{number:05d}-of-{len(written):05d}.parquet" for number in range(len(written))
    ]
    sizes = [pq.read_metadata(tmp_path / file).row_group(0).num_rows for file in written]
    assert max(sizes) <= 4
    assert list(FORMAT.load(tmp_path, "train", print)) == made
    assert validated(tmp_path) == (30, [])


def test_a_page_index_is_there_and_pictures_are_stored_as_they_are(tmp_path: Path) -> None:
    FORMAT.save({"train": [sample("a")]}, tmp_path, tmp_path)
    group = pq.read_metadata(tmp_path / ONE).row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert columns["images.list.element.bytes"].compression == "UNCOMPRESSED"
    assert columns["id"].compression == "SNAPPY"
    assert all(column.has_offset_index for column in columns.values())


@pytest.mark.parametrize("name", ["a b", "../x", "", "a-b", ".a"])
def test_a_split_that_datasets_does_not_take_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="datasets takes letters, digits, _ and dots between them"):
        FORMAT.save({name: []}, tmp_path, tmp_path)


def test_splits_come_in_the_usual_order(tmp_path: Path) -> None:
    FORMAT.save({name: [] for name in ("test", "extra", "val", "train")}, tmp_path, tmp_path)
    assert FORMAT.splits(tmp_path) == ["train", "val", "test", "extra"]


def test_a_broken_row_is_named_by_file_and_row(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = [sound(), sound() | {"label": 7}, sound() | {"id": "c"}]
    pq.write_table(table(rows), tmp_path / ONE, row_group_size=1)
    problems: list[Problem] = []
    assert [one.id for one in FORMAT.load(tmp_path, "train", problems.append)] == ["a", "c"]
    name = "train-00000-of-00001.parquet:2"
    assert told(problems) == [f"{name}: label: 7: is the number of one of the 2 classes, -1 or null"]
    rule = "is null, -1 or the number of one of the 2 classes, from 0"
    assert validated(tmp_path) == (3, [f"{name}: label: 7: {rule}"])


def no_parquet(folder: Path) -> None:
    (folder / ONE).write_bytes(b"PAR1 and no more PAR1")


def cut(folder: Path) -> None:
    (folder / ONE).write_bytes((folder / ONE).read_bytes()[:-40])


def undeclared(folder: Path) -> None:
    plain = table([sound()]).replace_schema_metadata(None)
    pq.write_table(plain, folder / ONE)


def large_group(folder: Path) -> None:
    pq.write_table(table([sound()] * 3), folder / ONE)


def spoiled_page(folder: Path) -> None:
    """The footer is sound and a page is not."""
    content = bytearray((folder / ONE).read_bytes())
    content[4:40] = b"\xff" * 36
    (folder / ONE).write_bytes(content)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a page": (spoiled_page, "train-00000-of-00001.parquet: : OSError: loads: "),
    "no Parquet": (no_parquet, "train-00000-of-00001.parquet: : ArrowInvalid: loads: "),
    "cut": (cut, "train-00000-of-00001.parquet: : ArrowInvalid: loads: "),
    "undeclared": (
        undeclared,
        "train-00000-of-00001.parquet: images: List({'bytes': Value('binary'), 'path': Value('string')}): "
        "is declared List(Image()): else a trainer gets bytes for pictures",
    ),
    "one is missing": (
        lambda folder: (folder / ONE).rename(folder / "data/train-00001-of-00002.parquet"),
        "train: data: ['train-00001-of-00002.parquet']: are numbered from 00000 and as many as their names "
        "say",
    ),
    "two counts": (
        lambda folder: (folder / "data/train-00000-of-00002.parquet").write_bytes(
            (folder / ONE).read_bytes()
        ),
        "train: data: ['train-00000-of-00001.parquet', 'train-00000-of-00002.parquet']: are numbered",
    ),
    "large row group": (
        large_group,
        "train-00000-of-00001.parquet: row group 0: ",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_a_problem(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if broken == "large row group":
        monkeypatch.setattr(parquet_conversations, "MOST_GROUP_BYTES", 10)
    FORMAT.save({"train": [sample("a")]}, tmp_path, tmp_path)
    spoil, problem = BROKEN[broken]
    spoil(tmp_path)
    assert validated(tmp_path)[1][0].startswith(problem)


def test_a_file_that_is_none_has_no_samples(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"nothing")
    problems: list[Problem] = []
    assert list(FORMAT.load_file(tmp_path / "x.parquet", problems.append)) == []
    assert told(problems)[0].startswith("x.parquet: : ArrowInvalid: is a Parquet file: ")


def test_files_of_others_are_read_by_columns_that_are_known(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    pq.write_table(pa.Table.from_pylist([{"messages": chat, "other": 5}]), tmp_path / "any.parquet")
    (found,) = FORMAT.load_file(tmp_path / "any.parquet", print)
    assert [turn.text for turn in found.turns] == ["x", "y"]
