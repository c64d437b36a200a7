"""Pictures small enough to travel inside a page: encoded under a limit, as data URIs."""

import base64
import io
from collections.abc import Iterator
from typing import Literal

from PIL import Image

SHEET_BYTES = 150_000
PLOT_BYTES = 50_000

JPEG_QUALITIES = (85, 78, 70, 62, 54, 46)
PNG_COLOURS = (256, 64)
SHRINK = 0.8

SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


def encoded(image: Image.Image, max_bytes: int, format: Literal["JPEG", "PNG"] = "JPEG") -> bytes:
    """The image as a file of at most ``max_bytes``: as good as fits, first less quality, then smaller.

    Args:
        image: any mode that converts to RGB.
        max_bytes: limit of the encoded file; as a data URI it is a third longer.
        format: JPEG for photos (quality is lowered), PNG for drawings (colours are reduced).

    Returns:
        The file's bytes: the same for the same pixels, without dates or software names.

    Raises:
        ValueError: not even one pixel fits.
    """
    image = image.convert("RGB")
    while True:
        for data in encodings(image, format):
            if len(data) <= max_bytes:
                return data
        if image.size == (1, 1):
            raise ValueError(f"max_bytes is {max_bytes}: no {format} is that small")
        width, height = (max(1, int(side * SHRINK)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)


def encodings(image: Image.Image, format: Literal["JPEG", "PNG"]) -> Iterator[bytes]:
    """The image as files of falling quality, all of its size."""
    if format == "JPEG":
        for quality in JPEG_QUALITIES:
            yield saved(image, "JPEG", quality=quality, optimize=True, progressive=True)
    else:
        yield saved(image, "PNG")
        yield saved(image, "PNG", optimize=True)  # 5 % smaller in four times the time
        for colours in PNG_COLOURS:
            yield saved(image.quantize(colours), "PNG", optimize=True)


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    """The bytes of ``image.save``."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def data_uri(picture: bytes) -> str:
    """The picture as a ``data:`` address (RFC 2397).

    Args:
        picture: a whole JPEG or PNG file.

    Raises:
        ValueError: the bytes are neither.
    """
    for signature, media_type in SIGNATURES.items():
        if picture.startswith(signature):
            return f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"
    raise ValueError(f"neither JPEG nor PNG: the picture starts with {picture[:8]!r}")
