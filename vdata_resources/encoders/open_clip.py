"""Images and texts to vectors of one space by an OpenCLIP model. Importing this module imports no torch."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from vdata_resources.devices import Device
from vdata_resources.encoders.decoding import decoded_batches
from vdata_resources.encoders.open_clip_loading import (
    SELF_CONTAINED,
    LoadedModel,
    Precision,
    load_model,
)
from vdata_resources.encoders.protocol import (
    EncodedBatch,
    EncoderUnavailable,
    Inspected,
    Log,
    l2_normalised,
)

if TYPE_CHECKING:
    import torch

Array = npt.NDArray[Any]

CPU_BATCH_SIZE = 16
GPU_BATCH_SIZE = 256
TEXT_BATCH_SIZE = 64


class OpenClipEncoder:
    """An image and text encoder from any OpenCLIP model (Cherti et al. 2023, mlfoundations/open_clip).

    Images are decoded upright to RGB, JPEGs at a reduced scale that still covers the model's input, and go
    through open_clip's own preprocessing. The model is loaded on first use.

    The same image gives the same vector whatever batch it is in: every batch has the same size, the last
    one being filled up, and its composition depends on the paths alone. On one machine the vectors are
    byte-identical for any number of workers. Between positions in a batch or batch sizes they differ by at
    most 1e-5 an element in fp32, and by at most 1e-2 in bf16.

    Args:
        model: a name of ``open_clip.list_models()``, e.g. ``ViT-B-32``, or ``hf-hub:<org>/<repository>``,
            or ``local-dir:<folder>``.
        pretrained: a tag of ``open_clip.list_pretrained()``, which is downloaded once to the hub's cache, or
            the path of a local checkpoint, for which nothing is downloaded. None with ``hf-hub:`` and
            ``local-dir:``, which bring their own weights.
        device: ``cuda``, ``cpu``, or ``auto``: the GPU if there is one.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 on a GPU, fp32 on a CPU.
        batch_size: images a forward pass. None: 16 on a CPU, 256 on a GPU. It is halved until it fits into
            memory, which the log says.

    Raises:
        ValueError: a setting that is none of the allowed values.
    """

    def __init__(
        self,
        model: str,
        pretrained: str | None = None,
        device: Device = "auto",
        precision: Precision = "auto",
        batch_size: int | None = None,
    ) -> None:
        self_contained = model.startswith(SELF_CONTAINED)
        if self_contained and pretrained is not None:
            raise ValueError(f"pretrained: {model} brings its own weights: leave {pretrained!r} out")
        if device not in get_args(Device):
            raise ValueError(f"device: {device!r} is none of {', '.join(get_args(Device))}")
        if precision not in get_args(Precision):
            raise ValueError(f"precision: {precision!r} is none of {', '.join(get_args(Precision))}")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size: {batch_size} is not a positive number of images")
        self.model = model if self_contained else model.replace("/", "-")
        self.pretrained = pretrained
        self.device = device
        self.precision = precision
        self.batch_size = batch_size

    @property
    def identity(self) -> str:
        """Model, digest of its weights and preprocessing, precision, device, versions."""
        return self._loaded.identity

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._loaded.dim

    def encode_images(
        self,
        paths: Sequence[Path],
        inspect: Callable[[Image.Image], Inspected],
        workers: int | None = None,
        log: Log = lambda line: None,
    ) -> Iterator[EncodedBatch[Inspected]]:
        """See :class:`~vdata_resources.encoders.protocol.ImageEncoder`.

        Raises:
            ValueError: open_clip knows no such model or tag.
            EncoderUnavailable: no GPU, no checkpoint, no hub, weights of another model, or one batch of the
                set size does not fit into the GPU's memory.
        """
        loaded = self._loaded
        batches = decoded_batches(
            paths,
            loaded.geometry,
            inspect,
            min_side=loaded.min_side,
            batch_size=self._first_batch_size,
            workers=workers,
            log=log,
        )
        for batch in batches:
            vectors = self._encode_pixels(batch.prepared, log)
            yield EncodedBatch(batch.indices, vectors, batch.inspected, batch.errors)

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """(n, dim) float32, L2-normalised, one row a text; a long text is cut at the model's context.

        Raises:
            ValueError: open_clip knows no such model or tag.
            EncoderUnavailable: as for images, or the model's tokenizer cannot be fetched.
        """
        import torch

        loaded = self._loaded
        tokens = self._tokenizer(list(texts)) if texts else torch.empty(0)
        vectors = [
            _forward(
                loaded.module.encode_text, tokens[start : start + TEXT_BATCH_SIZE], TEXT_BATCH_SIZE, loaded
            )
            for start in range(0, len(texts), TEXT_BATCH_SIZE)
        ]
        return np.concatenate([np.empty((0, loaded.dim), np.float32), *vectors])

    @cached_property
    def _loaded(self) -> LoadedModel:
        return load_model(self.model, self.pretrained, self.device, self.precision)

    @cached_property
    def _tokenizer(self) -> Callable[[list[str]], "torch.Tensor"]:
        import open_clip

        try:
            return open_clip.get_tokenizer(self.model)
        except OSError as error:
            raise EncoderUnavailable(
                f"model: the tokenizer of {self.model} cannot be fetched: {error}; "
                "connect to the hub once so that it is cached"
            ) from error

    @cached_property
    def _first_batch_size(self) -> int:
        if self.batch_size is not None:
            return self.batch_size
        return GPU_BATCH_SIZE if self._loaded.device == "cuda" else CPU_BATCH_SIZE

    @cached_property
    def _fitting(self) -> list[int]:
        """The batch size that fits into memory, as far as known: one value, lowered when it does not."""
        return [self._first_batch_size]

    def _encode_pixels(self, prepared: list[Array], log: Log) -> npt.NDArray[np.float32]:
        """Vectors of (height, width, 3) uint8 images, in as many forward passes as memory asks for."""
        import torch

        loaded = self._loaded
        rows = [np.empty((0, loaded.dim), np.float32)]
        start = 0
        while start < len(prepared):
            part = torch.from_numpy(np.stack(prepared[start : start + self._fitting[0]]))
            try:
                rows.append(_forward(self._image_tower, part, self._fitting[0], loaded))
            except torch.cuda.OutOfMemoryError as error:
                self._halve(error, log)
                continue
            start += len(part)
        return np.concatenate(rows)

    def _image_tower(self, pixels: "torch.Tensor") -> "torch.Tensor":
        import torch

        loaded = self._loaded
        # open_clip's ToTensor and Normalize, on the whole batch and on the model's device.
        images = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        images = images.div_(255).sub_(loaded.mean).div_(loaded.std)
        return loaded.module.encode_image(images.to(loaded.dtype))

    def _halve(self, error: Exception, log: Log) -> None:
        import torch

        size = self._fitting[0]
        if size == 1:
            raise EncoderUnavailable(
                f"model: not even one image of {self.model} fits into the GPU's memory: "
                "take a smaller model, or set device to 'cpu'"
            ) from error
        self._fitting[0] = size // 2
        torch.cuda.empty_cache()
        log(f"encode: {size} images do not fit into the GPU's memory, continuing with {size // 2} a batch")


def _forward(
    tower: Callable[["torch.Tensor"], "torch.Tensor"], inputs: "torch.Tensor", size: int, loaded: LoadedModel
) -> npt.NDArray[np.float32]:
    """Vectors of up to ``size`` inputs, computed in a batch of exactly ``size``.

    The shape of a batch selects the kernels, so the same shape every time makes the same vectors.
    """
    import torch

    padding = inputs.new_zeros((size - len(inputs), *inputs.shape[1:]))
    with torch.inference_mode():
        vectors = tower(torch.cat([inputs, padding]).to(loaded.device))[: len(inputs)]
    return l2_normalised(vectors.float().cpu().numpy())
