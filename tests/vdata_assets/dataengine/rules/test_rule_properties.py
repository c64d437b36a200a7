"""Random scenes: what is accepted is so, by the rectangles' own coordinates."""

import asyncio
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_scenes import HEIGHT, PAINTS, WIDTH, Thing, drawn, regions_of

from vdata_assets.dataengine.annotator import Prompt
from vdata_assets.dataengine.rules.annotator import RuleAnnotator

ANNOTATOR = RuleAnnotator()


def middle(box: tuple[int, int, int, int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def extent(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0] + 1) * (box[3] - box[1] + 1)


def from_centre(box: tuple[int, int, int, int]) -> float:
    x, y = middle(box)
    return float(np.hypot(x - (WIDTH - 1) / 2, y - (HEIGHT - 1) / 2))


EXTREMES: list[tuple[str, Callable[[tuple[int, int, int, int]], float]]] = [
    (r"leftmost (.+)|(.+) furthest to the left", lambda box: box[0]),
    (r"rightmost (.+)|(.+) furthest to the right", lambda box: -box[2]),
    (r"topmost (.+)|(.+) closest to the top of the picture", lambda box: box[1]),
    (r"lowest (.+)|(.+) closest to the bottom of the picture", lambda box: -box[3]),
    (r"largest (.+)|biggest (.+) in the picture", lambda box: -extent(box)),
    (r"smallest (.+) in the picture|smallest (.+)", extent),
    (r"(.+) closest to the centre of the picture|most central (.+) in the picture", from_centre),
]
RELATIONS: dict[str, Callable[[Thing, Thing], bool]] = {
    "to the left of": lambda one, other: one[1][2] < other[1][0],
    "to the right of": lambda one, other: one[1][0] > other[1][2],
    "(?:above|higher up in the picture than)": lambda one, other: one[1][3] < other[1][1],
    "(?:below|lower down in the picture than)": lambda one, other: one[1][1] > other[1][3],
    "larger than": lambda one, other: extent(one[1]) > extent(other[1]),
    "smaller than": lambda one, other: extent(one[1]) < extent(other[1]),
    "of the same colour as": lambda one, other: one[0] == other[0],
    "(?:touching|in contact with)": lambda one, other: gap(one, other) <= 2,
    "(?:inside|enclosed by)": lambda one, other: False,
}


def gap(one: Thing, other: Thing) -> int:
    """Pixels from the one rectangle to the other along the axis on which they are further apart."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one[1], other[1]
    return max(bx0 - ax1, ax0 - bx1, by0 - ay1, ay0 - by1)


def named(noun: str, things: list[Thing]) -> list[int]:
    """The things that a noun is true of."""
    words = noun.removesuffix("s").split()
    if words == ["object"]:
        return list(range(len(things)))
    assert len(words) == 2
    assert words[1] == "region"
    return [index for index, (colour, _) in enumerate(things) if colour == words[0]]


def extreme(phrase: str, things: list[Thing]) -> int | None:
    for pattern, measure in EXTREMES:
        if match := re.fullmatch(pattern, phrase):
            group = named(next(part for part in match.groups() if part), things)
            values = sorted((measure(things[index][1]), index) for index in group)
            assert len(values) > 1
            assert values[0][0] < values[1][0]
            return values[0][1]
    return None


def one(phrase: str, things: list[Thing]) -> int:
    """The thing that a definite phrase names."""
    found = extreme(phrase, things)
    if found is not None:
        return found
    (only,) = named(phrase, things)
    return only


def answer(text: str, things: list[Thing]) -> set[int]:
    """What answers a sentence, by coordinates, without margins."""
    said = re.fullmatch(r"Segment (?:the(?: only)?|all|each|every) (.+)\.", text)
    assert said, text
    phrase = said[1]
    for words, holds in RELATIONS.items():
        if match := re.fullmatch(rf"(.+?) {words} the (.+)", phrase):
            anchor = one(match[2], things)
            group = [index for index in named(match[1], things) if index != anchor]
            return {index for index in group if holds(things[index], things[anchor])}
    if match := re.fullmatch(r"(.+?) between the (.+) and the (.+)", phrase):
        start, end = (middle(things[one(match[i], things)][1]) for i in (2, 3))
        group = set(named(match[1], things)) - {one(match[2], things), one(match[3], things)}
        return {index for index in group if amid(middle(things[index][1]), start, end)}
    if match := re.fullmatch(r"(.+?)(?: that is)? in the (.+) (half|corner) of the picture", phrase):
        return {index for index in named(match[1], things) if lies(things[index][1], match[2].split())}
    found = extreme(phrase, things)
    if found is not None:
        return {found}
    return set(named(phrase.removesuffix(" in the picture"), things))


def amid(at: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> bool:
    (x, y), (x0, y0), (x1, y1) = at, start, end
    length = np.hypot(x1 - x0, y1 - y0)
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length**2
    across = abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length**2
    return bool(0 < along < 1 and across < 0.5)


def lies(box: tuple[int, int, int, int], words: list[str]) -> bool:
    # Who asks for a corner means less than a quarter of the picture.
    share = 0.5 if len(words) == 1 else 0.43
    return all(
        {
            "left": box[2] < share * WIDTH,
            "right": box[0] >= (1 - share) * WIDTH,
            "upper": box[3] < share * HEIGHT,
            "lower": box[1] >= (1 - share) * HEIGHT,
        }[word]
        for word in words
    )


@st.composite
def scenes(draw: st.DrawFn) -> list[Thing]:
    things: list[Thing] = []
    for _ in range(draw(st.integers(2, 7))):
        width, height = draw(st.integers(16, 120)), draw(st.integers(16, 120))
        x, y = draw(st.integers(0, WIDTH - width)), draw(st.integers(0, HEIGHT - height))
        thing = (draw(st.sampled_from(sorted(PAINTS))), (x, y, x + width - 1, y + height - 1))
        if all(gap(thing, other) >= 1 for other in things):
            things.append(thing)
    return things


@settings(max_examples=25)
@given(scenes())
def test_every_accepted_prompt_has_the_answer_that_coordinates_give(things: list[Thing]) -> None:
    picture, regions = drawn(things), regions_of(things)

    async def work() -> None:
        for family in ("entities", "spatial", "relations"):
            for negative in (False, True):
                written = await ANNOTATOR.prompts(picture, regions, family, negative=negative)
                assert bool(written.prompts) != bool(written.note)
                for prompt in written.prompts:
                    assert set(prompt.satisfying) < set(prompt.candidates)
                    assert bool(prompt.satisfying) != negative
                    assert answer(prompt.text, things) == set(prompt.satisfying), prompt
                    judgement = await ANNOTATOR.judge_prompt(picture, regions, family, prompt)
                    assert judgement.accept, judgement.reason
                    wrong = Prompt(prompt.text, prompt.candidates, _other(prompt))
                    assert not (await ANNOTATOR.judge_prompt(picture, regions, family, wrong)).accept

    asyncio.run(work())


def _other(prompt: Prompt) -> tuple[int, ...]:
    """Another answer than the prompt's."""
    rest = sorted(set(prompt.candidates) - set(prompt.satisfying))
    return (rest[0],)


def test_the_brute_force_itself() -> None:
    things: list[Thing] = [
        ("red", (10, 10, 50, 50)),
        ("red", (100, 10, 130, 40)),
        ("blue", (300, 200, 350, 250)),
    ]
    assert answer("Segment the red region furthest to the left.", things) == {0}
    assert answer("Segment every object to the left of the blue region.", things) == {0, 1}
    assert answer("Segment the object in the lower right corner of the picture.", things) == {2}
    assert answer("Segment all red regions.", things) == {0, 1}
    with pytest.raises(AssertionError):
        answer("Take the red region.", things)
