"""Costs of swaps are, to the last bit, what numpy's array arithmetic says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.splits.swap_costs import pairwise_sum, swap_costs


@pytest.mark.parametrize("number", [0, 1, 7, 8, 9, 67, 127, 128, 129, 136, 300, 1000, 4099])
def test_a_sum_is_numpy_s(number: int) -> None:
    numbers = np.random.default_rng(number)
    rows = numbers.normal(size=(20, number)) * 10.0 ** numbers.integers(-9, 9, (20, number))
    expected = rows.sum(axis=1)
    assert [pairwise_sum(row) for row in rows] == expected.tolist()


@given(st.integers(0, 2**32 - 1), st.integers(2, 150), st.integers(1, 30))
def test_costs_are_those_of_arrays(seed: int, columns: int, groups: int) -> None:
    numbers = np.random.default_rng(seed)
    weight, off = numbers.random((3, columns)), numbers.normal(size=(3, columns)) * 100
    members = numbers.integers(0, 9, (groups, columns)).astype(np.float64)
    row, source, splits = members[0], 1, numbers.integers(0, 3, groups)
    change = row - members
    here = weight[source] * (change - 2 * off[source]) * change
    there = weight[splits] * (change + 2 * off[splits]) * change
    expected = np.where(splits == source, np.inf, (here + there).sum(axis=1))
    assert swap_costs(row, members, source, splits, weight, off).tolist() == expected.tolist()
