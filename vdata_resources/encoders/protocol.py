"""What a stage asks of an encoder, whichever model stands behind it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

Inspected = TypeVar("Inspected")
Log = Callable[[str], object]


class EncoderUnavailable(Exception):  # noqa: N818 - it describes the environment
    """The encoder cannot work here: no weights, no hub, no GPU. The message names the setting to change."""


@dataclass(frozen=True)
class EncodedBatch(Generic[Inspected]):
    """Some consecutive images of a call.

    Attributes:
        indices: positions in ``paths`` of the images that were encoded, ascending.
        vectors: (n, d) float32, L2-normalised, one row an index.
        inspected: what ``inspect`` returned, one value an index.
        errors: position in ``paths`` -> reason, of the images that cannot be decoded.
    """

    indices: list[int]
    vectors: npt.NDArray[np.float32]
    inspected: list[Inspected]
    errors: dict[int, str]


class ImageEncoder(Protocol):
    """Images to vectors whose dot product is their similarity."""

    @property
    def identity(self) -> str:
        """Changes whenever the vectors could: class, model, weights, preprocessing, precision, versions."""
        ...

    @property
    def dim(self) -> int:
        """Length d of a vector."""
        ...

    def encode_images(
        self,
        paths: Sequence[Path],
        inspect: Callable[[Image.Image], Inspected],
        workers: int | None = None,
        log: Log = ...,
    ) -> Iterator[EncodedBatch[Inspected]]:
        """Decode and encode images, streaming batches in the order of ``paths``.

        Every path is in exactly one batch, among its indices or its errors; one bad image stops nothing.
        The vectors do not depend on the number of workers.

        Args:
            paths: image files.
            inspect: called once an image, in a worker thread, with the decoded upright RGB image, which
                may be scaled down: for what else is wanted of it, such as a perceptual hash.
            workers: decoding threads; None for one a core.
            log: where progress goes.

        Raises:
            EncoderUnavailable: before any image is read, where the encoder cannot work here.
        """
        ...


class TextEncoder(Protocol):
    """Texts to vectors whose dot product is their similarity."""

    @property
    def identity(self) -> str:
        """Changes whenever the vectors could."""
        ...

    @property
    def dim(self) -> int:
        """Length d of a vector."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """(n, d) float32, L2-normalised, one row a text.

        Raises:
            EncoderUnavailable: before any text is read, where the encoder cannot work here.
        """
        ...


def l2_normalised(vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The rows scaled to length 1, computed in double precision; a row of zeros stays one."""
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
