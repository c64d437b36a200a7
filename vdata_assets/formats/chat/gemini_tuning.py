"""Conversations as Vertex AI tunes Gemini models on them."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from vdata_assets.formats.chat.gemini_rules import (
    MEDIA_TYPES,
    MOST_IMAGE_BYTES,
    MOST_IMAGES,
    REMOTE,
    check_file,
)
from vdata_assets.formats.conversation import CHAT, Feature, Picture, Role, Sample, Turn, merged
from vdata_assets.formats.data_uri import BadDataUri, media_type_of, parse
from vdata_assets.formats.inline_pictures import InlinePictures, path_fault
from vdata_assets.formats.line_format import LineFormat, split_file
from vdata_assets.formats.problems import BadRow, Report

PREFIX = re.compile(r"(gs|https?)://[^/?#\s]+(/[^?#]*)?")
SUFFIXES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
ROLES: dict[str, Role] = {"user": "user", "model": "assistant"}
INLINED = frozenset({"image/jpeg", "image/png", "image/webp"})
SAID = CHAT | {Feature.URL, Feature.DATA}


class GeminiTuning(LineFormat):
    """JSON lines for supervised tuning (Vertex AI documentation, "Prepare supervised fine-tuning data").

    A row is ``{"systemInstruction": {"role", "parts": [{"text"}]}, "contents": [{"role": "user" or "model",
    "parts": [...]}]}``; a part is ``{"text"}``, ``{"fileData": {"mimeType", "fileUri"}}`` or ``{"inlineData":
    {"mimeType", "data"}}`` with base64. The service reads files from Cloud Storage or public web addresses:
    upload the dataset's folder as it is, and name as ``prefix`` where to. Pictures that are bytes go inline;
    those that are a web or Cloud Storage address stay so.

    Args:
        prefix: address of the dataset's folder, such as ``gs://bucket/cats``. A picture by path is written as
            prefix, ``/`` and path (percent-encoded after http), and an address under the prefix is read as a
            path. Needed for pictures by path only.

    Raises:
        ValueError: the prefix is no address of a folder.
    """

    name: ClassVar[str] = "gemini"
    expresses: ClassVar[frozenset[Feature]] = SAID | {Feature.PATH}

    def __init__(self, prefix: str = "") -> None:
        if prefix and not PREFIX.fullmatch(prefix):
            raise ValueError(
                f"prefix: {prefix!r}: has to be the address of a folder, such as gs://bucket/cats"
            )
        self.prefix = prefix.rstrip("/")

    def row_of(self, sample: Sample, root: Path) -> dict[str, Any]:
        """See :class:`~vdata_assets.formats.line_format.LineFormat`."""
        if len(sample.pictures) > MOST_IMAGES:
            number = len(sample.pictures)
            raise ValueError(f"sample {sample.id!r}: {number} pictures: at most {MOST_IMAGES} an example")
        row: dict[str, Any] = {}
        contents = []
        for place, turn in enumerate(sample.turns):
            parts = [self._part(part, sample, place, root) for part in turn.parts]
            if not parts:
                raise ValueError(
                    f"sample {sample.id!r}: turn {place}: has nothing to say: every turn has a part"
                )
            if turn.role == "system":
                if turn.pictures:
                    raise ValueError(
                        f"sample {sample.id!r}: turn {place}: an instruction is text: move the picture"
                    )
                row["systemInstruction"] = {"role": "system", "parts": parts}
            else:
                contents.append({"role": "user" if turn.role == "user" else "model", "parts": parts})
        return row | {"contents": contents}

    def sample_of(self, row: Mapping[str, Any]) -> Sample:
        """See :class:`~vdata_assets.formats.line_format.LineFormat`; keys may be in snake case too."""
        instruction = _either(row, "systemInstruction")
        contents = row.get("contents")
        if not isinstance(contents, list) or not contents:
            raise BadRow("contents", contents, "is a list of what user and model say")
        turns = [] if instruction is None else [Turn("system", self._parts(instruction, "systemInstruction"))]
        for place, content in enumerate(contents):
            field = f"contents[{place}]"
            role = content.get("role") if isinstance(content, Mapping) else None
            spoken = ROLES.get(role) if isinstance(role, str) else None
            if spoken is None:
                raise BadRow(f"{field}.role", role, "is user or model")
            parts = self._parts(content, field)
            if spoken == "assistant" and not any(turn.role == "user" for turn in turns):
                raise BadRow(f"{field}.role", role, "is user before there is a model")
            if turns and turns[-1].role == spoken:
                parts = merged(iter((*turns.pop().parts, *parts)))
            turns.append(Turn(spoken, parts))
        return Sample("", tuple(turns))

    def validate(self, folder: Path, split: str, report: Report) -> int:
        """See :func:`~vdata_assets.formats.chat.gemini_rules.check_file`."""
        return check_file(folder / split_file(split, self._end), report, split in ("val", "validation"))

    def validate_file(self, file: Path, report: Report) -> int:
        """See :func:`~vdata_assets.formats.chat.gemini_rules.check_file`."""
        return check_file(file, report)

    def _part(self, part: str | Picture, sample: Sample, turn: int, root: Path) -> dict[str, Any]:
        if isinstance(part, str):
            return {"text": part}
        try:
            return self._picture(part, root)
        except ValueError as error:
            told = part.path or part.url or "bytes"
            raise ValueError(f"sample {sample.id!r}: turn {turn}: picture {told}: {error}") from error

    def _picture(self, picture: Picture, root: Path) -> dict[str, Any]:
        if picture.data is not None:
            return _inline(picture, root)
        if picture.path is not None:
            return self._file(picture.path, root)
        address = str(picture.url)
        media_type = SUFFIXES.get(PurePosixPath(address.partition("?")[0]).suffix.lower())
        if not address.startswith(REMOTE) or media_type is None:
            raise ValueError(f"has to be gs:, http: or https: and end with {', '.join(SUFFIXES)}")
        return {"fileData": {"mimeType": media_type, "fileUri": address}}

    def _file(self, path: str, root: Path) -> dict[str, Any]:
        fault = path_fault(path)
        if fault is not None:
            raise ValueError(f"the path {fault}")
        if not self.prefix:
            raise ValueError(
                "the service reads no local file: give the format a prefix such as gs://bucket/cats"
            )
        try:
            with (root / path).open("rb") as file:
                media_type = media_type_of(file.read(16))
            size = (root / path).stat().st_size
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from error
        if media_type not in MEDIA_TYPES or size > MOST_IMAGE_BYTES:
            rule = f"{', '.join(MEDIA_TYPES)} of at most {MOST_IMAGE_BYTES} bytes are taken: convert it"
            raise ValueError(f"{media_type or 'no image'} of {size} bytes: {rule}")
        address = path if self.prefix.startswith("gs://") else quote(path)
        return {"fileData": {"mimeType": media_type, "fileUri": f"{self.prefix}/{address}"}}

    def _parts(self, content: object, field: str) -> "tuple[str | Picture, ...]":
        parts = content.get("parts") if isinstance(content, Mapping) else None
        if isinstance(parts, Mapping):
            parts = [parts]
        if not isinstance(parts, list):
            raise BadRow(f"{field}.parts", parts, "is a list of parts")
        return merged(self._read(part, f"{field}.parts[{place}]") for place, part in enumerate(parts))

    def _read(self, part: object, field: str) -> str | Picture:
        if isinstance(part, Mapping):
            if isinstance(part.get("text"), str):
                return str(part["text"])
            file, inline = _either(part, "fileData"), _either(part, "inlineData")
            if isinstance(file, Mapping):
                return self._address(_either(file, "fileUri"), f"{field}.fileData.fileUri")
            if isinstance(inline, Mapping):
                return _decoded(inline.get("data"), f"{field}.inlineData.data")
        raise BadRow(field, part, "has a text, fileData or inlineData; others are not read")

    def _address(self, address: object, field: str) -> Picture:
        if not isinstance(address, str) or not address.startswith(REMOTE):
            raise BadRow(field, address, "is an address that begins with gs://, https:// or http://")
        if self.prefix and address.startswith(f"{self.prefix}/"):
            path = address.removeprefix(f"{self.prefix}/")
            path = path if self.prefix.startswith("gs://") else unquote(path)
            fault = path_fault(path)
            if fault is not None:
                raise BadRow(field, address, f"the path under {self.prefix} {fault}")
            return Picture(path=path)
        return Picture(url=address)


class GeminiInline(GeminiTuning):
    """The same rows with every file's bytes in them, for small sets: the tuning file may have 1 GB.

    The service's reference of parts has ``inlineData``; its pages on tuning show ``fileData`` alone. Pictures
    of other types than JPEG, PNG and WebP become PNG. A picture by path comes back from :meth:`load` as
    bytes.
    """

    name: ClassVar[str] = "gemini_inline"
    expresses: ClassVar[frozenset[Feature]] = SAID
    inlines: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()

    def pictures(self, root: Path) -> InlinePictures:
        """The pictures as the service takes them."""
        return _inlined(root)

    def _file(self, path: str, root: Path) -> dict[str, Any]:
        return _inline(Picture(path=path), root)


def _inlined(root: Path) -> InlinePictures:
    return InlinePictures(root, INLINED, most_bytes=MOST_IMAGE_BYTES)


def _inline(picture: Picture, root: Path) -> dict[str, Any]:
    data, media_type = _inlined(root).read(picture)
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(data).decode()}}


def _decoded(data: object, field: str) -> Picture:
    if not isinstance(data, str):
        raise BadRow(field, data, "is base64")
    try:
        content = parse("data:;base64," + data.replace("-", "+").replace("_", "/")).data
    except BadDataUri as error:
        raise BadRow(field, data, str(error)) from error
    if not content:
        raise BadRow(field, data, "has the bytes of a picture")
    return Picture(data=content)


def _either(found: Mapping[str, Any], key: str) -> Any:
    """A value by its key in camel case or in snake case, which protobuf's JSON takes as well."""
    return found.get(key, found.get(re.sub("([A-Z])", r"_\1", key).lower()))
