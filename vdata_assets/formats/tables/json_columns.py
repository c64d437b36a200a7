"""Columns that ``datasets`` gives a file of JSON lines: those of its first 10 MiB, and no others later.

``load_dataset("json")``, which ms-swift and LLaMA-Factory call, takes names and types of all columns from the
first ``chunksize`` bytes (``_generate_tables`` in ``datasets/packaged_modules/json/json.py``; seen in 5.2)
and refuses the file where a later row does not fit: a key that is new, a list that was always empty before, a
fraction where only whole numbers were.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CHUNK = 10 << 20


class FirstColumns:
    """The columns of a file's first chunk.

    Args:
        file: of JSON lines; read up to the end of the first chunk.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, file: Path) -> None:
        with file.open("rb") as source:
            chunk = source.read(CHUNK)
            self._lines = chunk.count(b"\n") + 1
        self._known: dict[str, set[str]] = {}

    def misfit(self, number: int, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """Field and kind of a value that has no place in the columns; None if there is none.

        Args:
            number: of the row's line, from 1; rows come in order.
            row: as decoded.
        """
        for field, kind in _kinds(row, ""):
            known = self._known.setdefault(field, set()) if number <= self._lines else self._known.get(field)
            if number <= self._lines and known is not None:
                known.add(kind)
            elif not known or not (kind in known or (kind == "integer" and "number" in known)):
                return field, kind
        return None


def _kinds(value: object, field: str) -> Iterator[tuple[str, str]]:
    """Every place of a value with the kind of what stands there; null is of every kind."""
    match value:
        case dict():
            if field:
                yield field, "object"
            for key, inner in value.items():
                yield from _kinds(inner, f"{field}.{key}" if field else key)
        case list():
            yield field, "list"
            for inner in value:
                yield from _kinds(inner, f"{field}[]")
        case bool():
            yield field, "boolean"
        case int():
            yield field, "integer"
        case float():
            yield field, "number"
        case str():
            yield field, "string"
