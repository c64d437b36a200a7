"""Boxes in the conventions of the Qwen-VL models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.formats.chat.qwen_boxes import (
    from_norm1,
    from_norm1000,
    from_resized,
    smart_resize,
    to_norm1,
    to_norm1000,
    to_resized,
)

SIDES = st.integers(1, 20_000)
SIZES = st.tuples(SIDES, SIDES)
RELATIVE = 1e-9


@st.composite
def placed(draw: st.DrawFn) -> tuple[tuple[float, float, float, float], tuple[int, int]]:
    """A box of millionths of pixels within a picture, and the picture's size."""
    size = draw(SIZES)
    left, right = sorted(draw(st.integers(0, size[0] * 10**6)) / 10**6 for _ in range(2))
    top, bottom = sorted(draw(st.integers(0, size[1] * 10**6)) / 10**6 for _ in range(2))
    return (left, top, right, bottom), size


def test_the_documentations_box() -> None:
    # ms-swift, "Custom Dataset", "Grounding": the same box in pixels and in Qwen2-VL's thousandths.
    assert to_norm1000((331.5, 761.4, 853.5, 1594.8), (1500, 1800)) == (221, 423, 569, 886)


def test_halves_are_rounded_to_the_even_number() -> None:
    assert to_norm1000((0.5, 1.5, 2.5, 3.5), (1000, 1000)) == (0, 2, 2, 4)


@given(placed())
def test_shares_come_back_to_the_millionth(made) -> None:
    box, size = made
    shares = to_norm1(box, size)
    assert all(0 <= share <= 1 for share in shares)
    assert from_norm1(shares, size) == box


@given(placed())
def test_thousandths_are_off_by_half_of_one_at_most(made) -> None:
    box, size = made
    whole = to_norm1000(box, size)
    assert all(type(side) is int and 0 <= side <= 1000 for side in whole)
    for came, went, side in zip(from_norm1000(whole, size), box, size * 2, strict=True):
        assert abs(came - went) <= side / 2000 * (1 + RELATIVE)
    assert to_norm1000(from_norm1000(whole, size), size) == whole


@given(placed(), SIZES)
def test_pixels_of_the_resized_picture_are_off_by_half_of_one_at_most(made, resized) -> None:
    box, size = made
    whole = to_resized(box, size, resized)
    assert all(0 <= side <= most for side, most in zip(whole, resized * 2, strict=True))
    for came, went, old, new in zip(
        from_resized(whole, size, resized), box, size * 2, resized * 2, strict=True
    ):
        assert abs(came - went) <= old / new / 2 * (1 + RELATIVE)


@pytest.mark.parametrize(
    ("size", "resized"),
    [
        pytest.param((640, 480), (644, 476), id="to multiples of 28"),
        pytest.param((42, 84), (56, 84), id="halves to the even multiple"),
        pytest.param((10, 10), (56, 56), id="small pictures grow"),
        pytest.param((1000, 10), (1008, 28), id="narrow pictures keep a factor"),
        pytest.param((10_000, 8_000), (4004, 3192), id="large pictures shrink"),
    ],
)
def test_resized_as_the_processor_does(size, resized) -> None:
    assert smart_resize(size) == resized


@given(st.tuples(st.integers(28, 5000), st.integers(28, 5000)), st.sampled_from([28, 32]))
def test_resized_sides_are_multiples_and_within_the_limits(size, factor) -> None:
    if max(size) > 200 * min(size):
        return
    width, height = smart_resize(size, factor)
    assert width % factor == height % factor == 0
    assert 4 * factor**2 <= width * height <= 16384 * factor**2


def test_transformers_resizes_alike() -> None:
    reference = pytest.importorskip("transformers.models.qwen2_vl.image_processing_qwen2_vl")
    for size in [(640, 480), (335, 500), (4000, 3000), (30, 31), (1280, 720), (10_000, 8_000)]:
        height, width = reference.smart_resize(size[1], size[0], 28, 4 * 28**2, 16384 * 28**2)
        assert smart_resize(size) == (width, height)


def test_a_strip_is_refused() -> None:
    with pytest.raises(
        ValueError, match="4020 x 20 pixels: a side is more than 200 times the other: crop it"
    ):
        smart_resize((4020, 20))
