"""Sam2Segmenter's automatic masks against the sam2 package's own generator with the same settings.

Both use one tiny SAM 2.1 with random weights, on the same generated 768 px pictures, in turns, in the same
precision; the ratio is the turns' median, the embedding included. Each decodes as many points at once as it
does by default. Random weights make masks of noise, which would cost the package far more than real masks do:
a hook on the decoder that both use turns each into a disc, and the thresholds keep a third of the candidates.
Before that: the times of each step with a picture, also of the classical segmenter.
"""

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from memory import PeakMemory
from numpy.typing import NDArray
from report import report
from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator
from sam2.build_sam import build_sam2

from vdata_resources.segmenters.classical import ClassicalSegmenter
from vdata_resources.segmenters.protocol import Segmenter
from vdata_resources.segmenters.sam2 import Sam2Segmenter
from vdata_resources.segmenters.sam2_configs import config_named
from vdata_resources.segmenters.sam2_loading import digest_of, load_model

CONFIG = config_named("tiny")
SIDE = 768
BOXES = 8
POINTS_PER_SIDE = {"cpu": 8, "cuda": 32}
TURNS = {"cpu": 3, "cuda": 20}
KEPT = 1 / 3  # of the candidates, by predicted IoU


def picture(seed: int) -> NDArray[np.uint8]:
    """Coloured ellipses on a slanted ground, with a little noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    pixels = np.stack([90 + 60 * x, 110 + 40 * y, 100 + 30 * x * y], axis=-1)
    for _ in range(12):
        (cx, cy), (rx, ry) = random.random(2), random.uniform(0.05, 0.2, 2)
        pixels[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = random.integers(0, 256, 3)
    return (pixels + random.normal(0, 4, pixels.shape)).clip(0, 255).astype(np.uint8)


def saved_weights(folder: Path) -> Path:
    """A checkpoint with random weights, its decoder's enlarged so that its scores differ."""
    torch.manual_seed(0)
    module = build_sam2(CONFIG.path, device="cpu")
    with torch.no_grad():
        for name, weights in module.named_parameters():
            if name.startswith("sam_mask_decoder.") and weights.ndim > 1:
                weights.mul_(3)
    path = folder / "random.pt"
    torch.save({"model": module.state_dict()}, path)
    return path


def discs(decoder: torch.nn.Module, inputs: Any, named: dict[str, Any], outputs: Any) -> Any:
    """Make each mask a disc somewhere, a little frayed by what the decoder says."""
    masks, *others = outputs
    centre = (named["sparse_prompt_embeddings"][:, 0, :2].float() * 40 % 1)[:, :, None, None, None]
    lines = [torch.linspace(0, 1, side, device=masks.device) for side in masks.shape[-2:]]
    y, x = torch.meshgrid(*lines, indexing="ij")
    radius = torch.linspace(0.05, 0.2, masks.shape[1], device=masks.device)[:, None, None]
    distance = (x - centre[:, 0]) ** 2 + (y - centre[:, 1]) ** 2
    return (masks / 10 + 60 * torch.exp(-distance / radius**2) - 30).to(masks.dtype), *others


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, work on the GPU included."""
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def stages(name: str, segmenter: Segmenter) -> None:
    """Print what each step with a picture takes."""
    random = np.random.default_rng(0)
    corners = random.integers(0, SIDE // 2, (BOXES, 2))
    boxes = np.concatenate([corners, corners + random.integers(50, SIDE // 2, (BOXES, 2))], axis=1)
    segmentation = segmenter.open(picture(1))
    first, again = (seconds(lambda: segmentation.of_boxes(boxes)) for _ in range(2))
    automatic = seconds(segmentation.automatic)
    print(
        f"{name}: opening {first - again:.2f} s, {BOXES} boxes {again:.2f} s, "
        f"automatic masks {automatic:.2f} s ({len(segmentation.automatic())} masks)"
    )


def main() -> None:
    """Times of the steps, then turns, then the ratio."""
    warnings.filterwarnings("ignore")
    device, precision = ("cuda", "bf16") if torch.cuda.is_available() else ("cpu", "fp32")
    grid = {"points_per_side": POINTS_PER_SIDE[device]}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = saved_weights(Path(folder))
        model = load_model(CONFIG, checkpoint, digest_of(checkpoint, CONFIG), device, precision)
        model.module.sam_mask_decoder.register_forward_hook(discs, with_kwargs=True)
        lenient = {"pred_iou_threshold": 0, "stability_threshold": 0, "box_nms_threshold": 1}
        every = Sam2Segmenter("tiny", checkpoint, **grid, **lenient).open(picture(0)).automatic()
        good = float(np.quantile([proposal.score for proposal in every], 1 - KEPT))
        ours = Sam2Segmenter("tiny", checkpoint, **grid, pred_iou_threshold=good, stability_threshold=0.9)
        theirs = SAM2AutomaticMaskGenerator(
            model.module,
            **grid,
            pred_iou_thresh=good,
            stability_score_thresh=0.9,
            box_nms_thresh=0.7,
        )
        stages(f"sam2 tiny, {grid['points_per_side']} points a side, {precision} on {device}", ours)
        stages("classical", ClassicalSegmenter())
        ratios, peak = [], 0.0
        for turn in range(TURNS[device]):
            pixels, found = picture(turn), []
            with PeakMemory() as memory:
                own = seconds(lambda: found.append(ours.open(pixels).automatic()))  # noqa: B023
            with model.in_use():
                package = seconds(lambda: found.append(theirs.generate(pixels)))  # noqa: B023
            ratios.append(package / own)
            peak = max(peak, memory.mb)
            print(
                f"ours {1 / own:.3f} images/s, the package's {1 / package:.3f} images/s, "
                f"{package / own:.2f}; {len(found[0])} masks, and the package's {len(found[1])}"
            )
    against = f"SAM2AutomaticMaskGenerator, tiny, {precision} on {device}"
    report("segment", statistics.median(ratios), against, ">= 1.0", peak_mb=peak)


if __name__ == "__main__":
    main()
