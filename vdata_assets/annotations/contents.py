"""What an export holds, whichever layout it has."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

FRAMES_AT_ONCE = 2_000  # most frames of a chunk of objects
BYTES_AT_ONCE = 1 << 24  # of JSON for one

MAX_SIDE = 65_535
MAX_PIXELS = 2**31 - 1

FORMS = pl.Enum(["text", "list", "compressed", "none"])

OBJECT_COLUMNS = pl.Schema(
    {
        "frame_index": pl.UInt32(),
        "position": pl.UInt32(),
        "object_id": pl.String(),
        "label": pl.String(),
        "form": FORMS,
        "text": pl.String(),
        "counts": pl.List(pl.Int64),
        "declared_height": pl.UInt32(),
        "declared_width": pl.UInt32(),
        "source_box": pl.Array(pl.Float64, 4),
        "source_area": pl.Float64(),
        "confidence": pl.Float64(),
        "reason": pl.String(),
    }
)
"""An object as stored: ``text`` holds run lengths of the forms text and compressed, ``counts`` those of the
form list, ``declared_*`` the size that stands beside them, and ``reason`` what is wrong besides its mask."""

FRAME_COLUMNS = pl.Schema({"frame_index": pl.UInt32(), "timestamp": pl.Float64(), "member": pl.String()})


@dataclass(frozen=True)
class Video:
    """The video that was annotated, as the export has it.

    Attributes:
        name: file name without folders; empty if the export does not say.
        width: pixels.
        height: pixels.
        fps: frames a second; None if unknown. The public tool always says 30.
        frames: how many the video has; None if unknown.
    """

    name: str
    width: int
    height: int
    fps: Fraction | None
    frames: int | None


@dataclass(frozen=True)
class Container:
    """An export whose tables can be read.

    Attributes:
        video: what was annotated.
        exporter: the tool that wrote it; empty if the export does not say.
        frames: columns frame_index (unique, ascending), timestamp (seconds; null if not stored) and member
            (the ZIP's entry of the frame's picture; null if it has none).
        video_member: the ZIP's entry of the video; None if it is not in the ZIP.
        chunks: reads the objects of the frames with the given indices; see :meth:`objects`.
    """

    video: Video
    exporter: str
    frames: pl.DataFrame
    video_member: str | None
    chunks: Callable[[Collection[int]], Iterator[pl.DataFrame]]

    def objects(self, frame_indices: Collection[int] | None = None) -> Iterator[pl.DataFrame]:
        """The objects as stored, in chunks of whole frames in order, 2,000 frames at most; never all at once.

        Args:
            frame_indices: of which frames; None for all. The others are not decoded.

        Yields:
            Tables of :data:`OBJECT_COLUMNS`; none is empty.

        Raises:
            BadExport: the archive is damaged.
        """
        wanted = self.frames["frame_index"].to_list() if frame_indices is None else frame_indices
        return (chunk for chunk in self.chunks(frozenset(wanted)) if chunk.height)
