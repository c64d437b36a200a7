"""Files of the concept definitions: the JSON that others read, and the tables beside it."""

import json
from pathlib import Path

import polars as pl

NAME = "concept_definitions.json"
TABLE = "definitions.parquet"
ATTEMPTS = "attempts.parquet"
FIELDS = ("name", "category", "display_category", "coarse", "detailed", "reference_image")


def write_definitions(
    definitions: pl.DataFrame, attempts: pl.DataFrame, folder: Path, *, prefix: str
) -> None:
    """Write the tables, and the accepted definitions as a list of objects with the fields :data:`FIELDS`.

    An entry a line, UTF-8, in the table's order.

    Args:
        definitions: :class:`~vdata_assets.concept_definitions.schema.ConceptDefinitions`.
        attempts: :class:`~vdata_assets.concept_definitions.schema.DefinitionAttempts`.
        folder: an existing folder.
        prefix: what stands before each path in the JSON: "" for relative paths, or the root with a closing
            slash for absolute ones. The table's paths are always relative.
    """
    definitions.write_parquet(folder / TABLE)
    attempts.write_parquet(folder / ATTEMPTS)
    lines = [json.dumps(entry, ensure_ascii=False) for entry in accepted(definitions, prefix).to_dicts()]
    text = "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def accepted(definitions: pl.DataFrame, prefix: str = "") -> pl.DataFrame:
    """The accepted definitions with the columns :data:`FIELDS`."""
    return definitions.filter(pl.col("verdict") == "ACCEPT").select(
        pl.col("concept").alias("name"),
        "category",
        "display_category",
        "coarse",
        "detailed",
        (pl.lit(prefix) + pl.col("reference_path")).alias("reference_image"),
    )
