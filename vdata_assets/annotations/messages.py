"""Decoding JSON of an export into typed structs, with errors that name file, field and value."""

import re
from typing import TypeVar

import msgspec

from vdata_assets.annotations.errors import BadExport

Wanted = TypeVar("Wanted")

REPAIR = "export it again, or repair the field"
# msgspec gives the place in the text, which is not the file's when only a part was decoded.
PLACE = re.compile(r" \(byte \d+\)$")
AT = re.compile(r" - at `\$(.*)`$")
# Python's json module writes these, which are no JSON. Strings are matched first, and so left alone.
NO_NUMBERS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)

DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(data: bytes, wanted: type[Wanted], file: str, path: str = "$") -> Wanted:
    """Decode a JSON document or a part of one; unknown fields are ignored.

    Python writes NaN and infinities, which are no JSON: they are decoded as strings of their names, so that
    only the field that holds one is wrong.

    Args:
        data: UTF-8.
        wanted: a msgspec struct or another type.
        file: the ZIP's entry, for messages.
        path: where the part stands in the document.

    Raises:
        BadExport: the JSON is malformed or not of the wanted shape.
    """
    try:
        try:
            return msgspec.json.decode(data, type=wanted)
        except msgspec.DecodeError:
            named = with_numbers_named(data)
            if named is data:
                raise
            return msgspec.json.decode(named, type=wanted)
    except DECODING_ERRORS as error:
        raise BadExport(f"{file}: {problem(error, path)}: {REPAIR}") from None


def with_numbers_named(data: bytes) -> bytes:
    """The JSON with NaN and infinities, which are no JSON, as strings of their names."""
    if b"NaN" not in data and b"Infinity" not in data:
        return data
    return NO_NUMBERS.sub(lambda match: match[0] if match[0][:1] == b'"' else b'"%s"' % match[0], data)


def problem(error: Exception, path: str) -> str:
    """What a decoding error says, after the path of the field, as ``$.video.width: Expected `int`...``."""
    if isinstance(error, UnicodeDecodeError):
        return f"{path}: text that is no UTF-8"
    if isinstance(error, RecursionError):
        return f"{path}: nested too deeply"
    text = PLACE.sub("", str(error))
    at = AT.search(text)
    return f"{path}{at[1]}: {text[: at.start()]}" if at else f"{path}: {text}"
