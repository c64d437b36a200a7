"""Role and content messages, as OpenAI made them and others took them over: rows of JSON lines and samples.

A row is ``{"messages": [{"role", "content"}, ...]}``. Content is a text, or a list of ``{"type": "text",
"text"}`` and ``{"type": "image_url", "image_url": {"url"}}`` in their order. What each service asks beyond
that is in :mod:`~vdata_assets.formats.chat.chat_rules`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from vdata_assets.formats.chat.chat_rules import LOCAL, WEB, ChatRules, check_chat_file, content_shown
from vdata_assets.formats.conversation import Feature, Picture, Role, Sample, Turn, merged
from vdata_assets.formats.data_uri import BadDataUri, append_data_uri, media_type_of, parse
from vdata_assets.formats.features import require
from vdata_assets.formats.inline_pictures import InlinePictures
from vdata_assets.formats.json_lines import read_rows
from vdata_assets.formats.line_format import SplitFiles, split_file
from vdata_assets.formats.problems import BadRow, Problem, Report
from vdata_assets.formats.tables.embedded_pictures import require_text

FLUSHED_BYTES = 1 << 18
ROLES: tuple[Role, ...] = ("system", "user", "assistant")
ONE_EACH = "user and assistant messages take turns after the system's"
_ENCODER = msgspec.json.Encoder()


class ChatMessages(SplitFiles):
    """JSON lines of messages, ``<split>_<format name>.jsonl``; what the services' formats share.

    Reading is lenient: content in either form, unknown keys, types and sizes of pictures that the service
    would not take; :meth:`validate` is strict. Messages of one role in a row, as in OpenAI's own example, are
    read as one turn, with a warning.
    """

    expresses: ClassVar[frozenset[Feature]]
    inlines: ClassVar[bool] = True
    rules: ClassVar[ChatRules]

    def as_list(self, sample: Sample, turn: Turn) -> bool:
        """Whether a turn's content is written as a list of parts, not as a text."""
        return bool(turn.pictures)

    def pictures(self, root: Path) -> InlinePictures:
        """The pictures as the service takes them."""
        rules = self.rules
        return InlinePictures(root, rules.picture_types, rules.modes, rules.most_picture_bytes)

    def append_url(self, row: bytearray, picture: Picture, pictures: InlinePictures) -> None:
        """Add a picture's URL and the quotation mark after it to a row in the making.

        Raises:
            ValueError: the service does not take it; does not name the picture.
        """
        if picture.url is not None and self.rules.web and picture.url.startswith(WEB):
            row += _ENCODER.encode(picture.url)[1:]
        else:
            append_data_uri(row, *pictures.read(picture))

    def read_url(self, url: str) -> Picture:
        """The picture that a URL in a row stands for.

        Raises:
            ValueError: there is none; says what is allowed.
        """
        if url.startswith(WEB):
            return Picture(url=url)
        if url.startswith(LOCAL):
            raise ValueError("is a path on a machine: read the file with the format fireworks_file_paths")
        data = parse(url).data
        if media_type_of(data) is None:
            raise BadDataUri("the bytes are no image (JPEG, PNG, WebP, GIF, BMP, TIFF)")
        return Picture(data=data)

    def save(self, splits: Mapping[str, Iterable[Sample]], folder: Path, root: Path) -> list[Path]:
        """Write a file a split, pictures as they come; see :class:`~vdata_assets.formats.format.Format`."""
        pictures = self.pictures(root)
        files = [split_file(split, self._end) for split in splits]
        for file, samples in zip(files, splits.values(), strict=True):
            buffer = bytearray()
            with (folder / file).open("wb", buffering=0) as target:
                for number, sample in enumerate(samples, start=1):
                    self._append_row(buffer, sample, f"{file}:{number}", pictures)
                    if len(buffer) >= FLUSHED_BYTES:
                        _write(target, buffer)
                _write(target, buffer)
        return files

    def load_file(self, file: Path, report: Report) -> Iterator[Sample]:
        """See :class:`~vdata_assets.formats.format.Format`; a JSON array is read too."""
        for number, row in read_rows(file, report):

            def warn(field: str, value: str, rule: str, number: int = number) -> None:
                report(Problem(file.name, number, field, value, rule, warning=True))

            try:
                turns = self._turns(row, warn)
            except BadRow as bad:
                report(Problem(file.name, number, bad.field, bad.value, bad.rule))
            else:
                yield Sample("", turns)

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """See :class:`~vdata_assets.formats.format.Format`."""
        return check_chat_file(folder / split_file(split, self._end), self.rules, report)

    def _append_row(self, row: bytearray, sample: Sample, place: str, pictures: InlinePictures) -> None:
        require(sample, self.expresses | {Feature.PATH} if self.inlines else self.expresses, self.name)
        require_text(sample)
        where = f"{place}: sample {sample.id!r}" if sample.id else place
        self._refuse(sample, where)
        row += b'{"messages":['
        for number, turn in enumerate(sample.turns):
            row += b',{"role":' if number else b'{"role":'
            row += _ENCODER.encode(turn.role) + b',"content":'
            if self.as_list(sample, turn):
                self._append_parts(row, turn, f"{where}: turn {number}", pictures)
            else:
                row += _ENCODER.encode(turn.text)
            if turn.weight is not None:
                row += b',"weight":1' if turn.weight else b',"weight":0'
            row += b"}"
        row += b"]}\n"

    def _append_parts(self, row: bytearray, turn: Turn, where: str, pictures: InlinePictures) -> None:
        for index, part in enumerate(turn.parts or ("",)):
            row += b"," if index else b"["
            if isinstance(part, str):
                row += b'{"type":"text","text":' + _ENCODER.encode(part) + b"}"
                continue
            row += b'{"type":"image_url","image_url":{"url":"'
            try:
                self.append_url(row, part, pictures)
            except ValueError as error:
                told = part.path or part.url or "given as bytes"
                raise ValueError(f"{where}: picture {told}: {error}") from error
            row += b"}}"
        row += b"]"

    def _refuse(self, sample: Sample, where: str) -> None:
        """Raise for what no row of the service can say."""
        service, most = self.rules.service, self.rules.most_pictures
        if not sample.turns or sample.turns[-1].role != "assistant":
            raise ValueError(
                f"{where}: {service} trains on an assistant's last turn: add one or leave it out"
            )
        for number, turn in enumerate(sample.turns):
            if turn.role != "user" and turn.pictures:
                raise ValueError(
                    f"{where}: turn {number} ({turn.role}): {service} takes pictures of users only"
                )
            if turn.weight is not None and (turn.role != "assistant" or turn.weight not in (0, 1)):
                said = f"weight {turn.weight:g} of {turn.role}"
                raise ValueError(f"{where}: turn {number}: {said}: {service} takes 0 or 1, of assistants")
        if most is not None and len(sample.pictures) > most:
            raise ValueError(f"{where}: {len(sample.pictures)} pictures: {service} takes at most {most}")

    def _turns(self, row: Mapping[str, Any], warn: Callable[[str, str, str], object]) -> tuple[Turn, ...]:
        messages = row.get("messages")
        if not isinstance(messages, list) or not messages:
            raise _bad("messages", messages, "has to be a list of messages")
        turns: list[Turn] = []
        for number, message in enumerate(messages):
            place = f"messages[{number}]"
            turn = self._turn(message, place)
            if turns and turns[-1].role == turn.role != "system":
                if turns[-1].weight != turn.weight:
                    raise _bad(f"{place}.weight", turn.weight, f"is not that before: {ONE_EACH}")
                warn(f"{place}.role", repr(turn.role), f"read as one turn with that before: {ONE_EACH}")
                turns[-1] = _joined(turns[-1], turn)
            elif turn.role == "system" and turns:
                raise _bad(f"{place}.role", turn.role, "only the first message is a system's")
            elif turn.role == "assistant" and all(said.role == "system" for said in turns):
                raise _bad(f"{place}.role", turn.role, f"a user's message has to come before: {ONE_EACH}")
            else:
                turns.append(turn)
        return tuple(turns)

    def _turn(self, message: Any, place: str) -> Turn:
        if not isinstance(message, dict):
            raise _bad(place, message, "has to be an object with role and content")
        role, weight = message.get("role"), message.get("weight")
        if role not in ROLES:
            raise _bad(f"{place}.role", role, f"has to be one of {', '.join(ROLES)}")
        if weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
            raise _bad(f"{place}.weight", weight, "has to be 0 or 1")
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        if not isinstance(content, list):
            raise _bad(f"{place}.content", content, "has to be a text or a list of parts")
        parts = (self._part(part, f"{place}.content[{at}]") for at, part in enumerate(content))
        # The weight of others than the assistant says nothing: they are never trained on.
        return Turn(role, merged(parts), weight if role == "assistant" else None)

    def _part(self, part: Any, place: str) -> str | Picture:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text":
            if not isinstance(part.get("text"), str):
                raise _bad(f"{place}.text", part.get("text"), "has to be a text")
            return str(part["text"])
        if kind != "image_url":
            value = part if kind is None else kind
            raise _bad(f"{place}.type" if kind else place, value, "has to be of type text or image_url")
        url, place = part.get("image_url"), f"{place}.image_url"
        if isinstance(url, dict):
            url, place = url.get("url"), f"{place}.url"
        if not isinstance(url, str):
            raise _bad(place, url, 'has to be {"url": <text>}')
        try:
            return self.read_url(url)
        except ValueError as error:
            raise _bad(place, url, str(error)) from error


def _bad(field: str, value: object, rule: str) -> BadRow:
    return BadRow(field, value, rule, content_shown)


def _joined(before: Turn, after: Turn) -> Turn:
    """Two turns of one side as one; texts that meet are on lines of their own."""
    meet = before.parts[-1:] + after.parts[:1]
    between = ("\n",) if len(meet) == 2 and all(isinstance(part, str) for part in meet) else ()
    return Turn(before.role, merged(iter((*before.parts, *between, *after.parts))), before.weight)


def _write(target: Any, buffer: bytearray) -> None:
    """Write all of the buffer, which an unbuffered file may take in parts, and empty it."""
    with memoryview(buffer) as left:
        start = 0
        while start < len(left):
            start += target.write(left[start:])
    del buffer[:]
