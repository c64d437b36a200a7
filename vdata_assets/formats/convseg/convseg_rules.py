"""What train.py and eval.py of the data engine ask of lists, masks and pictures, read from their bytes."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vdata_assets.formats.convseg.convseg_lists import KEY, ItemRows
from vdata_assets.formats.convseg.convseg_masks import pixels
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.json_lines import FILE, ROW, Row, read_lines
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_resources.images import FORMATS
from vdata_resources.parallel import ordered_map

PROMPT, CONCEPT = "prompt", "concept"
LINE_KEYS = ("image", "mask_merged", PROMPT)
ITEM_KEYS = ("id", "image", "mask", PROMPT)

Fault = tuple[str, Any, str]
"""Field, value and rule of a problem."""


def check_lists(lines: Path, items: Path, report: Report, workers: int | None = None) -> int:
    """Check a split's two lists and every file that they name; the number of rows of the first.

    - A line has ``image``, ``mask_merged`` and ``prompt``, an item ``id``, ``image``, ``mask``, ``prompt``
      and ``concept`` or none, and nothing else; all texts, and only the concept may be empty.
    - Paths are relative and stay in the folder. The picture decodes as RGB as it is stored, the mask is a PNG
      file of one channel with 0 and 255 alone, and both have the same sides.
    - The other list has a name, the number of its items, and the items, which are the lines in their order.

    Args:
        lines: the file for train.py.
        items: the file for eval.py.
        report: told of every problem.
        workers: threads that decode; None for one a core.

    Raises:
        OSError: a list cannot be opened.
    """
    rows = 0

    def unreadable(problem: Problem) -> None:
        nonlocal rows
        rows += problem.field == ROW
        report(problem)

    numbered = read_lines(lines, unreadable, strict=True)
    for number, faults in ordered_map(partial(_looked_at, lines.parent), numbered, workers, chunk=4):
        rows += 1
        for field, value, rule in faults:
            report(Problem(lines.name, number, field, shown(value), rule))
    _check_items(lines, items, report)
    return rows


def _looked_at(folder: Path, numbered: tuple[int, Row]) -> tuple[int, list[Fault]]:
    """A line's number and what is wrong with it and its files."""
    number, row = numbered
    faults = list(_texts(row, LINE_KEYS, ()))
    if not faults:
        faults = [
            (field, row[field], fault)
            for field in LINE_KEYS[:2]
            if (fault := path_fault(row[field])) is not None
        ]
    return number, faults or list(_files(folder, row))


def _texts(row: Row, needed: Sequence[str], allowed: Sequence[str]) -> Iterator[Fault]:
    for field in (*needed, *(name for name in allowed if name in row)):
        text = row.get(field)
        if not isinstance(text, str):
            yield field, text, "has to be a text"
        elif not (text.strip() if field == PROMPT else text) and field != CONCEPT:
            yield field, text, "is empty"
    for field in row:
        if field not in (*needed, *allowed):
            yield field, row[field], f"is none of {', '.join((*needed, *allowed))}: leave it out"


def _files(folder: Path, row: Row) -> Iterator[Fault]:
    image = pixels(folder / row["image"], "RGB", FORMATS)
    mask = pixels(folder / row["mask_merged"], "L", ("PNG",))
    if isinstance(image, str):
        yield "image", row["image"], f"{image}: has to be a picture that is RGB as it is stored"
    if isinstance(mask, str):
        yield "mask_merged", row["mask_merged"], f"{mask}: has to be a PNG file of one channel"
    elif not np.isin(mask, (0, 255)).all():
        yield "mask_merged", row["mask_merged"], "has pixels that are neither 0 nor 255"
    elif not isinstance(image, str) and mask.shape != image.shape[:2]:
        sides = f"{image.shape[1]} x {image.shape[0]}"
        yield "mask_merged", row["mask_merged"], f"has to be of the picture's {sides} pixels"


def _check_items(lines: Path, items: Path, report: Report) -> None:
    def fault(number: int, field: str, value: object, rule: str) -> None:
        report(Problem(items.name, number, field, shown(value), rule))

    listed = (row for _, row in read_lines(lines, lambda told: None))
    rows = ItemRows(items, report)
    count, same = 0, True
    for number, item in rows:
        count = number
        for told in _texts(item, ITEM_KEYS, (CONCEPT,)):
            fault(number, *told)
        line = next(listed, {})
        if same and [item.get(key) for key in ITEM_KEYS[1:]] != [line.get(key) for key in LINE_KEYS]:
            same = False
            fault(number, ROW, item, f"has to be the row of {lines.name} at this place")
    if same and next(listed, None) is not None:
        fault(0, FILE, f"{count} items", f"{lines.name} has more: write both of the same samples")
    head = rows.told()
    if not head:
        return
    if not isinstance(head.get("dataset"), str):
        fault(0, "dataset", head.get("dataset"), "has to be a name")
    if head.get("count") != count:
        fault(0, "count", head.get("count"), f"has to be the number of items, {count}")
    for field in head.keys() - {"dataset", "count", KEY}:
        fault(0, field, head[field], f"is none of dataset, count and {KEY}: leave it out")
