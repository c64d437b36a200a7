"""The embedded segmenter: what stands out by colour, without weights, key or GPU."""

import math
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vdata_resources.library_versions import library_versions
from vdata_resources.segmenters.classical_boxes import Box, box_iou, box_of, distinct_in_box
from vdata_resources.segmenters.classical_objects import objects
from vdata_resources.segmenters.classical_surfaces import shrunk, stretched, surfaces
from vdata_resources.segmenters.protocol import MaskProposal

DEFINITION = 1  # raise it with any change that moves a mask or a score
LEAST_SCORE = 0.2
# Of larger pictures the details are not looked at.
FINEST_SIDE = 1024
# A proposal is the object in a box if its own box agrees so far with it.
SAME_BOX = 0.6


class ClassicalSegmenter:
    """Objects by colour: surfaces joined by hue whatever their shading, less what lies behind them.

    Made for things of few colours before a calm background, which it finds all but exactly; of a photo of
    many-coloured things it gives surfaces and parts. It knows nothing of meaning. A picture of 768 x 576
    takes about 0.4 s on one core, and always gives the same masks.
    """

    @property
    def identity(self) -> str:
        """The definition's number and the versions of the libraries that compute it."""
        libraries = library_versions("numpy", "pillow", "scikit-image", "scipy")
        return f"ClassicalSegmenter definition={DEFINITION} {libraries}"

    def open(self, pixels: NDArray[np.uint8]) -> "ClassicalSegmentation":
        """See :class:`~vdata_resources.segmenters.protocol.Segmenter`; nothing is ever unavailable.

        Raises:
            ValueError: the pixels are no (height, width, 3) uint8 picture of at least one pixel.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ValueError(
                f"pixels: {pixels.dtype} of shape {pixels.shape}, must be uint8 of shape (height, width, 3)"
            )
        return ClassicalSegmentation(pixels)


class ClassicalSegmentation:
    """See :class:`~vdata_resources.segmenters.protocol.Segmentation`."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._shape = pixels.shape[0], pixels.shape[1]
        self._pixels = shrunk(pixels, FINEST_SIDE)
        self._lock = Lock()
        self._proposals: list[MaskProposal] | None = None

    def automatic(self) -> list[MaskProposal]:
        """Objects that stand out, best first; no two overlap. What lies behind them is left out.

        The score is that of :func:`~vdata_resources.segmenters.classical_objects.objects`: from about 0.5 a
        region is mostly one whole thing, below 0.3 often a part or a stain.
        """
        with self._lock:
            if self._proposals is None:
                found = objects(*surfaces(self._pixels))
                best = np.argsort(-found.scores, kind="stable")
                labels = stretched(found.labels, *self._shape)
                self._proposals = [
                    MaskProposal(labels == region, float(found.scores[region]))
                    for region in best.tolist()
                    if found.scores[region] >= LEAST_SCORE
                ]
            return list(self._proposals)

    def of_boxes(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The proposal whose box agrees best, else what in the box has other colours than its surroundings.

        Raises:
            ValueError: a box is not of four numbers or reaches outside the picture.
        """
        height, width = self._shape
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"boxes: shape {boxes.shape}, must be (n, 4)")
        masks = np.zeros((len(boxes), height, width), bool)
        proposals = [(box_of(proposal.mask), proposal.mask) for proposal in self.automatic()]
        for mask, (x0, y0, x1, y1) in zip(masks, boxes.tolist(), strict=True):
            if not (0 <= x0 <= x1 < width and 0 <= y0 <= y1 < height):
                raise ValueError(
                    f"boxes: {[x0, y0, x1, y1]} is not inside the picture of {width} x {height} pixels"
                )
            box = (x0, y0, x1, y1)
            best = max(proposals, key=lambda proposal: box_iou(proposal[0], box), default=None)
            if best is not None and box_iou(best[0], box) >= SAME_BOX:
                mask[:] = best[1]
            else:
                self._cut_out(mask, box)
        return masks

    def _cut_out(self, mask: NDArray[np.bool_], box: Box) -> None:
        """Write what is distinct in a box into an empty mask."""
        height, width = self._pixels.shape[:2]
        down, across = height / mask.shape[0], width / mask.shape[1]
        x0, y0, x1, y1 = box
        inside = (
            int(x0 * across),
            int(y0 * down),
            math.ceil((x1 + 1) * across) - 1,
            math.ceil((y1 + 1) * down) - 1,
        )
        found = stretched(distinct_in_box(self._pixels, inside), *mask.shape)
        mask[y0 : y1 + 1, x0 : x1 + 1] = found[y0 : y1 + 1, x0 : x1 + 1]
