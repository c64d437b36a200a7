"""Datasets with tables of their own carry a card, a Croissant file and checksums as every export does."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_exports import exported, many

from vdata_assets.formats.about import About
from vdata_assets.formats.checksums import verify_checksums
from vdata_assets.formats.convseg.convseg_files import describe_export
from vdata_assets.formats.described import describe_dataset_dict
from vdata_assets.formats.segmentation import annotation_hf
from vdata_assets.formats.segmentation.annotation_hf import write_annotation_hf
from vdata_assets.formats.segmentation.llava import describe_llava
from vdata_assets.formats.tables.dataset_dict import dataset_dict_writer
from vdata_assets.quality.findings import Finding, Status

LABELS = [["person"], ["person", "car"], ["cup"], ["car"], ["dog", "person"]]
ABOUT = About(
    "Frames",
    "Frames and what is in them.",
    "",
    (),
    license="cc-by-4.0",
    provenance={"annotations": "abc"},
    settings={"seed": 23},
    findings=(Finding("samples_written", Status.PASSED, "all of them"),),
)
ODD = 'a "b"\n<c>'
Folder = Callable[..., Path]


@pytest.fixture
def annotation_dict(annotations: Any, tmp_path: Path) -> Path:
    made = annotations(LABELS)
    written = write_annotation_hf(made.source, made.splits, tmp_path / "hf")
    describe_dataset_dict(written.folder, ABOUT, annotation_hf.features(), written.statistics["splits"])
    return written.folder


@pytest.fixture
def llava(annotations: Any, linked: Any, tmp_path: Path) -> Path:
    written = linked(annotations(LABELS), tmp_path / "llava")
    describe_llava(written, replace(ABOUT, format="llava"))
    return written.folder


@pytest.fixture
def prompts_of(tmp_path: Path) -> Folder:
    def make(**options: Any) -> Path:
        export = exported(many(tmp_path / "runs", 12), tmp_path / "out", **options)
        describe_export(export, replace(ABOUT, format="convseg"))
        return tmp_path / "out"

    return make


@pytest.fixture(params=["a DatasetDict", "LLaVA", "prompts", "prompts a split", "prompts for eval.py"])
def described(request: pytest.FixtureRequest) -> tuple[Path, Mapping[str, int], int]:
    """A described folder, its rows by split and the sets of rows that Croissant tells."""
    if request.param in ("a DatasetDict", "LLaVA"):
        name = {"a DatasetDict": "annotation_dict", "LLaVA": "llava"}[request.param]
        return request.getfixturevalue(name), {"train": 3, "val": 1, "test": 1}, 3
    make = request.getfixturevalue("prompts_of")
    if request.param == "prompts a split":
        folder = make(per_split=True)
        sizes = {name: len(os.listdir(folder / name / "masks")) for name in ("train", "val", "test")}
        return folder, sizes, 3
    if request.param == "prompts":
        return make(), {"prompts": 12}, 1
    return make(mode="eval"), {"prompts": 12}, 0


def test_a_folder_is_described(described: tuple[Path, Mapping[str, int], int]) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    folder, rows, records = described
    verify_checksums(folder, pytest.fail)
    text = (folder / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert head["license"] == "cc-by-4.0"
    for told in ("- annotations: abc", '"seed": 23', "samples\\_written", *rows):
        assert told in text
    for split, count in rows.items():
        assert any(split in line and f" {count} " in line for line in text.splitlines())
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert len(dataset.metadata.record_sets) == records


def test_a_dataset_dict_is_told_with_its_columns(annotation_dict: Path) -> None:
    from datasets import load_from_disk

    head = yaml.safe_load((annotation_dict / "README.md").read_text().split("---")[1])
    assert [one["name"] for one in head["dataset_info"]["features"]] == list(annotation_hf.features())
    assert 'load_from_disk(".")' in (annotation_dict / "README.md").read_text()
    assert {split: data.num_rows for split, data in load_from_disk(str(annotation_dict)).items()} == {
        "train": 3,
        "val": 1,
        "test": 1,
    }


def test_datasets_loads_an_export_by_its_card(prompts_of: Folder, tmp_path: Path) -> None:
    from datasets import load_dataset

    folder = prompts_of(per_split=True)
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train", "val", "test"]
    for data in loaded.values():
        assert data.column_names == ["image", "mask_merged", "prompt"]


def test_a_split_of_a_reserved_name_is_not_offered_to_load_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    folder.mkdir()
    features = annotation_hf.features()
    with dataset_dict_writer(folder, features, ["all"]):
        pass
    describe_dataset_dict(folder, ABOUT, features, {"all": 1})
    assert "configs" not in yaml.safe_load((folder / "README.md").read_text().split("---")[1])


def test_croissant_reads_the_rows_of_lines(llava: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    rows = list(mlcroissant.Dataset(str(llava / "croissant.json")).records("train"))
    assert [row["train/id"] for row in rows] == [b"cup-000000", b"cup-000001", b"cup-000002"]
    assert rows[0]["train/image"] == b"images/cup/frame_000000.jpg"


def test_pictures_are_told_as_sets_and_their_bytes_by_the_checksums(prompts_of: Folder) -> None:
    import json

    folder = prompts_of()
    told = json.loads((folder / "croissant.json").read_bytes())["distribution"]
    assert {one["@id"]: one["includes"] for one in told if one["@type"] == "cr:FileSet"} == {
        "images/*.jpg": ["images/*.jpg", "images/**/*.jpg"],
        "masks/*.png": ["masks/*.png", "masks/**/*.png"],
    }
    sums = (folder / "checksums.sha256").read_text()
    assert sums.count("  images/") == sums.count("  masks/") == 12


def test_any_text_is_told(annotations: Any, linked: Any, tmp_path: Path) -> None:
    written = linked(annotations([[ODD], [ODD]]), tmp_path / "llava")
    describe_llava(written, replace(ABOUT, name=ODD, description=ODD, license=ODD, format="llava"))
    assert yaml.safe_load((written.folder / "README.md").read_text().split("---\n")[1])["license"] == "other"
    verify_checksums(written.folder, pytest.fail)
