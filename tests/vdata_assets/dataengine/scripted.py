"""An annotator and a segmenter that do as they are told."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vdata_assets.dataengine.annotator import Caption, Judgement, Prompt, Written
from vdata_resources.segmenters.protocol import MaskProposal

YES, NO = Judgement(True, "it fits"), Judgement(False, "it does not fit")


def answer(value: Any) -> Any:
    """The value, or what it raises."""
    if isinstance(value, Exception):
        raise value
    return value


@dataclass
class ScriptedAnnotator:
    """Answers by run folder where a script has it, else by default; exceptions are raised.

    Attributes:
        named: captions by run.
        placed: boxes by label.
        judged: judgement of a mask by label and area.
        preferred: whether the refined mask is better.
        written: prompts by family and whether negative.
        verdicts: judgement of a prompt by its text.
    """

    named: dict[str, Any] = field(default_factory=dict)
    placed: dict[str, Any] = field(default_factory=dict)
    judged: dict[tuple[str, int], Any] = field(default_factory=dict)
    preferred: Any = YES
    written: dict[tuple[str, bool], Any] = field(default_factory=dict)
    verdicts: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    identity = "scripted"

    async def captions(self, picture):
        self.asked.append("captions")
        await asyncio.sleep(0)
        return answer(self.named.get(picture.run, []))

    async def boxes(self, picture, captions):
        self.asked.append(f"boxes of {', '.join(caption.label for caption in captions)}")
        await asyncio.sleep(0)
        if isinstance(self.placed.get("*"), Exception):
            raise self.placed["*"]
        return [self.placed.get(caption.label, ()) for caption in captions]

    async def judge_mask(self, picture, caption, mask):
        await asyncio.sleep(0)
        return answer(self.judged.get((caption.label, int(mask.sum())), YES))

    async def prefers_refined(self, picture, caption, initial, refined):
        self.asked.append(f"choice for {caption.label}")
        await asyncio.sleep(0)
        return answer(self.preferred)

    async def prompts(self, picture, regions, family, *, negative):
        await asyncio.sleep(0)
        return answer(self.written.get((family, negative), Written((), "nothing to say")))

    async def judge_prompt(self, picture, regions, family, prompt):
        await asyncio.sleep(0)
        return answer(self.verdicts.get(prompt.text, YES))


@dataclass
class ScriptedSegmenter:
    """Fills boxes, and offers rectangles as automatic masks."""

    offered: list[tuple[int, int, int, int]] = field(default_factory=list)
    identity: str = "scripted"

    def open(self, pixels):
        return ScriptedSegmentation(pixels.shape[:2], self.offered)


@dataclass
class ScriptedSegmentation:
    size: tuple[int, int]
    offered: list[tuple[int, int, int, int]]

    def of_boxes(self, boxes):
        return np.stack([rectangle(self.size, *box) for box in boxes])

    def automatic(self):
        return [MaskProposal(rectangle(self.size, *box), 1.0) for box in self.offered]


def rectangle(size, x0, y0, x1, y1):
    mask = np.zeros(size, np.bool_)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


def caption(label: str, *boxes: tuple[int, int, int, int]) -> Caption:
    return Caption(label, ("plain",), "centre", boxes)


def prompt(text: str, candidates=(0, 1), satisfying=(0,)) -> Prompt:
    return Prompt(text, tuple(candidates), tuple(satisfying))
