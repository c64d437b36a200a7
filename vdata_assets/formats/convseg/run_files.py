"""Files of run folders from anywhere, read without trusting them: paths, JSON, masks."""

import json
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vdata_resources.images import DAMAGED

MOST_JSON = 1 << 24
MOST_MASK = 1 << 24  # as a file; a real one has some KB
MOST_PIXELS = 80_000_000
MOST_BOX = 1 << 10
MOST_PATH = 4096
MASK_KEY = "mask"
ZIP_MAGIC = b"PK\x03\x04"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
NPY_MAGIC = b"\x93NUMPY\x01\x00"
NPY_START = len(NPY_MAGIC) + 2
# As numpy writes the header of an array of two dimensions (numpy.lib.format, version 1.0). A pickle, of
# type "|O", does not match.
NPY_HEADER = re.compile(
    rb"\{'descr': '([<>|](?:b1|[iuf][1248]))', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,9}), (\d{1,9})\), ?\} *\n"
)
DAMAGED_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class UnusableFile(Exception):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """A file that cannot be used; the message says why, the same text for the same file."""


class MaskSize(NamedTuple):
    """Pixels of a mask."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


class NpyHeader(NamedTuple):
    """What the header of an array says."""

    dtype: np.dtype[Any]
    by_column: bool
    size: MaskSize


def located(recorded: object, run: Path, inside: Path) -> Path | None:
    """The file that a path in a run's JSON means; None if there is none, or it is not below ``inside``.

    A path is relative to the run folder or absolute. Runs move: of a path that leads nowhere, what comes
    after the run folder's name is looked for in the run folder.

    Args:
        recorded: what the JSON holds, of any type.
        run: the run folder.
        inside: the folder that no path may leave, also not over symbolic links.
    """
    if not isinstance(recorded, str) or not 0 < len(recorded) <= MOST_PATH:
        return None
    path = PurePosixPath(recorded.replace("\\", "/"))
    found = file_inside(run / path, inside)
    if found is None and run.name in path.parts:
        last = len(path.parts) - path.parts[::-1].index(run.name)
        found = file_inside(run.joinpath(*path.parts[last:]), inside)
    return found


def file_inside(path: Path, inside: Path) -> Path | None:
    """The regular file at a path with all links followed, if it is below ``inside``; else None."""
    try:
        real = path.resolve(strict=True)
        regular = stat.S_ISREG(real.stat().st_mode)
        return real if regular and real.is_relative_to(inside.resolve()) else None
    except (OSError, RuntimeError, ValueError):  # absent, too long, a loop of links, a NUL
        return None


def read_limited(path: Path, most: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        UnusableFile: it cannot be read, or has more than ``most`` bytes.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > most else file.read(most + 1)
    except OSError as error:
        raise UnusableFile(f"cannot be read: {error.strerror}") from error
    if max(size, len(data)) > most:
        raise UnusableFile(f"has more than {most >> 20} MiB")
    return data


def read_json(path: Path) -> object:
    """A JSON file's content; numbers that are not finite, which JSON has not, are null.

    Raises:
        UnusableFile: it cannot be read, is too large or no JSON.
    """
    try:
        return json.loads(
            read_limited(path, MOST_JSON), parse_constant=lambda name: None, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise UnusableFile(f"is no JSON: {error}") from error


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def mask_size(path: Path) -> MaskSize:
    """Size of the mask in a file, from its header alone.

    Raises:
        UnusableFile: as for :func:`read_mask`, as far as the header tells.
    """
    data = read_limited(path, MOST_MASK)
    if data.startswith(ZIP_MAGIC):
        with _npy(data) as file:
            return _npy_header(file).size
    with _png(data) as image:
        return MaskSize(image.height, image.width)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """The mask in a file, bool of shape (height, width): what is not zero, or not black.

    Args:
        path: an NPZ with one array of numbers, or several of which one is named ``mask``; or a PNG.

    Raises:
        UnusableFile: the file is neither, is damaged, or has more than 80 million pixels.
    """
    data = read_limited(path, MOST_MASK)
    if data.startswith(ZIP_MAGIC):
        return _npz_mask(data)
    with _png(data) as image:
        try:
            # Conversion to L would cut 16 bits down to 8, and a small value to zero.
            deep = image.mode in ("1", "L", "I") or image.mode.startswith("I;16")
            return np.asarray(image if deep else image.convert("L")) != 0
        except DAMAGED as error:
            raise UnusableFile(f"is a damaged PNG: {error}") from error


@contextmanager
def _png(data: bytes) -> Iterator[Image.Image]:
    try:
        image = Image.open(BytesIO(data), formats=("PNG",))
    except UnidentifiedImageError as error:  # its text holds a memory address
        kind = "a damaged PNG" if data.startswith(PNG_MAGIC) else "neither PNG nor NPZ"
        raise UnusableFile(f"is {kind}: it starts with {data[:16].hex(' ')}") from error
    except DAMAGED as error:
        raise UnusableFile(f"is a damaged PNG: {error}") from error
    _require_size(image.height, image.width)
    with image:
        yield image


@contextmanager
def _npy(data: bytes) -> Iterator[IO[bytes]]:
    """The array's file in an NPZ, unpacked as it is read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            name = f"{MASK_KEY}.npy"
            if name not in names and len(names) != 1:
                raise UnusableFile(f"is an NPZ without an array {MASK_KEY!r}")
            with archive.open(name if name in names else names[0]) as file:
                yield file
    except DAMAGED_ZIP as error:
        raise UnusableFile(f"is a damaged NPZ: {error}") from error


def _npy_header(file: IO[bytes]) -> NpyHeader:
    start = file.read(NPY_START)
    if not start.startswith(NPY_MAGIC):
        raise UnusableFile("is an NPZ without a plain array")
    text = file.read(int.from_bytes(start[len(NPY_MAGIC) :], "little"))
    match = NPY_HEADER.fullmatch(text)
    if match is None:
        raise UnusableFile(f"is an NPZ without a plain array of two dimensions: {text[:100].strip()!r}")
    size = MaskSize(int(match[3]), int(match[4]))
    _require_size(*size)
    return NpyHeader(np.dtype(match[1].decode()), match[2] == b"True", size)


def _npz_mask(data: bytes) -> NDArray[np.bool_]:
    with _npy(data) as file:
        dtype, by_column, size = _npy_header(file)
        wanted = size.height * size.width * dtype.itemsize
        # One byte more, so that the end is seen and its checksum compared.
        content = file.read(wanted + 1)
        if len(content) != wanted:
            raise UnusableFile(f"is an NPZ whose array has not the {wanted} bytes that it declares")
    return np.frombuffer(content, dtype).reshape(size, order="F" if by_column else "C") != 0


def _require_size(height: int, width: int) -> None:
    if not 0 < height * width <= MOST_PIXELS:
        raise UnusableFile(f"has {width} x {height} pixels, not 1 to {MOST_PIXELS}")
