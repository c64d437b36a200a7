"""Services take the shapes of the answers as response schemas."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from vdata_assets.dataengine.answers import (
    Choice,
    ConversationalPrompts,
    RegionBoxes,
    RegionCaptions,
    Verdict,
)

SCHEMAS = [RegionCaptions, RegionBoxes, Verdict, Choice, ConversationalPrompts]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
def test_gemini_takes_the_answers_shape(schema: type[BaseModel]) -> None:
    from google import genai
    from google.genai import _transformers, types

    client = genai.Client(api_key="none")
    types.GenerateContentConfig(response_mime_type="application/json", response_schema=schema)
    converted = _transformers.t_schema(client._api_client, schema)
    assert converted is not None
    assert converted.type == types.Type.OBJECT
    assert converted.required == list(schema.model_fields)
    text = converted.model_dump_json(exclude_none=True)
    for unknown in ("$ref", "$defs", "any_of", "prefix_items", '"default"', "additional_properties"):
        assert unknown not in text


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
def test_openai_takes_the_answers_shape(schema: type[BaseModel]) -> None:
    from openai.lib._pydantic import to_strict_json_schema

    text = json.dumps(to_strict_json_schema(schema))
    for unknown in ("anyOf", "prefixItems", "default", "maxLength", "minLength", "format"):
        assert f'"{unknown}"' not in text


def test_boxes_are_asked_for_as_four_integers() -> None:
    box = RegionBoxes.model_json_schema()["$defs"]["LabelledBox"]["properties"]["box_2d"]
    assert (box["items"], box["minItems"], box["maxItems"]) == ({"type": "integer"}, 4, 4)


def test_the_reason_comes_before_the_verdict() -> None:
    assert list(Verdict.model_fields) == ["reason", "verdict"]
    assert list(Choice.model_fields) == ["reason", "choice"]
    with pytest.raises(ValidationError):
        Verdict.model_validate_json('{"verdict": "ACCEPT"}')
