"""Boxes in the conventions of the Qwen-VL models, and back to pixels of the picture.

A box is left, top, right, bottom; right and bottom are exclusive, so a box over a whole picture ends at its
width and height. Pixels are those of the picture's file before any resizing.

norm1
    Shares of the picture's sides, 0 to 1.
norm1000
    Whole thousandths of the sides, 0 to 1000: Qwen-VL, Qwen2-VL and Qwen3-VL.
resized
    Whole pixels of the picture as the model's processor resizes it: Qwen2.5-VL.

Whole numbers are rounded as ms-swift does (``normalize_bbox`` in ``swift/template/base.py``):
``int(round(x / width * norm_width))``, halves to the even number.
"""

import math

Box = tuple[float, float, float, float]
WholeBox = tuple[int, int, int, int]
Size = tuple[int, int]

THOUSAND = (1000, 1000)
PLACES = 6
"""Decimals of a pixel that a box of norm1 keeps: the shares' rounding is far below."""

FACTOR = 28
MOST_RATIO = 200


def to_norm1(box: Box, size: Size) -> Box:
    """Shares of the sides, unrounded.

    Args:
        box: in pixels.
        size: width and height of the picture.
    """
    left, top, right, bottom = box
    width, height = size
    return left / width, top / height, right / width, bottom / height


def from_norm1(box: Box, size: Size) -> Box:
    """Pixels of a box in shares, rounded to a millionth: what :func:`to_norm1` read, of six decimals."""
    width, height = size
    left, top, right, bottom = (
        round(share * side, PLACES) for share, side in zip(box, (width, height, width, height), strict=True)
    )
    return left, top, right, bottom


def to_norm1000(box: Box, size: Size) -> WholeBox:
    """Whole thousandths of the sides; each is off by half of one at most."""
    return to_resized(box, size, THOUSAND)


def from_norm1000(box: WholeBox, size: Size) -> Box:
    """Pixels of a box in thousandths; unlike what :func:`to_norm1000` read by side / 2000 at most."""
    return from_resized(box, size, THOUSAND)


def to_resized(box: Box, size: Size, resized: Size) -> WholeBox:
    """Whole pixels of the resized picture; each is off by half of one at most.

    Args:
        box: in pixels of the picture.
        size: width and height of the picture.
        resized: likewise, once resized; see :func:`smart_resize`.
    """
    left, top, right, bottom = (
        round(share * side) for share, side in zip(to_norm1(box, size), resized * 2, strict=True)
    )
    return left, top, right, bottom


def from_resized(box: WholeBox, size: Size, resized: Size) -> Box:
    """Pixels of the picture; unlike what :func:`to_resized` read by side / (2 * resized side) at most."""
    left, top, right, bottom = (
        place / new * old for place, new, old in zip(box, resized * 2, size * 2, strict=True)
    )
    return left, top, right, bottom


def smart_resize(
    size: Size, factor: int = FACTOR, fewest: int | None = None, most: int | None = None
) -> Size:
    """Width and height that a picture has once Qwen's processor has resized it.

    As ``smart_resize`` in ``qwen_vl_utils/vision_process.py``, which ms-swift calls; transformers' function
    of this name differs for sides below half a factor.

    Args:
        size: width and height in pixels.
        factor: both sides become multiples of it: 28 for Qwen2-VL and Qwen2.5-VL, 32 for Qwen3-VL.
        fewest: pixels; default: 4 tokens (``MIN_PIXELS``).
        most: pixels; default: 16384 tokens (``MAX_PIXELS``).

    Raises:
        ValueError: one side is more than 200 times the other, which the processor refuses.
    """
    if max(size) > MOST_RATIO * min(size):
        raise ValueError(
            f"{size[0]} x {size[1]} pixels: a side is more than {MOST_RATIO} times the other: crop it"
        )
    fewest = 4 * factor**2 if fewest is None else fewest
    most = 16384 * factor**2 if most is None else most
    width, height = (max(factor, round(side / factor) * factor) for side in size)
    if width * height > most:
        shrink = math.sqrt(size[0] * size[1] / most)
        width, height = (math.floor(side / shrink / factor) * factor for side in size)
    elif width * height < fewest:
        grow = math.sqrt(fewest / (size[0] * size[1]))
        width, height = (math.ceil(side * grow / factor) * factor for side in size)
    return width, height
