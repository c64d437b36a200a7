"""Pictures become runs, runs become text, and back: always the same mask, in the form COCO gives it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mask_reference import box, coco, pictures, run_list, run_lists, sides

from vdata_assets.masks.dense import decoded, dense, runs_of
from vdata_assets.masks.measure import areas, boxes
from vdata_assets.masks.read import read_compressed, read_lists, read_text
from vdata_assets.masks.run_lengths import MOST_PIXELS, RunLengths
from vdata_assets.masks.write import canonical, write_compressed, write_text

run_lists_of_any_length = st.lists(
    st.lists(st.integers(0, 2**27) | st.integers(0, 3), min_size=1, max_size=12), max_size=4
)


def lists(masks):
    return read_lists(pl.Series(masks, dtype=pl.List(pl.Int64))).runs


@pytest.mark.parametrize("order", ["row", "column"])
@given(masks=pictures)
def test_pictures_and_runs(masks, order):
    runs = runs_of(masks, order)
    assert run_lists(runs) == [run_list(mask, order) for mask in masks]
    for index, mask in enumerate(masks):
        np.testing.assert_array_equal(dense(runs, index, *mask.shape, order), mask)


@given(pictures)
def test_all_three_forms(masks):
    runs = runs_of(masks)
    for again in (
        read_text(write_text(runs)),
        read_compressed(write_compressed(runs)),
        read_lists(pl.Series(run_lists(runs), dtype=pl.List(pl.Int64))),
    ):
        assert again.reasons.null_count() == len(masks)
        assert run_lists(again.runs) == run_lists(runs)


@given(pictures)
def test_compressed_strings_are_those_of_pycocotools(masks):
    assert write_compressed(runs_of(masks)).to_list() == [coco(mask) for mask in masks]


@given(pictures)
def test_decoding_one_string(masks):
    for mask in masks:
        if mask.any():
            np.testing.assert_array_equal(decoded(coco(mask), *mask.shape), mask)


@given(run_lists_of_any_length)
def test_runs_of_every_length(masks):
    runs = lists(masks)
    written = write_compressed(runs)
    again = read_compressed(written)
    assert again.reasons.null_count() == len(masks)
    assert run_lists(again.runs) == run_lists(canonical(runs))
    assert write_compressed(again.runs).to_list() == written.to_list()
    assert run_lists(read_text(write_text(runs)).runs) == run_lists(canonical(runs))
    assert areas(runs).tolist() == areas(again.runs).tolist() == [sum(mask[1::2]) for mask in masks]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ([10], "10"),
        ([0, 10], "0 10"),
        ([5, 5, 0], "5 5"),
        ([5, 0, 5], "10"),
        ([4, 0, 1, 5], "5 5"),
        ([0, 0, 4, 6], "4 6"),
        ([0, 2, 0, 3, 5], "0 5 5"),
        ([0, 0, 0, 10], "0 10"),
        ([3, 0, 0, 0, 0, 7], "3 7"),
        ([0, 0], "0"),
        ([1, MOST_PIXELS - 1], f"1 {MOST_PIXELS - 1}"),
        ([], None),
    ],
    ids=str,
)
def test_runs_of_length_0_are_written_by_no_encoder(stored, text):
    assert write_text(lists([stored])).to_list() == [text]


def test_masks_without_runs_stay_without():
    runs = lists([[], [2, 2], []])
    assert write_compressed(runs).to_list() == [None, "22", None]
    assert write_compressed(runs).name == "rle"
    assert write_compressed(lists([])).dtype == pl.String
    assert areas(runs).tolist() == [0, 2, 0]
    assert boxes(runs, np.array([2, 2, 2])).tolist() == [[0, 0, 0, 0], [1, 0, 1, 2], [0, 0, 0, 0]]


@pytest.mark.parametrize("bad", [-1, MOST_PIXELS + 1])
def test_what_is_no_run_length_is_not_written(bad):
    with pytest.raises(ValueError, match=f"^lengths: {bad} at 1 is no run length$"):
        write_compressed(RunLengths(np.array([1, bad]), np.array([0, 2])))


@given(pictures)
def test_areas_and_boxes(masks):
    runs = runs_of(masks)
    assert areas(runs).tolist() == [mask.sum() for mask in masks]
    assert boxes(runs, sides(masks)[0]).tolist() == [box(mask) for mask in masks]


@pytest.mark.parametrize(
    ("stored", "height", "expected"),
    [
        ([0, 10], 2, [0, 0, 5, 2]),
        ([9, 1], 2, [4, 1, 1, 1]),
        ([3, 2, 5], 2, [1, 0, 2, 2]),  # over the foot of one column and the head of the next
        ([1, 0, 4, 1, 4], 2, [2, 1, 1, 1]),  # pycocotools counts no run of length 0 either
        ([10], 2, [0, 0, 0, 0]),
    ],
    ids=["full", "last pixel", "over two columns", "run of length 0", "empty"],
)
def test_a_box(stored, height, expected):
    found = boxes(lists([stored]), np.array([height]))
    assert found.tolist() == [expected]
    assert found.dtype == np.int32


def test_a_box_needs_rows():
    with pytest.raises(ValueError, match=r"^heights: 0 at 1 is no number of rows$"):
        boxes(lists([[5], [5]]), np.array([5, 0]))


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ("5!", "character '!' at 1 is no COCO run length"),
        ("55", "run lengths sum to 10, the image has 3 x 2 = 6 pixels: the mask is of another size"),
        ("6", "the mask is empty"),
    ],
    ids=["malformed", "size", "empty"],
)
def test_an_unsound_string_is_not_decoded(rle, message):
    with pytest.raises(ValueError, match="^" + message + "$"):
        decoded(rle, 2, 3)


def test_a_picture_of_another_size_is_not_made():
    with pytest.raises(ValueError, match=r"^mask 1: run lengths sum to 9, not to 5 x 2 = 10$"):
        dense(lists([[10], [9]]), 1, 2, 5)


@pytest.mark.parametrize("shape", [(4,), (0, 3), (2, 2, 1)], ids=str)
def test_what_is_no_picture_has_no_runs(shape):
    with pytest.raises(ValueError, match="is no picture"):
        runs_of([np.ones((1, 1), bool), np.zeros(shape, bool)])
