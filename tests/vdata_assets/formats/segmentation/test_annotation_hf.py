"""Annotated frames as ``datasets`` loads them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pycocotools import mask as coco

from vdata_assets.conversations.segmentation import statements
from vdata_assets.formats.segmentation import segmentation_samples
from vdata_assets.formats.segmentation.annotation_hf import features, write_annotation_hf
from vdata_resources.images import load_rgb

LABELS = [
    ["person"],
    ["person", "car", "person"],
    [],
    ["car"],
    ["dog", "person"],
    ["dog", "!car", "dog"],
    ["!dog"],
    ["car", "car", "car", "person"],
    ["cup"],
]


def load(folder: Path):
    from datasets import load_from_disk

    return load_from_disk(str(folder))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file's bytes."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_the_dataset_loads_with_the_documents_columns_and_a_split_each(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    written = write_annotation_hf(made.source, made.splits, tmp_path / "hf")
    loaded = load(written.folder)
    assert {split: rows["id"][:] for split, rows in loaded.items()} == {
        "train": ["cup-000000", "cup-000001", "cup-000005", "cup-000007"],
        "val": ["cup-000003", "cup-000008"],
        "test": ["cup-000004"],
    }
    assert list(loaded) == ["train", "val", "test"]
    assert all(rows.features == features() for rows in loaded.values())
    assert loaded["train"].column_names == [
        "image",
        "id",
        "video_id",
        "frame_index",
        "conversations",
        "masks",
        "bounding_boxes",
        "labels",
        "object_ids",
        "areas",
    ]


def test_a_sample_holds_its_frames_picture_and_its_objects_in_the_order_of_mention(
    annotations, tmp_path: Path
) -> None:
    made = annotations(LABELS)
    loaded = load(write_annotation_hf(made.source, made.splits, tmp_path / "hf").folder)
    objects = made.objects.filter(pl.col("reason").is_null())
    for row in (row for split in loaded.values() for row in split):
        frame = made.frames.row(by_predicate=pl.col("frame_id") == row["id"], named=True)
        assert (row["video_id"], row["frame_index"]) == ("cup final", frame["frame_index"])
        assert np.array_equal(np.asarray(row["image"]), np.asarray(load_rgb(made.source / frame["file"])))
        mine = objects.filter(pl.col("frame_id") == row["id"])
        assert sorted(
            zip(row["object_ids"], row["labels"], row["areas"], row["bounding_boxes"], strict=True)
        ) == (sorted(mine.select("object_id", "label", "area", pl.col("box").arr.to_list()).iter_rows()))
        for mask, box in zip(row["masks"], row["bounding_boxes"], strict=True):
            assert mask["size"] == [row["image"].height, row["image"].width]
            assert coco.toBbox(mask).tolist() == box
        told = [list(box) for statement in statements(row["conversations"]) for box in statement.boxes]
        assert told == row["bounding_boxes"]


def test_pictures_are_the_frames_own_bytes(annotations, tmp_path: Path) -> None:
    from datasets import Image as ImageFeature

    made = annotations([["car"]])
    loaded = load(write_annotation_hf(made.source, made.splits, tmp_path / "hf").folder)
    raw = loaded["train"].cast_column("image", ImageFeature(decode=False))[0]["image"]
    assert raw == {"bytes": (made.source / made.frames["file"][0]).read_bytes(), "path": None}


def test_a_rotated_picture_is_upright_for_any_reader(annotations, test_data, tmp_path: Path) -> None:
    photo = test_data("edge-images") / "pillow" / "hopper_orientation_6.jpg"
    made = annotations([["person"]], {0: photo}, load_rgb(photo).size[::-1])
    (row,) = load(write_annotation_hf(made.source, made.splits, tmp_path / "hf").folder)["train"]
    assert row["masks"][0]["size"] == [row["image"].height, row["image"].width]
    assert np.array_equal(np.asarray(row["image"]), np.asarray(load_rgb(photo)))


def test_statistics_and_frames_left_out(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    written = write_annotation_hf(made.source, made.splits.head(8), tmp_path / "hf")
    assert written.statistics == {
        "samples": 6,
        "objects": 13,
        "splits": {"train": 4, "val": 1, "test": 1},
        "classes": {"car": 5, "person": 5, "dog": 3},
    }
    assert written.selection.without_objects.to_list() == ["cup-000002", "cup-000006"]
    assert written.selection.without_split.to_list() == ["cup-000008"]


@pytest.mark.parametrize(
    ("labels", "sizes"),
    [
        ([], {}),
        ([[], []], {}),
        ([["car"]], {"train": 1}),
        ([["car"], [], [], ["car"]], {"train": 1, "val": 1}),
    ],
)
def test_a_split_without_samples_is_none_of_the_datasets(
    labels: list[list[str]], sizes: dict[str, int], annotations, tmp_path: Path
) -> None:
    made = annotations(labels)
    loaded = load(write_annotation_hf(made.source, made.splits, tmp_path / "hf").folder)
    assert {split: rows.num_rows for split, rows in loaded.items()} == sizes


def test_splits_come_in_the_order_of_the_names(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    names = ("test", "train", "val")
    assert (
        tuple(load(write_annotation_hf(made.source, made.splits, tmp_path / "hf", names=names).folder))
        == names
    )


@pytest.mark.parametrize(("frames", "rows"), [(1, 1), (2, 3), (3, 100), (100, 2)])
def test_samples_are_the_same_however_the_tables_are_cut(
    frames: int, rows: int, annotations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = annotations(LABELS)
    whole = load(write_annotation_hf(made.source, made.splits, tmp_path / "whole").folder)
    monkeypatch.setattr(segmentation_samples, "SLICE", frames)
    monkeypatch.setattr(segmentation_samples, "ROWS", rows)
    cut = load(write_annotation_hf(made.source, made.splits, tmp_path / "cut").folder)
    for split, expected in whole.items():
        assert cut[split].data.table.combine_chunks() == expected.data.table.combine_chunks()


PROGRAM = """
import os, sys, polars as pl
from pathlib import Path
from vdata_assets.formats.segmentation.annotation_hf import write_annotation_hf
from vdata_assets.formats.segmentation.llava import write_llava
source, out = map(Path, sys.argv[1:])
splits = pl.read_parquet(source / "splits.parquet")
write_annotation_hf(source, splits, out / "hf", workers=1)
def link(file, name):
    (out / "llava" / name).parent.mkdir(parents=True, exist_ok=True)
    os.link(file, out / "llava" / name)
write_llava(source, splits, out / "llava", link, workers=1)
"""


def test_datasets_are_the_same_under_any_hash_seed_and_number_of_workers(
    annotations, tmp_path: Path, linked: Callable
) -> None:
    made = annotations(LABELS * 10)
    made.splits.write_parquet(made.source / "splits.parquet")
    (tmp_path / "other").mkdir()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(made.source), str(tmp_path / "other")],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        check=True,
    )
    (tmp_path / "here").mkdir()
    write_annotation_hf(made.source, made.splits, tmp_path / "here/hf", workers=3)
    linked(made, tmp_path / "here/llava", workers=3)
    assert len(tree(tmp_path / "here")) == 87
    assert tree(tmp_path / "here") == tree(tmp_path / "other")


def test_another_seed_asks_otherwise_of_the_same_samples(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS * 3)
    first, second = (
        load(write_annotation_hf(made.source, made.splits, tmp_path / str(seed), seed=seed).folder)["train"]
        for seed in (1, 2)
    )
    assert first["id"][:] == second["id"][:]
    assert first["conversations"][:] != second["conversations"][:]


def spoil_picture(source: Path) -> None:
    Image.new("RGB", (32, 24)).save(source / "frames/cup/frame_000001.jpg")


def remove_picture(source: Path) -> None:
    (source / "frames/cup/frame_000001.jpg").unlink()


def drop_object(source: Path) -> None:
    objects = pl.read_parquet(source / "objects.parquet")
    objects.slice(1).write_parquet(source / "objects.parquet")


def reverse_objects(source: Path) -> None:
    objects = pl.read_parquet(source / "objects.parquet")
    objects.reverse().write_parquet(source / "objects.parquet")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_picture, r"frame_000001.jpg: its bytes are not those .*: materialize annotations"),
        (remove_picture, r"frame_000001.jpg: there is no such file: materialize annotations"),
        (
            drop_object,
            r"frames.parquet counts 16 objects and objects.parquet has 15: materialize annotations",
        ),
        (
            reverse_objects,
            r"objects.parquet: objects are not in the order of frames.parquet, near frame cup-000000",
        ),
    ],
)
def test_annotations_that_do_not_fit_together_are_refused(
    spoil: Callable[[Path], None], message: str, annotations, tmp_path: Path
) -> None:
    made = annotations(LABELS)
    spoil(made.source)
    with pytest.raises(ValueError, match=message):
        write_annotation_hf(made.source, made.splits, tmp_path / "hf")


def test_an_unknown_split_is_refused(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    with pytest.raises(
        ValueError, match=r"splits: \['test'\] are none of \['train', 'val'\]: materialize splits"
    ):
        write_annotation_hf(made.source, made.splits, tmp_path / "hf", names=("train", "val"))
