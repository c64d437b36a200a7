"""What ms-swift asks of a row of its standard dataset format, checked on the row itself.

The rules are those of ``RowPreprocessor`` in ``swift/dataset/preprocessor/core.py``, which drops a row that
fails them with a line in its log, and of ``swift/template/base.py`` (``_preprocess_inputs``,
``_add_default_tags``, ``_pre_tokenize``, ``normalize_bbox``), which leaves placeholders that have nothing to
stand for in the text; and of ``datasets``, see :mod:`~vdata_assets.formats.tables.json_columns`. They are
apart from :mod:`~vdata_assets.formats.chat.swift_rows` on purpose: what reads a row must not be what judges
it.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vdata_assets.formats.chat.qwen_boxes import to_norm1000
from vdata_assets.formats.chat.swift_rows import image_fault
from vdata_assets.formats.data_uri import BadDataUri, media_type_of, parse
from vdata_assets.formats.json_lines import read_lines
from vdata_assets.formats.problems import Problem, Report, shown
from vdata_assets.formats.tables.json_columns import FirstColumns

ROLES = ("system", "user", "tool_call", "tool_response", "tool", "assistant")
TRAINED = ("assistant", "tool_call")
FIRST = "has a value in the file's first 10 MiB too, of the same kind: datasets gives the columns by them"


class Broken(NamedTuple):
    """Something that is wrong with a row."""

    field: str
    value: object
    rule: str
    warning: bool = False


def check_file(file: Path, report: Report) -> int:
    """Check every row of a file of JSON lines; the number of rows.

    Raises:
        OSError: the file cannot be opened.
    """
    columns, count, misfits = FirstColumns(file), 0, set[str]()
    for number, row in read_lines(file, report):
        count += 1
        for broken in check_row(row):
            report(Problem(file.name, number, broken.field, shown(broken.value), broken.rule, broken.warning))
        misfit = columns.misfit(number, row)
        if misfit is not None and misfit[0] not in misfits:
            misfits.add(misfit[0])
            report(Problem(file.name, number, misfit[0], f"first {misfit[1]} of the file", FIRST))
    if not count:
        report(Problem(file.name, 0, "file", "0 rows", "has a row"))
    return count


def check_row(row: Mapping[str, Any]) -> Iterator[Broken]:
    """What is wrong with a row."""
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        yield Broken("messages", messages, "is a list of messages with a role and content")
        return
    texts: list[str] = []
    for place, message in enumerate(messages):
        if not isinstance(message, Mapping):
            yield Broken(f"messages[{place}]", message, "has a role and content")
            return
        texts.append(message["content"] if isinstance(message.get("content"), str) else "")
    yield from _messages(messages)
    text = "\n".join(texts)
    images = row.get("image") if row.get("images") is None else row["images"]
    listed = [] if images is None else images if isinstance(images, list) else [images]
    yield from _images(listed)
    places = text.count("<image>")
    if places > len(listed):
        yield Broken("images", len(listed), f"has a picture for each of the {places} <image> in the messages")
    elif places < len(listed):
        rule = f"has {places} pictures, as many as there are <image>: the trainer puts the others first"
        yield Broken("images", len(listed), rule, warning=True)
    if row.get("objects") is not None:
        yield from _objects(row["objects"], text, len(listed), _sizes(row, len(listed)))
    else:
        yield from _placeholders(text, 0, 0)


def _messages(messages: list[Mapping[str, Any]]) -> Iterator[Broken]:
    before = None
    for place, message in enumerate(messages):
        field = f"messages[{place}]"
        role, content, loss = message.get("role"), message.get("content"), message.get("loss")
        if role not in ROLES:
            yield Broken(f"{field}.role", role, f"is one of {', '.join(ROLES)}")
        elif role == "system" and place:
            yield Broken(f"{field}.role", role, "is not system after the first message")
        elif role == before and role in ("user", "assistant"):
            rule = "is not that of the message before: the trainer joins the two without a space"
            yield Broken(f"{field}.role", role, rule, warning=True)
        if not isinstance(content, str):
            yield Broken(f"{field}.content", content, "is a text: the column's type is string")
        if role in TRAINED and content == "":
            yield Broken(f"{field}.content", content, "has something to learn", warning=True)
        if loss is not None and loss not in (0, 1):
            yield Broken(f"{field}.loss", loss, "is true, false, 1, 0 or absent")
        before = role
    if before not in TRAINED:
        rule = "ends with an assistant's message: nothing is trained on otherwise"
        yield Broken("messages", f"ends with {before}", rule)


def _images(images: list[Any]) -> Iterator[Broken]:
    for place, image in enumerate(images):
        field = f"images[{place}]"
        name = image.get("path") if isinstance(image, Mapping) else image
        if not isinstance(name, str) or not name:
            yield Broken(field, image, "is a path, an http or https URL, or a data URI")
        elif name.startswith("data:"):
            try:
                if media_type_of(parse(name).data) is None:
                    yield Broken(field, name, "holds the bytes of an image file")
            except BadDataUri as error:
                yield Broken(field, name, str(error))
        elif (fault := image_fault(name)) is not None:
            yield Broken(field, name, fault)


def _sizes(row: Mapping[str, Any], pictures: int) -> list[tuple[int, int]]:
    """The pictures' sizes, if the row says them soundly: the trainer does not heed them."""
    found = []
    for sides in (row.get("width"), row.get("height")):
        if not isinstance(sides, list) or len(sides) != pictures:
            return []
        if not all(type(side) is int and 0 < side < 1 << 31 for side in sides):
            return []
        found.append(sides)
    return list(zip(*found, strict=True))


def _objects(objects: Any, text: str, pictures: int, sizes: list[tuple[int, int]]) -> Iterator[Broken]:
    if not isinstance(objects, Mapping) or not isinstance(objects.get("bbox"), list):
        yield Broken("objects", objects, "has a list bbox: the trainer drops the row otherwise")
        return
    boxes, names, numbers = (objects.get(key) or [] for key in ("bbox", "ref", "image_id"))
    bbox_type = objects.get("bbox_type") or "real"
    if bbox_type not in ("real", "norm1"):
        yield Broken("objects.bbox_type", bbox_type, "is real or norm1")
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield Broken("objects.ref", names, "is a list of texts")
        return
    if not isinstance(numbers, list):
        yield Broken("objects.image_id", numbers, "is a list of the pictures' numbers")
        return
    if boxes and not pictures:
        yield Broken("objects.bbox", len(boxes), "is empty without a picture: boxes are not converted then")
        return
    for place, box in enumerate(boxes):
        number = numbers[place] if place < len(numbers) else 0
        if type(number) is not int or not 0 <= number < pictures:
            rule = f"is the number of one of the {pictures} pictures, from 0"
            yield Broken(f"objects.image_id[{place}]", number, rule)
            continue
        size = (1, 1) if bbox_type == "norm1" else sizes[number] if sizes else None
        yield from _box(box, f"objects.bbox[{place}]", size)
    yield from _placeholders(text, len(names), len(boxes))


def _box(box: Any, field: str, size: tuple[int, int] | None) -> Iterator[Broken]:
    """What is wrong with a box or a point; in the units of ``size``, whose end is not known if it is None."""
    sound = isinstance(box, list) and all(map(_is_number, box))
    if not sound or len(box) not in (2, 4):
        yield Broken(field, box, "is four numbers, or two for a point")
        return
    width, height = (math.inf, math.inf) if size is None else size
    if not all(0 <= x <= width and 0 <= y <= height for x, y in zip(box[::2], box[1::2], strict=True)):
        within = "0 and the picture's sides" if size is None else f"0 and {width}, 0 and {height}"
        yield Broken(field, box, f"lies between {within}")
        return
    if len(box) == 2:
        return
    left, top, right, bottom = box
    if left > right or top > bottom:
        rule = "is left, top, right, bottom: the trainer exchanges the others"
        yield Broken(field, box, rule, warning=True)
    elif size is not None and _vanishes(to_norm1000((left, top, right, bottom), size)):
        rule = "has a side of a thousandth of the picture's: less is nothing to models that read thousandths"
        yield Broken(field, box, rule, warning=True)
    elif _vanishes(box):
        yield Broken(field, box, "has a width and a height", warning=True)


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _vanishes(box: Any) -> bool:
    return bool(box[0] == box[2] or box[1] == box[3])


def _placeholders(text: str, names: int, boxes: int) -> Iterator[Broken]:
    for field, placeholder, listed in (("ref", "<ref-object>", names), ("bbox", "<bbox>", boxes)):
        places = text.count(placeholder)
        if places > listed:
            rule = f"has one for each of the {places} {placeholder} in the messages: others stay as they are"
            yield Broken(f"objects.{field}", listed, rule)
        elif places < listed:
            rule = f"has {places}, as many as there are {placeholder}: the others are not trained on"
            yield Broken(f"objects.{field}", listed, rule, warning=True)
