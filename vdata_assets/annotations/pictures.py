"""The frames of an export, brought to one folder: written, measured and hashed in one go."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import xxhash
from PIL import Image

from vdata_assets.annotations.errors import BadExport
from vdata_assets.annotations.picture_source import PICTURE_ENDINGS, Source
from vdata_assets.annotations.schema import Frames
from vdata_assets.annotations.settings import ExportSettings
from vdata_assets.annotations.video import CutFrame, UnreadableVideo, frames_at
from vdata_resources.images import UnreadableImage, load_rgb, probe_luma
from vdata_resources.parallel import ordered_map
from vdata_resources.perceptual_hash import DECODED_SIDE, perceptual_hash
from vdata_resources.progress import Progress

if TYPE_CHECKING:
    from vdata_assets.annotations.archive import Archive
    from vdata_assets.annotations.contents import Container

FOLDER = "frames"
DEFAULT_FPS = Fraction(30)
VIDEO_AHEAD = 8  # frames of a video wait decoded: 25 MB each at 3840x2160
FORMAT_ENDINGS = {"JPEG": ".jpg", "JPEG2000": ".jp2", "TIFF": ".tif"}

Log = Callable[[str], object]
PictureLoader = Callable[[int], Image.Image | None]


class _Row(NamedTuple):
    """What is found out about one frame; names as in the frames table."""

    frame_index: int
    timestamp: float | None = None
    width: int | None = None
    height: int | None = None
    file: str | None = None
    content_hash: str | None = None
    phash: int | None = None
    upright_rgb: bool | None = None
    reason: str | None = None


ROW_TYPES = {
    "frame_index": pl.UInt32,
    "timestamp": pl.Float64,
    "width": pl.UInt32,
    "height": pl.UInt32,
    "file": pl.String,
    "content_hash": pl.String,
    "phash": pl.UInt64,
    "upright_rgb": pl.Boolean,
    "reason": pl.String,
}


def write_frames(
    archive: "Archive",
    container: "Container",
    source: Source,
    frame_index: Sequence[int],
    key: str,
    out: Path,
    settings: ExportSettings,
    log: Log = lambda line: None,
) -> pl.DataFrame:
    """Write the frames' pictures to ``out/frames/`` and describe them.

    Bytes from the ZIP or a folder are copied as they are; a video's frame is encoded once, as JPEG. Each
    picture is decoded once, at reduced size, which finds damage and gives its perceptual hash. Reading,
    inflating, decoding and writing overlap in threads, with a few dozen frames under way. Files are written
    plainly: the store makes them durable.

    Args:
        archive: the open ZIP.
        container: what the ZIP's JSON says.
        source: where pictures come from.
        frame_index: the frames that are wanted, strictly increasing.
        key: the export's partition key.
        out: folder of the export's new version.
        settings: quality of JPEGs cut from a video.
        log: where progress goes.

    Returns:
        A table of schema Frames, in the order of ``frame_index``, with no objects counted yet. A frame
        without a sound picture has a reason and no file. Times are the video's where pictures are cut from
        it, else frame index by its rate if it lies beside the ZIP, else the export's, else by the export's
        rate, or 30 a second.
    """
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    progress = Progress("frames", len(frame_index), "frames", log)
    rows = []
    with _rows(archive, source, frame_index, out, settings.jpeg_quality) as found:
        for row in found:
            rows.append(row)
            progress.advance()
    return _table(rows, container, source, key)


def picture_loader(frames: pl.DataFrame, folder: Path) -> PictureLoader:
    """A function that gives a frame's picture, RGB and upright, or None where it has none.

    Args:
        frames: a frames table of one export.
        folder: the version's folder, which ``file`` is relative to.
    """
    files = dict(frames.select("frame_index", "file").drop_nulls().iter_rows())

    def load(index: int) -> Image.Image | None:
        file = files.get(index)
        return None if file is None else load_rgb(folder / file)

    return load


@contextmanager
def _rows(
    archive: "Archive", source: Source, frame_index: Sequence[int], out: Path, quality: int
) -> Iterator[Iterator[_Row]]:
    if source.origin != "video":
        yield ordered_map(partial(_copied, archive, source, out), frame_index, chunk=4)
        return
    encode = partial(_encoded, out, quality)
    if source.path is not None:
        yield ordered_map(encode, _cut(source.path, frame_index, source), ahead=VIDEO_AHEAD)
        return
    assert source.member is not None  # noqa: S101 - a video is a file or an entry
    with tempfile.TemporaryDirectory(dir=out, prefix=".video-") as folder:
        spooled = Path(folder, "video" + PurePosixPath(source.member).suffix)
        try:
            with spooled.open("wb") as file:
                archive.copy(source.member, file)
        except BadExport as error:
            yield (_Row(index, reason=f"no picture: {error.reason}") for index in frame_index)
            return
        yield ordered_map(encode, _cut(spooled, frame_index, source), ahead=VIDEO_AHEAD)


@dataclass(frozen=True, slots=True)
class _Missing:
    index: int
    reason: str


def _cut(video: Path, frame_index: Sequence[int], source: Source) -> Iterator[CutFrame | _Missing]:
    """The video's frames, and from where it cannot be read on, why."""
    done = 0
    try:
        for frame in frames_at(video, frame_index):
            yield frame
            done += 1
    except UnreadableVideo as error:
        reason = error.reason if source.member is None else error.reason.replace(video.name, source.member)
        for index in frame_index[done:]:
            yield _Missing(index, f"no picture: {reason}")


def _encoded(out: Path, quality: int, frame: CutFrame | _Missing) -> _Row:
    if isinstance(frame, _Missing):
        return _Row(frame.index, reason=frame.reason)
    jpeg = io.BytesIO()
    frame.image.save(jpeg, "JPEG", quality=quality)
    return _written(out, frame.index, jpeg.getvalue(), "its frame", ".jpg", frame.timestamp)


def _copied(archive: "Archive", source: Source, out: Path, index: int) -> _Row:
    name = source.files.get(index)
    if name is None:
        return _Row(index, reason=source.absent)
    try:
        data = archive.read(name) if source.path is None else (source.path / name).read_bytes()
    except BadExport as error:
        return _Row(index, reason=error.reason)
    except OSError as error:
        return _Row(index, reason=f"{name} cannot be read: {error.strerror}")
    return _written(out, index, data, name, PurePosixPath(name).suffix.lower())


def _written(
    out: Path, index: int, data: bytes, name: str, ending: str, timestamp: float | None = None
) -> _Row:
    try:
        header, luma = probe_luma(data, DECODED_SIDE)
        phash = perceptual_hash(luma)
    except UnreadableImage as error:
        return _Row(index, timestamp, reason=f"{name} cannot be decoded: {error.reason}")
    if ending not in PICTURE_ENDINGS:
        ending = FORMAT_ENDINGS.get(header.format, f".{header.format.lower()}")
    file = f"{FOLDER}/frame_{index:06d}{ending}"
    (out / file).write_bytes(data)
    content = xxhash.xxh3_128_hexdigest(data)
    return _Row(index, timestamp, header.width, header.height, file, content, phash, header.upright_rgb)


def _table(rows: Sequence[_Row], container: "Container", source: Source, key: str) -> pl.DataFrame:
    frames = pl.DataFrame(rows, schema=ROW_TYPES, orient="row")
    told = container.frames.select("frame_index", told=pl.col("timestamp"))
    rate = source.fps or container.video.fps or DEFAULT_FPS
    by_rate = pl.col("frame_index").cast(pl.Float64) * rate.denominator / rate.numerator
    timestamps = [by_rate] if source.fps is not None else [pl.col("told"), by_rate]
    return Frames.validate(
        frames.join(told, on="frame_index", how="left", maintain_order="left").with_columns(
            frame_id=f"{key}-" + pl.col("frame_index").cast(pl.String).str.pad_start(6, "0"),
            export=pl.lit(key),
            video_id=pl.lit(_video_id(container.video.name)),
            timestamp=pl.coalesce("timestamp", *timestamps),
            origin=pl.lit(source.origin),
            objects=pl.lit(0, pl.UInt32),
        ),
        cast=True,
    ).select(Frames.column_names())


def _video_id(name: str) -> str:
    return PurePosixPath(name.strip().replace("\\", "/")).stem.strip() or "video"
