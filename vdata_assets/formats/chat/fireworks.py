"""Fireworks' vision fine-tuning: JSON lines of messages with the pictures inside."""

from pathlib import Path
from typing import ClassVar

import msgspec

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.chat_rules import LOCAL, ChatRules
from vdata_assets.formats.conversation import CHAT, Feature, Picture, Sample, Turn
from vdata_assets.formats.inline_pictures import InlinePictures, path_fault

MEDIA_TYPES = ("image/png", "image/jpg", "image/jpeg")
LEAST_ROWS, MOST_ROWS = 3, 3_000_000
SAID = CHAT | {Feature.WEIGHT}


class Fireworks(ChatMessages):
    """Rows for Fireworks' service, pictures as base64 data URIs.

    The rules (docs.fireworks.ai, "Fine-tuning VLMs" and, for system and weight, "Supervised fine-tuning"): 3
    to 3,000,000 rows a file; roles system, user and assistant, a system message first and at most once; an
    assistant's message last, each with a weight of 0 or 1 if wanted; pictures as base64 data URIs that
    declare png, jpg or jpeg and are it. URLs are not fetched.

    PNG and JPEG files go in byte for byte. Pictures of other types (WebP, GIF, BMP, TIFF and so on) become
    PNG with the same pixels; see :class:`~vdata_assets.formats.inline_pictures.InlinePictures`. A picture by
    path comes back from :meth:`load` as its bytes.
    """

    name: ClassVar[str] = "fireworks"
    expresses: ClassVar[frozenset[Feature]] = SAID | {Feature.DATA}
    rules: ClassVar[ChatRules] = ChatRules(
        "Fireworks", MEDIA_TYPES, least_rows=LEAST_ROWS, most_rows=MOST_ROWS
    )

    def as_list(self, sample: Sample, turn: Turn) -> bool:
        """All but the system's, as in the service's examples."""
        return turn.role != "system"


class FireworksLocal(Fireworks):
    """The same rows with ``file://`` and the picture's path, for local tools: the service does not take it.

    The path after ``file://`` is relative to the dataset's folder and as it is, nothing percent-encoded.
    """

    name: ClassVar[str] = "fireworks_file_paths"
    expresses: ClassVar[frozenset[Feature]] = SAID | {Feature.PATH}
    inlines: ClassVar[bool] = False
    rules: ClassVar[ChatRules] = ChatRules(
        "Fireworks' format with file paths", (), local=True, least_rows=LEAST_ROWS, most_rows=MOST_ROWS
    )

    def append_url(self, row: bytearray, picture: Picture, pictures: InlinePictures) -> None:
        """Add ``file://`` and the path; see :meth:`ChatMessages.append_url`."""
        fault = (
            "is missing: the picture has to be a file" if picture.path is None else path_fault(picture.path)
        )
        if fault is not None:
            raise ValueError(f"the path {fault}")
        row += msgspec.json.encode(f"{LOCAL}{picture.path}")[1:]

    def read_url(self, url: str) -> Picture:
        """The path after ``file://``; see :meth:`ChatMessages.read_url`."""
        if not url.startswith(LOCAL):
            raise ValueError(f"has to be {LOCAL} and a path; read inline pictures with the format fireworks")
        path = url.removeprefix(LOCAL)
        fault = path_fault(path)
        if fault is not None:
            raise ValueError(f"the path {fault}")
        return Picture(path=path)

    def pictures(self, root: Path) -> InlinePictures:
        """None are read."""
        return InlinePictures(root, frozenset())
