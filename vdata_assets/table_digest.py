"""Whether a table is the same as it was."""

from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    import polars as pl


def table_digest(table: "pl.DataFrame") -> str:
    """Digest of a table's column names, types and values, in row order (xxh3-128, hex)."""
    hasher = xxhash.xxh3_128(repr(table.schema).encode())
    for column in table.iter_columns():
        # Arrow's IPC bytes depend on nothing but the values once the chunks are one.
        hasher.update(column.rechunk().to_frame().write_ipc(None, compression="uncompressed").getvalue())
    return hasher.hexdigest()
