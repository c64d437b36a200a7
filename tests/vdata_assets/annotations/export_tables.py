"""Small exports as published tables: frames and objects with true masks, without a ZIP."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pycocotools import mask as coco

from vdata_assets.annotations.merge import Part
from vdata_assets.annotations.schema import Frames, Objects

HEIGHT, WIDTH = 20, 30
Box = tuple[int, int, int, int]


def rle(box: Box) -> str:
    """The mask that fills a box [x, y, width, height]."""
    x, y, width, height = box
    picture = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    picture[y : y + height, x : x + width] = 1
    return coco.encode(picture)["counts"].decode()


def an_object(label: str = "ball", filled: Box = (2, 3, 10, 9), **fields: Any) -> dict[str, Any]:
    """A sound object that fills a box, its fields overridden."""
    return {
        "object_id": "1",
        "label": label,
        "rle": rle(filled),
        "box": list(filled),
        "area": filled[2] * filled[3],
        "confidence": None,
        "source_box": None,
        "source_area": None,
        "source_height": None,
        "source_width": None,
        "reason": None,
    } | fields


def bad_object(reason: str, label: str = "ball", **fields: Any) -> dict[str, Any]:
    """An object that cannot be used."""
    return an_object(label, rle=None, box=None, area=None, reason=reason, **fields)


def a_frame(content: str, *objects: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A frame with the objects under ``listed``; equal content is an equal picture."""
    digest = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
    return {
        "video_id": "clip",
        "width": WIDTH,
        "height": HEIGHT,
        "content_hash": digest,
        "phash": int(digest[:16], 16),
        "upright_rgb": True,
        "origin": "archive",
        "reason": None,
        "listed": objects,
    } | fields


def unreadable(reason: str, *objects: Mapping[str, Any]) -> dict[str, Any]:
    """A frame without a picture."""
    nothing = dict.fromkeys(("width", "height", "content_hash", "phash", "upright_rgb"))
    return a_frame("", *objects, **nothing, reason=reason)


def tables(export: str, frames: Sequence[Mapping[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """An export's two tables."""
    frame_rows, object_rows = [], []
    for index, frame in enumerate(frames):
        frame_id = f"{export}-{index:06}"
        file = None if frame["reason"] else f"frames/frame_{index:06}.jpg"
        frame_rows.append(
            {name: value for name, value in frame.items() if name != "listed"}
            | {
                "frame_id": frame_id,
                "export": export,
                "frame_index": index,
                "timestamp": index / 10,
                "file": file,
                "objects": len(frame["listed"]),
            }
        )
        object_rows += [
            entry | {"frame_id": frame_id, "position": position}
            for position, entry in enumerate(frame["listed"])
        ]
    return (
        Frames.validate(table(frame_rows, Frames), cast=True),
        Objects.validate(table(object_rows, Objects), cast=True),
    )


def table(rows: list[dict[str, Any]], schema: type) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema.create_empty().schema)


def publish(folder: Path, export: str, frames: Sequence[Mapping[str, Any]], digest: str = "1") -> Part:
    """An export's version folder; a picture's bytes are its content hash."""
    place = folder / f"{export}@{digest}"
    (place / "frames").mkdir(parents=True)
    frame_table, object_table = tables(export, frames)
    frame_table.write_parquet(place / "frames.parquet")
    object_table.write_parquet(place / "objects.parquet")
    for file, content in frame_table.select("file", "content_hash").drop_nulls().iter_rows():
        (place / file).write_text(content)
    return Part(export, digest, place)
