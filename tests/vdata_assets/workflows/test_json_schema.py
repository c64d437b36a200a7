"""Schemas whose validation messages name the fault."""

from typing import Annotated, Literal

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field

from vdata_assets.workflows.json_schema import precise


class Square(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["square"]
    side: float = Field(gt=0)


class Circle(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["circle"]


class Drawing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int | None = Field(None, ge=1)
    mode: Literal["fast", "slow"] | None = None
    shape: Annotated[Square | Circle, Field(discriminator="kind")] = Circle(kind="circle")


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(precise(Drawing.model_json_schema()))


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        pytest.param({"count": 3, "mode": "fast", "shape": {"kind": "square", "side": 1}}, [], id="right"),
        pytest.param({"count": None, "mode": None}, [], id="null where it is allowed"),
        pytest.param({"count": "five"}, ["'five' is not of type 'integer', 'null'"], id="wrong type"),
        pytest.param({"count": 0}, ["0 is less than the minimum of 1"], id="out of range"),
        pytest.param({"mode": "idle"}, ["'idle' is not one of ['fast', 'slow', None]"], id="not allowed"),
        pytest.param(
            {"shape": {"kind": "star"}},
            ["'star' is not one of ['circle', 'square']"],
            id="unknown alternative",
        ),
        pytest.param(
            {"shape": {"kind": "square", "side": -1}},
            ["-1 is less than or equal to the minimum of 0"],
            id="fault inside an alternative",
        ),
        pytest.param(
            {"shape": {"kind": "circle", "side": 1}},
            ["Additional properties are not allowed ('side' was unexpected)"],
            id="field of another alternative",
        ),
    ],
)
def test_messages_name_the_fault(validator, value, messages):
    assert [error.message for error in validator.iter_errors(value)] == messages
