"""A scoreboard as small PNG files: where baseline and checkpoint stand, and what changed."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vdata_assets.evaluation.schema import Verdict
from vdata_assets.reports.palette import DISTRACTOR, POSITIVE, UNREADABLE
from vdata_assets.reports.plots import drawing, label, leave_empty, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BASELINE, CHECKPOINT, CHANCE = "#0072B2", "#E69F00", "#1A1A1A"
MAX_ROWS = 30
COLOURS = {
    Verdict.MET.value: POSITIVE,
    Verdict.GAIN.value: POSITIVE,
    Verdict.MISSED.value: DISTRACTOR,
    Verdict.LOSS.value: DISTRACTOR,
    Verdict.NO_CHANGE.value: CHANCE,
    Verdict.NOT_MEASURABLE.value: UNREADABLE,
    Verdict.MISSING.value: UNREADABLE,
}


def figures_plot(table: pl.DataFrame) -> bytes:
    """Baseline, checkpoint and chance of every row on one scale from 0 to 100 points.

    The checkpoint's whisker is the interval of its change, laid from the baseline.

    Args:
        table: of schema Scoreboard; of many rows the first are drawn.

    Returns:
        A PNG file.
    """
    rows = table.head(MAX_ROWS)
    with drawing(7, _height(rows)) as figure:
        axes = figure.subplots()
        _places(axes, rows, "Baseline and checkpoint")
        axes.set_xlim(0, 100)
        axes.set_xlabel("points")
        baseline, checkpoint, chance, low, high = (
            _numbers(rows, name) for name in ("baseline", "checkpoint", "chance", "low", "high")
        )
        if np.isfinite(baseline).any():
            y = np.arange(rows.height)
            axes.hlines(y, baseline, checkpoint, color="#BFBFBF", linewidth=3)
            axes.hlines(y, baseline + low, baseline + high, color=CHECKPOINT, linewidth=1.2)
            axes.plot(chance, y, "|", color=CHANCE, markersize=11, label="chance")
            axes.plot(baseline, y, "s", color=BASELINE, markersize=6, label="baseline")
            axes.plot(
                checkpoint, y, "o", color=CHECKPOINT, markersize=7, label="checkpoint, 95 % of its change"
            )
            figure.legend(loc="outside lower left", ncols=3)
        return png(figure)


def changes_plot(table: pl.DataFrame) -> bytes:
    """The change of every row with its interval around zero, its target, and its verdict in words.

    Args:
        table: as for :func:`figures_plot`.

    Returns:
        A PNG file.
    """
    rows = table.head(MAX_ROWS).with_columns(pl.col("verdict").cast(pl.String))
    with drawing(7, _height(rows)) as figure:
        axes = figure.subplots()
        _places(axes, rows, "Change from baseline to checkpoint")
        delta, low, high, wanted = (_numbers(rows, name) for name in ("delta", "low", "high", "min_gain"))
        axes.axvline(0, color="#808080", linewidth=0.8)
        axes.set_xlabel("points, with 95 % intervals")
        y = np.arange(rows.height)
        axes.plot(wanted, y, "|", color=CHANCE, markersize=11, label="target")
        for place, verdict in enumerate(rows["verdict"]):
            colour = COLOURS[verdict]
            axes.hlines(place, low[place], high[place], color=colour, linewidth=1.6)
            axes.plot(delta[place], place, "o", color=colour, markersize=6)
            axes.text(1.01, place, verdict, va="center", transform=axes.get_yaxis_transform())
        if np.isfinite(wanted).any():
            figure.legend(loc="outside lower left")
        return png(figure)


def _height(rows: pl.DataFrame) -> float:
    return 1.4 + 0.26 * max(3, rows.height)


def _places(axes: "Axes", rows: pl.DataFrame, title: str) -> None:
    """A line a row, the first on top."""
    axes.set_title(title)
    axes.set_yticks(np.arange(rows.height), [label(name) for name in rows["name"]])
    axes.set_ylim(max(3, rows.height) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#E0E0E0")
    if not rows.height:
        leave_empty(axes)


def _numbers(rows: pl.DataFrame, column: str) -> np.ndarray:
    """The column, NaN where it is null, which is not drawn."""
    return rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
