"""Instructions and answers on segmented objects: counts and boxes, and nothing that is not known."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vdata_assets.conversations.nouns import Noun, noun
from vdata_assets.seeding import seeded_int, seeded_order

IMAGE = "<image>\n"
HUMAN, ASSISTANT = "human", "gpt"

MAX_TURNS = 8
"""Classes up to which a conversation may have one turn for each."""

Turn = dict[str, str]
"""``{"from": "human" or "gpt", "value": text}``."""

Box = tuple[int, ...]
"""x, y, width, height in pixels."""


@dataclass(frozen=True)
class Phrases:
    """Wording of the instructions and answers.

    ``{singular}``, ``{plural}`` and ``{article}`` stand for the class, ``{verb}`` for is or are, ``{stated}``
    for what there is. Every phrase is a sentence. No phrase holds square brackets: those are boxes.

    Attributes:
        version: changes with every change of the wording.
        everything: asked about all objects.
        one: asked about a class of which there is one.
        several: asked about a class of which there are several.
        number: asked about a class however many there are.
        answers: what an answer is put into.
    """

    version: str
    everything: tuple[str, ...]
    one: tuple[str, ...]
    several: tuple[str, ...]
    number: tuple[str, ...]
    answers: tuple[str, ...]


PHRASES = Phrases(
    version="1",
    everything=(
        "Identify all objects in the image.",
        "Segment all objects in the image.",
        "Find and segment every object, and give its bounding box.",
        "What objects are in the image, and where are they?",
        "List the objects in the image with their bounding boxes.",
        "Count the objects of each kind and locate every one of them.",
    ),
    one=(
        "Segment the {singular}.",
        "Find and segment the {singular}.",
        "Locate the {singular} and give its bounding box.",
        "Where is the {singular}?",
    ),
    several=(
        "Segment all {plural}.",
        "Find and segment all {plural}.",
        "Locate the {plural} and give a bounding box for each.",
        "Where are the {plural}?",
        "Segment every {singular} in the image.",
    ),
    number=(
        "How many {plural} are there in the image, and where?",
        "Count the {plural} and segment each one.",
        "Is there {article} {singular} in the image? Segment every one that you find.",
    ),
    answers=("There {verb} {stated}.", "The image shows {stated}.", "I found {stated}."),
)


@dataclass(frozen=True)
class Conversation:
    """Turns about the objects of an image.

    Attributes:
        turns: human and gpt by turns; the first begins with ``<image>`` and a line break.
        order: places of the objects in the order in which the answers mention them, each once.
    """

    turns: list[Turn]
    order: list[int]


@dataclass(frozen=True)
class Statement:
    """What an answer says of a class.

    Attributes:
        count: how many there are said to be.
        name: what they are called, singular or plural.
        boxes: where they are said to be.
    """

    count: int
    name: str
    boxes: list[Box]


def segmentation_conversation(
    frame_id: str,
    labels: Sequence[str],
    boxes: Sequence[Sequence[int]],
    seed: int,
    phrases: Phrases = PHRASES,
) -> Conversation:
    """Instructions that fit the classes of an image, and answers that count and locate all its objects.

    It asks once for everything, or once for every class; for everything if there are more than 8 classes.
    Classes are in a seeded order, the objects of a class in that of ``labels``.

    Args:
        frame_id: stable id of the image; with the seed and a class it decides all that varies.
        labels: class of every object, at least one, without control characters and markup.
        boxes: x, y, width, height of every object in pixels.
        seed: the user's seed.
        phrases: the wording.

    Raises:
        ValueError: there are no objects, or not as many boxes as labels.
    """
    if not labels or len(labels) != len(boxes):
        raise ValueError(f"frame {frame_id}: {len(labels)} labels and {len(boxes)} boxes, expected one each")
    classes: dict[Noun, list[int]] = {}
    for place, label in enumerate(labels):
        classes.setdefault(noun(label), []).append(place)
    if len(classes) > 1:
        named = {spoken.singular: spoken for spoken in classes}
        mentioned = [named[name] for name in seeded_order(seed, f"segmentation/order/{frame_id}", named)]
    else:
        mentioned = list(classes)
    order = [place for spoken in mentioned for place in classes[spoken]]
    if len(classes) > MAX_TURNS or seeded_int(seed, "segmentation/everything", frame_id) % 2:
        number = seeded_int(seed, "segmentation/phrases", frame_id)
        stated = "; ".join(
            _stated(spoken, [boxes[at] for at in classes[spoken]], " at ") for spoken in mentioned
        )
        instruction, number = _picked(phrases.everything, number)
        total = f"{len(order)} object{'' if len(order) == 1 else 's'}: {stated}"
        turns = _exchange(instruction, _answer(phrases, number, len(order), total))
    else:
        turns = []
        for spoken in mentioned:
            turns += _class_turns(frame_id, spoken, [boxes[at] for at in classes[spoken]], seed, phrases)
    turns[0]["value"] = IMAGE + turns[0]["value"]
    return Conversation(turns, order)


def _class_turns(
    frame_id: str, spoken: Noun, boxes: Sequence[Sequence[int]], seed: int, phrases: Phrases
) -> list[Turn]:
    """Question and answer about one class."""
    number = seeded_int(seed, "segmentation/phrases", frame_id, spoken.singular)
    choices = (phrases.one if len(boxes) == 1 else phrases.several) + phrases.number
    instruction, number = _picked(choices, number)
    asked = instruction.format(singular=spoken.singular, plural=spoken.plural, article=spoken.article)
    return _exchange(asked, _answer(phrases, number, len(boxes), _stated(spoken, boxes, ": at ")))


def _picked(choices: Sequence[str], number: int) -> tuple[str, int]:
    """The choice that a number stands for, and what is left of the number for the next one."""
    left, index = divmod(number, len(choices))
    return choices[index], left


def _answer(phrases: Phrases, number: int, count: int, stated: str) -> str:
    return _picked(phrases.answers, number)[0].format(verb="is" if count == 1 else "are", stated=stated)


def _exchange(asked: str, answered: str) -> list[Turn]:
    return [{"from": HUMAN, "value": asked}, {"from": ASSISTANT, "value": answered}]


def _stated(spoken: Noun, boxes: Sequence[Sequence[int]], where: str) -> str:
    """Count, name and boxes of a class, e.g. ``2 cars: at [1, 2, 3, 4] and [5, 6, 7, 8]``."""
    shown = [f"[{x}, {y}, {width}, {height}]" for x, y, width, height in boxes]
    if len(shown) == 1:
        return f"1 {spoken.singular} at {shown[0]}"
    return f"{len(shown)} {spoken.plural}{where}{', '.join(shown[:-1])} and {shown[-1]}"


BOX = r"\[\d+, \d+, \d+, \d+\]"
# A name holds no square bracket, so a text can be cut at its lists of boxes in one way only.
CLASS = rf"(\d+) ([^\[\]]+?):? at ({BOX}(?:, {BOX})*(?: and {BOX})?)"
ANSWER = re.compile(
    rf"(?:There is|There are|The image shows|I found) (?:(\d+) objects?: )?({CLASS}(?:; {CLASS})*)\."
)
"""What the answers of :data:`PHRASES` look like."""


def statements(turns: Iterable[Turn]) -> list[Statement]:
    """Read answers back.

    Args:
        turns: a conversation in the wording of :data:`PHRASES`.

    Raises:
        ValueError: an answer is of no form that is known, or its total is not the sum of its counts.
    """
    found: list[Statement] = []
    for turn in turns:
        if turn["from"] != ASSISTANT:
            continue
        match = ANSWER.fullmatch(turn["value"])
        if match is None:
            raise ValueError(f"an answer cannot be read: {turn['value']!r}")
        said = [
            Statement(int(count), name, [_box(box) for box in re.findall(BOX, boxes)])
            for count, name, boxes in re.findall(CLASS, match[2])
        ]
        if match[1] is not None and int(match[1]) != sum(statement.count for statement in said):
            raise ValueError(f"an answer's total is not the sum of its counts: {turn['value']!r}")
        found += said
    return found


def _box(text: str) -> Box:
    return tuple(int(number) for number in text[1:-1].split(", "))


def untruth(
    turns: Sequence[Turn], mentioned: Sequence[Sequence[int]], labels: Sequence[str], boxes: Sequence[Box]
) -> str | None:
    """What a conversation says wrongly of an image's objects; None if it is true and whole.

    Args:
        turns: in the wording of :data:`PHRASES`.
        mentioned: boxes in the order in which the answers are to mention them.
        labels: class of every object of the image, in any order.
        boxes: x, y, width, height of every object, in the order of the labels.
    """
    speakers = [turn["from"] for turn in turns]
    if not turns or speakers != [HUMAN, ASSISTANT] * (len(turns) // 2):
        return f"turns are from {speakers}, expected human and gpt by turns"
    if not turns[0]["value"].startswith(IMAGE) or sum(turn["value"].count(IMAGE) for turn in turns) != 1:
        return "the first turn, and no other, has to begin with <image> and a line break"
    try:
        said = statements(turns)
    except ValueError as error:
        return str(error)
    for statement in said:
        if statement.count != len(statement.boxes):
            return f"{statement.count} {statement.name} are counted and {len(statement.boxes)} located"
    if [box for statement in said for box in statement.boxes] != [tuple(box) for box in mentioned]:
        return "the boxes of the answers are not the sample's in their order"
    nouns = [noun(label) for label in labels]
    counts = Counter(nouns)
    known = sorted((spoken.of(counts[spoken]), box) for spoken, box in zip(nouns, boxes, strict=True))
    if sorted((statement.name, box) for statement in said for box in statement.boxes) != known:
        return "the classes and boxes of the answers are not those of the objects"
    return None
