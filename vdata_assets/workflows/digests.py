"""Digests of what a result depends on, so that the same inputs, settings and code are recognised."""

import json
from typing import TYPE_CHECKING, Any

import xxhash
from pydantic import BaseModel

from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl


def table_digest(table: "pl.DataFrame") -> str:
    """Digest of a table's column names, types and values, in row order (xxh3-128, hex)."""
    hasher = xxhash.xxh3_128(repr(table.schema).encode())
    for column in table.iter_columns():
        # Arrow's IPC bytes depend on nothing but the values once the chunks are one.
        hasher.update(column.rechunk().to_frame().write_ipc(None, compression="uncompressed").getvalue())
    return hasher.hexdigest()


def digest(value: Any) -> str:
    """Digest of plain values, settings models, tables, published versions, and dicts and lists of them.

    Raises:
        TypeError: a value that has no stable form.
    """
    return xxhash.xxh3_128_hexdigest(
        json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    )


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Version):
        return value.digest
    if hasattr(value, "write_ipc"):
        return table_digest(value)
    raise TypeError(f"no stable digest for a {type(value).__name__}: {value!r}")
