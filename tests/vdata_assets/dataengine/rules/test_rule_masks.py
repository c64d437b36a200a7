"""Which regions are named, and which masks a picture bears out."""

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray
from rule_scenes import BACKGROUND, HEIGHT, WIDTH, Proposing, Thing, drawn, rectangle

from vdata_assets.dataengine.annotator import MAX_REGIONS, Caption, Judgement, Picture
from vdata_assets.dataengine.rules.annotator import RuleAnnotator
from vdata_assets.dataengine.rules.geometry import Shape, contacts, eroded, grown, part_sizes
from vdata_resources.segmenters.protocol import MaskProposal

Mask = NDArray[np.bool_]
THINGS: list[Thing] = [("red", (40, 40, 119, 119)), ("blue", (240, 160, 379, 269))]


def disc(x: float, y: float, radius: float) -> Mask:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    mask: Mask = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return mask


def captions(proposals: list[MaskProposal], things: list[Thing] = THINGS) -> list[Caption]:
    picture = drawn(things)
    picture = Picture(picture.image_id, picture.run, picture.pixels, Proposing(proposals))
    return asyncio.run(RuleAnnotator().captions(picture))


def judged_mask(label: str, mask: Mask, picture: Picture | None = None) -> Judgement:
    return asyncio.run(RuleAnnotator().judge_mask(picture or drawn(THINGS), Caption(label), mask))


class TestCaptions:
    def test_regions_are_called_by_what_is_measured(self) -> None:
        things: list[Thing] = [*THINGS, ("yellow", (150, 20, 379, 40))]
        found = captions([MaskProposal(rectangle(box), 0.9) for _, box in things], things)
        assert found == [
            Caption("red region", ("red",), "upper left", ((40, 40, 119, 119),)),
            Caption("blue region", ("blue", "large"), "lower right", ((240, 160, 379, 269),)),
            Caption("yellow region", ("yellow", "elongated"), "upper", ((150, 20, 379, 40),)),
        ]
        assert asyncio.run(RuleAnnotator().boxes(drawn(things), found)) == [
            ((40, 40, 119, 119),),
            ((240, 160, 379, 269),),
            ((150, 20, 379, 40),),
        ]

    def test_regions_of_one_colour_share_a_label_and_nothing_else(self) -> None:
        things: list[Thing] = [("red", (40, 40, 119, 119)), ("red", (240, 160, 319, 239))]
        found = captions([MaskProposal(rectangle(box), 0.9) for _, box in things], things)
        assert [caption.label for caption in found] == ["red region", "red region"]
        assert [caption.boxes for caption in found] == [((40, 40, 119, 119),), ((240, 160, 319, 239),)]

    def test_what_has_no_sure_colour_is_a_region(self) -> None:
        things: list[Thing] = [("#029386", (40, 40, 119, 119))]
        (found,) = captions([MaskProposal(rectangle(THINGS[0][1]), 0.9)], things)
        assert (found.label, found.attributes) == ("region", ())

    @pytest.mark.parametrize(
        "proposal",
        [
            MaskProposal(rectangle((0, 0, WIDTH - 1, HEIGHT - 1)), 1.0),
            MaskProposal(~rectangle(THINGS[0][1]), 1.0),
            MaskProposal(rectangle((0, 150, WIDTH - 1, HEIGHT - 1)), 1.0),
            MaskProposal(rectangle((0, 0, WIDTH // 2, HEIGHT - 50)), 1.0),
            MaskProposal(rectangle((5, 5, 15, 15)), 1.0),
            MaskProposal(rectangle((200, 20, 260, 80)), 0.1),
            MaskProposal(rectangle((50, 50, 150, 110)), 0.9),
        ],
        ids=["all", "what is behind", "floor", "corner", "speck", "not confident", "overlaps a better one"],
    )
    def test_what_is_not_named(self, proposal: MaskProposal) -> None:
        first = MaskProposal(rectangle(THINGS[0][1]), 1.0)
        assert [caption.label for caption in captions([first, proposal])] == ["red region"]

    def test_there_are_no_more_than_allowed(self) -> None:
        things: list[Thing] = [
            ("red", (10 + 65 * i, 10 + 70 * j, 50 + 65 * i, 50 + 70 * j)) for i in range(6) for j in range(4)
        ]
        found = captions([MaskProposal(rectangle(box), 0.9) for _, box in things], things)
        assert len(found) == MAX_REGIONS
        assert found[0].boxes == (things[0][1],)

    def test_without_a_segmentation_there_is_an_error(self) -> None:
        with pytest.raises(ValueError, match=r"^picture picture: captions need its segmentation$"):
            asyncio.run(RuleAnnotator().captions(drawn(THINGS)))


RED, BLUE = (rectangle(box) for _, box in THINGS)


class TestJudgedMasks:
    @pytest.mark.parametrize(("label", "mask"), [("red region", RED), ("blue region", BLUE), ("region", RED)])
    def test_a_mask_that_ends_where_the_colour_does_is_accepted(self, label: str, mask: Mask) -> None:
        judgement = judged_mask(label, mask)
        assert judgement.accept
        assert judgement.reason.startswith("The colour changes along 100% of the outline, by ")

    def test_a_shaded_ball_is_one_region(self) -> None:
        ball = disc(200, 150, 60)
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        light = np.clip(1.1 - np.hypot(columns - 180, rows - 125) / 110, 0.35, 1)
        pixels = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
        pixels[ball] = (light[ball][:, None] * np.array([230, 20, 20])).astype(np.uint8)
        pixels[disc(180, 125, 8)] = 250
        judgement = judged_mask("red region", ball, Picture("ball", "run", pixels))
        assert judgement.accept, judgement.reason

    @pytest.mark.parametrize(
        ("label", "mask", "reason"),
        [
            ("red region", np.zeros((HEIGHT, WIDTH), np.bool_), "The mask is empty."),
            ("blue region", RED, "Rejected: it is red, not blue."),
            (
                "region",
                rectangle((150, 20, 200, 60)),
                "Rejected: the colour changes along only 0% of its outline.",
            ),
            (
                "red region",
                rectangle((40, 40, 79, 119)),
                "the colour changes along only 70% of its outline",
            ),
            ("red region", rectangle((40, 40, 49, 49)), "100 px are too few: at least 200"),
            ("region", RED | BLUE, "its largest piece is only 71% of it"),
            ("region", rectangle((0, 0, WIDTH - 1, HEIGHT - 1)), "it covers 100% of the picture"),
            ("region", rectangle((0, 9, WIDTH - 1, HEIGHT - 1)), "it is cut by 3 borders of the picture"),
        ],
        ids=[
            "empty",
            "another colour",
            "nothing",
            "half of it",
            "speck",
            "two things",
            "everything",
            "floor",
        ],
    )
    def test_a_mask_that_the_picture_does_not_bear_out_is_rejected(
        self, label: str, mask: Mask, reason: str
    ) -> None:
        judgement = judged_mask(label, mask)
        assert not judgement.accept
        assert reason in judgement.reason

    def test_a_given_mask_is_not_judged_by_its_looks(self) -> None:
        judgement = judged_mask("person", rectangle((150, 20, 200, 60)) | rectangle((10, 200, 15, 205)))
        assert judgement == Judgement(True, "It was given; 2127 px in 2 pieces, the largest of 2091 px.")

    def test_dust_is_no_mask(self) -> None:
        dust = np.zeros((HEIGHT, WIDTH), np.bool_)
        dust[::4, ::4] = True
        assert judged_mask("person", dust) == Judgement(
            False, "It is dust: 0 of 7500 px are in pieces of at least 9 px."
        )
        assert judged_mask("person", rectangle((5, 5, 7, 7))) == Judgement(
            False, "9 px are too few: at least 16."
        )


class TestChosenMasks:
    def prefers(self, initial: Mask, refined: Mask) -> Judgement:
        return asyncio.run(
            RuleAnnotator().prefers_refined(drawn(THINGS), Caption("red region"), initial, refined)
        )

    def test_the_mask_whose_outline_is_seen_better_is_taken(self) -> None:
        sloppy = rectangle((28, 28, 119, 119))
        assert self.prefers(sloppy, RED).accept
        assert not self.prefers(RED, sloppy).accept
        assert self.prefers(RED, RED).accept
        assert self.prefers(sloppy, RED).reason.startswith(
            "The refined mask's outline is seen along 100% of it"
        )

    def test_an_empty_mask_is_never_taken(self) -> None:
        nothing = np.zeros_like(RED)
        assert self.prefers(nothing, RED) == Judgement(True, "The other mask is empty.")
        assert self.prefers(RED, nothing) == Judgement(False, "The other mask is empty.")


class TestGeometry:
    @pytest.mark.parametrize("radius", [0, 1, 2, 3])
    def test_masks_grow_and_shrink_as_with_square_brushes(self, radius: int) -> None:
        from scipy.ndimage import maximum_filter, minimum_filter

        mask = np.random.default_rng(radius).random((40, 50)) < 0.3
        size = 2 * radius + 1
        assert np.array_equal(grown(mask, radius), maximum_filter(mask, size, mode="constant", cval=0))
        assert np.array_equal(eroded(mask, radius), minimum_filter(mask, size, mode="constant", cval=1))

    def test_shapes_are_measured(self) -> None:
        shape = Shape.of(rectangle((10, 20, 19, 59)))
        assert (shape.area, shape.box, shape.x, shape.y) == (400, (10, 20, 19, 59), 14.5, 39.5)
        with pytest.raises(ValueError, match=r"^the mask is empty$"):
            Shape.of(np.zeros((4, 4), np.bool_))

    def test_gaps_are_those_between_the_nearest_pixels(self) -> None:
        shapes = tuple(
            Shape.of(rectangle(box)) for box in ((10, 10, 49, 49), (50, 10, 89, 49), (93, 53, 120, 80))
        )
        found = contacts(shapes, 10)
        assert found[0, 1].gap == found[1, 0].gap == 1
        assert found[0, 1].length == 80
        assert found[1, 2].gap == pytest.approx(np.hypot(4, 4))
        assert (0, 2) not in found

    def test_parts_are_joined_at_corners(self) -> None:
        assert part_sizes(np.eye(5, dtype=np.bool_)).tolist() == [5]
        assert part_sizes(np.array([[1, 0, 1, 1]], np.bool_)).tolist() == [2, 1]
        assert part_sizes(np.zeros((2, 2), np.bool_)).tolist() == []
