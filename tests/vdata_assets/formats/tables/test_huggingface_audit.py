"""What the audit of a training dataset finds, and how it says it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from vdata_assets.conversations.reference_game import Task
from vdata_assets.formats.tables.huggingface import TrainingDataset, features, write_training_dataset
from vdata_assets.formats.tables.huggingface_audit import audit_training_datasets
from vdata_assets.quality.findings import Finding, Status

QUERIES = 6


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six small photos of one concept each."""
    folder = tmp_path / "root"
    folder.mkdir()
    for number in range(QUERIES):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")
    return folder


def write(root: Path, task: Task) -> TrainingDataset:
    rows = [
        {
            "query_id": f"q{number}",
            "query_path": f"{number}.png",
            "category": "bag",
            "label": 1,
            "ret_ids": [f"{(number + step) % QUERIES}" for step in (1, 2)],
            "ret_paths": [f"{(number + step) % QUERIES}.png" for step in (1, 2)],
        }
        for number in range(QUERIES)
    ]
    return write_training_dataset(pl.DataFrame(rows), root, root.parent / "set", task)


def changed(dataset: TrainingDataset, change: Callable[[list[dict[str, Any]]], object]) -> TrainingDataset:
    """The dataset saved anew with its rows changed, images as bytes."""
    from datasets import Dataset, DatasetDict, load_from_disk

    table = load_from_disk(str(dataset.folder))["train"].with_format("arrow")[:]
    rows = table.to_pylist()
    change(rows)
    folder = dataset.folder.parent / "changed"
    DatasetDict({"train": Dataset.from_list(rows, features=features(dataset.task))}).save_to_disk(str(folder))
    return replace(dataset, folder=folder)


def verdict(dataset: TrainingDataset) -> Finding:
    finding = audit_training_datasets([dataset], workers=2)[0]
    assert finding.name == "dataset_loads"
    return finding


@pytest.mark.parametrize("task", ["speaker", "listener"])
def test_a_sound_dataset_passes(root: Path, task: Task) -> None:
    loads, embeds = audit_training_datasets([write(root, task)])
    assert (loads.status, loads.message) == (
        Status.PASSED,
        f"0 problems in 6 {task} rows",
    )
    assert (embeds.status, embeds.message) == (
        Status.PASSED,
        "0 retrieval rows are left out, for an image of theirs cannot be decoded",
    )


def spoil(row: dict[str, Any], column: str, value: object) -> None:
    row[column] = value


@pytest.mark.parametrize(
    ("task", "change", "offenders"),
    [
        pytest.param(
            "speaker",
            lambda rows: spoil(rows[4], "image", {"bytes": b"no image", "path": None}),
            ("train[4].image: not an image in a known format (starts with 6e 6f 20 69 6d 61 67 65)",),
            id="bytes that are no image",
        ),
        pytest.param(
            "listener",
            lambda rows: spoil(rows[2], "reference_image", None),
            ("train[2].reference_image: the file is empty",),
            id="no image",
        ),
        pytest.param(
            "speaker",
            lambda rows: spoil(rows[3], "solution", "C"),
            ("train[3]: solution C of ['A', 'B'] for 2 images",),
            id="a solution that is no name",
        ),
        pytest.param(
            "speaker",
            lambda rows: spoil(rows[3], "names", ["A", "B", "C"]),
            ("train[3]: solution B of ['A', 'B', 'C'] for 2 images",),
            id="more names than images",
        ),
        pytest.param(
            "listener",
            lambda rows: [spoil(row, "listener_solution", "yes") for row in rows],
            ("train: 6 yes and 0 no, expected half each",),
            id="all yes",
        ),
        pytest.param(
            "listener",
            lambda rows: spoil(rows[0], "listener_solution", "maybe"),
            ("train[0]: listener_solution maybe is not yes or no",),
            id="an answer that is none",
        ),
        pytest.param(
            "speaker",
            lambda rows: rows.pop(),
            ("train: 5 rows, expected 6",),
            id="a row is missing",
        ),
    ],
)
def test_a_damaged_row_fails(root: Path, task: Task, change, offenders: tuple[str, ...]) -> None:
    finding = verdict(changed(write(root, task), change))
    assert (finding.status, finding.offenders) == (
        Status.FAILED,
        tuple(f"{task}/{offender}" for offender in offenders),
    )


def test_a_dataset_of_another_task_fails(root: Path) -> None:
    finding = verdict(replace(write(root, "speaker"), task="listener"))
    assert finding.status is Status.FAILED
    assert finding.offenders[0].startswith("listener/train: columns are {'image': Image(")


@pytest.mark.parametrize(
    ("file", "offender"),
    [
        ("dataset_dict.json", "does not load: "),
        ("train/state.json", "does not load: "),
        ("train/data-00000-of-00001.arrow", "does not load: "),
    ],
)
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:10])])
def test_a_missing_or_cut_file_fails(root: Path, file: str, offender: str, damage) -> None:
    dataset = write(root, "speaker")
    damage(dataset.folder / file)
    finding = verdict(dataset)
    assert finding.status is Status.FAILED
    assert finding.offenders[0].startswith(f"speaker/{offender}")


def test_an_arrow_file_cut_in_its_images_fails(root: Path) -> None:
    dataset = write(root, "speaker")
    arrow = dataset.folder / "train/data-00000-of-00001.arrow"
    arrow.write_bytes(arrow.read_bytes()[:-900])
    assert verdict(dataset).status is Status.FAILED


def test_rows_with_an_unreadable_image_are_left_out_and_named(root: Path) -> None:
    (root / "0.png").write_bytes((root / "0.png").read_bytes()[:40])
    dataset = write(root, "listener")
    assert dataset.rows == 3
    loads, embeds = audit_training_datasets([dataset])
    assert loads.status is Status.PASSED
    assert (embeds.status, embeds.message) == (
        Status.WARNING,
        "3 retrieval rows are left out, for an image of theirs cannot be decoded",
    )
    assert [offender.split(": ")[:2] for offender in embeds.offenders] == [
        [query, "0.png"] for query in ("q0", "q4", "q5")
    ]


def test_a_dataset_without_rows_fails(root: Path) -> None:
    for file in root.iterdir():
        file.write_bytes(b"")
    finding = verdict(write(root, "speaker"))
    assert (finding.status, finding.offenders) == (
        Status.FAILED,
        ("speaker/train: 0 rows, expected at least one",),
    )
