"""Prompts with their pictures and masks: ``dataset.jsonl`` of train.py and ``items.json`` of eval.py."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from vdata_assets.annotations.errors import BadExport
from vdata_assets.formats.inline_pictures import ABSOLUTE, path_fault
from vdata_assets.formats.json_lines import FILE, ROW, Numbered, decoded_row, pieces, read_lines
from vdata_assets.formats.problems import BadRow, Problem, Report, shown

DATASET, ITEMS = "dataset.jsonl", "items.json"
KEY = "items"
LOOKED_AT = 1 << 16
"""Bytes of a file that tell which list it is."""
OF_ITEMS = re.compile(rb'"(items|dataset|count)"\s*:')

ENCODER = msgspec.json.Encoder()
TEXT = "has to be a text"


class TrainRow(msgspec.Struct, forbid_unknown_fields=True):
    """A line of dataset.jsonl as train.py reads it."""

    image: str
    mask_merged: str
    prompt: str


class EvalItem(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An item of items.json as eval.py reads it; the whole of what either list says of a prompt."""

    id: str
    image: str
    mask: str
    prompt: str
    concept: str | None = None

    @property
    def train_row(self) -> TrainRow:
        """What dataset.jsonl says of it."""
        return TrainRow(self.image, self.mask, self.prompt)


class ItemsHead(msgspec.Struct, forbid_unknown_fields=True):
    """items.json without its items."""

    dataset: str
    count: int
    items: list[EvalItem]


def train_line(item: EvalItem) -> bytes:
    """A line of dataset.jsonl."""
    return ENCODER.encode(item.train_row) + b"\n"


def write_items(path: Path, name: str, count: int, items: Iterable[bytes]) -> None:
    """Write items.json.

    Args:
        path: of the file.
        name: of the dataset.
        count: number of the items.
        items: each as JSON.
    """
    write_listing(path, {"dataset": name, "count": count}, KEY, items)


def write_listing(path: Path, head: Mapping[str, Any], name: str, rows: Iterable[bytes]) -> None:
    """Write a JSON object with its fields a line each, and last an array, an element a line."""
    with path.open("wb") as file:
        file.write(json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}").encode())
        file.write(f',\n  "{name}": ['.encode())
        for number, row in enumerate(rows):
            file.write((b",\n    " if number else b"\n    ") + row)
        file.write(b"\n  ]\n}\n")


class ItemRows:
    """The elements of items.json, with their numbers from 1; iterate once, memory holds one of them.

    Args:
        path: of the file.
        report: told of what is no JSON object.

    Attributes:
        head: the file without its items; whole when the iteration has ended.
    """

    def __init__(self, path: Path, report: Report) -> None:
        self.head = b""
        self._path = path
        self._report = report

    def __iter__(self) -> Numbered:
        from vdata_assets.annotations.json_stream import ArrayStream  # numba takes a second

        number = 0
        with self._path.open("rb") as source:
            stream = ArrayStream(pieces(source), KEY, self._path.name)
            try:
                for number, element in enumerate(stream, start=1):
                    row = decoded_row(element, self._path, number, self._report)
                    if row is not None:
                        yield number, row
            except BadExport as error:
                self._report(Problem(self._path.name, number + 1, ROW, "too long", str(error)))
            self.head = bytes(stream.rest).removeprefix(BOM_UTF8)

    def told(self) -> dict[str, Any]:
        """The head as an object, and a problem if it is none; to be asked after the iteration."""
        try:
            head = msgspec.json.decode(self.head)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            head = str(error)
        if isinstance(head, dict) and isinstance(head.get(KEY), list):
            return head
        rule = f'has to be {{"dataset": ..., "count": ..., "{KEY}": [...]}}'
        self._report(Problem(self._path.name, 0, FILE, shown(head), rule))
        return {}


def read_list(path: Path, report: Report) -> Iterator[tuple[int, EvalItem]]:
    """What a list of either kind says of each prompt, with the number of its line or item.

    Rows of dataset.jsonl have their mask's name as id. Unknown keys are passed over.

    Args:
        path: of the file, of whatever name.
        report: told of every row that is left out.

    Raises:
        OSError: the file cannot be opened.
    """
    items = None if _is_lines(path) else ItemRows(path, report)
    for number, row in read_lines(path, report) if items is None else items:
        try:
            yield number, _item(row, items is not None)
        except BadRow as bad:
            report(Problem(path.name, number, bad.field, bad.value, bad.rule))
    if items is not None:
        items.told()


def _is_lines(path: Path) -> bool:
    """Whether a file is of lines, by the keys that it begins with."""
    with path.open("rb") as source:
        start = source.read(LOOKED_AT)
    return b'"mask_merged"' in start or OF_ITEMS.search(start) is None


def _item(row: Mapping[str, Any], is_item: bool) -> EvalItem:
    mask = "mask" if is_item else "mask_merged"
    for field in ("image", mask, "prompt", *(["id"] if is_item else [])):
        if not isinstance(row.get(field), str):
            raise BadRow(field, row.get(field), TEXT)
    concept = row.get("concept")
    if concept is not None and not isinstance(concept, str):
        raise BadRow("concept", concept, f"{TEXT}, or absent")
    name = row["id"] if is_item else Path(row[mask]).stem
    return EvalItem(name, row["image"], row[mask], row["prompt"], concept)


def inside(path: str, folder: Path, field: str) -> str:
    """A path of a list, relative to the list's folder.

    An absolute one is that of the place where the export was to be: it is looked for by its last two parts,
    as ``images/a.jpg``.

    Args:
        path: as the list has it.
        folder: that the list is in.
        field: of the path.

    Raises:
        BadRow: it leaves the folder, or there is no such file.
    """
    if ABSOLUTE.match(path):
        near = "/".join(re.split(r"[/\\]", path)[-2:])
        if path_fault(near) is None and (folder / near).is_file():
            return near
        raise BadRow(field, path, f"there is no {near} beside the list: use relative paths")
    fault = path_fault(path)
    if fault is not None:
        raise BadRow(field, path, fault)
    return path
