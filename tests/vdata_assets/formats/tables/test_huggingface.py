"""Training datasets as ``datasets`` loads them, and what their audit finds."""

import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.conversations.reference_game import Task, listener_rows, speaker_rows
from vdata_assets.formats.tables import dataset_dict
from vdata_assets.formats.tables.huggingface import (
    TrainingDataset,
    embedded,
    folder_name,
    write_training_dataset,
)
from vdata_assets.formats.tables.huggingface_audit import audit_training_datasets
from vdata_assets.quality.findings import Status
from vdata_resources.images import load_rgb


def make_images(root: Path, count: int) -> list[str]:
    """Small JPEGs under a root; their relative paths."""
    (root / "bag").mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"bag/{number:03}.jpg")
    return [f"bag/{number:03}.jpg" for number in range(count)]


def retrieval(paths: list[str], count: int | None = None) -> pl.DataFrame:
    """A row a query: the next path as the positive, the two after it as distractors."""
    rows = []
    for number in range(len(paths) if count is None else count):
        slots = [paths[(number + step) % len(paths)] for step in (1, 2, 3)]
        rows.append(
            {
                "query_id": f"q{number:03}",
                "query_path": paths[number % len(paths)],
                "category": "bag",
                "label": 0,
                "ret_ids": slots,
                "ret_paths": slots,
            }
        )
    return pl.DataFrame(rows)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., TrainingDataset]:
    """Writes a dataset of a few small images."""

    def write(task: Task, count: int = 9) -> TrainingDataset:
        rows = retrieval(make_images(tmp_path / "root", count))
        return write_training_dataset(rows, tmp_path / "root", tmp_path / "set", task, seed=1)

    return write


def load(dataset: TrainingDataset):
    from datasets import load_from_disk

    return load_from_disk(str(dataset.folder))


def test_the_folders_name() -> None:
    assert folder_name("PerVA", 23, 3) == "PerVA_all_test_subset_seed_23_K_3"


def test_descriptions_are_told_to_the_listener_alone(tmp_path: Path) -> None:
    rows = retrieval(make_images(tmp_path / "root", 4)).with_columns(
        ret_descs=pl.col("ret_paths").list.eval(pl.lit("Name: x\nDescription: ") + pl.element())
    )
    problems = {}
    for task, told in [("speaker", True), ("listener", True), ("listener", False)]:
        written = write_training_dataset(
            rows, tmp_path / "root", tmp_path / f"{task} {told}", task, use_description=told
        )
        loaded = load(written)["train"]
        assert "ret_descs" not in loaded.column_names
        problems[task, told] = (
            (loaded["reference_image_path"] if task == "listener" else []),
            loaded[f"{task}_problem"],
        )
    assert not any("Description: " in question for question in problems["speaker", True][1])
    assert not any("Description: " in question for question in problems["listener", False][1])
    for path, question in zip(*problems["listener", True], strict=True):
        assert f"Name: x\nDescription: {path}\n" in question


def test_a_speaker_dataset_loads_with_the_documents_columns(written, tmp_path: Path) -> None:
    dataset = written("speaker")
    loaded = load(dataset)
    assert list(loaded) == ["train"]
    assert loaded["train"].column_names == [
        "image",
        "ret_paths",
        "names",
        "speaker_problem",
        "solution",
        "category",
    ]
    rows = retrieval([f"bag/{number:03}.jpg" for number in range(9)])
    expected = speaker_rows(rows).drop("image_path").to_dicts()
    for row, query, others in zip(loaded["train"], rows["query_path"], expected, strict=True):
        photo = row.pop("image")
        assert photo.mode == "RGB"
        assert np.array_equal(np.asarray(photo), np.asarray(load_rgb(tmp_path / "root" / query)))
        assert row == others


def test_a_listener_dataset_loads_with_the_documents_columns(written, tmp_path: Path) -> None:
    loaded = load(written("listener"))
    assert loaded["train"].column_names == [
        "query_image_path",
        "reference_image_path",
        "query_image",
        "reference_image",
        "listener_problem",
        "listener_solution",
        "category",
    ]
    rows = retrieval([f"bag/{number:03}.jpg" for number in range(9)])
    expected = listener_rows(rows, seed=1).to_dicts()
    for row, others in zip(loaded["train"], expected, strict=True):
        for which in ("query", "reference"):
            photo = np.asarray(row.pop(f"{which}_image"))
            assert np.array_equal(photo, np.asarray(load_rgb(tmp_path / "root" / row[f"{which}_image_path"])))
        assert row == others


@pytest.mark.parametrize("task", ["speaker", "listener"])
@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, 65])
def test_any_number_of_rows_and_shards_loads(
    task: Task, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_dict, "SHARD_BYTES", 2000)
    table = retrieval(make_images(tmp_path / "root", 5), 65).head(rows)
    dataset = write_training_dataset(table, tmp_path / "root", tmp_path / "set", task)
    assert load(dataset)["train"].num_rows == rows
    shards = sorted(file.name for file in (tmp_path / "set/train").glob("*.arrow"))
    count = max(1, -(-rows // 32))
    assert shards == [f"data-{number:05d}-of-{count:05d}.arrow" for number in range(count)]


def test_nothing_but_the_dataset_is_left_and_no_path_of_this_machine_is_in_it(written) -> None:
    dataset = written("listener")
    files = sorted(file for file in dataset.folder.rglob("*") if file.is_file())
    assert [file.relative_to(dataset.folder).as_posix() for file in files] == [
        "dataset_dict.json",
        "train/data-00000-of-00001.arrow",
        "train/dataset_info.json",
        "train/state.json",
    ]
    assert not any(str(dataset.folder.parent).encode() in file.read_bytes() for file in files)


PROGRAM = """
import sys, polars as pl
from pathlib import Path
from vdata_assets.formats.tables.huggingface import write_training_dataset
root, out, workers = sys.argv[1:]
rows = pl.read_parquet(Path(root) / "rows.parquet")
for task in ("speaker", "listener"):
    write_training_dataset(rows, Path(root), Path(out) / task, task, workers=int(workers))
"""


def test_datasets_are_the_same_under_any_hash_seed_and_number_of_workers(tmp_path: Path) -> None:
    root = tmp_path / "root"
    retrieval(make_images(root, 40)).write_parquet(root / "rows.parquet")
    runs = []
    for run in ("1", "2"):
        out, home = tmp_path / f"out{run}", tmp_path / f"home{run}"
        out.mkdir()
        home.mkdir()
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(root), str(out), run],
            env={**os.environ, "PYTHONHASHSEED": run, "HOME": str(home), "HF_HOME": str(home / "hf")},
            check=True,
        )
        assert list(home.rglob("*")) == [], "the user's cache is written to"
        files = sorted(file for file in out.rglob("*") if file.is_file())
        runs.append({file.relative_to(out).as_posix(): file.read_bytes() for file in files})
    assert len(runs[0]) == 8
    assert runs[0] == runs[1]


def test_the_fingerprint_changes_with_an_image_alone(written, tmp_path: Path) -> None:
    first = written("speaker")
    Image.new("RGB", (16, 12), "red").save(tmp_path / "root/bag/000.jpg")
    rows = retrieval([f"bag/{number:03}.jpg" for number in range(9)])
    second = write_training_dataset(rows, tmp_path / "root", tmp_path / "second", "speaker", seed=1)
    assert load(first)["train"]._fingerprint != load(second)["train"]._fingerprint


@pytest.mark.parametrize(
    ("name", "as_it_is"),
    [
        ("hopper.jpg", True),
        ("hopper.webp", True),
        ("hopper.bmp", True),
        ("hopper.png", True),
        ("hopper.gif", False),
        ("hopper_gray.jpg", False),
        ("hopper_orientation_6.jpg", False),
        ("hopper_orientation_2.jpg", False),
        ("pil_sample_cmyk.jpg", False),
        ("hopper_bad_exif.jpg", False),
    ],
)
def test_images_are_embedded_as_they_are_or_as_the_encoder_sees_them(
    name: str, as_it_is: bool, test_data: Callable[[str], Path]
) -> None:
    path = test_data("edge-images") / "pillow" / name
    content = embedded(path)
    assert (content == path.read_bytes()) == as_it_is
    with Image.open(BytesIO(content)) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), np.asarray(load_rgb(path)))


def test_every_readable_odd_image_decodes_through_datasets_as_the_encoder_sees_it(
    test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    root = test_data("edge-images")
    paths = sorted(
        file.relative_to(root).as_posix()
        for file in root.rglob("*")
        if file.is_file() and file.suffix not in (".txt", ".pgm")
    )
    rows = pl.DataFrame(
        [
            {
                "query_id": path,
                "query_path": path,
                "category": "odd",
                "label": 0,
                "ret_ids": [path],
                "ret_paths": [path],
            }
            for path in paths
        ]
    )
    dataset = write_training_dataset(rows, root, tmp_path / "set", "speaker")
    assert set(dataset.dropped["path"]) == {
        "pillow/broken.png",
        "pillow/truncated_jpeg.jpg",
        "duplicates/ukbench09268_corrupt.jpg",
    }
    loads, embeds = audit_training_datasets([dataset])
    assert (loads.status, embeds.status) == (Status.PASSED, Status.WARNING)
    for row in load(dataset)["train"]:
        assert row["image"].mode == "RGB"
        assert np.array_equal(np.asarray(row["image"]), np.asarray(load_rgb(root / row["ret_paths"][0])))
