import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_vectors import products, unit, with_meta
from threadpoolctl import threadpool_limits
from two_stage_reference import found

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.retrieval import two_stage as module
from vdata_assets.retrieval.exclusions import Exclusions
from vdata_assets.retrieval.search_settings import SearchSettings
from vdata_assets.retrieval.two_stage import Hits, two_stage


def listed(hits: Hits) -> list[list[tuple[int, float, float, float | None]]]:
    return [
        [
            (int(row), score, image, None if np.isnan(text) else text)
            for row, score, image, text in zip(*(column[query] for column in columns), strict=True)
            if row >= 0
        ]
        for columns in [(hits.index, hits.score, hits.image_score, hits.text_score)]
        for query in range(len(hits.index))
    ]


def article(
    image: list[float], text: list[float] | None = None, product_id: str = "p"
) -> tuple[str, list[float], list[float] | None]:
    return product_id, image, text


def vectors_of(*articles: tuple[str, list[float], list[float] | None]) -> ProductVectors:
    ids, images, texts = zip(*articles, strict=True)
    meta = pl.DataFrame({"product_id": ids}).select(
        "product_id",
        category=pl.lit("c"),
        group_id=pl.concat_str(pl.lit("group of "), "product_id"),
        content_hash=pl.lit(None, pl.String),
        phash=pl.lit(0, pl.UInt64),
        split=pl.lit("train"),
        has_text=pl.Series([text is not None for text in texts]),
    )
    text = np.array([unit([text])[0] if text else [0.0, 0.0] for text in texts], np.float32)
    return ProductVectors(meta, unit(images), text, "made")


@given(
    queries=st.integers(1, 6),
    catalog=st.integers(0, 60),
    seed=st.integers(0, 10_000),
    levels=st.sampled_from([None, 2, 3]),
    candidates=st.sampled_from([3, 5, 20, 200]),
    weight=st.sampled_from([0.0, 0.7, 1.0]),
)
def test_it_finds_what_the_obvious_loop_finds(queries, catalog, seed, levels, candidates, weight):
    asked = products(queries, seed, levels=levels)
    searched = products(catalog, seed + 1, levels=levels)
    settings = SearchSettings(candidates=candidates, image_weight=weight)
    assert listed(two_stage(asked, searched, settings, k=3)) == found(asked, searched, settings, 3)


def test_copies_of_one_picture_more_than_there_are_candidates_come_by_their_ids():
    query = products(1, 1, prefix="q", text_share=0)
    copies = products(900, 2, text_share=0)
    copies.image[:] = query.image[0]
    settings = SearchSettings(candidates=20)
    hits = two_stage(query, copies, settings, k=10)
    assert copies.meta["product_id"].gather(hits.index[0]).to_list() == [f"p{n:05d}" for n in range(10)]
    assert listed(hits) == found(query, copies, settings, 10)


def test_similarities_closer_than_float32_can_tell_are_told_apart():
    rng = np.random.default_rng(0)
    query = products(1, 1, prefix="q", dim=256, text_share=0)
    near = products(3000, 2, dim=256, text_share=0)
    near.image[:] = unit(query.image[0] + 3e-5 * rng.standard_normal((3000, 256)))
    settings = SearchSettings(candidates=30)
    assert listed(two_stage(query, near, settings, k=30)) == found(query, near, settings, 30)


@pytest.mark.parametrize(
    ("key", "query_value", "value", "excluded"),
    [
        ("product_id", "same", "same", 1),
        ("group_id", "article", "article", 1),
        ("content_hash", "picture", "picture", 1),
        ("content_hash", None, None, 0),
        ("group_id", None, None, 0),
    ],
    ids=["itself", "same article", "same picture", "no picture is no same picture", "no article likewise"],
)
def test_a_query_does_not_find(key, query_value, value, excluded):
    queries = with_meta(vectors_of(article([1, 0], product_id="q")), **{key: [query_value]})
    both = vectors_of(article([1, 0], product_id="a"), article([1, 1], product_id="b"))
    catalog = with_meta(both, **{key: [value, "other"]})
    hits = two_stage(queries, catalog, SearchSettings(), k=10)
    assert hits.excluded.tolist() == [excluded]
    assert [row for row, *_ in listed(hits)[0]] == [0, 1][excluded:]


def test_a_product_excluded_for_three_reasons_counts_once():
    one = with_meta(vectors_of(article([1, 0])), content_hash=["picture"])
    hits = two_stage(one, one, SearchSettings(), k=1)
    assert hits.excluded.tolist() == [1]
    assert hits.index.tolist() == [[-1]]


def test_places_without_a_product_are_marked():
    queries, catalog = vectors_of(article([1, 0], [1, 0], "q")), vectors_of(article([0, 1], [1, 0]))
    hits = two_stage(queries, catalog, SearchSettings(), k=2)
    assert hits.index.tolist() == [[0, -1]]
    np.testing.assert_array_equal(hits.score, [[1 - 0.7, np.nan]])
    np.testing.assert_array_equal(hits.image_score, [[0, np.nan]])
    np.testing.assert_array_equal(hits.text_score, [[1, np.nan]])


@pytest.mark.parametrize(
    ("query_text", "text", "score", "text_score"),
    [
        ([1, 0], [0, 1], 0.7, 0.0),
        (None, [0, 1], 1.0, None),
        ([1, 0], None, 1.0, None),
        (None, None, 1.0, None),
    ],
    ids=["both have text", "the query has none", "the product has none", "neither has"],
)
def test_without_text_the_picture_counts_alone(query_text, text, score, text_score):
    hits = two_stage(
        vectors_of(article([1, 0], query_text, "q")),
        vectors_of(article([1, 0], text)),
        SearchSettings(),
        k=1,
    )
    assert listed(hits) == [[(0, score, 1.0, text_score)]]


def test_text_orders_only_what_pictures_let_through():
    catalog = vectors_of(
        article([1, 0], [0, 1], "a"), article([0.9, 0.1], [0.5, 1], "b"), article([0, 1], [1, 0], "c")
    )
    queries = vectors_of(article([1, 0], [1, 0], product_id="q"))
    hits = two_stage(queries, catalog, SearchSettings(candidates=2, image_weight=0.1), k=2)
    assert hits.index.tolist() == [[1, 0]]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("block", [1, 7, 128])
def test_neither_threads_nor_blocks_change_a_bit(monkeypatch, threads, block):
    queries, catalog = products(40, 1, prefix="q", dim=64), products(700, 2, dim=64)
    expected = two_stage(queries, catalog, SearchSettings())
    monkeypatch.setattr(module, "MAX_BLOCK", block)
    with threadpool_limits(threads, user_api="blas"):
        hits = two_stage(queries, catalog, SearchSettings())
    for field in ("index", "score", "image_score", "text_score", "excluded"):
        np.testing.assert_array_equal(getattr(hits, field), getattr(expected, field))


@pytest.mark.parametrize(("queries", "catalog"), [(0, 5), (5, 0), (0, 0)])
def test_nothing_to_ask_or_to_search_finds_nothing(queries, catalog):
    hits = two_stage(products(queries, prefix="q"), products(catalog), SearchSettings(), k=4)
    assert hits.index.shape == (queries, 4)
    assert (hits.index == -1).all()


@pytest.mark.parametrize(
    ("queries", "catalog", "settings", "message"),
    [
        (
            products(2, encoder="base"),
            products(2, encoder="base + epoch_3.pt"),
            SearchSettings(),
            "queries are encoded by 'base' and the catalog by 'base + epoch_3.pt': their vectors cannot be "
            "compared; take both through the same encoder and checkpoint",
        ),
        (
            products(2, dim=5),
            products(2, dim=6),
            SearchSettings(),
            "image vectors of the queries have 5 numbers and those of the catalog 6: take both through the "
            "same encoder and checkpoint",
        ),
        (
            products(2),
            products(2),
            SearchSettings(candidates=9),
            "candidates is 9, fewer than the 10 results of a query: set candidates to 10 or more",
        ),
    ],
    ids=["encoders differ", "lengths differ", "fewer candidates than results"],
)
def test_what_cannot_be_searched_is_refused(queries, catalog, settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        two_stage(queries, catalog, settings)


def test_a_vector_that_is_not_normalised_is_named():
    catalog = products(3)
    catalog.image[1] *= 2
    with pytest.raises(ValueError, match="must be L2-normalised: the one in row 1 has norm 2"):
        two_stage(products(2), catalog, SearchSettings())


def test_excluded_pairs_are_told_for_any_rows_of_queries():
    queries, catalog = products(6, 3), products(30, 4)
    exclusions = Exclusions.between(queries.meta, catalog.meta)
    place, row = exclusions.of(np.array([4, 1]))
    expected = [
        (place, row)
        for place, query in enumerate((4, 1))
        for row in range(30)
        if any(
            queries.meta[key][query] == catalog.meta[key][row]
            for key in ("product_id", "group_id", "content_hash")
        )
    ]
    assert list(zip(place.tolist(), row.tolist(), strict=True)) == expected
