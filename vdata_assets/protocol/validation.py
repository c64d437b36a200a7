"""How well a model in training retrieves: match@10 of validation queries. Imports torch."""

import numpy as np
import polars as pl
import torch
from torch.nn import functional

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import TRAIN, group_numbers
from vdata_assets.seeding import seeded_order
from vdata_resources.parallel import ordered_map

VALIDATION = "validation"
RESULTS = 10
CATALOG_BLOCK = 4096
SCORES = 1 << 22  # similarities of a block: 16 MB


class Validation:
    """Validation products as queries, products of split train as the catalog, by image vectors alone.

    Args:
        vectors: all products.
        image: their image vectors on the device.
        settings: how many queries, and the seed.

    Raises:
        ValueError: no product is of split validation, or none of them has a known category or attribute.
    """

    def __init__(self, vectors: ProductVectors, image: torch.Tensor, settings: ProtocolSettings) -> None:
        meta = vectors.meta.with_row_index("row").with_columns(group=pl.Series(group_numbers(vectors.meta)))
        own = meta.filter(pl.col("split") == VALIDATION)
        if not own.height:
            raise ValueError(
                f"protocol: no product is of split {VALIDATION!r}, by which the best epoch is chosen: give "
                "that split a share of the products"
            )
        chosen = seeded_order(settings.seed, "protocol-validation", own["product_id"])
        own = own.filter(pl.col("product_id").is_in(chosen[: settings.validation_queries]))
        catalog = meta.filter(pl.col("split") == TRAIN)
        self.image = image
        self.queries = torch.from_numpy(own["row"].cast(pl.Int64).to_numpy(writable=True))
        self.catalog = torch.from_numpy(catalog["row"].cast(pl.Int64).to_numpy(writable=True))
        self.excluded = torch.from_numpy(_excluded(own, catalog))
        self.facets = ["category", *vectors.attributes]
        codes = meta.select(pl.col(self.facets).rank("dense").cast(pl.Int64).fill_null(-1)).to_numpy()
        self.query_codes = torch.from_numpy(codes[self.queries.numpy()])
        self.catalog_codes = torch.from_numpy(codes[self.catalog.numpy()])
        if (self.query_codes < 0).all():
            raise ValueError(
                f"protocol: none of the {own.height} products of split {VALIDATION!r} has a known category "
                "or attribute: no epoch can be called the best"
            )

    def measure(self, projection: torch.Tensor) -> dict[str, float | None]:
        """Each facet's match@10: the share of the ten nearest that have the query's value.

        The mean is over the queries that know the facet; None if there are none. Products of the query's
        group and pictures equal by their bytes are no results.

        Args:
            projection: (p, d) of the image.
        """
        catalog = torch.empty(len(self.catalog), len(projection), device=projection.device)

        def fill(rows: slice) -> None:
            catalog[rows] = self._project(self.catalog[rows], projection)

        def match(rows: slice) -> torch.Tensor:
            return self._matches(rows, catalog, self._project(self.queries[rows], projection))

        projection = projection.detach()
        for _ in ordered_map(fill, _blocks(len(self.catalog), CATALOG_BLOCK)):
            pass
        matches = torch.cat(
            list(ordered_map(match, _blocks(len(self.queries), SCORES // len(catalog))))
        ).numpy()
        known = self.query_codes.numpy() >= 0
        return {
            facet: float(matches[known[:, place], place].mean()) if known[:, place].any() else None
            for place, facet in enumerate(self.facets)
        }

    def _project(self, rows: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.image[rows.to(self.image.device)] @ projection.T)

    def _matches(self, rows: slice, catalog: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
        """Share of the results of some queries that match, (queries, facets) float64."""
        scores = queries @ catalog.T
        low, high = np.searchsorted(self.excluded[0].numpy(), [rows.start, rows.stop])
        query, product = self.excluded[:, low:high].to(scores.device)
        scores[query - rows.start, product] = -torch.inf
        top = scores.topk(min(RESULTS, len(catalog)), dim=1)
        found = (top.values > -torch.inf).cpu()
        equal = self.catalog_codes[top.indices.cpu()] == self.query_codes[rows, None]
        counted = found.sum(dim=1).clamp_min(1)
        return (equal & found[:, :, None]).sum(dim=1).double() / counted[:, None]


def _blocks(count: int, size: int) -> list[slice]:
    size = max(1, size)
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def mean_match(facets: dict[str, float | None]) -> float:
    """Mean over the facets that can be measured."""
    return float(np.mean([value for value in facets.values() if value is not None]))


def _excluded(queries: pl.DataFrame, catalog: pl.DataFrame) -> np.ndarray:
    """Queries and catalog products that show one article or are one picture, (2, pairs), by query."""
    queries, catalog = queries.with_row_index("query"), catalog.with_row_index("product")
    same = [
        queries.select("query", key).join(catalog.select("product", key), on=key).select("query", "product")
        for key in ("group", "content_hash")
    ]
    pairs = pl.concat(same).unique().sort("query", "product").cast(pl.Int64)
    return np.ascontiguousarray(pairs.to_numpy().T)
