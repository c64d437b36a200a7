"""What is said of each slot's concept, for readers that are told more than a picture."""

from collections.abc import Mapping

import polars as pl

UNKNOWN = "No description available."


def with_descriptions(rows: pl.DataFrame, detailed: Mapping[str, str]) -> pl.DataFrame:
    """The rows with ``ret_descs``, parallel to ``ret_paths``: ``"Name: <concept>\\nDescription: <text>"``.

    Args:
        rows: :class:`~vdata_assets.retrieval.schema.RetrievalRows` of one category.
        detailed: a sentence by concept; :data:`UNKNOWN` stands for a concept that has none.

    Returns:
        :class:`~vdata_assets.retrieval.schema.DescribedRows`.
    """
    return rows.with_columns(
        ret_descs=pl.col("ret_concepts").list.eval(
            pl.element().map_elements(lambda name: described(name, detailed.get(name)), pl.String)
        )
    )


def described(concept: str, detailed: str | None) -> str:
    """The text of one slot. A name is put on one line, so that it can neither end nor begin another."""
    return f"Name: {' '.join(concept.split())}\nDescription: {detailed or UNKNOWN}"
