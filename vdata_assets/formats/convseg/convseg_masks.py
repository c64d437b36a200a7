"""Masks as PNG files of one channel, 0 and 255, and the pictures beside them, as a trainer opens them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vdata_resources.images import DAMAGED

MASKS = "masks"
"""Folder that they are in."""

COMPRESSION = 6
WRITTEN = ("JPEG", "PNG")
"""Formats of the files that the data engine writes."""


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask of shape (height, width)."""
    Image.fromarray(mask.view(np.uint8) * 255).save(path, "PNG", compress_level=COMPRESSION)


def read_mask(path: Path) -> NDArray[np.bool_] | str:
    """A mask, bool of shape (height, width), of a PNG file of any mode; or why there is none.

    What is not black is in the mask.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.asarray(image.convert("L")) > 0
    except FileNotFoundError:
        return "is missing"
    except DAMAGED as error:
        return f"is no picture: {error}"


def pixels(path: Path, mode: str, formats: tuple[str, ...] = WRITTEN) -> NDArray[np.uint8] | str:
    """The pixels of a picture as they are stored, or why there are none.

    Args:
        path: of the file.
        mode: as Pillow names it, that the picture has to have.
        formats: likewise, that the file may have.
    """
    try:
        with Image.open(path, formats=formats) as image:
            return np.asarray(image) if image.mode == mode else f"has the mode {image.mode}, not {mode}"
    except FileNotFoundError:
        return "is missing"
    except DAMAGED as error:
        return f"is no picture: {error}"
