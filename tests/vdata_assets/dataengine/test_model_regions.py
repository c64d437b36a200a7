"""Captions and boxes of the model are clean, and its faulty boxes are left out."""

import json
from typing import Any

import pytest

from vdata_assets.dataengine.annotator import Box, Caption
from vdata_assets.dataengine.answers import RegionBoxes, RegionCaptions
from vdata_assets.dataengine.model_regions import pixel_boxes, usable_captions

HEIGHT, WIDTH = 100, 200


def named(*labels: str, place: str = "center", attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"regions": [{"label": label, "attributes": list(attributes), "place": place} for label in labels]}


@pytest.mark.parametrize(
    ("answer", "captions"),
    [
        pytest.param(
            {"regions": [{"label": "red mug", "attributes": ["chipped", "small"], "place": "lower left"}]},
            [Caption("red mug", ("chipped", "small"), "lower left")],
            id="as said",
        ),
        pytest.param({"regions": []}, [], id="nothing to name"),
        pytest.param(named("  red\n mug\t", "\x00cat\u202e"), ["red mug", "cat"], id="cleaned"),
        pytest.param(named("", "  ", "\x00", "cat"), ["cat"], id="blank"),
        pytest.param(named("x" * 10_000), ["x" * 60], id="long"),
        pytest.param(named(*"abcdefghij"), list("abcdefgh"), id="more than eight"),
        pytest.param(named(*"abcdefgh", "A", "i"), list("abcdefgh"), id="a double after eight"),
        pytest.param(named("Mug", "cat", "mug", " MUG "), ["Mug", "cat"], id="doubles"),
        pytest.param(
            named("mug", attributes=("red", " Red ", "", "x" * 99, *"abcdefgh")),
            [Caption("mug", ("red", "x" * 30, *"abcdef"), "center")],
            id="attributes",
        ),
        pytest.param(
            {
                "regions": [
                    {"label": "mug", "attributes": ["red", "chipped"], "place": "lower left"},
                    {"label": "Mug", "attributes": ["Chipped", "blue"], "place": "center"},
                ]
            },
            [Caption("mug", ("chipped",), "")],
            id="of a double what is said of both",
        ),
        pytest.param(
            named("mug", place=" Upper Left "), [Caption("mug", (), "upper left")], id="case of a place"
        ),
    ],
)
def test_captions_are_clean_and_each_label_occurs_once(
    answer: dict[str, Any], captions: list[Caption | str]
) -> None:
    wanted = [Caption(one, (), "center") if isinstance(one, str) else one for one in captions]
    assert usable_captions(RegionCaptions.model_validate(answer)) == wanted


def boxes(*found: tuple[int, list[float]]) -> dict[str, Any]:
    return {"boxes": [{"index": index, "box_2d": box} for index, box in found]}


GOOD: list[float] = [100, 200, 300, 400]
GOOD_PIXELS: Box = (40, 10, 79, 29)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(boxes((0, GOOD)), [(GOOD_PIXELS,), ()], id="ymin xmin ymax xmax"),
        pytest.param(boxes((0, [0, 0, 1000, 1000])), [((0, 0, 199, 99),), ()], id="all"),
        pytest.param(boxes((1, [999, 999, 1000, 1000])), [(), ((199, 99, 199, 99),)], id="a corner"),
        pytest.param(boxes((1, [0.4, 0.1, 0.5, 0.2])), [(), ((0, 0, 0, 0),)], id="less than a pixel"),
        pytest.param(boxes((0, [11, 11, 19, 19])), [((2, 1, 3, 1),), ()], id="whole pixels that hold it"),
        pytest.param(
            boxes((1, GOOD), (0, GOOD), (1, [0, 0, 500, 500])),
            [(GOOD_PIXELS,), (GOOD_PIXELS, (0, 0, 99, 49))],
            id="several parts, as said",
        ),
        pytest.param(boxes((0, GOOD), (0, GOOD)), [(GOOD_PIXELS,), ()], id="the same box twice"),
        pytest.param(boxes((0, GOOD), (2, GOOD), (-1, GOOD)), [(GOOD_PIXELS,), ()], id="no such region"),
        pytest.param(boxes((0, GOOD), (1, [300, 200, 100, 400])), [(GOOD_PIXELS,), ()], id="ys reversed"),
        pytest.param(boxes((0, GOOD), (1, [100, 400, 300, 200])), [(GOOD_PIXELS,), ()], id="xs reversed"),
        pytest.param(boxes((0, GOOD), (1, [100, 200, 100, 400])), [(GOOD_PIXELS,), ()], id="no height"),
        pytest.param(boxes((0, GOOD), (1, [100, 200, 300, 200])), [(GOOD_PIXELS,), ()], id="no width"),
        pytest.param(boxes((0, GOOD), (1, [-1, 200, 300, 400])), [(GOOD_PIXELS,), ()], id="below 0"),
        pytest.param(boxes((0, GOOD), (1, [0, 0, 1001, 400])), [(GOOD_PIXELS,), ()], id="above 1000"),
        pytest.param(boxes((0, GOOD), (1, [1, 2, 3])), [(GOOD_PIXELS,), ()], id="three numbers"),
        pytest.param(boxes((0, GOOD), (1, [])), [(GOOD_PIXELS,), ()], id="no numbers"),
        pytest.param(boxes((0, GOOD), (1, [1, 2, 3, 4, 5])), [(GOOD_PIXELS,), ()], id="five numbers"),
        pytest.param(
            '{"boxes": [{"index": 0, "box_2d": [100, 200, 300, 400]},'
            ' {"index": 1, "box_2d": [NaN, 0, Infinity, 1e999]}]}',
            [(GOOD_PIXELS,), ()],
            id="no numbers at all",
        ),
        pytest.param(boxes(), [(), ()], id="nothing is seen"),
    ],
)
def test_boxes_become_inclusive_pixels_and_invalid_ones_are_left_out(
    answer: object, found: list[tuple[Box, ...]]
) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    assert pixel_boxes(RegionBoxes.model_validate_json(text), 2, WIDTH, HEIGHT) == found


def test_a_caption_has_at_most_ten_boxes() -> None:
    answer = boxes(*((0, [0, 0, 10 + index, 1000]) for index in range(0, 500, 20)))
    (found,) = pixel_boxes(RegionBoxes.model_validate(answer), 1, WIDTH, HEIGHT)
    assert found == tuple((0, 0, 199, bottom) for bottom in range(0, 20, 2))
