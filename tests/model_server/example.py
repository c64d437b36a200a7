"""The least that fits a JSON schema."""

from typing import Any

from model_server.recorded import Asked


def example_answer(asked: Asked) -> dict[str, Any]:
    """An answer that the question's schema accepts, always the same."""
    return dict(example(asked.schema))


def example(schema: dict[str, Any]) -> Any:
    """A value that the schema accepts: first choices, shortest lists, smallest numbers."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for alternatives in ("anyOf", "oneOf", "allOf"):
        if alternatives in schema:
            return example(schema[alternatives][0])
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example(field) for name, field in schema.get("properties", {}).items()}
    if kind == "array":
        if "prefixItems" in schema:
            return [example(item) for item in schema["prefixItems"]]
        return [example(schema["items"])] * schema.get("minItems", 0)
    if kind == "string":
        return "text".ljust(schema.get("minLength", 0), "x")
    if kind == "boolean":
        return True
    return None if kind == "null" else schema.get("minimum", 0)
