"""Real photos with masks and names that people gave: what is said of them is so."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vdata_assets.dataengine.annotator import FAMILIES, Caption, Family, Picture, Prompt, Region
from vdata_assets.dataengine.rules.annotator import RuleAnnotator
from vdata_assets.masks.dense import decoded
from vdata_resources.images import load_rgb

ANNOTATOR = RuleAnnotator()
PHOTOS = ("000000439180.jpg", "000000142238.jpg")


@pytest.fixture(params=PHOTOS)
def photo(request: pytest.FixtureRequest, test_data: Callable[[str], Path]) -> tuple[Picture, list[Region]]:
    folder = test_data("coco-panoptic")
    coco = json.loads((folder / "panoptic_coco_detection_format.json").read_text())
    names = {
        entry["id"]: entry["name"]
        for entry in json.loads((folder / "panoptic_coco_categories.json").read_text())
    }
    (image,) = (image for image in coco["images"] if image["file_name"] == request.param)
    entries = [entry for entry in coco["annotations"] if entry["image_id"] == image["id"]]
    # How many there are in a crowd is not known: nothing is said of people then.
    crowds = {entry["category_id"] for entry in entries if entry.get("iscrowd")}
    entries = [entry for entry in entries if entry["category_id"] not in crowds]
    regions = [
        Region(
            index,
            Caption(names[entry["category_id"]].removesuffix("-merged").removesuffix("-other")),
            decoded(entry["segmentation"]["counts"], *entry["segmentation"]["size"]),
        )
        for index, entry in enumerate(entries)
    ]
    pixels = np.asarray(load_rgb(folder / "input_images" / request.param))
    return Picture(request.param, "run", pixels), regions


def everything(picture: Picture, regions: list[Region]) -> Iterator[tuple[Family, Prompt]]:
    for family in FAMILIES:
        for negative in (False, True):
            written = asyncio.run(ANNOTATOR.prompts(picture, regions, family, negative=negative))
            assert bool(written.prompts) != bool(written.note)
            yield from ((family, prompt) for prompt in written.prompts)


def test_given_masks_are_accepted(photo: tuple[Picture, list[Region]]) -> None:
    picture, regions = photo
    for region in regions:
        judgement = asyncio.run(ANNOTATOR.judge_mask(picture, region.caption, region.mask))
        assert judgement.accept, judgement.reason


def test_prompts_are_written_and_stand(photo: tuple[Picture, list[Region]]) -> None:
    picture, regions = photo
    found = list(everything(picture, regions))
    assert {family for family, prompt in found if prompt.satisfying} == {"entities", "spatial", "relations"}
    assert len({prompt.text for _, prompt in found}) == len(found)
    for family, prompt in found:
        judgement = asyncio.run(ANNOTATOR.judge_prompt(picture, regions, family, prompt))
        assert judgement.accept, f"{prompt.text} {judgement.reason}"
        assert set(prompt.satisfying) < set(prompt.candidates)


def test_entities_are_all_regions_of_a_label(photo: tuple[Picture, list[Region]]) -> None:
    picture, regions = photo
    for family, prompt in everything(picture, regions):
        if family == "entities" and prompt.satisfying and "region" not in prompt.text:
            labels = {regions[index].caption.label for index in prompt.satisfying}
            assert len(labels) == 1
            (label,) = labels
            assert label in prompt.text
            same = [region.index for region in regions if region.caption.label == label]
            assert list(prompt.satisfying) == same


@pytest.mark.parametrize("photo", ["000000439180.jpg"], indirect=True)
@pytest.mark.parametrize(
    ("family", "text", "satisfying"),
    [
        ("entities", "Segment every truck.", (0, 1)),
        ("entities", "Segment the gravel.", (2,)),
        ("spatial", "Segment the leftmost truck.", (1,)),
        ("spatial", "Segment the truck that appears largest.", (1,)),
        ("spatial", "Segment the truck closest to the centre of the picture.", (0,)),
        ("relations", "Segment the truck to the right of the leftmost truck.", (0,)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_seen_of_the_trucks(
    photo: tuple[Picture, list[Region]], family: Family, text: str, satisfying: tuple[int, ...]
) -> None:
    picture, regions = photo
    candidates = tuple(region.index for region in regions)
    yes = Prompt(text, candidates, satisfying)
    assert asyncio.run(ANNOTATOR.judge_prompt(picture, regions, family, yes)).accept
    for other in ((3,), (), candidates[1:]):
        no = Prompt(text, candidates, other)
        assert not asyncio.run(ANNOTATOR.judge_prompt(picture, regions, family, no)).accept


def test_the_same_prompts_come_at_every_run(photo: tuple[Picture, list[Region]]) -> None:
    picture, regions = photo
    again = Picture(picture.image_id, picture.run, picture.pixels.copy())
    assert list(everything(picture, regions)) == list(everything(again, regions))
