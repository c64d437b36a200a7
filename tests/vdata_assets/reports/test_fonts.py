"""Text in pictures: always drawable, always within its width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.reports.fonts import drawable, fitted, font, wrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Çédille Ж λ", "Çédille Ж λ", id="covered"),
        pytest.param("猫", r"\u732b", id="CJK"),
        pytest.param("🐈", r"\U0001f408", id="emoji"),
        pytest.param("a\tb\nc ", "a b c", id="whitespace"),
        pytest.param("a\x07\udcff", "a\ufffd\ufffd", id="control character and lone surrogate"),
    ],
)
def test_what_the_font_lacks_is_shown_as_its_code(text: str, expected: str) -> None:
    assert drawable(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("00.jpg", 130, "00.jpg", id="fits"),
        pytest.param("IMG_20240131_153012_07.jpg", 130, "IMG_20240…12_07.jpg", id="both ends stay"),
        pytest.param("anything", 3, "…", id="no room"),
        pytest.param("", 3, "", id="empty"),
    ],
)
def test_long_text_loses_its_middle(text: str, width: float, expected: str) -> None:
    assert fitted(text, font(11), width) == expected


@given(st.text(max_size=80), st.integers(15, 300))
def test_fitted_text_fits(text: str, width: int) -> None:
    assert font(11).getlength(fitted(text, font(11), width)) <= width


@given(st.text(max_size=300), st.integers(15, 300), st.integers(1, 5))
def test_wrapped_text_fits(text: str, width: int, max_lines: int) -> None:
    lines = wrapped(text, font(11), width, max_lines)
    assert len(lines) <= max_lines
    assert all(font(11).getlength(line) <= width for line in lines)


def test_wrapped_text_breaks_at_spaces() -> None:
    lines = wrapped("image file is truncated (no end of image)", font(11), 100, 5)
    assert lines == ["image file is", "truncated (no", "end of image)"]
