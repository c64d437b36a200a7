"""Pictures whose bytes go into a dataset's file: read, and brought to a type that the trainer takes."""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from vdata_assets.formats.conversation import Picture
from vdata_assets.formats.data_uri import media_type_of
from vdata_resources.images import DAMAGED, FORMATS, UnreadableImage, is_upright_rgb, load_rgb, probe

OTHER = "leave it out or repair it"
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
"""How a path begins that is absolute, also on Windows."""


def path_fault(path: str) -> str | None:
    """What is wrong with a picture's path by its text; None if it is relative and stays in its folder."""
    if not path or "\0" in path:
        return "has to name a file"
    if ABSOLUTE.match(path):
        return "has to be relative to the dataset's folder"
    if ".." in path and ".." in path.replace("\\", "/").split("/"):
        return "must not leave the dataset's folder with .."
    return None


@dataclass(frozen=True)
class InlinePictures:
    """Pictures as a trainer takes them.

    Those of a type that it takes are given byte for byte. Any other becomes a PNG of the same pixels, upright
    by its EXIF orientation: RGB, or RGBA where it has transparency; of an animation the first frame. Only
    pixels that 8-bit RGB cannot hold (CMYK, LAB, 16 bits and more) change, as in
    :func:`~vdata_resources.images.load_rgb`.

    Attributes:
        root: folder that paths are relative to.
        media_types: that the trainer takes, of ``image/jpeg``, ``image/png`` and ``image/webp``.
        modes: as Pillow names them, that the trainer takes; None for any.
        most_bytes: of a picture; None for any number.
    """

    root: Path
    media_types: frozenset[str]
    modes: frozenset[str] | None = None
    most_bytes: int | None = None

    def read(self, picture: Picture) -> tuple[bytes, str]:
        """The bytes of an image file and what it is, e.g. ``image/png``.

        Raises:
            ValueError: it cannot be read or decoded, or is too large; does not name the picture.
        """
        data = self._content(picture)
        media_type = media_type_of(data)
        if media_type not in self.media_types or not self._of_mode(data):
            try:
                data, media_type = _png(data), "image/png"
            except UnreadableImage as error:
                raise ValueError(f"no image that can be decoded ({error.reason}): {OTHER}") from error
        if self.most_bytes is not None and len(data) > self.most_bytes:
            raise ValueError(f"{len(data)} bytes as {media_type}, at most {self.most_bytes}: make it smaller")
        return data, media_type

    def _content(self, picture: Picture) -> bytes:
        if picture.data is not None:
            return picture.data
        if picture.path is None:
            raise ValueError("its bytes have to be in the file: download it first")
        fault = path_fault(picture.path)
        if fault is not None:
            raise ValueError(f"the path {fault}")
        try:
            with open(f"{self.root}/{picture.path}", "rb", buffering=0) as file:
                return file.readall()
        except OSError as error:
            raise ValueError(f"cannot be read ({error.strerror}): {OTHER}") from error

    def _of_mode(self, data: bytes) -> bool:
        return self.modes is None or look(data).mode in self.modes


@dataclass(frozen=True, slots=True)
class Look:
    """What the header of an image file says beyond :func:`~vdata_resources.images.probe`.

    Attributes:
        mode: of its pixels as Pillow names it, e.g. ``RGB`` or ``CMYK``.
        turned: whether it is an RGB picture that stands upright only for readers that heed its EXIF.
    """

    mode: str
    turned: bool


def look(data: bytes) -> Look:
    """Read an image file's header.

    Raises:
        ValueError: the bytes are no image.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            plain = image.mode == "RGB" and not image.has_transparency_data
            return Look(image.mode, plain and not is_upright_rgb(image))
    except DAMAGED as error:
        raise ValueError(f"no image that can be decoded: {OTHER}") from error


def _png(data: bytes) -> bytes:
    from PIL import Image, ImageOps

    probe(data)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.has_transparency_data:
                image.load()
                upright = ImageOps.exif_transpose(image)
                pixels = (upright.convert("LA") if upright.mode == "La" else upright).convert("RGBA")
            else:
                pixels = load_rgb(data)
    except DAMAGED as error:
        raise UnreadableImage(str(error) or type(error).__name__) from error
    file = BytesIO()
    pixels.save(file, "PNG")
    return file.getvalue()
