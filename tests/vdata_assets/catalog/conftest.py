"""Small trees of real image files."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "tif": "TIFF"}


def picture(number: int, extension: str = "png", size: tuple[int, int] = (8, 6)) -> bytes:
    """An image file whose bytes are the same for the same number and differ for another."""
    colour = (number % 256, number // 256 % 256, 90)
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, FORMATS.get(extension, extension.upper()))
    return out.getvalue()


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """Write files under a root: a number stands for the picture of that number, bytes for themselves."""

    def write(files: Mapping[str, int | bytes], root: str = "root") -> Path:
        for path, content in files.items():
            file = tmp_path / root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            extension = file.suffix[1:].lower()
            file.write_bytes(content if isinstance(content, bytes) else picture(content, extension))
        return tmp_path / root

    return write
