"""OpenAI's vision fine-tuning: JSON lines of messages with pictures inside or by URL."""

from typing import ClassVar

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.chat_rules import ChatRules
from vdata_assets.formats.conversation import CHAT, Feature


class OpenAiVision(ChatMessages):
    """Rows for OpenAI's service, and Azure's.

    The rules (OpenAI's guide "Vision fine-tuning" and, for rows, roles and weight, "Supervised fine-tuning"):
    at least 10 rows, at most 50,000 with pictures; at most 10 pictures a row (Azure takes 64), each at most
    10 MB (counted as 10,000,000 bytes, for the guide does not say), JPEG, PNG or WebP in mode RGB or RGBA, as
    data URI or https, in users' messages only and in content that is a list; ``detail`` low, high or auto; an
    assistant's message last, each with a weight of 0 or 1 if wanted; at most 8 GB a file (512 MB unless
    uploaded in parts). Two messages of one role may follow one another.

    Pictures of these types and modes go in byte for byte. Others (grey, palette, CMYK, GIF, BMP and so on)
    become PNG; see :class:`~vdata_assets.formats.inline_pictures.InlinePictures`. ``detail`` is not kept. A
    picture by path comes back from :meth:`load` as its bytes.
    """

    name: ClassVar[str] = "openai"
    expresses: ClassVar[frozenset[Feature]] = CHAT | {Feature.WEIGHT, Feature.URL, Feature.DATA}
    rules: ClassVar[ChatRules] = ChatRules(
        "OpenAI",
        ("image/jpeg", "image/png", "image/webp"),
        roles=("system", "developer", "user", "assistant", "tool"),
        web=True,
        least_rows=10,
        most_picture_rows=50_000,
        most_file_bytes=8 * 10**9,
        most_pictures=10,
        most_picture_bytes=10 * 10**6,
        modes=frozenset({"RGB", "RGBA"}),
        user_pictures=True,
        details=("low", "high", "auto"),
    )
