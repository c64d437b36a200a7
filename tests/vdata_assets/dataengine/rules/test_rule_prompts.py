"""What is claimed of a picture, what is not, and how prompts are checked."""

import asyncio

import numpy as np
import pytest
from rule_scenes import (
    BACKGROUND,
    HEIGHT,
    SCENE,
    WIDTH,
    Thing,
    drawn,
    judged,
    rectangle,
    regions_of,
    written,
)

from vdata_assets.dataengine.annotator import (
    FAMILIES,
    MAX_PROMPTS,
    Caption,
    Family,
    Picture,
    Prompt,
    Region,
)
from vdata_assets.dataengine.rules.annotator import RuleAnnotator

Says = tuple[Family, str, tuple[int, ...]]
TRUE: list[Says] = [
    ("entities", "Segment every red region.", (0, 1)),
    ("entities", "Segment the blue region.", (2,)),
    ("spatial", "Segment the leftmost red region.", (0,)),
    ("spatial", "Segment the rightmost object.", (2,)),
    ("spatial", "Segment the topmost object.", (1,)),
    ("spatial", "Segment the lowest red region.", (0,)),
    ("spatial", "Segment the largest red region.", (0,)),
    ("spatial", "Segment the smallest red region.", (1,)),
    ("spatial", "Segment the object closest to the centre of the picture.", (3,)),
    ("spatial", "Segment the object in the lower left corner of the picture.", (0,)),
    ("spatial", "Segment the red region in the left half of the picture.", (0,)),
    ("relations", "Segment the red region to the left of the yellow region.", (0,)),
    ("relations", "Segment every object to the right of the yellow region.", (1, 2)),
    ("relations", "Segment the red region above the yellow region.", (1,)),
    ("relations", "Segment every object below the smallest red region.", (0, 2, 3)),
    ("relations", "Segment the object of the same colour as the largest object.", (1,)),
    ("relations", "Segment the object larger than the blue region.", (0,)),
]
UNTRUE: list[Says] = [
    ("entities", "Segment the red region.", (0,)),
    ("entities", "Segment every red region.", (0,)),
    ("entities", "Segment the green region.", (2,)),
    ("spatial", "Segment the leftmost red region.", (1,)),
    ("spatial", "Segment the largest object.", (2,)),
    ("spatial", "Segment the blue region in the left half of the picture.", (2,)),
    ("relations", "Segment the red region to the right of the blue region.", (0,)),
    ("relations", "Segment every object to the left of the blue region.", (0, 1)),
]
ABSENT: list[Says] = [
    ("entities", "Segment the green region.", ()),
    ("spatial", "Segment the blue region in the left half of the picture.", ()),
    ("relations", "Segment the red region to the right of the blue region.", ()),
    ("relations", "Segment the purple region above the blue region.", ()),
    ("relations", "Segment the yellow region touching the blue region.", ()),
]
PRESENT: list[Says] = [
    ("entities", "Segment the blue region.", ()),
    ("spatial", "Segment the blue region in the right half of the picture.", ()),
    ("relations", "Segment the red region to the left of the blue region.", ()),
    ("spatial", "Segment the leftmost red region.", ()),
    ("relations", "Segment the purple region above the green region.", ()),
]


@pytest.mark.parametrize(("family", "text", "satisfying"), [*TRUE, *ABSENT], ids=str)
def test_what_is_so_is_accepted(family: Family, text: str, satisfying: tuple[int, ...]) -> None:
    judgement = judged(drawn(SCENE), regions_of(SCENE), family, text, satisfying)
    assert judgement.accept, judgement.reason
    assert judgement.reason.startswith("Proved in 3 views: ")


@pytest.mark.parametrize(("family", "text", "satisfying"), [*UNTRUE, *PRESENT], ids=str)
def test_what_is_not_so_is_rejected(family: Family, text: str, satisfying: tuple[int, ...]) -> None:
    assert not judged(drawn(SCENE), regions_of(SCENE), family, text, satisfying).accept


def test_reasons_give_figures() -> None:
    picture, regions = drawn(SCENE), regions_of(SCENE)
    yes = judged(picture, regions, "spatial", "Segment the leftmost red region.", (0,))
    assert yes.reason == "Proved in 3 views: left edge at column 30, the next 250."
    no = judged(picture, regions, "spatial", "Segment the leftmost red region.", (1,))
    assert no.reason == "The answer is 0: left edge at column 30, the next 250."


@pytest.mark.parametrize(
    ("family", "prompt", "reason"),
    [
        (
            "entities",
            Prompt("Segment the cosy region.", (0, 1), (0,)),
            "This is not a sentence of the rules for entities.",
        ),
        (
            "entities",
            Prompt("Segment the leftmost red region.", (0, 1), (0,)),
            "This is not a sentence of the rules for entities.",
        ),
        (
            "spatial",
            Prompt("Segment the leftmost red region.", (0,), (0,)),
            "What satisfies it is no strict part of the candidates.",
        ),
        (
            "spatial",
            Prompt("Segment the leftmost red region.", (1,), (0,)),
            "What satisfies it is no strict part of the candidates.",
        ),
        ("spatial", Prompt("Segment the leftmost red region.", (0, 9), (0,)), "There is no region 9."),
        (
            "physics",
            Prompt("Segment the red region.", (0, 1), (0,)),
            "Nothing can be proved of this family: forces, weight and support follow from no measurement.",
        ),
    ],
    ids=[
        "unknown words",
        "of another family",
        "no choice",
        "no candidate",
        "no such region",
        "silent family",
    ],
)
def test_what_is_no_prompt_of_the_rules_is_rejected(family: Family, prompt: Prompt, reason: str) -> None:
    judgement = asyncio.run(RuleAnnotator().judge_prompt(drawn(SCENE), regions_of(SCENE), family, prompt))
    assert (judgement.accept, judgement.reason) == (False, reason)


@pytest.mark.parametrize("negative", [False, True], ids=["positive", "negative"])
@pytest.mark.parametrize("family", ["entities", "spatial", "relations"])
def test_what_is_written_is_varied_and_stands(family: Family, negative: bool) -> None:
    picture, regions = drawn(SCENE), regions_of(SCENE)
    found = written(picture, regions, family, negative)
    assert len(found.prompts) == MAX_PROMPTS
    assert found.note == ""
    assert len({prompt.text for prompt in found.prompts}) == MAX_PROMPTS
    for prompt in found.prompts:
        judgement = asyncio.run(RuleAnnotator().judge_prompt(picture, regions, family, prompt))
        assert judgement.accept, judgement.reason
        assert set(prompt.satisfying) < set(prompt.candidates)
        assert (prompt.satisfying == ()) is negative


def test_no_text_comes_twice_in_a_picture() -> None:
    picture, regions = drawn(SCENE), regions_of(SCENE)
    texts = [
        prompt.text
        for family in FAMILIES
        for negative in (False, True)
        for prompt in written(picture, regions, family, negative).prompts
    ]
    assert len(texts) == len(set(texts)) == 6 * MAX_PROMPTS


def test_the_same_picture_gets_the_same_prompts_and_others_get_others() -> None:
    regions = regions_of(SCENE)
    texts = {
        image_id: [
            [prompt.text for prompt in written(drawn(SCENE, image_id=image_id), regions, "spatial").prompts]
            for _ in range(2)
        ]
        for image_id in "abcd"
    }
    assert all(first == second for first, second in texts.values())
    assert len({str(found) for found in texts.values()}) > 1


@pytest.mark.parametrize(
    ("family", "note"),
    [
        ("affordances", "what can be done with a region follows from no measurement"),
        ("physics", "forces, weight and support follow from no measurement"),
    ],
)
@pytest.mark.parametrize("negative", [False, True], ids=["positive", "negative"])
def test_silent_families_say_why(family: Family, note: str, negative: bool) -> None:
    found = written(drawn(SCENE), regions_of(SCENE), family, negative)
    assert (found.prompts, found.note) == ((), note)


@pytest.mark.parametrize("family", ["entities", "spatial", "relations"])
def test_without_regions_there_is_a_note(family: Family) -> None:
    assert written(drawn(SCENE), [], family).note == "there is no region to speak of"


def test_a_single_region_is_never_everything() -> None:
    things: list[Thing] = [("red", (100, 100, 180, 180))]
    for family in ("entities", "spatial", "relations"):
        found = written(drawn(things), regions_of(things), family)  # type: ignore[arg-type]
        assert found.prompts == ()
        assert found.note == "no claim of this family can be proved: too few regions, or too close to call"


class TestMirroredScenes:
    PAIRS = (("leftmost", "rightmost"), ("to the left of", "to the right of"), ("left half", "right half"))

    def mirrored(self) -> tuple[Picture, list[Region]]:
        regions = [
            Region(region.index, region.caption, region.mask[:, ::-1].copy()) for region in regions_of(SCENE)
        ]
        return Picture("mirrored", "run", drawn(SCENE).pixels[:, ::-1].copy()), regions

    @pytest.mark.parametrize(("family", "text", "satisfying"), TRUE, ids=str)
    def test_left_is_right_and_all_else_stays(
        self, family: Family, text: str, satisfying: tuple[int, ...]
    ) -> None:
        for left, right in (*self.PAIRS, ("lower left", "lower right")):
            if left in text or right in text:
                text = text.replace(left, "\0").replace(right, left).replace("\0", right)
                break
        picture, regions = self.mirrored()
        judgement = judged(picture, regions, family, text, satisfying)
        assert judgement.accept, judgement.reason


def test_regions_keep_their_numbers() -> None:
    regions = [Region(10 + region.index, region.caption, region.mask) for region in regions_of(SCENE)]
    picture = drawn(SCENE)
    assert judged(picture, regions, "spatial", "Segment the leftmost red region.", (10,)).accept
    for prompt in written(picture, regions, "spatial").prompts:
        assert {*prompt.candidates} <= {10, 11, 12, 13}


def test_tiny_pictures_are_left_alone() -> None:
    picture = Picture("tiny", "run", np.full((3, 3, 3), BACKGROUND, np.uint8))
    mask = np.zeros((3, 3), np.bool_)
    mask[0, 0] = True
    regions = [Region(0, Caption("person"), mask)]
    assert written(picture, regions, "entities").note == (
        "nothing can be proved: a region is no more than a few pixels"
    )


def test_a_mask_of_another_size_is_refused() -> None:
    regions = [Region(0, Caption("person"), rectangle((1, 1, 5, 5), (WIDTH, HEIGHT + 1)))]
    with pytest.raises(
        ValueError, match=r"^region 0: its mask has shape \(301, 400\), the picture \(300, 400\)$"
    ):
        written(drawn(SCENE), regions, "entities")


def test_all_calls_share_one_look_at_the_picture() -> None:
    annotator, picture, regions = RuleAnnotator(), drawn(SCENE), regions_of(SCENE)

    async def everything() -> list[int]:
        found = await asyncio.gather(
            *(
                annotator.prompts(picture, regions, family, negative=negative)
                for family in FAMILIES
                for negative in (False, True)
            )
        )
        return [len(family.prompts) for family in found]

    assert asyncio.run(everything()) == [3, 3, 3, 3, 0, 0, 3, 3, 0, 0]
    assert annotator.identity == "rules@1"
