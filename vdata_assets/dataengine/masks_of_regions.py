"""Masks of named regions: from boxes, and the automatic mask that refines each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vdata_assets.dataengine.annotator import Box
from vdata_assets.masks.dense import inclusive_box
from vdata_resources.segmenters.protocol import MaskProposal, Segmentation


def initial_masks(
    segmentation: Segmentation, boxes: Sequence[tuple[Box, ...]]
) -> list[NDArray[np.bool_] | None]:
    """The union of the masks of each region's boxes; None where it has no box or nothing stands out there."""
    flat = np.array([box for several in boxes for box in several], dtype=np.int64).reshape(-1, 4)
    if not len(flat):
        return [None for _ in boxes]
    masks = segmentation.of_boxes(flat)
    ends = np.cumsum([len(several) for several in boxes])
    found: list[NDArray[np.bool_] | None] = []
    for several, end in zip(boxes, ends, strict=True):
        union = np.logical_or.reduce(masks[end - len(several) : end], axis=0)
        found.append(union if union.any() else None)
    return found


def refinements(
    initial: Sequence[NDArray[np.bool_] | None],
    automatic: Sequence[MaskProposal],
    *,
    min_area: int,
    min_iou: float,
) -> list[tuple[NDArray[np.bool_], float] | None]:
    """The automatic mask that refines each initial one, with their IoU: each is used once, best pairs first.

    Args:
        initial: masks, None where there is none.
        automatic: all masks of the picture.
        min_area: automatic masks of fewer pixels are not used.
        min_iou: nor are pairs below it.
    """
    large = [proposal.mask for proposal in automatic if np.count_nonzero(proposal.mask) >= min_area]
    areas = [int(np.count_nonzero(mask)) for mask in large]
    pairs = [
        (-iou, position, number)
        for position, mask in enumerate(initial)
        if mask is not None
        for number, iou in enumerate(_ious(mask, large, areas))
        if iou >= min_iou
    ]
    found: list[tuple[NDArray[np.bool_], float] | None] = [None for _ in initial]
    used = set()
    for negative_iou, position, number in sorted(pairs):
        if found[position] is None and number not in used:
            used.add(number)
            found[position] = large[number], -negative_iou
    return found


def _ious(mask: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]], areas: Sequence[int]) -> list[float]:
    """IoU of a mask with each of the others, counted within its box alone."""
    left, top, right, bottom = inclusive_box(mask)
    inside = np.s_[top : bottom + 1, left : right + 1]
    area, cut = np.count_nonzero(mask), mask[inside]
    shared = [np.count_nonzero(cut & other[inside]) for other in others]
    return [both / (area + other - both) for both, other in zip(shared, areas, strict=True)]
