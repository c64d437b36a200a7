from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_vectors import products, with_meta

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation.checks import EVALUATION_CHECKS
from vdata_assets.evaluation.evaluate import Evaluated, evaluate
from vdata_assets.evaluation.evaluation_audit import audit_evaluation, metrics_sound
from vdata_assets.evaluation.results_audit import results_sound
from vdata_assets.evaluation.settings import EvaluationSettings
from vdata_assets.quality.findings import Finding, Status

SETTINGS = EvaluationSettings(bootstrap=200)


def telling(vectors: ProductVectors) -> ProductVectors:
    """The same products with pictures that show their category."""
    codes = vectors.meta["category"].rank("dense").to_numpy().astype(int) - 1
    image = np.sqrt(0.2) * vectors.image + 2 * np.eye(vectors.image.shape[1])[codes]
    image /= np.linalg.norm(image, axis=1, keepdims=True)
    return ProductVectors(vectors.meta, image.astype(np.float32), vectors.text, vectors.encoder)


QUERIES, CATALOG = telling(products(80, 1, prefix="q")), telling(products(200, 2))
ROW = QUERIES.meta["has_text"].to_list().index(True, 3)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return evaluate(QUERIES, CATALOG, SETTINGS, tmp_path_factory.mktemp("out"), lambda line: None)


def audited(
    evaluated: Evaluated, queries: ProductVectors = QUERIES, catalog: ProductVectors = CATALOG
) -> dict[str, Finding]:
    findings = audit_evaluation(evaluated, queries, catalog, SETTINGS)
    assert [finding.name for finding in findings] == [check.name for check in EVALUATION_CHECKS]
    return {finding.name: finding for finding in findings}


def results(evaluated: Evaluated, queries: ProductVectors = QUERIES) -> Finding:
    return results_sound(evaluated.per_query, queries, CATALOG, SETTINGS)


def figures(evaluated: Evaluated) -> Finding:
    return metrics_sound(evaluated, QUERIES, CATALOG)


def edited(evaluated: Evaluated, row: int, **values: object) -> Evaluated:
    """The evaluation with other values in a query's row."""
    per_query = evaluated.per_query.with_columns(
        pl.when(pl.int_range(pl.len()) == row)
        .then(pl.lit(pl.Series([value], dtype=evaluated.per_query.schema[name])))
        .otherwise(name)
        .alias(name)
        for name, value in values.items()
    )
    return replace(evaluated, per_query=per_query)


def test_a_sound_evaluation_passes(sound):
    findings = audited(sound)
    assert {finding.status for finding in findings.values()} == {Status.PASSED}
    assert findings["results_sound"].message == "0 of 80 queries have unsound results."
    assert findings["queries_found"].message == ("80 queries of split test, 200 products to search of train.")


@pytest.mark.parametrize(
    ("queries", "catalog", "empty"),
    [(0, 5, ("test",)), (5, 0, ("train",)), (0, 0, ("test", "train"))],
    ids=["no queries", "nothing to search", "neither"],
)
def test_an_empty_side_is_found(tmp_path, queries, catalog, empty):
    asked, among = products(queries, prefix="q"), products(catalog)
    evaluated = evaluate(asked, among, SETTINGS, tmp_path, lambda line: None)
    findings = audited(evaluated, asked, among)
    assert (findings["queries_found"].status, findings["queries_found"].offenders) == (Status.FAILED, empty)
    assert findings["facets_measurable"].status is Status.WARNING
    assert findings["above_chance"].status is Status.WARNING
    assert findings["results_sound"].status is Status.PASSED
    assert findings["metrics_sound"].status is Status.PASSED


def _one_row_less(evaluated: Evaluated) -> Evaluated:
    return replace(evaluated, per_query=evaluated.per_query[1:])


def _other_order(evaluated: Evaluated) -> Evaluated:
    return replace(evaluated, per_query=evaluated.per_query.reverse())


def _results(change):
    def edit(evaluated: Evaluated) -> Evaluated:
        return edited(evaluated, ROW, results=change(evaluated.per_query["results"][ROW].to_list()))

    return edit


def _cut(evaluated: Evaluated) -> Evaluated:
    lists = ("results", "scores", "image_scores", "text_scores")
    return edited(evaluated, ROW, **{name: evaluated.per_query[name][ROW].to_list()[:9] for name in lists})


def _scores(name: str, change):
    def edit(evaluated: Evaluated) -> Evaluated:
        return edited(evaluated, ROW, **{name: change(evaluated.per_query[name][ROW].to_list())})

    return edit


@pytest.mark.parametrize(
    ("spoil", "problem", "hit"),
    [
        (_results(lambda ids: [*ids[:9], ids[0]]), "repeated", 1),
        (_results(lambda ids: [*ids[:9], "nobody"]), "foreign", 1),
        (_cut, "wrong_number", 1),
        (_results(lambda ids: ids[:9]), "foreign", 1),
        (_scores("scores", lambda scores: scores[::-1]), "out_of_order", 1),
        (_scores("scores", lambda scores: [score - 0.1 for score in scores]), "untrue_scores", 1),
        (_scores("image_scores", lambda scores: [0.0, *scores[1:]]), "untrue_scores", 1),
        (_scores("text_scores", lambda scores: [None] * len(scores)), "untrue_scores", 1),
        (lambda evaluated: edited(evaluated, ROW, excluded=99), "wrong_number", 1),
        (_one_row_less, "not_asked", 1),
        (_other_order, "not_asked", 80),
    ],
    ids=[
        "the same product twice",
        "a product that is not in the catalog",
        "too few",
        "a score without a product",
        "worst first",
        "scores that are not the vectors'",
        "nor the pictures'",
        "nor the texts'",
        "another number left out",
        "a query without an answer",
        "answers in another order",
    ],
)
def test_unsound_results_are_found(sound, spoil, problem, hit):
    finding = results(spoil(sound))
    assert finding.status is Status.FAILED
    assert finding.counts[problem] == hit
    assert finding.counts["offenders"] == hit
    if hit == 1 and problem != "not_asked":
        assert finding.offenders == (QUERIES.meta["product_id"][ROW],)


@pytest.mark.parametrize("key", ["product_id", "group_id", "content_hash"])
def test_a_result_that_had_to_be_left_out_is_found(sound, key):
    best = sound.per_query["results"][ROW][0]
    row = CATALOG.meta["product_id"].to_list().index(best)
    if key == "product_id":
        per_query = sound.per_query.with_columns(
            query_id=pl.Series(
                [*QUERIES.meta["product_id"][:ROW], best, *QUERIES.meta["product_id"][ROW + 1 :]]
            )
        )
        same = with_meta(QUERIES, product_id=per_query["query_id"].to_list())
        finding = results(replace(sound, per_query=per_query), same)
    else:
        value = CATALOG.meta[key][row]
        same = with_meta(QUERIES, **{key: [*QUERIES.meta[key][:ROW], value, *QUERIES.meta[key][ROW + 1 :]]})
        finding = results(sound, same)
    assert finding.status is Status.FAILED
    assert finding.counts["forbidden"] == 1


@pytest.mark.parametrize(
    "column",
    [f"category:{metric}@{k}" for metric in ("match", "recall", "mrr", "ndcg") for k in (1, 5, 10)]
    + ["category_relevant"],
)
def test_a_querys_value_that_its_results_do_not_give_is_found(sound, column):
    value = 7 if column == "category_relevant" else 0.123
    finding = figures(edited(sound, ROW, **{column: value}))
    assert finding.status is Status.FAILED
    assert finding.counts["queries"] == 1
    assert finding.offenders[0] == QUERIES.meta["product_id"][ROW]


@pytest.mark.parametrize("material", ["denim", None], ids=["another value", "said to be unknown"])
def test_a_querys_facet_that_it_does_not_have_is_found(sound, material):
    row = QUERIES.meta["material"].to_list().index("knit")
    finding = figures(edited(sound, row, material=material))
    assert finding.offenders[0] == QUERIES.meta["product_id"][row]


@pytest.mark.parametrize(
    "spoil",
    [
        {"value": pl.col("value") * 100},
        {"value": pl.col("value") - 0.001},
        {"value": pl.lit(None, pl.Float64)},
        {"n": pl.col("n") + 1},
        {"unknown": pl.col("unknown") + 1},
        {"low": pl.col("value") + 0.01},
        {"high": pl.col("value") - 0.01},
        {"high": pl.lit(None, pl.Float64)},
        {"chance": pl.lit(1.5)},
    ],
    ids=[
        "points for a fraction",
        "not the mean",
        "no value",
        "another n",
        "another number of unknown",
        "below its interval",
        "above it",
        "no interval",
        "a level above 1",
    ],
)
def test_a_figure_that_its_queries_do_not_give_is_found(sound, spoil):
    here = (
        (pl.col("slice_value") == "shorts") & (pl.col("facet") == "material")
        & (pl.col("metric") == "recall") & (pl.col("k") == 5)
    )  # fmt: skip
    metrics = sound.metrics.with_columns(
        pl.when(here).then(value).otherwise(name).cast(sound.metrics.schema[name]).alias(name)
        for name, value in spoil.items()
    )
    finding = figures(replace(sound, metrics=metrics))
    assert (finding.status, finding.offenders) == (Status.FAILED, ("category=shorts material:recall@5",))


def test_a_figure_that_is_missing_is_found(sound):
    metrics = sound.metrics.filter(
        ~(pl.col("slice_by").is_null() & (pl.col("metric") == "mrr") & (pl.col("k") == 1))
    )
    finding = figures(replace(sound, metrics=metrics))
    assert finding.offenders == ("all category:mrr@1", "all material:mrr@1")


def test_a_facet_that_few_queries_know_is_told(tmp_path):
    few = with_meta(QUERIES, material=["denim"] * 29 + [None] * 51)
    evaluated = evaluate(few, CATALOG, SETTINGS, tmp_path, lambda line: None)
    finding = audited(evaluated, few)["facets_measurable"]
    assert (finding.status, finding.offenders) == (Status.WARNING, ("material",))
    assert finding.message == "1 of 2 facets are known of fewer than 30 queries. material 29."


def test_vectors_that_do_not_know_the_category_are_told(tmp_path):
    blind, among = products(80, 1, prefix="q"), products(200, 2)
    finding = audited(evaluate(blind, among, SETTINGS, tmp_path, lambda line: None), blind, among)[
        "above_chance"
    ]
    assert (finding.status, finding.offenders) == (Status.WARNING, ("category",))
