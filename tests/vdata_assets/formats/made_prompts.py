"""Prompts with their masks as samples, as conversational segmentation holds them."""

from collections.abc import Collection

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from made_samples import HEIGHT, NAMES, TEXTS, WIDTH, paths
from pycocotools import mask as coco

from vdata_assets.formats.conversation import MarkedObject, Picture, Sample, Turn
from vdata_assets.formats.convseg.convseg import ABSENT, FOUND, LINES

Box = tuple[int, int, int, int]


def rectangle(left: int, top: int, right: int, bottom: int) -> str:
    """A mask as COCO's compressed run lengths."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[top:bottom, left:right] = 1
    return coco.encode(pixels)["counts"].decode()


def marked(*box: int, label: str = "cat") -> MarkedObject:
    """A rectangle with its mask."""
    return MarkedObject(label, 0, box, rectangle(*box))  # type: ignore[arg-type]


def prompt(
    *objects: MarkedObject, text: str = "Mark it", path: str = "cats/a.png", name: str = "s"
) -> Sample:
    """A sample of class cat."""
    turns = (Turn("user", (Picture(path), text)), Turn("assistant", (FOUND if objects else ABSENT,)))
    return Sample(name, turns, objects, ((WIDTH, HEIGHT),), label="cat")


@st.composite
def prompts(
    draw: DrawFn,
    *,
    reserved: Collection[str] = (),
    labels: SearchStrategy[str] = NAMES,
    pictures: SearchStrategy[str] | None = None,
) -> Sample:
    """A sample that the format says whole.

    Args:
        draw: of hypothesis.
        reserved: what no text may have in it.
        labels: classes.
        pictures: their paths; None: any.
    """
    texts = TEXTS.filter(lambda text: bool(text.strip()) and not any(word in text for word in reserved))
    free = paths().filter(lambda path: not path.startswith("masks/") and not path.endswith(LINES))
    label = draw(st.none() | labels)
    objects: tuple[MarkedObject, ...] = ()
    if draw(st.booleans()):
        left, top = draw(st.integers(0, WIDTH - 2)), draw(st.integers(0, HEIGHT - 2))
        right, bottom = draw(st.integers(left + 1, WIDTH)), draw(st.integers(top + 1, HEIGHT))
        objects = (marked(left, top, right, bottom, label=label or ""),)
    turns = (
        Turn("user", (Picture(draw(free if pictures is None else pictures)), draw(texts))),
        Turn("assistant", (FOUND if objects else ABSENT,)),
    )
    return Sample(draw(NAMES), turns, objects, ((WIDTH, HEIGHT),), label=label)
