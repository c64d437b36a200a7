"""What every wire format needs of a request: types of its images, JSON schema of its answer."""

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from vdata_resources.language.protocol import Request

SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
REFERENCE = "#/$defs/"


def typed_images(request: Request) -> Iterator[tuple[str, bytes]]:
    """Media type and bytes of every image.

    Raises:
        ValueError: an image is neither PNG nor JPEG.
    """
    for position, image in enumerate(request.images):
        for signature, media_type in SIGNATURES.items():
            if image.startswith(signature):
                yield media_type, image
                break
        else:
            raise ValueError(
                f"image {position} of a {request.purpose} request starts with {image[:8]!r}: "
                "neither PNG nor JPEG"
            )


def answer_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a pydantic model: nested models written out, no titles, defaults and constants.

    Services differ in what they take beside ``$ref``, but all know plain nested schemas.

    Raises:
        ValueError: the model contains itself.
    """
    return deepcopy(_written_out(model))


@lru_cache(maxsize=256)
def _written_out(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def plain(node: dict[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
        if "$ref" in node:
            name = node["$ref"].removeprefix(REFERENCE)
            if name in inside:
                raise ValueError(f"{model.__name__}: {name} contains itself, which no answer schema may")
            siblings = {key: value for key, value in node.items() if key != "$ref"}
            return plain({**definitions[name], **siblings}, (*inside, name))
        result: dict[str, Any] = {}
        for key, value in node.items():
            if key in ("title", "default"):
                continue
            if key == "const":  # which few services know
                result["enum"] = [value]
            elif key == "properties":
                result[key] = {name: plain(field, inside) for name, field in value.items()}
            elif isinstance(value, dict):
                result[key] = plain(value, inside)
            elif key in ("anyOf", "oneOf", "allOf", "prefixItems"):
                result[key] = [plain(item, inside) for item in value]
            else:
                result[key] = value
        return result

    return plain(schema, ())
