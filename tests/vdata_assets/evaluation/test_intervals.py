import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap
from threadpoolctl import threadpool_limits

from vdata_assets.evaluation import intervals
from vdata_assets.evaluation.intervals import Change, means_of, paired_change, resamples_of

VALUES = np.random.default_rng(0).beta(2, 5, (400, 3))


def test_it_agrees_with_scipy():
    told = means_of(VALUES, 4000, 1, "all")
    for column, values in enumerate(VALUES.T):
        expected = bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2)
        width = expected.confidence_interval.high - expected.confidence_interval.low
        assert told.mean[column] == pytest.approx(values.mean(), abs=1e-12)
        assert told.low[column] == pytest.approx(expected.confidence_interval.low, abs=0.05 * width)
        assert told.high[column] == pytest.approx(expected.confidence_interval.high, abs=0.05 * width)


@given(
    rows=st.integers(1, 30),
    seed=st.integers(0, 10_000),
    known_share=st.sampled_from([0.1, 0.5, 1.0]),
)
def test_it_is_the_obvious_loop_over_the_same_resamples(rows, seed, known_share):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((rows, 2)) < known_share, rng.random((rows, 2)), np.nan)
    told = means_of(values, 100, seed, "slice")
    drawn = np.concatenate(list(resamples_of(rows, 100, intervals.seeded_int(seed, "bootstrap", "slice"))))
    for column in range(2):
        known = ~np.isnan(values[:, column])
        assert told.n[column] == known.sum()
        means = [
            np.mean(np.repeat(values[known, column], counts[known].astype(int)))
            for counts in drawn
            if counts[known].any()
        ]
        expected = (
            [values[known, column].mean(), *np.quantile(means, [0.025, 0.975])] if means else [np.nan] * 3
        )
        got = [told.mean[column], told.low[column], told.high[column]]
        np.testing.assert_allclose(got, expected, atol=1e-8)


def test_a_resample_draws_as_many_rows_as_there_are():
    blocks = list(resamples_of(7, 50, 3))
    assert np.concatenate(blocks).shape == (50, 7)
    assert (np.concatenate(blocks).sum(axis=1) == 7).all()


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("cells", [1, 1000, 1 << 21])
def test_neither_threads_nor_blocks_change_a_bit(monkeypatch, threads, cells):
    expected = means_of(VALUES, 300, 1, "all")
    monkeypatch.setattr(intervals, "BLOCK_CELLS", cells)
    with threadpool_limits(threads, user_api="blas"):
        told = means_of(VALUES, 300, 1, "all")
    for field in ("n", "mean", "low", "high"):
        np.testing.assert_array_equal(getattr(told, field), getattr(expected, field))


def test_equal_values_have_an_interval_without_width():
    told = means_of(np.full((9, 1), 0.1), 100, 1)
    assert told.low == told.mean == told.high


def test_other_slices_are_drawn_otherwise():
    assert means_of(VALUES, 100, 1, "a").low[0] != means_of(VALUES, 100, 1, "b").low[0]


@pytest.mark.parametrize(
    "values", [np.empty((0, 2)), np.full((3, 2), np.nan)], ids=["no rows", "all unknown"]
)
def test_nothing_known_has_no_mean(values):
    told = means_of(values, 100, 1)
    assert told.n.tolist() == [0, 0]
    assert all(np.isnan(figure).all() for figure in (told.mean, told.low, told.high))


def test_a_change_is_over_queries_with_a_value_on_both_sides():
    before, after = pl.Series([0.1, None, 0.4, 0.5]), pl.Series([0.2, 0.9, None, 0.6])
    change = paired_change(before, after, 200, 1, "facet")
    assert (change.n, change.baseline, change.checkpoint) == (2, pytest.approx(0.3), pytest.approx(0.4))
    assert (change.delta, change.low, change.high) == (pytest.approx(0.1),) * 3


def test_a_change_agrees_with_scipy():
    rng = np.random.default_rng(1)
    before = rng.random(300)
    after = before + 0.02 + 0.05 * rng.standard_normal(300)
    change = paired_change(pl.Series(before), pl.Series(after), 4000, 1)
    expected = bootstrap((after - before,), np.mean, n_resamples=4000, method="percentile", rng=2)
    assert change.low == pytest.approx(expected.confidence_interval.low, abs=5e-4)
    assert change.high == pytest.approx(expected.confidence_interval.high, abs=5e-4)


def test_no_query_on_both_sides_is_no_change_that_can_be_told():
    none = pl.Series([None, None], dtype=pl.Float64)
    assert paired_change(none, pl.Series([0.1, 0.2]), 100, 1) == Change(0, None, None, None, None, None)


def test_series_of_other_queries_are_refused():
    with pytest.raises(
        ValueError, match="1 values of the baseline and 2 of the checkpoint: give both of the"
    ):
        paired_change(pl.Series([0.1]), pl.Series([0.1, 0.2]), 100, 1)
