"""The documented layout: ``annotations.json`` and ``metadata.json`` as the SAM2 export tool writes them."""

import re
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

import polars as pl
from msgspec import Meta, Struct

from vdata_assets.annotations.archive import Archive
from vdata_assets.annotations.contents import (
    BYTES_AT_ONCE,
    FRAME_COLUMNS,
    FRAMES_AT_ONCE,
    MAX_PIXELS,
    Container,
    Video,
)
from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.json_stream import ArrayStream
from vdata_assets.annotations.labels import hidden_character
from vdata_assets.annotations.layout import Layout
from vdata_assets.annotations.messages import REPAIR, decode
from vdata_assets.annotations.object_rows import FrameIndex, Side, UncheckedFrame, object_rows

ANNOTATIONS_KEY = "annotations"
MAX_METADATA_BYTES = 1 << 28
MAX_NAME_CHARACTERS = 255
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Rate = Annotated[float, Meta(ge=0, le=1_000_000)]


class VideoEntry(Struct, kw_only=True):
    """The field ``video``; ``fps`` is how metadata.json calls ``source_fps``."""

    filename: str = ""
    width: Side
    height: Side
    source_fps: Rate | None = None
    fps: Rate | None = None
    total_frames: Annotated[int, Meta(ge=0)] | None = None


class ExportConfig(Struct):
    """The field ``export_config``."""

    frame_indices: list[FrameIndex] | None = None


class AnnotationsHead(Struct):
    """annotations.json but for the annotations."""

    annotations: list[Any]
    video: VideoEntry | None = None
    export_config: ExportConfig | None = None


class ExportInfo(Struct):
    """The field ``export_info``."""

    exporter: str = ""


class Metadata(Struct):
    """metadata.json."""

    export_info: ExportInfo | None = None
    video: VideoEntry | None = None
    export_config: ExportConfig | None = None


def read_export_json(archive: Archive, layout: Layout) -> Container:
    """Read an export of the documented layout, its objects later and bit by bit.

    Its frames are those that ``annotations`` lists and those that ``frame_indices`` says were exported (if it
    says nothing: those that have a picture in the ZIP): frames that nobody annotated are found so. What
    metadata.json says counts where annotations.json is silent.

    Raises:
        BadExport: a JSON is malformed or not of the documented shape, two annotations are of one frame, or
            no video is described.
    """
    file = layout.annotations
    if file is None:
        raise ValueError(f"{archive.file} is not of the documented layout")
    annotated: dict[int, float | None] = {}
    elements = ArrayStream(archive.pieces(file), ANNOTATIONS_KEY, file)
    for number, element in enumerate(elements):
        path = f"$.{ANNOTATIONS_KEY}[{number}]"
        frame = decode(element, UncheckedFrame, file, path)
        if frame.frame_index in annotated:
            first = list(annotated).index(frame.frame_index)
            raise BadExport(
                f"{file}: {path}.frame_index: {frame.frame_index} is that of $.{ANNOTATIONS_KEY}[{first}], "
                "too: keep one of them"
            )
        annotated[frame.frame_index] = frame.timestamp_sec
    head = decode(bytes(elements.rest.removeprefix(BYTE_ORDER_MARK)), AnnotationsHead, file)
    if head.annotations:
        raise BadExport(f"{file}: the key annotations is written with escapes: {REPAIR}")
    metadata = _metadata(archive, layout.metadata)
    video = _video(head.video, file) or _video(metadata.video, layout.metadata or file)
    if video is None:
        raise BadExport(f"{file}: $.video is missing: export it again, or add width and height of the video")
    return Container(
        video=video,
        exporter=metadata.export_info.exporter if metadata.export_info else "",
        frames=_frames(annotated, (head.export_config, metadata.export_config), layout),
        video_member=layout.video(video.name, archive.file),
        chunks=partial(_chunks, archive, file, tuple(annotated), video.frames),
    )


def video_name(name: str, file: str, path: str) -> str:
    """The last component of a video's name.

    Raises:
        BadExport: it has control characters or is longer than a file's name.
    """
    last = re.split(r"[/\\]", name)[-1].strip()
    hidden = hidden_character(last)
    if hidden is not None:
        raise BadExport(f"{file}: {path}: has the control character {hidden}: {REPAIR}")
    if len(last) > MAX_NAME_CHARACTERS:
        raise BadExport(
            f"{file}: {path}: has {len(last)} characters, more than {MAX_NAME_CHARACTERS}: {REPAIR}"
        )
    return last


def _video(entry: VideoEntry | None, file: str) -> Video | None:
    if entry is None:
        return None
    if entry.width * entry.height > MAX_PIXELS:
        raise BadExport(
            f"{file}: $.video: {entry.width} x {entry.height} is more than {MAX_PIXELS} pixels: {REPAIR}"
        )
    rate = entry.source_fps or entry.fps  # 0 is how some tools write that they do not know
    return Video(
        name=video_name(entry.filename, file, "$.video.filename"),
        width=entry.width,
        height=entry.height,
        fps=Fraction(str(rate)) if rate else None,
        frames=entry.total_frames or None,
    )


def _metadata(archive: Archive, file: str | None) -> Metadata:
    if file is None:
        return Metadata()
    if archive.size(file) > MAX_METADATA_BYTES:
        raise BadExport(f"{file} has {archive.size(file)} bytes, more than {MAX_METADATA_BYTES}: remove it")
    return decode(archive.read(file).removeprefix(BYTE_ORDER_MARK), Metadata, file)


def _frames(
    annotated: dict[int, float | None], configs: Sequence[ExportConfig | None], layout: Layout
) -> pl.DataFrame:
    exported = next((config.frame_indices for config in configs if config and config.frame_indices), None)
    indices = sorted(annotated.keys() | set(layout.pictures if exported is None else exported))
    return pl.DataFrame(
        {
            "frame_index": indices,
            "timestamp": [annotated.get(index) for index in indices],
            "member": [layout.pictures.get(index) for index in indices],
        },
        schema=FRAME_COLUMNS,
    )


def _chunks(
    archive: Archive, file: str, indices: Sequence[int], total_frames: int | None, wanted: Collection[int]
) -> Iterator[pl.DataFrame]:
    """Objects of the wanted frames in their order; ``indices`` are all frames' as the JSON lists them."""
    elements = ArrayStream(archive.pieces(file), ANNOTATIONS_KEY, file)
    frames = ((index, frame) for index, frame in zip(indices, elements, strict=True) if index in wanted)
    # Tools write frames in order; only an export where they are not has to be held as a whole.
    in_order = all(one < other for one, other in pairwise(indices))
    held: list[bytes] = []
    size = 0
    for _, frame in frames if in_order else iter(sorted(frames)):
        if held and (len(held) == FRAMES_AT_ONCE or size + len(frame) > BYTES_AT_ONCE):
            yield object_rows(held, total_frames)
            held, size = [], 0
        held.append(frame)
        size += len(frame)
    yield object_rows(held, total_frames)
