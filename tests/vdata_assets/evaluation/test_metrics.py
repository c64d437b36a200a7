import numpy as np
import polars as pl
import pytest
import pytrec_eval
from evaluation_reference import query_metrics
from hypothesis import given
from hypothesis import strategies as st
from made_vectors import excluded, products

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.metrics import COLUMNS, DEFINED, Judged, judge, query_chances, query_values
from vdata_assets.evaluation.settings import KS
from vdata_assets.retrieval.search_settings import SearchSettings
from vdata_assets.retrieval.two_stage import Hits, two_stage


def searched(queries: int, catalog: int, seed: int) -> tuple[ProductVectors, ProductVectors, Hits]:
    asked, among = products(queries, seed, prefix="q"), products(catalog, seed + 1)
    return asked, among, two_stage(asked, among, SearchSettings())


def values(judged: Judged) -> dict[tuple[str, int], list[float | None]]:
    return {
        name: pl.Series(column).fill_nan(None).to_list()
        for name, column in zip(COLUMNS, query_values(judged).T, strict=True)
    }


def one(right: list[int], *, known: bool = True, relevant: int = 3, eligible: int = 20) -> Judged:
    hits = np.array([right + [0] * (10 - len(right))], bool)
    return Judged(np.array([known]), hits, np.array([relevant]), np.array([eligible]))


@given(queries=st.integers(1, 8), catalog=st.integers(0, 30), seed=st.integers(0, 10_000))
def test_every_value_is_that_of_the_obvious_loop(queries, catalog, seed):
    asked, among, hits = searched(queries, catalog, seed)
    for facet, judged in judge(asked, among, hits).items():
        got = values(judged)
        for query, row in enumerate(asked.meta.to_dicts()):
            listed = [among.meta[facet][int(row)] for row in hits.index[query] if row >= 0]
            allowed = [product[facet] for product in among.meta.to_dicts() if not excluded(row, product)]
            for k in KS:
                expected = query_metrics(row[facet], listed, allowed, k)
                for metric, value in expected.items():
                    assert got[metric, k][query] == pytest.approx(value, abs=1e-12), (facet, metric, k)
                assert got["match_unknown_as_zero", k][query] == (got["match", k][query] or 0)


def test_it_agrees_with_pytrec_eval():
    asked, among, hits = searched(60, 200, 7)
    ids = among.meta["product_id"].to_list()
    for facet, judged in judge(asked, among, hits).items():
        qrels, run = {}, {}
        for query, row in enumerate(asked.meta.to_dicts()):
            relevant = [
                product["product_id"]
                for product in among.meta.to_dicts()
                if product[facet] == row[facet] and not excluded(row, product)
            ]
            if row[facet] is not None and relevant:
                qrels[str(query)] = dict.fromkeys(relevant, 1)
                run[str(query)] = {ids[hit]: float(-place) for place, hit in enumerate(hits.index[query])}
        got = values(judged)
        assert {query for query, value in enumerate(got["recall", 1]) if value is not None} == {
            int(query) for query in qrels
        }
        for k in KS:
            cut = {query: dict(list(listed.items())[:k]) for query, listed in run.items()}
            names = {"match": f"P_{k}", "recall": f"recall_{k}", "ndcg": f"ndcg_cut_{k}", "mrr": "recip_rank"}
            measures = {f"P.{k}", f"recall.{k}", f"ndcg_cut.{k}", "recip_rank"}
            for query, told in pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(cut).items():
                for metric, name in names.items():
                    assert got[metric, k][int(query)] == pytest.approx(told[name], abs=1e-9), (facet, name)


@pytest.mark.parametrize(
    ("judged", "metric", "k", "value"),
    [
        (one([1, 0, 1]), "match", 10, 2 / 10),
        (one([1, 0, 1], eligible=4), "match", 10, 2 / 4),
        (one([1, 0, 1], eligible=4), "match", 1, 1),
        (one([1, 0, 1]), "recall", 10, 2 / 3),
        (one([0, 0, 1]), "recall", 1, 0),
        (one([0, 0, 1]), "mrr", 10, 1 / 3),
        (one([0, 0, 0, 0, 0, 1]), "mrr", 5, 0),
        (one([1, 1, 1]), "ndcg", 10, 1),
        (one([1, 1]), "ndcg", 1, 1),
        (one([], known=False), "match", 10, None),
        (one([], known=False), "match_unknown_as_zero", 10, 0),
        (one([], relevant=0), "match", 10, 0),
        (one([], relevant=0), "recall", 10, None),
        (one([], relevant=0), "mrr", 10, None),
        (one([], relevant=0), "ndcg", 10, None),
        (one([], relevant=0, eligible=0), "match", 10, None),
        (one([], relevant=0, eligible=0), "match_unknown_as_zero", 10, 0),
    ],
    ids=[
        "match is a share of k",
        "of what may be found where that is less",
        "of k where that is not",
        "recall is a share of what is relevant",
        "what comes after k is not found",
        "mrr is the first place's inverse",
        "0 if that comes after k",
        "the ideal order has ndcg 1",
        "the ideal of one place",
        "unknown does not count",
        "unknown as 0, under its own name",
        "nothing relevant is a miss",
        "nothing relevant has no recall",
        "nor mrr",
        "nor ndcg",
        "nothing to find does not count",
        "and is 0 under that name",
    ],
)
def test_values(judged, metric, k, value):
    assert values(judged)[metric, k] == [value]


def test_unknown_matches_nothing_not_even_unknown():
    asked, among, hits = searched(40, 60, 3)
    unknown = asked.meta["material"].is_null().to_numpy()
    judged = judge(asked, among, hits)["material"]
    assert unknown.any()
    assert not judged.hits[unknown].any()
    assert not judged.relevant[unknown].any()


def test_chance_is_told_for_the_same_queries_as_the_metric():
    asked, among, hits = searched(40, 25, 3)
    for judged in judge(asked, among, hits).values():
        defined = [np.isnan(figures) for figures in (query_values(judged), query_chances(judged))]
        np.testing.assert_array_equal(*defined)


def test_unknown_as_zero_is_the_only_metric_without_columns_of_its_own():
    assert DEFINED == ("match", "recall", "mrr", "ndcg")
