"""Images at working size, and the way back to the source's pixels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from vdata_resources.images import UnreadableImage, load_rgb


@dataclass(frozen=True, eq=False)
class WorkingPicture:
    """A picture as the data engine sees it.

    Attributes:
        pixels: (height, width, 3) RGB, upright.
        source_width: pixels of the upright source; ``x * source_width / width`` maps back.
        source_height: likewise.
    """

    pixels: NDArray[np.uint8]
    source_width: int
    source_height: int


def working_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Width and height with the long side at most ``max_side``, never enlarged; 0: as they are."""
    longest = max(width, height)
    if not max_side or longest <= max_side:
        return width, height
    return (
        max(1, round(width * max_side / longest)),
        max(1, round(height * max_side / longest)),
    )


def load_picture(file: Path, content_hash: str, max_side: int) -> WorkingPicture:
    """Decode an image, upright by its EXIF orientation, and scale it down (Lanczos) if it is larger.

    Args:
        file: the image.
        content_hash: xxh3-128 of the bytes that are expected.
        max_side: as in :func:`working_size`.

    Raises:
        UnreadableImage: it cannot be read or decoded, or its bytes are others than were catalogued.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error
    if xxhash.xxh3_128_hexdigest(data) != content_hash:
        raise UnreadableImage("changed since `images` was materialized: materialize that again")
    image = load_rgb(data)
    size = working_size(*image.size, max_side)
    scaled = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    return WorkingPicture(np.asarray(scaled), *image.size)
