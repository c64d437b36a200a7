"""Annotated frames as samples: the words of the other exports, boxes as the contract has them, any format."""

from pathlib import Path

import polars as pl
import pytest
from pycocotools import mask as coco

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.features import features_of
from vdata_assets.formats.problems import Problem
from vdata_assets.formats.segmentation import segmentation_samples
from vdata_assets.formats.segmentation.samples_of_annotations import samples_of_annotations
from vdata_assets.formats.tables.hf_conversations import HuggingFace

LABELS = [["cup", "!car", "cup"], ["person"], ["!dog"], ["dog"], ["car"], ["cup", "dog", "cup"], []]


def test_a_sample_is_its_frames_conversation_and_objects(annotations) -> None:
    made = annotations([["cup"]])
    (found,) = samples_of_annotations(made.source, made.splits)()["train"]
    asked, answered = found.turns
    assert found == Sample(
        "cup-000000",
        (
            Turn("user", (Picture("frames/cup/frame_000000.jpg"), asked.text)),
            Turn("assistant", answered.parts),
        ),
        (MarkedObject("cup", 0, (0, 0, 5, 4), made.objects["rle"][0]),),
        ((32, 24),),
        metadata={"video_id": "cup final", "frame_index": "0"},
    )
    assert "[0, 0, 5, 4]" in answered.text
    assert "<image>" not in asked.text
    assert (made.source / str(found.pictures[0].path)).is_file()


def test_samples_are_those_of_the_other_exports(annotations, linked, tmp_path: Path) -> None:
    made = annotations(LABELS)
    llava = linked(made, tmp_path / "llava")
    found = samples_of_annotations(made.source, made.splits)()
    assert {split: [sample.id for sample in samples] for split, samples in found.items()} == {
        "train": ["cup-000000", "cup-000001", "cup-000005"],
        "val": ["cup-000003"],
        "test": ["cup-000004"],
    }
    for split, samples in samples_of_annotations(made.source, made.splits)().items():
        rows = pl.read_ndjson(llava.folder / f"{split}.jsonl").to_dicts()
        for sample, row in zip(samples, rows, strict=True):
            said = [turn.text for turn in sample.turns]
            assert ["<image>\n" + said[0], *said[1:]] == [turn["value"] for turn in row["conversations"]]
            assert [one.mask for one in sample.objects] == row["masks"]
            for one, (x, y, width, height) in zip(sample.objects, row["bounding_boxes"], strict=True):
                assert one.box == (x, y, x + width, y + height)
                rle = {"size": list(sample.sizes[0][::-1]), "counts": one.mask}
                assert coco.toBbox(rle).tolist() == [x, y, width, height]


def test_streams_are_fresh_and_slices_do_not_show(annotations, monkeypatch: pytest.MonkeyPatch) -> None:
    made = annotations(LABELS * 3)
    stream = samples_of_annotations(made.source, made.splits, seed=4)
    whole = {split: list(samples) for split, samples in stream().items()}
    monkeypatch.setattr(segmentation_samples, "SLICE", 2)
    monkeypatch.setattr(segmentation_samples, "ROWS", 3)
    assert {split: list(samples) for split, samples in stream().items()} == whole
    other = samples_of_annotations(made.source, made.splits, seed=5)()
    assert {split: list(samples) for split, samples in other.items()} != whole


def test_splits_are_in_the_order_of_the_names(annotations) -> None:
    made = annotations(LABELS)
    stream = samples_of_annotations(made.source, made.splits, names=["test", "none", "val", "train"])
    assert list(stream()) == ["test", "val", "train"]


def test_a_split_that_is_not_named(annotations) -> None:
    made = annotations(LABELS)
    with pytest.raises(ValueError, match=r"splits: \['val'\] are none of \['train', 'test'\]"):
        samples_of_annotations(made.source, made.splits, names=["train", "test"])


def test_they_go_through_a_format_that_embeds_pictures(annotations, tmp_path: Path) -> None:
    made = annotations(LABELS)
    stream = samples_of_annotations(made.source, made.splits)
    every = [sample for samples in stream().values() for sample in samples]
    assert all(
        {Feature.PATH, Feature.MASKS, Feature.BOXES, Feature.SIZES} <= features_of(sample) for sample in every
    )
    HuggingFace().save(stream(), tmp_path, made.source)
    problems: list[Problem] = []
    loaded = [one for split in stream() for one in HuggingFace().load(tmp_path, split, problems.append)]
    assert not problems
    assert [(one.id, one.objects, one.sizes, one.metadata) for one in loaded] == [
        (one.id, one.objects, one.sizes, one.metadata) for one in every
    ]
    assert [[turn.text for turn in one.turns] for one in loaded] == [
        [turn.text for turn in one.turns] for one in every
    ]
    contents = [(made.source / str(one.pictures[0].path)).read_bytes() for one in every]
    assert [one.pictures[0].data for one in loaded] == contents
    assert sum(HuggingFace().validate(tmp_path, split, problems.append) for split in stream()) == len(every)
    assert not problems
