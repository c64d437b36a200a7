"""Rows of chats with ``<image>`` tokens, as LLaVA and ShareGPT have them: samples from them, and back.

Reading takes whatever a :class:`~vdata_assets.formats.conversation.Sample` can hold; what a trainer takes is
for ``validate`` to say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vdata_assets.formats.chat.llava_rules import reference_fault
from vdata_assets.formats.conversation import Picture, Role, Sample, Turn
from vdata_assets.formats.data_uri import BadDataUri, parse
from vdata_assets.formats.image_tokens import IMAGE, parts_of, text_of
from vdata_assets.formats.inline_pictures import path_fault
from vdata_assets.formats.json_lines import Numbered, Row
from vdata_assets.formats.problems import BadRow, Problem, Report, shown

LABEL = "label"
"""Key within ``metadata`` of a sample's class."""

URL_SCHEMES = ("http://", "https://", "gs://", "s3://")


@dataclass(frozen=True)
class Shape:
    """Keys and roles of a row.

    Attributes:
        messages: key of the turns.
        images: key of a path or a list of paths.
        role: key of a turn that says who.
        content: key of a turn that says what.
        roles: who, by the turn's word for it.
        system: key of the system's text beside the turns; a system's turn goes before it.
    """

    messages: str
    images: str
    role: str
    content: str
    roles: Mapping[str, Role]
    system: str = "system"


ROLES: dict[str, Role] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
}


def guessed(row: Row) -> Shape:
    """The shape that a row seems to have: of LLaVA or of messages, an image or a list of them."""
    messages = "conversations" if "conversations" in row or "messages" not in row else "messages"
    turns = row.get(messages)
    first = turns[0] if isinstance(turns, list) and turns and isinstance(turns[0], dict) else {}
    role, content = ("role", "content") if "role" in first else ("from", "value")
    return Shape(messages, "images" if "images" in row else "image", role, content, ROLES)


def samples(
    rows: Numbered, file: Path, report: Report, shape_of: Callable[[Row], Shape] = guessed
) -> Iterator[Sample]:
    """The samples of rows; those that are none are reported and left out.

    Args:
        rows: with their numbers.
        file: where they are, for messages.
        report: told of every problem.
        shape_of: the shape of a row.
    """
    for number, row in rows:

        def warn(field: str, value: object, rule: str, number: int = number) -> None:
            report(Problem(file.name, number, field, shown(value), rule, warning=True))

        try:
            yield _sample(row, shape_of(row), warn)
        except BadRow as bad:
            report(Problem(file.name, number, bad.field, bad.value, bad.rule))


def head_of(sample: Sample) -> Row:
    """The beginning of a row: the id, if there is one."""
    return {"id": sample.id} if sample.id else {}


def metadata_of(sample: Sample) -> Row:
    """The end of a row: label and metadata under ``metadata``, if there are any.

    Raises:
        ValueError: the metadata has a ``label`` of its own.
    """
    if LABEL in sample.metadata:
        raise ValueError(
            f"sample {sample.id!r}: metadata {LABEL!r} is the place of the sample's label: rename it"
        )
    held = {**({} if sample.label is None else {LABEL: sample.label}), **sample.metadata}
    return {"metadata": held} if held else {}


def turns_of(
    sample: Sample, roles: Mapping[Role, str], separator: str, reserved: re.Pattern[str]
) -> list[Row]:
    """A sample's turns as ``from`` and ``value``.

    Args:
        sample: alternates, after a system's turn if there is one, from a user's turn to an assistant's.
        roles: the format's words.
        separator: between a picture's token and text.
        reserved: what the trainer takes for a token and thus no text may have in it.

    Raises:
        ValueError: it does not alternate, or a text has something reserved in it: the text would have to be
            changed, which is not for a writer to do.
    """
    said = [turn.role for turn in sample.turns]
    said = said[1:] if said[:1] == ["system"] else said
    if not said or said != ["user", "assistant"] * (len(said) // 2):
        raise ValueError(f"sample {sample.id!r}: turns have to be of user and assistant in turn, not {said}")
    rows = []
    for turn in sample.turns:
        for part in turn.parts:
            if not isinstance(part, str):
                if turn.role == "system":
                    raise ValueError(
                        f"sample {sample.id!r}: a picture in the system's turn: move it to the user's"
                    )
            elif taken := reserved.search(part):
                raise ValueError(
                    f"sample {sample.id!r}: the {turn.role}'s text has {taken[0]!r} in it, which the trainer "
                    "takes for a picture or the like: reword it"
                )
        rows.append({"from": roles[turn.role], "value": text_of(turn.parts, separator)})
    return rows


def paths_of(sample: Sample) -> list[str]:
    """The paths of a sample's pictures, in order.

    Raises:
        ValueError: a picture has none, or it does not stay in its folder.
    """
    paths = []
    for picture in sample.pictures:
        fault = "is needed" if picture.path is None else reference_fault(picture.path)
        if fault is not None:
            raise ValueError(f"sample {sample.id!r}: picture {shown(picture.path)}: the path {fault}")
        paths.append(str(picture.path))
    return paths


def _sample(row: Row, shape: Shape, warn: Callable[[str, object, str], object]) -> Sample:
    turns = _turns(row, shape)
    pictures = _pictures(row, shape)
    tokens = sum(text.count(IMAGE) for _, text in turns)
    if tokens != len(pictures):
        raise BadRow(
            shape.images,
            row.get(shape.images),
            f"{len(pictures)} pictures and {tokens} {IMAGE} in the texts: there has to be one for each",
        )
    given = iter(pictures)
    label, metadata = _metadata(row, warn)
    return Sample(
        id=_id(row, warn),
        turns=tuple(Turn(role, parts_of(text, given)) for role, text in turns),
        label=label,
        metadata=metadata,
    )


def _turns(row: Row, shape: Shape) -> list[tuple[Role, str]]:
    """Role and text of each turn."""
    turns = row.get(shape.messages)
    if not isinstance(turns, list) or not turns:
        rule = f"has to be a list of turns: {{{shape.role!r}: ..., {shape.content!r}: ...}}"
        raise BadRow(shape.messages, turns, rule)
    found = [_turn(turn, f"{shape.messages}[{place}]", shape) for place, turn in enumerate(turns)]
    if found[0][0] != "system" and row.get(shape.system):
        if not isinstance(row[shape.system], str):
            raise BadRow(shape.system, row[shape.system], "has to be a string")
        found.insert(0, ("system", row[shape.system]))
    said = found[1:] if found[0][0] == "system" else found
    first = len(turns) - len(said)
    for place, (role, _) in enumerate(said):
        expected: Role = "assistant" if place % 2 else "user"
        if role != expected:
            field = f"{shape.messages}[{first + place}].{shape.role}"
            rule = f"turns are of user and assistant in turn, here {_word(shape, expected)}"
            raise BadRow(field, turns[first + place][shape.role], rule)
    if len(said) % 2 or not said:
        raise BadRow(shape.messages, turns[-1], f"has to end with a turn of {_word(shape, 'assistant')}")
    if found[0][0] == "system" and IMAGE in found[0][1]:
        raise BadRow(shape.system, found[0][1], f"no {IMAGE} in the system's text: move it to the user's")
    return found


def _turn(turn: Any, field: str, shape: Shape) -> tuple[Role, str]:
    if not isinstance(turn, dict):
        raise BadRow(field, turn, f"has to be an object with {shape.role!r} and {shape.content!r}")
    word, text = turn.get(shape.role), turn.get(shape.content)
    if not isinstance(word, str) or word not in shape.roles:
        raise BadRow(f"{field}.{shape.role}", word, f"has to be one of {', '.join(shape.roles)}")
    if not isinstance(text, str):
        raise BadRow(f"{field}.{shape.content}", text, "has to be a string")
    return shape.roles[word], text


def _word(shape: Shape, role: Role) -> str:
    return next((word for word, meant in shape.roles.items() if meant == role), role)


def _pictures(row: Row, shape: Shape) -> list[Picture]:
    held = row.get(shape.images)
    values = [] if held is None else held if isinstance(held, list) else [held]
    found = []
    for place, value in enumerate(values):
        field = f"{shape.images}[{place}]" if isinstance(held, list) else shape.images
        if not isinstance(value, str):
            raise BadRow(field, value, "has to be a path, relative to the dataset's folder")
        found.append(_picture(value, field))
    return found


def _picture(value: str, field: str) -> Picture:
    if value.startswith(URL_SCHEMES):
        return Picture(url=value)
    if value.startswith("data:"):
        try:
            return Picture(data=parse(value).data)
        except BadDataUri as bad:
            raise BadRow(field, value, str(bad)) from bad
    fault = (
        f"has to be a path, or begin with {', '.join(URL_SCHEMES)}" if "://" in value else path_fault(value)
    )
    if fault is not None:
        raise BadRow(field, value, fault)
    return Picture(path=value)


def _id(row: Row, warn: Callable[[str, object, str], object]) -> str:
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        warn("id", value, "has to be a string; left out")
    return value if isinstance(value, str) else ""


def _metadata(row: Row, warn: Callable[[str, object, str], object]) -> tuple[str | None, dict[str, str]]:
    """Label and metadata; a null, as tables have for what a row lacks, is passed over."""
    held = row.get("metadata")
    if held is not None and not isinstance(held, dict):
        warn("metadata", held, "has to be an object of strings; left out")
    found: dict[str, str] = {}
    for key, value in held.items() if isinstance(held, dict) else ():
        if isinstance(value, str):
            found[key] = value
        elif value is not None:
            warn(f"metadata.{key}", value, "has to be a string; left out")
    return found.pop(LABEL, None), found
