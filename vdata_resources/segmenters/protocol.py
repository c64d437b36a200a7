"""What a stage asks of a segmenter, whichever model stands behind it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SegmenterUnavailable(Exception):  # noqa: N818 - it describes the environment
    """The segmenter cannot work here: no checkpoint, no GPU. The message names the setting to change."""


@dataclass(frozen=True, eq=False)
class MaskProposal:
    """A mask that nobody asked for by name.

    Attributes:
        mask: bool of shape (height, width), not empty.
        score: the segmenter's confidence, 0 to 1.
    """

    mask: NDArray[np.bool_]
    score: float


class Segmentation(Protocol):
    """One picture under segmentation; what is costly is computed once, when first needed. Thread-safe."""

    def of_boxes(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The object in each box.

        Args:
            boxes: (n, 4) x0, y0, x1, y1 in pixels, inclusive, inside the picture.

        Returns:
            (n, height, width); a mask may be empty where nothing stands out.
        """
        ...

    def automatic(self) -> list[MaskProposal]:
        """Masks of all that stands out, best first; they may overlap. The same list at every call."""
        ...


class Segmenter(Protocol):
    """Pictures to masks."""

    @property
    def identity(self) -> str:
        """Changes whenever masks could: class, model, weights, settings, precision, versions."""
        ...

    def open(self, pixels: NDArray[np.uint8]) -> Segmentation:
        """Begin with a picture.

        Args:
            pixels: (height, width, 3) RGB.

        Raises:
            SegmenterUnavailable: the segmenter cannot work here.
        """
        ...
