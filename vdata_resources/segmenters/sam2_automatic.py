"""All that stands out in a picture, by a grid of points. Importing this module imports torch.

The masks are those of the package's ``SAM2AutomaticMaskGenerator`` at the same settings (Kirillov et al.
2023, Segment Anything, section 5; Ravi et al. 2024, SAM 2): three masks a point, kept by predicted IoU, then
by stability under a shift of the threshold, then by non-maximum suppression of boxes. What fails the
predicted IoU is never enlarged to the picture's size, and only what survives everything becomes a mask.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sam2.utils.amg import batched_mask_to_box, build_point_grid, calculate_stability_score
from torchvision.ops import nms

from vdata_resources.segmenters.protocol import MaskProposal
from vdata_resources.segmenters.sam2_decoding import (
    POINT,
    Features,
    PromptBatches,
    decoded,
    enlarged,
)
from vdata_resources.segmenters.sam2_loading import LoadedSam2

STABILITY_OFFSET = 1.0  # of the logits' threshold, both ways


@dataclass(frozen=True)
class AutomaticSettings:
    """See :class:`~vdata_resources.segmenters.sam2.Sam2Segmenter`."""

    points_per_side: int
    pred_iou_threshold: float
    stability_threshold: float
    box_nms_threshold: float


@dataclass(frozen=True, eq=False)
class Candidates:
    """Masks that were good enough by themselves.

    Attributes:
        logits: (n, 256, 256).
        ious: (n,) predicted quality.
        boxes: (n, 4) of the enlarged masks.
    """

    logits: torch.Tensor
    ious: torch.Tensor
    boxes: torch.Tensor


def automatic_masks(
    model: LoadedSam2, features: Features, settings: AutomaticSettings, batches: PromptBatches
) -> list[MaskProposal]:
    """The masks, best first; of equally good ones the first point's.

    Args:
        model: in use by the caller.
        features: of the picture.
        settings: the grid and the thresholds.
        batches: how many points at once.
    """
    height, width = features.size
    grid = build_point_grid(settings.points_per_side) * np.array([width, height])
    points = torch.as_tensor(grid, dtype=torch.float32, device=model.device)[:, None]

    def candidates(part: torch.Tensor) -> Candidates:
        masks = decoded(model, features, part, POINT, alternatives=True)
        return _good(masks.logits.flatten(0, 1), masks.ious.flatten(), features.size, settings)

    found = list(batches.of(points, candidates))
    logits = torch.cat([each.logits for each in found])
    ious = torch.cat([each.ious for each in found]).float()
    kept = nms(torch.cat([each.boxes for each in found]).float(), ious, settings.box_nms_threshold)
    masks = [
        mask.copy() for part in enlarged(logits[kept], features.size) for mask in (part > 0).cpu().numpy()
    ]
    proposals = (MaskProposal(mask, score) for mask, score in zip(masks, ious[kept].tolist(), strict=True))
    return [proposal for proposal in proposals if proposal.mask.any()]


def _good(
    logits: torch.Tensor, ious: torch.Tensor, size: tuple[int, int], settings: AutomaticSettings
) -> Candidates:
    if settings.pred_iou_threshold > 0:
        promising = ious > settings.pred_iou_threshold
        logits, ious = logits[promising], ious[promising]
    stable = [torch.empty(0, dtype=torch.bool, device=ious.device)]
    boxes = [torch.empty((0, 4), dtype=torch.long, device=ious.device)]
    for part in enlarged(logits, size):
        boxes.append(batched_mask_to_box(part > 0))
        scores = calculate_stability_score(part, 0.0, STABILITY_OFFSET)
        # An empty mask's score is not a number, which no positive threshold keeps.
        stable.append((scores >= settings.stability_threshold) | (settings.stability_threshold == 0))
    kept = torch.cat(stable)
    return Candidates(logits[kept], ious[kept], torch.cat(boxes)[kept])
