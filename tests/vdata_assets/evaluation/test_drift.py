from dataclasses import replace

import numpy as np
import pytest
from made_vectors import products, unit
from scipy.stats import spearmanr

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.evaluation import drift as module
from vdata_assets.evaluation.checks import CHECKPOINT_CHECKS
from vdata_assets.evaluation.drift import Drift, audit_checkpoint, drift
from vdata_assets.evaluation.evaluate import Evaluated, evaluate
from vdata_assets.evaluation.settings import EvaluationSettings
from vdata_assets.quality.findings import Finding, Status
from vdata_assets.retrieval.two_stage import two_stage

SETTINGS = EvaluationSettings(bootstrap=200)
QUERIES, CATALOG = products(80, 1, prefix="q", dim=16), products(300, 2, dim=16)
NONE = Drift(80, 300, overlap=1.0, rank_correlation=1.0, image_cosine=1.0, text_cosine=1.0)


def seen_by(vectors: ProductVectors, projection: np.ndarray) -> ProductVectors:
    return ProductVectors(vectors.meta, unit(vectors.image @ projection), vectors.text, "checkpoint")


def other(size: int = 16) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((16, size))


def towards_categories(vectors: ProductVectors, strength: float) -> ProductVectors:
    codes = vectors.meta["category"].rank("dense").to_numpy().astype(int) - 1
    return ProductVectors(
        vectors.meta, unit(vectors.image + strength * np.eye(16)[codes]), vectors.text, vectors.encoder
    )


def evaluated(tmp_path, strength: float) -> Evaluated:
    queries, catalog = (towards_categories(side, strength) for side in (QUERIES, CATALOG))
    return evaluate(queries, catalog, SETTINGS, tmp_path, lambda line: None)


def audited(drifted: Drift, baseline: Evaluated, checkpoint: Evaluated) -> dict[str, Finding]:
    findings = audit_checkpoint(drifted, baseline, checkpoint, SETTINGS)
    assert [finding.name for finding in findings] == [check.name for check in CHECKPOINT_CHECKS]
    return {finding.name: finding for finding in findings}


def test_the_same_vectors_have_not_drifted():
    told = drift(QUERIES, CATALOG, QUERIES, CATALOG, SETTINGS)
    assert told == Drift(80, 300, 1.0, 1.0, pytest.approx(1, abs=1e-6), pytest.approx(1, abs=1e-6))


def test_a_rotation_moves_every_vector_and_changes_nothing_else():
    rotation = np.linalg.qr(other())[0]
    moved = [seen_by(side, rotation) for side in (QUERIES, CATALOG)]
    told = drift(QUERIES, CATALOG, *moved, SETTINGS)
    assert told.overlap > 0.99
    assert told.rank_correlation > 0.999
    assert told.image_cosine < 0.5


def test_the_overlap_is_the_share_of_the_nearest_in_common():
    moved = [seen_by(side, other()) for side in (QUERIES, CATALOG)]
    old = two_stage(QUERIES, CATALOG, SETTINGS).index
    new = two_stage(*moved, SETTINGS).index
    shares = [len(set(before) & set(after)) / 10 for before, after in zip(old, new, strict=True)]
    assert drift(QUERIES, CATALOG, *moved, SETTINGS).overlap == pytest.approx(np.mean(shares))


def test_the_rank_correlation_is_spearmans():
    moved = [seen_by(side, other()) for side in (QUERIES, CATALOG)]
    old = QUERIES.image @ CATALOG.image.T
    new = moved[0].image @ moved[1].image.T
    expected = spearmanr(old.ravel(), new.ravel()).statistic
    told = drift(QUERIES, CATALOG, *moved, SETTINGS)
    assert told.rank_correlation == pytest.approx(expected, abs=0.02)
    assert told == drift(QUERIES, CATALOG, *moved, SETTINGS)


def test_similarities_that_are_all_alike_have_no_correlation():
    alike = [seen_by(side, np.ones((16, 1))) for side in (QUERIES, CATALOG)]
    for side in alike:
        np.abs(side.image, out=side.image)
    assert drift(QUERIES, CATALOG, *alike, SETTINGS).rank_correlation is None


def test_vectors_of_another_length_have_no_cosine():
    shorter = [seen_by(side, other(8)) for side in (QUERIES, CATALOG)]
    told = drift(QUERIES, CATALOG, *shorter, SETTINGS)
    assert told.image_cosine is None
    assert told.text_cosine == pytest.approx(1)


def test_what_was_found_already_is_not_searched_again(monkeypatch):
    hits = two_stage(QUERIES, CATALOG, SETTINGS)
    monkeypatch.setattr(module, "two_stage", None)
    assert drift(QUERIES, CATALOG, QUERIES, CATALOG, SETTINGS, hits=(hits, hits)).overlap == 1


def test_other_products_are_refused():
    message = (
        "the catalog of baseline and checkpoint are not the same products in the same order: 300 and 299 rows"
    )
    with pytest.raises(ValueError, match=message):
        drift(QUERIES, CATALOG, QUERIES, CATALOG.take(np.arange(299)), SETTINGS)


def test_a_checkpoint_that_gains_passes(tmp_path):
    findings = audited(NONE, evaluated(tmp_path, 0), evaluated(tmp_path, 2))
    assert {finding.status for finding in findings.values()} == {Status.PASSED}
    assert findings["validation_gains"].counts["category"] > 0.2


def test_a_facet_that_loses_is_told(tmp_path):
    finding = audited(NONE, evaluated(tmp_path, 2), evaluated(tmp_path, 0))["validation_gains"]
    assert (finding.status, finding.offenders) == (Status.WARNING, ("category",))
    assert finding.message.startswith("1 of 2 facets lose match@10, 0 cannot be told. category -0.")


def test_no_facet_that_can_be_told_is_no_pass(tmp_path):
    empty = QUERIES.take(np.arange(0))
    nothing = evaluate(empty, CATALOG, SETTINGS, tmp_path, lambda line: None)
    told = drift(empty, CATALOG, empty, CATALOG, SETTINGS)
    findings = audited(told, nothing, nothing)
    assert (told.overlap, told.rank_correlation) == (None, None)
    assert findings["queries_found"].status is Status.FAILED
    assert findings["queries_found"].offenders == ("queries",)
    assert findings["drift_bounded"].offenders == ("overlap",)
    assert findings["validation_gains"].offenders == ("category", "material")


def test_neighbours_that_have_all_changed_are_told(tmp_path):
    same = evaluated(tmp_path, 0)
    finding = audited(replace(NONE, overlap=0.09), same, same)["drift_bounded"]
    assert (finding.status, finding.offenders) == (Status.WARNING, ("overlap",))
    assert finding.message == "The 10 nearest of baseline and checkpoint overlap by 9.0%."


def test_evaluations_of_other_queries_are_refused(tmp_path):
    same = evaluated(tmp_path, 0)
    fewer = replace(same, per_query=same.per_query[1:])
    with pytest.raises(
        ValueError, match="baseline and checkpoint were not asked the same queries in the same order"
    ):
        audit_checkpoint(NONE, same, fewer, SETTINGS)
