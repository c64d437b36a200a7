"""Views show the model what is marked, where, and under which number."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vdata_assets.dataengine import views
from vdata_assets.dataengine.annotator import Caption, Picture, Region
from vdata_resources.images import load_rgb

GREY = 128
HEIGHT, WIDTH = 120, 200
# JPEG at quality 90 changes flat colours by little.
NEAR = 12


def rectangle(
    left: int, top: int, right: int, bottom: int, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def grey(height: int = HEIGHT, width: int = WIDTH) -> Picture:
    return Picture("id", "out_region_refine_x", np.full((height, width, 3), GREY, np.uint8))


def region(index: int, mask: np.ndarray) -> Region:
    return Region(index, Caption("mug"), mask)


def pixels(view: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(view)) as image:
        assert image.mode == "RGB"
        return np.asarray(image).astype(int)


def near(found: np.ndarray, wanted: tuple[int, int, int] | int) -> bool:
    return bool((np.abs(found - np.asarray(wanted)) <= NEAR).all())


MASK = rectangle(60, 40, 120, 80)
REGIONS = [region(0, MASK), region(1, rectangle(140, 10, 190, 50)), region(4, rectangle(5, 90, 50, 115))]
VIEWS: dict[str, Callable[[Picture], bytes]] = {
    "plain": views.plain,
    "dimmed_with_box": partial(views.dimmed_with_box, mask=MASK),
    "red_overlay": partial(views.red_overlay, mask=MASK),
    "numbered": partial(views.numbered, regions=REGIONS),
    "answer_overlay": partial(views.answer_overlay, regions=REGIONS, indices=(0, 4)),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_is_a_jpeg_of_the_pictures_size_and_always_the_same(view: Callable[[Picture], bytes]) -> None:
    drawn = view(grey())
    assert drawn[:3] == b"\xff\xd8\xff"
    assert pixels(drawn).shape == (HEIGHT, WIDTH, 3)
    assert view(grey()) == drawn


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_drawing_leaves_picture_and_masks_as_they_are(view: Callable[[Picture], bytes]) -> None:
    picture, before = grey(), MASK.copy()
    picture.pixels.flags.writeable = False
    view(picture)
    assert (picture.pixels == GREY).all()
    assert (before == MASK).all()


def test_plain_is_the_picture() -> None:
    assert near(pixels(views.plain(grey())), GREY)


def test_dimming_leaves_the_mask_bright_and_its_surroundings_visible() -> None:
    drawn = pixels(views.dimmed_with_box(grey(), MASK))
    assert near(drawn[44:77, 64:117], GREY)
    assert near(drawn[:30], round(GREY * views.DIMMED))
    assert near(drawn[88:], round(GREY * views.DIMMED))


def test_a_mask_that_does_not_fill_its_box_is_dimmed_inside_the_box() -> None:
    mask = MASK.copy()
    mask[45:76, 70:111] = False
    drawn = pixels(views.dimmed_with_box(grey(), mask))
    assert near(drawn[52:68, 78:102], round(GREY * views.DIMMED))


def yellow(drawn: np.ndarray) -> np.ndarray:
    return (drawn[..., 0] > 150) & (drawn[..., 1] > 150) & (drawn[..., 2] < 140)


@pytest.mark.parametrize(
    ("mask", "box"),
    [
        pytest.param(MASK, (58, 38, 122, 82), id="inside: around the mask"),
        pytest.param(rectangle(0, 0, 20, 20), (0, 0, 22, 22), id="in the corner"),
        pytest.param(rectangle(0, 0, WIDTH - 1, HEIGHT - 1), (0, 0, WIDTH - 1, HEIGHT - 1), id="all"),
        pytest.param(rectangle(100, 60, 100, 60), (98, 58, 102, 62), id="one pixel"),
    ],
)
def test_the_box_is_drawn_around_the_mask(mask: np.ndarray, box: tuple[int, int, int, int]) -> None:
    rows, columns = np.nonzero(yellow(pixels(views.dimmed_with_box(grey(), mask))))
    found = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.abs(np.subtract(found, box)).max() <= 1


def test_an_empty_mask_is_dark_everywhere_and_has_no_box() -> None:
    empty = np.zeros_like(MASK)
    assert near(pixels(views.dimmed_with_box(grey(), empty)), round(GREY * views.DIMMED))
    assert near(pixels(views.red_overlay(grey(), empty)), GREY)


def test_red_lies_on_the_mask_alone_with_a_white_line_around_it() -> None:
    drawn = pixels(views.red_overlay(grey(), MASK))
    mixed = (round(GREY * 0.55 + 255 * 0.45), round(GREY * 0.55), round(GREY * 0.55))
    assert near(drawn[50:70, 70:110], mixed)
    untouched = ~rectangle(52, 32, 128, 88)
    assert near(drawn[untouched], GREY)
    assert drawn[60, 59].min() > 180
    assert drawn[60, 60, 0] > drawn[60, 60, 1] + 100


def test_the_answer_is_red_and_the_other_regions_are_untouched() -> None:
    drawn = pixels(views.answer_overlay(grey(), REGIONS, (4, 0, 0)))
    assert near(drawn[0:70, 132:], GREY)
    for row, column in ((60, 90), (102, 27)):
        assert drawn[row, column, 0] > drawn[row, column, 1] + 80


def test_regions_that_overlap_are_painted_once() -> None:
    regions = [region(0, rectangle(20, 20, 120, 100)), region(1, rectangle(60, 10, 180, 110))]
    drawn = pixels(views.answer_overlay(grey(), regions, (0, 1)))
    assert near(drawn[60, 80], tuple(drawn[60, 150]))


def test_no_answer_is_the_plain_picture() -> None:
    assert views.answer_overlay(grey(), REGIONS, ()) == views.plain(grey())


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        pytest.param(
            lambda: views.answer_overlay(grey(), REGIONS, (0, 9, 7)),
            "regions [7, 9] of out_region_refine_x: there are only [0, 1, 4]",
            id="unknown region",
        ),
        pytest.param(
            lambda: views.red_overlay(grey(), MASK.T),
            "mask of shape (200, 120) on a picture of (120, 200)",
            id="red: another size",
        ),
        pytest.param(
            lambda: views.dimmed_with_box(grey(), MASK[:5]),
            "mask of shape (5, 200) on a picture of (120, 200)",
            id="dimmed: another size",
        ),
        pytest.param(
            lambda: views.numbered(grey(), [region(0, MASK[:5])]),
            "mask of shape (5, 200) on a picture of (120, 200)",
            id="numbered: another size",
        ),
    ],
)
def test_what_does_not_fit_is_refused(draw: Callable[[], bytes], message: str) -> None:
    with pytest.raises(ValueError, match="of") as raised:
        draw()
    assert str(raised.value) == message


def white(drawn: np.ndarray) -> np.ndarray:
    return (drawn > 210).all(axis=2)


def test_every_region_has_a_tint_and_a_white_number_in_it() -> None:
    drawn = pixels(views.numbered(grey(), REGIONS))
    digits = white(drawn)
    for one in REGIONS:
        assert (digits & one.mask).any()
        assert not near(drawn[one.mask].mean(axis=0), GREY)
    assert not (digits & ~np.logical_or.reduce([one.mask for one in REGIONS])).any()


def test_the_number_is_the_index() -> None:
    drawn = [pixels(views.numbered(grey(), [region(index, MASK)])) for index in (1, 8, 15)]
    ink = [white(each).sum() for each in drawn]
    # 1 and 8 share a colour, and 15 with them, so that only the digits differ.
    assert near(drawn[0][42:45, 62:70], tuple(drawn[1][43, 66]))
    assert ink[0] < ink[1]
    assert ink[0] < ink[2]


def test_numbers_of_regions_within_each_other_stand_apart() -> None:
    nested = [region(index, rectangle(10 + 14 * index, 5, 190 - 14 * index, 115)) for index in range(5)]
    alone = [white(pixels(views.numbered(grey(), [one]))).sum() for one in nested]
    together = white(pixels(views.numbered(grey(), nested))).sum()
    assert together >= 0.9 * sum(alone)


@pytest.mark.parametrize("corner", [(0, 0), (195, 0), (0, 115), (195, 115)])
def test_a_region_smaller_than_its_number_stays_visible_beside_it(corner: tuple[int, int]) -> None:
    left, top = corner
    mask = rectangle(left, top, left + 4, top + 4)
    drawn = pixels(views.numbered(grey(), [region(2, mask)]))
    assert white(drawn).any()
    assert not (white(drawn) & mask).any()
    assert not near(drawn[top + 2, left + 2], GREY)
    assert drawn[top + 2, left + 2].max() > 100


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.floats(0, 1)), max_size=4),
)
def test_any_masks_on_any_picture_can_be_drawn(
    height: int, width: int, scatter: list[tuple[int, float]]
) -> None:
    picture = grey(height, width)
    regions = [
        region(index, np.random.default_rng(seed).random((height, width)) < share)
        for index, (seed, share) in enumerate(scatter)
    ]
    assert pixels(views.numbered(picture, regions)).shape == (height, width, 3)
    assert pixels(views.answer_overlay(picture, regions, range(len(regions)))).shape == (height, width, 3)
    for one in regions:
        assert pixels(views.dimmed_with_box(picture, one.mask)).shape == (height, width, 3)


def test_a_photo_keeps_its_content(test_data: Callable[[str], Path]) -> None:
    photo = min(test_data("coco-panoptic").glob("input_images/*.jpg"))
    rgb = np.asarray(load_rgb(photo))
    picture = Picture("id", "run", rgb)
    error = pixels(views.plain(picture)) - rgb.astype(int)
    assert np.abs(error).mean() < 6
    assert abs(error.mean()) < 0.5
