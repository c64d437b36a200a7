"""Measures of masks: where they are, how large, how far apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Box

Mask = NDArray[np.bool_]


def eroded(mask: Mask, radius: int) -> Mask:
    """Pixels with none outside the mask among so many to each side; what is beyond the border is inside."""
    return ~grown(~mask, radius)


def grown(mask: Mask, radius: int) -> Mask:
    """Pixels with a pixel of the mask among so many to each side, also diagonally."""
    out = mask
    for axis in (0, 1):
        wide = out.copy()
        for step in range(1, radius + 1):
            near, far = slice(step, None), slice(None, -step)
            if axis == 0:
                wide[near] |= out[far]
                wide[far] |= out[near]
            else:
                wide[:, near] |= out[:, far]
                wide[:, far] |= out[:, near]
        out = wide
    return out


def part_sizes(mask: Mask) -> NDArray[np.int64]:
    """Areas of the mask's connected parts (8 neighbours), largest first."""
    from scipy.ndimage import label

    labels, count = label(mask, structure=np.ones((3, 3), np.int8))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return np.sort(sizes)[::-1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Shape:
    """A mask with its measures, in pixels.

    Attributes:
        mask: bool of shape (height, width), not empty.
        area: its pixels.
        box: x0, y0, x1, y1, inclusive.
        x: column of its centre of mass.
        y: row of it.
    """

    mask: Mask
    area: int
    box: Box
    x: float
    y: float

    @classmethod
    def of(cls, mask: Mask) -> "Shape":
        """Measure a mask.

        Raises:
            ValueError: it is empty.
        """
        columns, rows = mask.sum(axis=0), mask.sum(axis=1)
        area = int(columns.sum())
        if not area:
            raise ValueError("the mask is empty")
        xs, ys = np.flatnonzero(columns), np.flatnonzero(rows)
        return cls(
            mask,
            area,
            (int(xs[0]), int(ys[0]), int(xs[-1]), int(ys[-1])),
            float((columns * np.arange(columns.size)).sum() / area),
            float((rows * np.arange(rows.size)).sum() / area),
        )

    @cached_property
    def filled(self) -> Mask:
        """The mask with its holes."""
        from scipy.ndimage import binary_fill_holes

        x0, y0, x1, y1 = self.box
        out = np.zeros_like(self.mask)
        out[y0 : y1 + 1, x0 : x1 + 1] = binary_fill_holes(self.mask[y0 : y1 + 1, x0 : x1 + 1])
        return out

    @cached_property
    def filled_area(self) -> int:
        """Pixels of the mask and its holes."""
        return int(np.count_nonzero(self.filled))

    def distances(self, reach: int) -> tuple[NDArray[np.float64], tuple[slice, slice]]:
        """Distance of the pixels around to the mask, and where in the picture they are.

        Args:
            reach: so many pixels beyond the box are looked at.
        """
        from scipy.ndimage import distance_transform_edt

        height, width = self.mask.shape
        x0, y0, x1, y1 = self.box
        window = (
            slice(max(0, y0 - reach), min(height, y1 + reach + 1)),
            slice(max(0, x0 - reach), min(width, x1 + reach + 1)),
        )
        return distance_transform_edt(~self.mask[window]), window


@dataclass(frozen=True)
class Contact:
    """How near two masks come.

    Attributes:
        gap: least distance between their pixels; 1 of neighbours, infinite if more than was looked at.
        length: pixels of the one that are within 2 pixels of the other.
    """

    gap: float
    length: int


def contacts(shapes: tuple[Shape, ...], reach: int) -> dict[tuple[int, int], Contact]:
    """How near masks come to each other, by ordered pair, where it is at most so many pixels."""
    found: dict[tuple[int, int], Contact] = {}
    for first, one in enumerate(shapes):
        near = [other for other in range(len(shapes)) if other != first and _near(one, shapes[other], reach)]
        if not near:
            continue
        distances, window = one.distances(reach)
        for second in near:
            seen = distances[shapes[second].mask[window]]
            if seen.size and seen.min() <= reach:
                found[first, second] = Contact(float(seen.min()), int(np.count_nonzero(seen <= 2)))
    return found


def _near(one: Shape, other: Shape, reach: int) -> bool:
    """Whether boxes come within so many pixels."""
    ax0, ay0, ax1, ay1 = one.box
    bx0, by0, bx1, by1 = other.box
    return bx0 - ax1 <= reach and ax0 - bx1 <= reach and by0 - ay1 <= reach and ay0 - by1 <= reach
