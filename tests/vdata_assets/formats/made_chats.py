"""What the tests of chat messages share: samples, parts of messages, and the formats."""

import base64
from typing import Any

from made_samples import image_bytes

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.fireworks import Fireworks, FireworksLocal
from vdata_assets.formats.chat.openai_vision import OpenAiVision
from vdata_assets.formats.chat.together_vision import Together
from vdata_assets.formats.conversation import Picture, Sample, Turn

FIREWORKS, LOCAL, OPENAI, TOGETHER = Fireworks(), FireworksLocal(), OpenAiVision(), Together()
FORMATS = [FIREWORKS, LOCAL, OPENAI, TOGETHER]
INLINE = [FIREWORKS, OPENAI, TOGETHER]
PNG, JPEG = image_bytes("PNG"), image_bytes("JPEG")


def named(made: ChatMessages) -> str:
    return made.name


def uri(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def image(url: object) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def asked(*parts: str | Picture, answer: str = "A Sphynx.", **known: Any) -> Sample:
    return Sample("", (Turn("user", parts), Turn("assistant", (answer,))), **known)


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def row(made: ChatMessages, url: object = None) -> dict[str, Any]:
    """A row that keeps the rules, with a picture."""
    inside = "file://a.png" if made is LOCAL else uri(PNG)
    answer: Any = [text("Yes")] if made is TOGETHER else "Yes"
    return {
        "messages": [
            {"role": "user", "content": [image(url or inside), text("Hi")]},
            {"role": "assistant", "content": answer},
        ]
    }
