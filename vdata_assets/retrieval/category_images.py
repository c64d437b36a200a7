"""One category's images as arrays, sorted so that a concept is a slice."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vdata_assets.retrieval.schema import MiningImages
from vdata_assets.retrieval.similarity import on_grid

VECTOR = "vector"


@dataclass(frozen=True)
class CategoryImages:
    """The images of a category, ordered by concept, then path; an image is its position in this order.

    Attributes:
        table: columns of :class:`MiningImages`, without the vectors.
        vectors: (n, d) float64 unit vectors on the grid of :mod:`vdata_assets.retrieval.similarity`.
        hashes: (n,) perceptual hashes.
        starts: (c + 1,) concept k is the slice ``starts[k]:starts[k + 1]``; concepts are in name order.
        concept_of: (n,) number of each image's concept.
        path_rank: (n,) position in path order, which breaks ties.
    """

    table: pl.DataFrame
    vectors: NDArray[np.float64]
    hashes: NDArray[np.uint64]
    starts: NDArray[np.intp]
    concept_of: NDArray[np.intp]
    path_rank: NDArray[np.intp]

    @property
    def concepts(self) -> int:
        """How many concepts there are."""
        return len(self.starts) - 1


def category_images(images: pl.DataFrame) -> CategoryImages:
    """The images of one category, validated and sorted.

    Args:
        images: at least one row of :class:`MiningImages` plus ``vector``, in any order.

    Raises:
        dy.exc.ValidationError, dy.exc.SchemaError: the columns are not those of the schema.
        ValueError: several categories, or vectors missing or not L2-normalised.
    """
    table: pl.DataFrame = MiningImages.validate(images.select(MiningImages.column_names()))
    categories = table["category"].unique().sort().to_list()
    if len(categories) > 1:
        raise ValueError(f"images of one category are mined at a time, but these are of {categories}")
    if images[VECTOR].null_count():
        raise ValueError(f"{images[VECTOR].null_count()} images have no vector: leave them out")
    order = table.select(pl.arg_sort_by("concept", "path")).to_series()
    table = table[order]
    lengths = table["concept"].rle().struct.field("len").to_numpy()
    return CategoryImages(
        table=table,
        vectors=on_grid(images[VECTOR].to_numpy(), order.to_numpy().astype(np.intp)),
        hashes=table["phash"].to_numpy(),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)]),
        concept_of=np.repeat(np.arange(len(lengths)), lengths),
        path_rank=table["path"].rank("ordinal").to_numpy().astype(np.intp) - 1,
    )
