"""Masklets of the SA-V dataset: ``<video>_manual.json`` and ``<video>_auto.json`` of one video.

``masklet[step][object]`` is a COCO compressed mask; there are no classes. Annotated is every fourth frame of
24 a second, so step i is frame 4 i (the dataset's README in facebookresearch/sam2, sav_dataset).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import Meta, Raw, Struct

from vdata_assets.annotations.archive import Archive
from vdata_assets.annotations.contents import FRAME_COLUMNS, MAX_PIXELS, MAX_SIDE, Container, Video
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.export_json import video_name
from vdata_assets.annotations.json_stream import ArrayStream
from vdata_assets.annotations.layout import Layout
from vdata_assets.annotations.messages import DECODING_ERRORS, REPAIR, decode, problem
from vdata_assets.annotations.object_rows import ObjectEntry, SizedMask, object_row, object_table

STEP = 4
STEPS_AT_ONCE = 256  # a step holds many masks
MASKLET_KEY = "masklet"
LABEL = "object"

# The dataset stores whole numbers as floats, such as 848.0.
Number = Annotated[float, Meta(ge=1, le=2**31)]
Length = Annotated[float, Meta(ge=1, le=MAX_SIDE)]


StepMask = SizedMask | None


class SavHead(Struct):
    """A file of masklets but for the masks."""

    masklet: list[Any]
    video_id: str
    video_frame_count: Number
    video_width: Length
    video_height: Length
    video_duration: Annotated[float, Meta(ge=0)] | None = None
    masklet_id: list[int] | None = None


@dataclass(frozen=True)
class _File:
    """A file of masklets that was looked through.

    Attributes:
        name: its entry.
        kind: manual or auto.
        head: what it says of the video.
        masks: how many masks each step has.
    """

    name: str
    kind: str
    head: SavHead
    masks: list[int]

    def object_id(self, number: int) -> str:
        """The id of an object by its place in a step, such as ``auto-3``."""
        ids = self.head.masklet_id
        return f"{self.kind}-{number if ids is None else ids[number]}"


def read_sav(archive: Archive, layout: Layout) -> Container:
    """Read the masklets of an SA-V video. A mask without pixels means that the object is not to be seen.

    Raises:
        BadExport: a JSON is malformed or not of the dataset's shape, or the two do not fit together.
    """
    files = [_look_through(archive, entry.kind, entry.name) for entry in layout.masklets]
    first, *others = files
    for other in others:
        _require_same_video(first, other)
    steps, count = len(first.masks), int(first.head.video_frame_count)
    stride = _stride(steps, count, first.name)
    indices = [step * stride for step in range(steps)]
    name = video_name(first.head.video_id, first.name, "$.video_id") + ".mp4"
    duration = first.head.video_duration
    return Container(
        video=Video(
            name=name,
            width=int(first.head.video_width),
            height=int(first.head.video_height),
            fps=count / Fraction(str(duration)) if duration else None,
            frames=count,
        ),
        exporter="SA-V",
        frames=pl.DataFrame(
            {
                "frame_index": indices,
                "timestamp": [None] * steps,
                "member": [layout.pictures.get(index) for index in indices],
            },
            schema=FRAME_COLUMNS,
        ),
        video_member=layout.video(name, archive.file),
        chunks=partial(_chunks, archive, files, stride),
    )


def _steps(archive: Archive, name: str) -> ArrayStream:
    return ArrayStream(archive.pieces(name), MASKLET_KEY, name)


def _look_through(archive: Archive, kind: str, name: str) -> _File:
    steps = _steps(archive, name)
    masks = [
        len(decode(step, list[Raw], name, f"$.{MASKLET_KEY}[{number}]")) for number, step in enumerate(steps)
    ]
    head = decode(bytes(steps.rest), SavHead, name)
    if head.video_width * head.video_height > MAX_PIXELS:
        raise BadExport(
            f"{name}: $.video_width: {head.video_width:g} x {head.video_height:g} is more than {MAX_PIXELS} "
            f"pixels: {REPAIR}"
        )
    for number, count in enumerate(masks):
        if head.masklet_id is not None and count != len(head.masklet_id):
            raise BadExport(
                f"{name}: $.{MASKLET_KEY}[{number}]: {count} masks, but $.masklet_id names "
                f"{len(head.masklet_id)}: {REPAIR}"
            )
    return _File(name, kind, head, masks)


def _require_same_video(one: _File, other: _File) -> None:
    if len(one.masks) != len(other.masks):
        raise BadExport(
            f"{one.name} has {len(one.masks)} steps and {other.name} {len(other.masks)}: "
            "keep files of one video"
        )
    for field in ("video_id", "video_frame_count", "video_width", "video_height"):
        here, there = getattr(one.head, field), getattr(other.head, field)
        if here != there:
            raise BadExport(
                f"{other.name}: $.{field}: {there!r}, but {here!r} in {one.name}: keep files of one video"
            )


def _stride(steps: int, frames: int, file: str) -> int:
    """Frames from one step to the next: 4, or what else leads through all frames in so many steps."""
    guess = -(-frames // steps) if steps else STEP
    for stride in (STEP, guess):
        if -(-frames // stride) == steps:
            return stride
    raise BadExport(
        f"{file}: $.{MASKLET_KEY}: {steps} steps do not fit $.video_frame_count {frames}: "
        f"there is one for each {STEP} frames"
    )


def _chunks(
    archive: Archive, files: Sequence[_File], stride: int, wanted: Collection[int]
) -> Iterator[pl.DataFrame]:
    steps = enumerate(zip(*(_steps(archive, file.name) for file in files), strict=True))
    frames = ((step * stride, masks) for step, masks in steps if step * stride in wanted)
    while batch := list(islice(frames, STEPS_AT_ONCE)):
        rows = []
        for index, lists in batch:
            objects = [
                _object(file.object_id(number), raw)
                for file, masks in zip(files, lists, strict=True)
                for number, raw in enumerate(decode(masks, list[Raw], file.name))
            ]
            rows += [object_row(index, at, entry, reason) for at, (entry, reason) in enumerate(objects)]
        yield _visible(object_table(rows))


def _object(object_id: str, raw: Raw) -> tuple[ObjectEntry, str | None]:
    try:
        mask = msgspec.json.decode(raw, type=StepMask)
    except DECODING_ERRORS as error:
        return ObjectEntry(object_id, LABEL), problem(error, MASKLET_KEY)
    # No mask and one without run lengths say the same: nothing of the object is to be seen.
    return ObjectEntry(object_id, LABEL, mask or SizedMask((1, 1), [1])), None


def _visible(objects: pl.DataFrame) -> pl.DataFrame:
    """The objects but for those whose masks have no pixel; positions without gaps."""
    from vdata_assets.masks.measure import areas
    from vdata_assets.masks.read import read_compressed, read_lists

    hidden = pl.Series([False]).new_from_index(0, objects.height)
    for form, column, read in (("compressed", "text", read_compressed), ("list", "counts", read_lists)):
        masks = read(objects[column])
        empty = pl.Series(areas(masks.runs) == 0) & masks.reasons.is_null()
        hidden |= (objects["form"] == form) & empty
    return objects.filter(~hidden).with_columns(
        position=pl.int_range(pl.len(), dtype=pl.UInt32).over("frame_index")
    )
