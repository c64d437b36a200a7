"""The rows of all categories as one: in document order, sampled by seed, optionally across categories."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from vdata_assets.retrieval.cross_category import Pools, distractor_pools, with_replacements
from vdata_assets.retrieval.draws import draw_keys
from vdata_assets.retrieval.schema import CombinedRows, DescribedCombinedRows
from vdata_assets.retrieval.settings import CombineSettings
from vdata_assets.seeding import seeded_uniform


class Part(NamedTuple):
    """The published rows of one category.

    Attributes:
        partition: the category's partition key.
        category: its display name.
        path: Parquet file of :class:`RetrievalRows`, or of :class:`DescribedRows` where all parts are.
    """

    partition: str
    category: str
    path: Path


def combine(
    parts: Sequence[Part], settings: CombineSettings, *, described: bool = False
) -> Iterator[dy.DataFrame[CombinedRows]]:
    """The combined rows, one table a part, in the parts' order and the rows' order within.

    One part's rows are in memory at a time, besides the ids of the sample and a bounded pool of distractors.
    Whether a row is drawn depends on the seed and its query alone: rows added elsewhere only push those out
    whose draws are above theirs.

    Args:
        parts: the categories to combine, in document order.
        settings: sample and replacement.
        described: every part has descriptions, and the tables are :class:`DescribedCombinedRows`.
    """
    schema = DescribedCombinedRows if described else CombinedRows
    sample = None if settings.num_samples is None else _sample(parts, settings.seed, settings.num_samples)
    pools = None
    if settings.cross_category_prob:
        pools = distractor_pools(parts, settings.seed, described=described)
    yield schema.create_empty()
    for part in parts:
        rows = pl.read_parquet(part.path)
        if sample is not None:
            rows = rows.filter(pl.col("query_id").is_in(sample))
        yield schema.validate(_combined(rows, part, pools, settings), cast=True)


def _sample(parts: Sequence[Part], seed: int, wanted: int) -> pl.Series:
    """The ids of the ``wanted`` queries with the lowest draws."""
    lowest = pl.DataFrame(schema={"query_id": pl.String, "draw": pl.UInt64})
    for part in parts:
        ids = pl.read_parquet(part.path, columns=["query_id"])
        drawn = ids.with_columns(draw=pl.Series(draw_keys(seed, "combined-sample", ids["query_id"])))
        lowest = pl.concat([lowest, drawn]).sort("draw", "query_id").head(wanted)
    return lowest["query_id"].implode()


def _combined(rows: pl.DataFrame, part: Part, pools: Pools | None, settings: CombineSettings) -> pl.DataFrame:
    rows = rows.with_columns(
        partition=pl.lit(part.partition),
        ret_categories=pl.lit(part.category).repeat_by(pl.col("ret_ids").list.len()),
        cross_category=pl.lit("not_drawn"),
    )
    if pools is None:
        return rows
    entries = [_maybe_replaced(row, pools, settings) for row in rows.iter_rows(named=True)]
    return pl.DataFrame(entries, schema=rows.schema)


def _maybe_replaced(row: dict[str, Any], pools: Pools, settings: CombineSettings) -> dict[str, Any]:
    drawn = seeded_uniform(settings.seed, "cross-category", row["query_id"]) < settings.cross_category_prob
    return with_replacements(row, pools, settings) if drawn else row
