"""The table of attributes: what the rules read in texts, and what columns of the source say."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from vdata_assets.attributes.extract import extract
from vdata_assets.attributes.rules import RESERVED, AttributeRules
from vdata_assets.attributes.schema import EVIDENCE
from vdata_assets.attributes.settings import UNKNOWN, AttributeSettings
from vdata_assets.catalog.catalog_json import write_json

FROM_COLUMN = "column"
EMPTY = frozenset({"", "na", "n/a", "nan", "none", "null", "-", UNKNOWN})
"""Cells that say nothing, in lower case."""

_SEPARATORS = re.compile(r"[,;|]")
_SPACES = re.compile(r"[\s\-_]+")


def attribute_table(
    products: pl.DataFrame, settings: AttributeSettings, rules: AttributeRules | None
) -> pl.DataFrame:
    """The attributes of every usable product.

    An attribute of the rules that has a column takes what the column says, as far as it is one of the rules'
    tags, and is read from the text where the cell is empty. A cell may have several values, separated by a
    comma, a semicolon or ``|``; the first is the primary one. An attribute of a column alone keeps the
    values as they are.

    Args:
        products: of schema Products; rows with a reason are left out.
        settings: which columns.
        rules: those that the settings name; None: columns alone.

    Returns:
        As :class:`~vdata_assets.attributes.schema.Attributes` says, attributes in the order of
        :func:`attribute_names`.

    Raises:
        ValueError: a column is not in the table, or its attribute has the name of another column.
    """
    usable = products.filter(pl.col("reason").is_null())
    for name, column in settings.columns.items():
        if column not in usable.columns:
            raise ValueError(
                f"attributes.columns.{name}: the products have no column {column!r}: add it to `keep` of the "
                f"products; there are {', '.join(usable.columns)}"
            )
        if name in RESERVED or name.endswith(("_tags", "_evidence")):
            raise ValueError(f"attributes.columns: {name!r} is a column's name: name the attribute otherwise")
    parts = [usable.select(pl.col("product_id").cast(pl.String))]
    said = None
    if rules is not None:
        said = extract(usable["text"].to_list(), usable["category"].to_list(), rules)
    for name in attribute_names(settings, rules):
        told = None if said is None or name not in said.columns else said.select(*_columns_of(name))
        if name in settings.columns:
            tags = None if rules is None or told is None else rules.tags(name)
            told = _told_by_column(name, usable[settings.columns[name]], tags, told)
        if told is not None:
            parts.append(told)
    return pl.concat(parts, how="horizontal")


def attribute_names(settings: AttributeSettings, rules: AttributeRules | None) -> list[str]:
    """The attributes, those of the rules first."""
    return list(dict.fromkeys([*(rules.attributes if rules is not None else ()), *settings.columns]))


def attribute_values(
    table: pl.DataFrame, settings: AttributeSettings, rules: AttributeRules | None
) -> dict[str, list[str]]:
    """What every attribute may be: all tags of the rules, in their order, or a column's values, sorted."""
    return {
        name: rules.tags(name)
        if rules is not None and name in rules.attributes
        else sorted(table[f"{name}_tags"].explode().drop_nulls().unique())
        for name in attribute_names(settings, rules)
    }


def write_attribute_schema(
    values: Mapping[str, Sequence[str]],
    settings: AttributeSettings,
    rules: AttributeRules | None,
    out: Path,
) -> None:
    """Write ``attribute_schema.json``: of every attribute its values and where they come from.

    Args:
        values: from :func:`attribute_values`.
        settings, rules: as for the table.
        out: the folder.
    """
    attributes = {
        name: {
            "values": list(known),
            "rules": rules.name if rules is not None and name in rules.attributes else None,
            "column": settings.columns.get(name),
        }
        for name, known in values.items()
    }
    write_json(out / "attribute_schema.json", {"unknown": UNKNOWN, "attributes": attributes})


def cell_values(cell: str | None) -> list[str]:
    """The values that a cell has, in order, each once; none where it is empty."""
    if cell is None or cell.strip().lower() in EMPTY:
        return []
    values = (part.strip() for part in _SEPARATORS.split(cell))
    return list(dict.fromkeys(value for value in values if value.lower() not in EMPTY))


def as_tag(value: str) -> str:
    """A column's value as a tag is written: "Polka-Dot " is ``polka_dot``."""
    return _SPACES.sub("_", value.strip().lower())


def _columns_of(name: str) -> tuple[str, str, str]:
    return name, f"{name}_tags", f"{name}_evidence"


def _told_by_column(
    name: str, column: pl.Series, tags: Sequence[str] | None, from_text: pl.DataFrame | None
) -> pl.DataFrame:
    """An attribute's three columns: the column's word, and the text's where the cell is empty."""
    cells = pl.DataFrame({"cell": column.cast(pl.String)})
    known = cells["cell"].unique(maintain_order=True)
    rows = [_tags_of(cell, tags) for cell in known]
    told = pl.DataFrame(
        {
            "cell": known,
            "told": [bool(cell_values(cell)) for cell in known],
            name: [row[0][0] if row else UNKNOWN for row in rows],
            f"{name}_tags": [[tag for tag, _ in row] for row in rows],
            f"{name}_evidence": [
                [
                    {"tag": tag, "start": None, "end": None, "text": value, "source": FROM_COLUMN}
                    for tag, value in row
                ]
                for row in rows
            ],
        },
        schema={
            "cell": pl.String,
            "told": pl.Boolean,
            name: pl.String,
            f"{name}_tags": pl.List(pl.String),
            f"{name}_evidence": EVIDENCE,
        },
    )
    by_row = cells.join(told, on="cell", how="left", nulls_equal=True, maintain_order="left")
    if from_text is None:
        return by_row.select(*_columns_of(name))
    return pl.concat([by_row, from_text.rename(lambda column: f"text {column}")], how="horizontal").select(
        pl.when("told").then(pl.col(column)).otherwise(pl.col(f"text {column}")).alias(column)
        for column in _columns_of(name)
    )


def _tags_of(cell: str | None, tags: Sequence[str] | None) -> list[tuple[str, str]]:
    """The tags that a cell says, each with the value that says it."""
    values = cell_values(cell)
    if tags is None:
        return [(value, value) for value in values]
    said: dict[str, str] = {}
    for value in values:
        if as_tag(value) in tags:
            said.setdefault(as_tag(value), value)
    return list(said.items())
