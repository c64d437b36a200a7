"""The parts of mining: exact similarities, draws for pairs, guards, settings, reasons."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from vdata_assets.retrieval.coverage import reason_without_row
from vdata_assets.retrieval.draws import draw_keys, pair_draws
from vdata_assets.retrieval.guards import near_duplicates, refusals
from vdata_assets.retrieval.settings import CombineSettings, MiningSettings, NearDuplicates
from vdata_assets.retrieval.similarity import on_grid, unit_means


def unit_vectors(count, dim, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_similarities_are_the_same_for_any_block_thread_count_and_order_of_summation():
    grid = on_grid(unit_vectors(300, 512))
    whole = grid @ grid.T
    with threadpool_limits(1):
        assert np.array_equal(whole, grid @ grid.T)
    assert np.array_equal(whole[7:8], grid[7:8] @ grid.T)
    assert np.array_equal(whole, grid[:, ::-1] @ grid[:, ::-1].T)
    assert np.array_equal(
        whole[5],
        np.array([sum(float(a) * float(b) for a, b in zip(grid[5], row, strict=True)) for row in grid]),
    )


def test_similarities_are_as_precise_as_float32_vectors_allow():
    vectors = unit_vectors(200, 512)
    exact = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    assert np.abs(on_grid(vectors) @ on_grid(vectors).T - exact).max() < 5e-7


def test_rows_are_taken_in_the_order_asked_for():
    vectors = unit_vectors(5, 3)
    assert np.array_equal(on_grid(vectors, np.array([4, 0])), on_grid(vectors)[[4, 0]])


@pytest.mark.parametrize("bad", [[0.0, 0.0], [2.0, 0.0], [np.nan, 1.0]], ids=["zero", "long", "nan"])
def test_vectors_that_are_not_unit_vectors_are_refused(bad):
    with pytest.raises(ValueError, match="vectors must be L2-normalised: the one in row 1 has norm"):
        on_grid(np.array([[1.0, 0.0], bad], np.float32))


def test_the_mean_of_a_run_has_length_one_or_zero_if_it_cancels_out():
    means = unit_means(on_grid(np.array([[1, 0], [0, 1], [1, 0], [-1, 0]], np.float32)), np.array([0, 2]))
    assert np.allclose(means, [[0.5**0.5, 0.5**0.5], [0, 0]])


def test_a_pair_draw_depends_on_its_two_keys_alone():
    queries, images = (draw_keys(1, purpose, map(str, range(50))) for purpose in ("query", "image"))
    draws = pair_draws(queries[:, None], images)
    assert draws.shape == (50, 50)
    assert draws[3, 4] == pair_draws(queries[3:4], images[4:5])[0]


def test_pair_draws_are_uniform_and_choose_evenly():
    queries, images = (draw_keys(2, purpose, map(str, range(2000))) for purpose in ("query", "image"))
    draws = pair_draws(queries[:, None], images[:8])
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(draws.mean() - 0.5) < 0.01
    assert np.bincount(draws.argmax(axis=1), minlength=8).min() > 200


@pytest.mark.parametrize(
    ("limits", "similarity", "bits", "near"),
    [
        pytest.param({}, 0.0, 4, True, id="hash at the limit"),
        pytest.param({}, 0.0, 5, False, id="hash beyond it"),
        pytest.param({}, 0.985, 64, True, id="cosine at the limit"),
        pytest.param({}, 0.984, 64, False, id="cosine below it"),
        pytest.param({"near_duplicate_hamming": None}, 0.0, 0, False, id="hashes not compared"),
        pytest.param({"near_duplicate_cosine": None}, 1.0, 64, False, id="cosines not compared"),
        pytest.param({"near_duplicate_hamming": 0}, 0.0, 0, True, id="equal hashes"),
    ],
)
def test_near_duplicates(limits, similarity, bits, near):
    left, right = np.array([(1 << bits) - 1], np.uint64), np.array([0], np.uint64)
    assert near_duplicates(np.array([similarity]), left, right, NearDuplicates(**limits)) == [near]


@pytest.mark.parametrize(
    ("setting", "positive", "at_bound"),
    [
        pytest.param({"max_score": 0.5}, 0.9, 0.5, id="max score"),
        pytest.param({"absolute_margin": 0.25}, 0.75, 0.5, id="absolute margin"),
        pytest.param({"absolute_margin": 0.25}, -0.25, -0.5, id="absolute margin, negative positive"),
        pytest.param({"relative_margin": 0.5}, 0.5, 0.25, id="relative margin"),
        pytest.param({"relative_margin": 0.5}, -0.5, -0.75, id="relative margin, negative positive"),
        pytest.param({"relative_margin": 0.5}, 0.0, 0.0, id="relative margin, positive of zero"),
    ],
)
def test_a_guard_allows_its_bound_and_refuses_what_is_above(setting, positive, at_bound):
    similarities = np.array([[np.nextafter(at_bound, -2), at_bound, np.nextafter(at_bound, 2)]])
    near = np.zeros((1, 3), np.bool_)
    refused = refusals(similarities, np.array([[positive]]), near, MiningSettings(**setting))
    (name,) = setting
    assert refused[name].tolist() == [[False, False, True]]
    assert set(refused) == {"near_duplicate", name}


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (MiningSettings, {"top_k": 1}, "top_k\n.*greater than or equal to 2"),
        (MiningSettings, {"strategy": "hardest"}, "'similar', 'dissimilar', 'random' or 'mixed'"),
        (MiningSettings, {"topk": 3}, "topk\n.*Extra inputs are not permitted"),
        (MiningSettings, {"easy_positive_prob": 1.5}, "easy_positive_prob\n.*less than or equal to 1"),
        (
            MiningSettings,
            {"top_k": 5, "candidate_concepts": 3},
            "candidate_concepts=3 cannot give top_k - 1 = 4 distractors, one a concept: "
            "set candidate_concepts to at least 4",
        ),
        (CombineSettings, {"num_samples": 0}, "num_samples\n.*greater than or equal to 1"),
        (CombineSettings, {"cross_category_prob": -1}, "cross_category_prob\n.*greater than or equal to 0"),
    ],
    ids=["top_k", "strategy", "unknown", "probability", "candidates", "samples", "cross"],
)
def test_settings_out_of_range_are_refused(model, values, message):
    with pytest.raises(ValidationError, match=message):
        model(**values)


@pytest.mark.parametrize(
    ("concepts", "top_k", "reasons"),
    [
        (["a", "a"], 2, ["category_has_one_concept"] * 2),
        (["a", "a", "b"], 3, ["category_has_fewer_concepts_than_top_k"] * 3),
        (["a", "a", "b"], 2, [None, None, "concept_has_one_image"]),
        ([], 2, []),
    ],
    ids=["one concept", "fewer than K", "one image", "empty"],
)
def test_why_an_image_has_no_row(concepts, top_k, reasons):
    images = pl.DataFrame(
        {"category": ["cats"] * len(concepts), "concept": concepts},
        schema={"category": pl.String, "concept": pl.String},
    )
    assert reason_without_row(images, top_k).to_list() == reasons
