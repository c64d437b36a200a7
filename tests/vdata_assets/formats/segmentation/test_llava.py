"""Annotated frames as LLaVA's trainers read them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pycocotools import mask as coco

from vdata_assets.conversations.segmentation import statements
from vdata_resources.images import load_rgb

LABELS = [["person"], ["person", "car", "person"], [], ["car"], ["dog", "person"], ["!dog"], ["cup", "!cup"]]


def lines(folder: Path, split: str) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_sample_has_the_documents_shape(annotations, linked, tmp_path: Path) -> None:
    made = annotations(LABELS)
    folder = linked(made, tmp_path / "llava").folder
    sample = lines(folder, "train")[1]
    assert list(sample) == ["id", "image", "conversations", "masks", "bounding_boxes"]
    assert (sample["id"], sample["image"]) == ("cup-000001", "images/cup/frame_000001.jpg")
    assert [turn["from"] for turn in sample["conversations"]][:2] == ["human", "gpt"]
    assert all(list(turn) == ["from", "value"] for turn in sample["conversations"])
    assert sample["conversations"][0]["value"].startswith("<image>\n")
    assert len(sample["masks"]) == len(sample["bounding_boxes"]) == 3


def test_boxes_are_those_of_the_masks_and_in_the_order_of_mention(
    annotations, linked, tmp_path: Path
) -> None:
    made = annotations(LABELS)
    folder = linked(made, tmp_path / "llava").folder
    for sample in (sample for split in ("train", "val", "test") for sample in lines(folder, split)):
        with Image.open(folder / sample["image"]) as image:
            size = [image.height, image.width]
        boxes = [coco.toBbox({"size": size, "counts": mask}).tolist() for mask in sample["masks"]]
        assert boxes == sample["bounding_boxes"]
        told = [list(box) for statement in statements(sample["conversations"]) for box in statement.boxes]
        assert told == boxes


def test_the_json_array_holds_the_same_samples(annotations, linked, tmp_path: Path) -> None:
    folder = linked(annotations(LABELS), tmp_path / "llava").folder
    for split, count in {"train": 3, "val": 1, "test": 1}.items():
        array = json.loads((folder / f"{split}.json").read_text(encoding="utf-8"))
        assert array == lines(folder, split)
        assert len(array) == count


def test_the_manifest_lists_every_sample(annotations, linked, tmp_path: Path) -> None:
    written = linked(annotations(LABELS), tmp_path / "llava")
    manifest = json.loads((written.folder / "samples_manifest.json").read_text(encoding="utf-8"))
    assert manifest["statistics"] == written.statistics
    assert manifest["statistics"]["splits"] == {"train": 3, "val": 1, "test": 1}
    assert manifest["encoding"]["masks"].startswith("COCO compressed run lengths (column-major)")
    assert manifest["files"]["train"] == ["train.jsonl", "train.json"]
    assert [(sample["id"], sample["split"], sample["objects"]) for sample in manifest["samples"]] == [
        ("cup-000000", "train", 1),
        ("cup-000001", "train", 3),
        ("cup-000003", "val", 1),
        ("cup-000004", "test", 2),
        ("cup-000006", "train", 1),
    ]
    assert manifest["samples"][0] == {
        "id": "cup-000000",
        "split": "train",
        "image": "images/cup/frame_000000.jpg",
        "width": 32,
        "height": 24,
        "objects": 1,
    }


def test_pictures_are_links_to_the_frames_of_samples(annotations, linked, tmp_path: Path) -> None:
    made = annotations(LABELS)
    folder = linked(made, tmp_path / "llava").folder
    images = sorted((folder / "images/cup").iterdir())
    assert [image.name for image in images] == [f"frame_{number:06d}.jpg" for number in (0, 1, 3, 4, 6)]
    assert all(image.samefile(made.source / "frames/cup" / image.name) for image in images)


def test_a_rotated_picture_is_upright_for_a_loader_that_does_not_heed_exif(
    annotations, linked, test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    photo = test_data("edge-images") / "pillow" / "hopper_orientation_6.jpg"
    made = annotations([["person"]], {0: photo}, load_rgb(photo).size[::-1])
    folder = linked(made, tmp_path / "llava").folder
    (sample,) = lines(folder, "train")
    assert sample["image"] == "images/cup/frame_000000.jpg.png"
    with Image.open(folder / sample["image"]) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(load_rgb(photo)))


@pytest.mark.parametrize("labels", [[], [[], []]])
def test_annotations_without_samples_give_a_manifest_alone(
    labels: list[list[str]], annotations, linked, tmp_path: Path
) -> None:
    folder = linked(annotations(labels), tmp_path / "llava").folder
    assert [file.name for file in folder.iterdir()] == ["samples_manifest.json"]
    assert json.loads((folder / "samples_manifest.json").read_text())["samples"] == []


@pytest.mark.parametrize("label", ['a "b"', "ключ", "back\\slash", "a\u2028b"])
def test_any_label_survives(label: str, annotations, linked, tmp_path: Path) -> None:
    folder = linked(annotations([[label], [label]]), tmp_path / "llava").folder
    text = (folder / "train.jsonl").read_bytes()
    assert text.count(b"\n") == 2
    for line in text.rstrip(b"\n").split(b"\n"):
        assert len(json.loads(line)["masks"]) == 1


def test_a_missing_picture_is_named(annotations, linked, tmp_path: Path) -> None:
    made = annotations(LABELS)
    (made.source / "frames/cup/frame_000003.jpg").unlink()
    with pytest.raises(ValueError, match=r"frame_000003.jpg: there is no such file: materialize annotations"):
        linked(made, tmp_path / "llava")


def test_a_frame_added_elsewhere_leaves_the_others_samples_as_they_were(
    annotations, linked, tmp_path: Path
) -> None:
    made = annotations([*LABELS, ["dog", "cup"]])
    before = pl.DataFrame(made.splits).filter(pl.col("sample_id") != "cup-000001")
    after = lines(linked(made, tmp_path / "after").folder, "train")
    made.splits = before
    for sample in lines(linked(made, tmp_path / "before").folder, "train"):
        assert sample in after
