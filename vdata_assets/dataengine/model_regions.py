"""The language model's answers on regions, made fit to work with."""

import math
from collections.abc import Iterable

from vdata_assets.dataengine.annotator import MAX_REGIONS, Box, Caption
from vdata_assets.dataengine.answers import MAX_BOXES, SCALE, LabelledBox, RegionBoxes, RegionCaptions
from vdata_assets.dataengine.prompts.template import MAX_ATTRIBUTE, MAX_ATTRIBUTES, MAX_LABEL, one_line


def usable_captions(answer: RegionCaptions) -> list[Caption]:
    """At most :data:`MAX_REGIONS` captions, each label once whatever its case.

    Blank labels are left out. Of captions with the same label one is made, in the first one's place, with
    what is said of all: the attributes that they share, and their place if it is the same.
    """
    captions: dict[str, Caption] = {}
    for region in answer.regions:
        label = one_line(region.label, MAX_LABEL)
        key = label.casefold()
        if not label or (key not in captions and len(captions) == MAX_REGIONS):
            continue
        attributes = _each_once(one_line(attribute, MAX_ATTRIBUTE) for attribute in region.attributes)
        caption = Caption(label, attributes[:MAX_ATTRIBUTES], region.place)
        captions[key] = _common(captions[key], caption) if key in captions else caption
    return list(captions.values())


def pixel_boxes(answer: RegionBoxes, count: int, width: int, height: int) -> list[tuple[Box, ...]]:
    """The boxes of each of ``count`` captions, as named and each once, at most :data:`MAX_BOXES`.

    Boxes that are none, and those of captions that do not exist, are left out.

    Args:
        answer: boxes normalised to 0..1000.
        count: number of captions.
        width: of the picture in pixels.
        height: likewise.

    Returns:
        For each caption the smallest boxes of whole pixels that hold what the model said.
    """
    boxes: list[dict[Box, None]] = [{} for _ in range(count)]
    for box in answer.boxes:
        if box.usable and 0 <= box.index < count:
            boxes[box.index][_in_pixels(box, width, height)] = None
    return [tuple(found)[:MAX_BOXES] for found in boxes]


def _in_pixels(box: LabelledBox, width: int, height: int) -> Box:
    top, left, bottom, right = box.box_2d
    return (
        math.floor(left * width / SCALE),
        math.floor(top * height / SCALE),
        math.ceil(right * width / SCALE) - 1,
        math.ceil(bottom * height / SCALE) - 1,
    )


def _common(one: Caption, other: Caption) -> Caption:
    said = {attribute.casefold() for attribute in other.attributes}
    attributes = tuple(attribute for attribute in one.attributes if attribute.casefold() in said)
    return Caption(one.label, attributes, one.place if one.place == other.place else "")


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for text in texts:
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())
