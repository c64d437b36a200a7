"""Which products a query must not find: itself, other views of its article, and its very picture."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

KEYS = ("product_id", "group_id", "content_hash")


@dataclass(frozen=True)
class _Runs:
    """Catalog rows sorted by one key, and the run of these that shares each query's value."""

    rows: NDArray[np.intp]
    first: NDArray[np.intp]
    end: NDArray[np.intp]

    def pairs(self, queries: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Place in ``queries`` and catalog row of every shared value."""
        lengths = self.end[queries] - self.first[queries]
        place = np.repeat(np.arange(len(queries)), lengths)
        before = np.cumsum(lengths) - lengths
        return place, self.rows[np.arange(len(place)) + (self.first[queries] - before)[place]]


@dataclass(frozen=True)
class Exclusions:
    """Products that share product_id, group_id or content_hash with a query. Null is shared with none."""

    runs: tuple[_Runs, ...]
    catalog: int

    @classmethod
    def between(cls, queries: pl.DataFrame, catalog: pl.DataFrame) -> Self:
        """Prepare the look-up, for ``meta`` of two :class:`ProductVectors`."""
        return cls(tuple(_runs(queries[key], catalog[key]) for key in KEYS), catalog.height)

    def of(self, queries: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The excluded pairs of some queries, each once.

        Args:
            queries: (b,) rows.

        Returns:
            Places in ``queries``, ascending, and rows of the catalog, ascending within a place.
        """
        pairs = [run.pairs(queries) for run in self.runs]
        once = np.unique(np.concatenate([place * self.catalog + row for place, row in pairs]))
        place, row = np.divmod(once, max(self.catalog, 1))
        return place, row


def shared_codes(queries: pl.Series, catalog: pl.Series) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers from 0 that are equal where the values are; -1 for null."""
    values = pl.concat([queries.cast(pl.String), catalog.cast(pl.String)])
    codes = values.rank("dense").cast(pl.Int64).fill_null(0).to_numpy().astype(np.intp) - 1
    return codes[: len(queries)], codes[len(queries) :]


def _runs(queries: pl.Series, catalog: pl.Series) -> _Runs:
    wanted, codes = shared_codes(queries, catalog)
    order = codes.argsort(kind="stable")
    ordered = codes[order]
    first = np.searchsorted(ordered, wanted)
    end = np.searchsorted(ordered, wanted, side="right")
    return _Runs(order, first, np.where(wanted < 0, first, end))
