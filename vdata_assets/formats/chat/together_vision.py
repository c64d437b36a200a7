"""Together's vision fine-tuning: JSON lines of messages with the pictures inside."""

from typing import ClassVar

from vdata_assets.formats.chat.chat_messages import ChatMessages
from vdata_assets.formats.chat.chat_rules import ChatRules
from vdata_assets.formats.conversation import CHAT, Feature, Sample, Turn


class Together(ChatMessages):
    """Rows for Together's service.

    The rules (docs.together.ai, "Vision fine-tuning", and ``check_file`` of the client, which the first
    version has in ``together/utils/files.py`` and the second in ``together/lib/utils/files.py``): at least
    one row, at most 50.1 GiB a file, no byte order mark and no blank line; no other key than messages and
    tools; roles in turn, one assistant's at least; contents of a row all lists, with a picture at least, or
    all texts; pictures as base64 data URIs that declare jpeg, png or webp, in users' messages only, at most
    10 a row and each at most 10 MiB; weights of 0 or 1, none but 0 where there are pictures. URLs are
    refused: the guide asks to download and encode them.

    JPEG, PNG and WebP files go in byte for byte. Pictures of other types become PNG; see
    :class:`~vdata_assets.formats.inline_pictures.InlinePictures`. A picture by path comes back from
    :meth:`load` as its bytes.
    """

    name: ClassVar[str] = "together"
    expresses: ClassVar[frozenset[Feature]] = CHAT | {Feature.WEIGHT, Feature.DATA}
    rules: ClassVar[ChatRules] = ChatRules(
        "Together",
        ("image/jpeg", "image/png", "image/webp"),
        roles=("system", "user", "assistant", "tool"),
        most_file_bytes=int(50.1 * 2**30),
        most_pictures=10,
        most_picture_bytes=10 << 20,
        user_pictures=True,
        one_form=True,
        alternate=True,
        assistant_last=False,
        user_weights=True,
        keys=frozenset({"messages", "tools"}),
        bare_lines=True,
    )

    def as_list(self, sample: Sample, turn: Turn) -> bool:
        """All of a sample with pictures, none of one without."""
        return bool(sample.pictures)
