"""The part every image encoder shares: decode in threads, ahead of the model, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import numpy as np
import numpy.typing as npt
from PIL import Image

from vdata_resources.encoders.protocol import Inspected, Log
from vdata_resources.images import UnreadableImage, load_rgb
from vdata_resources.parallel import ordered_map
from vdata_resources.progress import Progress

Prepare = Callable[[Image.Image], npt.NDArray[np.generic]]


@dataclass
class DecodedBatch(Generic[Inspected]):
    """Some consecutive images, prepared for the model, and what went wrong; see EncodedBatch."""

    indices: list[int] = field(default_factory=list)
    prepared: list[npt.NDArray[np.generic]] = field(default_factory=list)
    inspected: list[Inspected] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


def decoded_batches(
    paths: Sequence[Path],
    prepare: Prepare,
    inspect: Callable[[Image.Image], Inspected],
    *,
    min_side: int,
    batch_size: int,
    workers: int | None,
    log: Log,
) -> Iterator[DecodedBatch[Inspected]]:
    """Batches of ``batch_size`` readable images, in order; the last one may hold fewer.

    Args:
        paths: image files.
        prepare: the model's input of an image; called in a worker thread.
        inspect: see :class:`~vdata_resources.encoders.protocol.ImageEncoder`.
        min_side: pixels that the shorter side must keep when a JPEG is decoded scaled down.
        batch_size: images a batch. While one batch is used, the next one is decoded.
        workers: threads; None for one a core.
        log: where progress goes.
    """

    def decode(path: Path) -> tuple[npt.NDArray[np.generic], Inspected] | str:
        try:
            image = load_rgb(path, min_side)
        except UnreadableImage as error:
            return error.reason
        return prepare(image), inspect(image)

    progress = Progress("encode", len(paths), "images", log)
    batch = DecodedBatch[Inspected]()
    for index, result in enumerate(ordered_map(decode, paths, workers, ahead=2 * batch_size)):
        if isinstance(result, str):
            batch.errors[index] = result
        else:
            batch.indices.append(index)
            batch.prepared.append(result[0])
            batch.inspected.append(result[1])
        if len(batch.indices) == batch_size:
            yield batch
            batch = DecodedBatch[Inspected]()
        progress.advance()
    if batch.indices or batch.errors:
        yield batch
