"""What a trainer's loader and chat template ask of a row of pictures and messages.

The rules are those of ``prepare_multimodal_messages`` in ``trl/data_utils.py`` (TRL 1.16) for messages and
placeholders, of ``datasets/features`` (``Image``, ``ClassLabel``; datasets 5.2) for columns, and of the chat
templates that refuse any other order of roles (LLaVA, Gemma). They are apart from
:mod:`~vdata_assets.formats.tables.conversation_rows` on purpose: what reads a row must not be what judges it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from tarfile import TarError
from typing import Any

import numpy as np
import polars as pl

from vdata_assets.formats.problems import Problem, Report, shown
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map

Broken = tuple[str, object, str]
"""Field, value and rule of something that is wrong."""

AHEAD = 16
LOADER_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TarError)
"""What ``datasets`` raises for files that it cannot read: it trusts the metadata in them."""


@dataclass(frozen=True)
class Placed:
    """A row and where it stands.

    Attributes:
        file: its file, for problems.
        number: of the row in it, from 1.
        row: its columns; a picture is a dict with ``bytes`` and ``path``.
    """

    file: str
    number: int
    row: Mapping[str, Any]


def check_rows(
    rows: Iterable[Placed], classes: int | None, report: Report, workers: int | None = None
) -> int:
    """Check rows, their pictures decoded by threads; the number of rows.

    Args:
        rows: read lazily, some ahead.
        classes: number of the ClassLabel's names; None if the label is no ClassLabel.
        report: told of every problem, in the order of the rows.
        workers: threads; default: the cores this process may use.
    """
    count = 0
    check = partial(_problems, classes=classes)
    for count, problems in enumerate(ordered_map(check, rows, workers, AHEAD), 1):  # noqa: B007
        for problem in problems:
            report(problem)
    return count


def _problems(placed: Placed, classes: int | None) -> list[Problem]:
    sizes: list[tuple[int, int] | None] = []
    found: list[Broken] = list(_pictures(placed.row.get("images"), sizes))
    found += _messages(placed.row.get("messages"), len(sizes))
    found += _label(placed.row.get("label"), classes)
    found += _objects(placed.row.get("objects") or [], sizes)
    found += _sizes(placed.row.get("sizes") or [], sizes)
    found += _metadata(placed.row.get("metadata"))
    return [Problem(placed.file, placed.number, field, shown(value), rule) for field, value, rule in found]


def _pictures(images: Any, sizes: list[tuple[int, int] | None]) -> Iterator[Broken]:
    """Faults of the pictures; their sizes, None of those that do not decode, go to ``sizes``."""
    if not isinstance(images, list):
        yield "images", images, "is a list, empty where there is no picture"
        return
    for place, image in enumerate(images):
        content = image.get("bytes") if isinstance(image, Mapping) else None
        sizes.append(None)
        if not content:
            yield f"images[{place}]", image, "has the bytes of a picture: a path is not found elsewhere"
            continue
        try:
            sizes[-1] = load_rgb(content).size
        except UnreadableImage as error:
            yield f"images[{place}]", content[:8], f"decodes: {error.reason}"


def _messages(messages: Any, pictures: int) -> Iterator[Broken]:
    if not isinstance(messages, list) or not messages:
        yield "messages", messages, "has a message"
        return
    placeholders, roles = 0, []
    for place, message in enumerate(messages):
        field = f"messages[{place}]"
        role = message.get("role") if isinstance(message, Mapping) else None
        roles.append(role)
        if role not in ("system", "user", "assistant"):
            yield f"{field}.role", role, "is system, user or assistant"
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, str) and content:
            continue
        if not isinstance(content, list) or not content:
            yield f"{field}.content", content, "has a text, or a list of parts"
            continue
        for number, part in enumerate(content):
            kind = part.get("type") if isinstance(part, Mapping) else None
            placeholders += kind == "image"
            if kind not in ("text", "image"):
                yield f"{field}.content[{number}].type", kind, "is text or image"
            elif kind == "text" and (not isinstance(part.get("text"), str) or not part["text"]):
                yield f"{field}.content[{number}].text", part.get("text"), "is a text"
    yield from _order(roles)
    if all(isinstance(message, Mapping) and isinstance(message.get("content"), str) for message in messages):
        placeholders = pictures if "user" in roles else 0  # TRL puts them before the first user's text
    if placeholders != pictures:
        yield "messages", placeholders, f"has as many placeholders for pictures as images has: {pictures}"


def _order(roles: list[Any]) -> Iterator[Broken]:
    speakers = roles[1:] if roles[0] == "system" else roles
    if "system" in speakers:
        yield "messages", roles, "has a system message as the first alone"
    elif speakers != [("user", "assistant")[place % 2] for place in range(len(speakers))]:
        yield "messages", roles, "has user and assistant in turn, the user first"
    if "assistant" not in roles:
        yield "messages", roles, "has an assistant's message: there is nothing else to learn"


def _label(label: Any, classes: int | None) -> Iterator[Broken]:
    if label is None or classes is None:
        return
    if not isinstance(label, int) or not -1 <= label < classes:
        yield "label", label, f"is null, -1 or the number of one of the {classes} classes, from 0"


def _objects(objects: Any, sizes: list[tuple[int, int] | None]) -> Iterator[Broken]:
    if not isinstance(objects, list):
        yield "objects", objects, "is a list"
        return
    for place, one in enumerate(objects):
        field = f"objects[{place}]"
        number = one.get("picture") if isinstance(one, Mapping) else None
        if not isinstance(number, int) or not 0 <= number < len(sizes):
            yield f"{field}.picture", number, f"is the number of one of {len(sizes)} pictures, from 0"
            continue
        if not isinstance(one.get("label"), str):
            yield f"{field}.label", one.get("label"), "is a text"
        size, box, mask = sizes[number], one.get("box"), one.get("mask")
        if size is None:
            continue
        width, height = size
        if box is not None and not _within(box, width, height):
            rule = f"is left < right, top < bottom within {width}x{height} pixels"
            yield f"{field}.box", box, rule
        if mask is not None:
            reason = _mask_reason(mask, height, width)
            if reason is not None:
                yield f"{field}.mask", mask, f"is COCO's run lengths of {width}x{height} pixels: {reason}"


def _within(box: Any, width: int, height: int) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(side, int | float) for side in box):
        return False
    left, top, right, bottom = box
    return 0 <= left < right <= width and 0 <= top < bottom <= height


def _mask_reason(mask: Any, height: int, width: int) -> str | None:
    from vdata_assets.masks.validate import problems_of_compressed

    if not isinstance(mask, str):
        return "is no text"
    (reason,) = problems_of_compressed(
        pl.Series([mask], dtype=pl.String), np.array([height], np.int64), np.array([width], np.int64)
    )
    return reason


def _sizes(stated: Any, sizes: list[tuple[int, int] | None]) -> Iterator[Broken]:
    if not stated:
        return
    if not isinstance(stated, list) or len(stated) != len(sizes):
        yield "sizes", stated, f"is empty or has one for each of {len(sizes)} pictures"
        return
    for place, (size, real) in enumerate(zip(stated, sizes, strict=True)):
        said = (size.get("width"), size.get("height")) if isinstance(size, Mapping) else None
        if real is not None and said != real:
            yield f"sizes[{place}]", size, f"is the picture's: {real[0]}x{real[1]}"


def _metadata(metadata: Any) -> Iterator[Broken]:
    if metadata is None:
        return
    try:
        found = json.loads(metadata)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, Mapping) or not all(isinstance(value, str) for value in found.values()):
        yield "metadata", metadata, "is a JSON object of strings"


def loaded(function: Callable[[], Any], file: str, report: Report) -> Any:
    """What a call into a trainer's loader gives; None, and a problem of the whole file, if it refuses.

    Args:
        function: calls the loader and nothing of ours.
        file: for the problem.
        report: told of it.
    """
    from pyarrow import ArrowException

    try:
        return function()
    except (*LOADER_ERRORS, ArrowException) as error:
        report(Problem(file, 0, "", type(error).__name__, f"loads: {error}"))
        return None
