"""Two-stage search as the obvious loop: one query and one product at a time, in whole numbers."""

import numpy as np
from made_vectors import excluded

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.retrieval.search_settings import SearchSettings

GRID = 1 << 24


def exact(left: np.ndarray, right: np.ndarray) -> float:
    """The dot product on the grid in whole numbers, without any rounding."""
    pairs = zip(np.rint(left.astype(float) * GRID), np.rint(right.astype(float) * GRID), strict=True)
    return sum(int(a) * int(b) for a, b in pairs) / GRID**2


def found(
    queries: ProductVectors, catalog: ProductVectors, settings: SearchSettings, k: int
) -> list[list[tuple[int, float, float, float | None]]]:
    """For every query rows of the catalog with score, image score and text score, best first."""
    ids = catalog.meta["product_id"].to_list()
    lists = []
    for query, asked in enumerate(queries.meta.to_dicts()):
        first = []
        for row, product in enumerate(catalog.meta.to_dicts()):
            if not excluded(asked, product):
                first.append((-exact(queries.image[query], catalog.image[row]), ids[row], row))
        second = []
        for negative, product_id, row in sorted(first)[: settings.candidates]:
            image, text = -negative, None
            score = image
            if asked["has_text"] and catalog.meta["has_text"][row]:
                text = exact(queries.text[query], catalog.text[row])
                score = settings.image_weight * image + (1 - settings.image_weight) * text
            second.append((-score, product_id, row, image, text))
        best = sorted(second, key=lambda entry: entry[:2])[:k]
        lists.append([(row, -negative, image, text) for negative, _, row, image, text in best])
    return lists
