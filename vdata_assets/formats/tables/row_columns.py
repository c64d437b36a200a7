"""What the rows of each format hold, for cards and Croissant files."""

from collections.abc import Sequence
from typing import Any

from vdata_assets.formats.about import Column, columns_of

EMBEDDING = ("huggingface", "parquet", "webdataset")
"""Formats whose columns are those of :func:`~vdata_assets.formats.tables.conversation_rows.features`."""

ID = Column("id", "text", "unique within the dataset; absent where there is none")
METADATA = Column("metadata", "object", "the label and further strings")
TOLD = "what is said; <image> stands for a picture"
SAID = Column(
    "conversations",
    "object",
    "turns, in order",
    repeated=True,
    parts=(Column("from", "text", "system, human or gpt"), Column("value", "text", TOLD)),
)
MESSAGES = Column(
    "messages",
    "object",
    "turns, in order",
    repeated=True,
    parts=(
        Column("role", "text", "system, user or assistant"),
        Column("content", "object", "a text, or parts of text and image_url in their order"),
    ),
)
LLAVA = (ID, Column("image", "text", "path of the picture, relative to the dataset's root"), SAID, METADATA)
SHAREGPT = (
    ID,
    SAID,
    Column("images", "text", "paths of the pictures, relative to the dataset's root", repeated=True),
    METADATA,
)
SWIFT = (
    ID,
    Column(
        "messages",
        "object",
        "turns, in order",
        repeated=True,
        parts=(Column("role", "text", "system, user or assistant"), Column("content", "text", TOLD)),
    ),
    Column("images", "text", "path, URL or data URI of each picture", repeated=True),
    Column("objects", "object", "names and boxes, in pixels or shares of the sides as bbox_type says"),
    Column("width", "integer", "of each picture, in pixels", repeated=True),
    Column("height", "integer", "of each picture, in pixels", repeated=True),
)
GEMINI = (
    Column("systemInstruction", "object", "an instruction, if there is one"),
    Column(
        "contents",
        "object",
        "turns, in order",
        repeated=True,
        parts=(
            Column("role", "text", "user or model"),
            Column("parts", "object", "text, fileData or inlineData, in their order", repeated=True),
        ),
    ),
)
COCO = (
    Column(
        "images",
        "object",
        "pictures: id, sample_id, file_name relative to the dataset's root, width and height in pixels",
        repeated=True,
    ),
    Column(
        "annotations",
        "object",
        "objects: image_id, category_id, segmentation, bbox as x, y, width, height in pixels, area",
        repeated=True,
    ),
    Column("categories", "object", "classes: id and name", repeated=True),
)
CONVSEG = (
    Column("image", "text", "path of the picture, relative to this folder"),
    Column("mask_merged", "text", "path of the mask, 0 and 255, likewise"),
    Column("prompt", "text", "what is to be marked"),
)
COLUMNS = {
    "llava": LLAVA,
    "llava_json": LLAVA,
    "sharegpt": SHAREGPT,
    "swift": SWIFT,
    "fireworks": (MESSAGES,),
    "fireworks_file_paths": (MESSAGES,),
    "openai": (MESSAGES,),
    "together": (MESSAGES,),
    "gemini": GEMINI,
    "gemini_inline": GEMINI,
    "coco": COCO,
    "convseg": CONVSEG,
}


def columns(name: str, classes: Sequence[str]) -> tuple[tuple[Column, ...], Any]:
    """Columns of a format's rows, and ``datasets.Features`` where ``datasets`` reads its files as they are.

    Args:
        name: of the format.
        classes: sorted labels of the samples; empty if there are none.
    """
    if name not in EMBEDDING:
        return COLUMNS[name], None
    from vdata_assets.formats.tables.conversation_rows import features

    declared = features(classes)
    return columns_of(declared), None if name == "webdataset" else declared
