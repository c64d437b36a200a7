"""What SAM2 computes, on its own modules: a picture's features, prompts to masks. Importing it imports torch.

The arithmetic is that of the package's ``SAM2ImagePredictor``, operation by operation, so that its masks are
the same to the pixel; but low-resolution logits are enlarged when and where they are wanted, not all of them.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torchvision.transforms import functional as images

from vdata_resources.segmenters.protocol import SegmenterUnavailable
from vdata_resources.segmenters.sam2_loading import LoadedSam2

MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]
POINT = [1]
BOX = [2, 3]  # the prompt encoder's labels of a box's first and second corner
ENLARGED_BYTES = {"cpu": 32 * 2**20, "cuda": 2**30}  # of logits at the picture's size held at once

CPU_BATCH_SIZE = 1  # one prompt's tensors stay in the cache: with 64, each takes 1.8 times as long
GPU_BATCH_SIZE = 256

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Features:
    """A picture as the mask decoder sees it.

    Attributes:
        embedding: (1, 256, 64, 64).
        high_resolution: (1, 32, 256, 256) and (1, 64, 128, 128).
        size: the picture's height and width.
    """

    embedding: torch.Tensor
    high_resolution: list[torch.Tensor]
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Decoded:
    """Masks of n prompts, c alternatives each.

    Attributes:
        logits: (n, c, 256, 256).
        ious: (n, c) predicted quality, 0 to 1.
    """

    logits: torch.Tensor
    ious: torch.Tensor


def prepared(pixels: NDArray[np.uint8], side: int) -> torch.Tensor:
    """(height, width, 3) RGB to the encoder's input, (1, 3, side, side) float32."""
    picture = torch.tensor(np.ascontiguousarray(pixels)).permute(2, 0, 1).contiguous()
    resized = images.resize(picture.to(torch.float32).div(255), [side, side], antialias=True)
    return images.normalize(resized, MEAN, STD)[None]


def embedded(model: LoadedSam2, picture: torch.Tensor, size: tuple[int, int]) -> Features:
    """Run the image encoder.

    Raises:
        SegmenterUnavailable: it does not fit into the GPU's memory.
    """
    module = model.module
    try:
        maps = module.forward_image(picture.to(model.device))["backbone_fpn"][-module.num_feature_levels :]
    except torch.cuda.OutOfMemoryError as error:
        raise SegmenterUnavailable(
            f"segmenter.config: one picture does not fit into the GPU's memory beside {model.config.name}: "
            "take a smaller config, or set segmenter.device to 'cpu'"
        ) from error
    *high_resolution, embedding = maps
    if module.directly_add_no_mem_embed:
        embedding = embedding + module.no_mem_embed.view(1, -1, 1, 1)
    return Features(embedding, high_resolution, size)


def decoded(
    model: LoadedSam2, features: Features, prompts: torch.Tensor, labels: list[int], alternatives: bool
) -> Decoded:
    """Run the mask decoder once.

    Args:
        model: in use by the caller.
        features: of the picture.
        prompts: (n, k, 2) x, y in the picture's pixels, float32, on the model's device.
        labels: what each of the k is.
        alternatives: three masks a prompt rather than one.
    """
    module = model.module
    height, width = features.size
    scaled = prompts / prompts.new_tensor([width, height]) * module.image_size
    kinds = torch.tensor([labels], dtype=torch.int, device=prompts.device).repeat(len(prompts), 1)
    sparse, dense = module.sam_prompt_encoder(points=(scaled, kinds), boxes=None, masks=None)
    logits, ious, _, _ = module.sam_mask_decoder(
        image_embeddings=features.embedding,
        image_pe=module.sam_prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=alternatives,
        repeat_image=len(prompts) > 1,
        high_res_features=features.high_resolution,
    )
    return Decoded(logits, ious)


def enlarged(logits: torch.Tensor, size: tuple[int, int]) -> Iterator[torch.Tensor]:
    """(n, 256, 256) logits at the picture's size, in order, as many at a time as memory should hold."""
    height, width = size
    at_once = max(1, ENLARGED_BYTES[logits.device.type] // (4 * height * width))
    for part in logits.split(at_once):
        larger = functional.interpolate(part[:, None].float(), size, mode="bilinear", align_corners=False)
        yield larger[:, 0]


class PromptBatches:
    """How many prompts go through the mask decoder at once.

    Args:
        config: the model's name, for errors.
        device: ``cpu`` or ``cuda``.
        size: what the setting says. None: 1 on a CPU, 256 on a GPU. It is halved until it fits into memory.
    """

    def __init__(self, config: str, device: str, size: int | None) -> None:
        self.config = config
        self.size = size or (GPU_BATCH_SIZE if device == "cuda" else CPU_BATCH_SIZE)

    def of(self, prompts: torch.Tensor, work: Callable[[torch.Tensor], Result]) -> Iterator[Result]:
        """What ``work`` makes of each batch, in order.

        Raises:
            SegmenterUnavailable: a single prompt does not fit into memory.
        """
        start = 0
        while start < len(prompts):
            part = prompts[start : start + self.size]
            try:
                result = work(part)
            except torch.cuda.OutOfMemoryError as error:
                self._halve(error)
                continue
            yield result
            start += len(part)

    def _halve(self, error: Exception) -> None:
        if self.size == 1:
            raise SegmenterUnavailable(
                f"segmenter.config: not even one prompt of {self.config} fits into the GPU's memory: "
                "take a smaller config, or set segmenter.device to 'cpu'"
            ) from error
        _log.warning(
            "segment: %d prompts of %s do not fit into the GPU's memory, continuing with %d at once",
            self.size,
            self.config,
            self.size // 2,
        )
        self.size //= 2
        torch.cuda.empty_cache()
