"""What is asked of a scoreboard before it is published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.evaluation.checks import SAME_QUERIES, TARGETS_MET
from vdata_assets.evaluation.evaluate import METRICS_TABLE, PER_QUERY_TABLE
from vdata_assets.evaluation.schema import Verdict
from vdata_assets.quality.findings import Finding

SIDES = ("baseline", "checkpoint")
FACET_MARK = ":match@10"
TOLERANCE = 1e-6


def audit_scoreboard(table: pl.DataFrame, baseline: Path, checkpoint: Path) -> list[Finding]:
    """Answer every check of ``SCOREBOARD_CHECKS``, in that order, each at its default level.

    Args:
        table: of schema Scoreboard.
        baseline: folder of the evaluation that it was made of.
        checkpoint: likewise.
    """
    return [_same_queries(table, baseline, checkpoint), _targets_met(table)]


def _same_queries(table: pl.DataFrame, *folders: Path) -> Finding:
    """The queries, what is known of them, and what they can find must be the same on both sides.

    How many products are relevant to each query and how many were left out tells one catalog from another.
    The figures are held against the evaluations' own metrics.
    """
    before, after = (_plain(folder / PER_QUERY_TABLE) for folder in folders)
    joined = before.join(after, on="query_id", how="full", coalesce=True, suffix=":after").sort("query_id")
    only_before = set(before["query_id"]) - set(after["query_id"])
    only_after = set(after["query_id"]) - set(before["query_id"])
    lone = [f"{query_id}: only in the {SIDES[0]}" for query_id in sorted(only_before)]
    lone += [f"{query_id}: only in the {SIDES[1]}" for query_id in sorted(only_after)]
    shared = joined.filter(~pl.col("query_id").is_in([*only_before, *only_after]))
    facets = [
        [name.removesuffix(FACET_MARK) for name in frame.columns if name.endswith(FACET_MARK)]
        for frame in (before, after)
    ]
    odd = [f"facet {facet}: only in the {SIDES[0]}" for facet in facets[0] if facet not in facets[1]]
    odd += [f"facet {facet}: only in the {SIDES[1]}" for facet in facets[1] if facet not in facets[0]]
    compared = ["excluded"]
    for facet in facets[0]:
        compared += [facet, f"{facet}_relevant"] if facet in facets[1] else []
    different = list(_differences(shared, compared))
    metrics = [pl.read_parquet(folder / METRICS_TABLE) for folder in folders]
    wrong = [line for row in table.iter_rows(named=True) for line in _disagreements(row, metrics)]
    empty = [] if shared.height else ["no query was asked on both sides"]
    return SAME_QUERIES.finding(
        f"{shared.height:,} queries were asked on both sides, {len(lone):,} on one; {len(different):,} times "
        f"the two know or can find something else, {len(wrong):,} figures are not those of the metrics",
        [*empty, *odd, *lone, *different, *wrong],
        {"queries": shared.height, "on_one_side": len(lone), "different": len(different)},
    )


def _plain(file: Path) -> pl.DataFrame:
    names = [name for name, dtype in pl.read_parquet_schema(file).items() if not dtype.is_nested()]
    return pl.read_parquet(file, columns=names)


def _differences(shared: pl.DataFrame, columns: list[str]) -> Iterator[str]:
    for column in columns:
        other = f"{column}:after"
        odd = shared.filter(pl.col(column).ne_missing(pl.col(other))).select("query_id", column, other)
        for query_id, before, after in odd.iter_rows():
            yield f"{query_id}: {column} is {before} in the {SIDES[0]}, {after} in the {SIDES[1]}"


def _disagreements(row: dict[str, Any], metrics: list[pl.DataFrame]) -> Iterator[str]:
    """Where the row is not what an evaluation's own metrics say, in points."""
    if not row["n"]:
        return
    for side, frame in zip(SIDES, metrics, strict=True):
        rows = frame.filter(
            pl.col("facet") == row["facet"],
            pl.col("metric").cast(pl.String) == row["metric"],
            pl.col("k") == row["k"],
            pl.col("slice_by").eq_missing(pl.lit(row["slice_by"], pl.String)),
        ).drop_nulls("value")
        if row["slice_value"] is not None:
            wanted = row["slice_value"].casefold()
            rows = rows.filter(
                pl.Series([value.casefold() == wanted for value in rows["slice_value"]], dtype=pl.Boolean)
            )
        count = int(rows["n"].sum())
        if not count:
            yield f"{row['name']}: the {side}'s metrics have no such figure"
            continue
        value = 100 * float((rows["value"] * rows["n"]).sum()) / count
        if count != row["n"] or abs(value - row[side]) > TOLERANCE:
            yield (
                f"{row['name']}: {row[side]:.4f} points of {row['n']:,} queries, but the {side}'s metrics "
                f"say {value:.4f} of {count:,}"
            )


def _targets_met(table: pl.DataFrame) -> Finding:
    targets = table.filter("target").with_columns(pl.col("verdict").cast(pl.String))
    missed = targets.filter(pl.col("verdict") != Verdict.MET.value)
    counts = {
        verdict.name.lower(): targets.filter(pl.col("verdict") == verdict.value).height
        for verdict in (Verdict.MET, Verdict.MISSED, Verdict.NOT_MEASURABLE, Verdict.MISSING)
    }
    offenders = [f"{name}: {verdict}" for name, verdict in missed.select("name", "verdict").iter_rows()]
    return TARGETS_MET.finding(
        f"{counts['met']} of {targets.height} targets are met, {counts['missed']} missed, "
        f"{counts['not_measurable']} not measurable, {counts['missing']} missing",
        offenders if targets.height else ["no target"],
        counts,
    )
