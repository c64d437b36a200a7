"""Parts of export ZIPs as the SAM2 export tool's documents describe them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.archive import open_archive
from vdata_assets.annotations.container import Container, read_container
from vdata_assets.annotations.contents import OBJECT_COLUMNS
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.objects import Order, object_parts
from vdata_assets.annotations.schema import Objects
from vdata_assets.annotations.settings import ExportSettings

WIDTH, HEIGHT = 64, 48


def column_text(mask: NDArray[np.bool_]) -> str:
    """Space-separated column-major run lengths, zeros first, of a mask of shape (height, width)."""
    flat = np.concatenate([[False], mask.T.ravel(), [not mask.T.ravel()[-1]]])
    changes = np.flatnonzero(np.diff(flat.astype(np.int8)))
    return " ".join(str(length) for length in np.diff(np.concatenate([[0], changes])))


def rectangle(x: int, y: int, width: int, height: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> str:
    """The text form of a rectangle's mask."""
    mask = np.zeros(size, np.bool_)
    mask[y : y + height, x : x + width] = True
    return column_text(mask)


def an_object(**fields: Any) -> dict[str, Any]:
    """A sound object, its fields overridden or, with ``...``, left out."""
    entry = {
        "object_id": 1,
        "label": "ball",
        "mask_rle": rectangle(8, 6, 16, 12),
        "bbox": [8, 6, 16, 12],
        "area": 192,
        "confidence": 0.9,
    } | fields
    return {name: value for name, value in entry.items() if value is not ...}


def a_frame(index: int, *objects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A frame's annotation."""
    entry = {"frame_index": index, "timestamp_sec": index / 30, "objects": list(objects)} | fields
    return {name: value for name, value in entry.items() if value is not ...}


def picture(index: int, width: int = WIDTH, height: int = HEIGHT, ending: str = "jpg") -> bytes:
    """A picture that differs from frame to frame."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows * 5 + index, columns * 3, rows + columns + 2 * index], 2) % 256
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(
        file, "JPEG" if ending == "jpg" else ending.upper(), quality=90
    )
    return file.getvalue()


def read_export(path: Path) -> tuple[Container, pl.DataFrame]:
    """The container, to be asked for frames only, and all its objects."""
    with open_archive(path, ExportSettings()) as archive:
        container = read_container(archive)
        chunks = list(container.objects())
        assert all(chunk.schema == OBJECT_COLUMNS for chunk in chunks)
        return container, pl.concat([OBJECT_COLUMNS.to_frame(), *chunks])


def refusal(path: Path) -> str:
    """Why an export is refused."""
    with pytest.raises(BadExport) as error:
        read_export(path)
    return error.value.reason


def read_objects(container: Container, frames: pl.DataFrame, order: Order) -> pl.DataFrame:
    """The whole table of an export's objects."""
    return pl.concat([Objects.create_empty(), *object_parts(container, frames, order)])
