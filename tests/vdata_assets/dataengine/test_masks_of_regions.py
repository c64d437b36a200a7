"""Masks of named regions: unions of their boxes' masks, and the automatic mask that refines each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from vdata_assets.dataengine.masks_of_regions import initial_masks, refinements
from vdata_assets.masks.dense import inclusive_box
from vdata_resources.segmenters.protocol import MaskProposal

SIZE = (60, 80)


def rectangle(x0, y0, x1, y1):
    mask = np.zeros(SIZE, np.bool_)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


class Filling:
    """A segmentation that fills every box, but for those that begin at x 0."""

    def of_boxes(self, boxes):
        assert boxes.dtype == np.int64
        return np.stack([rectangle(*box) if box[0] else np.zeros(SIZE, np.bool_) for box in boxes])

    def automatic(self):
        return []


def test_the_union_of_a_labels_boxes_is_its_mask_and_nothing_is_none():
    boxes = [((5, 5, 9, 9), (20, 5, 29, 9)), (), ((0, 0, 3, 3),), ((40, 40, 44, 44),)]
    first, nowhere, empty, last = initial_masks(Filling(), boxes)
    np.testing.assert_array_equal(first, rectangle(5, 5, 9, 9) | rectangle(20, 5, 29, 9))
    assert nowhere is None
    assert empty is None
    np.testing.assert_array_equal(last, rectangle(40, 40, 44, 44))


def test_without_any_box_the_segmenter_is_not_asked():
    assert initial_masks(None, [(), ()]) == [None, None]
    assert initial_masks(None, []) == []


def refine(initial, automatic, min_area=1, min_iou=0.5):
    found = refinements(
        initial, [MaskProposal(mask, 1.0) for mask in automatic], min_area=min_area, min_iou=min_iou
    )
    return [
        None
        if one is None
        else (next(n for n, mask in enumerate(automatic) if mask is one[0]), round(one[1], 3))
        for one in found
    ]


TEN = rectangle(10, 10, 19, 19)


@pytest.mark.parametrize(
    ("initial", "automatic", "options", "expected"),
    [
        pytest.param([TEN], [TEN], {}, [(0, 1.0)], id="the same"),
        pytest.param([TEN], [rectangle(10, 10, 19, 14)], {}, [(0, 0.5)], id="IoU of exactly 0.5 is enough"),
        pytest.param([TEN], [rectangle(10, 10, 19, 13)], {}, [None], id="IoU of 0.4 is not"),
        pytest.param(
            [TEN], [TEN], {"min_area": 100}, [(0, 1.0)], id="an area of exactly the least is enough"
        ),
        pytest.param([TEN], [TEN], {"min_area": 101}, [None], id="one pixel less is not"),
        pytest.param(
            [TEN], [rectangle(10, 10, 19, 17), rectangle(10, 10, 19, 18)], {}, [(1, 0.9)], id="the best"
        ),
        pytest.param(
            [rectangle(10, 10, 19, 18), TEN],
            [TEN],
            {},
            [None, (0, 1.0)],
            id="used once, by whom it fits best",
        ),
        pytest.param(
            [TEN, TEN],
            [TEN, rectangle(10, 10, 19, 18)],
            {},
            [(0, 1.0), (1, 0.9)],
            id="the other takes the next",
        ),
        pytest.param([None, TEN], [TEN], {}, [None, (0, 1.0)], id="no initial mask, no refined one"),
        pytest.param([TEN], [], {}, [None], id="no automatic masks"),
    ],
)
def test_refinements(initial, automatic, options, expected):
    assert refine(initial, automatic, **options) == expected


masks = arrays(np.bool_, (7, 9)).filter(lambda mask: mask.any())


@given(masks, masks)
def test_the_iou_is_that_of_the_whole_masks_and_the_box_is_tight(one, other):
    expected = np.count_nonzero(one & other) / np.count_nonzero(one | other)
    (found,) = refinements([one], [MaskProposal(other, 1.0)], min_area=1, min_iou=1e-9)
    assert (0 if found is None else found[1]) == pytest.approx(expected)
    x0, y0, x1, y1 = inclusive_box(one)
    outside = one.copy()
    outside[y0 : y1 + 1, x0 : x1 + 1] = False
    assert not outside.any()
    assert one[y0].any()
    assert one[y1].any()
    assert one[:, x0].any()
    assert one[:, x1].any()
