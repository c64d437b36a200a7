"""Digests of what a result depends on, so that the same inputs, settings and code are recognised."""

import json
from typing import Any, Protocol, runtime_checkable

import xxhash
from pydantic import BaseModel

from vdata_assets.table_digest import table_digest


@runtime_checkable
class HasDigest(Protocol):
    """A value that states what it is made of."""

    @property
    def digest(self) -> str:
        """Changes whenever the value does."""
        ...


def digest(value: Any) -> str:
    """Digest of plain values, settings, tables, what states its own digest, and dicts and lists of them.

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
    if isinstance(value, HasDigest):
        return value.digest
    if hasattr(value, "write_ipc"):
        return table_digest(value)
    raise TypeError(f"no stable digest for a {type(value).__name__}: {value!r}")
