"""Which annotated frames a lower frame rate keeps."""

from fractions import Fraction
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.annotations.sampling import kept

RATES = st.fractions(Fraction(1, 10), 240, max_denominator=1001)
INDICES = st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=40).map(sorted)


def indices(values):
    return pl.Series("frame_index", values, dtype=pl.UInt32)


def kept_of(values, source, target):
    series = indices(values)
    return series.filter(kept(series, Fraction(source), Fraction(target))).to_list()


@pytest.mark.parametrize(
    ("values", "source", "target", "expected"),
    [
        pytest.param(range(12), 30, 5, [0, 6], id="every sixth"),
        pytest.param(range(3, 15), 30, 5, [3, 6, 12], id="the first annotated frame of a period"),
        pytest.param(range(8), 30, 20, [0, 2, 3, 5, 6], id="not a whole ratio"),
        pytest.param([0, 7, 14, 21], 30, 5, [0, 7, 14, 21], id="sparse frames are all kept"),
        pytest.param([5, 6], 30, 30, [5, 6], id="the same rate"),
        pytest.param([5, 6], 24, 30, [5, 6], id="a higher rate"),
        pytest.param([], 30, 5, [], id="no frames"),
    ],
)
def test_the_first_frame_of_each_period_is_kept(values, source, target, expected):
    assert kept_of(values, source, target) == expected


@pytest.mark.parametrize("source", [Fraction(30), Fraction(30000, 1001)], ids=["30", "29.97"])
def test_900_frames_at_30_to_5_a_second_are_150(source):
    assert len(kept_of(range(900), source, source / 6)) == 150
    assert len(kept_of(range(900), 30, Fraction(str(5.0)))) == 150


@given(INDICES, RATES, RATES)
def test_no_two_kept_frames_share_a_period_and_none_is_lost(values, source, target):
    chosen = kept_of(values, source, target)
    step = target / source
    periods = [int(index * step) for index in chosen]
    assert all(a < b for a, b in pairwise(periods)) or target >= source
    assert set(periods) == {int(index * step) for index in values}
    if target >= source:
        assert chosen == values


@given(INDICES, RATES, RATES)
def test_adding_later_frames_moves_no_earlier_choice(values, source, target):
    assert kept_of(values[:-1], source, target) == [
        index for index in kept_of(values, source, target) if index != values[-1]
    ]


@pytest.mark.parametrize(
    ("values", "source", "target", "message"),
    [
        ([0], 0, 5, "source_fps: 0 is not a positive number of frames a second"),
        ([0], 30, -1, "target_fps: -1 is not a positive number of frames a second"),
        ([3, 3], 30, 5, "frame_index: the frames are not in strictly increasing order"),
    ],
)
def test_senseless_input_is_refused(values, source, target, message):
    with pytest.raises(ValueError, match=message):
        kept_of(values, source, target)
