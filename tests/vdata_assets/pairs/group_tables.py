"""Product tables for tests of groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

FAR = 0x9E3779B97F4A7C15
STRINGS = ("product_id", "text", "category", "content_hash", "reason")


def a_product(product_id: str, **columns: Any) -> dict[str, Any]:
    return {"product_id": product_id, **columns}


def products(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Products whose pictures are all different unless a row says otherwise."""
    usual = dict.fromkeys(STRINGS) | {"category": "Tees"}
    filled = [
        {**usual, "content_hash": f"{number:032x}", "phash": (number + 1) * FAR % 2**64, **row}
        for number, row in enumerate(rows)
    ]
    schema = {**dict.fromkeys(STRINGS, pl.String), "phash": pl.UInt64}
    return pl.DataFrame(filled, schema_overrides=schema) if filled else pl.DataFrame(schema=schema)
