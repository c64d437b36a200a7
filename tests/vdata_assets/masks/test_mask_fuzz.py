"""Strings that nobody wrote on purpose: read as pycocotools reads them, or refused; never garbage."""

import numpy as np
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from mask_reference import box, coco, pictures

from vdata_assets.masks.measure import areas, boxes
from vdata_assets.masks.read import read_compressed, read_text
from vdata_assets.masks.validate import problems, problems_of_compressed
from vdata_assets.masks.write import write_compressed

MOST = 2**31 - 1
COCO = st.characters(min_codepoint=48, max_codepoint=111)
SMALL = 1 << 20  # pixels that are decoded


@st.composite
def damaged(draw):
    """A sound string with a few characters replaced, left out or added, and the size of its picture."""
    mask = draw(pictures.filter(bool))[0]
    text = coco(mask)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(COCO, max_size=2)) + text[at + draw(st.integers(0, 2)) :]
    return text, *mask.shape


def decoded_by_pycocotools(text, height, width):
    from pycocotools.mask import decode

    return decode({"size": [height, width], "counts": text}).astype(bool)


def check_against_pycocotools(text, height, width):
    """What is found sound is what pycocotools decodes, and is written again as it encodes that."""
    mask = decoded_by_pycocotools(text, height, width)
    runs = read_compressed(pl.Series([text])).runs
    assert areas(runs).tolist() == [mask.sum()]
    assert boxes(runs, np.array([height])).tolist() == [box(mask)]
    assert write_compressed(runs).to_list() == [coco(mask)]


@given(damaged())
def test_damaged_strings(case):
    text, height, width = case
    sizes = np.array([height]), np.array([width])
    (problem,) = problems_of_compressed(pl.Series([text]), *sizes)
    read = read_compressed(pl.Series([text]))
    assert problem == (read.reasons[0] or problems(read.runs, *sizes)[0])
    if problem is None:
        check_against_pycocotools(text, height, width)


@given(st.text(COCO | st.characters(codec="utf-8"), max_size=40) | st.text(COCO, max_size=12))
@example("oooooo" * 20)
@example("5oooooO")
def test_any_string_at_the_size_that_it_claims(text):
    read = read_compressed(pl.Series([text]))
    (reason,) = read.reasons
    if reason is not None:
        assert not len(read.runs.lengths)
    elif 0 < (pixels := int(read.runs.lengths.sum())) <= SMALL:
        check_against_pycocotools(text, 1, pixels)
        check_against_pycocotools(text, pixels, 1)


def plain_numbers(text):
    """The numbers of a text, or None if it has anything but digits and spaces, or too large ones, or none."""
    if text.strip("0123456789 "):
        return None
    numbers = [int(word) for word in text.split()]
    return numbers if numbers and sum(numbers) <= MOST else None


@given(st.text("0123456789 ", max_size=30) | st.text("0123 -.e\n\x00٣", max_size=8))
def test_any_text_of_run_lengths(text):
    read = read_text(pl.Series([text]))
    numbers = plain_numbers(text) if text.isascii() else None
    assert read.reasons.is_null().to_list() == [numbers is not None]
    assert read.runs.lengths.tolist() == (numbers or [])
