"""Tokens and cost of requests before they are sent."""

import io

import pytest
from language_fakes import QUESTION
from PIL import Image

from vdata_resources.language.costs import Prices, StageEstimate, estimated_cost, estimated_tokens
from vdata_resources.language.protocol import Request


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, kind)
    return buffer.getvalue()


def asking(text: str, *images: bytes) -> Request:
    return Request("p", "p@1", text, images, QUESTION.schema)


@pytest.mark.parametrize(
    ("width", "height", "tiles"),
    [
        pytest.param(1, 1, 1, id="a pixel"),
        pytest.param(384, 384, 1, id="the largest small image"),
        pytest.param(385, 384, 4, id="squares of 256"),
        pytest.param(960, 540, 6, id="the example of the documentation"),
        pytest.param(540, 960, 6, id="upright"),
        pytest.param(768, 576, 4, id="working size, 4 to 3"),
        pytest.param(768, 512, 6, id="3 to 2"),
        pytest.param(3000, 3000, 4, id="large"),
        pytest.param(2000, 10, 8, id="a strip"),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_images_count_by_tiles(width: int, height: int, tiles: int, kind: str) -> None:
    assert estimated_tokens(asking("", picture(width, height, kind))) == 258 * tiles


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_text_counts_by_4_characters(text: str, tokens: int) -> None:
    assert estimated_tokens(asking(text)) == tokens


def test_text_and_all_images_are_summed_up() -> None:
    assert estimated_tokens(asking("abcdefgh", picture(10, 10), picture(960, 540))) == 2 + 258 * 7


def test_what_is_no_image_counts_as_one_tile() -> None:
    assert estimated_tokens(asking("", b"no image")) == 258


def test_the_estimate_of_a_run_has_a_row_a_stage_with_totals() -> None:
    table = estimated_cost(
        [StageEstimate("region_captions", 200, 1500, 300), StageEstimate("mask_verification", 0, 9, 9)],
        Prices(0.5, 2.0),
    )

    assert table.to_dicts() == [
        {
            "stage": "region_captions",
            "calls": 200,
            "input_tokens": 300_000,
            "output_tokens": 60_000,
            "usd": 0.27,
        },
        {"stage": "mask_verification", "calls": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0.0},
    ]


def test_the_estimate_of_nothing_is_an_empty_table() -> None:
    table = estimated_cost([], Prices(1, 1))

    assert table.columns == ["stage", "calls", "input_tokens", "output_tokens", "usd"]
    assert table.height == 0


@pytest.mark.parametrize(
    ("prices", "error"),
    [
        ((-1, 0), "input_usd_per_million: -1 is no price: set USD for a million tokens, 0 if it is free"),
        (
            (0, float("nan")),
            "output_usd_per_million: nan is no price: set USD for a million tokens, 0 if it is free",
        ),
    ],
)
def test_a_price_is_an_amount(prices: tuple[float, float], error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        Prices(*prices)
