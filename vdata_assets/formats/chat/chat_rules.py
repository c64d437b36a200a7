"""What the services that train on chat messages ask of a file, checked row by row on its bytes."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from vdata_assets.formats.data_uri import MOST_BYTES, BadDataUri, parse
from vdata_assets.formats.inline_pictures import look, path_fault
from vdata_assets.formats.json_lines import read_lines
from vdata_assets.formats.problems import SHOWN, Problem, Report, shown
from vdata_resources.images import UnreadableImage, probe

MEDIA_FORMATS = {"image/png": "PNG", "image/jpg": "JPEG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
WEB = ("https://", "http://")
LOCAL = "file://"


@dataclass(frozen=True)
class ChatRules:
    """The rules of a service.

    Attributes:
        service: as messages call it.
        roles: of messages.
        media_types: that a data URI may declare.
        web: whether a picture may be an https URL.
        local: whether pictures are ``file://`` and a relative path instead.
        least_rows: of a file.
        most_rows: of a file; None for any number.
        most_picture_rows: rows with pictures in a file; None for any number.
        most_file_bytes: of a file; None for any number.
        most_pictures: of a row; None for any number.
        most_picture_bytes: of a picture's file; None for any number.
        modes: of pictures, as Pillow names them; None for any.
        user_pictures: whether pictures may stand in users' messages only.
        details: what ``image_url.detail`` may be; None for anything.
        one_form: whether the contents of a row are all texts or, with a picture at least, all lists.
        alternate: whether no two messages of one role may follow one another.
        assistant_last: whether an assistant's message is the last, or one anywhere is enough.
        user_weights: whether other messages than assistants' may have a weight; 0 where there are pictures.
        keys: of a row; None for any.
        bare_lines: whether a byte order mark or a blank line breaks the file.
    """

    service: str
    media_types: tuple[str, ...]
    roles: tuple[str, ...] = ("system", "user", "assistant")
    web: bool = False
    local: bool = False
    least_rows: int = 1
    most_rows: int | None = None
    most_picture_rows: int | None = None
    most_file_bytes: int | None = None
    most_pictures: int | None = None
    most_picture_bytes: int | None = None
    modes: frozenset[str] | None = None
    user_pictures: bool = False
    details: tuple[str, ...] | None = None
    one_form: bool = False
    alternate: bool = False
    assistant_last: bool = True
    user_weights: bool = False
    keys: frozenset[str] | None = None
    bare_lines: bool = False

    @property
    def picture_types(self) -> frozenset[str]:
        """The media types by their registered names, for ``image/jpg`` is none."""
        return frozenset("image/" + MEDIA_FORMATS[name].lower() for name in self.media_types)


class Fault(NamedTuple):
    """A broken rule: where in the row, what stands there, what is allowed."""

    field: str
    value: str
    rule: str
    warning: bool = False


def content_shown(value: object) -> str:
    """A value for a message, without the bytes of pictures and without going through large ones."""
    if isinstance(value, str):
        comma = value.find(",", 0, SHOWN)
        if value.startswith("data:") and comma > 0:
            return f"'{value[: comma + 1]}…' ({len(value)} characters)"
        return shown(value[: 2 * SHOWN])
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object with {shown(sorted(value))}"
    return "nothing" if value is None else shown(value)


def check_chat_file(file: Path, rules: ChatRules, report: Report) -> int:
    """Report every broken rule of a file of messages; the number of its rows, broken ones included.

    Raises:
        OSError: the file cannot be read.
    """
    service, rows, picture_rows, blank, last = rules.service, 0, 0, 0, 0

    def whole(value: str, rule: str) -> None:
        report(Problem(file.name, 0, "file", value, rule))

    def passed(number: int) -> None:
        nonlocal rows, blank, last
        rows, blank, last = rows + 1, blank + number - last - 1, number

    def broken(problem: Problem) -> None:
        if problem.row:
            passed(problem.row)
        report(problem)

    size = file.stat().st_size
    if rules.most_file_bytes is not None and size > rules.most_file_bytes:
        whole(f"{size} bytes", f"{service} takes at most {rules.most_file_bytes} bytes a file: split it")
    for number, row in read_lines(file, broken):
        passed(number)
        picture_rows += _pictures_in(row) > 0
        for fault in check_chat_row(row, rules):
            report(Problem(file.name, number, *fault))
    if rules.bare_lines:
        if _starts_with_mark(file):
            whole("a byte order mark", f"{service} reads it as part of the first row: save without it")
        if blank or _ends_blank(file):
            whole("a blank line", f"{service} reads it as a row that is no JSON: remove blank lines")
    if rows < rules.least_rows:
        whole(f"{rows} rows", f"{service} takes at least {rules.least_rows} rows: add some")
    if rules.most_rows is not None and rows > rules.most_rows:
        whole(f"{rows} rows", f"{service} takes at most {rules.most_rows} rows: split the file")
    if rules.most_picture_rows is not None and picture_rows > rules.most_picture_rows:
        most = rules.most_picture_rows
        whole(f"{picture_rows} rows with pictures", f"{service} takes at most {most} of them: split the file")
    return rows


def check_chat_row(row: Mapping[str, Any], rules: ChatRules) -> Iterator[Fault]:
    """The rules that a row breaks."""
    service = rules.service
    for key in () if rules.keys is None else sorted(row.keys() - rules.keys):
        yield Fault(
            key[:SHOWN], "an unknown key", f"{service} takes {', '.join(sorted(rules.keys or ()))} only"
        )
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        yield Fault("messages", content_shown(messages), "has to be a list of at least one message")
        return
    for number, message in enumerate(messages):
        place = f"messages[{number}]"
        if not isinstance(message, dict):
            yield Fault(place, content_shown(message), "has to be an object with role and content")
            continue
        yield from _check_message(message, number, place, rules)
    known = [message for message in messages if isinstance(message, dict)]
    yield from _check_turns([message.get("role") for message in known], rules)
    pictures = _pictures_in(row)
    if rules.most_pictures is not None and pictures > rules.most_pictures:
        yield Fault(
            "messages", f"{pictures} pictures", f"{service} takes at most {rules.most_pictures} a row"
        )
    if rules.one_form:
        lists = [
            isinstance(message["content"], list) for message in known if message.get("content") is not None
        ]
        if any(lists) and not all(lists):
            yield Fault(
                "messages", "texts and lists", f"{service} takes contents that are all texts or all lists"
            )
        elif lists and all(lists) and not pictures:
            yield Fault(
                "messages", "lists without a picture", f"{service} takes texts where there is no picture"
            )


def _check_turns(roles: list[object], rules: ChatRules) -> Iterator[Fault]:
    last = len(roles) - 1
    if rules.assistant_last and roles[-1:] != ["assistant"]:
        rule = f"{rules.service} takes rows that end with the assistant's answer"
        yield Fault(f"messages[{last}].role", content_shown(roles[-1] if roles else None), rule)
    elif "assistant" not in roles:
        yield Fault("messages", "no assistant", f"{rules.service} takes rows with an assistant's message")
    if rules.alternate:
        for number, (before, after) in enumerate(pairwise(roles), start=1):
            if before == after:
                rule = f"{rules.service} takes user and assistant in turn"
                yield Fault(f"messages[{number}].role", content_shown(after), rule)


def _check_message(message: Mapping[str, Any], number: int, place: str, rules: ChatRules) -> Iterator[Fault]:
    role, weight, content = message.get("role"), message.get("weight"), message.get("content")
    if role not in rules.roles:
        yield Fault(f"{place}.role", content_shown(role), f"has to be one of {', '.join(rules.roles)}")
    elif role == "system" and number:
        yield Fault(
            f"{place}.role", "'system'", "only the first message may be the system's, and one at most"
        )
    pictures = isinstance(content, list) and any(_is_picture(part) for part in content)
    if weight is not None:
        if isinstance(weight, bool) or not isinstance(weight, int) or weight not in (0, 1):
            yield Fault(f"{place}.weight", content_shown(weight), "has to be 0 or 1")
        elif not rules.user_weights and role != "assistant":
            yield Fault(f"{place}.weight", content_shown(weight), "only an assistant's message has a weight")
        elif pictures and weight:
            yield Fault(f"{place}.weight", content_shown(weight), "has to be 0 where there are pictures")
    if isinstance(content, str):
        if "data:image/" in content and ";base64," in content:
            yield Fault(
                f"{place}.content", content_shown(content), "has to be a list where there are pictures"
            )
    elif isinstance(content, list):
        for index, part in enumerate(content):
            yield from _check_part(part, role, f"{place}.content[{index}]", rules)
    elif content is not None or role != "assistant" or not message.get("tool_calls"):
        yield Fault(f"{place}.content", content_shown(content), "has to be a text or a list of parts")


def _check_part(part: Any, role: object, place: str, rules: ChatRules) -> Iterator[Fault]:
    if not isinstance(part, dict):
        yield Fault(place, content_shown(part), "has to be an object of type text or image_url")
    elif part.get("type") == "text":
        if not isinstance(part.get("text"), str):
            yield Fault(f"{place}.text", content_shown(part.get("text")), "has to be a text")
    elif not _is_picture(part):
        yield Fault(f"{place}.type", content_shown(part.get("type")), "has to be text or image_url")
    else:
        if rules.user_pictures and role != "user":
            yield Fault(
                f"{place}.type", "'image_url'", f"{rules.service} takes pictures in users' messages only"
            )
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else None
        if not isinstance(image, dict) or not isinstance(url, str):
            yield Fault(f"{place}.image_url", content_shown(image), 'has to be {"url": <text>}')
            return
        detail = image.get("detail")
        if rules.details is not None and detail is not None and detail not in rules.details:
            known = ", ".join(rules.details)
            yield Fault(f"{place}.image_url.detail", content_shown(detail), f"has to be one of {known}")
        for rule, warning in _check_url(url, rules):
            yield Fault(f"{place}.image_url.url", content_shown(url), rule, warning)


def _check_url(url: str, rules: ChatRules) -> Iterator[tuple[str, bool]]:
    """The rules that a picture's URL breaks, and whether each is a warning."""
    known = ", ".join(rules.media_types)
    if rules.local:
        fault = path_fault(url.removeprefix(LOCAL)) if url.startswith(LOCAL) else f"has to follow {LOCAL}"
        if fault is not None:
            yield f"the path {fault}", False
    elif url.startswith(WEB):
        if not rules.web:
            yield f"{rules.service} fetches nothing: download it and put its bytes here", False
    elif url.startswith(tuple(f"data:{name};base64," for name in rules.media_types)):
        yield from _check_data(url, rules, known)
    else:
        web = "https or " if rules.web else ""
        yield f"has to be {web}data:<type>;base64,<text>, type one of {known}", False


def _check_data(url: str, rules: ChatRules, known: str) -> Iterator[tuple[str, bool]]:
    try:
        uri = parse(url, rules.most_picture_bytes or MOST_BYTES)
        header = probe(uri.data)
    except BadDataUri as error:
        yield str(error), False
        return
    except UnreadableImage as error:
        yield f"no image that can be decoded: {error.reason}", False
        return
    if header.format != MEDIA_FORMATS[uri.media_type]:
        taken = header.format in (MEDIA_FORMATS[name] for name in rules.media_types)
        yield (
            f"the bytes are {header.format}: " + ("declare them so" if taken else f"has to be {known}"),
            False,
        )
    seen = look(uri.data)
    if rules.modes is not None and seen.mode not in rules.modes:
        yield f"the picture's mode is {seen.mode}: has to be {' or '.join(sorted(rules.modes))}", False
    if seen.turned:
        yield f"stands upright by its EXIF only, which {rules.service} does not say it heeds: turn it", True


def _is_picture(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "image_url"


def _pictures_in(row: Mapping[str, Any]) -> int:
    messages = row.get("messages")
    contents = [
        message.get("content")
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict)
    ]
    return sum(_is_picture(part) for content in contents if isinstance(content, list) for part in content)


def _starts_with_mark(file: Path) -> bool:
    with file.open("rb") as source:
        return source.read(len(BOM_UTF8)) == BOM_UTF8


def _ends_blank(file: Path) -> bool:
    """Whether a blank line is the last: those before are known by the numbers of rows."""
    with file.open("rb") as source:
        end = source.seek(0, 2)
        source.seek(max(0, end - 4))
        return source.read().replace(b"\r", b"").endswith(b"\n\n")
