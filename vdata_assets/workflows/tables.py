"""Published tables as every workflow reads and shows them."""

from pathlib import Path
from typing import TYPE_CHECKING

from vdata_assets.workflows.recipe import Step, Table
from vdata_resources.store import DamagedVersion

if TYPE_CHECKING:
    import dataframely as dy
    import polars as pl


def described(
    table: "pl.DataFrame", schema: "type[dy.Schema] | None" = None, rows: int | None = None
) -> Table:
    """Row count and columns of a table, with the descriptions of its schema.

    Args:
        table: the table, or an empty one of its columns.
        schema: whose descriptions are shown.
        rows: of the table, if it is not the one given.
    """
    texts = {name: column.description for name, column in schema.columns().items()} if schema else {}
    columns = [(name, str(dtype), texts.get(name) or "") for name, dtype in table.schema.items()]
    return Table(table.height if rows is None else rows, columns)


def read(file: Path) -> "pl.DataFrame":
    """A Parquet table."""
    import polars as pl

    return pl.read_parquet(file)


def scan(file: Path) -> "pl.LazyFrame":
    """A Parquet table, read as far as it is used."""
    import polars as pl

    return pl.scan_parquet(file)


def as_markdown(table: "pl.DataFrame") -> str:
    """A small table as the UI shows it."""
    from vdata_assets.reports import markdown

    return markdown.table(table)


def previous_table(step: Step, name: str) -> Path | None:
    """A table of the version of this artifact that is published now, if there is one and it is whole."""
    try:
        version = step.artifact.current()
    except DamagedVersion as damaged:
        # Making it again is what mends it; only what it had to give is made anew.
        step.log(f"made without what was published before: {damaged}")
        return None
    return version.file(name) if version is not None else None
