"""Whether masks are painted into an export's pictures, as the public tool's previews have them.

Painting with opacity a and colour C turns a pixel I into (1 - a) I + a C. Inside the mask the colours then
span at most (1 - a) of their range, and the darkest of them are not nearly black, as they are in photos, but
near a C: coloured. Around the mask nothing of that is seen. Grey paint does not show this way, and a
saturated object without shadows looks painted, so a verdict is formed over many frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.pictures import PictureLoader, picture_loader
from vdata_assets.masks.dense import decoded
from vdata_resources.parallel import ordered_map

Sample = tuple[int, list[tuple[NDArray[np.bool_], tuple[int, int]]]]
"""Index of a frame, and its masks with the grids on which they were stored."""

FRAMES = 64
OBJECTS_PER_FRAME = 8  # the largest: small ones tell little
LEAST_PIXELS = 64
MARGIN = 8  # pixels around a mask that it is compared with
DARKEST = 0.05  # share of the pixels that stands for the darkest
TAIL = 0.02  # share of the pixels beyond either end of the range
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601

# Measured on 103 real masks of six exports and 777 segments of 65 photos, as they are and painted at 0.4 to
# 0.6 in seven colours, JPEG at 75 to 92: of the clean ones 1% and 6% pass for painted, of the painted 95% and
# 93%.
LEAST_TINT = 40.0  # of the darkest: largest minus smallest of R, G, B; clean: 14 mostly, painted: 60 to 150
LEAST_EXCESS = 25.0  # of that over the same around the mask
LARGEST_RANGE = 180.0  # of a channel inside; clean: 230 mostly, painted: 60 to 177
LEAST_STEP = 8.0  # between the mean colours inside and around

LEAST_CHANGE = 10.0  # mean difference to a clean picture inside a painted mask
LEAST_CHANGE_RATIO = 3.0  # of that to the difference around it
LEAST_SHARE = 0.5  # of an object, frame or export's parts that are painted


@dataclass(frozen=True)
class PaintedReport:
    """Whether masks are painted into pictures.

    Attributes:
        painted: whether most of the frames looked at show it.
        share: share of them that do, 0 to 1.
        frames: their indices.
        grounds: one sentence with the figures.
    """

    painted: bool
    share: float
    frames: Sequence[int]
    grounds: str


def painted_frames(
    frames: pl.DataFrame,
    objects: pl.DataFrame | pl.LazyFrame,
    folder: Path,
    clean: PictureLoader | None = None,
) -> PaintedReport:
    """Look at up to 64 frames that have masks, spread evenly over the export.

    A frame counts as painted if at least half of its larger masks are, and the export if at least half of its
    frames do. Pictures are compared with masks on the grid on which the masks were stored, if that is
    coarser: painted outlines are no finer.

    Args:
        frames: of schema Frames, one export's.
        objects: of schema Objects, of these frames.
        folder: what ``file`` of the frames is relative to.
        clean: gives a frame's picture without masks, where it is known; None where it is not. With it, the
            difference decides instead of colours.
    """
    picture = picture_loader(frames, folder)

    def look(sample: Sample) -> tuple[int, list[bool]]:
        index, masks = sample
        image, reference = picture(index), None if clean is None else clean(index)
        if image is None or (clean is not None and reference is None):
            return index, []
        verdicts = [painted(image, *mask, reference) for mask in masks]
        return index, [verdict for verdict in verdicts if verdict is not None]

    looks = ordered_map(look, _sampled(frames, objects.lazy().drop_nulls("rle")), ahead=4)
    verdicts = {index: known for index, known in looks if known}
    found = [index for index, known in verdicts.items() if sum(known) >= LEAST_SHARE * len(known)]
    looked = len(verdicts)
    if not looked:
        return PaintedReport(False, 0.0, (), "no mask is large enough to tell.")
    how = (
        "are tinted even in the darkest places inside of their masks, and not around them"
        if clean is None
        else "differ from the clean pictures inside of their masks, and not around them"
    )
    share = len(found) / looked
    return PaintedReport(share >= LEAST_SHARE, share, found, f"{len(found)} of {looked} frames {how}.")


def painted(
    picture: Image.Image,
    mask: NDArray[np.bool_],
    grid: tuple[int, int] | None = None,
    clean: Image.Image | None = None,
) -> bool | None:
    """Whether a mask is painted into a picture; None if too little can be seen of it.

    Args:
        picture: RGB.
        mask: bool of shape (height, width), the picture's.
        grid: height and width at which to compare, if smaller.
        clean: the same picture without masks, RGB of any size, if it is known.
    """
    height, width = mask.shape
    if grid is not None:
        height, width = min(height, grid[0]), min(width, grid[1])
    if (height, width) != mask.shape:
        small = Image.fromarray(mask.view(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
        mask = np.asarray(small).view(np.bool_)
    if np.count_nonzero(mask) < LEAST_PIXELS:
        return None
    part = _surroundings(mask)
    inside = mask[part]
    around = _ring(inside)
    if np.count_nonzero(around) < LEAST_PIXELS:
        return None
    pixels = _pixels(picture, height, width)[part]
    if clean is not None:
        change = np.abs(pixels - _pixels(clean, height, width)[part]).mean(axis=2)
        within, without = float(change[inside].mean()), float(change[around].mean())
        return within >= LEAST_CHANGE and within >= LEAST_CHANGE_RATIO * without
    return _tinted(pixels[inside], pixels[around])


def _tinted(inside: NDArray[np.float32], around: NDArray[np.float32]) -> bool:
    """Whether colours, of shape (n, 3), look painted over compared with those around them."""
    low, high = np.quantile(inside, (TAIL, 1 - TAIL), axis=0)
    step = float(np.linalg.norm(inside.mean(axis=0) - around.mean(axis=0)))
    tint = _darkest_tint(inside)
    return (
        tint >= LEAST_TINT
        and tint - _darkest_tint(around) >= LEAST_EXCESS
        and float((high - low).max()) <= LARGEST_RANGE
        and step >= LEAST_STEP
    )


def _darkest_tint(colours: NDArray[np.float32]) -> float:
    luma = colours @ LUMA
    return float(np.ptp(colours[luma <= np.quantile(luma, DARKEST)].mean(axis=0)))


def _surroundings(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The mask's box with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(rows[0] - MARGIN, 0), rows[-1] + MARGIN + 1),
        slice(max(columns[0] - MARGIN, 0), columns[-1] + MARGIN + 1),
    )


def _ring(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels up to 8 away from the mask, without those that touch it: chroma bleeds over in JPEG."""
    from scipy.ndimage import binary_dilation

    square = np.ones((3, 3), np.bool_)
    touching = binary_dilation(mask, square)
    ring: NDArray[np.bool_] = binary_dilation(touching, square, MARGIN - 1) & ~touching
    return ring


def _pixels(picture: Image.Image, height: int, width: int) -> NDArray[np.float32]:
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BOX)
    return np.asarray(picture, np.float32)


def _sampled(frames: pl.DataFrame, objects: pl.LazyFrame) -> Iterator[Sample]:
    """The index of each frame looked at, and its larger masks with the grids on which they were stored."""
    with_picture = frames.filter(pl.col("file").is_not_null())
    ids = objects.select(pl.col("frame_id").unique()).collect()
    masked = with_picture.join(ids, on="frame_id", how="semi", maintain_order="left")
    places = np.unique(np.linspace(0, masked.height - 1, min(FRAMES, masked.height)).round().astype(np.int64))
    chosen = masked[places].select("frame_id", "frame_index", "height", "width")
    larger = (
        chosen.join(
            objects.filter(pl.col("frame_id").is_in(chosen["frame_id"].implode())).collect(),
            on="frame_id",
            maintain_order="left_right",
        )
        .filter(pl.col("area").rank("ordinal", descending=True).over("frame_id") <= OBJECTS_PER_FRAME)
        .select("frame_index", "rle", "height", "width", "source_height", "source_width")
    )
    for (index,), rows in larger.group_by("frame_index", maintain_order=True):
        masks = [
            (decoded(rle, height, width), (source_height or height, source_width or width))
            for _, rle, height, width, source_height, source_width in rows.iter_rows()
        ]
        yield int(str(index)), masks
