"""Plots of an annotation dataset as small PNG files."""

from collections.abc import Iterator
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vdata_assets.reports.annotation_figures import Contents
from vdata_assets.reports.palette import LABEL_COLOURS, SAMPLE_SPLIT_COLOURS
from vdata_assets.reports.plots import (
    BARS,
    BINS,
    MIN_ROWS,
    TOP,
    drawing,
    label,
    leave_empty,
    png,
    whole_bins,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Shares of a picture: from a ten-thousandth to all of it.
SMALLEST_SHARE = 1e-4


def class_counts(held: Contents) -> bytes:
    """Objects of the largest classes, stacked by split.

    Returns:
        A PNG file.
    """
    largest = held.classes.head(TOP)
    with drawing(7, 1.4 + 0.22 * max(MIN_ROWS, largest.height)) as figure:
        axes = figure.subplots()
        places, start = np.arange(largest.height), np.zeros(largest.height)
        for name, colour in split_colours(held.names):
            length = largest[f"instances {name}"].to_numpy()
            axes.barh(places, length, left=start, color=colour, label=label(name), height=0.75)
            start = start + length
        axes.set_yticks(places, [label(name) for name in largest["label"]])
        axes.set_ylim(max(MIN_ROWS, largest.height) - 0.5, -0.5)
        axes.set_xlabel("objects")
        every = held.classes.height
        axes.set_title("Objects per class" + (f": the {TOP} largest of {every:,}" if every > TOP else ""))
        whole_numbers(axes.xaxis)
        axes.grid(axis="x", color="#E0E0E0")
        axes.tick_params(axis="y", length=0)
        if largest.height:
            figure.legend(loc="outside lower left", ncols=6)
        else:
            leave_empty(axes)
        return png(figure)


def split_colours(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A colour for each split; train, val and test have theirs."""
    used = SAMPLE_SPLIT_COLOURS.values()
    others = cycle(colour for colour in LABEL_COLOURS if colour not in used)
    for name in names:
        yield name, SAMPLE_SPLIT_COLOURS.get(name) or next(others)


def objects_per_frame(held: Contents) -> bytes:
    """Histogram of the number of objects of a frame.

    Returns:
        A PNG file.
    """
    with drawing(7, 2.8) as figure:
        axes = figure.subplots()
        axes.set_title("Objects per frame")
        counts = held.frames["objects"]
        if counts.is_empty():
            leave_empty(axes)
        else:
            axes.hist(counts.to_numpy(), bins=whole_bins(counts), **BARS)
            axes.set_xlabel("objects in a frame")
            axes.set_ylabel("frames")
            whole_numbers(axes.xaxis)
            whole_numbers(axes.yaxis)
        return png(figure)


def mask_areas(held: Contents) -> bytes:
    """Histogram of the share of its picture that a mask covers, on a logarithmic axis.

    Returns:
        A PNG file.
    """
    with drawing(7, 2.8) as figure:
        axes = figure.subplots()
        axes.set_title("Mask sizes")
        shares = held.objects["share"].drop_nulls()
        if shares.is_empty():
            leave_empty(axes)
        else:
            _share_histogram(axes, shares)
        return png(figure)


def _share_histogram(axes: "Axes", shares: pl.Series) -> None:
    """Shares from a ten-thousandth, where all smaller ones are counted, to 1."""
    edges = np.geomspace(SMALLEST_SHARE, 1.0, BINS + 1)
    axes.hist(np.clip(shares.to_numpy(), SMALLEST_SHARE, 1.0), bins=edges.tolist(), **BARS)
    axes.set(xscale="log", xlim=(SMALLEST_SHARE, 1.0))
    axes.minorticks_off()
    axes.set_xticks([1e-4, 1e-3, 1e-2, 1e-1, 1.0], ["≤ 0.01%", "0.1%", "1%", "10%", "100%"])
    axes.set_xlabel("share of the picture")
    axes.set_ylabel("objects")
    whole_numbers(axes.yaxis)
