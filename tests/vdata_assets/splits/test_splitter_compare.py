"""The splitter beside scikit-learn's StratifiedGroupKFold: classes not further off, sizes nearer."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from vdata_assets.splits.sample_splits import split_samples
from vdata_assets.splits.settings import SplitSettings
from vdata_assets.splits.split_config import class_deviations, split_counts

SHARES = [0.6, 0.3, 0.1]


def singles(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1500), draw.permutation(np.repeat([0, 1, 2], [900, 450, 150]))


def videos(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """40 videos of 20 to 60 frames, classes drawn frame by frame."""
    group = np.repeat(np.arange(40), draw.integers(20, 61, 40))
    return group, draw.choice(3, size=len(group), p=SHARES)


def pure_videos(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """60 videos of 5 to 60 frames, each of one class only."""
    sizes = draw.integers(5, 61, 60)
    return np.repeat(np.arange(60), sizes), np.repeat(draw.choice(3, size=60, p=SHARES), sizes)


def skewed_videos(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """200 videos, most of them short, each with its own mixture of 8 classes."""
    sizes = np.ceil(draw.pareto(1.5, 200) * 5).astype(int).clip(1, 150)
    labels = [draw.choice(8, size=size, p=draw.dirichlet(np.full(8, 0.3))) for size in sizes]
    return np.repeat(np.arange(200), sizes), np.concatenate(labels)


def peer(group: np.ndarray, label: np.ndarray, seed: int) -> list[str]:
    """Ten folds of StratifiedGroupKFold: eight train, one val, one test."""
    folds = StratifiedGroupKFold(n_splits=10, shuffle=True, random_state=seed)
    split = np.full(len(label), "train", dtype=object)
    tests = [test for _, test in folds.split(label, label, group)]
    split[tests[0]], split[tests[1]] = "val", "test"
    return split.tolist()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("make", [singles, videos, pure_videos, skewed_videos])
def test_classes_and_sizes_are_at_least_as_near_as_the_peers(
    make: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]], seed: int
) -> None:
    group, label = make(np.random.default_rng(seed))
    samples = pl.DataFrame(
        {
            "sample_id": [f"s{number:06}" for number in range(len(label))],
            "video_id": [f"v{number}" for number in group],
            "labels": [[f"c{number}"] for number in label],
        }
    )
    settings = SplitSettings(seed=seed)
    ours = split_samples(samples, settings, keys=["video_id"])
    theirs = samples.select("sample_id", group="video_id", split=pl.Series(peer(group, label, seed)))

    def off(splits: pl.DataFrame) -> tuple[float, float]:
        counts = split_counts(samples, splits)
        sizes = counts.sizes
        shares = [abs(sizes.get(name, 0) / len(label) - ratio) for name, ratio in settings.ratios.items()]
        assert counts.classes is not None
        off = class_deviations(counts.classes, sizes, settings)["deviation"]
        return float(off.abs().max()), max(shares)

    (classes, sizes), (their_classes, their_sizes) = off(ours), off(theirs)
    assert classes <= their_classes + 1e-9
    assert sizes <= their_sizes + 1e-9
