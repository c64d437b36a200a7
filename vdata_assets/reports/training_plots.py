"""How a training went, for the UI."""

from itertools import cycle
from typing import TYPE_CHECKING

import polars as pl

from vdata_assets.reports import markdown
from vdata_assets.reports.palette import LABEL_COLOURS
from vdata_assets.reports.plots import drawing, label, leave_empty, png, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FACET = ":match@10"
LOSSES = {
    "loss": "all",
    "image_loss": "images",
    "text_loss": "texts",
    "head_loss": "attributes",
    "anchor_loss": "anchor",
}
INK = "#1A1A1A"
MARKERS = "osD^v<>"


def loss_curves(log: pl.DataFrame) -> str:
    """Losses and validation by epoch: the best epoch in words, a plot, and a table, as Markdown.

    Args:
        log: TrainLog with its columns ``<facet>:match@10``.
    """
    if not log.height:
        return "No epoch was trained."
    ordered = log.sort("epoch").with_columns(pl.col(pl.Float64).fill_nan(None))
    facets = [name for name in ordered.columns if name.endswith(FACET)]
    best = _best(ordered)
    said = (
        f"Best epoch: **{best[0]} of {ordered.height}**, where the facets' mean match@10 of validation "
        f"queries is {best[1]:.1%}."
        if best
        else "No epoch could be validated."
    )
    picture = _plot(ordered, facets, best[0] if best else None)
    numbers = ["lr", *(name for name in LOSSES if not ordered[name].is_null().all())]
    shown = ordered.select(
        "epoch",
        "step",
        *(_digits(ordered[name], name) for name in numbers),
        (pl.col("validation") * 100).alias("validation, %"),
        *((pl.col(name) * 100).alias(f"{name}, %") for name in facets),
    )
    title = "Losses and validation by epoch"
    return "\n\n".join([said, markdown.image(title, picture), markdown.table(shown)])


def _best(log: pl.DataFrame) -> tuple[int, float] | None:
    """The first epoch with the highest validation, and that."""
    judged = log.drop_nulls("validation").sort("validation", "epoch", descending=[True, False])
    return judged.select("epoch", "validation").row(0) if judged.height else None


def _digits(values: pl.Series, name: str) -> pl.Series:
    """Four significant digits: an anchor's loss is a thousandth of the others."""
    return pl.Series(name, [None if value is None else f"{value:.4g}" for value in values], dtype=pl.String)


def _plot(log: pl.DataFrame, facets: list[str], best: int | None) -> bytes:
    with drawing(9, 3.8) as figure:
        losses, validation = figure.subplots(1, 2)
        losses.set_title("Losses")
        _lines(losses, log, LOSSES)
        validation.set_title("Validation: match@10, %")
        percent = log.with_columns(pl.col("validation", *facets) * 100)
        _lines(
            validation, percent, {"validation": "mean"} | {name: name.removesuffix(FACET) for name in facets}
        )
        if best is not None:
            validation.axvline(best, color="#808080", linewidth=0.8, linestyle="--")
            validation.annotate("best", (best, 0.01), xycoords=("data", "axes fraction"), fontsize=7)
        return png(figure)


def _lines(axes: "Axes", log: pl.DataFrame, columns: dict[str, str]) -> None:
    """A line a column with a mark of its own, gaps where it is null; a column without numbers is left out."""
    known = {column: name for column, name in columns.items() if not log[column].is_null().all()}
    axes.set_xlabel("epoch")
    whole_numbers(axes.xaxis)
    axes.grid(axis="y", color="#E0E0E0")
    looks = zip(known.items(), cycle((INK, *LABEL_COLOURS)), cycle(MARKERS), strict=False)
    for (column, name), colour, marker in looks:
        values = log[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        epochs = log["epoch"].to_numpy()
        axes.plot(epochs, values, color=colour, marker=marker, markersize=4, label=label(name))
    if known:
        axes.legend(fontsize=7, loc="best")
    else:
        leave_empty(axes)
