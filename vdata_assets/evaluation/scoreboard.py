"""The scoreboard: what a checkpoint gained over the baseline, figure by figure, in points.

Evaluations hold fractions from 0 to 1; here they become points from 0 to 100, once, in :func:`_points`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from vdata_assets.evaluation.evaluate import METRICS_TABLE, PER_QUERY_TABLE
from vdata_assets.evaluation.intervals import paired_change
from vdata_assets.evaluation.schema import Scoreboard, Verdict
from vdata_assets.evaluation.settings import ScoreboardSettings, Target
from vdata_assets.rows import table_of

OVERALL = ":match@10"
# Below any figure's precision; without it 45 of 50 against 40 of 50 would be 9.999999999999998 points.
DECIMALS = 9


@dataclass(frozen=True)
class Figure:
    """What is measured: a facet's metric at k over a slice of the queries; all of them if it is null."""

    facet: str
    metric: str = "match"
    k: int = 10
    slice_by: str | None = None
    slice_value: str | None = None

    @classmethod
    def of(cls, target: Target) -> "Figure":
        """The figure of a target; its slice's value without regard to the case of letters."""
        value = None if target.slice_value is None else target.slice_value.casefold()
        return cls(target.facet, target.metric, target.k, target.slice_by, value)


@dataclass(frozen=True)
class Side:
    """One evaluation.

    Attributes:
        file: of the queries.
        queries: PerQuery without the columns of lists.
        metrics: Metrics.
    """

    file: Path
    queries: pl.DataFrame
    metrics: pl.DataFrame

    @classmethod
    def read(cls, folder: Path) -> "Side":
        """The tables of an evaluation's folder."""
        file = folder / PER_QUERY_TABLE
        plain = [name for name, dtype in pl.read_parquet_schema(file).items() if not dtype.is_nested()]
        return cls(file, pl.read_parquet(file, columns=plain), pl.read_parquet(folder / METRICS_TABLE))

    @property
    def facets(self) -> list[str]:
        """Names of the facets that it measured, in order."""
        return [name.removesuffix(OVERALL) for name in self.queries.columns if name.endswith(OVERALL)]

    def values(self, figure: Figure) -> pl.DataFrame | None:
        """``query_id`` and ``value`` of every query of the slice that counts; None if it has no such figure.

        Raises:
            ValueError: a value is no fraction.
        """
        as_zero = figure.metric == "match_unknown_as_zero"
        column = f"{figure.facet}:{'match' if as_zero else figure.metric}@{figure.k}"
        wanted = {column} if figure.slice_by is None else {column, figure.slice_by}
        if not wanted <= set(self.queries.columns):
            return None
        rows = self.queries
        if figure.slice_by is not None:
            rows = rows.filter(pl.col(figure.slice_by).is_in(self._spellings(figure)))
        value = pl.col(column).fill_null(0.0) if as_zero else pl.col(column)
        found = rows.select("query_id", value=value).drop_nulls("value")
        odd = found.filter(~pl.col("value").is_between(0, 1))
        if odd.height:
            raise ValueError(
                f"{self.file}: {column} of query {odd['query_id'][0]!r} is {odd['value'][0]:g}: an "
                "evaluation holds fractions from 0 to 1, evaluate it again"
            )
        return found if found.height else None

    def chance(self, figure: Figure) -> float | None:
        """What a random order would give, as a fraction; None if the metrics do not say."""
        rows = self.metrics.filter(
            pl.col("facet") == figure.facet,
            pl.col("metric").cast(pl.String) == figure.metric,
            pl.col("k") == figure.k,
            pl.col("slice_by").eq_missing(pl.lit(figure.slice_by, pl.String)),
        ).drop_nulls("chance")
        if figure.slice_by is not None:
            rows = rows.filter(pl.col("slice_value").is_in(self._spellings(figure)))
        total = int(rows["n"].sum())
        return float((rows["chance"] * rows["n"]).sum()) / total if total else None

    def _spellings(self, figure: Figure) -> list[str]:
        """How the slice's value is spelt in the queries."""
        if figure.slice_by not in self.queries.columns:
            return []
        known = self.queries[figure.slice_by].drop_nulls().unique()
        return sorted(value for value in known if value.casefold() == figure.slice_value)


def scoreboard(
    baseline: Path, checkpoint: Path, settings: ScoreboardSettings, *, bootstrap: int, seed: int
) -> dy.DataFrame[Scoreboard]:
    """Baseline beside checkpoint over the queries of both: every target, then every facet's match@10.

    A target is ``missing`` if one side has no query for it, ``not measurable`` if fewer than
    ``min_queries`` count, ``met`` if it gained ``min_gain`` points, else ``missed``. Another facet is
    ``missing`` if only one side measured it, ``not measurable`` likewise, a ``loss`` if its whole interval
    is below zero, a ``gain`` if it is above zero and the checkpoint's own above chance, else ``no change``:
    what two models guess may differ by luck.

    Args:
        baseline: folder with ``metrics.parquet`` and ``per_query_results.parquet``.
        checkpoint: likewise, of the same queries.
        settings: targets, and how many queries a figure needs.
        bootstrap: resamples for the intervals.
        seed: of the resampling.

    Raises:
        ValueError: a value of an evaluation is no fraction from 0 to 1.
    """
    sides = Side.read(baseline), Side.read(checkpoint)
    rows = []
    for target in settings.targets:
        row = _measured(Figure.of(target), sides, bootstrap, seed)
        row |= {"name": target.name, "target": True, "slice_value": target.slice_value}
        row |= {"min_gain": target.min_gain, "max_gain": target.max_gain}
        rows.append(row | {"verdict": _target_verdict(row, settings.min_queries).value})
    for name, figure in _facets(sides, settings):
        row = _measured(figure, sides, bootstrap, seed) | {"name": name, "target": False}
        on_both = all(figure.facet in side.facets for side in sides)
        guessed = not _above_chance(figure, sides[1], bootstrap, seed)
        rows.append(row | {"verdict": _facet_verdict(row, on_both, guessed, settings.min_queries).value})
    return table_of(rows, Scoreboard)


def _facets(sides: tuple[Side, Side], settings: ScoreboardSettings) -> Iterator[tuple[str, Figure]]:
    """Name and figure of every facet that is no target."""
    targets = {Figure.of(target) for target in settings.targets}
    taken = {target.name for target in settings.targets}
    for facet in dict.fromkeys((*sides[0].facets, *sides[1].facets)):
        figure = Figure(facet)
        if figure in targets:
            continue
        name = f"{facet}@10"
        while name in taken:
            name += " (overall)"
        taken.add(name)
        yield name, figure


def _measured(figure: Figure, sides: tuple[Side, Side], bootstrap: int, seed: int) -> dict[str, Any]:
    """The columns of a row that the evaluations decide."""
    row: dict[str, Any] = {
        "facet": figure.facet,
        "slice_by": figure.slice_by,
        "slice_value": figure.slice_value,
        "metric": figure.metric,
        "k": figure.k,
        "n": 0,
        "chance": _points(sides[0].chance(figure)),
    }
    before, after = (side.values(figure) for side in sides)
    if before is None or after is None:
        return row
    both = before.join(after, on="query_id", suffix="_after").sort("query_id")
    if not both.height:
        return row
    keys = (figure.facet, figure.metric, str(figure.k), figure.slice_by or "", figure.slice_value or "")
    change = paired_change(both["value"], both["value_after"], bootstrap, seed, "scoreboard", *keys)
    row["n"] = change.n
    for name in ("baseline", "checkpoint", "delta", "low", "high"):
        row[name] = _points(getattr(change, name))
    return row


def _above_chance(figure: Figure, side: Side, bootstrap: int, seed: int) -> bool:
    """Whether a side's figure is above what a random order would give, by its whole interval."""
    found, chance = side.values(figure), side.chance(figure)
    if found is None or chance is None:
        return False
    values = found.sort("query_id")["value"]
    level = pl.repeat(chance, len(values), eager=True)
    low = paired_change(level, values, bootstrap, seed, "above-chance", figure.facet).low
    return low is not None and low > 0


def _points(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * float(fraction), DECIMALS)


def _target_verdict(row: dict[str, Any], min_queries: int) -> Verdict:
    if not row["n"]:
        return Verdict.MISSING
    if row["n"] < min_queries:
        return Verdict.NOT_MEASURABLE
    return Verdict.MET if row["delta"] >= row["min_gain"] else Verdict.MISSED


def _facet_verdict(row: dict[str, Any], on_both: bool, guessed: bool, min_queries: int) -> Verdict:
    if not on_both:
        return Verdict.MISSING
    if row["n"] < min_queries:
        return Verdict.NOT_MEASURABLE
    if row["low"] > 0:
        return Verdict.NO_CHANGE if guessed else Verdict.GAIN
    return Verdict.LOSS if row["high"] < 0 else Verdict.NO_CHANGE
