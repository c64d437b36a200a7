"""Schemas as services get them."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from vdata_resources.language.request_wire import answer_schema


class Verdict(BaseModel):
    kind: Literal["verdict"]
    title: str
    default: Literal["red", "blue"] = "red"


class Tree(BaseModel):
    branches: list["Tree"]


class Holder(BaseModel):
    first: Verdict = Field(description="the first")
    other: Verdict | None = None


VERDICT = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["verdict"]},
        "title": {"type": "string"},
        "default": {"type": "string", "enum": ["red", "blue"]},
    },
    "required": ["kind", "title"],
}


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (Verdict, VERDICT),
        (
            Holder,
            {
                "type": "object",
                "properties": {
                    "first": {**VERDICT, "description": "the first"},
                    "other": {"anyOf": [VERDICT, {"type": "null"}]},
                },
                "required": ["first"],
            },
        ),
    ],
    ids=["fields_named_like_keywords", "references"],
)
def test_a_schema_is_plain(model: type[BaseModel], schema: dict[str, object]) -> None:
    assert answer_schema(model) == schema


def test_a_schema_belongs_to_whoever_asked_for_it() -> None:
    answer_schema(Verdict)["properties"].clear()
    assert answer_schema(Verdict) == VERDICT


def test_a_model_that_contains_itself_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        answer_schema(Tree)
    assert str(caught.value) == "Tree: Tree contains itself, which no answer schema may"
