"""Products as everything downstream compares them: image and text vectors with what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from vdata_assets.table_digest import table_digest

META_COLUMNS = ("product_id", "category", "group_id", "content_hash", "phash", "split", "has_text")


@dataclass(frozen=True)
class ProductVectors:
    """Vectors and what is known of their products, row by row.

    Attributes:
        meta: one row a product, with the columns of ``META_COLUMNS`` and one String column an attribute.
            A category or attribute that is unknown is null.
        image: (n, d) float32, L2-normalised.
        text: (n, t) float32, L2-normalised; zeros where ``has_text`` is false.
        encoder: identities of the image and the text encoder, as one string.
    """

    meta: pl.DataFrame
    image: NDArray[np.float32]
    text: NDArray[np.float32]
    encoder: str

    def __post_init__(self) -> None:
        sizes = {self.meta.height, len(self.image), len(self.text)}
        if len(sizes) > 1:
            raise ValueError(
                f"{self.meta.height} products, {len(self.image)} image and {len(self.text)} text vectors"
            )

    def __len__(self) -> int:
        return self.meta.height

    @property
    def digest(self) -> str:
        """Changes with any vector, with what is known of a product, and with the encoder (xxh3-128, hex)."""
        hasher = xxhash.xxh3_128(f"{self.encoder} {table_digest(self.meta)}".encode())
        for vectors in (self.image, self.text):
            hasher.update(np.ascontiguousarray(vectors).data)
        return hasher.hexdigest()

    @property
    def attributes(self) -> list[str]:
        """Names of the attributes, in order."""
        return [name for name in self.meta.columns if name not in META_COLUMNS]

    def take(self, rows: NDArray[np.intp]) -> Self:
        """The given rows, in this order."""
        return type(self)(self.meta[rows], self.image[rows], self.text[rows], self.encoder)

    def of_splits(self, splits: Sequence[str]) -> Self:
        """The products of some splits, in order."""
        return self.take(np.flatnonzero(self.meta["split"].is_in(list(splits)).to_numpy()))

    def of_category(self, category: str) -> Self:
        """The products of a category, in order."""
        return self.take(np.flatnonzero(self.meta["category"].eq_missing(category).to_numpy()))
