"""Tables of the attributes stage."""

import dataframely as dy
import polars as pl

EVIDENCE = pl.List(
    pl.Struct(
        {"tag": pl.String, "start": pl.UInt32, "end": pl.UInt32, "text": pl.String, "source": pl.String}
    )
)


class Attributes(dy.Schema):
    """Every usable product, in the products' order.

    Beside this column the table has three for every attribute of the schema, which cannot state them:
    ``<name>`` (String, never null: the primary tag, or ``unknown``), ``<name>_tags`` (List(String): all
    tags, the primary one first; empty if unknown) and ``<name>_evidence`` (:data:`EVIDENCE`: for every tag
    where in the text it is said, in characters, end exclusive, and the words; ``source`` is ``text`` or
    ``column``, start and end are null for a column).
    """

    product_id = dy.String(primary_key=True)
