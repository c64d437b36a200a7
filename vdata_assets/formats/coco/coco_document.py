"""A COCO file read once and entry by entry, whatever the order of its parts; memory holds some entries.

Entries go to a temporary database on the disk, from which an image is had together with its annotations.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from vdata_assets.formats.problems import Problem, Report, shown

PARTS = ("images", "annotations", "categories")
PIECE = 1 << 18
LONGEST_ENTRY = 1 << 25
"""Characters of the longest entry that is read, 32 Mi."""
AT_ONCE = 512


class BadDocument(Exception):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """A file that is no JSON object of arrays; what stands there and what is allowed."""

    def __init__(self, field: str, value: str, rule: str) -> None:
        super().__init__(field, value, rule)
        self.field, self.value, self.rule = field, value, rule


class CocoDocument:
    """The entries of a COCO file. Close it after use.

    Args:
        file: UTF-8; a byte order mark is passed over.
        report: told if the file is no COCO file; it has no further entries then.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, file: Path, report: Report) -> None:
        self._database = sqlite3.connect("")  # on the disk, and gone once it is closed
        self._database.execute("CREATE TABLE images (place INTEGER PRIMARY KEY, key TEXT, entry TEXT)")
        self._database.execute(
            "CREATE TABLE annotations (place INTEGER PRIMARY KEY, key TEXT, entry TEXT, own TEXT)"
        )
        self.categories: list[Any] = []
        try:
            self._fill(file)
        except BadDocument as bad:
            report(Problem(file.name, 0, bad.field, bad.value, bad.rule))
        self._database.execute("CREATE INDEX of_image ON annotations (key, place)")
        self._database.execute("CREATE INDEX of_key ON images (key, place)")

    def close(self) -> None:
        """Remove the temporary database."""
        self._database.close()

    def images(self) -> Iterator[tuple[int, Any, int]]:
        """Position, entry, and position of the first image of the same id, in the file's order."""
        found = self._database.execute(
            "SELECT place, entry, (SELECT min(place) FROM images AS other WHERE other.key IS images.key) "
            "FROM images ORDER BY place"
        )
        return ((place, json.loads(entry), first) for place, entry, first in found)

    def annotations(self, image_id: object) -> Iterator[tuple[int, Any]]:
        """Position and entry of an image's annotations, in the file's order."""
        found = self._database.execute(
            "SELECT place, entry FROM annotations WHERE key = ? ORDER BY place", (_key(image_id),)
        )
        return ((place, json.loads(entry)) for place, entry in found)

    def orphans(self) -> Iterator[tuple[int, Any]]:
        """Position and entry of annotations whose image is not there."""
        found = self._database.execute(
            "SELECT place, entry FROM annotations WHERE NOT EXISTS "
            "(SELECT 1 FROM images WHERE images.key = annotations.key) ORDER BY place"
        )
        return ((place, json.loads(entry)) for place, entry in found)

    def repeated_annotations(self) -> Iterator[tuple[int, int, Any]]:
        """Position, position of the first with the same id, and id of annotations that repeat an id."""
        found = self._database.execute(
            "SELECT place, min(place) OVER (PARTITION BY own) AS first, own FROM annotations ORDER BY place"
        )
        return (
            (place, first, json.loads(own)) for place, first, own in found if place != first and own != "null"
        )

    def _fill(self, file: Path) -> None:
        rows: dict[str, list[tuple[object, ...]]] = {"images": [], "annotations": []}
        inserts = {
            "images": "INSERT INTO images VALUES (?, ?, ?)",
            "annotations": "INSERT INTO annotations VALUES (?, ?, ?, ?)",
        }

        def flush(part: str) -> None:
            self._database.executemany(inserts[part], rows[part])
            rows[part].clear()

        seen = set()
        try:
            for part, place, entry in _entries(file):
                seen.add(part)
                if place is None:
                    continue
                if part == "categories":
                    self.categories.append(entry)
                    continue
                own, image = (
                    _key(entry.get(name) if isinstance(entry, dict) else None) for name in ("id", "image_id")
                )
                keys = (own,) if part == "images" else (image, own)
                rows[part].append((place, keys[0], json.dumps(entry), *keys[1:]))
                if len(rows[part]) == AT_ONCE:
                    flush(part)
        finally:
            for part in rows:
                flush(part)
        for part in PARTS:
            if part not in seen:
                raise BadDocument(part, "missing", "is an array of the document's object")


def _key(identity: object) -> str:
    """An id as text; that of a number is not that of a text."""
    return json.dumps(identity)


def _entries(file: Path) -> Iterator[tuple[str, int | None, Any]]:
    """Part, position and entry of every entry; before them part and None once."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            yield from _Scanner(source).entries()
    except UnicodeDecodeError as error:
        raise BadDocument("file", f"byte 0x{error.object[error.start]:02x}", "has to be UTF-8") from error


class _Scanner:
    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder(parse_constant=_no_number)

    def entries(self) -> Iterator[tuple[str, int | None, Any]]:
        seen = set()
        self._expect("{")
        more = self._next() != "}"
        while more:
            key = self._value("file")
            if not isinstance(key, str):
                raise BadDocument("file", shown(key), "has to be a JSON object of arrays")
            if key in PARTS and key in seen:
                raise BadDocument(key, "twice", "is there once")
            seen.add(key)
            self._expect(":")
            if self._next() == "[":
                yield from self._array(key)
            elif key in PARTS:
                raise BadDocument(key, shown(self._value(key)), "is an array")
            else:
                self._value(key)
            more = self._separated("}")
        self._expect("}")
        if self._next():
            raise BadDocument("file", shown(self._text[self._at : self._at + 40]), "ends after the object")

    def _array(self, key: str) -> Iterator[tuple[str, int | None, Any]]:
        self._expect("[")
        if key in PARTS:
            yield key, None, None
        place, more = 0, self._next() != "]"
        while more:
            entry = self._value(f"{key}[{place}]")
            if key in PARTS:
                yield key, place, entry
            place += 1
            more = self._separated("]")
        self._expect("]")

    def _separated(self, end: str) -> bool:
        """Whether there is a comma, and not the end."""
        if self._next() == end:
            return False
        self._expect(",")
        return True

    def _expect(self, character: str) -> None:
        found = self._next()
        if found != character:
            rule = f"has to be a JSON object: {character} is expected there"
            raise BadDocument(
                "file", shown(self._text[self._at : self._at + 40]) if found else "its end", rule
            )
        self._at += 1

    def _next(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on, the more the longer the text at hand is; whether there was any."""
        held = self._text[self._at :]
        read = "" if self._ended else self._source.read(max(PIECE, len(held)))
        self._text, self._at, self._ended = held + read, 0, not read
        return bool(read)

    def _value(self, field: str) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                cut, error = end == len(self._text), None  # a number may go on
            except RecursionError as deep:
                raise BadDocument(field, "too many brackets in each other", "is an entry of COCO") from deep
            except ValueError as fault:
                cut, error = True, fault
            if cut and len(self._text) - self._at > LONGEST_ENTRY:
                rule = f"has at most {LONGEST_ENTRY} characters, and is JSON"
                raise BadDocument(field, shown(self._text[self._at : self._at + 40]), rule) from error
            if cut and self._more():
                continue
            if error is not None:
                value = shown(self._text[self._at : self._at + 40])
                raise BadDocument(field, value, f"is JSON: {getattr(error, 'msg', error)}") from error
            self._at = end
            return value


def _no_number(name: str) -> Callable[[], None]:
    raise ValueError(f"{name} is no number of JSON")
