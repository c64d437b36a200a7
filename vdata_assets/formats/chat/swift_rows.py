"""A row of ms-swift's standard dataset format as a sample, and back."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from vdata_assets.formats.chat.chat_objects import BOX, REF, UNNAMED, count, joined, parted
from vdata_assets.formats.chat.qwen_boxes import Box, from_norm1, to_norm1
from vdata_assets.formats.conversation import MarkedObject, Picture, Role, Sample, Turn, merged
from vdata_assets.formats.data_uri import BadDataUri, media_type_of, parse
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import BadRow
from vdata_assets.formats.tables.conversation_rows import is_box, is_whole

BoxType = Literal["real", "norm1"]

IMAGE = "<image>"
WEB = ("http://", "https://")
LONGEST_PATH = 2000
"""Characters; longer ones are base64 to the trainer (``_check_path``, ``swift/template/vision_utils.py``)."""
MOST_PIXELS = 1 << 31
"""Of a side; a larger number is a mistake."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
SPOKEN: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
}
"""Roles by their names in rows (``MessagesPreprocessor`` in ``swift/dataset/preprocessor/core.py``)."""


def row_of(sample: Sample, bbox_type: BoxType) -> dict[str, Any]:
    """A sample as a row.

    Raises:
        ValueError: the format cannot say it; names the sample.
    """
    try:
        return _row(sample, bbox_type)
    except BadRow as bad:
        raise ValueError(f"sample {sample.id!r}: {bad.field}: {bad.value}: {bad.rule}") from bad


def image_fault(name: str) -> str | None:
    """Why the trainer would not find a picture by this path or URL; None if it would look for it."""
    if name.startswith(WEB):
        return None
    if name != name.strip():
        return "has no blank at its ends: the trainer strips them"
    if name.startswith("http"):
        return "does not begin with http, which the trainer takes for a URL: put it in a folder"
    if len(name) > LONGEST_PATH:
        return f"has at most {LONGEST_PATH} characters: a longer text is base64 to the trainer"
    if SCHEME.match(name):
        return "is a path, an http or https URL, or a data URI: download it first"
    fault = path_fault(name)
    return None if fault is None else f"the path {fault}"


def _row(sample: Sample, bbox_type: BoxType) -> dict[str, Any]:
    pictures = sample.pictures
    row: dict[str, Any] = {
        "id": sample.id,
        "messages": [_message(turn, f"turns[{place}]") for place, turn in enumerate(sample.turns)],
    }
    if pictures:
        row["images"] = [_image(picture, f"pictures[{place}]") for place, picture in enumerate(pictures)]
    if sample.objects:
        row["objects"] = _objects(sample, bbox_type)
    elif any(count(_said(sample.turns))):
        raise BadRow("objects", [], f"the text has {REF} or {BOX} but the sample no objects: remove them")
    if sample.sizes:
        if len(sample.sizes) != len(pictures):
            raise BadRow("sizes", len(sample.sizes), f"has one for each of the {len(pictures)} pictures")
        row["width"], row["height"] = (list(sides) for sides in zip(*sample.sizes, strict=True))
    return row


def _message(turn: Turn, field: str) -> dict[str, Any]:
    for part in turn.parts:
        if isinstance(part, str) and (IMAGE in part or "<img>" in part):
            raise BadRow(
                field, part, f"has no {IMAGE} or <img>, which the trainer takes for a picture: reword it"
            )
    content = "".join(part if isinstance(part, str) else IMAGE for part in turn.parts)
    message: dict[str, Any] = {"role": turn.role, "content": content}
    if turn.weight is None:
        return message
    if turn.weight not in (0, 1):
        raise BadRow(f"{field}.weight", turn.weight, "is 0 or 1: a turn is trained or not")
    return message | {"loss": bool(turn.weight)}


def _image(picture: Picture, field: str) -> str:
    if picture.data is not None:
        media_type = media_type_of(picture.data)
        if media_type is None:
            raise BadRow(field, picture.data[:8], "is an image file: its first bytes are of none")
        return f"data:{media_type};base64,{base64.b64encode(picture.data).decode()}"
    name = picture.path if picture.path is not None else str(picture.url)
    fault = image_fault(name)
    if fault is not None or name.startswith(WEB) == (picture.path is not None):
        raise BadRow(field, name, fault or "a path is no URL, and a URL begins with http:// or https://")
    return name


def _objects(sample: Sample, bbox_type: BoxType) -> dict[str, Any]:
    try:
        names, boxes = parted(_said(sample.turns), sample.objects)
    except ValueError as error:
        raise BadRow("objects", len(sample.objects), str(error)) from error
    pictures = len(sample.pictures)
    written = [
        list(map(float, _converted(one, f"objects[{place}]", sample.sizes, pictures, bbox_type)))
        for place, one in enumerate(boxes)
    ]
    found: dict[str, Any] = {"ref": names, "bbox": written, "bbox_type": bbox_type}
    return found | {"image_id": [one.picture for one in boxes]} if pictures > 1 else found


def _converted(
    one: MarkedObject, field: str, sizes: Sequence[tuple[int, int]], pictures: int, bbox_type: BoxType
) -> Box:
    assert one.box is not None  # noqa: S101 - only those with a box are written
    if not 0 <= one.picture < pictures:
        raise BadRow(
            f"{field}.picture", one.picture, f"is the number of one of the {pictures} pictures, from 0"
        )
    left, top, right, bottom = one.box
    width, height = sizes[one.picture] if one.picture < len(sizes) else (float("inf"), float("inf"))
    if not (0 <= left < right <= width and 0 <= top < bottom <= height and right + bottom < float("inf")):
        raise BadRow(f"{field}.box", one.box, "is left, top, right, bottom in pixels, within its picture")
    if bbox_type == "real":
        return one.box
    if not sizes:
        raise BadRow("sizes", sizes, "has every picture's width and height: boxes as norm1 need them")
    return to_norm1(one.box, sizes[one.picture])


def sample_of(row: Mapping[str, Any]) -> Sample:
    """The sample of a row, as the trainer would read it; unknown keys are left out.

    Raises:
        BadRow: it cannot be read, or no sample can say it.
    """
    identity = row.get("id")
    if identity is not None and not isinstance(identity, str) and not is_whole(identity):
        raise BadRow("id", identity, "is a string, a number or absent")
    messages = _list(row.get("messages"), "messages")
    if isinstance(row.get("system"), str):
        messages = [{"role": "system", "content": row["system"]}, *messages]
    spoken = [_spoken(message, f"messages[{place}]") for place, message in enumerate(messages)]
    pictures = _pictures(row, [image for _, _, _, images in spoken for image in images])
    turns = _turns(spoken, pictures)
    sizes = _sizes(row, len(pictures))
    text = _said(turns)
    objects = _marked(row["objects"], text, sizes, len(pictures)) if row.get("objects") is not None else ()
    if not objects and any(count(text)):
        raise BadRow("objects", row.get("objects"), f"has what {REF} and {BOX} in the messages stand for")
    return Sample("" if identity is None else str(identity), turns, objects, sizes)


def _said(turns: Sequence[Turn]) -> str:
    """All texts, apart from one another, so that no placeholder arises between two of them."""
    return "\n".join(part for turn in turns for part in turn.parts if isinstance(part, str))


Spoken = tuple[Role, str, float | None, list[object]]


def _spoken(message: object, field: str) -> Spoken:
    """Role, text with placeholders, weight, and pictures that the content itself holds."""
    if not isinstance(message, Mapping):
        raise BadRow(field, message, "has a role and content")
    named = message.get("role", message.get("from"))
    role = SPOKEN.get(named) if isinstance(named, str) else None
    if role is None:
        raise BadRow(f"{field}.role", named, "is system, user or assistant; tools are not read")
    weight = message.get("loss")
    if weight is not None and (not isinstance(weight, bool | int | float) or weight not in (0, 1)):
        raise BadRow(f"{field}.loss", weight, "is true, false, 1, 0 or absent")
    content, images = message.get("content", message.get("value")), list[object]()
    if isinstance(content, list):
        content = "".join(
            _part(part, f"{field}.content[{place}]", images) for place, part in enumerate(content)
        )
    if not isinstance(content, str):
        raise BadRow(f"{field}.content", content, "is a text")
    return role, content, None if weight is None else float(weight), images


def _part(part: object, field: str, images: list[object]) -> str:
    """The text of a part of Qwen-VL's list of parts; pictures are added to the list."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    value = part.get(kind) if isinstance(part, Mapping) and isinstance(kind, str) else None
    if kind == "text" and isinstance(value, str):
        return value
    if kind not in ("image", "image_url"):
        raise BadRow(field, part, "is of type text with a text, or of type image")
    if isinstance(value, Mapping):
        value = value.get("url")
    if value:
        images.append(value)
    return IMAGE


def _pictures(row: Mapping[str, Any], inner: list[object]) -> list[Picture]:
    outer = row.get("image") if row.get("images") is None else row["images"]
    listed = [] if outer is None else outer if isinstance(outer, list) else [outer]
    if listed and inner:
        raise BadRow("images", outer, "is absent where the messages' content holds pictures")
    return [_picture(image, f"images[{place}]") for place, image in enumerate(listed or inner)]


def _picture(image: object, field: str) -> Picture:
    name = image.get("path") if isinstance(image, Mapping) else image
    if not isinstance(name, str) or not name:
        raise BadRow(field, image, "is a path, an http or https URL, or a data URI")
    if name.startswith("data:"):
        try:
            return Picture(data=parse(name).data)
        except BadDataUri as error:
            raise BadRow(field, name, str(error)) from error
    fault = image_fault(name)
    if fault is not None:
        raise BadRow(field, name, fault)
    return Picture(url=name) if name.startswith(WEB) else Picture(path=name)


def _turns(spoken: list[Spoken], pictures: list[Picture]) -> tuple[Turn, ...]:
    places = sum(text.count(IMAGE) for _, text, _, _ in spoken)
    if places > len(pictures):
        raise BadRow(
            "images", len(pictures), f"has a picture for each of the {places} {IMAGE} in the messages"
        )
    left = iter(pictures)
    before = [next(left) for _ in range(len(pictures) - places)]
    turns: list[Turn] = []
    for place, (role, text, weight, _) in enumerate(spoken):
        parts = merged(_split(text, left))
        if before and role != "system":
            parts, before = (*before, *parts), []
        if role == "system" and turns:
            raise BadRow(f"messages[{place}].role", role, "a system message is the first")
        if role == "assistant" and not any(turn.role == "user" for turn in turns):
            raise BadRow(f"messages[{place}].role", role, "a user's message comes before it")
        if turns and role == turns[-1].role:
            if weight != turns[-1].weight:
                raise BadRow(
                    f"messages[{place}].loss", weight, "is that of the message before, of the same role"
                )
            parts = merged(iter((*turns.pop().parts, *parts)))
        turns.append(Turn(role, parts, weight))
    if not turns or turns[-1].role == "system":
        raise BadRow("messages", len(turns), "has a user's message")
    return tuple(turns)


def _split(text: str, pictures: Iterator[Picture]) -> Iterator[str | Picture]:
    first, *others = text.split(IMAGE)
    yield first
    for other in others:
        yield next(pictures)
        yield other


def _sizes(row: Mapping[str, Any], pictures: int) -> tuple[tuple[int, int], ...]:
    widths, heights = row.get("width"), row.get("height")
    if widths is None and heights is None:
        return ()
    for name, sides in (("width", widths), ("height", heights)):
        sound = isinstance(sides, list) and all(is_whole(side) and 0 < side <= MOST_PIXELS for side in sides)
        if not sound or len(sides or ()) != pictures:
            raise BadRow(name, sides, f"has the pixels of each of the {pictures} pictures")
    return tuple(zip(widths, heights, strict=True))  # type: ignore[arg-type]


def _marked(
    objects: object, text: str, sizes: Sequence[tuple[int, int]], pictures: int
) -> tuple[MarkedObject, ...]:
    if not isinstance(objects, Mapping):
        raise BadRow("objects", objects, "has ref, bbox, bbox_type and image_id")
    boxes = _list(objects.get("bbox"), "objects.bbox")
    names = _list(objects.get("ref") or [], "objects.ref")
    numbers = _list(objects.get("image_id") or [], "objects.image_id")
    bbox_type = objects.get("bbox_type") or "real"
    if bbox_type not in ("real", "norm1"):
        raise BadRow("objects.bbox_type", bbox_type, "is real or norm1")
    if not all(isinstance(name, str) for name in names):
        raise BadRow("objects.ref", names, "is a list of texts")
    found = []
    for place, box in enumerate(boxes):
        number = numbers[place] if place < len(numbers) else 0
        if not is_whole(number) or not 0 <= number < pictures:
            rule = f"is the number of one of the {pictures} pictures, from 0"
            raise BadRow(f"objects.image_id[{place}]", number, rule)
        if not is_box(box) or max(map(abs, box)) > MOST_PIXELS:
            raise BadRow(f"objects.bbox[{place}]", box, "is left, top, right, bottom; points are not read")
        sides = sorted(map(float, box[::2])), sorted(map(float, box[1::2]))
        read = (sides[0][0], sides[1][0], sides[0][1], sides[1][1])
        if bbox_type == "norm1":
            if not sizes:
                raise BadRow("width", None, "has the pictures' pixels, as height: boxes of norm1 need them")
            read = from_norm1(read, sizes[number])
        found.append(MarkedObject(UNNAMED, number, read))
    wanted = count(text)
    for field, listed, placeholders in zip(("ref", "bbox"), (names, boxes), wanted, strict=True):
        if placeholders > len(listed):
            rule = f"has one for each of the {placeholders} placeholders in the messages"
            raise BadRow(f"objects.{field}", len(listed), rule)
    return joined(text, names, found)


def _list(value: object, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRow(field, value, "is a list")
    return value
