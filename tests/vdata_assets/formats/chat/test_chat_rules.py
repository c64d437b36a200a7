"""The services' rules: each broken once, and what is said of it."""

import base64
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from made_chats import FIREWORKS, JPEG, LOCAL, OPENAI, PNG, TOGETHER, image, row, text, uri
from made_samples import image_bytes
from PIL import Image

from vdata_assets.formats.chat.chat_messages import ChatMessages

SHOWN = "'data:image/png;base64,…'"
URL = "messages[0].content[0].image_url.url"


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.new("RGB", (4, 3)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def of_mode(mode: str, kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new(mode, (4, 3)).save(file, kind)
    return file.getvalue()


def broken(made: ChatMessages, change: Callable[[list[Any]], object]) -> dict[str, Any]:
    found = row(made)
    change(found["messages"])
    return found


def problems_of(made: ChatMessages, lines: list[Any], tmp_path: Path) -> list[str]:
    file = tmp_path / f"train_{made.name}.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    found: list[str] = []
    count = made.validate(tmp_path, "train", lambda problem: found.append(str(problem)))
    assert count == len(lines)
    return [problem.removeprefix(f"{file.name}:2: ") for problem in found]


ROWS: dict[str, tuple[ChatMessages, dict[str, Any], str]] = {
    "no messages": (FIREWORKS, {}, "messages: nothing: has to be a list of at least one message"),
    "empty messages": (
        FIREWORKS,
        {"messages": []},
        "messages: a list of 0: has to be a list of at least one message",
    ),
    "a message": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said.insert(0, "Hi")),
        "messages[0]: 'Hi': has to be an object with role and content",
    ),
    "role": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[0].update(role="tool")),
        "messages[0].role: 'tool': has to be one of system, user, assistant",
    ),
    "system second": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said.insert(1, {"role": "system", "content": "x"})),
        "messages[1].role: 'system': only the first message may be the system's, and one at most",
    ),
    "system twice": (
        OPENAI,
        broken(OPENAI, lambda said: said.__setitem__(slice(0, 0), [{"role": "system", "content": "x"}] * 2)),
        "messages[1].role: 'system': only the first message may be the system's, and one at most",
    ),
    "no answer": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said.pop()),
        "messages[0].role: 'user': Fireworks takes rows that end with the assistant's answer",
    ),
    "question last": (
        OPENAI,
        broken(OPENAI, lambda said: said.append({"role": "user", "content": "And?"})),
        "messages[2].role: 'user': OpenAI takes rows that end with the assistant's answer",
    ),
    "no assistant": (
        TOGETHER,
        broken(TOGETHER, lambda said: said.pop()),
        "messages: no assistant: Together takes rows with an assistant's message",
    ),
    "same role": (
        TOGETHER,
        broken(TOGETHER, lambda said: said.append(said[-1])),
        "messages[2].role: 'assistant': Together takes user and assistant in turn",
    ),
    "weight": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[1].update(weight=2)),
        "messages[1].weight: 2: has to be 0 or 1",
    ),
    "weight with a point": (
        TOGETHER,
        broken(TOGETHER, lambda said: said[1].update(weight=1.0)),
        "messages[1].weight: 1.0: has to be 0 or 1",
    ),
    "weight of a user": (
        OPENAI,
        broken(OPENAI, lambda said: said[0].update(weight=0)),
        "messages[0].weight: 0: only an assistant's message has a weight",
    ),
    "weight of a picture": (
        TOGETHER,
        broken(TOGETHER, lambda said: said[0].update(weight=1)),
        "messages[0].weight: 1: has to be 0 where there are pictures",
    ),
    "no content": (
        OPENAI,
        broken(OPENAI, lambda said: said[1].pop("content")),
        "messages[1].content: nothing: has to be a text or a list of parts",
    ),
    "picture in a text": (
        OPENAI,
        broken(OPENAI, lambda said: said[0].update(content=uri(PNG))),
        f"messages[0].content: {SHOWN} ({len(uri(PNG))} characters): "
        "has to be a list where there are pictures",
    ),
    "part": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[0]["content"].append("Hi")),
        "messages[0].content[2]: 'Hi': has to be an object of type text or image_url",
    ),
    "type of a part": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[0]["content"].append({"type": "image"})),
        "messages[0].content[2].type: 'image': has to be text or image_url",
    ),
    "text": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[0]["content"].append({"type": "text"})),
        "messages[0].content[2].text: nothing: has to be a text",
    ),
    "image_url": (
        FIREWORKS,
        broken(FIREWORKS, lambda said: said[0]["content"][0].update(image_url="a.jpg")),
        "messages[0].content[0].image_url: 'a.jpg': has to be {\"url\": <text>}",
    ),
    "picture of an assistant": (
        OPENAI,
        broken(OPENAI, lambda said: said[1].update(content=[image(uri(PNG))])),
        "messages[1].content[0].type: 'image_url': OpenAI takes pictures in users' messages only",
    ),
    "detail": (
        OPENAI,
        broken(OPENAI, lambda said: said[0]["content"][0]["image_url"].update(detail="best")),
        "messages[0].content[0].image_url.detail: 'best': has to be one of low, high, auto",
    ),
    "eleven pictures": (
        OPENAI,
        broken(OPENAI, lambda said: said[0].update(content=[image(uri(PNG))] * 11)),
        "messages: 11 pictures: OpenAI takes at most 10 a row",
    ),
    "texts and lists": (
        TOGETHER,
        broken(TOGETHER, lambda said: said[1].update(content="Yes")),
        "messages: texts and lists: Together takes contents that are all texts or all lists",
    ),
    "lists without a picture": (
        TOGETHER,
        broken(TOGETHER, lambda said: said[0].update(content=[text("Hi")])),
        "messages: lists without a picture: Together takes texts where there is no picture",
    ),
    "another key": (
        TOGETHER,
        {**row(TOGETHER), "id": 1},
        "id: an unknown key: Together takes messages, tools only",
    ),
}

URLS: dict[str, tuple[ChatMessages, str, str]] = {
    "https": (
        FIREWORKS,
        "https://example.org/a.jpg",
        "'https://example.org/a.jpg': Fireworks fetches nothing: download it and put its bytes here",
    ),
    "https at Together": (
        TOGETHER,
        "https://example.org/a.jpg",
        "'https://example.org/a.jpg': Together fetches nothing: download it and put its bytes here",
    ),
    "file": (
        FIREWORKS,
        "file://a.jpg",
        "'file://a.jpg': has to be data:<type>;base64,<text>, type one of image/png, image/jpg, image/jpeg",
    ),
    "ftp": (
        OPENAI,
        "ftp://a.jpg",
        "'ftp://a.jpg': has to be https or data:<type>;base64,<text>, "
        "type one of image/jpeg, image/png, image/webp",
    ),
    "no type": (
        FIREWORKS,
        base64.b64encode(b"\xff\xd8\xff").decode(),
        "'/9j/': has to be data:<type>;base64,<text>, type one of image/png, image/jpg, image/jpeg",
    ),
    "webp": (
        FIREWORKS,
        uri(b"", "image/webp"),
        "'data:image/webp;base64,…' (23 characters): has to be data:<type>;base64,<text>, "
        "type one of image/png, image/jpg, image/jpeg",
    ),
    "jpg at Together": (
        TOGETHER,
        uri(b"", "image/jpg"),
        "'data:image/jpg;base64,…' (22 characters): has to be data:<type>;base64,<text>, "
        "type one of image/jpeg, image/png, image/webp",
    ),
    "base64": (
        FIREWORKS,
        "data:image/png;base64,QUJ",
        f"{SHOWN} (25 characters): no base64 after the comma: it has A-Z, a-z, 0-9, + and /, "
        "is padded with = to four characters and has no line ends",
    ),
    "no image": (
        FIREWORKS,
        uri(b"ABC"),
        f"{SHOWN} (26 characters): no image that can be decoded: "
        "not an image in a known format (starts with 41 42 43)",
    ),
    "declared otherwise": (
        FIREWORKS,
        uri(JPEG),
        f"{SHOWN} ({len(uri(JPEG))} characters): the bytes are JPEG: declare them so",
    ),
    "another type inside": (
        FIREWORKS,
        uri(image_bytes("GIF")),
        f"{SHOWN} ({len(uri(image_bytes('GIF')))} characters): the bytes are GIF: "
        "has to be image/png, image/jpg, image/jpeg",
    ),
    "large": (
        OPENAI,
        uri(bytes(10_000_001)),
        f"{SHOWN} (13333358 characters): at most 10000000 bytes a picture, not 10000001: make it smaller",
    ),
    "large at Together": (
        TOGETHER,
        uri(bytes(10 * 2**20 + 1)),
        f"{SHOWN} (13981038 characters): at most 10485760 bytes a picture, not 10485761: make it smaller",
    ),
    "mode": (
        OPENAI,
        uri(of_mode("L")),
        f"{SHOWN} ({len(uri(of_mode('L')))} characters): the picture's mode is L: has to be RGB or RGBA",
    ),
    "turned": (
        OPENAI,
        uri(turned(), "image/jpeg"),
        f"'data:image/jpeg;base64,…' ({len(uri(turned(), 'image/jpeg'))} characters): "
        "stands upright by its EXIF only, which OpenAI does not say it heeds: turn it",
    ),
    "inside of local": (
        LOCAL,
        uri(PNG),
        f"{SHOWN} ({len(uri(PNG))} characters): the path has to follow file://",
    ),
    "local outside": (
        LOCAL,
        "file://a/../../b.jpg",
        "'file://a/../../b.jpg': the path must not leave the dataset's folder with ..",
    ),
    "local absolute": (
        LOCAL,
        "file:///a.jpg",
        "'file:///a.jpg': the path has to be relative to the dataset's folder",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_broken_rule_is_told(name: str, tmp_path: Path) -> None:
    made, bad, told = ROWS[name]
    assert problems_of(made, [row(made), bad] + [row(made)] * 9, tmp_path) == [told]


@pytest.mark.parametrize("name", URLS)
def test_a_broken_rule_of_a_picture_is_told(name: str, tmp_path: Path) -> None:
    made, url, told = URLS[name]
    lines = [row(made), row(made, url)] + [row(made)] * 9
    assert problems_of(made, lines, tmp_path) == [f"{URL}: {told}"]


@pytest.mark.parametrize(
    ("made", "good"),
    [
        (FIREWORKS, row(FIREWORKS, uri(JPEG, "image/jpg"))),
        (FIREWORKS, row(FIREWORKS, uri(of_mode("CMYK", "JPEG"), "image/jpeg"))),
        (FIREWORKS, broken(FIREWORKS, lambda said: said.append({"role": "assistant", "content": "!"}))),
        (OPENAI, row(OPENAI, "https://example.org/a.jpg")),
        (OPENAI, row(OPENAI, uri(of_mode("RGBA")))),
        (OPENAI, broken(OPENAI, lambda said: said.insert(0, {"role": "user", "content": "Hi"}))),
        (OPENAI, broken(OPENAI, lambda said: said[0]["content"][0]["image_url"].update(detail="low"))),
        (OPENAI, broken(OPENAI, lambda said: said.insert(1, {"role": "assistant", "tool_calls": [{}]}))),
        (TOGETHER, {**row(TOGETHER), "tools": []}),
        (TOGETHER, broken(TOGETHER, lambda said: said[0].update(weight=0))),
        (TOGETHER, row(TOGETHER, uri(image_bytes("WEBP"), "image/webp"))),
    ],
)
def test_what_the_services_take_is_no_problem(
    made: ChatMessages, good: dict[str, Any], tmp_path: Path
) -> None:
    assert problems_of(made, [good] * 10, tmp_path) == []
