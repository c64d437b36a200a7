"""Only what fits the schema is an answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from language_fakes import CHAIR, JSON, QUESTION, Desk, run_fast
from pydantic import BaseModel, field_validator

from vdata_resources.language.answer_cache import CacheOverview, cache_key
from vdata_resources.language.protocol import (
    UnparsableError,
    Usage,
)

MakeDesk = Callable[..., Desk]


FENCES = [
    pytest.param(f"```json\n{JSON}\n```", id="fence"),
    pytest.param(f" \n```json\n{JSON}\n```\n", id="space around the fence"),
    pytest.param(f"```json{JSON}```", id="fence on one line"),
    pytest.param(f"\n {JSON}\n", id="space"),
    pytest.param('{"name": "chair" }', id="space inside"),
]
NO_ANSWERS = [
    pytest.param("", "Invalid JSON: EOF while parsing a value at line 1 column 0", id="nothing"),
    pytest.param(JSON[:-3], "Invalid JSON: EOF while parsing a string at line 1 column 14", id="cut off"),
    pytest.param(f"Here: {JSON}", "Invalid JSON: expected value at line 1 column 1", id="words before"),
    pytest.param(f"{JSON} Done", "Invalid JSON: trailing characters at line 1 column 19", id="words after"),
    pytest.param(f"```json\n{JSON}", "Invalid JSON: expected value at line 1 column 1", id="half a fence"),
    pytest.param(f"```\n{JSON}\n```", "Invalid JSON: expected value at line 1 column 1", id="another fence"),
    pytest.param(
        "```json```", "Invalid JSON: EOF while parsing a value at line 1 column 0", id="empty fence"
    ),
    pytest.param("```json``", "Invalid JSON: expected value at line 1 column 1", id="a fence that overlaps"),
    pytest.param('{"name": 7}', "name: Input should be a valid string", id="wrong type"),
    pytest.param("{}", "name: Field required", id="field missing"),
    pytest.param(
        '{"name": "a", "x": 1}', "x: Extra inputs are not permitted", id="field that nobody asked for"
    ),
    pytest.param("[]", "Input should be an object", id="a list"),
    pytest.param(
        '{"name": "\ud800"}',
        "Input should be a valid string, unable to parse raw data as a unicode string",
        id="no Unicode",
    ),
    pytest.param("[" * 9000, "Invalid JSON: recursion limit exceeded at line 1 column 202", id="deep"),
]


@pytest.mark.parametrize("text", FENCES)
def test_a_fence_around_the_answer_is_taken_off(desk: MakeDesk, text: str) -> None:
    assert run_fast(desk(text).ask()) == CHAIR
    assert run_fast(desk("not asked").ask()) == CHAIR


@pytest.mark.parametrize(("text", "problem"), NO_ANSWERS)
def test_what_does_not_fit_the_schema_is_no_answer(desk: MakeDesk, text: str, problem: str) -> None:
    one = desk(text, attempts=2)

    with pytest.raises(UnparsableError) as error:
        run_fast(one.ask())

    assert str(error.value) == (
        f"region_captions@1: the answer is no Named: {problem}; it begins with {text[:200]!r}"
    )
    assert error.value.usage == Usage(100, 10)
    assert one.ledger.since(one.start).rows() == [("region_captions", 2, 0, 1, 200, 20, 220.0)]
    assert one.cache.overview() == CacheOverview(0, 0, 0)


class Strict(BaseModel):
    name: str


class Stricter(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name != "table":
            raise ValueError("no table")
        return name


Stricter.__name__ = Stricter.__qualname__ = "Strict"
Stricter.model_config["title"] = "Strict"
Stricter.model_rebuild(force=True)


def test_an_answer_that_is_no_longer_valid_is_asked_for_again(desk: MakeDesk) -> None:
    run_fast(desk().ask(replace(QUESTION, schema=Strict)))
    later = desk('{"name": "table"}')
    request = replace(QUESTION, schema=Stricter)
    assert later.cache.get(cache_key("fake:1", request)) is not None

    assert run_fast(later.ask(request)).name == "table"
    assert later.lines[0].startswith("region_captions: a cached answer is no longer valid, and is asked for")
    assert run_fast(desk().ask(request)).name == "table"
