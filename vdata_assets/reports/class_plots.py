"""Plots of a dataset of conversations about classes as small PNG files."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vdata_assets.reports.annotation_plots import split_colours
from vdata_assets.reports.class_figures import ClassFigures
from vdata_assets.reports.fonts import drawable, shortened
from vdata_assets.reports.plots import (
    BARS,
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

# With more classes, those in the middle are left out: both ends of an imbalance are to be seen.
MAX_CLASSES = 80
TEMPLATE_CHARACTERS = 56
FEW_ROWS = 2
NO_TEMPLATE = "none"


def samples_per_class(figures: ClassFigures) -> bytes:
    """A bar a class, stacked by split, with what oversampling adds hatched, and both sums at its end.

    Returns:
        A PNG file.
    """
    shown, title = figures.classes, "Samples per class"
    if shown.height > MAX_CLASSES:
        half = MAX_CLASSES // 2
        title += f": the {half} largest and the {half} smallest of {shown.height:,}"
        shown = pl.concat([shown.head(half), shown.tail(half)])
    with drawing(9, 1.4 + 0.2 * max(MIN_ROWS, shown.height)) as figure:
        axes = figure.subplots()
        axes.set_title(title)
        axes.set_xlabel("samples; at the bars' ends before → after oversampling")
        if figures.samples("after"):
            _class_bars(axes, shown, figures)
            figure.legend(loc="outside lower left", ncols=6)
        else:
            leave_empty(axes)
        return png(figure)


def _class_bars(axes: "Axes", shown: pl.DataFrame, figures: ClassFigures) -> None:
    places = np.arange(shown.height)
    start = np.zeros(shown.height)
    before, after = (
        shown.select(pl.sum_horizontal(f"{stage} {split}" for split in figures.splits)).to_series().to_list()
        for stage in ("before", "after")
    )
    # What was added stands behind all that was there before.
    for name, colour in split_colours(figures.splits):
        length = shown[f"before {name}"].to_numpy()
        axes.barh(places, length, left=start, color=colour, label=label(name), height=0.75)
        start = start + length
    for name, colour in split_colours(figures.splits):
        length = (shown[f"after {name}"] - shown[f"before {name}"]).to_numpy()
        grown = np.flatnonzero(length)
        if grown.size:
            axes.barh(
                grown,
                length[grown],
                left=start[grown],
                color=f"{colour}40",
                edgecolor=colour,
                hatch="////",
                linewidth=0.5,
                label=f"{label(name)}, added by oversampling",
                height=0.75,
            )
            start = start + length
    for place, (first, last) in enumerate(zip(before, after, strict=True)):
        sums = f"{first:,} → {last:,}" if last != first else f"{first:,}"
        axes.annotate(sums, (last, place), xytext=(3, 0), textcoords="offset points", va="center", size=7)
    _name_bars(axes, [label(name) for name in shown["class"]], MIN_ROWS)
    # Room for the sums.
    axes.set_xlim(0, 1.12 * max(after))


def _name_bars(axes: "Axes", names: list[str], rows: int) -> None:
    """Names at the left of horizontal bars, the first on top; room for ``rows`` at least."""
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(max(rows, len(names)) - 0.5, -0.5)
    axes.set_xlim(left=0)
    whole_numbers(axes.xaxis)
    axes.grid(axis="x", color="#E0E0E0")
    axes.tick_params(axis="y", length=0)


def template_usage(figures: ClassFigures) -> bytes:
    """A panel a kind of template: how often each was drawn, stacked by split, and an equal share of all.

    Returns:
        A PNG file.
    """
    groups = [
        (str(kind), group) for (kind,), group in figures.templates.group_by("kind", maintain_order=True)
    ]
    groups = groups or [(NO_TEMPLATE, figures.templates)]
    rows = [max(FEW_ROWS, min(group.height, TOP)) for _, group in groups]
    with drawing(9, 0.8 + sum(0.9 + 0.2 * height for height in rows)) as figure:
        panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=[4 + height for height in rows])
        for axes, (kind, group) in zip(panels[:, 0], groups, strict=True):
            of = f": the {TOP} most frequent of {group.height:,}" if group.height > TOP else ""
            axes.set_title(f"Templates: {label(kind.replace('_', ' '))}{of}")
            if group.height:
                _template_bars(axes, group, figures.splits)
            else:
                leave_empty(axes)
        panels[-1, 0].set_xlabel("times drawn")
        if figures.templates.height:
            handles, names = panels[0, 0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower left", ncols=6)
        return png(figure)


def _template_bars(axes: "Axes", group: pl.DataFrame, splits: tuple[str, ...]) -> None:
    shown = group.head(TOP)
    start = np.zeros(shown.height)
    for name, colour in split_colours(splits):
        length = shown[f"times {name}"].to_numpy()
        axes.barh(np.arange(shown.height), length, left=start, color=colour, label=label(name), height=0.75)
        start = start + length
    equal = sum(group["times"].to_list()) / group.height
    axes.axvline(equal, color="#1A1A1A", linestyle="--", linewidth=1, label="an equal share")
    _name_bars(axes, [_template_label(template) for template in shown["template"]], FEW_ROWS)


def _template_label(template: str) -> str:
    text = drawable(template)
    return text if len(text) <= TEMPLATE_CHARACTERS else shortened(text, TEMPLATE_CHARACTERS - 1)


def turns_per_sample(figures: ClassFigures) -> bytes:
    """Histogram of the number of turns of a sample.

    Returns:
        A PNG file.
    """
    with drawing(7, 2.6) as figure:
        axes = figure.subplots()
        axes.set_title("Turns per sample")
        turns = figures.turns["turns"]
        if turns.is_empty():
            leave_empty(axes)
        else:
            weights = figures.turns["samples"].to_numpy()
            axes.hist(turns.to_numpy(), bins=whole_bins(turns), weights=weights, **BARS)
            axes.set_xlabel("turns of a sample, questions and answers")
            axes.set_ylabel("samples")
            whole_numbers(axes.xaxis)
            whole_numbers(axes.yaxis)
        return png(figure)
