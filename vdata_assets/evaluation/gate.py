"""The gate: whether a scoreboard lets its model be promoted. What it cannot see holds the model back."""

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from vdata_assets.evaluation.checks import NO_REGRESSION, SLICES_PRESENT, SOMETHING_GAINED
from vdata_assets.evaluation.schema import Verdict
from vdata_assets.evaluation.settings import ScoreboardSettings, Target
from vdata_assets.quality.findings import Finding

FIGURES = ("baseline", "checkpoint", "delta", "low", "high")
TOLERANCE = 1e-6


def audit_promotion(table: pl.DataFrame, settings: ScoreboardSettings) -> list[Finding]:
    """Answer every check of ``PROMOTION_CHECKS``, in that order, each at its default level.

    Of the verdicts only what is missing and what rose by luck is taken: the figures are judged again.

    Args:
        table: of schema Scoreboard, in points.
        settings: the targets that must be there, and how far a figure may fall, in points.
    """
    rows = table.with_columns(pl.col("verdict").cast(pl.String)).to_dicts()
    measurable = [row for row in rows if row["n"] >= settings.min_queries and _sound(row)]
    return [
        _slices_present(rows, measurable, settings),
        _no_regression(rows, measurable, settings),
        _something_gained(measurable),
    ]


def _sound(row: dict[str, Any]) -> bool:
    """Whether the row has figures, in points, that agree with each other."""
    if any(row[name] is None or not math.isfinite(row[name]) for name in FIGURES):
        return False
    in_range = all(0 <= row[name] <= 100 for name in ("baseline", "checkpoint"))
    return in_range and abs(row["delta"] - (row["checkpoint"] - row["baseline"])) <= TOLERANCE


def _slices_present(
    rows: list[dict[str, Any]], measurable: list[dict[str, Any]], settings: ScoreboardSettings
) -> Finding:
    offenders = list(_absent_targets(rows, settings))
    wanted = {target.name for target in settings.targets}
    for row in rows:
        if row["verdict"] == Verdict.MISSING.value and row["name"] not in wanted:
            offenders.append(f"{row['name']}: missing on one side")
        elif row["n"] and not _sound(row):
            offenders.append(f"{row['name']}: its figures are no points from 0 to 100 with their difference")
    if not any(_overall(row) for row in rows):
        offenders.append("no facet's overall match@10 is in the table")
    if not measurable:
        offenders.append(f"no figure has {settings.min_queries} queries: nothing is measurable")
    return SLICES_PRESENT.finding(
        f"of {len(settings.targets)} targets and {sum(not row['target'] for row in rows)} facets "
        f"{len(measurable)} are measurable; {len(offenders)} obstacles",
        offenders,
        {"targets": len(settings.targets), "measurable": len(measurable)},
    )


def _absent_targets(rows: list[dict[str, Any]], settings: ScoreboardSettings) -> Iterator[str]:
    """Targets without a figure of their own in the table."""
    by_name = {row["name"]: row for row in rows if row["target"]}
    for target in settings.targets:
        row = by_name.get(target.name)
        if row is None:
            yield f"{target.name}: not in the table"
        elif not _is_of(row, target):
            yield f"{target.name}: the table has another figure of this name; make the scoreboard again"
        elif row["verdict"] == Verdict.MISSING.value or not row["n"]:
            slice_ = "" if target.slice_by is None else f" of {target.slice_by} {target.slice_value!r}"
            yield f"{target.name}: missing, no query{slice_} has {target.facet} {target.metric}@{target.k}"


def _is_of(row: dict[str, Any], target: Target) -> bool:
    return all(
        row[name] == getattr(target, name) for name in ("facet", "metric", "k", "slice_by", "slice_value")
    )


def _overall(row: dict[str, Any]) -> bool:
    return row["metric"] == "match" and row["k"] == 10 and row["slice_by"] is None


def _no_regression(
    rows: list[dict[str, Any]], measurable: list[dict[str, Any]], settings: ScoreboardSettings
) -> Finding:
    fell = [row for row in measurable if row["delta"] < -settings.max_regression and row["high"] < 0]
    names = {row["name"] for row in measurable}
    unjudged = [row["name"] for row in rows if row["name"] not in names]
    which = f": {', '.join(row['name'] for row in fell)}" if fell else ""
    not_judged = f"; not judged: {', '.join(unjudged)}" if unjudged else ""
    return NO_REGRESSION.finding(
        f"{len(fell)} of {len(measurable)} measurable figures fell by more than "
        f"{settings.max_regression:g} points{which}{not_judged}",
        [
            f"{row['name']}: {row['delta']:+.2f} points ({row['low']:+.2f} to {row['high']:+.2f}), "
            f"{row['n']:,} queries"
            for row in fell
        ],
        {"judged": len(measurable), "not_judged": len(unjudged)},
    )


def _something_gained(measurable: list[dict[str, Any]]) -> Finding:
    guessed = Verdict.NO_CHANGE.value  # a rise to the level of chance
    gained = [row["name"] for row in measurable if row["low"] > 0 and row["verdict"] != guessed]
    what = f": {', '.join(gained)}" if gained else ""
    return SOMETHING_GAINED.finding(
        f"{len(gained)} of {len(measurable)} measurable figures rose{what}",
        [] if gained else ["no figure rose"],
        {"gained": len(gained)},
    )
