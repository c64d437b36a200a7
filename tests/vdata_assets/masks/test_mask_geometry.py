"""Masks reordered and scaled as runs are the masks reordered and scaled as pictures."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mask_reference import pictures, run_list, run_lists, scaled_picture, sides

from vdata_assets.masks.dense import dense, runs_of
from vdata_assets.masks.order import column_major
from vdata_assets.masks.read import read_lists
from vdata_assets.masks.run_lengths import RunLengths
from vdata_assets.masks.scale import scaled

targets = st.tuples(st.integers(1, 20), st.integers(1, 20))


def lists(*masks):
    return read_lists(pl.Series(masks, dtype=pl.List(pl.Int64))).runs


@given(pictures)
def test_row_major_runs_become_column_major(masks):
    reordered = column_major(runs_of(masks, "row"), *sides(masks))
    assert run_lists(reordered) == [run_list(mask) for mask in masks]


@given(pictures)
def test_reordering_the_transposed_picture_goes_back(masks):
    heights, widths = sides(masks)
    runs = runs_of(masks, "row")
    assert run_lists(column_major(column_major(runs, heights, widths), widths, heights)) == run_lists(runs)


@given(pictures, targets)
def test_a_scaled_mask_takes_the_pixels_under_its_centres(masks, target):
    to_heights, to_widths = (np.full(len(masks), side) for side in target)
    found = scaled(runs_of(masks), *sides(masks), to_heights, to_widths)
    assert run_lists(found) == [run_list(scaled_picture(mask, *target)) for mask in masks]


@given(pictures, targets)
def test_scaling_before_or_after_reordering_is_the_same(masks, target):
    heights, widths = sides(masks)
    to_heights, to_widths = (np.full(len(masks), side) for side in target)
    rows = runs_of(masks, "row")
    before = column_major(scaled(rows, widths, heights, to_widths, to_heights), to_heights, to_widths)
    after = scaled(column_major(rows, heights, widths), heights, widths, to_heights, to_widths)
    assert run_lists(before) == run_lists(after)


@given(pictures, st.integers(1, 4), st.integers(1, 4))
def test_a_mask_enlarged_and_shrunk_again_is_the_same(masks, down, across):
    heights, widths = sides(masks)
    larger = scaled(runs_of(masks), heights, widths, down * heights, across * widths)
    assert run_lists(scaled(larger, down * heights, across * widths, heights, widths)) == run_lists(
        runs_of(masks)
    )


def test_runs_of_length_0_change_nothing():
    odd = lists([0, 0, 1, 0, 0, 2, 3, 0, 0, 0], [3, 0, 1, 2])
    plain = lists([1, 2, 3], [4, 2])
    sizes = np.full(2, 2), np.full(2, 3)
    assert run_lists(column_major(odd, *sizes)) == run_lists(column_major(plain, *sizes))
    larger = np.full(2, 5), np.full(2, 7)
    assert run_lists(scaled(odd, *sizes, *larger)) == run_lists(scaled(plain, *sizes, *larger))


def test_a_small_mask_may_vanish():
    assert run_lists(scaled(lists([0, 1, 99]), *(np.array([side]) for side in (10, 10, 2, 2)))) == [[4]]


def test_masks_without_runs_stay_without():
    runs = lists([], [2, 2], [])
    sizes = np.full(3, 2)
    assert run_lists(column_major(runs, sizes, sizes)) == [[], [1, 1, 1, 1], []]
    assert run_lists(scaled(runs, sizes, sizes, sizes * 2, sizes)) == [[], [4, 4], []]


@pytest.mark.parametrize(("width", "height"), [(2**31 - 1, 1), (1, 2**31 - 1)], ids=["wide", "high"])
def test_a_source_that_claims_a_huge_size_costs_no_more_than_the_target(width, height):
    runs = lists([2**30, 2**30 - 1])
    found = scaled(runs, *(np.array([side]) for side in (height, width, 4, 4)))
    assert run_lists(found) == [[8, 8]] if height == 1 else [[2, 2, 2, 2, 2, 2, 2, 2]]


def test_pillow_takes_the_same_pixels_but_on_edges():
    from PIL import Image

    for side, wanted in [(256, 1280), (256, 719), (848, 720), (480, 1279), (7, 1000), (1000, 7)]:
        centres = (2 * np.arange(wanted) + 1) * side
        source = np.arange(side, dtype=np.int32)[:, None]
        pillow = np.asarray(Image.fromarray(source).resize((1, wanted), Image.Resampling.NEAREST))[:, 0]
        clear = centres % (2 * wanted) != 0
        sizes = [np.array([each]) for each in (side, 1, wanted, 1)]
        for pixel in range(0, side, 37):
            found = scaled(runs_of([source == pixel]), *sizes)
            taken = dense(found, 0, wanted, 1)[:, 0]
            np.testing.assert_array_equal(taken[clear], (pillow == pixel)[clear])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((2, 5, 0, 5), "mask 0: 5 x 0 pixels is no size of a mask"),
        ((2, 5, 4, -5), "mask 0: -5 x 4 pixels is no size of a mask"),
        ((2, 5, 2**16, 2**15), "mask 0: 32768 x 65536 pixels is no size of a mask"),
        ((2, 5, 2**40, 2**40), f"mask 0: {2**40} x {2**40} pixels is no size of a mask"),
        (
            (2, 4, 2, 5),
            "mask 0: run lengths sum to 10, the image has 4 x 2 = 8 pixels: the mask is of another size",
        ),
    ],
    ids=["no rows", "negative", "too many pixels", "overflow", "another size"],
)
def test_sizes_that_cannot_be(sizes, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        scaled(lists([5, 5]), *(np.array([side]) for side in sizes))
    assert str(error.value) == message


def test_runs_of_another_size_are_not_reordered():
    with pytest.raises(ValueError, match=r"^mask 1: run lengths sum to 9, the image has 5 x 2 = 10 pixels: "):
        column_major(lists([10], [9]), np.full(2, 2), np.full(2, 5))
    negative = RunLengths(np.array([12, -2]), np.array([0, 2]))
    with pytest.raises(ValueError, match=r"^mask 0: the run length at 1 is negative$"):
        column_major(negative, np.array([2]), np.array([5]))
