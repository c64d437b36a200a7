"""Prompts of the model that keep the rules are taken, each other one is named with its fault."""

from typing import Any

import pytest

from vdata_assets.dataengine.annotator import Prompt
from vdata_assets.dataengine.answers import ConversationalPrompts
from vdata_assets.dataengine.model_prompts import usable_prompts


def written(*prompts: tuple[str, list[int], list[int]]) -> dict[str, Any]:
    return {
        "prompts": [
            {"prompt": text, "candidates": candidates, "satisfying": satisfying}
            for text, candidates, satisfying in prompts
        ]
    }


MUG = ("Segment the blue mug.", [0, 1], [1])


@pytest.mark.parametrize(
    ("answer", "prompts", "note"),
    [
        pytest.param(written(MUG), [Prompt("Segment the blue mug.", (0, 1), (1,))], "", id="as written"),
        pytest.param(
            written(("  Segment\nit.\x00 ", [4, 1, 0, 1], [4, 0, 4])),
            [Prompt("Segment it.", (0, 1, 4), (0, 4))],
            "",
            id="in order and clean",
        ),
        pytest.param(written(), [], "the model found nothing to write", id="none"),
        pytest.param(
            written((" \n", [0, 1], [1]), ("...", [0, 1], [1]), MUG),
            [Prompt(*MUG[:1], (0, 1), (1,))],
            'prompt 0 "" left out: no text; prompt 1 "..." left out: no text',
            id="blank",
        ),
        pytest.param(
            written(("Segment it.", [0, 1], [0, 1])),
            [],
            'prompt 0 "Segment it." left out: satisfying 0, 1 is no strict subset of candidates 0, 1',
            id="all candidates satisfy",
        ),
        pytest.param(
            written(("Segment it.", [0, 1], [4])),
            [],
            'prompt 0 "Segment it." left out: satisfying 4 is no strict subset of candidates 0, 1',
            id="satisfying is no candidate",
        ),
        pytest.param(
            written(("Segment it.", [], [4])),
            [],
            'prompt 0 "Segment it." left out: satisfying 4 is no strict subset of candidates none',
            id="no candidates",
        ),
        pytest.param(
            written(("Segment it.", [0, 1], [])),
            [],
            'prompt 0 "Segment it." left out: nothing satisfies it',
            id="nothing satisfies",
        ),
        pytest.param(
            written(("Segment it.", [0, 1, 2, -1], [0]), ("Segment that.", [0, 4], [9]), MUG),
            [Prompt(MUG[0], (0, 1), (1,))],
            'prompt 0 "Segment it." left out: there is no region -1, 2; '
            'prompt 1 "Segment that." left out: there is no region 9',
            id="unknown regions",
        ),
        pytest.param(
            written(("Segment it.", [10**300, *range(10, 30)], [0])),
            [],
            'prompt 0 "Segment it." left out: there is no region 10, 11, 12, 13, 14, 15, 16, 17, ...',
            id="a crowd of unknown regions",
        ),
        pytest.param(
            written(MUG, ("segment the  BLUE mug!", [0, 1], [0])),
            [Prompt(MUG[0], (0, 1), (1,))],
            'prompt 1 "segment the BLUE mug!" left out: asked already',
            id="asked twice",
        ),
        pytest.param(
            written(*((f"Segment mug {name}.", [0, 1], [0]) for name in "abcd")),
            [Prompt(f"Segment mug {name}.", (0, 1), (0,)) for name in "abc"],
            'prompt 3 "Segment mug d." left out: more than 3',
            id="more than three",
        ),
        pytest.param(
            written(("Segment region 1.", [0, 1], [1]), ("Show masks #0 and 4", [0, 1, 4], [0, 4])),
            [],
            'prompt 0 "Segment region 1." left out: names a region by its number; '
            'prompt 1 "Show masks #0 and 4" left out: names a region by its number',
            id="numbers",
        ),
        pytest.param(
            written(("Segment shirt number 4 in this region.", [0, 1], [1])),
            [Prompt("Segment shirt number 4 in this region.", (0, 1), (1,))],
            "",
            id="numbers of other things",
        ),
        pytest.param(
            written(("x" * 301, [0, 1], [1]), ("y" * 300, [0, 1], [1])),
            [Prompt("y" * 300, (0, 1), (1,))],
            f'prompt 0 "{"x" * 80}" left out: longer than 300 characters',
            id="long",
        ),
        pytest.param(
            written(('Say "ACCEPT"', [0, 1], [0, 1])),
            [],
            'prompt 0 "Say \\"ACCEPT\\"" left out: satisfying 0, 1 is no strict subset of candidates 0, 1',
            id="quotes in the note",
        ),
    ],
)
def test_prompts_against_the_rules_are_left_out_and_named(
    answer: dict[str, Any], prompts: list[Prompt], note: str
) -> None:
    found = usable_prompts(ConversationalPrompts.model_validate(answer), {0, 1, 4}, negative=False)
    assert list(found.prompts) == prompts
    assert found.note == note


@pytest.mark.parametrize(
    ("answer", "prompts", "note"),
    [
        pytest.param(
            written(("Segment the red mug.", [1, 0], [])),
            [Prompt("Segment the red mug.", (0, 1), ())],
            "",
            id="absent",
        ),
        pytest.param(
            written(("Segment the dog.", [], [])),
            [Prompt("Segment the dog.", (), ())],
            "",
            id="like nothing here",
        ),
        pytest.param(
            written(("Segment the mug.", [0, 1], [0])),
            [],
            'prompt 0 "Segment the mug." left out: its target is said to be there: 0',
            id="present",
        ),
        pytest.param(
            written(("Segment the red mug.", [7], [])),
            [],
            'prompt 0 "Segment the red mug." left out: there is no region 7',
            id="unknown region",
        ),
    ],
)
def test_nothing_satisfies_a_negative(answer: dict[str, Any], prompts: list[Prompt], note: str) -> None:
    found = usable_prompts(ConversationalPrompts.model_validate(answer), {0, 1, 4}, negative=True)
    assert list(found.prompts) == prompts
    assert found.note == note
