"""Prompts with their masks as samples, from every shape that an export has."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_exports import exported, mask
from made_runs import HEIGHT, MASKS, WIDTH, files_of, made_run
from pycocotools import mask as coco

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.convseg.run_reader import found_runs
from vdata_assets.formats.features import features_of
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.samples_of.samples_of_prompts import Answers, samples_of_prompts
from vdata_assets.formats.tables.hf_conversations import HuggingFace

PROMPTS: Any = {
    "entities": [("Segment the \u201ebox\u201c", [0], "ACCEPT"), ("Segment nothing", [], "ACCEPT")],
    "physics": [("Segment what may fall", [1, 2], "ACCEPT")],
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for number in range(12):
        made_run(tmp_path / "runs", f"run_{number:02}", PROMPTS, seed=number)
    return tmp_path / "runs"


def samples_in(folder: Path, **options: Any) -> dict[str, list[Sample]]:
    return {split: list(samples) for split, samples in samples_of_prompts(folder, **options)().items()}


def rle(region: Any) -> str:
    return coco.encode(np.asfortranarray(region, np.uint8))["counts"].decode()


def sample(
    key: str, concept: str, index: int, prompt: str, answer: str, *objects: Any, folder: str = ""
) -> Sample:
    turns = (Turn("user", (Picture(f"{folder}images/{key}.jpg"), prompt)), Turn("assistant", (answer,)))
    marked = tuple(MarkedObject(concept, 0, box, mask) for box, mask in objects)
    return Sample(f"{key}_{concept}_{index:03}", turns, marked, ((WIDTH, HEIGHT),), label=concept)


def test_a_prompt_is_answered_by_the_union_of_its_regions(tmp_path: Path) -> None:
    made_run(tmp_path / "runs", "a_b", PROMPTS)
    exported(found_runs(tmp_path / "runs"), tmp_path / "out", include_negatives=True)
    assert samples_in(tmp_path / "out") == {
        "train": [
            sample("a_b", "entities", 0, "Segment the „box“", "It is [SEG].", ((2, 3, 10, 9), rle(MASKS[0]))),
            sample("a_b", "entities", 1, "Segment nothing", "There is nothing like that in the image."),
            sample(
                "a_b",
                "physics",
                0,
                "Segment what may fall",
                "It is [SEG].",
                ((6, 5, 48, 36), rle(MASKS[1] | MASKS[2])),
            ),
        ]
    }


def test_other_words(tmp_path: Path) -> None:
    made_run(tmp_path / "runs", "a", PROMPTS)
    exported(found_runs(tmp_path / "runs"), tmp_path / "out", include_negatives=True)
    found = samples_in(tmp_path / "out", answers=Answers("Here.", "Nowhere."))
    assert [one.turns[1].text for one in found["train"]] == ["Here.", "Nowhere.", "Here."]


@pytest.mark.parametrize("mode", ["train", "eval", "both"])
@pytest.mark.parametrize("path_mode", ["relative", "absolute"])
def test_every_mode_gives_the_same_samples(runs: Path, tmp_path: Path, mode: str, path_mode: str) -> None:
    exported(found_runs(runs), tmp_path / "plain")
    exported(found_runs(runs), tmp_path / "out", mode=mode, path_mode=path_mode)
    assert samples_in(tmp_path / "out") == samples_in(tmp_path / "plain")


def test_samples_by_split_in_the_order_of_the_export(runs: Path, tmp_path: Path) -> None:
    export = exported(found_runs(runs), tmp_path / "out")
    found = samples_in(tmp_path / "out", workers=2)
    assert list(found) == ["train", "val", "test"]
    placed = export.samples.join(export.images, on="image_key", maintain_order="left")
    for split, samples in found.items():
        rows = placed.filter(pl.col("split") == split)
        assert [one.id for one in samples] == rows["sample_id"].to_list()
        assert [one.pictures[0].path for one in samples] == rows["image"].to_list()
        for one, name in zip(samples, rows["mask"], strict=True):
            decoded = coco.decode({"size": [HEIGHT, WIDTH], "counts": one.objects[0].mask})
            assert np.array_equal(decoded * np.uint8(255), mask(tmp_path / "out" / name))


def test_an_export_a_split_has_its_pictures_in_its_folder(runs: Path, tmp_path: Path) -> None:
    exported(found_runs(runs), tmp_path / "plain")
    exported(found_runs(runs), tmp_path / "out", per_split=True, path_mode="absolute")
    found, plain = samples_in(tmp_path / "out"), samples_in(tmp_path / "plain")
    assert list(found) == ["train", "val", "test"]
    for split, samples in found.items():
        assert [one.id for one in samples] == [one.id for one in plain[split]]
        assert [one.objects for one in samples] == [one.objects for one in plain[split]]
        assert all(str(one.pictures[0].path).startswith(f"{split}/images/") for one in samples)
        assert all((tmp_path / "out" / str(one.pictures[0].path)).is_file() for one in samples)


def test_real_runs(test_data: Any, tmp_path: Path) -> None:
    root = test_data("dataengine-runs")
    exported(found_runs(root), tmp_path / "out")
    found = [one for samples in samples_in(tmp_path / "out").values() for one in samples]
    expected = json.loads((root / "EXPECTED.json").read_bytes())
    assert sorted((one.turns[0].text, one.label, area(one)) for one in found) == sorted(
        (row["prompt"], row["concept"], row["merged_area"]) for row in expected
    )


def area(one: Sample) -> int:
    ((width, height),) = one.sizes
    return int(sum(coco.area({"size": [height, width], "counts": mark.mask}) for mark in one.objects))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda out: (out / "masks/run_00_entities_000.png").unlink(),
            r"out: run_00_entities_000: mask: 'masks/run_00_entities_000\.png': is missing: materialize",
        ),
        (lambda out: (out / "masks/run_00_entities_000.png").write_bytes(b"x"), r"000\.png': is no picture"),
        (
            lambda out: (out / "dataset.jsonl").write_text("{}\n"),
            r"out/dataset\.jsonl:1: image: None: has to be a text: materialize convseg_export",
        ),
        (
            lambda out: (out / "dataset.jsonl").write_text(
                '{"image":"images/run_00.jpg","mask_merged":"masks/z.png","prompt":"p"}\n'
            ),
            r"dataset\.jsonl: masks/z\.png: is no mask of a sample: materialize convseg_export",
        ),
        (
            lambda out: (out / "dataset.jsonl").write_text(
                '{"image":"images/z.jpg","mask_merged":"masks/z_physics_000.png","prompt":"p"}\n'
            ),
            r"dataset\.jsonl: z\.jpg: is not in splits\.parquet: materialize convseg_export",
        ),
    ],
    ids=["no mask", "no picture", "no sample", "no concept", "no split"],
)
def test_an_export_that_is_not_as_it_was_written(
    runs: Path, tmp_path: Path, spoil: Any, message: str
) -> None:
    exported(found_runs(runs), tmp_path / "out", mode="train")
    spoil(tmp_path / "out")
    with pytest.raises(ValueError, match=message):
        samples_in(tmp_path / "out")


def test_a_folder_without_a_list(runs: Path, tmp_path: Path) -> None:
    exported(found_runs(runs), tmp_path / "out", mode="train")
    (tmp_path / "out/dataset.jsonl").unlink()
    with pytest.raises(ValueError, match=r"out: has no dataset.jsonl or items.json of train: materialize"):
        samples_of_prompts(tmp_path / "out")


def test_they_go_through_a_format_with_masks(runs: Path, tmp_path: Path) -> None:
    exported(found_runs(runs), tmp_path / "out", include_negatives=True)
    before = files_of(tmp_path / "out")
    stream = samples_of_prompts(tmp_path / "out")
    wanted = [one for samples in stream().values() for one in samples]
    kinds = frozenset({Feature.ID, Feature.PATH, Feature.SIZES, Feature.LABEL})
    assert {features_of(one) for one in wanted} == {kinds, kinds | {Feature.BOXES, Feature.MASKS}}
    hf = tmp_path / "hf"
    hf.mkdir()
    HuggingFace().save(stream(), hf, tmp_path / "out")
    problems: list[Problem] = []
    loaded = [one for split in stream() for one in HuggingFace().load(hf, split, problems.append)]
    assert [(one.id, one.objects, one.sizes, one.label) for one in loaded] == [
        (one.id, one.objects, one.sizes, one.label) for one in wanted
    ]
    assert [[turn.text for turn in one.turns] for one in loaded] == [
        [turn.text for turn in one.turns] for one in wanted
    ]
    assert sum(HuggingFace().validate(hf, split, problems.append) for split in stream()) == len(wanted)
    assert not problems
    assert files_of(tmp_path / "out") == before
