"""Plots draw for any dataset, small and the same every time."""

import io
from collections.abc import Callable

import matplotlib
import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.reports import plots

HOSTILE = ["$\\frac$", "猫", "<b>|`x`", "_hidden", "a" * 200, "", "\n"]
RANDOM = np.random.default_rng(0)


def groups(number: int) -> pl.DataFrame:
    parts = {part: RANDOM.integers(0, 100, number).astype(np.uint32) for part in plots.PARTS}
    frame = pl.DataFrame({"name": [f"{HOSTILE[row % 7]} {row}" for row in range(number)], **parts})
    return frame.with_columns(images=pl.sum_horizontal(*plots.PARTS))


def sizes(number: int, low: int = 1, high: int = 5000) -> pl.DataFrame:
    width, height = RANDOM.integers(low, high, (2, number)).astype(np.uint32)
    return pl.DataFrame({"width": width, "height": height, "images": np.ones(number, dtype=np.uint32)})


def similarities(positives: int, distractors: int) -> tuple[np.ndarray, np.ndarray]:
    return RANDOM.uniform(-1, 1, positives).astype("f4"), RANDOM.uniform(-1, 1, distractors).astype("f4")


CASES = [
    *(
        pytest.param(plots.images_per_group, (groups(number), "concept", "concepts"), id=f"{number} groups")
        for number in (0, 1, plots.TOP, plots.TOP + 1, 1000)
    ),
    *(
        pytest.param(plots.image_sizes, (sizes(number),), id=f"{number} sizes")
        for number in (0, 1, plots.SCATTER_LIMIT, plots.SCATTER_LIMIT + 1)
    ),
    pytest.param(plots.image_sizes, (sizes(5, 1, 2),), id="one pixel"),
    pytest.param(plots.image_sizes, (sizes(5, 512, 513),), id="all of one size"),
    *(
        pytest.param(plots.similarity_histogram, similarities(*slots), id=f"{slots} slots")
        for slots in ((0, 0), (1, 0), (0, 1), (1000, 2000))
    ),
]


@pytest.mark.parametrize(("plot", "arguments"), CASES)
@pytest.mark.filterwarnings("error")
def test_a_plot_is_small_and_reproducible(plot: Callable[..., bytes], arguments: tuple) -> None:
    data = plot(*arguments)
    assert len(data) <= 50_000
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.info) == ("PNG", {})
        assert image.width in (600, 700, 900)
    assert data == plot(*arguments)


def test_the_users_own_style_is_neither_used_nor_changed() -> None:
    frame = groups(3).sort("name")
    data = plots.images_per_group(frame, "concept", "concepts")
    with matplotlib.rc_context({"axes.facecolor": "red", "font.family": "serif", "text.parse_math": True}):
        assert plots.images_per_group(frame, "concept", "concepts") == data
        assert matplotlib.rcParams["axes.facecolor"] == "red"


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        pytest.param([5], [4.5, 5.5], id="one"),
        pytest.param([1, 3], [0.5, 1.5, 2.5, 3.5], id="a bin a number"),
        pytest.param([0, 79], [2 * edge - 0.5 for edge in range(41)], id="at most 40 bins"),
    ],
)
def test_bins_are_whole_numbers_wide(values: list[int], edges: list[float]) -> None:
    assert plots.whole_bins(pl.Series(values, dtype=pl.UInt32)) == edges
