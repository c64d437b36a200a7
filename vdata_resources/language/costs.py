"""What requests to a language model will cost, as far as one can tell before they are sent."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil

import polars as pl

from vdata_resources.images import UnreadableImage, probe
from vdata_resources.language.protocol import Request

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_TILE = 258
SMALL_SIDE = 384
SMALLEST_CROP = 256

ESTIMATE_COLUMNS = {
    "stage": pl.String,
    "calls": pl.UInt32,
    "input_tokens": pl.UInt64,
    "output_tokens": pl.UInt64,
    "usd": pl.Float64,
}


@dataclass(frozen=True)
class Prices:
    """What a service charges, in USD for a million tokens."""

    input_usd_per_million: float
    output_usd_per_million: float

    def __post_init__(self) -> None:
        for name, price in asdict(self).items():
            if not 0 <= price < float("inf"):
                raise ValueError(
                    f"{name}: {price} is no price: set USD for a million tokens, 0 if it is free"
                )

    def usd(self, input_tokens: float, output_tokens: float) -> float:
        """The cost of so many tokens."""
        return (
            input_tokens * self.input_usd_per_million + output_tokens * self.output_usd_per_million
        ) / 1_000_000


@dataclass(frozen=True)
class StageEstimate:
    """What a stage will ask, as far as one can tell before.

    Attributes:
        stage: its name.
        calls: requests that it will send.
        input_tokens: of one request, e.g. by :func:`estimated_tokens`.
        output_tokens: of one answer.
    """

    stage: str
    calls: int
    input_tokens: int
    output_tokens: int


def estimated_cost(stages: Iterable[StageEstimate], prices: Prices) -> pl.DataFrame:
    """What a run will cost: one row a stage, as given: stage, calls, input_tokens, output_tokens, usd.

    The tokens of the table are those of all calls of the stage.
    """
    totals = [
        (one.stage, one.calls, one.calls * one.input_tokens, one.calls * one.output_tokens) for one in stages
    ]
    rows = [(*total, prices.usd(*total[2:])) for total in totals]
    return pl.DataFrame(rows, schema=ESTIMATE_COLUMNS, orient="row")


def estimated_tokens(request: Request) -> int:
    """About how many input tokens a request has, by Gemini's documented rules.

    A token is about 4 characters of text (https://ai.google.dev/gemini-api/docs/tokens). An image of at most
    384 x 384 pixels is 258 tokens; a larger one is cut into squares of two thirds of its shorter side, each
    of which is scaled to a tile of 768 x 768 pixels and 258 tokens
    (https://ai.google.dev/gemini-api/docs/image-understanding, "Token calculation"). The squares are taken
    to be no smaller than 256 pixels, or a narrow strip would count as hundreds. The schema is not counted.
    Only the images' headers are read; what is no image counts as one tile.
    """
    return ceil(len(request.text) / CHARACTERS_PER_TOKEN) + sum(map(_image_tokens, request.images))


def _image_tokens(image: bytes) -> int:
    try:
        header = probe(image)
    except UnreadableImage:  # the service will say what it is
        return TOKENS_PER_TILE
    if max(header.width, header.height) <= SMALL_SIDE:
        return TOKENS_PER_TILE
    crop = max(SMALLEST_CROP, int(min(header.width, header.height) / 1.5))
    return ceil(header.width / crop) * ceil(header.height / crop) * TOKENS_PER_TILE
