"""Masks by SAM2 from a local checkpoint. Importing this module imports no torch."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vdata_resources.devices import Device
from vdata_resources.library_versions import library_versions
from vdata_resources.segmenters.protocol import Segmentation
from vdata_resources.segmenters.sam2_configs import config_named

if TYPE_CHECKING:
    from vdata_resources.segmenters.sam2_automatic import AutomaticSettings
    from vdata_resources.segmenters.sam2_decoding import PromptBatches
    from vdata_resources.segmenters.sam2_loading import LoadedSam2

Precision = Literal["auto", "fp32", "bf16"]

DEFINITION = 1  # raise it with any change on this side that moves a pixel


class Sam2Segmenter:
    """Any picture model of SAM 2 or 2.1 (Ravi et al. 2024, facebookresearch/sam2).

    The model is loaded with the first picture, once a process, whatever the number of segmenters and threads.
    Masks are the same at every run on one machine; another ``points_per_batch`` moves logits by rounding.

    Args:
        config: a configuration file of the ``sam2`` package, e.g. ``sam2.1_hiera_l.yaml``, by name, by path
            in the package, or by what the weights are called, e.g. ``sam2.1_hiera_large``; or for SAM 2.1
            just ``tiny``, ``small``, ``base_plus`` or ``large``.
        checkpoint: file with the weights. Nothing is ever downloaded.
        device: ``cuda``, ``cpu``, or ``auto``: the GPU if there is one.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 on a GPU, fp32 on a CPU.
        points_per_side: of the automatic masks' grid.
        points_per_batch: prompts in one run of the mask decoder. None: 1 on a CPU, where
            more are slower; 256 on a GPU. It is halved until it fits into memory, which the log says.
        pred_iou_threshold: automatic masks of at most this predicted IoU are dropped; 0 keeps all.
        stability_threshold: and those of less than this stability: the IoU of the mask at a threshold one
            higher with that at one lower; 0 keeps all.
        box_nms_threshold: and those whose box has more than this IoU with that of a better mask.

    Raises:
        ValueError: a setting that is none of the allowed values.
    """

    def __init__(
        self,
        config: str,
        checkpoint: str | Path,
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        points_per_side: int = 32,
        points_per_batch: int | None = None,
        pred_iou_threshold: float = 0.8,
        stability_threshold: float = 0.95,
        box_nms_threshold: float = 0.7,
    ) -> None:
        self.config = config_named(config)
        if device not in get_args(Device):
            raise ValueError(f"segmenter.device: {device!r} is none of {', '.join(get_args(Device))}")
        if precision not in get_args(Precision):
            raise ValueError(
                f"segmenter.precision: {precision!r} is none of {', '.join(get_args(Precision))}"
            )
        for name, count in (("points_per_side", points_per_side), ("points_per_batch", points_per_batch)):
            if count is not None and count < 1:
                raise ValueError(f"segmenter.{name}: {count} is not a positive number of points")
        thresholds = {
            "pred_iou_threshold": pred_iou_threshold,
            "stability_threshold": stability_threshold,
            "box_nms_threshold": box_nms_threshold,
        }
        for name, value in thresholds.items():
            if not 0 <= value <= 1:
                raise ValueError(f"segmenter.{name}: {value} is not between 0 and 1")
        self.checkpoint = Path(checkpoint)
        self.device = device
        self.precision = precision
        self.points_per_side = points_per_side
        self.points_per_batch = points_per_batch
        self.thresholds = {name: float(value) for name, value in thresholds.items()}

    @cached_property
    def identity(self) -> str:
        """Model, digest of its checkpoint, settings, precision, device, versions.

        Raises:
            SegmenterUnavailable: no checkpoint, or no GPU where one is asked for.
        """
        device, precision = self._resolved
        facts = {
            "definition": DEFINITION,
            "config": self.config.name,
            "weights": self._digest,
            "points_per_side": self.points_per_side,
            "points_per_batch": self.points_per_batch or "auto",
            **self.thresholds,
            "precision": precision,
            "device": device,
        }
        said = " ".join(f"{name}={value}" for name, value in facts.items())
        return f"Sam2Segmenter {said} {library_versions('sam2', 'torch', 'torchvision')}"

    def open(self, pixels: NDArray[np.uint8]) -> Segmentation:
        """See :class:`~vdata_resources.segmenters.protocol.Segmenter`.

        Raises:
            SegmenterUnavailable: no checkpoint, one of another model, no GPU, or too little memory on it.
        """
        from vdata_resources.segmenters.sam2_picture import Sam2Segmentation

        return Sam2Segmentation(self._loaded, pixels, self._automatic, self._batches)

    @cached_property
    def _loaded(self) -> "LoadedSam2":
        from vdata_resources.segmenters.sam2_loading import load_model

        return load_model(self.config, self.checkpoint, self._digest, *self._resolved)

    @cached_property
    def _automatic(self) -> "AutomaticSettings":
        from vdata_resources.segmenters.sam2_automatic import AutomaticSettings

        return AutomaticSettings(points_per_side=self.points_per_side, **self.thresholds)

    @cached_property
    def _batches(self) -> "PromptBatches":
        from vdata_resources.segmenters.sam2_decoding import PromptBatches

        return PromptBatches(self.config.name, self._resolved[0], self.points_per_batch)

    @cached_property
    def _resolved(self) -> tuple[str, str]:
        """Device and precision here."""
        from vdata_resources.segmenters.sam2_loading import device_of

        device = device_of(self.device)
        automatic = "bf16" if device == "cuda" else "fp32"
        return device, automatic if self.precision == "auto" else self.precision

    @cached_property
    def _digest(self) -> str:
        """xxh3-128 of the checkpoint's bytes: 32 hex digits."""
        from vdata_resources.segmenters.sam2_loading import digest_of

        return digest_of(self.checkpoint, self.config)
