"""Image files as they occur in the wild, read one way everywhere: headers, and RGB for models."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, UnidentifiedImageError

# Plain raster formats only: Pillow also opens some that run other programs (EPS) or hold documents (PDF).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")

# What Pillow raises for damaged files, found by fuzzing every format above: OSError (with
# UnidentifiedImageError), SyntaxError and ValueError from most plugins, RuntimeError from AVIF.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)
DAMAGED_EXIF = (SyntaxError, ValueError, KeyError, TypeError, EOFError, OSError, struct.error)

TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = frozenset({5, 6, 7, 8})

JPEG_END_OF_IMAGE = b"\xff\xd9"
GIF_TRAILER = b";"
TIFF_DATA_TAGS = ((273, 279), (324, 325))  # offsets and byte counts of strips, of tiles
PNG_SIGNATURE_BYTES = 8
PNG_ORIENTATION_KEYS = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")


class UnreadableImage(Exception):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """A file that is no image or a damaged one.

    Attributes:
        reason: why, for a person; the same text for the same bytes.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a file's header says.

    Attributes:
        format: what the bytes are, as Pillow names it. A JPEG that carries further pictures (MPO) is JPEG.
        width: pixels, after EXIF orientation.
        height: pixels, after EXIF orientation.
        upright_rgb: whether any reader sees what :func:`load_rgb` does; see :func:`is_upright_rgb`.
    """

    format: str
    width: int
    height: int
    upright_rgb: bool


def probe(data: bytes) -> ImageHeader:
    """Read an image file's header, decoding no pixels unless the file's end seems to be missing.

    Truncation is found where the file's structure shows it: a JPEG without end of image, a GIF without
    trailer, pixel data of a PNG, BMP or TIFF that reach beyond the end. Such a file is then decoded, so
    none that :func:`load_rgb` reads is refused, and trailing bytes do no harm. Damage inside the pixel
    data is seen only by :func:`load_rgb`.

    Args:
        data: the whole file.

    Raises:
        UnreadableImage: the bytes are no image, or a truncated one.
    """
    image = _open(data)
    try:
        if _looks_cut(image, data):
            image.load()
    except DAMAGED as error:
        raise UnreadableImage(_reason(error, data)) from error
    return _header(image, image.size, is_upright_rgb(image))


def is_upright_rgb(image: Image.Image) -> bool:
    """Whether an open image is RGB without transparency, and its readable EXIF, if any, asks for no rotation.

    Then its file can be given to any reader, also to one that does not heed EXIF or fails on a damaged one.
    """
    if image.mode != "RGB" or image.has_transparency_data:
        return False
    try:
        # The base class's method: that of a PNG decodes all pixels to see whether EXIF comes after them.
        return Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1) == 1
    except DAMAGED_EXIF:
        return False


def load_rgb(source: Path | bytes, min_side: int | None = None) -> Image.Image:
    """Decode an image to 8-bit RGB, upright by its EXIF orientation.

    Transparent pixels are laid over white; CMYK, LAB, palettes and gray are converted; 16-bit samples are
    scaled to 8 bits, and 32-bit integers and floats by the smallest usual white level (1 for floats, 255,
    65535) that holds their maximum. Of an animation the first frame is taken. Unreadable EXIF counts as none.

    Args:
        source: a file, or its bytes.
        min_side: if given, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size (DCT scaling) as long as
            its shorter side keeps at least this many pixels. An image that is smaller stays as it is.

    Raises:
        UnreadableImage: the file cannot be read or decoded, or has more pixels than Pillow's limit
            (``2 * PIL.Image.MAX_IMAGE_PIXELS``).
    """
    return _decoded(_bytes_of(source), min_side, "RGB")[1]


def load_luma(source: Path | bytes, min_side: int | None = None) -> Image.Image:
    """Decode an image to 8-bit luminance, as :func:`load_rgb` and a conversion do; a JPEG's as it is stored.

    For a JPEG that spares the colours: a quarter of the time at small sizes.

    Args:
        source: as for :func:`load_rgb`.
        min_side: likewise.

    Raises:
        UnreadableImage: likewise.
    """
    return _decoded(_bytes_of(source), min_side, "L")[1]


def probe_luma(data: bytes, min_side: int) -> tuple[ImageHeader, Image.Image]:
    """What :func:`probe` and :func:`load_luma` give, for one look at the file.

    Raises:
        UnreadableImage: the file cannot be decoded.
    """
    return _decoded(data, min_side, "L")


def _bytes_of(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def _decoded(data: bytes, min_side: int | None, mode: Literal["RGB", "L"]) -> tuple[ImageHeader, Image.Image]:
    image = _open(data)
    jpeg = image.format in ("JPEG", "MPO")
    size, png = image.size, image.format == "PNG"
    # Decoding turns a TIFF and may leave no colours of a JPEG; a PNG's EXIF may come after the pixels.
    plain = not png and is_upright_rgb(image)
    try:
        if jpeg and (mode == "L" or min_side is not None):
            side = min(image.size) if min_side is None else min_side
            image.draft("L" if mode == "L" else None, (side, side))
        image.load()
        flat = image if image.mode == mode == "L" else _to_rgb(image)
    except DAMAGED as error:
        raise UnreadableImage(_reason(error, data)) from error
    header = _header(image, size, plain or (png and is_upright_rgb(image)))
    method = None if image.format == "TIFF" else TRANSPOSE.get(_orientation(image))
    upright = flat if method is None else flat.transpose(method)
    return header, upright if upright.mode == mode else upright.convert(mode)


def _header(image: Image.Image, size: tuple[int, int], upright_rgb: bool) -> ImageHeader:
    width, height = size
    if _orientation(image) in SIDEWAYS and image.format != "TIFF":  # Pillow turns a TIFF by itself
        width, height = height, width
    return ImageHeader(_format_name(image), width, height, upright_rgb)


def _open(data: bytes) -> ImageFile.ImageFile:
    if not data:
        raise UnreadableImage("the file is empty")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except DAMAGED as error:
        raise UnreadableImage(_reason(error, data)) from error


def _reason(error: BaseException, data: bytes) -> str:
    if isinstance(error, UnidentifiedImageError):  # its text holds a memory address
        return f"not an image in a known format (starts with {data[:8].hex(' ')})"
    return str(error) or type(error).__name__


def _format_name(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


def _orientation(image: Image.Image) -> Any:
    """The EXIF orientation, 1 to 8; whatever else the file holds there is not in TRANSPOSE."""
    try:
        # The base class's method: that of a PNG decodes all pixels to see whether EXIF comes after them.
        return Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except DAMAGED_EXIF:
        return 1


def _looks_cut(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Whether the file's structure suggests that its end is missing: a suspicion, not a proof."""
    match image.format:
        case "JPEG":
            # Entropy-coded data cannot contain the marker, and a thumbnail lies before the scan.
            return data.rfind(JPEG_END_OF_IMAGE, cast(BinaryIO, image.fp).tell()) < 0
        case "GIF":
            return not data.rstrip(b"\0").endswith(GIF_TRAILER)
        case "BMP":
            return len(data) < int.from_bytes(data[2:6], "little")
        case "TIFF":
            return len(data) < _tiff_end(image)
        case "PNG":
            return _png_cut_or_late_exif(data)
    return False


def _tiff_end(image: ImageFile.ImageFile) -> int:
    """Where the last strip or tile of the first frame ends (TIFF 6.0, sections 3 and 15)."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    ends = [
        offset + size
        for offsets, sizes in TIFF_DATA_TAGS
        for offset, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False)
        if isinstance(offset, int) and isinstance(size, int)
    ]
    return max(ends, default=0)


def _png_cut_or_late_exif(data: bytes) -> bool:
    """Whether a PNG ends within its pixel data, or tells its orientation only after them."""
    after_pixels = False
    for name, start, length in _png_chunks(data):
        if name == b"IDAT":
            after_pixels = True
            if start + length > len(data):
                return True
        elif after_pixels and (name == b"eXIf" or data.startswith(PNG_ORIENTATION_KEYS, start)):
            return True
    return False


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of the data of every chunk (PNG 1.2, section 3.2)."""
    position = PNG_SIGNATURE_BYTES
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        yield name, position + 8, length
        position += 12 + length


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bit(image).convert("RGB")
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return cast(Image.Image, ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB"))
    if image.has_transparency_data:
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0)
    levels = (65535.0,) if image.mode.startswith("I;16") else (255.0, 65535.0)
    levels = (1.0, *levels) if image.mode == "F" else levels
    highest = float(values.max())
    white = next((level for level in levels if highest <= level), highest)
    return Image.fromarray(np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8))
