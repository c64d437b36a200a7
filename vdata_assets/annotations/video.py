"""Frames of a video file, by their number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Containers behind these endings. FFmpeg recognises a format by its content, and a playlist that calls itself
# video.mp4 would make it open other files and addresses.
FORMATS = "mov,matroska,avi"
QUARTER_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


class UnreadableVideo(Exception):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """A video that cannot be read, or not as far as wanted.

    Attributes:
        reason: why, for a person; names the file.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video file says of itself.

    Attributes:
        width: pixels, upright.
        height: pixels, upright.
        fps: average frames a second; None if the file does not tell.
        frames: as the file declares; None if it does not tell. Only decoding shows how many there are.
    """

    width: int
    height: int
    fps: Fraction | None
    frames: int | None


@dataclass(frozen=True, slots=True)
class CutFrame:
    """A decoded frame.

    Attributes:
        index: how many frames are shown before it.
        timestamp: seconds since the first frame.
        image: RGB, upright.
    """

    index: int
    timestamp: float
    image: Image.Image


def probe_video(path: Path) -> VideoFacts:
    """What the file says of itself; its first frame is decoded, since rotation stands there.

    Raises:
        UnreadableVideo: it is no video, or its first frame is damaged.
    """
    with _opened(path) as (container, stream):
        first = next(_decoded(container, stream, path), None)
        if first is None:
            raise UnreadableVideo(f"{path.name} cannot be read as a video: it has no frame")
        width, height = first.width, first.height
        if first.rotation % 180:
            width, height = height, width
        return VideoFacts(width, height, stream.average_rate or stream.guessed_rate, stream.frames or None)


def frames_at(path: Path, indices: Sequence[int]) -> Iterator[CutFrame]:
    """The frames at the given numbers, in one pass that stops after the last of them.

    The number of a frame is the count of frames decoded before it, in the order in which they are shown.
    Seeking would be faster where few are wanted, but lands by time stamp, and those are estimates in many
    files. Decoding uses all cores. Pixels are not stretched where the file declares them oblong: masks are
    drawn on the frame's own grid.

    Args:
        path: the video.
        indices: numbers from 0, strictly increasing.

    Raises:
        UnreadableVideo: it is no video, or it ends or is damaged before the last frame that is wanted;
            those before have been yielded by then.
    """
    if not indices:
        return
    with _opened(path) as (container, stream):
        wanted = iter(indices)
        next_index = next(wanted)
        rate = stream.average_rate or stream.guessed_rate or Fraction(30)
        start: int | None = None
        count = 0
        for count, frame in enumerate(_decoded(container, stream, path), start=1):
            index = count - 1
            if index == 0:
                start = frame.pts
            if index < next_index:
                continue
            exact = index / rate
            if frame.pts is not None and start is not None and stream.time_base is not None:
                exact = (frame.pts - start) * Fraction(stream.time_base)
            yield CutFrame(index, float(max(exact, Fraction(0))), _upright(frame))
            following = next(wanted, None)
            if following is None:
                return
            next_index = following
        cut = f" of the {stream.frames} that it declares" if stream.frames > count else ""
        raise UnreadableVideo(f"{path.name} has {count} frames{cut}, none with index {next_index}")


def _upright(frame: "VideoFrame") -> Image.Image:
    image = frame.to_image()
    turn = QUARTER_TURNS.get(frame.rotation % 360)
    return image if turn is None else image.transpose(turn)


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[InputContainer, VideoStream]]":
    import av

    try:
        container = av.open(str(path), options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})
    except av.error.FFmpegError as error:
        raise UnreadableVideo(f"{path.name} cannot be read as a video: {error.strerror}") from error
    with container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise UnreadableVideo(f"{path.name} cannot be read as a video: it has no video stream")
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(2 * (Image.MAX_IMAGE_PIXELS or 2**30))}
        yield container, stream


def _decoded(container: "InputContainer", stream: "VideoStream", path: Path) -> "Iterator[VideoFrame]":
    """All frames. After damage the count of frames is lost, so nothing is read beyond it."""
    import av

    frames = container.decode(stream)
    count = 0
    while True:
        try:
            frame = next(frames, None)
        except av.error.FFmpegError as error:
            raise UnreadableVideo(f"{path.name} is damaged after {count} frames: {error.strerror}") from error
        if frame is None:
            return
        count += 1
        yield frame
