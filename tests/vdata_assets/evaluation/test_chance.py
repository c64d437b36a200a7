from itertools import permutations

import numpy as np
import pytest
from evaluation_reference import query_metrics

from vdata_assets.evaluation.chance import chance

METRICS = ("match", "recall", "mrr", "ndcg")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 3, 5, 10])
@pytest.mark.parametrize(("relevant", "others"), [(1, 0), (1, 4), (3, 0), (2, 4), (5, 1)])
def test_it_is_the_mean_over_all_orders(metric, k, relevant, others):
    products = ["right"] * relevant + ["wrong"] * others
    orders = set(permutations(products))
    mean = np.mean([query_metrics("right", list(order), products, k)[metric] for order in orders])
    told = chance(metric, k, np.array([relevant]), np.array([relevant + others]))
    assert told.tolist() == pytest.approx([mean], abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_it_is_the_mean_of_many_random_orders(metric):
    rng = np.random.default_rng(0)
    products = np.array(["right"] * 30 + ["wrong"] * 370)
    drawn = [query_metrics("right", list(rng.permutation(products)), list(products), 10) for _ in range(1500)]
    told = chance(metric, 10, np.array([30]), np.array([400]))[0]
    values = np.array([figures[metric] for figures in drawn])
    assert abs(values.mean() - told) < 4 * values.std() / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("metric", "relevant", "eligible", "level"),
    [("match", 0, 5, 0.0), ("recall", 0, 5, None), ("mrr", 0, 5, None), ("ndcg", 0, 5, None)]
    + [(metric, 0, 0, None) for metric in METRICS],
)
def test_where_the_metric_is_not_defined_there_is_no_level(metric, relevant, eligible, level):
    told = chance(metric, 10, np.array([relevant]), np.array([eligible]))
    np.testing.assert_array_equal(told, [np.nan if level is None else level])


def test_a_metric_that_has_none_is_named():
    with pytest.raises(ValueError, match="no chance level is known for the metric 'auc'"):
        chance("auc", 10, np.array([1]), np.array([2]))
