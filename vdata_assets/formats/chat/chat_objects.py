"""Objects that a conversation's text points at by placeholders, as ms-swift has them.

A text has ``<ref-object>`` where an object's name and ``<bbox>`` where its box shall stand; the trainer fills
each kind from a list of its own, in order (``_pre_tokenize`` in ``swift/template/base.py``). Which name
belongs to which box is not said. Here, two lists of one length go together one by one; otherwise a box has
the last name before it in the text, and a name without a box is an object of which only the name is known.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vdata_assets.formats.conversation import MarkedObject

REF, BOX = "<ref-object>", "<bbox>"
PLACEHOLDERS = re.compile(f"{REF}|{BOX}")
UNNAMED = ""
"""Label of a box that has no name."""


def count(text: str) -> tuple[int, int]:
    """How many placeholders of names and of boxes a text has."""
    return text.count(REF), text.count(BOX)


def joined(text: str, names: Sequence[str], boxes: Sequence[MarkedObject]) -> tuple[MarkedObject, ...]:
    """Names and boxes as objects.

    Args:
        text: all texts of the conversation, one after another.
        names: what the placeholders of names stand for; more than there are do no harm.
        boxes: likewise; their labels are not heeded.
    """
    if len(names) == len(boxes):
        return tuple(replace(box, label=name) for name, box in zip(names, boxes, strict=True))
    return tuple(_in_text(text, names, boxes))


def parted(text: str, objects: Sequence[MarkedObject]) -> tuple[list[str], list[MarkedObject]]:
    """Names and objects with boxes, for the trainer's two lists; :func:`joined` makes objects of them again.

    Args:
        text: all texts of the conversation, one after another.
        objects: in the order in which the text points at them, if it does.

    Raises:
        ValueError: the text's placeholders do not fit the objects; does not name the sample.
    """
    names, boxes = count(text)
    marked = [one for one in objects if one.box is not None]
    all_of_them = {0, len(objects)}
    if len(marked) == len(objects) and names in all_of_them and boxes in all_of_them:
        return [one.label for one in objects], marked
    labels = _names_in_text(text, objects)
    if joined(text, labels, marked) != tuple(objects) or (len(labels), len(marked)) != (names, boxes):
        raise ValueError(
            f"{len(objects)} objects, {len(marked)} of them with a box, for {names} {REF} and {boxes} {BOX} "
            "in the text: give as many of each as there are objects, in the text's order, or none"
        )
    return labels, marked


def _in_text(text: str, names: Sequence[str], boxes: Sequence[MarkedObject]) -> Iterator[MarkedObject]:
    left, left_boxes = iter(names), iter(boxes)
    name, alone = UNNAMED, False
    for placeholder in PLACEHOLDERS.findall(text):
        if placeholder == BOX:
            box = next(left_boxes, None)
            if box is not None:
                yield replace(box, label=name)
                alone = False
            continue
        following = next(left, None)
        if following is not None:
            if alone:
                yield MarkedObject(name)
            name, alone = following, True
    if alone:
        yield MarkedObject(name)
    yield from (MarkedObject(name) for name in left)
    yield from (replace(box, label=UNNAMED) for box in left_boxes)


def _names_in_text(text: str, objects: Sequence[MarkedObject]) -> list[str]:
    """The label of the next object at every placeholder of a name."""
    labels: list[str] = []
    place, alone = 0, False
    for placeholder in PLACEHOLDERS.findall(text):
        place += placeholder == BOX or alone
        if placeholder == REF and place < len(objects):
            labels.append(objects[place].label)
        alone = placeholder == REF
    return labels
