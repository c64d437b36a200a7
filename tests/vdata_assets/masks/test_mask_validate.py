"""What is wrong with a mask of an image is said with the figures; sound masks are left alone."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from mask_reference import coco, pictures, sides

from vdata_assets.masks import read
from vdata_assets.masks.read import read_compressed, read_lists
from vdata_assets.masks.run_lengths import RunLengths
from vdata_assets.masks.validate import problems, problems_of_compressed, require_size

OTHER_SIZE = "the mask is of another size"
CASES = {
    "sound": ([5, 3, 2], 2, 5, None),
    "full": ([0, 10], 2, 5, None),
    "one pixel": ([9, 1], 2, 5, None),
    "runs of length 0": ([4, 0, 1, 5], 2, 5, None),
    "empty": ([10], 2, 5, "the mask is empty"),
    "empty with a run of ones": ([4, 0, 6], 2, 5, "the mask is empty"),
    "no runs": ([], 2, 5, "there are no run lengths"),
    "genuine grid": (
        [65000, 536],
        720,
        1280,
        f"run lengths sum to 65536, the image has 1280 x 720 = 921600 pixels: {OTHER_SIZE}",
    ),
    "one too few": ([5, 3, 1], 2, 5, f"run lengths sum to 9, the image has 5 x 2 = 10 pixels: {OTHER_SIZE}"),
    "one too many": (
        [5, 3, 3],
        2,
        5,
        f"run lengths sum to 11, the image has 5 x 2 = 10 pixels: {OTHER_SIZE}",
    ),
    "no image": ([0], 0, 5, f"run lengths sum to 0, the image has 5 x 0 = 0 pixels: {OTHER_SIZE}"),
    "negative sides": (
        [5, 5],
        -2,
        -5,
        f"run lengths sum to 10, the image has -5 x -2 = 10 pixels: {OTHER_SIZE}",
    ),
    # 2**32 times 2**32 is 0 in 64 bits.
    "huge sides": (
        [0],
        2**32,
        2**32,
        f"run lengths sum to 0, the image has 4294967296 x 4294967296 = {2**64} pixels: {OTHER_SIZE}",
    ),
}


def lists(*masks):
    return read_lists(pl.Series(masks, dtype=pl.List(pl.Int64))).runs


@pytest.mark.parametrize(("runs", "height", "width", "problem"), list(CASES.values()), ids=list(CASES))
def test_a_mask_of_an_image(runs, height, width, problem):
    found = problems(lists(runs), np.array([height]), np.array([width]))
    assert found.to_list() == [problem]
    assert found.dtype == pl.String


def test_runs_that_no_reader_gives_are_found_too():
    runs = RunLengths(np.array([12, -2]), np.array([0, 2]))
    assert problems(runs, np.array([2]), np.array([5])).to_list() == ["the run length at 1 is negative"]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_a_table_of_compressed_masks(at_once, monkeypatch):
    monkeypatch.setattr(read, "MASKS_AT_ONCE", at_once)
    rle = pl.Series(["532", None, "5!", "", ":", "53", "0:"])
    expected = [
        None,
        "there is no mask",
        "character '!' at 1 is no COCO run length",
        "there are no run lengths",
        "the mask is empty",
        f"run lengths sum to 8, the image has 5 x 2 = 10 pixels: {OTHER_SIZE}",
        None,
    ]
    assert problems_of_compressed(rle, np.full(7, 2), np.full(7, 5)).to_list() == expected
    assert problems_of_compressed(rle[1:], np.full(6, 2), np.full(6, 5)).to_list() == expected[1:]
    assert problems_of_compressed(rle[:0], np.full(0, 2), np.full(0, 5)).to_list() == []


@given(pictures)
def test_masks_with_a_pixel_are_sound(masks):
    rle = pl.Series([coco(mask) for mask in masks], dtype=pl.String)
    heights, widths = sides(masks)
    found = problems_of_compressed(rle, heights, widths).to_list()
    assert found == [None if mask.any() else "the mask is empty" for mask in masks]
    assert problems(read_compressed(rle).runs, heights, widths).to_list() == found


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.int64])
def test_sides_of_a_tables_types_do_not_overflow(dtype):
    found = problems_of_compressed(pl.Series(["55"]), np.array([65536], dtype), np.array([65536], dtype))
    assert found[0].endswith(f"the image has 65536 x 65536 = {2**32} pixels: {OTHER_SIZE}")


def test_one_height_and_width_a_mask():
    with pytest.raises(ValueError, match=r"^widths of shape \(2,\) for 1 masks$"):
        problems(lists([5, 5]), np.array([2]), np.array([5, 5]))
    with pytest.raises(ValueError, match=r"^heights of shape \(0,\) for 1 masks$"):
        problems_of_compressed(pl.Series(["55"]), np.array([]), np.array([5]))


def test_the_first_mask_that_does_not_fill_its_picture_is_named():
    require_size(lists([10], [], [0, 10]), np.full(3, 2), np.full(3, 5))
    with pytest.raises(ValueError, match=r"^mask 1: run lengths sum to 9, the image has 5 x 2 = 10 pixels: "):
        require_size(lists([10], [9], [8]), np.full(3, 2), np.full(3, 5))
