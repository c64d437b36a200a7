"""JSON schemas rearranged so that a validator's message names the fault instead of "not valid under any"."""

from typing import Any


def precise(schema: Any) -> Any:
    """The same schema with its alternatives told apart.

    ``anyOf`` of a type and null becomes a list of types; a union told apart by a field becomes that field's
    enum and one ``if``/``then`` an alternative.
    """
    if isinstance(schema, list):
        return [precise(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: precise(value) for key, value in schema.items()}
    if "discriminator" in schema:
        return _told_apart(schema)
    alternatives = schema.get("anyOf", [])
    typed = [item for item in alternatives if item.get("type") not in (None, "null")]
    if len(typed) == 1 and len(alternatives) == 2 and {"type": "null"} in alternatives:
        del schema["anyOf"]
        schema |= typed[0] | {"type": [typed[0]["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _told_apart(schema: dict[str, Any]) -> dict[str, Any]:
    discriminator = schema.pop("discriminator")
    del schema["oneOf"]
    field = discriminator["propertyName"]
    return {
        **schema,
        "type": "object",
        "required": [field],
        "properties": {field: {"enum": sorted(discriminator["mapping"])}},
        "allOf": [
            {
                "if": {"properties": {field: {"const": value}}, "required": [field]},
                "then": {"$ref": reference},
            }
            for value, reference in discriminator["mapping"].items()
        ],
    }
