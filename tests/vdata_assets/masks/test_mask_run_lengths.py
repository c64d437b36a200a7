"""Many masks in one array: cut, taken, joined; never a mask outside the array."""

import numpy as np
import pytest
from mask_reference import run_lists

from vdata_assets.masks.run_lengths import RunLengths


def runs(*lists):
    sizes = [len(each) for each in lists]
    return RunLengths(
        np.array([run for each in lists for run in each], np.int64), np.cumsum([0, *sizes], dtype=np.int64)
    )


MASKS = runs([4], [], [0, 3, 1], [2, 2])


def test_masks_are_taken_in_the_given_order_and_as_often_as_asked():
    assert run_lists(MASKS.take(np.array([2, 1, 0, 2]))) == [[0, 3, 1], [], [4], [0, 3, 1]]
    assert len(MASKS.take(np.empty(0, np.int64))) == 0


def test_taking_a_mask_that_is_not_there_is_an_error():
    with pytest.raises(IndexError):
        MASKS.take(np.array([4]))


@pytest.mark.parametrize("parts", [[], [MASKS], [MASKS, runs(), MASKS]], ids=["none", "one", "several"])
def test_parts_are_joined_in_order(parts):
    assert run_lists(RunLengths.concat(parts)) == [mask for part in parts for mask in run_lists(part)]


@pytest.mark.parametrize(
    ("lengths", "offsets", "message"),
    [
        (np.zeros(2, np.int32), np.array([0, 2]), "lengths: int32 of 1 dimensions, not int64 of one"),
        (np.zeros((1, 2), np.int64), np.array([0, 2]), "lengths: int64 of 2 dimensions, not int64 of one"),
        (np.zeros(2, np.int64), np.array([0.0, 2.0]), "offsets: float64 of 1 dimensions, not int64 of one"),
        (np.zeros(2, np.int64), np.array([], np.int64), "offsets do not lead from 0 to the 2 lengths"),
        (np.zeros(2, np.int64), np.array([1, 2]), "offsets do not lead from 0 to the 2 lengths"),
        (np.zeros(2, np.int64), np.array([0, 3]), "offsets do not lead from 0 to the 2 lengths"),
        (np.zeros(2, np.int64), np.array([0, 2, 1, 2]), "offsets decrease"),
    ],
    ids=["type", "dimensions", "offset type", "no offset", "start", "end", "backwards"],
)
def test_offsets_that_lead_outside_are_refused(lengths, offsets, message):
    with pytest.raises(ValueError, match="^" + message + "$"):
        RunLengths(lengths, offsets)
