"""One picture under segmentation by SAM2. Importing this module imports torch."""

import threading

import numpy as np
import torch
from numpy.typing import NDArray

from vdata_resources.segmenters.protocol import MaskProposal
from vdata_resources.segmenters.sam2_automatic import AutomaticSettings, automatic_masks
from vdata_resources.segmenters.sam2_decoding import (
    BOX,
    Features,
    PromptBatches,
    decoded,
    embedded,
    enlarged,
    prepared,
)
from vdata_resources.segmenters.sam2_loading import LoadedSam2


class Sam2Segmentation:
    """See :class:`~vdata_resources.segmenters.protocol.Segmentation`.

    The picture's features are computed when first needed and stay on the device (16 MB in fp32) until the
    object is dropped.
    """

    def __init__(
        self,
        model: LoadedSam2,
        pixels: NDArray[np.uint8],
        settings: AutomaticSettings,
        batches: PromptBatches,
    ) -> None:
        self.pixels = pixels
        self._model = model
        self._settings = settings
        self._batches = batches
        self._once = threading.RLock()
        self._embedded: Features | None = None
        self._proposals: list[MaskProposal] | None = None

    def of_boxes(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """See :class:`~vdata_resources.segmenters.protocol.Segmentation`.

        One mask a box, all boxes of a batch in one run of the decoder. A box says which object is meant, so
        the decoder's single mask is taken, as SAM2's authors advise for prompts that are not ambiguous; where
        that mask is unstable, the model itself falls back to the best of its three alternatives. A mask may
        reach beyond its box.

        Raises:
            SegmenterUnavailable: it does not fit into the GPU's memory.
        """
        masks = np.zeros((len(boxes), *self.pixels.shape[:2]), dtype=bool)
        if not len(boxes):
            return masks
        features = self._features()
        # Inclusive corners are how SAM2 itself makes boxes of masks in its training.
        corners = np.asarray(boxes, dtype=np.float32).reshape(-1, 2, 2)
        with self._model.in_use():
            prompts = torch.as_tensor(corners, device=self._model.device)
            done = 0
            for part in self._batches.of(prompts, lambda batch: self._masks(features, batch)):
                masks[done : done + len(part)] = part
                done += len(part)
        return masks

    def automatic(self) -> list[MaskProposal]:
        """See :class:`~vdata_resources.segmenters.protocol.Segmentation`.

        Raises:
            SegmenterUnavailable: it does not fit into the GPU's memory.
        """
        with self._once:
            if self._proposals is None:
                features = self._features()
                with self._model.in_use():
                    self._proposals = automatic_masks(self._model, features, self._settings, self._batches)
            return list(self._proposals)

    def _features(self) -> Features:
        with self._once:
            if self._embedded is None:
                picture = prepared(self.pixels, self._model.module.image_size)
                height, width = self.pixels.shape[:2]
                with self._model.in_use():
                    self._embedded = embedded(self._model, picture, (height, width))
            return self._embedded

    def _masks(self, features: Features, boxes: torch.Tensor) -> NDArray[np.bool_]:
        logits = decoded(self._model, features, boxes, BOX, alternatives=False).logits[:, 0]
        return np.concatenate([(part > 0).cpu().numpy() for part in enlarged(logits, features.size)])
