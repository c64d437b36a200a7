"""What Vertex AI asks of a file for tuning Gemini models, checked on its rows.

The rules are those of its documentation: "Prepare supervised fine-tuning data for Gemini models" for rows and
parts, "Image tuning" for the number and size of pictures, "About supervised fine-tuning for Gemini models"
for files (Gemini 2.5), "Image understanding" for types. They are apart from
:mod:`~vdata_assets.formats.chat.gemini_tuning` on purpose: what reads a row must not be what judges it.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vdata_assets.formats.data_uri import media_type_of
from vdata_assets.formats.json_lines import read_lines
from vdata_assets.formats.problems import Problem, Report, shown

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
UNSEEN = ("image/heic", "image/heif")
"""Types that the first bytes do not tell apart here."""
REMOTE = ("gs://", "https://", "http://")
MOST_IMAGES = 30
MOST_IMAGE_BYTES = 20_000_000
MOST_FILE_BYTES = 1_000_000_000
MOST_ROWS = 1_000_000
MOST_ROWS_WITH_IMAGES = 300_000
MOST_VALIDATION_ROWS = 5_000
KINDS = {"fileData": "file_data", "inlineData": "inline_data"}


class Broken(NamedTuple):
    """Something that is wrong with a row."""

    field: str
    value: object
    rule: str
    warning: bool = False


def check_file(file: Path, report: Report, validation: bool = False) -> int:
    """Check a file of JSON lines and every row of it; the number of rows.

    Args:
        file: for tuning.
        report: told of every problem.
        validation: whether it is the validation dataset, which may have fewer rows.

    Raises:
        OSError: the file cannot be opened.
    """
    count = with_images = 0
    for number, row in read_lines(file, report):
        count += 1
        images: list[str] = []
        for broken in check_row(row, images):
            report(Problem(file.name, number, broken.field, shown(broken.value), broken.rule, broken.warning))
        with_images += bool(images)

    def whole(value: str, rule: str) -> None:
        report(Problem(file.name, 0, "file", value, rule))

    size = file.stat().st_size
    if size > MOST_FILE_BYTES:
        whole(
            f"{size} bytes",
            f"has at most {MOST_FILE_BYTES} bytes: refer to pictures by fileUri, or take fewer",
        )
    most = MOST_VALIDATION_ROWS if validation else MOST_ROWS_WITH_IMAGES if with_images else MOST_ROWS
    if not 1 <= count <= most:
        whole(f"{count} rows", f"has 1 to {most} rows")
    return count


def check_row(row: Mapping[str, Any], images: list[str]) -> Iterator[Broken]:
    """What is wrong with a row; the fields of its pictures are added to ``images``."""
    instruction = row.get("systemInstruction", row.get("system_instruction"))
    if instruction is not None:
        for place, part in enumerate(_parts(instruction)):
            if not isinstance(part, Mapping) or not isinstance(part.get("text"), str):
                yield Broken(f"systemInstruction.parts[{place}]", part, "is a text")
        if not _parts(instruction):
            yield Broken("systemInstruction.parts", instruction, "has a text")
    contents = row.get("contents")
    if not isinstance(contents, list) or not contents:
        yield Broken("contents", contents, "is a list of what user and model say")
        return
    before = None
    for place, content in enumerate(contents):
        field = f"contents[{place}]"
        role = content.get("role") if isinstance(content, Mapping) else None
        if role not in ("user", "model"):
            yield Broken(f"{field}.role", role, "is user or model")
        elif role == before:
            yield Broken(f"{field}.role", role, "is not that before: user and model take turns", warning=True)
        elif role == "model" and before is None:
            yield Broken(f"{field}.role", role, "is user first")
        before = role
        parts = _parts(content)
        if not parts:
            yield Broken(f"{field}.parts", content, "is a list of parts, at least one")
        for number, part in enumerate(parts):
            yield from _part(part, f"{field}.parts[{number}]", str(role), images)
    if before != "model":
        yield Broken("contents", f"ends with {before}", "ends with model: nothing is tuned on otherwise")
    if len(images) > MOST_IMAGES:
        yield Broken("contents", f"{len(images)} pictures", f"has at most {MOST_IMAGES} pictures")


def _parts(content: object) -> list[Any]:
    parts = content.get("parts") if isinstance(content, Mapping) else None
    return parts if isinstance(parts, list) else [parts] if isinstance(parts, Mapping) else []


def _part(part: Any, field: str, role: str, images: list[str]) -> Iterator[Broken]:
    if not isinstance(part, Mapping):
        yield Broken(field, part, "has a text, fileData or inlineData")
        return
    held = {name: part.get(name, part.get(snake)) for name, snake in KINDS.items()}
    given = [name for name, value in {"text": part.get("text"), **held}.items() if value is not None]
    if len(given) != 1:
        yield Broken(field, part, "has exactly one of text, fileData and inlineData")
        return
    (kind,) = given
    if kind == "text":
        if not isinstance(part["text"], str) or not part["text"]:
            yield Broken(f"{field}.text", part["text"], "is a text, and not empty")
        return
    field, images_before = f"{field}.{kind}", len(images)
    images.append(field)
    if role == "model":
        yield Broken(
            field, f"picture {images_before}", "is of the user: the model is tuned to answer in text"
        )
    data = held[kind]
    if not isinstance(data, Mapping):
        yield Broken(field, data, "has a mimeType and what belongs to it")
        return
    media_type = data.get("mimeType", data.get("mime_type"))
    if media_type not in MEDIA_TYPES:
        yield Broken(f"{field}.mimeType", media_type, f"is one of {', '.join(MEDIA_TYPES)}")
    if kind == "fileData":
        address = data.get("fileUri", data.get("file_uri"))
        if not isinstance(address, str) or not address.startswith(REMOTE):
            yield Broken(
                f"{field}.fileUri", address, "is an address that begins with gs://, https:// or http://"
            )
        return
    yield from _inline(data.get("data"), f"{field}.data", media_type)


def _inline(data: Any, field: str, media_type: Any) -> Iterator[Broken]:
    rule = "is a fileUri in the service's documentation of tuning, which does not mention inlineData"
    yield Broken(field, "inline", rule, warning=True)
    if not isinstance(data, str):
        yield Broken(field, data, "is base64")
        return
    if len(data) // 4 * 3 > MOST_IMAGE_BYTES + 2:
        yield Broken(field, f"{len(data)} characters", f"has at most {MOST_IMAGE_BYTES} bytes")
        return
    try:
        content = base64.b64decode(data.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        yield Broken(field, data, f"is base64: {error}")
        return
    found = media_type if media_type in UNSEEN else media_type_of(content)
    if found is None or (media_type in MEDIA_TYPES and found != media_type):
        yield Broken(field, found or "no image", f"is what mimeType says: {media_type}")
