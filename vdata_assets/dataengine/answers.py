"""Shapes of the language model's answers.

They are also the response schemas that the services are given: they hold only what both Gemini's
``response_schema`` and OpenAI's strict ``json_schema`` can say, so no defaults, unions, tuples or lengths of
text. Bounds on lists are told to the service but not enforced: what is too much is cut, not asked for
again.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from vdata_assets.dataengine.annotator import MAX_PROMPTS, MAX_REGIONS

MAX_BOXES = 10
"""Parts of one region that are looked at."""

SCALE = 1000
"""What the width and height of a picture are in normalised boxes."""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


Place = Annotated[
    Literal[
        "upper left",
        "upper center",
        "upper right",
        "center left",
        "center",
        "center right",
        "lower left",
        "lower center",
        "lower right",
    ],
    BeforeValidator(_lower),
]


class CaptionedRegion(BaseModel):
    """A region that the model names."""

    label: str = Field(description="lower-case noun phrase of one to six words, without article or position")
    attributes: list[str] = Field(
        description="short visible traits: colour, material, state", json_schema_extra={"maxItems": 5}
    )
    place: Place = Field(description="part of the photo in which the region's centre lies")


class RegionCaptions(BaseModel):
    """The regions worth segmenting."""

    regions: list[CaptionedRegion] = Field(
        description="5 to 7 regions, each label once", json_schema_extra={"maxItems": MAX_REGIONS}
    )


class LabelledBox(BaseModel):
    """A box of one part of a region."""

    index: int = Field(description="the region's index in the list")
    box_2d: list[float] = Field(
        description="ymin, xmin, ymax, xmax from 0 to 1000",
        json_schema_extra={"items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
    )

    @property
    def usable(self) -> bool:
        """Whether it is a box at all: four numbers from 0 to 1000 that enclose an area."""
        if len(self.box_2d) != 4 or not all(0 <= value <= SCALE for value in self.box_2d):
            return False
        top, left, bottom, right = self.box_2d
        return top < bottom and left < right


class RegionBoxes(BaseModel):
    """Where the regions are."""

    boxes: list[LabelledBox] = Field(description="tight boxes of the regions that can be seen")

    @model_validator(mode="after")
    def _has_a_usable_box(self) -> Self:
        # Boxes of which none is usable are in another format, and asking again may help. No box at all is an
        # answer: nothing was seen.
        if self.boxes and not any(box.usable for box in self.boxes):
            raise ValueError(
                f"none of {len(self.boxes)} boxes is [ymin, xmin, ymax, xmax] from 0 to {SCALE} with "
                f"ymin < ymax and xmin < xmax; the first is {self.boxes[0].box_2d[:8]}"
            )
        return self


class Verdict(BaseModel):
    """A judgement. The reason comes first, so that the verdict follows from it."""

    reason: str = Field(description="one short sentence")
    verdict: Annotated[Literal["ACCEPT", "REJECT"], BeforeValidator(_upper)]


class Choice(BaseModel):
    """Which of two masks is better."""

    reason: str = Field(description="one short sentence")
    choice: Annotated[Literal["first", "second"], BeforeValidator(_lower)]


class ConversationalPrompt(BaseModel):
    """A request and the regions that answer it."""

    prompt: str = Field(description="imperative request as a person would make it")
    candidates: list[int] = Field(
        description="indices of the regions that could be mistaken for the answer, those that answer included"
    )
    satisfying: list[int] = Field(description="indices of the regions that answer the request")


class ConversationalPrompts(BaseModel):
    """Requests of one concept family."""

    prompts: list[ConversationalPrompt] = Field(
        description="the requests; empty if none can be written", json_schema_extra={"maxItems": MAX_PROMPTS}
    )
