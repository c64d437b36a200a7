"""Samples as rows of the Hugging Face convention for conversations about pictures, and back.

``images`` holds the pictures in the order of the conversation and ``messages`` says where each stands, by a
part ``{"type": "image"}``: the convention that TRL's vision SFT reads (TRL 1.16:
``DataCollatorForVisionLanguageModeling`` in ``trl/trainer/sft_trainer.py``, which calls
``prepare_multimodal_messages`` of ``trl/data_utils.py``). It fills the placeholders with the pictures in
turn, so a picture that is shown twice is there twice, and an ``index`` beside the type has no meaning. The
``text`` of a placeholder is null, for all parts are of one type.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from vdata_assets.formats.conversation import Feature, MarkedObject, Picture, Role, Sample, Turn, merged
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.problems import BadRow, Problem, Report, shown
from vdata_assets.formats.tables.embedded_pictures import Embedded

EXPRESSES = frozenset(Feature) - {Feature.WEIGHT, Feature.PATH, Feature.URL}
ROLES = get_args(Role)


def features(names: Sequence[str]) -> Any:
    """Columns and types, as ``datasets.Features``.

    Args:
        names: the classes in the order of their numbers; empty: there is no column ``label``.
    """
    from datasets import ClassLabel, Features, Image, List, Value

    text = Value("string")
    label = {"label": ClassLabel(names=list(names))} if names else {}
    return Features(
        id=text,
        images=List(Image()),
        messages=List({"role": text, "content": List({"type": text, "text": text})}),
        **label,
        objects=List({"label": text, "picture": Value("int32"), "box": List(Value("float64")), "mask": text}),
        sizes=List({"width": Value("int32"), "height": Value("int32")}),
        metadata=text,
    )


def row_of(sample: Sample, pictures: Sequence[Embedded], codes: Mapping[str, int]) -> dict[str, Any]:
    """A sample as a row for :func:`features`.

    Args:
        sample: what to write.
        pictures: its pictures, in order.
        codes: number of each class.

    Raises:
        ValueError: its label is none of the classes.
    """
    row = text_row(sample) | {
        "images": [{"bytes": picture.bytes, "path": picture.path} for picture in pictures]
    }
    if sample.label is not None and sample.label not in codes:
        raise ValueError(f"sample {sample.id!r}: label {sample.label!r} is none of the {len(codes)} classes")
    return row | {"label": None if sample.label is None else codes[sample.label]} if codes else row


def text_row(sample: Sample) -> dict[str, Any]:
    """A row's columns but for pictures and label."""
    return {
        "id": sample.id,
        "messages": [{"role": turn.role, "content": list(_content(turn))} for turn in sample.turns],
        "objects": [
            {"label": one.label, "picture": one.picture, "box": one.box and list(one.box), "mask": one.mask}
            for one in sample.objects
        ],
        "sizes": [{"width": width, "height": height} for width, height in sample.sizes],
        "metadata": json.dumps(dict(sample.metadata), ensure_ascii=False, sort_keys=True),
    }


def _content(turn: Turn) -> Iterator[dict[str, str | None]]:
    for part in turn.parts:
        if isinstance(part, str):
            yield {"type": "text", "text": part}
        else:
            yield {"type": "image", "text": None}


@dataclass(frozen=True)
class RowReader:
    """Rows of a file as samples; what is wrong with them is reported.

    Attributes:
        file: its name, for problems.
        report: told of every problem.
        names: classes by number; empty if the label is text.
    """

    file: str
    report: Report
    names: Sequence[str] = ()

    def sample(self, row: Mapping[str, Any], number: int) -> Sample | None:
        """The sample of a row; None, and a problem, if it cannot be read.

        Unknown columns are left out. ``content`` may be a string: then the pictures stand before the text of
        the first user's message, as TRL puts them.
        """

        def warn(field: str, value: object, rule: str) -> None:
            self.report(Problem(self.file, number, field, shown(value), rule, warning=True))

        try:
            return _sample(row, self.names, warn)
        except BadRow as bad:
            self.report(Problem(self.file, number, bad.field, bad.value, bad.rule))
            return None


def _sample(row: Mapping[str, Any], names: Sequence[str], warn: Callable[[str, object, str], None]) -> Sample:
    single = row.get("image")
    images = row.get("images", [] if single is None else [single])
    pictures = [_picture(image, f"images[{place}]") for place, image in enumerate(_list(images, "images"))]
    objects = _list(row.get("objects") or [], "objects")
    identity = row.get("id")
    if identity is not None and not isinstance(identity, str | int):
        raise BadRow("id", identity, "is a string, a number or absent")
    return Sample(
        id="" if identity is None else str(identity),
        turns=_turns(_list(row.get("messages"), "messages"), pictures),
        objects=tuple(_object(one, f"objects[{place}]", len(pictures)) for place, one in enumerate(objects)),
        sizes=_sizes(_list(row.get("sizes") or [], "sizes"), len(pictures)),
        label=_label(row.get("label"), names),
        metadata=_metadata(row.get("metadata"), warn),
    )


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRow(field, value, "is a list")
    return value


def _picture(image: Any, field: str) -> Picture:
    if isinstance(image, Mapping):
        if isinstance(image.get("bytes"), bytes) and image["bytes"]:
            return Picture(data=image["bytes"])
        path = image.get("path")
        if isinstance(path, str) and path:
            fault = path_fault(path)
            if fault is not None:
                raise BadRow(f"{field}.path", path, f"{fault}: embed the picture's bytes")
            return Picture(path=path)
    raise BadRow(field, image, "has a picture's bytes, or its path")


def _turns(messages: list[Any], pictures: list[Picture]) -> tuple[Turn, ...]:
    left = iter(pictures)
    before = pictures if all(_is_text(message) for message in messages) else []
    turns: list[Turn] = []
    for place, message in enumerate(messages):
        field = f"messages[{place}]"
        if not isinstance(message, Mapping):
            raise BadRow(field, message, "has a role and content")
        role: Any = message.get("role")
        previous = turns[-1].role if turns else None
        if role not in ROLES:
            raise BadRow(f"{field}.role", role, f"is one of {', '.join(ROLES)}")
        if role == "system" and turns:
            raise BadRow(f"{field}.role", role, "a system message is the first")
        if role == previous or (role == "assistant" and previous in (None, "system")):
            raise BadRow(f"{field}.role", role, "user and assistant take turns, the user first")
        parts = _parts(message.get("content"), f"{field}.content", left)
        if role == "user" and before:
            parts, before, left = [*before, *parts], [], iter(())
        turns.append(Turn(role, merged(iter(parts))))
    if not any(turn.role != "system" for turn in turns):
        raise BadRow("messages", messages, "has a user's message")
    unused = len(list(left))
    if unused:
        raise BadRow("images", len(pictures), f"has a placeholder in messages for each; {unused} are without")
    return tuple(turns)


def _is_text(message: Any) -> bool:
    return isinstance(message, Mapping) and isinstance(message.get("content"), str)


def _parts(content: Any, field: str, pictures: Iterator[Picture]) -> list[str | Picture]:
    if isinstance(content, str):
        return [content]
    parts: list[str | Picture] = []
    for place, part in enumerate(_list(content, field)):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            parts.append(part["text"])
        elif kind == "image":
            picture = next(pictures, None)
            if picture is None:
                raise BadRow(
                    f"{field}[{place}]", part, "a placeholder has a picture in images; there are fewer"
                )
            parts.append(picture)
        else:
            raise BadRow(f"{field}[{place}]", part, "is of type text with a text, or of type image")
    return parts


def _object(one: Any, field: str, pictures: int) -> MarkedObject:
    if not isinstance(one, Mapping) or not isinstance(one.get("label"), str):
        raise BadRow(field, one, "has a label, a picture's number, a box and a mask")
    number: Any = one.get("picture")
    box, mask = one.get("box"), one.get("mask")
    if not is_whole(number) or not 0 <= number < pictures:
        raise BadRow(f"{field}.picture", number, f"is the number of one of the {pictures} pictures, from 0")
    if box is not None and not is_box(box):
        raise BadRow(f"{field}.box", box, "is left, top, right, bottom in pixels, or null")
    if mask is not None and not isinstance(mask, str):
        raise BadRow(f"{field}.mask", mask, "is COCO's compressed run lengths, or null")
    return MarkedObject(one["label"], number, None if box is None else tuple(map(float, box)), mask)  # type: ignore[arg-type]


def is_whole(value: object) -> bool:
    """Whether a value is an integer, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_box(value: object) -> bool:
    """Whether a value is four finite numbers."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(is_whole(side) or (isinstance(side, float) and math.isfinite(side)) for side in value)
    )


def _sizes(sizes: list[Any], pictures: int) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for place, size in enumerate(sizes):
        sides: Any = (size.get("width"), size.get("height")) if isinstance(size, Mapping) else (None,)
        if not all(is_whole(side) and side > 0 for side in sides):
            raise BadRow(f"sizes[{place}]", size, "has a width and a height in pixels")
        found.append(sides)
    if found and len(found) != pictures:
        raise BadRow("sizes", len(found), f"is empty or has one for each of the {pictures} pictures")
    return tuple(found)


def _label(label: Any, names: Sequence[str]) -> str | None:
    if label is None or (is_whole(label) and label == -1):  # datasets' number for no label
        return None
    if isinstance(label, str):
        return label
    if not is_whole(label) or not 0 <= label < len(names):
        raise BadRow("label", label, f"is the number of one of the {len(names)} classes, -1 or null")
    return names[label]


def _metadata(metadata: Any, warn: Callable[[str, object, str], None]) -> dict[str, str]:
    rule = "is a JSON object of strings; what is not is left out"
    if metadata is None:
        return {}
    found = metadata
    if isinstance(metadata, str):
        try:
            found = json.loads(metadata)
        except (ValueError, RecursionError):
            found = None
    if not isinstance(found, Mapping):
        warn("metadata", metadata, rule)
        return {}
    kept = {key: value for key, value in found.items() if isinstance(value, str)}
    if len(kept) < len(found):
        warn("metadata", metadata, rule)
    return kept
