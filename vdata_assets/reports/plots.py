"""Plots of a dataset as small PNG files: counts, image sizes, similarities."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from PIL import Image

from vdata_assets.reports.embed import PLOT_BYTES, encoded
from vdata_assets.reports.fonts import drawable, shortened
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, SPLIT_COLOURS, UNREADABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

DPI = 100
TOP = 20
MIN_ROWS = 4
LABEL_CHARACTERS = 32
SCATTER_LIMIT = 2000
BINS = 40
ODD_BINS = 41
NARROWEST = 0.1
ASPECTS = {1 / 2: "1:2", 2 / 3: "2:3", 1.0: "1:1", 3 / 2: "3:2", 2.0: "2:1"}
# Shapes beyond the first and the last are counted there.
WIDE_ASPECTS = {1 / 8: "≤ 1:8", 1 / 4: "1:4", 1 / 2: "1:2", 1.0: "1:1", 2.0: "2:1", 4.0: "4:1", 8.0: "≥ 8:1"}
BARS: dict[str, Any] = {"color": SPLIT_COLOURS["train"], "edgecolor": "#FFFFFF", "linewidth": 0.5}
PARTS = {**SPLIT_COLOURS, "unreadable": UNREADABLE}


@contextmanager
def drawing(width: float, height: float) -> Iterator["Figure"]:
    """A figure in the house's look, whatever the user's matplotlibrc says; sizes in inches."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.size": 9,
                "axes.titlesize": 10,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
                "legend.frameon": False,
                # Names may contain dollar signs.
                "text.parse_math": False,
            }
        )
        yield Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def png(figure: "Figure") -> bytes:
    """The figure as a PNG file of at most 50 kB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return encoded(Image.fromarray(np.asarray(canvas.buffer_rgba())), PLOT_BYTES, "PNG")


def images_per_group(groups: pl.DataFrame, kind: str, plural: str) -> bytes:
    """Bars of the largest groups, stacked by split, and if there are many a histogram of all.

    Args:
        groups: columns ``name``, ``images`` and its parts ``train``, ``test``, ``negative``, ``unreadable``.
        kind: what a group is, e.g. ``"category"``.
        plural: of that.

    Returns:
        A PNG file.
    """
    largest = groups.sort("images", "name", descending=[True, False]).head(TOP)
    height = 1.2 + 0.2 * max(MIN_ROWS, largest.height)
    if groups.height <= TOP:
        with drawing(6, height) as figure:
            stacked_bars(figure.subplots(), largest, f"Images per {kind}")
            return png(figure)
    with drawing(9, height) as figure:
        bars, histogram = figure.subplots(1, 2, width_ratios=(3, 2))
        stacked_bars(bars, largest, f"Images per {kind}: the {TOP} largest of {groups.height:,}")
        histogram.hist(groups["images"].to_numpy(), bins=whole_bins(groups["images"]), **BARS)
        histogram.set_title(f"Images per {kind}: all {groups.height:,}")
        histogram.set_xlabel(f"images per {kind}")
        histogram.set_ylabel(plural)
        whole_numbers(histogram.xaxis)
        whole_numbers(histogram.yaxis)
        return png(figure)


def stacked_bars(axes: "Axes", groups: pl.DataFrame, title: str) -> None:
    """One horizontal bar a group, the first on top; only parts that occur are drawn and named."""
    places = np.arange(groups.height)
    start = np.zeros(groups.height)
    for part, colour in PARTS.items():
        length = groups[part].to_numpy()
        if length.any():
            axes.barh(places, length, left=start, color=colour, label=part, height=0.75)
            start = start + length
    axes.set_yticks(places, [label(name) for name in groups["name"]])
    axes.set_ylim(max(MIN_ROWS, groups.height) - 0.5, -0.5)
    axes.set_xlabel("images")
    axes.set_title(title)
    whole_numbers(axes.xaxis)
    axes.grid(axis="x", color="#E0E0E0")
    axes.tick_params(axis="y", length=0)
    if start.any():
        axes.figure.legend(loc="outside lower left", ncols=len(PARTS))
    else:
        leave_empty(axes)


def label(name: str) -> str:
    """The name short enough for an axis."""
    text = drawable(name)
    return text if len(text) <= LABEL_CHARACTERS else shortened(text, LABEL_CHARACTERS - 1)


def whole_bins(values: pl.Series) -> list[float]:
    """Edges of at most 40 bins of equal whole width, around whole numbers."""
    # Python's integers: negated unsigned ones of numpy overflow.
    low, high = int(values.to_numpy().min()), int(values.to_numpy().max())
    width = -(-(high - low + 1) // BINS)
    return (np.arange(low, high + width + 1, width) - 0.5).tolist()


def whole_numbers(axis: "Axis") -> None:
    """A few ticks, at whole numbers, with thousands separators."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axis.set_major_formatter("{x:,.0f}")


def image_sizes(sizes: pl.DataFrame) -> bytes:
    """Widths against heights, and a histogram of aspect ratios.

    Args:
        sizes: columns ``width``, ``height`` (pixels) and ``images`` of that size.

    Returns:
        A PNG file.
    """
    width, height, images = (sizes[name].to_numpy().astype(float) for name in ("width", "height", "images"))
    with drawing(9, 3.8) as figure:
        plane, histogram = figure.subplots(1, 2)
        plane.set_title(f"Image sizes (n = {int(images.sum()):,})")
        plane.set_xlabel("width, pixels")
        plane.set_ylabel("height, pixels")
        histogram.set_title("Image shapes")
        histogram.set_xlabel("width : height")
        histogram.set_ylabel("images")
        if len(width):
            size_plane(plane, width, height, images)
            aspect_histogram(histogram, width / height, images)
        else:
            leave_empty(plane)
            leave_empty(histogram)
        return png(figure)


def size_plane(axes: "Axes", width: np.ndarray, height: np.ndarray, images: np.ndarray) -> None:
    """Each size as a dot whose area grows with its images; of many sizes, squares coloured by images."""
    sides = np.concatenate([width, height])
    first, last = int(np.log2(sides.min())), int(np.log2(sides.max())) + 1
    limits = 2.0**first, 2.0**last
    if len(width) > SCATTER_LIMIT:
        edges = np.geomspace(*limits, BINS + 1)
        *_, mesh = axes.hist2d(
            width, height, bins=(edges, edges), weights=images, cmap="cividis_r", norm="log", cmin=1
        )
        axes.figure.colorbar(mesh, ax=axes, label="images", format="{x:,.0f}")
    else:
        area = 15 + 150 * images / images.max()
        axes.scatter(width, height, s=area, color=SPLIT_COLOURS["train"], alpha=0.5, linewidths=0)
    axes.plot(limits, limits, color="#808080", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    axes.minorticks_off()
    ticks = 2 ** np.arange(first, last + 1, 1 + (last - first) // 8)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])


def aspect_histogram(axes: "Axes", aspect: np.ndarray, images: np.ndarray) -> None:
    """Images by width / height on a logarithmic axis, so that 1:2 and 2:1 are equally far from 1:1."""
    limit = min(8.0, max(2.0, aspect.max(), 1 / aspect.min()))
    # An odd number of bins: squares lie in the middle of one.
    edges = np.geomspace(1 / limit, limit, ODD_BINS + 1)
    axes.hist(np.clip(aspect, edges[0], edges[-1]), bins=edges.tolist(), weights=images, **BARS)
    axes.set(xscale="log", xlim=(1 / limit, limit))
    axes.minorticks_off()
    ticks = ASPECTS if limit < 4 else WIDE_ASPECTS
    shown = {place: text for place, text in ticks.items() if 1 / limit <= place <= limit}
    axes.set_xticks(list(shown), list(shown.values()))
    whole_numbers(axes.yaxis)


def leave_empty(axes: "Axes") -> None:
    """Say that there is nothing to draw."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color="#666666")


def similarity_histogram(positive: np.ndarray, distractors: np.ndarray) -> bytes:
    """How similar the positives and the distractors are to their queries.

    Args:
        positive: cosine similarity of each positive.
        distractors: cosine similarity of each distractor.

    Returns:
        A PNG file.
    """
    everything = np.concatenate([positive, distractors])
    low, high = (everything.min(), everything.max()) if len(everything) else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + NARROWEST), BINS + 1)
    with drawing(7, 3.2) as figure:
        axes = figure.subplots()
        groups = {"positive": (positive, POSITIVE), "distractors": (distractors, DISTRACTOR)}
        for name, (values, colour) in groups.items():
            # Shares, not counts: there are more distractors than positives.
            share = 100 * np.histogram(values, edges)[0] / max(1, len(values))
            axes.stairs(share, edges, color=colour, fill=True, alpha=0.35)
            axes.stairs(share, edges, color=colour, linewidth=1.5, label=f"{name} ({len(values):,})")
        axes.set_title("Similarity to the query")
        axes.set_xlabel("cosine similarity")
        axes.set_ylabel("share of slots, %")
        figure.legend(loc="outside lower left", ncols=2)
        return png(figure)
