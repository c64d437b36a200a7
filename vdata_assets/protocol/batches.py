"""An epoch's batches as index arrays, planned at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import TrainingData
from vdata_assets.seeding import seeded_int

NONE = -1


@dataclass(frozen=True)
class EpochPlan:
    """What is trained in one epoch, in order.

    Attributes:
        pair: (draws,) numbers of positive pairs.
        negatives_a: (draws, negatives_per_pair) rows of labelled negatives of the pair's first side, each at
            most once; ``NONE`` where it has fewer.
        negatives_b: likewise of its second side.
        bounds: (steps + 1,) where the steps begin and end.
    """

    pair: NDArray[np.intp]
    negatives_a: NDArray[np.intp]
    negatives_b: NDArray[np.intp]
    bounds: NDArray[np.intp]

    def steps(self) -> Iterator[slice]:
        """The draws of every step."""
        return (slice(first, end) for first, end in pairwise(self.bounds.tolist()))


def steps_of(draws: int, batch_size: int) -> int:
    """Steps of an epoch."""
    return -(-draws // batch_size)


def plan_epoch(data: TrainingData, settings: ProtocolSettings, epoch: int) -> EpochPlan:
    """Draw as many positive pairs as there are, and labelled negatives for each.

    A pair is drawn as often as its weight says, rounded up or down (systematic sampling, Madow and Madow
    1944): with equal weights each once. Batches are of equal size, or differ by one pair. The plan depends on
    the seed and the epoch alone, so an epoch can be trained without those before it.
    """
    rng = np.random.default_rng(seeded_int(settings.seed, "protocol-epoch", str(epoch)))
    draws = len(data.a)
    pair = rng.permutation(_systematic(data.draw, draws, rng.random()))
    steps = steps_of(draws, settings.batch_size)
    # Shuffled within each owner, so that a run of them that begins anywhere is a choice without repeats.
    shuffled = np.append(data.negative[np.lexsort((rng.random(len(data.owner)), data.owner))], NONE)
    return EpochPlan(
        pair=pair,
        negatives_a=_negatives(data, shuffled, data.a[pair], settings.negatives_per_pair, rng),
        negatives_b=_negatives(data, shuffled, data.b[pair], settings.negatives_per_pair, rng),
        bounds=np.arange(steps + 1) * draws // steps,
    )


def _systematic(weights: NDArray[np.float64], draws: int, offset: float) -> NDArray[np.intp]:
    """Numbers drawn at equal distances along the weights laid end to end."""
    ends = np.cumsum(weights)
    points = (np.arange(draws) + offset) * (ends[-1] / draws)
    return np.minimum(np.searchsorted(ends, points, side="right"), len(weights) - 1)


def _negatives(
    data: TrainingData,
    shuffled: NDArray[np.intp],
    anchors: NDArray[np.intp],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Some labelled negatives of each anchor, (anchors, count).

    Args:
        data: where an anchor's negatives begin and how many there are.
        shuffled: the negatives, shuffled within each owner, and NONE at the end.
        anchors: rows.
        count: how many each is given, at most.
        rng: decides which.
    """
    owned = data.negatives[anchors, None]
    start = (rng.random(len(anchors))[:, None] * owned).astype(np.intp)
    place = np.arange(count)
    index = data.first_negative[anchors, None] + (start + place) % np.maximum(owned, 1)
    return shuffled[np.where(place < owned, index, len(shuffled) - 1)]
