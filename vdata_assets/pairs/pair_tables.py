"""Products as integers to compare pairs by, and drawn pairs as a table."""

from dataclasses import dataclass
from typing import Self

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.embeddings.product_vectors import META_COLUMNS
from vdata_assets.pairs.schema import Pairs
from vdata_assets.pairs.settings import PairKind

UNKNOWN = 0


@dataclass(frozen=True)
class PairProducts:
    """What is known of some products, as codes: equal codes are equal values, UNKNOWN is no value.

    A pair is a key: the row of the smaller id times the number of products, plus the row of the larger.

    Attributes:
        ids: product ids in ascending order; the row of a product is its place here.
        category: (n,) codes.
        group: likewise.
        picture: likewise, of content hashes.
        attributes: their names, sorted.
        codes: (k, n), of each attribute.
    """

    ids: pl.Series
    category: NDArray[np.int64]
    group: NDArray[np.int64]
    picture: NDArray[np.int64]
    attributes: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, products: pl.DataFrame) -> Self:
        """The products of a table like ``ProductVectors.meta``, whatever the order of its rows and columns.

        Raises:
            ValueError: a product id is there twice.
        """
        twice = products["product_id"].filter(products["product_id"].is_duplicated())
        if len(twice):
            raise ValueError(f"product_id {twice.min()!r} is there twice: keep one row a product")
        rows = products.sort("product_id")
        names = tuple(sorted(name for name in products.columns if name not in META_COLUMNS))
        codes = np.empty((len(names), rows.height), np.int32)
        for position, name in enumerate(names):
            codes[position] = _codes(rows[name])
        return cls(
            ids=rows["product_id"],
            category=_codes(rows["category"]),
            group=_codes(rows["group_id"]),
            picture=_codes(rows["content_hash"]),
            attributes=names,
            codes=codes,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def keys(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of rows, in either order."""
        return np.minimum(left, right) * len(self) + np.maximum(left, right)

    def rows(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of each pair, the smaller id's first."""
        low, high = np.divmod(keys, max(len(self), 1))
        return low, high

    def equal(self, codes: NDArray, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where both products have a known value and it is the same."""
        left = codes[low]
        return (left == codes[high]) & (left != UNKNOWN)

    def different(self, codes: NDArray, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where both products have a known value and they are not the same."""
        left, right = codes[low], codes[high]
        return (left != right) & (left != UNKNOWN) & (right != UNKNOWN)


def _codes(values: pl.Series) -> NDArray[np.int64]:
    # Ranks, for they are the same in every process; polars' categories are numbered as they are met.
    return values.cast(pl.String).rank("dense").fill_null(UNKNOWN).cast(pl.Int64).to_numpy()


def pair_rows(products: PairProducts, keys: NDArray[np.int64], split: str, kind: PairKind) -> pl.DataFrame:
    """Drawn pairs of one kind, with the columns of ``Pairs`` but for the categories."""
    low, high = products.rows(keys)
    lists = {
        column: _names_where(
            {
                name: holds(codes, low, high)
                for name, codes in zip(products.attributes, products.codes, strict=True)
            },
            len(keys),
        )
        for column, holds in (("shared", products.equal), ("mismatches", products.different))
    }
    return pl.DataFrame({"a_id": products.ids[low], "b_id": products.ids[high], **lists}).with_columns(
        split=pl.lit(split),
        kind=pl.lit(kind.value, pl.Enum([each.value for each in PairKind])),
        label=pl.lit(int(kind.positive), pl.UInt8),
    )


def _names_where(holds: dict[str, NDArray[np.bool_]], count: int) -> pl.Series:
    """For every row the names of the masks that are true there, in the masks' order."""
    if not holds:
        return pl.Series([[]] * count, dtype=pl.List(pl.String))
    masks = pl.DataFrame(holds)
    said = [pl.when(name).then(pl.lit(name)) for name in masks.columns]
    return masks.select(pl.concat_list(said).list.drop_nulls()).to_series()


def pair_table(drawn: list[pl.DataFrame], products: pl.DataFrame) -> dy.DataFrame[Pairs]:
    """Rows of :func:`pair_rows` as one validated table, with the categories of the products."""
    categories = products.select("product_id", category=pl.col("category").cast(pl.String))
    table = pl.concat(drawn)
    for side in ("a", "b"):
        own = categories.rename({"product_id": f"{side}_id", "category": f"category_{side}"})
        table = table.join(own, on=f"{side}_id", how="left")
    return Pairs.validate(table.select(Pairs.create_empty().columns).sort("split", "kind", "a_id", "b_id"))
