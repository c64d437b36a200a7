"""What training lowers. Imports torch."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional

from vdata_assets.protocol.model import ProtocolModel
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import UNKNOWN_TARGET


class DeviceData(NamedTuple):
    """What every step reads, on the device; as in ``ProductVectors`` and ``TrainingData``."""

    image: torch.Tensor
    text: torch.Tensor
    has_text: torch.Tensor
    group: torch.Tensor
    targets: torch.Tensor
    together: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """One step.

    Attributes:
        a, b: (n,) rows of the positive pairs.
        weight: (n,) of each.
        negatives_a, negatives_b: (n, k) rows of labelled negatives of either side; negative where there are
            fewer.
    """

    a: torch.Tensor
    b: torch.Tensor
    weight: torch.Tensor
    negatives_a: torch.Tensor
    negatives_b: torch.Tensor

    def of(self, draws: slice) -> "Batch":
        """Some consecutive pairs."""
        return Batch(
            self.a[draws],
            self.b[draws],
            self.weight[draws],
            self.negatives_a[draws],
            self.negatives_b[draws],
        )

    def rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows of the pairs, a then b, (2 n,), and of the negatives, (2 n k,); 0 for a missing one."""
        negatives = torch.cat([self.negatives_a.flatten(), self.negatives_b.flatten()])
        return torch.cat([self.a, self.b]), negatives.clamp_min(0)


class Losses(NamedTuple):
    """The parts of a step's loss for one of image and text, each a scalar.

    Attributes:
        total: weighted sum of the others, which is lowered.
        contrast: InfoNCE; 0 if no pair counts.
        contrasts: 1 if a pair counts, else 0.
        head: mean of the attributes' cross-entropies; 0 if nothing is known, and for text.
        heads: 1 if a value is known, else 0.
        anchor: mean squared distance to the frozen vectors.
    """

    total: torch.Tensor
    contrast: torch.Tensor
    contrasts: torch.Tensor
    head: torch.Tensor
    heads: torch.Tensor
    anchor: torch.Tensor


def info_nce(
    anchors: torch.Tensor,
    positives: torch.Tensor,
    negatives: torch.Tensor,
    allowed: torch.Tensor,
    weight: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """InfoNCE (van den Oord, Li and Vinyals 2018), the weighted mean over anchors; 0 if all weights are 0.

    Args:
        anchors: (n, p) unit vectors.
        positives: (n, p) the one of each anchor; those of the others are its negatives in the batch.
        negatives: (n, k, p) labelled negatives of each anchor.
        allowed: (n, n + k) whether a positive or negative is in the anchor's denominator. An anchor's own
            positive must be.
        weight: (n,) of each anchor.
        temperature: by which similarities are divided.
    """
    batch = anchors @ positives.T
    labelled = (negatives * anchors[:, None]).sum(dim=2)
    logits = torch.cat([batch, labelled], dim=1) / temperature
    each = logits.masked_fill(~allowed, -torch.inf).logsumexp(dim=1) - logits.diagonal()
    return (each * weight).sum() / weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)


def denominators(batch: Batch, data: DeviceData) -> tuple[torch.Tensor, torch.Tensor]:
    """What may be in the denominator of each anchor, (n, n + k): with ``a`` as anchors, and with ``b``.

    Left out are products of the anchor's group and its other labelled positives: they are no negatives.
    """
    own = torch.eye(len(batch.a), dtype=torch.bool, device=batch.a.device)
    group_a, group_b = data.group[batch.a], data.group[batch.b]
    low = torch.minimum(batch.a[:, None], batch.b)
    high = torch.maximum(batch.a[:, None], batch.b)
    pairs = low * len(data.group) + high
    place = torch.searchsorted(data.together, pairs).clamp_max(len(data.together) - 1)
    friends = (group_a[:, None] == group_b) | (data.together[place] == pairs)
    in_batch = ~friends | own

    def labelled(negatives: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
        return (negatives >= 0) & (data.group[negatives.clamp_min(0)] != group[:, None])

    return (
        torch.cat([in_batch, labelled(batch.negatives_a, group_a)], dim=1),
        torch.cat([in_batch.T, labelled(batch.negatives_b, group_b)], dim=1),
    )


def attribute_loss(
    logits: tuple[torch.Tensor, ...], targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean over the attributes that a row knows of the mean cross-entropy over the rows that know it.

    Args:
        logits: (n, values) an attribute.
        targets: (n, attributes), ``UNKNOWN_TARGET`` where unknown: no class, left out.

    Returns:
        The loss, 0 if nothing is known, and how many attributes a row knows.
    """
    total = torch.zeros((), device=targets.device)
    known = torch.zeros((), device=targets.device)
    for place, scores in enumerate(logits):
        if not scores.shape[1]:
            continue
        target = targets[:, place]
        rows = (target != UNKNOWN_TARGET).sum()
        summed = functional.cross_entropy(scores, target, ignore_index=UNKNOWN_TARGET, reduction="sum")
        total = total + summed / rows.clamp_min(1)
        known = known + (rows > 0)
    return total / known.clamp_min(1), known


def image_losses(model: ProtocolModel, data: DeviceData, batch: Batch, settings: ProtocolSettings) -> Losses:
    """The loss of one step for the image projection and the heads.

    Heads and anchor regularisation see the products of the positive pairs, each as often as it is there.
    """
    sides, extra = batch.rows()
    frozen = data.image.index_select(0, torch.cat([sides, extra]))
    projected = model.project_image(frozen)
    contrast = _contrast(projected, denominators(batch, data), batch.weight, settings.temperature)
    zero, one = torch.zeros_like(contrast), torch.ones_like(contrast)
    projected, frozen = projected[: len(sides)], frozen[: len(sides)]
    head, heads = zero, zero
    if settings.head_weight and model.sizes:
        head, known = attribute_loss(model.logits(projected), data.targets.index_select(0, sides))
        heads = (known > 0).float()
    anchor = (projected - frozen).square().sum() / len(sides) if settings.anchor_weight else zero
    total = contrast + settings.head_weight * head + settings.anchor_weight * anchor
    return Losses(total, contrast, one, head, heads, anchor)


def text_losses(model: ProtocolModel, data: DeviceData, batch: Batch, settings: ProtocolSettings) -> Losses:
    """The loss of one step for the text projection, over the pairs of which both sides have text.

    It shares no parameter with :func:`image_losses`: the two can be lowered side by side. And AdamW divides
    a gradient by its usual size, so ``text_weight`` above 0 counts against ``anchor_weight`` alone.
    """
    sides, extra = batch.rows()
    frozen = data.text.index_select(0, torch.cat([sides, extra]))
    projected = model.project_text(frozen)
    both = data.has_text[batch.a] & data.has_text[batch.b]
    allowed = _with_text(denominators(batch, data), both, data.has_text[extra])
    contrast = _contrast(projected, allowed, batch.weight * both, settings.temperature)
    zero = torch.zeros_like(contrast)
    anchor = zero
    if settings.anchor_weight:
        # A missing text is zeros before and after: it adds nothing to the sum and is not counted.
        moved = (projected[: len(sides)] - frozen[: len(sides)]).square().sum()
        anchor = moved / data.has_text[sides].sum().clamp_min(1)
    total = settings.text_weight * contrast + settings.anchor_weight * anchor
    return Losses(total, contrast, both.any().float(), zero, zero, anchor)


def _contrast(
    projected: torch.Tensor,
    allowed: tuple[torch.Tensor, torch.Tensor],
    weight: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """InfoNCE of both directions, over the vectors of a, b, the negatives of a and those of b."""
    count = len(weight)
    a, b = projected[:count], projected[count : 2 * count]
    extra = allowed[0].shape[1] - count
    of_a, of_b = projected[2 * count :].reshape(2, count, extra, projected.shape[1]).unbind()
    forth = info_nce(a, b, of_a, allowed[0], weight, temperature)
    return (forth + info_nce(b, a, of_b, allowed[1], weight, temperature)) / 2


def _with_text(
    allowed: tuple[torch.Tensor, torch.Tensor], both: torch.Tensor, negatives: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The denominators without pairs in which a text is missing, and without negatives that have none.

    Args:
        allowed: (n, n + k) of each direction.
        both: (n,) whether both sides of a pair have text.
        negatives: (2 n k,) whether the negatives of a, then those of b, have text.
    """
    count = len(both)
    in_batch = both | torch.eye(count, dtype=torch.bool, device=both.device)
    of_a, of_b = negatives.reshape(2, count, allowed[0].shape[1] - count).unbind()
    return (
        allowed[0] & torch.cat([in_batch, of_a], dim=1),
        allowed[1] & torch.cat([in_batch, of_b], dim=1),
    )
