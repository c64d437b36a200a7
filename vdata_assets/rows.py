"""Rows that were made one at a time, as a table of a declared schema."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import dataframely as dy
import polars as pl

Schema = TypeVar("Schema", bound=dy.Schema)


def table_of(rows: Sequence[Mapping[str, Any]], schema: type[Schema]) -> dy.DataFrame[Schema]:
    """Rows as a table of a schema; a column that a row lacks is null."""
    return schema.validate(pl.DataFrame(rows, schema=schema.create_empty().schema))
