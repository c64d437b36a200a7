"""Whether the run lengths of an export go along rows or along columns.

Space-separated run lengths carry neither their order nor, mostly, their size. The public tool documents
COCO's order (column-major), while what it writes is row-major on a 256 x 256 grid. The boxes that it stores
are no evidence: they were computed from the wrong reading, and agree with it.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from vdata_assets.annotations.contents import OBJECT_COLUMNS
from vdata_assets.annotations.grids import text_grids
from vdata_assets.annotations.pictures import PictureLoader
from vdata_assets.masks.dense import dense
from vdata_assets.masks.read import read_text
from vdata_assets.masks.run_lengths import RunLengths

if TYPE_CHECKING:
    from vdata_assets.annotations.contents import Container

Order = Literal["row", "column"]

MASKS = 64
FRAMES = 256  # decoded to find them
SHAPE_RATIO = 1.2  # times the grid's longer side by its shorter; real exports: 2.1 to 24
WORKING_SIDE = 256  # pixels: masks and pictures are compared at this size at most
REACH = 4  # pixels on either side of an outline whose colours are compared
SAME = 0.9  # intersection over union from which both readings are one
MARGIN = 0.5  # mean log-ratio that is clear; real exports: 0.98 to 4.1
MARGIN_OF_FEW = 1.5  # likewise, where there are fewer masks than FEW
FEW = 4
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class OrderDecision:
    """How run lengths are read, and why.

    Attributes:
        order: row-major or column-major.
        grounds: one sentence with the figures, for the partition's metadata.
        clear: whether rules or evidence settle it; if not, a person should look at the overlays.
        figures: what was measured.
    """

    order: Order
    grounds: str
    clear: bool
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sample:
    """A mask both ways on its grid, bool of shape (height, width), and its frame."""

    frame_index: int
    row: NDArray[np.bool_]
    column: NDArray[np.bool_]


def decide_order(
    container: "Container",
    pictures: PictureLoader | None,
    setting: Literal["auto", "row", "column"],
    frame_index: Collection[int] | None = None,
) -> OrderDecision:
    """Decide how an export's space-separated run lengths are read. In this order:

    1. What the setting says.
    2. An export that has no such masks is column-major, as COCO defines its two forms.
    3. Shape: on a grid that is not square the wrong reading tears a mask into stripes. The reading with the
       clearly shorter outline wins, over up to 64 masks spread evenly over the export.
    4. Pictures: on a square grid the readings are each other's transpose. The right one has its outline on
       the picture's edges, and other colours inside than around. Per mask, the log-ratio of the mean colour
       step across the outline, relative to the picture's, and that of the difference of the mean colours in
       a band on either side, relative to their spread, are added; the mean over the masks decides if it is
       clear of zero. Masks painted into the picture make this evidence stronger.
    5. Else nothing is clear. Run lengths that add up to a square which is not the video's size are what the
       public tool writes, and taken as row-major; all others as column-major, as documented.

    Args:
        container: the export.
        pictures: gives a frame's picture by index, None where it has none; None if there are no pictures.
        setting: the setting ``rle_order``.
        frame_index: look only at the masks of these frames; None for all.
    """
    if setting != "auto":
        return OrderDecision(setting, f"rle_order is set to {setting}.", clear=True)
    sampled = _sampled(container, frame_index)
    if sampled.is_empty():
        return OrderDecision(
            "column", "No mask is a text of run lengths; COCO's forms are column-major.", clear=True
        )
    samples, odd_squares = _read(sampled, container.video.height, container.video.width)
    figures: dict[str, float] = {"masks": len(samples)}
    evidence = _by_shape(samples, figures) or _by_pictures(samples, pictures, figures)
    if evidence is not None:
        return evidence
    looked = _unclear(figures)
    if 2 * odd_squares > len(samples):
        return OrderDecision(
            "row",
            f"{looked}; run lengths that add up to a square which is not the video's size are what the "
            "public tool writes, row by row whatever its documents say.",
            clear=False,
            figures=figures,
        )
    return OrderDecision(
        "column", f"{looked}; column-major is what is documented.", clear=False, figures=figures
    )


def _sampled(container: "Container", frame_index: Collection[int] | None) -> pl.DataFrame:
    """Up to 64 masks in text form, spread evenly over the export.

    First only some frames are decoded; all of them if those do not have masks enough.
    """
    indices = container.frames["frame_index"].to_list() if frame_index is None else sorted(frame_index)
    some = [indices[place] for place in _spread(len(indices), FRAMES)]
    masks = _texts(container, some)
    if masks.height < MASKS and len(some) < len(indices):
        masks = _texts(container, indices)
    return masks[_spread(masks.height, MASKS)]


def _texts(container: "Container", indices: Collection[int]) -> pl.DataFrame:
    """Masks in text form of these frames, evenly thinned out where there are many: memory stays flat."""
    columns = ["frame_index", "text", "declared_height", "declared_width"]
    chosen = pl.DataFrame(schema={"number": pl.UInt32, **{name: OBJECT_COLUMNS[name] for name in columns}})
    stride, seen = 1, 0
    for chunk in container.objects(indices):
        texts = chunk.filter(pl.col("form") == "text", pl.col("reason").is_null()).select(columns)
        numbered = texts.with_row_index("number", seen).cast({"number": pl.UInt32})
        seen += texts.height
        chosen = pl.concat([chosen, numbered.filter(pl.col("number") % stride == 0)])
        while chosen.height > 2 * MASKS:
            stride *= 2
            chosen = chosen.filter(pl.col("number") % stride == 0)
    return chosen


def _spread(count: int, most: int) -> list[int]:
    """Up to ``most`` places of ``count``, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [place * (count - 1) // (most - 1) for place in range(most)]


def _read(sampled: pl.DataFrame, video_height: int, video_width: int) -> tuple[list[_Sample], int]:
    """The sound masks both ways, and how many of them lie on a square that is not the video's size."""
    read = read_text(sampled.get_column("text"))
    sound = read.reasons.is_null()
    samples, odd_squares = [], 0
    rows = sampled.select("frame_index", "declared_height", "declared_width").iter_rows()
    for place, (index, height, width) in enumerate(rows):
        if not sound[place]:
            continue
        declared = (height, width) if height and width else (video_height, video_width)
        grid = _grid(read.runs, place, declared)
        if grid is None:
            continue
        odd_squares += grid != declared
        samples.append(
            _Sample(index, *(dense(read.runs, place, *grid, order) for order in ("row", "column")))
        )
    return samples, odd_squares


def _grid(runs: RunLengths, place: int, declared: tuple[int, int]) -> tuple[int, int] | None:
    """Height and width of the mask's grid: as declared, else a square, else None."""
    total = runs.lengths[runs.offsets[place] : runs.offsets[place + 1]].sum(keepdims=True)
    heights, widths = text_grids(total, [(np.array(declared[:1]), np.array(declared[1:]))])
    return (int(heights[0]), int(widths[0])) if heights[0] else None


def _by_shape(samples: list[_Sample], figures: dict[str, float]) -> OrderDecision | None:
    uneven = [sample for sample in samples if sample.row.shape[0] != sample.row.shape[1]]
    row = sum(_outline(sample.row) for sample in uneven)
    column = sum(_outline(sample.column) for sample in uneven)
    if not row or not column:
        return None
    ratio = max(row, column) / min(row, column)
    figures |= {"outline_row": row, "outline_column": column}
    # A band across the picture, such as the sky, is a band either way: as long as a row, or as a column.
    bands = max(max(sample.row.shape) / min(sample.row.shape) for sample in uneven)
    if ratio < SHAPE_RATIO * bands:
        return None
    order: Order = "row" if row < column else "column"
    other = "column" if order == "row" else "row"
    grounds = (
        f"Read {order}-major, the outlines of {len(uneven)} masks are {min(row, column):,} pixels long; "
        f"{other}-major they are {ratio:.1f} times as long, torn into stripes."
    )
    return OrderDecision(order, grounds, clear=True, figures=figures)


def _outline(mask: NDArray[np.bool_]) -> int:
    """Length of the outline in pixel sides, without the picture's rim."""
    return int(np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1]))


def _by_pictures(
    samples: list[_Sample], pictures: PictureLoader | None, figures: dict[str, float]
) -> OrderDecision | None:
    if pictures is None:
        return None
    found = []
    loaded: tuple[int, Image.Image | None] = (-1, None)
    for sample in samples:
        if loaded[0] != sample.frame_index:
            loaded = (sample.frame_index, pictures(sample.frame_index))
        if loaded[1] is not None and (margin := _margin(sample, loaded[1])) is not None:
            found.append(margin)
    if not found:
        return None
    margins = np.array(found)
    mean = float(margins.mean())
    figures |= {"compared_with_pictures": len(found), "margin_of_row": round(mean, 4)}
    if len(found) < FEW:
        clear = abs(mean) >= MARGIN_OF_FEW and bool((np.sign(margins) == np.sign(mean)).all())
    else:
        error = float(margins.std(ddof=1)) / math.sqrt(len(found))
        clear = abs(mean) >= max(MARGIN, STANDARD_ERRORS * error)
    if not clear:
        return None
    order: Order = "row" if mean > 0 else "column"
    agreeing = int((np.sign(margins) == np.sign(mean)).sum())
    grounds = (
        f"Read {order}-major, {agreeing} of {len(found)} masks fit their pictures better: edges and contrast "
        f"at their outlines are {math.exp(abs(mean)):.1f} times as strong as read the other way."
    )
    return OrderDecision(order, grounds, clear=True, figures=figures)


def _margin(sample: _Sample, picture: Image.Image) -> float | None:
    """How much better the row-major reading fits, as a log-ratio; None if both readings say the same."""
    height, width = (min(side, WORKING_SIDE) for side in sample.row.shape)
    row, column = (_resized(mask, height, width) for mask in (sample.row, sample.column))
    either = np.count_nonzero(row | column)
    if not either or np.count_nonzero(row & column) >= SAME * either:
        return None
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BOX), np.float32)
    scores = [(_edge(pixels, mask), _contrast(pixels, mask)) for mask in (row, column)]
    (row_edge, row_contrast), (column_edge, column_contrast) = scores
    if min(row_edge, column_edge) <= 0 or min(row_contrast, column_contrast) <= 0:
        return None
    return math.log(row_edge / column_edge) + math.log(row_contrast / column_contrast)


def _resized(mask: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    image = Image.fromarray(mask.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
    return np.asarray(image).astype(np.bool_)


def _edge(pixels: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Mean colour step across the outline, in units of the picture's mean step; 0 without an outline.

    Steps are taken over three pixels, so that an outline which is a pixel off still counts.
    """
    total, count = 0.0, 0
    for image, inside in ((pixels, mask), (pixels.swapaxes(0, 1), mask.T)):
        steps = np.abs(image[:, 3:] - image[:, :-3]).sum(axis=2)
        outline = inside[:, 2:-1] != inside[:, 1:-2]
        total += float(steps[outline].sum()) / (float(steps.mean()) + 1e-3)
        count += int(np.count_nonzero(outline))
    return total / count + 1e-3 if count else 0.0


def _contrast(pixels: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Distance of the mean colours just inside and outside of the outline, in units of their spread."""
    from scipy.ndimage import binary_dilation, binary_erosion

    square = np.ones((3, 3), np.bool_)
    inner = mask & ~binary_erosion(mask, square, REACH)
    outer = binary_dilation(mask, square, REACH) & ~mask
    if not inner.any() or not outer.any():
        return 0.0
    inside, outside = pixels[inner], pixels[outer]
    distance = float(np.linalg.norm(inside.mean(axis=0) - outside.mean(axis=0)))
    spread = math.sqrt(float(inside.var(axis=0).sum() + outside.var(axis=0).sum()) / 2)
    return distance / (spread + 5) + 0.1


def _unclear(figures: Mapping[str, float]) -> str:
    if not figures["masks"]:
        return "No text of run lengths can be read"
    compared = int(figures.get("compared_with_pictures", 0))
    return (
        f"{compared} of {int(figures['masks'])} masks could be compared with pictures, without a clear result"
        if compared
        else f"Neither shapes nor pictures tell the order of {int(figures['masks'])} masks"
    )
