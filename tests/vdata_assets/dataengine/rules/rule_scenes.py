"""Pictures of plain shapes, whose masks, colours and places are known exactly."""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from vdata_assets.dataengine.annotator import (
    Box,
    Caption,
    Family,
    Judgement,
    Picture,
    Prompt,
    Region,
    Written,
)
from vdata_assets.dataengine.rules.annotator import RuleAnnotator
from vdata_resources.segmenters.protocol import MaskProposal

WIDTH, HEIGHT = 400, 300
BACKGROUND = (205, 205, 205)
PAINTS = {
    "red": "#e00000",
    "orange": "#ff7800",
    "yellow": "#ffee10",
    "green": "#109a20",
    "blue": "#1040dd",
    "purple": "#7e1e9c",
    "pink": "#ff81c0",
    "brown": "#653700",
    "black": "#000000",
}

Thing = tuple[str, Box]
"""A colour's name, and an inclusive box."""

# Two reds, the larger one left and lower; a blue at the right, a yellow in the middle.
SCENE: list[Thing] = [
    ("red", (30, 200, 109, 279)),
    ("red", (250, 20, 289, 59)),
    ("blue", (320, 130, 379, 179)),
    ("yellow", (190, 130, 219, 179)),
]


def paint(name: str) -> tuple[int, ...]:
    return ImageColor.getrgb(PAINTS.get(name, name))


def rectangle(box: Box, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = box
    mask = np.zeros(size[::-1], np.bool_)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


def drawn(
    things: Sequence[Thing],
    background: tuple[int, int, int] = BACKGROUND,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    image_id: str = "picture",
) -> Picture:
    """A picture of rectangles, later ones before earlier ones."""
    pixels = np.full((size[1], size[0], 3), background, np.uint8)
    for colour, (x0, y0, x1, y1) in things:
        pixels[y0 : y1 + 1, x0 : x1 + 1] = paint(colour)
    return Picture(image_id, "run", pixels)


def regions_of(things: Sequence[Thing], labels: Sequence[str] | None = None) -> list[Region]:
    """A region each, called by its colour, or as said."""
    names = labels or [f"{colour} region" for colour, _ in things]
    return [
        Region(index, Caption(name), rectangle(box))
        for index, (name, (_, box)) in enumerate(zip(names, things, strict=True))
    ]


class Proposing:
    """A segmentation with known proposals."""

    def __init__(self, proposals: list[MaskProposal]) -> None:
        self._proposals = proposals

    def of_boxes(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        raise NotImplementedError

    def automatic(self) -> list[MaskProposal]:
        return self._proposals


def written(picture: Picture, regions: list[Region], family: Family, negative: bool = False) -> Written:
    return asyncio.run(RuleAnnotator().prompts(picture, regions, family, negative=negative))


def judged(
    picture: Picture,
    regions: list[Region],
    family: Family,
    text: str,
    satisfying: tuple[int, ...],
    candidates: tuple[int, ...] | None = None,
) -> Judgement:
    everything = tuple(region.index for region in regions)
    prompt = Prompt(text, everything if candidates is None else candidates, satisfying)
    return asyncio.run(RuleAnnotator().judge_prompt(picture, regions, family, prompt))
