"""Objects of JSON frames as rows of a table; what is wrong with one is said in its row."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
import polars as pl
from msgspec import Meta, Raw, Struct

from vdata_assets.annotations.contents import MAX_PIXELS, MAX_SIDE, OBJECT_COLUMNS
from vdata_assets.annotations.labels import MAX_LABEL_CHARACTERS, label_problem
from vdata_assets.annotations.messages import DECODING_ERRORS, problem, with_numbers_named

FrameIndex = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE)]
Count = Annotated[int, Meta(ge=-(2**53), le=2**53)]
STORED_GEOMETRY = ("bbox", "area")  # recomputed from the mask: a bad one is no reason
MISSING = {"object_id": "object_id is missing", "label": "label is empty: it is missing"}
VALUE_SHOWN = 40
NO_BOX = (0.0,) * 4

Row = tuple[Any, ...]


class SizedMask(Struct):
    """A mask as COCO stores it: size is height and width; counts are column-major."""

    size: tuple[Side, Side]
    counts: str | list[Count]


Mask = str | SizedMask | None


class ObjectEntry(Struct):
    """An object of a frame. The mask has one of three names."""

    object_id: int | str
    label: str
    mask_rle: Mask = None
    segmentation: Mask = None
    rle: Mask = None
    bbox: tuple[float, float, float, float] | None = None
    area: float | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None


class FrameEntry(Struct):
    """A frame all of whose objects have the documented shape."""

    frame_index: FrameIndex
    objects: list[ObjectEntry]


class UncheckedFrame(Struct):
    """A frame whose objects were not looked into."""

    frame_index: FrameIndex
    objects: list[Raw]
    timestamp_sec: Annotated[float, Meta(ge=0)] | None = None


def object_rows(frames: Sequence[bytes], total_frames: int | None) -> pl.DataFrame:
    """The objects of frames in the frames' order.

    Args:
        frames: JSON of each, of the shape of :class:`UncheckedFrame` once numbers that are none are named.
        total_frames: frames of the video; objects of frames beyond it get a reason.

    Returns:
        A table of ``OBJECT_COLUMNS``.
    """
    rows: list[Row] = []
    for index, objects in _decoded(frames):
        beyond = None
        if total_frames is not None and index >= total_frames:
            beyond = f"frame_index: {index} lies beyond the video's {total_frames} frames"
        rows += (
            object_row(index, position, entry, reason or beyond)
            for position, (entry, reason) in enumerate(objects)
        )
    return object_table(rows)


def object_table(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows of :func:`object_row` as a table of ``OBJECT_COLUMNS``."""
    columns = dict(zip(OBJECT_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    boxes = columns.pop("source_box", ())
    # Column by column, and boxes flat: polars takes ten times as long for rows that hold lists.
    numbers = np.array([box or NO_BOX for box in boxes], np.float64).reshape(-1, 4)
    missing = pl.Series([box is None for box in boxes], dtype=pl.Boolean)
    stored = pl.Series(numbers, dtype=pl.Array(pl.Float64, 4)).set(missing, None)
    schema = {name: kind for name, kind in OBJECT_COLUMNS.items() if name != "source_box"}
    return (
        pl.DataFrame(columns, schema=schema)
        .with_columns(stored.alias("source_box"))
        .select(OBJECT_COLUMNS.names())
    )


def _decoded(frames: Sequence[bytes]) -> Iterable[tuple[int, list[tuple[ObjectEntry, str | None]]]]:
    """Frame index and objects with what is wrong with them."""
    try:
        sound = msgspec.json.decode(b"[%s]" % b",".join(frames), type=list[FrameEntry])
    except DECODING_ERRORS:
        for frame in map(with_numbers_named, frames):
            unchecked = msgspec.json.decode(frame, type=UncheckedFrame)
            yield unchecked.frame_index, [_checked(raw) for raw in unchecked.objects]
    else:
        for entry in sound:
            yield entry.frame_index, [(found, None) for found in entry.objects]


def _checked(raw: Raw) -> tuple[ObjectEntry, str | None]:
    """An object, fields that are not of the documented shape left out, and why it cannot be used."""
    try:
        return msgspec.json.decode(raw, type=ObjectEntry), None
    except DECODING_ERRORS as error:
        nothing = ObjectEntry(object_id="", label="")
        try:
            value = msgspec.json.decode(raw)
        except DECODING_ERRORS:
            return nothing, problem(error, "object")
        if not isinstance(value, dict):
            return nothing, problem(error, "object")
    fields: dict[str, Any] = {"object_id": "", "label": ""}
    reasons = []
    for field in msgspec.structs.fields(ObjectEntry):
        if field.name not in value:
            if field.required:
                reasons.append(MISSING[field.name])
            continue
        try:
            fields[field.name] = msgspec.convert(value[field.name], field.type)
        except msgspec.ValidationError as error:
            if field.name not in STORED_GEOMETRY:
                # Without its label an object is one with an empty label, and counted as such.
                named = "label is empty" if field.name == "label" else field.name
                reasons.append(problem(error, named) + _shown(value[field.name]))
    return ObjectEntry(**fields), "; ".join(reasons) or None


def _shown(value: object) -> str:
    return f" ({str(value)[:VALUE_SHOWN]!r})" if isinstance(value, str | int | float) else ""


def object_row(index: int, position: int, entry: ObjectEntry, reason: str | None) -> Row:
    """The row of an object, in the order of ``OBJECT_COLUMNS``.

    Args:
        index: of the frame.
        position: in the frame's list.
        entry: the object.
        reason: why it cannot be used, if that is known already.
    """
    mask = next((mask for mask in (entry.mask_rle, entry.segmentation, entry.rle) if mask is not None), None)
    object_id, label = str(entry.object_id).strip(), entry.label.strip()
    form, text, counts, height, width = "none", None, None, None, None
    if isinstance(mask, str):
        form, text = "text", mask
    elif mask is not None:
        height, width = mask.size
        form = "compressed" if isinstance(mask.counts, str) else "list"
        text, counts = (mask.counts, None) if isinstance(mask.counts, str) else (None, mask.counts)
    if reason is None:
        reason = _reason(object_id, label, mask)
    return (
        index, position, object_id[:MAX_LABEL_CHARACTERS], label, form, text, counts,
        height, width, entry.bbox, entry.area, entry.confidence, reason,
    )  # fmt: skip


def _reason(object_id: str, label: str, mask: Mask) -> str | None:
    """What is wrong with an object of the documented shape."""
    for name, text in (("label", label), ("object_id", object_id)):
        found = label_problem(text)
        if found is not None:
            return f"{name} {found}"
    if mask is None:
        return "mask_rle is missing"
    if isinstance(mask, SizedMask) and mask.size[0] * mask.size[1] > MAX_PIXELS:
        return f"mask_rle.size: {mask.size[0]} x {mask.size[1]} is more than {MAX_PIXELS} pixels"
    return None
