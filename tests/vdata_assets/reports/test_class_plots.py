"""Plots of conversations about classes draw for any dataset, small and the same every time."""

import io

import pytest
from made_class_tables import images, sample, samples, templates
from PIL import Image

from vdata_assets.reports.class_figures import ClassFigures, figures_of
from vdata_assets.reports.class_plots import (
    MAX_CLASSES,
    samples_per_class,
    template_usage,
    turns_per_sample,
)

HOSTILE = ["$\\frac$", "猫", "<b>|`x`", "_hidden", "a" * 200, "", "\n"]


def figures(classes: int, kinds: int = 4, each: int = 5) -> ClassFigures:
    names = [f"{HOSTILE[k % 7]} {k}" for k in range(classes)]
    rows = [
        sample(f"{name}/{n}", split, copy, turns=[("user", "?")] * (k % 9))
        for k, name in enumerate(names)
        for n, (split, copy) in enumerate([("train", 0), ("train", k % 3), ("val", 0), ("spare", 1)])
    ]
    drawn = [
        (f"{HOSTILE[n % 7]} {n}", f"{HOSTILE[kind % 7]} {kind}", split, n)
        for kind in range(kinds)
        for n in range(each)
        for split in ("train", "val")
    ]
    return figures_of(samples(rows), images({f"{name}/0": None for name in names}), templates(drawn))


CASES = [
    *(pytest.param(samples_per_class, figures(number), id=f"{number} classes") for number in (0, 1, 9)),
    *(
        pytest.param(template_usage, figures(1, *number), id=f"{number} templates")
        for number in ((0, 0), (1, 1), (3, 25))
    ),
    *(pytest.param(turns_per_sample, figures(number), id=f"turns of {number}") for number in (0, 1, 9)),
]


@pytest.mark.parametrize(("plot", "held"), CASES)
@pytest.mark.filterwarnings("error")
def test_a_plot_is_small_and_reproducible(plot, held) -> None:
    data = plot(held)
    assert len(data) <= 50_000
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.info) == ("PNG", {})
        assert image.width in (700, 900)
    assert data == plot(held)


@pytest.mark.filterwarnings("error")
def test_of_many_classes_the_largest_and_the_smallest_are_drawn() -> None:
    with Image.open(io.BytesIO(samples_per_class(figures(MAX_CLASSES + 1)))) as image:
        assert image.size == (900, 140 + 20 * MAX_CLASSES)
