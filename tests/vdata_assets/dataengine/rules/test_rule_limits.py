"""What is not claimed: what is too close to call, what has no mask, what labels do not prove."""

import numpy as np
import pytest
from rule_scenes import SCENE, Thing, drawn, judged, regions_of, written

from vdata_assets.dataengine.annotator import MAX_PROMPTS, Family, Picture, Region

NAMED = ["person", "person", "truck", "dog"]

RED, BLUE = ("red", (30, 30, 90, 90)), ("blue", (150, 200, 210, 260))
LEFTMOST: tuple[Family, str] = ("spatial", "Segment the leftmost red region.")
LARGEST: tuple[Family, str] = ("spatial", "Segment the largest red region.")
LEFT_HALF: tuple[Family, str] = ("spatial", "Segment the object in the left half of the picture.")
LEFT_OF: tuple[Family, str] = ("relations", "Segment the red region to the left of the blue region.")
TOUCHING: tuple[Family, str] = ("relations", "Segment the red region touching the blue region.")
GREEN: tuple[Family, str] = ("entities", "Segment the green region.")


@pytest.mark.parametrize(
    ("things", "says", "satisfying"),
    [
        ([RED, ("red", (40, 150, 100, 210))], LEFTMOST, 0),
        ([RED, ("red", (150, 30, 215, 93))], LARGEST, 1),
        ([RED, ("blue", (190, 200, 260, 260)), ("green", (300, 20, 350, 60))], LEFT_HALF, 0),
        ([("red", (130, 30, 190, 90)), ("red", (300, 100, 360, 160)), BLUE], LEFT_OF, 0),
        ([RED, ("blue", (98, 30, 160, 90)), ("red", (300, 30, 360, 90))], TOUCHING, 0),
        ([RED, ("red", (100, 30, 160, 90)), ("blue", (300, 30, 360, 90))], LEFTMOST, 0),
        ([("#029386", (30, 30, 90, 90)), ("red", (200, 30, 260, 90))], GREEN, 0),
        ([("#029386", (30, 30, 90, 90)), ("green", (200, 30, 260, 90))], GREEN, 1),
    ],
    ids=[
        "edges too close",
        "areas too close",
        "across the middle",
        "above rather than left",
        "neither touching nor apart",
        "perhaps two parts of one thing",
        "no sure colour",
        "another may have that colour",
    ],
)
def test_what_is_too_close_to_call_is_not_claimed(
    things: list[Thing], says: tuple[Family, str], satisfying: int
) -> None:
    judgement = judged(drawn(things), regions_of(things), *says, (satisfying,))
    assert not judgement.accept
    assert judgement.reason.startswith(("It cannot be proved: ", "The answer is "))


def test_between() -> None:
    things: list[Thing] = [
        ("blue", (20, 100, 80, 160)),
        ("red", (150, 120, 190, 160)),
        ("green", (300, 100, 360, 160)),
        ("red", (160, 240, 200, 280)),
    ]
    judgement = judged(
        drawn(things),
        regions_of(things),
        "relations",
        "Segment the red region between the blue region and the green region.",
        (1,),
    )
    assert not judgement.accept
    assert "46% of it aside: too close to call" in judgement.reason
    things[3] = ("red", (370, 240, 395, 280))
    for text in (
        "Segment the red region between the blue region and the green region.",
        "Segment the red region between the green region and the blue region.",
    ):
        assert judged(drawn(things), regions_of(things), "relations", text, (1,)).accept


def test_touching_and_inside_in_the_plane() -> None:
    things: list[Thing] = [
        ("blue", (40, 40, 160, 160)),
        ("yellow", (161, 60, 220, 140)),
        ("yellow", (300, 200, 360, 260)),
        ("red", (80, 80, 120, 120)),
    ]
    regions = regions_of(things)
    regions[0] = Region(0, regions[0].caption, regions[0].mask & ~regions[3].mask)
    for text, satisfying in (
        ("Segment the yellow region touching the blue region.", (1,)),
        ("Segment the red region inside the blue region.", (3,)),
    ):
        judgement = judged(drawn(things), regions, "relations", text, satisfying)
        assert judgement.accept, judgement.reason


class TestWhatHasNoMask:
    """A prompt speaks of the picture: what was not segmented counts too."""

    def test_a_colour_that_is_elsewhere_too_is_not_spoken_of(self) -> None:
        picture, regions = drawn(SCENE), regions_of(SCENE)
        judgement = judged(picture, regions[1:], "entities", "Segment the red region.", (1,))
        assert judgement.reason == (
            "It cannot be proved: 6084 px outside of the red regions may be called red too."
        )

    def test_what_is_on_no_plain_background_is_not_all_there_is(self) -> None:
        picture, regions = drawn(SCENE), regions_of(SCENE)
        judgement = judged(picture, regions[:-1], "spatial", "Segment the rightmost object.", (2,))
        assert not judgement.accept
        assert "the background is not plain" in judgement.reason

    def test_a_region_on_a_background_of_its_colour_is_not_spoken_of(self) -> None:
        things: list[Thing] = [("red", (30, 30, 90, 90)), ("blue", (200, 30, 260, 90))]
        picture = drawn(things, background=(225, 30, 20))
        assert not judged(picture, regions_of(things), "entities", "Segment the red region.", (0,)).accept

    @pytest.mark.parametrize("side", [6, 12, 60])
    def test_a_spot_of_a_colour_is_enough_not_to_deny_it(self, side: int) -> None:
        things: list[Thing] = [*SCENE, ("green", (300, 250, 300 + side, 250 + min(side, 40)))]
        picture, regions = drawn(things), regions_of(SCENE)
        assert not judged(picture, regions, "entities", "Segment the green region.", ()).accept
        denied = [
            p
            for f in ("entities", "spatial", "relations")
            for p in written(picture, regions, f, True).prompts
        ]  # type: ignore[arg-type]
        assert denied
        assert not any("green" in prompt.text for prompt in denied)

    @pytest.mark.parametrize("line", ["#8f6a14", "#6b4e08"], ids=["in the shade", "in the dusk"])
    def test_a_yellow_line_in_bad_light_is_yellow(self, line: str) -> None:
        things: list[Thing] = [RED, BLUE, (line, (0, 280, 399, 290))]
        picture, regions = drawn(things), regions_of(things[:2])
        assert not judged(picture, regions, "entities", "Segment the yellow region.", ()).accept
        assert not any(
            "yellow" in prompt.text for prompt in written(picture, regions, "entities", negative=True).prompts
        )
        car: Thing = ("yellow", (300, 30, 360, 90))
        picture, regions = drawn([*things, car]), regions_of([*things[:2], car])
        assert not judged(picture, regions, "entities", "Segment the yellow region.", (2,)).accept

    def test_edges_and_noise_do_not_count(self) -> None:
        picture = drawn(SCENE)
        noise = np.random.default_rng(1).normal(0, 3, picture.pixels.shape)
        noisy = Picture("noisy", "run", np.clip(picture.pixels + noise, 0, 255).astype(np.uint8))
        assert judged(noisy, regions_of(SCENE), "entities", "Segment every red region.", (0, 1)).accept
        assert judged(noisy, regions_of(SCENE), "spatial", "Segment the rightmost object.", (2,)).accept


class TestGivenLabels:
    REGIONS = regions_of(SCENE, NAMED)

    @pytest.mark.parametrize(
        ("family", "text", "satisfying"),
        [
            ("entities", "Segment every person.", (0, 1)),
            ("entities", "Segment the truck.", (2,)),
            ("spatial", "Segment the leftmost person.", (0,)),
            ("spatial", "Segment the person that appears smallest.", (1,)),
            ("relations", "Segment the person to the left of the dog.", (0,)),
            ("relations", "Segment the person higher up in the picture than the truck.", (1,)),
            ("relations", "Segment the person of the same colour as the topmost person.", (0,)),
            ("entities", "Segment the blue region.", (2,)),
        ],
        ids=str,
    )
    def test_labels_are_spoken_of_as_things(
        self, family: Family, text: str, satisfying: tuple[int, ...]
    ) -> None:
        judgement = judged(drawn(SCENE), self.REGIONS, family, text, satisfying)
        assert judgement.accept, judgement.reason

    @pytest.mark.parametrize(
        ("family", "text", "satisfying"),
        [
            ("spatial", "Segment the leftmost object.", (0,)),
            ("spatial", "Segment the largest person.", (0,)),
            ("entities", "Segment the cat.", ()),
            ("relations", "Segment the person to the right of the truck.", ()),
        ],
        ids=["there may be other objects", "size is not seen", "a list is no proof", "nor of relations"],
    )
    def test_what_labels_do_not_prove(self, family: Family, text: str, satisfying: tuple[int, ...]) -> None:
        assert not judged(drawn(SCENE), self.REGIONS, family, text, satisfying).accept

    def test_a_label_that_includes_another_is_not_spoken_of(self) -> None:
        regions = regions_of(SCENE, ["truck", "person", "fire truck", "dog"])
        judgement = judged(drawn(SCENE), regions, "entities", "Segment the truck.", (0,))
        assert judgement.reason == (
            "It cannot be proved: a 'fire truck' may be called 'truck' too: the labels are not apart."
        )

    def test_absent_colours_are_absent_whatever_the_labels(self) -> None:
        prompts = written(drawn(SCENE), self.REGIONS, "entities", negative=True).prompts
        assert len(prompts) == MAX_PROMPTS
        assert all(prompt.satisfying == () for prompt in prompts)
