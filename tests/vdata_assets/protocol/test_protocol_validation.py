"""Validation's match@10 is that of the obvious loop."""

import numpy as np
import polars as pl
import pytest
import torch
from protocol_products import ENCODER, FAST, made_products

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol import validation
from vdata_assets.protocol.validation import Validation, mean_match


def with_copies(products=90):
    """Validation products share groups and pictures with some of the catalog; one knows nothing."""
    vectors = made_products(products)
    meta = vectors.meta.with_row_index("row").with_columns(
        group_id=pl.when(pl.col("row") % 5 == 0).then(pl.lit("one group")).otherwise("group_id"),
        content_hash=pl.when(pl.col("row") % 7 == 0).then(pl.lit("one picture")).otherwise("content_hash"),
        material=pl.when(pl.col("row") != 3).then("material"),
    )
    return ProductVectors(meta.drop("row"), vectors.image, vectors.text, ENCODER)


def loop(vectors, facet, results=10):
    rows = vectors.meta.to_dicts()
    scores = vectors.image @ vectors.image.T
    found = []
    for query, row in enumerate(rows):
        if row["split"] != "validation" or row[facet] is None:
            continue
        catalog = [
            (-scores[query, place], other[facet])
            for place, other in enumerate(rows)
            if other["split"] == "train"
            and other["group_id"] != row["group_id"]
            and other["content_hash"] != row["content_hash"]
        ]
        nearest = sorted(catalog, key=lambda product: product[0])[:results]
        found.append(np.mean([value == row[facet] for _, value in nearest]))
    return np.mean(found)


@pytest.mark.parametrize("products", [90, 24], ids=["usual", "fewer than ten to find"])
@pytest.mark.parametrize("scores", [1 << 22, 100], ids=["one block", "many blocks"])
def test_match_is_that_of_the_loop(monkeypatch, products, scores):
    monkeypatch.setattr(validation, "SCORES", scores)
    monkeypatch.setattr(validation, "CATALOG_BLOCK", 7 if scores == 100 else 4096)
    vectors = with_copies(products)
    measured = Validation(vectors, torch.from_numpy(vectors.image), FAST).measure(torch.eye(16))
    assert list(measured) == ["category", "material", "mood"]
    for facet, value in measured.items():
        assert value == pytest.approx(loop(vectors, facet))
    assert mean_match(measured) == pytest.approx(np.mean(list(measured.values())))


def test_a_facet_that_no_query_knows_is_not_measured():
    vectors = with_copies()
    meta = vectors.meta.with_columns(mood=pl.when(pl.col("split") == "train").then("mood"))
    vectors = ProductVectors(meta, vectors.image, vectors.text, ENCODER)
    measured = Validation(vectors, torch.from_numpy(vectors.image), FAST).measure(torch.eye(16))
    assert measured["mood"] is None
    assert mean_match(measured) == pytest.approx((measured["category"] + measured["material"]) / 2)


def test_queries_are_a_seeded_sample():
    vectors = made_products()
    image = torch.from_numpy(vectors.image)

    def rows(**changes):
        return Validation(vectors, image, FAST.model_copy(update=changes)).queries.tolist()

    few = rows(validation_queries=20)
    assert len(few) == 20
    assert few == rows(validation_queries=20)
    assert set(few) < set(rows(validation_queries=21))
    assert few != rows(validation_queries=20, seed=1)
    assert set(vectors.meta["split"][few]) == {"validation"}
