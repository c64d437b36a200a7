"""The steps of an epoch. Imports torch."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.batches import plan_epoch, steps_of
from vdata_assets.protocol.checkpoint import Checkpoint
from vdata_assets.protocol.losses import Batch, DeviceData, Losses, image_losses, text_losses
from vdata_assets.protocol.model import ProtocolModel
from vdata_assets.protocol.optimiser import AdamW
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import TrainingData


class DeviceUnavailable(Exception):  # noqa: N818 - it describes the environment
    """There is no such device here. The message names the setting to change."""


def training_device(device: str) -> torch.device:
    """The device that the setting means.

    Raises:
        DeviceUnavailable: ``cuda`` is set and there is no GPU.
    """
    if device != "cpu" and torch.cuda.is_available():
        return torch.device("cuda")
    if device == "cuda":
        raise DeviceUnavailable(
            "protocol_model.device: 'cuda' is set but torch finds no CUDA GPU: set 'auto' or 'cpu', or run "
            "on a GPU machine"
        )
    return torch.device("cpu")


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps to one thread a call while the block runs.

    Its own threads wait for each other by spinning, and at thousands of small products on a busy machine that
    takes many times longer than the products. Work is spread over threads of ours instead, and does not
    depend on their number.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def lr_share(step: int, steps: int, warmup_share: float) -> float:
    """The learning rate of step 0, 1, ... as a share of its peak.

    It rises linearly over the first ``int(warmup_share * steps)`` steps to 1, then falls along a cosine
    (Loshchilov and Hutter 2017) to 0 at ``steps``.
    """
    warmup = int(warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


class Epochs:
    """A model, its optimisers, and the data they see.

    Nothing random is left after the start but the epochs' plans, which are functions of the seed and the
    epoch: the model, the optimisers and the number of whole epochs are all that it takes to go on.

    Args:
        vectors: all products.
        data: what is trained.
        values: of each attribute that has a head.
        settings: all.
        device: from :func:`training_device`.
    """

    def __init__(
        self,
        vectors: ProductVectors,
        data: TrainingData,
        values: Mapping[str, Sequence[str]],
        settings: ProtocolSettings,
        device: torch.device,
    ) -> None:
        self.training, self.settings, self.device = data, settings, device
        self.encoder = vectors.encoder
        self.values = {attribute: list(listed) for attribute, listed in values.items()}
        trains_text = bool(settings.text_weight) and data.trains_text
        dims = vectors.image.shape[1], vectors.text.shape[1]
        self.model = ProtocolModel(*dims, values, settings, trains_text=trains_text).to(device)
        self.parts = [
            _Part(image_losses, [self.model.image, self.model.heads], [self.model.biases], settings)
        ]
        if trains_text:
            self.parts.append(_Part(text_losses, [self.model.text], [], settings))
        self.data = DeviceData(
            image=self._tensor(vectors.image),
            text=self._tensor(vectors.text),
            has_text=self._tensor(data.has_text),
            group=self._tensor(data.group),
            targets=self._tensor(data.targets),
            together=self._tensor(data.together),
        )
        self.steps_of_epoch = steps_of(len(data.a), settings.batch_size)

    def train(self, epoch: int, advance: Callable[[int], None]) -> dict[str, Any]:
        """Train one epoch and give its figures, named as in TrainLog.

        Args:
            epoch: from 1.
            advance: told how many pairs each step has trained.
        """
        plan = plan_epoch(self.training, self.settings, epoch)
        drawn = Batch(
            a=self._tensor(self.training.a[plan.pair]),
            b=self._tensor(self.training.b[plan.pair]),
            weight=self._tensor(self.training.weight[plan.pair]),
            negatives_a=self._tensor(plan.negatives_a),
            negatives_b=self._tensor(plan.negatives_b),
        )
        first = (epoch - 1) * self.steps_of_epoch

        def work(part: _Part) -> dict[str, float]:
            total = torch.zeros(len(Losses._fields), dtype=torch.float64, device=self.device)
            for step, draws in enumerate(plan.steps(), first):
                losses = part.losses(self.model, self.data, drawn.of(draws), self.settings)
                part.optimiser.step(losses.total, self._lr(step))
                total += torch.stack([loss.detach() for loss in losses])
                if part is self.parts[0]:
                    advance(draws.stop - draws.start)
            return dict(zip(Losses._fields, total.tolist(), strict=True))

        # The image in this thread, which reports progress and is interrupted; texts beside it.
        with ThreadPoolExecutor(1) as pool:
            beside = [pool.submit(work, part) for part in self.parts[1:]]
            image = work(self.parts[0])
            texts = [part.result() for part in beside]
        sums = [image, *texts]
        steps, settings = self.steps_of_epoch, self.settings
        return {
            "epoch": epoch,
            "step": first + steps,
            "lr": self._lr(first + steps),
            "loss": sum(part["total"] for part in sums) / steps,
            "image_loss": image["contrast"] / steps,
            "text_loss": _mean(texts[0]["contrast"], texts[0]["contrasts"]) if texts else None,
            "head_loss": _mean(image["head"], image["heads"]),
            "anchor_loss": sum(part["anchor"] for part in sums) / steps if settings.anchor_weight else None,
        }

    def _lr(self, step: int) -> float:
        steps = self.settings.epochs * self.steps_of_epoch
        return self.settings.lr * lr_share(step, steps, self.settings.warmup_share)

    def state_dict(self) -> dict[str, Any]:
        """All that :meth:`load_state_dict` goes on from, but the number of epochs."""
        return {
            "model": dict(self.model.state_dict()),
            "optimisers": [part.optimiser.state_dict() for part in self.parts],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        for part, saved in zip(self.parts, state["optimisers"], strict=True):
            part.optimiser.load_state_dict(saved)

    def checkpoint(self, epoch: int) -> Checkpoint:
        """The model as it is, after an epoch."""
        weights = self.model.heads.detach().cpu().split(self.model.sizes)
        biases = self.model.biases.detach().cpu().split(self.model.sizes)
        return Checkpoint(
            encoder=self.encoder,
            epoch=epoch,
            settings=self.settings,
            values=self.values,
            image=self.model.image.detach().cpu().numpy(),
            text=self.model.text.detach().cpu().numpy(),
            heads={
                attribute: (weight.numpy(), bias.numpy())
                for attribute, weight, bias in zip(self.values, weights, biases, strict=True)
            },
        )

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        # Torch takes no array that it may not write to, such as one mapped from a file.
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(self.device)


class _Part:
    """What of the model is trained by itself, and how."""

    def __init__(
        self,
        losses: Callable[[ProtocolModel, DeviceData, Batch, ProtocolSettings], Losses],
        decayed: Sequence[torch.Tensor],
        others: Sequence[torch.Tensor],
        settings: ProtocolSettings,
    ) -> None:
        self.losses = losses
        self.optimiser = AdamW(decayed, others, settings.weight_decay)


def _mean(total: float, count: float) -> float | None:
    """None if there is nothing."""
    return total / count if count else None
